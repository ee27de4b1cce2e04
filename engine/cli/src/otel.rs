//! Traces for OpenTelemetry: OTLP over HTTP, as JSON, to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names. No library is
//! needed for that; see <https://opentelemetry.io/docs/specs/otlp/>.
//!
//! What happens never waits for a collector: spans stand in a bounded queue, and those that find no place are left out,
//! as are those that a collector does not take. `OTEL_TRACES_SAMPLER_ARG` says which part of all events is told of, `1` by
//! default; all servers choose the same events.

mod spans;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use homeroom_runtime::spans::{Span, Spans};
use homeroom_runtime::{Engine, TraceId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::spans::Resource;

/// How many spans may wait, and how many are sent at once.
const QUEUE_MAX: usize = 8192;
const BATCH_MAX: usize = 512;

/// How long a batch that is not full waits for more.
const BATCH_EVERY: Duration = Duration::from_secs(1);

/// How long a collector may take, and how long the last batch may when the server stops.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// What is told to a collector, as long as the server runs.
pub(crate) struct Traces {
    queue: Arc<Queue>,
    sending: JoinHandle<()>,
}

/// What waits to be told.
struct Queue {
    spans: mpsc::Sender<Option<Span>>,
    /// Ids up to this one are told of.
    wanted_max: u64,
    left_out: AtomicU64,
}

impl Spans for Queue {
    fn wants(&self, trace: TraceId) -> bool {
        trace.0 <= self.wanted_max
    }

    fn tell(&self, span: Span) {
        if self.spans.try_send(Some(span)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Traces {
    /// Begins to tell a collector what happens in `engine`, if one is set.
    ///
    /// # Errors
    /// If what is set cannot be.
    pub(crate) fn begin(engine: &Engine) -> Result<Option<Self>, String> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let base =
            || set("OTEL_EXPORTER_OTLP_ENDPOINT").map(|base| format!("{}/v1/traces", base.trim_end_matches('/')));
        let Some(url) = set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(base) else { return Ok(None) };
        let url = reqwest::Url::parse(&url).map_err(|error| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}"))?;
        let part = set("OTEL_TRACES_SAMPLER_ARG").map_or(Ok(1.0), |part| part.parse::<f64>());
        let part = part.ok().filter(|part| (0.0..=1.0).contains(part));
        let part = part.ok_or("OTEL_TRACES_SAMPLER_ARG: a number from 0 to 1 is meant")?;
        let client = reqwest::Client::builder().timeout(ANSWER_MAX).no_proxy().build();
        let client = client.map_err(|error| format!("no collector can be told anything: {error}"))?;
        let resource = Resource::new(&set("OTEL_SERVICE_NAME").unwrap_or_else(|| "homeroom".into()));
        let (spans, waiting) = mpsc::channel(QUEUE_MAX);
        // The cast is saturated, and that is meant: all of them at 1.
        let wanted_max = (part * u64::MAX as f64) as u64;
        let queue = Arc::new(Queue { spans, wanted_max, left_out: AtomicU64::new(0) });
        engine.tell_spans(Arc::clone(&queue) as Arc<dyn Spans>);
        let collector = Collector { client, url, resource };
        let sending = tokio::spawn(collector.send_all(waiting, Arc::clone(&queue)));
        Ok(Some(Self { queue, sending }))
    }

    /// Tells what is left, and ends.
    pub(crate) async fn end(self) {
        let ended = async {
            let _ = self.queue.spans.send(None).await;
            let _ = self.sending.await;
        };
        let _ = tokio::time::timeout(ANSWER_MAX, ended).await;
    }
}

/// Where spans go.
struct Collector {
    client: reqwest::Client,
    url: reqwest::Url,
    resource: Resource,
}

impl Collector {
    async fn send_all(self, mut waiting: mpsc::Receiver<Option<Span>>, queue: Arc<Queue>) {
        let mut is_heard = true;
        let mut goes_on = true;
        while goes_on {
            let (batch, more) = batch(&mut waiting).await;
            goes_on = more;
            if batch.is_empty() {
                continue;
            }
            let came = self.send(&batch).await;
            if let (Err(cause), true) = (&came, is_heard) {
                let left_out = queue.left_out.load(Ordering::Relaxed);
                tracing::warn!(cause, left_out, "the collector of traces does not take them");
            }
            is_heard = came.is_ok();
        }
    }

    async fn send(&self, batch: &[Span]) -> Result<(), String> {
        let body = self.resource.written(batch);
        let answer = self.client.post(self.url.clone()).json(&body).send().await;
        let answer = answer.map_err(|error| error.without_url().to_string())?;
        match answer.status().is_success() {
            true => Ok(()),
            false => Err(format!("it answers {}", answer.status().as_u16())),
        }
    }
}

/// The next spans: as many as may go at once, or those that came within a while after the first. And whether more may come.
async fn batch(waiting: &mut mpsc::Receiver<Option<Span>>) -> (Vec<Span>, bool) {
    let mut batch = Vec::new();
    let Some(Some(first)) = waiting.recv().await else { return (batch, false) };
    batch.push(first);
    let until = tokio::time::Instant::now() + BATCH_EVERY;
    while batch.len() < BATCH_MAX {
        match tokio::time::timeout_at(until, waiting.recv()).await {
            Ok(Some(Some(span))) => batch.push(span),
            Ok(_) => return (batch, false),
            Err(_) => break,
        }
    }
    (batch, true)
}
