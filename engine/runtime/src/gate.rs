//! A gate: so many are inside at once, the others stand in line and go in as they came. The line is bounded in length and
//! in time; whoever finds no place in it, or stood there for too long, is sent away, and told when to come back.

use std::future::{Future, ready};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::metrics::GateCounts;

/// Those who are sent away come back no sooner, and no later than that times [`BACK_SPREAD`], each at another moment.
const BACK_MIN: Duration = Duration::from_secs(1);
const BACK_SPREAD: u64 = 4;

/// Bounds of a gate. All are finite.
#[derive(Debug, Clone, Copy)]
pub struct GateBounds {
    /// How many may be inside at once.
    pub at_once: usize,
    /// How many may stand in line.
    pub waiting_max: usize,
    /// How long one may stand there.
    pub wait_max: Duration,
}

/// A gate.
#[derive(Debug)]
pub struct Gate {
    bounds: GateBounds,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Told when the line has become shorter.
    shorter: Notify,
    counts: GateCounts,
}

/// Somebody who is inside, until it is dropped.
#[derive(Debug)]
pub struct Inside {
    _place: OwnedSemaphorePermit,
}

/// Somebody who was sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentAway {
    /// When to come back; by chance, so that not all come at once.
    pub back_after: Duration,
}

impl Gate {
    /// A gate that nobody has come to yet.
    #[must_use]
    pub fn new(bounds: GateBounds, counts: GateCounts) -> Self {
        let places = Arc::new(Semaphore::new(bounds.at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self { bounds, places, waiting: AtomicUsize::new(0), shorter: Notify::new(), counts }
    }

    /// Goes in, after those who came before. Whoever is dropped meanwhile has left the line.
    ///
    /// # Errors
    /// If there is no place in the line, or it took too long.
    pub async fn enter(&self) -> Result<Inside, SentAway> {
        // There is a place only while nobody stands in line. Taken so, it costs nothing of what a task may do in one turn.
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            self.counts.admitted.inc();
            return Ok(Inside { _place: place });
        }
        self.enter_once(ready(())).await
    }

    /// The same, but nobody goes in before `opens` is done, which is asked only when it is one's turn.
    ///
    /// # Errors
    /// As [`Gate::enter`].
    pub async fn enter_once(&self, opens: impl Future<Output = ()>) -> Result<Inside, SentAway> {
        // Before it is asked whether it opens: else the next could take the place in line of one whose turn it is.
        let in_line = self.stand_in_line();
        let mut turn = pin!(async {
            let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
            opens.await;
            Some(Inside { _place: place })
        });
        let inside = match poll!(turn.as_mut()) {
            Poll::Ready(inside) => inside,
            Poll::Pending => {
                let _in_line = in_line.ok_or_else(|| self.send_away(&self.counts.full))?;
                timeout(self.bounds.wait_max, turn).await.ok().flatten()
            }
        };
        let inside = inside.ok_or_else(|| self.send_away(&self.counts.late))?;
        self.counts.admitted.inc();
        Ok(inside)
    }

    /// Waits as long as more stand in line than may be inside at once: whoever comes on would wait for two turns.
    pub async fn has_short_line(&self) {
        loop {
            let mut told = pin!(self.shorter.notified());
            told.as_mut().enable();
            if self.waiting.load(Ordering::Acquire) < self.bounds.at_once {
                return;
            }
            told.await;
        }
    }

    fn stand_in_line(&self) -> Option<InLine<'_>> {
        let one_more = |waiting: usize| (waiting < self.bounds.waiting_max).then_some(waiting + 1);
        self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        self.counts.waiting.inc();
        Some(InLine { gate: self })
    }

    fn send_away(&self, why: &Counter) -> SentAway {
        why.inc();
        SentAway { back_after: by_chance(BACK_MIN, BACK_SPREAD) }
    }
}

/// Somebody who stands in line, until it is dropped.
struct InLine<'g> {
    gate: &'g Gate,
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.gate.waiting.fetch_sub(1, Ordering::AcqRel);
        self.gate.counts.waiting.dec();
        self.gate.shorter.notify_waiters();
    }
}

/// A while between `min` and `spread` times that, from the system's randomness.
fn by_chance(min: Duration, spread: u64) -> Duration {
    let within_ms = u64::try_from(min.as_millis()).unwrap_or(u64::MAX).saturating_mul(spread - 1).max(1);
    min + Duration::from_millis(RandomState::new().build_hasher().finish() % within_ms)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use parking_lot::Mutex;

    use super::*;
    use crate::Metrics;

    /// Longer than anything takes that is not stuck.
    const LONG: Duration = Duration::from_secs(3600);

    fn gate(at_once: usize, waiting_max: usize, wait_max: Duration) -> (Arc<Gate>, Metrics) {
        let metrics = Metrics::default();
        let counts = metrics.gate("tests");
        (Arc::new(Gate::new(GateBounds { at_once, waiting_max, wait_max }, counts)), metrics)
    }

    #[tokio::test]
    async fn they_go_in_as_they_came() {
        let (gate, _) = gate(1, 100, LONG);
        let first = gate.enter().await.expect("nobody is there");
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut all = Vec::new();
        for number in 0..20 {
            let (gate, order) = (Arc::clone(&gate), Arc::clone(&order));
            all.push(tokio::spawn(async move {
                let _inside = gate.enter().await.expect("there is time");
                order.lock().push(number);
                tokio::task::yield_now().await;
            }));
            tokio::task::yield_now().await;
        }
        assert!(order.lock().is_empty(), "nobody goes in before the first is out");
        drop(first);
        for one in all {
            one.await.expect("no panic");
        }
        assert_eq!(*order.lock(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn no_more_are_inside_or_in_line_than_may_be() {
        let (gate, metrics) = gate(2, 1, LONG);
        let (first, _second) = (gate.enter().await.expect("a place"), gate.enter().await.expect("a place"));
        let mut third = Box::pin(gate.enter());
        assert!(futures_util::poll!(&mut third).is_pending());
        let away = gate.enter().await.expect_err("the line is full");
        assert!(away.back_after >= BACK_MIN && away.back_after <= BACK_MIN * 4, "{away:?}");
        let text = metrics.text(None);
        assert!(text.contains("homeroom_gate_waiting{gate=\"tests\"} 1"), "{text}");
        drop(first);
        let _third = third.await.expect("it is its turn");
        let text = metrics.text(None);
        for told in [
            "homeroom_gate_waiting{gate=\"tests\"} 0",
            "homeroom_gate_admitted_total{gate=\"tests\"} 3",
            "homeroom_gate_refused_total{gate=\"tests\",why=\"full\"} 1",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_stands_in_line_for_ever() {
        let (gate, metrics) = gate(1, 10, Duration::from_secs(5));
        let _first = gate.enter().await.expect("a place");
        gate.enter().await.expect_err("it is not to wait longer");
        assert!(metrics.text(None).contains("homeroom_gate_refused_total{gate=\"tests\",why=\"late\"} 1"));
    }

    #[tokio::test]
    async fn whoever_goes_away_holds_nobody_up() {
        let (gate, metrics) = gate(1, 10, LONG);
        let first = gate.enter().await.expect("a place");
        let mut gone = Box::pin(gate.enter());
        let mut next = Box::pin(gate.enter());
        assert!(futures_util::poll!(&mut gone).is_pending() && futures_util::poll!(&mut next).is_pending());
        drop(gone);
        drop(first);
        let _inside = next.await.expect("it is its turn");
        assert!(metrics.text(None).contains("homeroom_gate_waiting{gate=\"tests\"} 0"));
    }

    #[tokio::test]
    async fn the_line_is_short_when_one_more_turn_is_enough() {
        let (gate, _) = gate(1, 10, LONG);
        let first = gate.enter().await.expect("a place");
        assert!(gate.has_short_line().now_or_never().is_some());
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter().await.map(drop) }
        });
        tokio::task::yield_now().await;
        let mut short = Box::pin(gate.has_short_line());
        assert!(futures_util::poll!(&mut short).is_pending());
        drop(first);
        short.await;
        waiting.await.expect("no panic").expect("its turn");
    }
}
