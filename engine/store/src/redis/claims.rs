//! What this server has claimed in Redis: the numbers it gave out, and what they stand for there.
//!
//! A claim whose answer is lost is nobody's. So what is claimed is given for a moment only, and held for as long as it may
//! take to deal with it once the claimer has heard of it.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::Redis;
use super::script::scripts;
use crate::StoreError;
use crate::claims::CLAIM_LEASE_MS;

/// What a claimer has beside what its calls may take, until it holds what it claimed, in milliseconds.
const MARGIN_MS: i64 = 1000;

scripts! {
    HOLD = "time.lua" "hold.lua";
}

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

impl Redis {
    /// For how long something is claimed at first, in milliseconds: as long as the answer and holding it may take.
    pub(super) fn claim_ms(&self) -> i64 {
        let call_ms = i64::try_from(self.inner.config.call_timeout.as_millis()).unwrap_or(i64::MAX);
        call_ms.saturating_mul(2).saturating_add(MARGIN_MS).min(CLAIM_LEASE_MS)
    }

    /// Holds what was claimed for [`CLAIM_LEASE_MS`]. `leases`: the key with what may be claimed when; `mark`: when that was
    /// for these; `claimed`: by id. Yields when that is now, and what is still this server's.
    pub(super) async fn hold<T>(
        &self,
        leases: &str,
        mark: &str,
        claimed: Vec<(String, T)>,
    ) -> Result<(String, Vec<(String, T)>), StoreError> {
        if claimed.is_empty() {
            return Ok((mark.to_owned(), claimed));
        }
        let lease_ms = CLAIM_LEASE_MS.to_string();
        let ids = claimed.iter().map(|(id, _)| &**id);
        let args: Vec<&str> = [mark, &*lease_ms].into_iter().chain(ids).collect();
        let mut reply = self.run(&HOLD, &[leases], &args).await?;
        let (mark, mut held) = (reply.text()?, Vec::new());
        for one in claimed {
            if reply.int()? == 1 {
                held.push(one);
            }
        }
        Ok((mark, held))
    }
}
