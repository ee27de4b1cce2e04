//! What happened by itself and must be dealt with once: each thing is given to one caller, who settles it; one that is not
//! settled within a lease is given out again, so that it is not lost with the caller.

use std::collections::{BTreeMap, HashMap};

/// How long a claim may stay unsettled before it is given out again, in milliseconds.
pub(crate) const CLAIM_LEASE_MS: i64 = 30_000;

/// Things that wait to be claimed, and those that were.
pub(crate) struct Claims<T> {
    /// By when they happened; the claim's number keeps those of one moment apart and in order.
    waiting: BTreeMap<(i64, u64), T>,
    given: HashMap<u64, Given<T>>,
    next: u64,
}

struct Given<T> {
    thing: T,
    since_ms: i64,
    lease_ms: i64,
}

impl<T> Default for Claims<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), given: HashMap::new(), next: 0 }
    }
}

impl<T: Clone> Claims<T> {
    /// Something happened at `since_ms`.
    pub(crate) fn add(&mut self, since_ms: i64, thing: T) {
        self.waiting.insert((since_ms, self.next), thing);
        self.next += 1;
    }

    /// The oldest of what waits, at most so many, each with the number by which it is settled.
    pub(crate) fn give(&mut self, now_ms: i64, limit: usize) -> Vec<(u64, T)> {
        self.take_back(now_ms);
        let mut given = Vec::new();
        while given.len() < limit
            && let Some(((since_ms, claim), thing)) = self.waiting.pop_first()
        {
            let lease_ms = now_ms.saturating_add(CLAIM_LEASE_MS);
            self.given.insert(claim, Given { thing: thing.clone(), since_ms, lease_ms });
            given.push((claim, thing));
        }
        given
    }

    fn take_back(&mut self, now_ms: i64) {
        let late: Vec<u64> =
            self.given.iter().filter(|(_, given)| given.lease_ms <= now_ms).map(|(claim, _)| *claim).collect();
        for claim in late {
            if let Some(Given { thing, since_ms, .. }) = self.given.remove(&claim) {
                self.waiting.insert((since_ms, claim), thing);
            }
        }
    }

    /// It was dealt with.
    pub(crate) fn settle(&mut self, claim: u64) {
        self.given.remove(&claim);
    }

    /// Forgets what is meant, claimed or not; yields whether some of it still waited.
    pub(crate) fn cancel(&mut self, is_meant: impl Fn(&T) -> bool) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|_, thing| !is_meant(thing));
        self.given.retain(|_, given| !is_meant(&given.thing));
        self.waiting.len() < before
    }

    /// When something can next be claimed: at once, or when a lease ends.
    pub(crate) fn due(&self) -> Option<i64> {
        let waiting = self.waiting.first_key_value().map(|((since_ms, _), _)| *since_ms);
        waiting.into_iter().chain(self.given.values().map(|given| given.lease_ms)).min()
    }
}
