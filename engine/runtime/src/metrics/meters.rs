//! What is counted of a namespace's events. Every handle is there before the first event comes: what counts holds it by the
//! number that the plan has given the event, and adds to atomic numbers without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use homeroom_plan::program::{Code, Entry, Namespace, Query};
use homeroom_store::{Durations, Timings};
use parking_lot::RwLock;

use super::laps::Stage;
use crate::outlet::Delivery;

/// The event of whatever is not declared.
pub(crate) const UNKNOWN: &str = "(unknown)";

/// Codes that are told from the start, at 0: an alert that watches a number grow cannot tell it from one that was not there.
const FAILURES: [&str; 3] = ["INTERNAL", "TIMEOUT", "UNAVAILABLE"];

/// Of a namespace's events, the first in so many milliseconds is timed in any case.
const TIMED_MS: i64 = 100;

/// How many codes of an event are told apart. Authors declare fewer.
const CODES_MAX: usize = 64;

/// The upper bounds of how many an emission reached, beyond the last there is one more.
pub(super) const REACHED: [u64; 12] = [0, 1, 2, 5, 10, 25, 50, 100, 250, 1_000, 5_000, 20_000];

/// A namespace's.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(crate) connect: Arc<EntryMeter>,
    pub(crate) client: Vec<Arc<EntryMeter>>,
    pub(crate) backend: Vec<Arc<EntryMeter>>,
    pub(crate) sent: Vec<Arc<SentMeter>>,
    /// Client events that are not declared.
    pub(crate) unknown: Arc<EntryMeter>,
    /// Server events of other servers, which this one does not know.
    pub(crate) sent_unknown: Arc<SentMeter>,
    pub(crate) all: Arc<AllMeter>,
}

/// What is counted of all events of a namespace together; what most of them look at stands first, and together.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct AllMeter {
    /// In which [`TIMED_MS`] an event was timed last.
    timed_in: AtomicI64,
    pub(super) reached: [AtomicU64; REACHED.len() + 1],
    pub(super) stages: [Durations; Stage::ALL.len()],
}

/// One event that comes in.
#[derive(Debug)]
pub(crate) struct EntryMeter {
    pub(super) name: Arc<str>,
    done: AtomicU64,
    held: AtomicU64,
    refused: RwLock<Vec<(Code, AtomicU64)>>,
    pub(super) took: Durations,
    stages: [Sum; Stage::ALL.len()],
}

/// How often something was timed, and how long it took together.
#[derive(Debug, Default)]
struct Sum {
    count: AtomicU64,
    nanos: AtomicU64,
}

/// One event that goes out.
#[derive(Debug)]
pub(crate) struct SentMeter {
    pub(super) name: Arc<str>,
    sent: AtomicU64,
    reached: AtomicU64,
    dropped: AtomicU64,
}

/// Of one query.
#[derive(Debug)]
pub(crate) struct QueryMeter {
    pub(super) name: Arc<str>,
    pub(super) file: String,
    pub(crate) timings: Timings,
}

/// What an event came to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Came<'a> {
    Done,
    /// It waits for its limit.
    Held,
    Refused(&'a Code),
}

impl Came<'_> {
    /// As labels name it.
    pub(super) fn outcome(self) -> Code {
        match self {
            Self::Done => "ok".into(),
            Self::Held => "held".into(),
            Self::Refused(code) => Arc::clone(code),
        }
    }
}

impl Meters {
    /// Nothing is counted yet.
    pub(crate) fn new(namespace: &Namespace) -> Self {
        let by_number = |entries: &mut dyn Iterator<Item = &Entry>| {
            let mut entries: Vec<&Entry> = entries.collect();
            entries.sort_by_key(|entry| entry.number);
            entries.into_iter().map(|entry| EntryMeter::new(&entry.name)).collect()
        };
        Self {
            connect: EntryMeter::new(&namespace.connect.name),
            client: by_number(&mut namespace.client_events.values()),
            backend: by_number(&mut namespace.backend_events.values()),
            sent: namespace.server_events.iter().map(|event| SentMeter::new(&event.name)).collect(),
            unknown: EntryMeter::new(&UNKNOWN.into()),
            sent_unknown: SentMeter::new(&UNKNOWN.into()),
            all: Arc::default(),
        }
    }

    /// Goes on counting where those of the definitions before have come to; what is declared no more is forgotten.
    pub(crate) fn go_on(&mut self, old: &Self) {
        let kinds = [(&mut self.client, &old.client), (&mut self.backend, &old.backend)];
        for (new, old) in kinds {
            for meter in new {
                if let Some(old) = old.iter().find(|old| old.name == meter.name) {
                    *meter = Arc::clone(old);
                }
            }
        }
        for meter in &mut self.sent {
            if let Some(old) = old.sent.iter().find(|old| old.name == meter.name) {
                *meter = Arc::clone(old);
            }
        }
        self.connect = Arc::clone(&old.connect);
        self.unknown = Arc::clone(&old.unknown);
        self.sent_unknown = Arc::clone(&old.sent_unknown);
        self.all = Arc::clone(&old.all);
    }

    /// The meter of a client event; `None`: one that is not declared.
    pub(crate) fn of_client(&self, entry: Option<&Entry>) -> &EntryMeter {
        entry.and_then(|entry| self.client.get(entry.number)).unwrap_or(&self.unknown)
    }

    /// The meter of a server event that may be one of another server's definitions.
    pub(crate) fn of_sent(&self, event: Option<usize>) -> &SentMeter {
        event.and_then(|event| self.sent.get(event)).unwrap_or(&self.sent_unknown)
    }
}

impl AllMeter {
    /// Whether an event that came now is the first to be timed in its [`TIMED_MS`].
    pub(super) fn is_first_of(&self, now_ms: i64) -> bool {
        let now = now_ms.div_euclid(TIMED_MS);
        self.timed_in.load(Ordering::Relaxed) != now && self.timed_in.swap(now, Ordering::Relaxed) != now
    }
}

impl EntryMeter {
    fn new(name: &Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::clone(name),
            done: AtomicU64::new(0),
            held: AtomicU64::new(0),
            refused: RwLock::new(FAILURES.map(|code| (code.into(), AtomicU64::new(0))).into()),
            took: Durations::default(),
            stages: Default::default(),
        })
    }

    /// One more that came to this.
    pub(crate) fn count(&self, came: Came<'_>) {
        match came {
            Came::Done => drop(self.done.fetch_add(1, Ordering::Relaxed)),
            Came::Held => drop(self.held.fetch_add(1, Ordering::Relaxed)),
            Came::Refused(code) => self.refuse(code),
        }
    }

    /// One more that came to this, and took so long.
    pub(crate) fn count_timed(&self, came: Came<'_>, took: Duration) {
        self.count(came);
        self.took.note(took);
    }

    pub(super) fn stage(&self, stage: Stage, took: Duration) {
        let sum = &self.stages[stage as usize];
        sum.count.fetch_add(1, Ordering::Relaxed);
        sum.nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn refuse(&self, code: &Code) {
        let known = |all: &[(Code, AtomicU64)]| {
            let found = all.iter().find(|(known, _)| known == code);
            found.map(|(_, count)| count.fetch_add(1, Ordering::Relaxed)).is_some()
        };
        if known(&self.refused.read()) {
            return;
        }
        let mut refused = self.refused.write();
        if !known(&refused) && refused.len() < CODES_MAX {
            refused.push((Arc::clone(code), AtomicU64::new(1)));
        }
    }

    /// How often it came to what.
    pub(super) fn outcomes(&self) -> Vec<(Code, u64)> {
        let mut all = vec![("ok".into(), self.done.load(Ordering::Relaxed))];
        let held = self.held.load(Ordering::Relaxed);
        all.extend((held > 0).then(|| ("held".into(), held)));
        let refused = self.refused.read();
        all.extend(refused.iter().map(|(code, count)| (Arc::clone(code), count.load(Ordering::Relaxed))));
        all
    }

    /// How often each stage was timed, and how long it took together, in seconds.
    pub(super) fn stages(&self) -> impl Iterator<Item = (Stage, u64, f64)> {
        Stage::ALL.into_iter().zip(&self.stages).map(|(stage, sum)| {
            let took = Duration::from_nanos(sum.nanos.load(Ordering::Relaxed));
            (stage, sum.count.load(Ordering::Relaxed), took.as_secs_f64())
        })
    }
}

impl SentMeter {
    fn new(name: &Arc<str>) -> Arc<Self> {
        let zero = || AtomicU64::new(0);
        Arc::new(Self { name: Arc::clone(name), sent: zero(), reached: zero(), dropped: zero() })
    }

    /// One more was sent to the clients of this server.
    pub(crate) fn count(&self, all: &AllMeter, delivery: Delivery) {
        let reached = delivery.reached as u64;
        let at = REACHED.iter().position(|bound| reached <= *bound).unwrap_or(REACHED.len());
        all.reached[at].fetch_add(1, Ordering::Relaxed);
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.reached.fetch_add(reached, Ordering::Relaxed);
        if delivery.dropped > 0 {
            self.dropped.fetch_add(delivery.dropped as u64, Ordering::Relaxed);
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// How many were sent, how many connections they reached together, and how many they did not.
    pub(super) fn counts(&self) -> [u64; 3] {
        [&self.sent, &self.reached, &self.dropped].map(|count| count.load(Ordering::Relaxed))
    }
}

impl QueryMeter {
    pub(crate) fn new(query: &Query) -> Arc<Self> {
        let file = query.place.rsplit_once(':').map_or(&*query.place, |(file, _)| file);
        Arc::new(Self { name: Arc::clone(&query.name), file: file.to_owned(), timings: Timings::default() })
    }

    /// Whether it counts the same query.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        self.name == other.name && self.file == other.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_told_apart_and_bounded() {
        let meter = EntryMeter::new(&"a".into());
        meter.count(Came::Done);
        for number in 0..100 {
            meter.count(Came::Refused(&format!("CODE_{number}").as_str().into()));
        }
        meter.count(Came::Refused(&"CODE_1".into()));
        let outcomes = meter.outcomes();
        assert_eq!(outcomes.len(), 1 + CODES_MAX);
        assert_eq!(outcomes[0], ("ok".into(), 1));
        assert!(outcomes.contains(&("CODE_1".into(), 2)));
    }

    #[test]
    fn one_event_of_a_tenth_of_a_second_is_the_first() {
        let all = AllMeter::default();
        let came = [100, 199, 200, 299, 150].map(|now_ms| all.is_first_of(now_ms));
        assert_eq!(came, [true, false, true, false, true]);
    }
}
