//! How long things take, counted without a lock: a few atomic additions for each that is timed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The upper bounds of what is told apart, in microseconds; beyond the last there is one more. They reach from state in
/// memory to the longest time that an event may take.
pub const BOUNDS_US: [u64; 16] =
    [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// Of things that may be over before a clock could be read twice, one in so many is timed.
const TIMED_EVERY: u64 = 16;

/// How often something took how long. What is noted of a short time lies in one line of the processor's memory.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Durations {
    nanos: AtomicU64,
    counts: [AtomicU64; BOUNDS_US.len() + 1],
}

impl Durations {
    /// One more that took so long.
    pub fn note(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let at = BOUNDS_US.iter().position(|bound| nanos <= bound * 1_000).unwrap_or(BOUNDS_US.len());
        self.counts[at].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// How many were within each of [`BOUNDS_US`] and above the one before it, and last how many were beyond all.
    #[must_use]
    pub fn counts(&self) -> [u64; BOUNDS_US.len() + 1] {
        self.counts.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// How long they took together, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64()
    }
}

/// What is counted of one kind of call.
#[derive(Debug, Default)]
pub struct Timings {
    /// How long calls took; of those that are over at once, some.
    pub took: Durations,
    asked: AtomicU64,
    failed: AtomicU64,
}

impl Timings {
    /// How many calls there were.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// How many of them came to nothing.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Times a call.
    ///
    /// # Errors
    /// What the call yields.
    pub async fn time<T, E>(&self, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let came = call.await;
        self.over(Some(began), came.is_err());
        came
    }

    /// A call begins that may be over at once. Yields when, if it is one to be timed.
    pub(crate) fn begin(&self) -> Option<Instant> {
        let before = self.asked.fetch_add(1, Ordering::Relaxed);
        before.is_multiple_of(TIMED_EVERY).then(Instant::now)
    }

    /// A call is over.
    pub(crate) fn over(&self, began: Option<Instant>, is_failure: bool) {
        if let Some(began) = began {
            self.took.note(began.elapsed());
        }
        if is_failure {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_within_its_bound() {
        let durations = Durations::default();
        for micros in [0, 10, 11, 5_000_000, 5_000_001] {
            durations.note(Duration::from_micros(micros));
        }
        let counts = durations.counts();
        assert_eq!((counts[0], counts[1], counts[15], counts[16]), (2, 1, 1, 1));
        assert!((durations.seconds() - 10.000_022).abs() < 1e-9);
    }

    #[test]
    fn of_what_is_over_at_once_some_are_timed() {
        let timings = Timings::default();
        let timed = (0..64).filter(|_| timings.begin().is_some()).count();
        assert_eq!((timed, timings.asked()), (4, 64));
    }
}
