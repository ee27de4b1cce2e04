//! Clients that come: so many a second, in the order in which they came, and none while the engine has as many to let in as
//! it can soon.
//!
//! Whoever must come again later is told so before there is a session, by HTTP 503. That is what the official client takes
//! for a failure of the network: it comes again by itself, each time after a longer while, and by chance not with the
//! others. A `connect_error`, which is told later, it takes for the last word.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use homeroom_runtime::gate::{Gate, GateBounds, SentAway};
use homeroom_runtime::metrics::GateCounts;
use http::{HeaderValue, StatusCode, header};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::seam::Sink;
use crate::settings::SocketSettings;

/// What a server that had nothing to do may let in at once, as a part of what it may in a second.
const BURST: Duration = Duration::from_millis(50);

/// The gate that everybody comes through.
pub(crate) struct Handshakes {
    gate: Gate,
    pace: Pace,
    sink: Arc<dyn Sink>,
}

impl Handshakes {
    pub(crate) fn new(settings: &SocketSettings, sink: Arc<dyn Sink>, counts: GateCounts) -> Self {
        let bounds =
            GateBounds { at_once: 1, waiting_max: settings.handshakes_waiting_max, wait_max: settings.handshake_wait };
        Self { gate: Gate::new(bounds, counts), pace: Pace::of(settings.handshakes_per_second), sink }
    }

    /// Waits for one's turn.
    pub(crate) async fn admit(&self) -> Result<(), SentAway> {
        let opens = async {
            self.sink.has_room().await;
            self.pace.step().await;
        };
        self.gate.enter_once(opens).await.map(drop)
    }
}

/// The answer to whoever is to come again later.
pub(crate) fn come_again(away: SentAway) -> Response {
    let seconds = HeaderValue::from(away.back_after.as_secs().max(1));
    let head = [(header::RETRY_AFTER, seconds), (header::CONNECTION, HeaderValue::from_static("close"))];
    (StatusCode::SERVICE_UNAVAILABLE, head, "come again later").into_response()
}

/// One after another, a while apart.
struct Pace {
    apart: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    fn of(per_second: u32) -> Self {
        Self { apart: Duration::from_secs(1) / per_second.max(1), next: Mutex::new(Instant::now()) }
    }

    /// Waits until the next may go. Only one waits at a time; one that goes away meanwhile leaves its turn to the next.
    async fn step(&self) {
        let due = (*self.next.lock()).max(Instant::now().checked_sub(BURST).unwrap_or_else(Instant::now));
        if due > Instant::now() {
            tokio::time::sleep_until(due).await;
        }
        *self.next.lock() = due + self.apart;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_go_in_a_second_and_a_few_at_once_after_a_rest() {
        let pace = Pace::of(100);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let began = Instant::now();
        for _ in 0..6 {
            pace.step().await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO, "what a twentieth of a second lets in, and the next");
        for _ in 0..100 {
            pace.step().await;
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(990) && took <= Duration::from_millis(1110), "{took:?}");
    }
}
