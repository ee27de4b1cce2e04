//! The plan that is served now. Events that began on an older one end on it.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::bind::Bound;

/// Holds what is served, and swaps it whole.
pub struct Live {
    now: ArcSwap<Bound>,
}

impl Live {
    /// Serves `bound`.
    #[must_use]
    pub fn new(bound: Bound) -> Self {
        Self { now: ArcSwap::from_pointee(bound) }
    }

    /// What is served now.
    #[must_use]
    pub fn current(&self) -> Arc<Bound> {
        self.now.load_full()
    }

    /// Serves `bound` from now on, to every namespace at once. Yields what was served until now.
    pub fn swap(&self, bound: Bound) -> Arc<Bound> {
        self.now.swap(Arc::new(bound))
    }
}
