//! What this server has claimed in Redis: the numbers it gave out, and what they stand for there.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::claims::CLAIM_LEASE_MS;

/// Claims by number. Those whose lease is over are forgotten: they are given out again.
pub(super) struct Claimed<T> {
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    given: HashMap<u64, (T, i64)>,
    next: u64,
}

impl<T> Default for Claimed<T> {
    fn default() -> Self {
        Self { inner: Mutex::new(Inner { given: HashMap::new(), next: 0 }) }
    }
}

impl<T> Claimed<T> {
    /// A number for something that was just claimed.
    pub(super) fn give(&self, thing: T, now_ms: i64) -> u64 {
        let mut inner = self.inner.lock();
        let claim = inner.next;
        inner.next += 1;
        inner.given.insert(claim, (thing, now_ms.saturating_add(CLAIM_LEASE_MS)));
        claim
    }

    /// What a number stands for; it stands for nothing from then on.
    pub(super) fn take(&self, claim: u64) -> Option<T> {
        self.inner.lock().given.remove(&claim).map(|(thing, _)| thing)
    }

    /// Forgets what others may claim by now.
    pub(super) fn forget_late(&self, now_ms: i64) {
        self.inner.lock().given.retain(|_, (_, lease_ms)| *lease_ms > now_ms);
    }
}
