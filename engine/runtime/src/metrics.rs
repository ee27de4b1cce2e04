//! What is counted, in OpenMetrics. Labels are bounded: namespaces that are served, events, queries and codes that are
//! declared (what clients make up is `(unknown)`), verdicts, and contracts that this server has served.

mod database;
mod gates;
mod laps;
mod meters;
mod page;
mod process;
mod scrape;
mod shared;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use homeroom_store::Timings;
use parking_lot::Mutex;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use self::database::DatabaseMetrics;
pub use self::gates::GateCounts;
use self::gates::GateMetrics;
pub(crate) use self::laps::{Laps, Stage};
pub(crate) use self::meters::{Came as CameTo, Meters, QueryMeter};
pub(crate) use self::scrape::Scrape;
use self::shared::SharedMetrics;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many contracts are told apart; of more, the rest are `other`.
const CONTRACTS_MAX: usize = 32;

/// What a server counts.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Mutex<Registry>,
    connections: Family<OfNamespace, Gauge>,
    contracts: Family<OfContract, Gauge>,
    known: Mutex<Vec<Arc<str>>>,
    reloads: Family<OfVerdict, Counter>,
    definitions: Family<OfDigest, Gauge>,
    reload_seconds: Gauge<f64, AtomicU64>,
    database: DatabaseMetrics,
    shared: SharedMetrics,
    redis: Mutex<Option<Arc<Timings>>>,
    gates: GateMetrics,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfNamespace {
    namespace: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfContract {
    namespace: String,
    contract: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVerdict {
    verdict: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDigest {
    digest: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVersion {
    version: &'static str,
}

/// One connection, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    gauges: [Gauge; 2],
}

impl Drop for Counted {
    fn drop(&mut self) {
        for gauge in &self.gauges {
            gauge.dec();
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let inner = Inner {
            connections: registered(&mut registry, "websocket_connections", "Connections to a namespace"),
            contracts: registered(
                &mut registry,
                "homeroom_contract_connections",
                "Connections by the digest of the contract that their client was generated from",
            ),
            known: Mutex::default(),
            reloads: registered(&mut registry, "homeroom_reloads", "Attempts to serve changed definitions"),
            definitions: registered(&mut registry, "homeroom_definitions", "1 for the digest of what is served"),
            reload_seconds: registered(
                &mut registry,
                "homeroom_reload_seconds",
                "How long the last change of definitions took to be served",
            ),
            database: DatabaseMetrics::new(&mut registry),
            shared: SharedMetrics::new(&mut registry),
            redis: Mutex::default(),
            gates: GateMetrics::new(&mut registry),
            registry: Mutex::default(),
        };
        let version: Family<OfVersion, Gauge> =
            registered(&mut registry, "homeroom_build", "1 for the version that runs");
        version.get_or_create(&OfVersion { version: env!("CARGO_PKG_VERSION") }).set(1);
        let began: Gauge<f64, AtomicU64> =
            registered(&mut registry, "process_start_time_seconds", "When this process began, since the Unix epoch");
        began.set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
        for verdict in ["served", "unchanged", "refused"] {
            drop(inner.reloads.get_or_create(&OfVerdict { verdict: verdict.to_owned() }));
        }
        *inner.registry.lock() = registry;
        Self { inner: Arc::new(inner) }
    }
}

fn registered<M>(registry: &mut Registry, name: &str, help: &str) -> M
where
    M: prometheus_client::registry::Metric + Clone + Default,
{
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
    /// All of it, as [`CONTENT_TYPE`], with what is counted elsewhere.
    pub(crate) fn text(&self, scrape: Option<Scrape>) -> String {
        let mut counted = Registry::default();
        if let Some(scrape) = scrape {
            counted.register_collector(Box::new(scrape));
        }
        let mut written = String::new();
        // Writing to a `String` does not fail.
        let _ = text::encode_registry(&mut written, &self.inner.registry.lock());
        let _ = text::encode_registry(&mut written, &counted);
        let _ = text::encode_eof(&mut written);
        written
    }

    /// Tells how calls of Redis fare.
    pub fn redis(&self, calls: Arc<Timings>) {
        *self.inner.redis.lock() = Some(calls);
    }

    pub(crate) fn redis_calls(&self) -> Option<Arc<Timings>> {
        self.inner.redis.lock().clone()
    }

    /// Tells what is served since now.
    pub fn serves(&self, digest: &str) {
        self.inner.definitions.clear();
        self.inner.definitions.get_or_create(&OfDigest { digest: digest.to_owned() }).set(1);
    }

    /// Counts an attempt to serve changed definitions; `took`: in seconds.
    pub fn reloaded(&self, verdict: &str, took: f64) {
        self.inner.reloads.get_or_create(&OfVerdict { verdict: verdict.to_owned() }).inc();
        self.inner.reload_seconds.set(took);
    }

    /// What is counted at the gate of this name.
    #[must_use]
    pub fn gate(&self, name: &'static str) -> GateCounts {
        self.inner.gates.of(name)
    }

    /// Tells how the bus between servers fares.
    pub fn bus(&self, status: &homeroom_store::bus::BusStatus) {
        self.inner.shared.bus(status);
    }

    /// Tells how the database fares.
    pub fn database(&self, status: &homeroom_store::sql::SqlStatus) {
        self.inner.database.database(status);
    }

    /// Counts what became of events of the outbox.
    pub fn outbox(&self, settled: &homeroom_store::outbox::Settled) {
        self.inner.database.outbox(settled);
    }

    /// Tells how many news for a service were lost.
    pub fn webhooks_lost(&self, lost: u64) {
        self.inner.database.untold(lost);
    }

    /// Tells for how many seconds the oldest event of the outbox has waited.
    pub fn outbox_oldest(&self, seconds: f64) {
        self.inner.database.oldest(seconds);
    }

    /// Tells how the histories of rooms fare.
    pub fn history(&self, status: &crate::history::HistoryStatus) {
        self.inner.shared.history(status);
    }

    /// Tells how many servers say that they are there.
    pub fn servers(&self, count: usize) {
        self.inner.shared.servers(count);
    }

    /// Tells how hearing what services publish fares.
    pub fn listening(&self, status: &homeroom_store::redis::PublishedStatus) {
        self.inner.shared.listening(status);
    }

    /// Tells under how many lives this server has told who is present.
    pub(crate) fn lives(&self, epoch: u64) {
        self.inner.shared.lives(epoch);
    }

    /// Counts a message of a service; `outcome`: `sent`, or why not.
    pub(crate) fn published(&self, namespace: &str, outcome: &'static str) {
        self.inner.shared.published(namespace, outcome);
    }

    /// Contracts that clients may have been generated from; those told last stay told apart.
    pub fn knows(&self, contracts: impl IntoIterator<Item = Arc<str>>) {
        let mut known = self.inner.known.lock();
        for contract in contracts {
            if !known.contains(&contract) {
                known.push(contract);
            }
        }
        let too_many = known.len().saturating_sub(CONTRACTS_MAX);
        known.drain(..too_many);
    }

    /// Counts a connection, by the contract that its client says it was generated from.
    pub(crate) fn connected(&self, namespace: &str, contract: Option<&str>) -> Counted {
        let namespace = namespace.to_owned();
        let contract = match contract {
            None => "none",
            Some(said) if self.inner.known.lock().iter().any(|known| **known == *said) => said,
            Some(_) => "other",
        };
        let of_contract = OfContract { namespace: namespace.clone(), contract: contract.to_owned() };
        let gauges = [
            self.inner.connections.get_or_create_owned(&OfNamespace { namespace }),
            self.inner.contracts.get_or_create_owned(&of_contract),
        ];
        for gauge in &gauges {
            gauge.inc();
        }
        Counted { gauges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_while_they_last_and_contracts_are_bounded() {
        let metrics = Metrics::default();
        metrics.knows(["abc".into()]);
        let held = [Some("abc"), Some("made up"), None].map(|contract| metrics.connected("/a", contract));
        let text = metrics.text(None);
        assert!(text.contains("websocket_connections{namespace=\"/a\"} 3"), "{text}");
        assert!(text.contains("contract=\"abc\"} 1") && text.contains("contract=\"other\"} 1"), "{text}");
        assert!(!text.contains("made up") && text.ends_with("# EOF\n"), "{text}");
        drop(held);
        assert!(metrics.text(None).contains("websocket_connections{namespace=\"/a\"} 0"));
    }

    #[test]
    fn one_digest_is_served_at_a_time() {
        let metrics = Metrics::default();
        metrics.serves("one");
        metrics.serves("two");
        metrics.reloaded("served", 0.5);
        let text = metrics.text(None);
        assert!(text.contains("homeroom_definitions{digest=\"two\"} 1") && !text.contains("\"one\""), "{text}");
        assert!(text.contains("homeroom_reloads_total{verdict=\"served\"} 1"), "{text}");
    }
}
