//! How long each stage of an event takes. The clock is read for some events only: for the first of a namespace in each
//! millisecond, so that whatever is rare is timed always, and for every sixteenth of a connection beside. So what it costs is
//! bounded, however many events come.

use std::time::{Duration, Instant};

use homeroom_plan::program::Entry;

use super::meters::{Came, EntryMeter, Meters};

/// Of one connection, one event in so many is timed in any case.
const TIMED_EVERY: u64 = 16;

/// The stages of `dispatch`, and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Bound,
    RateLimit,
    Validate,
    /// For its turn, where it enters rooms.
    Wait,
    Authorize,
    Act,
    Commit,
    Deliver,
}

impl Stage {
    pub(super) const ALL: [Self; 8] = [
        Self::Bound,
        Self::RateLimit,
        Self::Validate,
        Self::Wait,
        Self::Authorize,
        Self::Act,
        Self::Commit,
        Self::Deliver,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Bound => "bound",
            Self::RateLimit => "rate_limit",
            Self::Validate => "validate",
            Self::Wait => "wait",
            Self::Authorize => "authorize",
            Self::Act => "act",
            Self::Commit => "commit",
            Self::Deliver => "deliver",
        }
    }
}

/// One event of a client on its way.
pub(crate) struct Laps<'m> {
    meters: &'m Meters,
    entry: &'m EntryMeter,
    clock: Option<Running>,
}

struct Running {
    began: Instant,
    last: Instant,
}

impl<'m> Laps<'m> {
    /// An event came; `number`: how many came from its connection before it.
    pub(crate) fn begin(meters: &'m Meters, number: u64, now_ms: i64) -> Self {
        let is_timed = number.is_multiple_of(TIMED_EVERY) || meters.all.is_first_of(now_ms);
        let clock = is_timed.then(|| {
            let now = Instant::now();
            Running { began: now, last: now }
        });
        Self { meters, entry: &meters.unknown, clock }
    }

    /// It is this event.
    pub(crate) fn is(&mut self, entry: &Entry) {
        self.entry = self.meters.of_client(Some(entry));
    }

    /// A stage is over.
    pub(crate) fn lap(&mut self, stage: Stage) {
        let Some(clock) = &mut self.clock else { return };
        let now = Instant::now();
        let took = now - std::mem::replace(&mut clock.last, now);
        self.meters.all.stages[stage as usize].note(took);
        self.entry.stage(stage, took);
    }

    /// The event is over.
    pub(crate) fn end(self, came: Came<'_>) {
        match &self.clock {
            Some(clock) => self.entry.count_timed(came, clock.took()),
            None => self.entry.count(came),
        }
    }
}

impl Running {
    fn took(&self) -> Duration {
        self.began.elapsed()
    }
}
