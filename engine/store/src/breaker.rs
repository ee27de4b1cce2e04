//! A circuit breaker: calls that nobody answers are not made, until somebody answers again.
//!
//! Closed: calls are made; a few in a row without an answer open it. Open: calls fail at once. After a while it is half
//! open: one attempt is made, which closes it or leaves it open for twice as long. Whoever owns it makes attempts of its own
//! ([`Breaker::attempt`]), or lets the first call after the wait be one ([`Breaker::enter`]).

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How much longer than at first it is waited at most between attempts.
const WAIT_GROWS_TO: u32 = 30;

const CLOSED: u8 = 0;
const OPEN: u8 = 1;
const HALF_OPEN: u8 = 2;

/// Whether calls are made.
#[derive(Debug)]
pub struct Breaker {
    state: AtomicU8,
    in_a_row: AtomicU32,
    opened: AtomicU64,
    failures_max: u32,
    wait: Duration,
    /// Attempts in vain, and when the next may be made.
    next: Mutex<(u32, Instant)>,
}

/// Whether calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Breaking {
    /// They are.
    #[default]
    Closed,
    /// They fail at once; one attempt is being made to find out whether somebody is back.
    HalfOpen,
    /// They fail at once.
    Open,
}

impl Breaker {
    /// One that opens after so many failures in a row, and first rests for so long.
    #[must_use]
    pub fn new(failures_max: u32, wait: Duration) -> Self {
        Self {
            state: AtomicU8::new(CLOSED),
            in_a_row: AtomicU32::new(0),
            opened: AtomicU64::new(0),
            failures_max: failures_max.max(1),
            wait,
            next: Mutex::new((0, Instant::now())),
        }
    }

    /// Whether a call may be made now: any while it is closed, and one after each rest.
    pub fn enter(&self) -> bool {
        if self.admits() {
            return true;
        }
        let due = Instant::now() >= self.next.lock().1;
        due && self.state.compare_exchange(OPEN, HALF_OPEN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// What a call came to that had [entered](Breaker::enter).
    pub fn left(&self, answered: bool) {
        match (self.state(), answered) {
            (Breaking::HalfOpen, true) => {
                self.next.lock().0 = 0;
                self.attempted(true);
            }
            (Breaking::HalfOpen, false) => {
                self.rest();
                self.attempted(false);
            }
            (_, true) => self.answered(),
            (_, false) => {
                if self.failed() {
                    self.rest();
                }
            }
        }
    }

    fn rest(&self) {
        let mut next = self.next.lock();
        *next = (next.0 + 1, Instant::now() + self.wait(next.0));
    }

    /// Whether a call may be made.
    #[must_use]
    pub fn admits(&self) -> bool {
        self.state.load(Ordering::Acquire) == CLOSED
    }

    /// It answered, whatever it said.
    pub fn answered(&self) {
        self.in_a_row.store(0, Ordering::Release);
    }

    /// Nobody answered. Yields whether that has opened it just now, so that somebody has to [`Breaker::attempt`].
    pub fn failed(&self) -> bool {
        let failures = self.in_a_row.fetch_add(1, Ordering::AcqRel) + 1;
        let opens = failures >= self.failures_max
            && self.state.compare_exchange(CLOSED, OPEN, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if opens {
            self.opened.fetch_add(1, Ordering::Relaxed);
        }
        opens
    }

    /// How long to wait before another attempt, after so many in vain; not the same for every server.
    #[must_use]
    pub fn wait(&self, in_vain: u32) -> Duration {
        use std::hash::{BuildHasher, RandomState};
        let longest = self.wait.saturating_mul((1 << in_vain.min(16)).min(WAIT_GROWS_TO));
        let chance = u32::try_from(RandomState::new().hash_one(in_vain) % 1000).unwrap_or(0);
        longest / 2 + longest / 2 * chance / 1000
    }

    /// An attempt is being made.
    pub fn attempt(&self) {
        self.state.store(HALF_OPEN, Ordering::Release);
    }

    /// What an attempt came to.
    pub fn attempted(&self, answered: bool) {
        if answered {
            self.answered();
        }
        self.state.store(if answered { CLOSED } else { OPEN }, Ordering::Release);
    }

    /// Whether calls are made.
    #[must_use]
    pub fn state(&self) -> Breaking {
        match self.state.load(Ordering::Acquire) {
            CLOSED => Breaking::Closed,
            HALF_OPEN => Breaking::HalfOpen,
            _ => Breaking::Open,
        }
    }

    /// How often it has opened.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_once() {
        let breaker = Breaker::new(3, Duration::from_secs(1));
        assert!(!breaker.failed() && !breaker.failed());
        breaker.answered();
        assert!(!breaker.failed() && !breaker.failed() && breaker.failed() && !breaker.failed());
        assert_eq!((breaker.admits(), breaker.state(), breaker.opened()), (false, Breaking::Open, 1));
        breaker.attempt();
        assert_eq!((breaker.admits(), breaker.state()), (false, Breaking::HalfOpen));
        breaker.attempted(false);
        assert_eq!(breaker.state(), Breaking::Open);
        breaker.attempt();
        breaker.attempted(true);
        assert_eq!((breaker.admits(), breaker.state()), (true, Breaking::Closed));
        assert!(!breaker.failed(), "what failed before counts no more");
    }

    #[test]
    fn the_first_call_after_a_rest_is_an_attempt() {
        let breaker = Breaker::new(1, Duration::from_millis(1));
        assert!(breaker.enter());
        breaker.left(false);
        std::thread::sleep(Duration::from_millis(2));
        assert!(breaker.enter() && !breaker.enter(), "one, and no other");
        breaker.left(false);
        assert_eq!(breaker.state(), Breaking::Open);
        std::thread::sleep(Duration::from_millis(4));
        assert!(breaker.enter());
        breaker.left(true);
        assert!(breaker.enter() && breaker.enter());
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let breaker = Breaker::new(3, Duration::from_secs(1));
        let within = |in_vain, least, most| {
            let wait = breaker.wait(in_vain).as_secs_f64();
            assert!((least..=most).contains(&wait), "{wait}");
        };
        within(0, 0.5, 1.0);
        within(3, 4.0, 8.0);
        within(40, 15.0, 30.0);
    }
}
