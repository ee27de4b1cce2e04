//! Shared limits in this server's memory.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Decision, Gcra, Quota, SharedLimits};
use crate::state::Stored;
use crate::{Answer, Clock, StoreError};

/// Counters by key, so many at most. Those that are as good as new are forgotten when place is needed.
pub struct MemoryLimits {
    clock: Arc<dyn Clock>,
    keys_max: usize,
    cells: Mutex<HashMap<Box<str>, Gcra>>,
}

impl MemoryLimits {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, keys_max: usize) -> Self {
        Self { clock, keys_max: keys_max.max(1), cells: Mutex::default() }
    }
}

impl SharedLimits for MemoryLimits {
    fn take<'a>(&'a self, key: &'a str, quota: Quota) -> Stored<'a, Decision> {
        let now_ms = self.clock.now_ms();
        let mut cells = self.cells.lock();
        if let Some(cell) = cells.get_mut(key) {
            return Answer::now(Ok(cell.take(quota, now_ms)));
        }
        if cells.len() >= self.keys_max {
            cells.retain(|_, cell| !cell.is_idle(now_ms));
        }
        if cells.len() >= self.keys_max {
            return Answer::now(Err(StoreError::Unavailable("too many counters of rate limits".into())));
        }
        let mut cell = Gcra::default();
        let decision = cell.take(quota, now_ms);
        cells.insert(key.into(), cell);
        Answer::now(Ok(decision))
    }
}
