//! Time for all connections: one wheel of slots, turned by one task, instead of a timer for each of them.
//!
//! Nothing happens early; it may happen late by about one turn. Time is counted in turns: as long as the process is kept from
//! running, it stands still, and nobody is taken for silent who could not be heard.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::conn::Conn;

/// How fine time is: a part of the shortest span there is, within these bounds.
const PARTS: u32 = 8;
const FINEST: Duration = Duration::from_millis(10);
const COARSEST: Duration = Duration::from_secs(1);

/// What is caught up at once. A process that has much to do turns the wheel late, and clients count on their pings all the
/// same; but one that was kept from running for longer than this has heard nobody meanwhile.
const CAUGHT_UP_MAX: Duration = Duration::from_secs(1);

/// How many slots there are at most. What is later than a whole turn of the wheel goes round again.
const SLOTS_MAX: u64 = 4096;

/// A moment, in turns since the wheel was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Tick(pub(super) u64);

/// What is to be looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The client is to be pinged, or to have answered.
    Beat,
    /// The client is to have entered a namespace, or at least asked to.
    Entered,
    /// The client is to have read something.
    Stall,
    /// The client was told of the end, and is to have gone.
    Gone,
}

/// Something to look after at a connection. It does not keep the connection alive.
pub(super) struct Alarm {
    conn: Weak<Conn>,
    what: What,
    due: Tick,
}

impl Alarm {
    /// One that goes off when it is put into a wheel and its time has come.
    pub(super) fn new(conn: &Arc<Conn>, what: What) -> Self {
        Self { conn: Arc::downgrade(conn), what, due: Tick::default() }
    }
}

/// The alarms of all connections by when they are due.
pub(super) struct Wheel {
    resolution: Duration,
    slots: Box<[Mutex<Vec<Alarm>>]>,
    now: AtomicU64,
    /// What has passed since `now`, and is no whole turn.
    rest: Mutex<Duration>,
}

impl Wheel {
    /// A wheel for spans like these.
    pub(super) fn new(spans: &[Duration]) -> Self {
        let shortest = spans.iter().min().copied().unwrap_or(COARSEST);
        let longest = spans.iter().max().copied().unwrap_or(COARSEST);
        let resolution = (shortest / PARTS).clamp(FINEST, COARSEST);
        let slots = (turns(longest, resolution) + 1).min(SLOTS_MAX);
        let slots = (0..slots).map(|_| Mutex::default()).collect();
        Self { resolution, slots, now: AtomicU64::new(0), rest: Mutex::default() }
    }

    /// How often it is to be turned.
    pub(super) fn resolution(&self) -> Duration {
        self.resolution
    }

    pub(super) fn now(&self) -> Tick {
        Tick(self.now.load(Ordering::Relaxed))
    }

    /// When a span that begins now is over.
    pub(super) fn end_of(&self, span: Duration) -> Tick {
        self.end_of_since(self.now(), span)
    }

    /// When a span is over that began then.
    pub(super) fn end_of_since(&self, begun: Tick, span: Duration) -> Tick {
        Tick(begun.0 + turns(span, self.resolution))
    }

    /// Has an alarm go off after `span`.
    pub(super) fn after(&self, span: Duration, alarm: Alarm) {
        self.at(self.end_of(span), alarm);
    }

    /// Has an alarm go off then; what is past, at the next turn.
    pub(super) fn at(&self, due: Tick, alarm: Alarm) {
        let due = due.max(Tick(self.now().0 + 1));
        self.slot(due).lock().push(Alarm { due, ..alarm });
    }

    /// Turns it on by what has passed since the last time, and has everything go off that is due.
    pub(super) fn turn(&self, passed: Duration) {
        for _ in 0..self.whole_turns(passed) {
            self.turn_once();
        }
    }

    fn whole_turns(&self, passed: Duration) -> u64 {
        let mut rest = self.rest.lock();
        let mut whole = 0;
        *rest += passed.min(CAUGHT_UP_MAX.max(self.resolution));
        while *rest >= self.resolution {
            *rest -= self.resolution;
            whole += 1;
        }
        whole
    }

    fn turn_once(&self) {
        let now = Tick(self.now.fetch_add(1, Ordering::Relaxed) + 1);
        let alarms = std::mem::take(&mut *self.slot(now).lock());
        alarms.into_iter().for_each(|alarm| self.go_off(alarm, now));
    }

    fn go_off(&self, alarm: Alarm, now: Tick) {
        if alarm.due > now {
            self.slot(alarm.due).lock().push(alarm);
            return;
        }
        let again = alarm.conn.upgrade().and_then(|conn| conn.look_after(alarm.what, now));
        if let Some(due) = again {
            self.at(due, alarm);
        }
    }

    fn slot(&self, tick: Tick) -> &Mutex<Vec<Alarm>> {
        &self.slots[(tick.0 % self.slots.len() as u64) as usize]
    }
}

/// Turns after which a span is over, wherever in a turn it began.
fn turns(span: Duration, resolution: Duration) -> u64 {
    span.as_nanos().div_ceil(resolution.as_nanos()) as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_is_caught_up_and_a_long_rest_is_not() {
        let wheel = Wheel::new(&[Duration::from_millis(800)]);
        assert_eq!(wheel.resolution(), Duration::from_millis(100));
        for _ in 0..10 {
            wheel.turn(Duration::from_millis(250));
        }
        assert_eq!(wheel.now(), Tick(25), "turned late each time, it keeps time");
        wheel.turn(Duration::from_secs(3600));
        assert_eq!(wheel.now(), Tick(35), "it stood still for most of an hour");
    }
}
