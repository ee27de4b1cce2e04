//! Who is in which room, counted by connection and told by user: first in, last out; and how many connections a user has.

mod memory;

use std::sync::Arc;

pub use memory::MemoryPresence;

use crate::state::Stored;

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
    /// Other connections of the user are still there.
    Still,
    /// The connection was not there.
    WasNot,
}

/// Keeps who is present. A room is named by one text that is unique over all namespaces; a connection by its number.
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
    /// text that is unique over all namespaces.
    fn enroll<'a>(&'a self, user: &'a str, conn: u64, max: usize) -> Stored<'a, bool>;
    /// Counts it no more.
    fn withdraw<'a>(&'a self, user: &'a str, conn: u64) -> Stored<'a, ()>;
}
