//! How webhooks travel: signed, to one service, bounded in time and size; news through a queue for each of them.

mod post;
mod resolve;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use homeroom_plan::program::Webhook;
use homeroom_runtime::webhooks::{Answer, Call, Webhooks};
use homeroom_store::breaker::Breaker;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use post::{Failed, Post};

pub(crate) use post::service;

/// After how many failures in a row the service is left alone for a while, and for how long at first.
const FAILURES_MAX: u32 = 5;
const REST: Duration = Duration::from_secs(1);
/// How long another attempt waits, about; twice as long before each further one.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Where webhooks go, and their bounds. Its `Debug` has no secrets.
#[derive(Clone)]
pub struct WebhookSettings {
    /// The service: what paths are below of.
    pub url: String,
    /// What calls are signed with.
    pub secret: String,
    /// Whether it may stand at an address that is not reached from everywhere.
    pub allow_private: bool,
    /// News that may wait, for each webhook.
    pub queue_max: usize,
    /// Bytes that an answer may have.
    pub answer_bytes_max: usize,
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("allow_private", &self.allow_private)
            .field("queue_max", &self.queue_max)
            .field("answer_bytes_max", &self.answer_bytes_max)
            .finish_non_exhaustive()
    }
}

/// Webhooks over HTTP.
pub(crate) struct Http {
    inner: Arc<Inner>,
    queues: Mutex<HashMap<Arc<str>, mpsc::Sender<News>>>,
}

struct Inner {
    post: Post,
    breaker: Breaker,
    queue_max: usize,
    lost: AtomicU64,
}

/// Something that is to be told.
struct News {
    path: Box<str>,
    body: Vec<u8>,
    timeout: Duration,
    attempts: u32,
}

impl Http {
    /// # Errors
    /// If the URL is none, or TLS cannot be had.
    pub(crate) fn new(settings: &WebhookSettings) -> Result<Self, String> {
        let inner = Inner {
            post: Post::new(settings)?,
            breaker: Breaker::new(FAILURES_MAX, REST),
            queue_max: settings.queue_max,
            lost: AtomicU64::new(0),
        };
        Ok(Self { inner: Arc::new(inner), queues: Mutex::default() })
    }

    fn queue(&self, webhook: &Webhook) -> mpsc::Sender<News> {
        let mut queues = self.queues.lock();
        queues
            .entry(Arc::clone(&webhook.name))
            .or_insert_with(|| {
                let (queue, news) = mpsc::channel(self.inner.queue_max);
                tokio::spawn(tell(Arc::clone(&self.inner), Arc::clone(&webhook.name), news));
                queue
            })
            .clone()
    }
}

impl Webhooks for Http {
    fn ask<'a>(&'a self, call: Call<'a>) -> futures_util::future::BoxFuture<'a, Result<Answer, String>> {
        let webhook = call.webhook;
        Box::pin(async move {
            let body = self.inner.posted(&webhook.path, call.body(), webhook.timeout, webhook.attempts).await?;
            Answer::read(&body)
        })
    }

    fn tell(&self, call: Call<'_>) {
        let webhook = call.webhook;
        let news = News {
            path: webhook.path.clone(),
            body: call.body(),
            timeout: webhook.timeout,
            attempts: webhook.attempts,
        };
        if self.queue(webhook).try_send(news).is_err() {
            self.inner.lose(&webhook.name, "too many wait");
        }
    }

    fn lost(&self) -> u64 {
        self.inner.lost.load(Ordering::Relaxed)
    }
}

impl Inner {
    /// Posts, as often as may be; all attempts together take no longer than the timeout.
    async fn posted(&self, path: &str, body: Vec<u8>, within: Duration, attempts: u32) -> Result<Vec<u8>, String> {
        let ends = Instant::now() + within;
        let mut attempt = 1;
        loop {
            if !self.breaker.enter() {
                return Err("the service has not answered for a while, and is not asked until it may again".into());
            }
            // Whoever stops waiting leaves as one who was not answered.
            let visit = Visit { breaker: &self.breaker, answered: false };
            let left = ends.saturating_duration_since(Instant::now());
            let came = self.post.send(path, &body, left).await;
            visit.ends(!matches!(came, Err(Failed::Nobody(_))));
            match came {
                Ok(body) => return Ok(body),
                Err(failed) if attempt >= attempts || !failed.may_pass() => return Err(failed.why()),
                Err(failed) => {
                    let rest = jittered(AGAIN_AFTER * (1 << attempt.min(4)), attempt);
                    if Instant::now() + rest >= ends {
                        return Err(failed.why());
                    }
                    tokio::time::sleep(rest).await;
                }
            }
            attempt += 1;
        }
    }

    fn lose(&self, webhook: &str, why: &str) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        // Not once for each: what is lost in masses is told now and then.
        if lost.is_power_of_two() {
            tracing::warn!(webhook, why, lost, "news for a service were lost");
        }
    }
}

/// A call between entering the breaker and leaving it.
struct Visit<'b> {
    breaker: &'b Breaker,
    answered: bool,
}

impl Visit<'_> {
    fn ends(mut self, answered: bool) {
        self.answered = answered;
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.breaker.left(self.answered);
    }
}

/// Tells what is in a queue, one after the other.
async fn tell(inner: Arc<Inner>, webhook: Arc<str>, mut news: mpsc::Receiver<News>) {
    while let Some(one) = news.recv().await {
        if let Err(why) = inner.posted(&one.path, one.body, one.timeout, one.attempts).await {
            inner.lose(&webhook, &why);
        }
    }
}

/// Half of it at least, and not the same for everyone.
fn jittered(longest: Duration, turn: u32) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let chance = u32::try_from(RandomState::new().hash_one(turn) % 1000).unwrap_or(0);
    longest / 2 + longest / 2 * chance / 1000
}
