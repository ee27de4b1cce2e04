//! Who is in which room, counted by connection and told by user: first in, last out; and how many connections a user has.
//!
//! One presence is shared by all servers, each of which has a handle of its own, and each connection belongs to the server
//! that told of it. A server lives by a *lease* that [`Presence::beat`] renews. When a lease runs out, that server's
//! connections count no more, and the users who had no others are told by [`Presence::gone`].
//!
//! | who left | is told by |
//! |---|---|
//! | the last connection of a user, without a grace period | the [`Left::Last`] of that very call |
//! | the last connection of a user, with one | [`Presence::gone`], if nobody came back meanwhile |
//! | the users of a server that died | [`Presence::gone`] of another server, within the lease |
//! | whoever was told to a caller that died before settling | [`Presence::gone`] of another server, after a claim's lease |
//!
//! Each is told once, but for the last row, where it may be told again. A user who comes back before their leaving was
//! claimed has neither left nor come.

mod memory;

use std::sync::Arc;

pub use memory::MemoryPresence;

use crate::state::Stored;

/// How long servers and users may be away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresenceRules {
    /// The life of a server that does not [`Presence::beat`], in milliseconds.
    pub lease_ms: i64,
    /// How long the last connection of a user may be gone before the user is, in milliseconds; 0 is not at all.
    pub grace_ms: i64,
}

impl Default for PresenceRules {
    fn default() -> Self {
        Self { lease_ms: 10_000, grace_ms: 0 }
    }
}

/// A user in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The user's id.
    pub user: Arc<str>,
    /// What is remembered of them there, as JSON text; of their newest connection that gave something.
    pub value: Arc<str>,
}

/// What leaving changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It was the user's last connection there; this was remembered.
    Last(Arc<str>),
    /// Other connections of the user are still there, or the user is within the grace period.
    Still,
    /// The connection was not there.
    WasNot,
}

/// A user who is no longer in a room, though no call said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// By which it is settled.
    pub claim: u64,
    /// The room.
    pub room: Arc<str>,
    /// The user's id.
    pub user: Arc<str>,
    /// What was remembered of them there.
    pub value: Arc<str>,
}

/// Keeps who is present. A room is named by one text that is unique over all namespaces: the namespace's path, a space, the
/// room's name. A connection is named by its number, which is unique on its server.
pub trait Presence: Send + Sync {
    /// A connection enters; yields whether it is the user's first there. Entering again only renews the value.
    fn enter<'a>(&'a self, room: &'a str, user: &'a str, conn: u64, value: Arc<str>) -> Stored<'a, bool>;
    /// A connection leaves.
    fn leave<'a>(&'a self, room: &'a str, user: &'a str, conn: u64) -> Stored<'a, Left>;
    /// The users there, in order of arrival.
    fn all<'a>(&'a self, room: &'a str) -> Stored<'a, Vec<Present>>;
    /// How many users are there.
    fn count<'a>(&'a self, room: &'a str) -> Stored<'a, usize>;
    /// What is remembered of a user there; `None` if they are not.
    fn get<'a>(&'a self, room: &'a str, user: &'a str) -> Stored<'a, Option<Arc<str>>>;

    /// Counts one more connection of a user, unless there are `max` already; yields whether it was counted. `user` is one
    /// text that is unique over all namespaces. It stays counted while its server lives, without being told again.
    fn enroll<'a>(&'a self, user: &'a str, conn: u64, max: usize) -> Stored<'a, bool>;
    /// Counts it no more.
    fn withdraw<'a>(&'a self, user: &'a str, conn: u64) -> Stored<'a, ()>;

    /// Says that this server lives; to be called whenever [`Presence::due`] says so. Yields the server's *epoch*: when it
    /// is another than that of the last beat, what this server told may have been forgotten (the store lost it, or took
    /// the server for dead, or could not be reached when something was told), and each connection must be told again in
    /// each of its rooms by [`Presence::renew`], then [`Presence::renewed`].
    fn beat(&self) -> Stored<'_, u64>;
    /// Tells again of a connection that has entered before. Yields whether the user had been told gone meanwhile, so that
    /// their coming must be told again; it is false where the store merely forgot. A connection that has left by the time
    /// the answer comes must be told to [`Presence::leave`] once more.
    fn renew<'a>(&'a self, room: &'a str, user: &'a str, conn: u64, value: Arc<str>) -> Stored<'a, bool>;
    /// Every connection was told again since the epoch changed: whoever was here before and was not told again has left,
    /// and is told by [`Presence::gone`].
    fn renewed(&self) -> Stored<'_, ()>;
    /// Users who left without a call that said so, oldest first, at most so many; each is given to one caller, who
    /// settles it.
    fn gone(&self, limit: usize) -> Stored<'_, Vec<Gone>>;
    /// Says that a leaving was dealt with. One that is not settled within a lease is given out again.
    fn settle_gone(&self, claim: u64) -> Stored<'_, ()>;
    /// When [`Presence::beat`] and then [`Presence::gone`] should next be called, in milliseconds since the Unix epoch;
    /// `None` if there is nothing to wait for.
    fn due(&self) -> Option<i64>;
}
