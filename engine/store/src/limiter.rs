//! Rate limits by GCRA, the generic cell rate algorithm of ITU-T I.371 annex A in its virtual scheduling form: `count` at
//! once, then one every `per / count`. Integer microseconds throughout.

mod memory;

pub use memory::MemoryLimits;

use crate::state::Stored;

/// So many per so long, ready to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Microseconds that one event costs.
    cost_us: i64,
    /// Microseconds that may be spent ahead.
    burst_us: i64,
}

/// Whether an event may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allowed,
    /// It may not.
    Limited {
        /// When the next one would pass, in milliseconds from now; at least 1.
        retry_after_ms: u64,
    },
}

/// One counter: the theoretical arrival time of the next event. Twelve bytes fewer than a window of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gcra {
    /// In microseconds since the Unix epoch.
    due_us: i64,
}

impl Quota {
    /// `count` events per `per_ms` milliseconds; both at least 1.
    #[must_use]
    pub fn new(count: u32, per_ms: u64) -> Self {
        let per_us = i64::try_from(per_ms.max(1)).unwrap_or(i64::MAX / 1000).saturating_mul(1000);
        let cost_us = (per_us / i64::from(count.max(1))).max(1);
        Self { cost_us, burst_us: cost_us.saturating_mul(i64::from(count.max(1)) - 1) }
    }
}

impl Quota {
    /// What an event costs, and what may be spent ahead, in microseconds.
    pub(crate) fn micros(self) -> (i64, i64) {
        (self.cost_us, self.burst_us)
    }
}

impl Gcra {
    /// Counts an event at `now_ms` milliseconds since the Unix epoch, if it may pass.
    pub fn take(&mut self, quota: Quota, now_ms: i64) -> Decision {
        let now_us = now_ms.saturating_mul(1000);
        let due_us = self.due_us.max(now_us);
        let ahead = due_us - now_us;
        if ahead > quota.burst_us {
            let wait_us = ahead - quota.burst_us;
            return Decision::Limited { retry_after_ms: u64::try_from(wait_us).unwrap_or(0).div_ceil(1000).max(1) };
        }
        self.due_us = due_us + quota.cost_us;
        Decision::Allowed
    }

    /// Whether it is as good as new at `now_ms`, so that it need not be kept.
    #[must_use]
    pub fn is_idle(&self, now_ms: i64) -> bool {
        self.due_us <= now_ms.saturating_mul(1000)
    }
}

/// Limits that several connections share: `per user`, `per room`.
pub trait SharedLimits: Send + Sync {
    /// Counts an event under `key`, if it may pass.
    fn take<'a>(&'a self, key: &'a str, quota: Quota) -> Stored<'a, Decision>;
}
