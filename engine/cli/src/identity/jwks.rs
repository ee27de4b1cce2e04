//! The keys behind a URL: kept, asked for again in time, and at once when a token names one that is not known yet.
//!
//! | | |
//! |---|---|
//! | one at a time | whoever needs keys while they are being asked for waits for that answer |
//! | not too often | within `jwks_retry` of the last attempt nothing is asked, whatever tokens name |
//! | a key that is gone | is accepted until the next answer: `jwks_refresh` at most, if it can be had |
//! | nobody answers | the keys there are go on for `jwks_stale` from when they came; then nobody is let in |

use std::sync::Arc;

use homeroom_runtime::Refusal;
use jsonwebtoken::Algorithm;
use parking_lot::Mutex;

use super::fetch::Source;
use super::keys::{self, Key};
use crate::settings::JwksSettings;

/// Keys behind a URL.
pub(super) struct Jwks {
    source: Arc<dyn Source>,
    url: String,
    refresh_ms: i64,
    retry_ms: i64,
    stale_ms: i64,
    held: Mutex<Held>,
    /// One asks at a time.
    turn: tokio::sync::Mutex<()>,
}

/// What is known; times are milliseconds since the Unix epoch.
#[derive(Clone, Default)]
struct Held {
    keys: Arc<Vec<Key>>,
    /// When the keys came.
    came_ms: Option<i64>,
    /// When they were last asked for, with whatever success.
    asked_ms: Option<i64>,
}

impl Jwks {
    pub(super) fn new(settings: &JwksSettings, source: Arc<dyn Source>) -> Arc<Self> {
        let ms = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Arc::new(Self {
            source,
            url: settings.url.clone(),
            refresh_ms: ms(settings.refresh),
            retry_ms: ms(settings.retry),
            stale_ms: ms(settings.stale),
            held: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// The keys to verify a token of this algorithm and key name by, at `now_ms`.
    ///
    /// # Errors
    /// UNAVAILABLE, if there are none that may be used.
    pub(super) async fn keys(
        self: &Arc<Self>,
        algorithm: Algorithm,
        id: Option<&str>,
        now_ms: i64,
    ) -> Result<Arc<Vec<Key>>, Refusal> {
        let knows = |held: &Held| held.keys.iter().any(|key| key.is_for(algorithm, id));
        let held = self.held.lock().clone();
        if self.is_fresh(&held, now_ms) && knows(&held) {
            return Ok(held.keys);
        }
        self.asked(held.asked_ms, now_ms).await;
        let held = self.held.lock().clone();
        let is_usable = held.came_ms.is_some_and(|came| now_ms.saturating_sub(came) <= self.stale_ms);
        if is_usable { Ok(held.keys) } else { Err(Refusal::because("UNAVAILABLE", "the issuer's keys cannot be had")) }
    }

    /// Asks before anybody needs to know.
    pub(super) async fn prepare(self: &Arc<Self>, now_ms: i64) {
        let held = self.held.lock().clone();
        self.asked(held.asked_ms, now_ms).await;
    }

    fn is_fresh(&self, held: &Held, now_ms: i64) -> bool {
        held.came_ms.is_some_and(|came| now_ms.saturating_sub(came) <= self.refresh_ms)
    }

    /// Asks, to the end even if whoever wants to know goes away: otherwise one who hangs up could keep others from new keys.
    async fn asked(self: &Arc<Self>, seen_ms: Option<i64>, now_ms: i64) {
        let this = Arc::clone(self);
        let _ = tokio::spawn(async move { this.ask(seen_ms, now_ms).await }).await;
    }

    /// Asks, unless that was done since `seen_ms`, or a short time ago.
    async fn ask(&self, seen_ms: Option<i64>, now_ms: i64) {
        let _turn = self.turn.lock().await;
        let asked_ms = self.held.lock().asked_ms;
        let is_too_soon = asked_ms.is_some_and(|asked| (0..self.retry_ms).contains(&now_ms.saturating_sub(asked)));
        if asked_ms != seen_ms || is_too_soon {
            return;
        }
        let url = &self.url;
        let came = self.source.fetch().await.and_then(|bytes| keys::of_set(&bytes));
        let mut held = self.held.lock();
        held.asked_ms = Some(now_ms);
        match came {
            Ok(keys) => {
                tracing::debug!(%url, keys = keys.len(), "an issuer's keys came");
                held.keys = Arc::new(keys);
                held.came_ms = Some(now_ms);
            }
            Err(cause) => tracing::warn!(%url, cause, "an issuer's keys could not be had"),
        }
    }
}

#[cfg(test)]
mod tests;
