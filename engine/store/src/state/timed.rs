//! Any store of state, with its operations counted and timed.

use std::sync::Arc;
use std::time::Instant;

use super::{At, Entry, Expired, Only, StateStore, Stored, Which, Written};
use crate::{Answer, Timings};

/// The operations that are told apart.
const OPERATIONS: [&str; 9] = ["put", "add", "push", "increment", "get", "all", "len", "take", "clear"];

/// A store, and how its operations fare.
pub struct TimedState {
    store: Arc<dyn StateStore>,
    timings: [Timings; OPERATIONS.len()],
}

impl TimedState {
    /// Counts and times what is asked of `store`.
    #[must_use]
    pub fn new(store: Arc<dyn StateStore>) -> Self {
        Self { store, timings: Default::default() }
    }

    /// Each operation by its name.
    pub fn timings(&self) -> impl Iterator<Item = (&'static str, &Timings)> {
        OPERATIONS.into_iter().zip(&self.timings)
    }

    /// What waits is timed always, what is here at once now and then.
    fn timed<'a, T: Send + 'a>(&'a self, operation: usize, ask: impl FnOnce() -> Stored<'a, T>) -> Stored<'a, T> {
        let timings = &self.timings[operation];
        let began = timings.begin();
        match ask() {
            Answer::Ready(came) => {
                timings.over(began, matches!(came, Some(Err(_))));
                Answer::Ready(came)
            }
            Answer::Later(future) => {
                let began = began.unwrap_or_else(Instant::now);
                Answer::later(async move {
                    let came = future.await;
                    timings.over(Some(began), came.is_err());
                    came
                })
            }
        }
    }
}

impl StateStore for TimedState {
    fn put<'a>(
        &'a self,
        at: At<'a>,
        field: &'a str,
        value: &'a str,
        only: Only,
        ttl_ms: Option<i64>,
    ) -> Stored<'a, Written> {
        self.timed(0, || self.store.put(at, field, value, only, ttl_ms))
    }

    fn add<'a>(&'a self, at: At<'a>, member: &'a str, ttl_ms: Option<i64>) -> Stored<'a, Written> {
        self.timed(1, || self.store.add(at, member, ttl_ms))
    }

    fn push<'a>(
        &'a self,
        at: At<'a>,
        value: &'a str,
        token: Option<&'a str>,
        ttl_ms: Option<i64>,
    ) -> Stored<'a, Written> {
        self.timed(2, || self.store.push(at, value, token, ttl_ms))
    }

    fn increment<'a>(&'a self, at: At<'a>, by: i64, ttl_ms: Option<i64>) -> Stored<'a, i64> {
        self.timed(3, || self.store.increment(at, by, ttl_ms))
    }

    fn get<'a>(&'a self, key: &'a str, name: &'a str) -> Stored<'a, Option<Arc<str>>> {
        self.timed(4, || self.store.get(key, name))
    }

    fn all<'a>(&'a self, key: &'a str, last: Option<usize>) -> Stored<'a, Vec<Entry>> {
        self.timed(5, || self.store.all(key, last))
    }

    fn len<'a>(&'a self, key: &'a str) -> Stored<'a, usize> {
        self.timed(6, || self.store.len(key))
    }

    fn take<'a>(&'a self, key: &'a str, which: Which<'a>) -> Stored<'a, Option<Entry>> {
        self.timed(7, || self.store.take(key, which))
    }

    fn clear<'a>(&'a self, key: &'a str) -> Stored<'a, usize> {
        self.timed(8, || self.store.clear(key))
    }

    fn due(&self) -> Option<i64> {
        self.store.due()
    }

    fn claim_expired(&self, limit: usize) -> Stored<'_, Vec<Expired>> {
        self.store.claim_expired(limit)
    }

    fn settle(&self, claim: u64) -> Stored<'_, ()> {
        self.store.settle(claim)
    }
}
