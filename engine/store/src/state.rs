//! State that ends by itself: hashes, sets, lists and counters whose every entry has a deadline of its own.
//!
//! One shape serves all four kinds: a *collection* is found by its key and holds *entries* in order of arrival, each with
//! a name, a value and a deadline.
//!
//! | kind | an entry's name | its value |
//! |---|---|---|
//! | hash | the field | the value written there |
//! | set | the member | empty |
//! | list | the unique token, or a number that the store gives | the value appended |
//! | counter | empty: there is one entry | the number, in decimal |
//!
//! Values are opaque text: a store never reads them, so `[]`, `{}` and numbers beyond 2^53 come back as they went in.
//! Every operation is atomic, and sees no entry whose deadline has passed, whether or not it was claimed. Entries that ran
//! out make room before `max` is asked. An entry that was overwritten, taken or cleared before its deadline never appears
//! among the expired.

mod collection;
mod memory;
mod timed;

use std::sync::Arc;

pub use memory::{MemoryState, StateLimits};
pub use timed::TimedState;

use crate::{Answer, StoreError};

/// A collection, and the rules it lives by.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// Its key, such as `gradebook:math-101:typing`.
    pub key: &'a str,
    /// Its rules.
    pub rules: &'a Rules,
}

/// How a collection lives.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The life of an entry, in milliseconds.
    pub ttl_ms: i64,
    /// How many entries at most.
    pub max: usize,
    /// How many bytes a value may have.
    pub max_bytes: usize,
    /// Whether the oldest entry makes room when it is full; it is not told among the expired.
    pub drop_oldest: bool,
    /// Entries that run out are told by [`StateStore::claim_expired`], with this text.
    pub watch: Option<Arc<str>>,
}

/// A condition on what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// None.
    Any,
    /// Only if it is not there.
    New,
    /// Only if it is.
    Existing,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is there now.
    Done,
    /// It was there already ([`Only::New`], a set's member, a list's token), or was not ([`Only::Existing`]).
    Not,
    /// The collection is full.
    Full,
    /// The value has more bytes than the rules allow.
    TooLarge,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; see the table at the top of this module.
    pub name: Arc<str>,
    /// Its value.
    pub value: Arc<str>,
}

/// Which entry is meant.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// The oldest.
    First,
    /// The one of this name.
    Named(&'a str),
    /// The one of this name, if it still has this value.
    Exact(&'a Entry),
}

/// An entry that ran out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// By which it is settled.
    pub claim: u64,
    /// The key of its collection.
    pub key: Arc<str>,
    /// The rules' `watch` at the time it was written.
    pub watch: Arc<str>,
    /// The entry.
    pub entry: Entry,
    /// Its deadline, in milliseconds since the Unix epoch.
    pub deadline_ms: i64,
}

/// The outcome of an operation, or that the store could not be asked.
pub type Stored<'a, T> = Answer<'a, Result<T, StoreError>>;

/// Remembers. A `ttl_ms` of an operation is a life shorter than the rules'; a longer one counts as theirs.
pub trait StateStore: Send + Sync {
    /// Writes a field of a hash. What is there keeps its place in the order and gets a new deadline.
    fn put<'a>(
        &'a self,
        at: At<'a>,
        field: &'a str,
        value: &'a str,
        only: Only,
        ttl_ms: Option<i64>,
    ) -> Stored<'a, Written>;
    /// Adds to a set. A member that is there keeps its deadline.
    fn add<'a>(&'a self, at: At<'a>, member: &'a str, ttl_ms: Option<i64>) -> Stored<'a, Written>;
    /// Appends to a list; not if an entry with this token is there.
    fn push<'a>(
        &'a self,
        at: At<'a>,
        value: &'a str,
        token: Option<&'a str>,
        ttl_ms: Option<i64>,
    ) -> Stored<'a, Written>;
    /// Counts; yields the new number, which stays within 64 bits. A counter that ran out begins at zero; counting renews.
    fn increment<'a>(&'a self, at: At<'a>, by: i64, ttl_ms: Option<i64>) -> Stored<'a, i64>;
    /// The value of an entry.
    fn get<'a>(&'a self, key: &'a str, name: &'a str) -> Stored<'a, Option<Arc<str>>>;
    /// All entries in order of arrival, or the last so many.
    fn all<'a>(&'a self, key: &'a str, last: Option<usize>) -> Stored<'a, Vec<Entry>>;
    /// How many entries there are.
    fn len<'a>(&'a self, key: &'a str) -> Stored<'a, usize>;
    /// Removes an entry and yields it.
    fn take<'a>(&'a self, key: &'a str, which: Which<'a>) -> Stored<'a, Option<Entry>>;
    /// Removes all entries; yields how many there were.
    fn clear<'a>(&'a self, key: &'a str) -> Stored<'a, usize>;

    /// When [`StateStore::claim_expired`] should next be called, in milliseconds since the Unix epoch; `None` if nothing
    /// that is remembered now can run out.
    fn due(&self) -> Option<i64>;
    /// Watched entries that ran out, oldest deadline first, at most so many; each is given to one caller, who settles it.
    fn claim_expired(&self, limit: usize) -> Stored<'_, Vec<Expired>>;
    /// Says that an expired entry was dealt with. One that is not settled within a lease is given out again, so that it is
    /// not lost with the server that claimed it.
    fn settle(&self, claim: u64) -> Stored<'_, ()>;
}
