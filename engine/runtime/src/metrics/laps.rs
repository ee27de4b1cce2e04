//! How long each stage of an event takes. The clock is read for some events only: for the first of a namespace in each tenth of
//! a second, so that what comes less than ten times a second there is timed always, and for every sixteenth of a connection
//! beside. So what it costs is bounded, however many events come, and in however many namespaces.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use homeroom_plan::program::Entry;

use super::meters::{Came, EntryMeter, Meters};
use crate::delivery::Scene;
use crate::spans::{Span, SpanKind, Spans};
use crate::trace::TraceId;

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
    traced: Option<Traced<'m>>,
}

/// An event that somebody draws a trace of.
struct Traced<'m> {
    spans: &'m dyn Spans,
    trace: TraceId,
    namespace: &'m Arc<str>,
    began: SystemTime,
    stages: Vec<(&'static str, Duration)>,
}

struct Running {
    began: Instant,
    last: Instant,
}

impl<'m> Laps<'m> {
    /// An event came; `number`: how many came from its connection before it.
    pub(crate) fn begin(scene: &Scene<'m>, number: u64, now_ms: i64) -> Self {
        let meters = &scene.served.meters;
        let traced = scene.inner.spans.wanting(scene.trace).map(|spans| Traced {
            spans,
            trace: scene.trace,
            namespace: &scene.served.plan.path,
            began: SystemTime::now(),
            stages: Vec::with_capacity(Stage::ALL.len()),
        });
        let is_timed = traced.is_some() || number.is_multiple_of(TIMED_EVERY) || meters.all.is_first_of(now_ms);
        let clock = is_timed.then(|| {
            let now = Instant::now();
            Running { began: now, last: now }
        });
        Self { meters, entry: &meters.unknown, clock, traced }
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
        if let Some(traced) = &mut self.traced {
            traced.stages.push((stage.as_str(), took));
        }
    }

    /// It came to this. Said before anyone else is told, so that whoever has been answered has been counted.
    pub(crate) fn count(&self, came: Came<'_>) {
        self.entry.count(came);
    }

    /// The event, which came to this, is over.
    pub(crate) fn end(self, came: Came<'_>) {
        let Some(clock) = &self.clock else { return };
        let took = clock.took();
        self.entry.took.note(took);
        if let Some(Traced { spans, trace, namespace, began, stages }) = self.traced {
            let (namespace, event) = (Arc::clone(namespace), Arc::clone(&self.entry.name));
            let (kind, outcome) = (SpanKind::Event, came.outcome());
            spans.tell(Span { trace, kind, namespace, event, outcome, began, took, stages });
        }
    }
}

impl Running {
    fn took(&self) -> Duration {
        self.began.elapsed()
    }
}
