//! Another turn for what met somebody else's transaction. Nothing of it has happened, so it may be done again from its start.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::Refusal;

/// How often something is done at most, the first time included.
const TURNS_MAX: u32 = 4;

/// How long it rests at most before the second turn; twice as long before each further one.
const REST: Duration = Duration::from_millis(10);

/// The turns of one event.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    taken: u32,
}

impl Turns {
    /// Whether it is done again, after a rest that is not the same for everyone.
    pub(crate) async fn another(&mut self, refusal: &Refusal) -> bool {
        self.taken += 1;
        if !refusal.again || self.taken >= TURNS_MAX {
            return false;
        }
        let chance = u32::try_from(RandomState::new().hash_one(self.taken) % 1000).unwrap_or(0);
        tokio::time::sleep(REST * (1 << self.taken) * chance / 2000).await;
        true
    }

    /// Whether this is the first.
    pub(crate) fn is_first(&self) -> bool {
        self.taken == 0
    }
}
