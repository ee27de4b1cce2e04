//! What was sent to rooms lately, for those who were away: entries in the order of each server's own numbers.
//!
//! | promise | |
//! |---|---|
//! | once | an entry whose number is not above its server's last one here is left out |
//! | no silent gap | an entry names the one before it of its server; where that is not here, [`History::append`] says what is |
//! | bounded | by number and by age; what is kept of a server's last number outlives its entries |
//! | loss is known | [`Past::known_ms`] says since when nothing was forgotten: a store that lost everything begins anew |
//!
//! A room is named as in [`crate::presence`]. Entries are opaque.

mod memory;

use bytes::Bytes;

use crate::state::Stored;
pub use memory::MemoryHistory;

/// How long a server's last number is remembered at least, in milliseconds.
const HEADS_MIN_MS: i64 = 12 * 60 * 60 * 1000;

/// How much is kept of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// How many entries.
    pub size: usize,
    /// For how long, in milliseconds.
    pub ttl_ms: i64,
}

impl Keeping {
    /// For how long a server's last number in a room is remembered, in milliseconds: longer than any entry, so that it can
    /// be told that there was nothing.
    #[must_use]
    pub fn heads_ms(&self) -> i64 {
        self.ttl_ms.saturating_mul(2).max(HEADS_MIN_MS)
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The server that sent it: one life of it, in which numbers only grow.
    pub origin: u64,
    /// Its number there.
    pub number: u64,
    /// The number of the entry before it, of that server in this room; 0 if there was none for longer than entries are kept.
    pub prev: u64,
    /// What was sent.
    pub bytes: Bytes,
}

/// The last number of a server in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The server.
    pub origin: u64,
    /// The number.
    pub number: u64,
    /// When it was told, in milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// What is known of a room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// What is kept, in order of arrival, which is each server's own.
    pub entries: Vec<Kept>,
    /// The last number of each server.
    pub heads: Vec<Head>,
    /// Since when nothing was forgotten but by the room's own bounds, in milliseconds since the Unix epoch.
    pub known_ms: i64,
}

/// What became of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// All are there.
    Done,
    /// What comes before the first is not there: this is the last number of its server that is; 0: none.
    Lacks(u64),
}

/// Keeps what was sent to rooms.
pub trait History: Send + Sync {
    /// Appends entries, in order; those that are there already are left out. `anyway`: also where what comes before them
    /// is not there, and cannot be had any more.
    fn append<'a>(&'a self, room: &'a str, keeping: Keeping, entries: &'a [Kept], anyway: bool)
    -> Stored<'a, Appended>;
    /// What is known of a room.
    fn read<'a>(&'a self, room: &'a str, keeping: Keeping) -> Stored<'a, Past>;
    /// How often the store was reached anew. When it is another than before, what was appended may be forgotten.
    fn epoch(&self) -> u64;
}
