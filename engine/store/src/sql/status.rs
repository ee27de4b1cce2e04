//! How a database fares, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Breaking;

/// How a database fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SqlStatus {
    /// Connections that are open.
    pub size: u32,
    /// How many of them have nothing to do.
    pub idle: usize,
    /// How many there may be.
    pub size_max: u32,
    /// Whether calls reach it.
    pub breaking: Breaking,
    /// How often calls were no longer let through.
    pub broken: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Calls that the database refused.
    pub refused: u64,
    /// Transactions that met another.
    pub conflicts: u64,
    /// Calls that nobody answered in time.
    pub unanswered: u64,
    /// Calls that were not let through.
    pub shed: u64,
    /// Calls that were asked again on another connection.
    pub again: u64,
}

/// What is counted of calls.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) answered: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) unanswered: AtomicU64,
    pub(super) shed: AtomicU64,
    pub(super) again: AtomicU64,
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counts {
    pub(super) fn told(&self, status: SqlStatus) -> SqlStatus {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SqlStatus {
            answered: of(&self.answered),
            refused: of(&self.refused),
            conflicts: of(&self.conflicts),
            unanswered: of(&self.unanswered),
            shed: of(&self.shed),
            again: of(&self.again),
            ..status
        }
    }
}
