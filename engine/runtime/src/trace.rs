//! The id that follows one event: through the log of the server it came to, over the bus, and through the logs of all
//! servers whose clients hear of it.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is brought about by one event has one of these. Written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub u64);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Makes ids. Those of two servers differ, but for a chance that is not worth a thought.
#[derive(Debug)]
pub(crate) struct Traces {
    seed: u64,
    next: AtomicU64,
}

impl Default for Traces {
    fn default() -> Self {
        // The system's randomness.
        Self { seed: RandomState::new().hash_one(0_u8), next: AtomicU64::new(0) }
    }
}

impl Traces {
    /// Of something that nobody sent, or that a service did.
    pub(crate) fn next(&self) -> TraceId {
        TraceId(mixed(self.seed ^ self.next.fetch_add(1, Ordering::Relaxed)))
    }

    /// Of a client's event: the one of that number on its connection. It takes no counter that connections share.
    pub(crate) fn of(&self, conn: u64, number: u64) -> TraceId {
        TraceId(mixed(mixed(self.seed.rotate_left(32) ^ conn) ^ number))
    }
}

/// The finalizer of SplitMix64: every bit depends on every other, and no two numbers become one.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same() {
        let (one, other) = (Traces::default(), Traces::default());
        let mut all = std::collections::HashSet::new();
        for traces in [&one, &other] {
            for number in 0..1000 {
                assert!(all.insert(traces.next()) && all.insert(traces.of(number % 7, number)));
            }
        }
        assert_eq!(one.of(3, 4), one.of(3, 4));
        assert_eq!(TraceId(255).to_string(), "00000000000000ff");
    }
}
