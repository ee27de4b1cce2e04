//! What is counted of the parts that servers share. Nothing of it shows on a server that stands alone.

use std::sync::atomic::Ordering;

use homeroom_store::bus::BusStatus;
use homeroom_store::redis::PublishedStatus;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::registered;
use crate::history::HistoryStatus;

/// A metric without labels that shows once it was told.
type One<M> = Family<[(String, String); 0], M>;

/// The bus, the servers, and what other services publish.
pub(super) struct SharedMetrics {
    connected: One<Gauge>,
    connections: One<Counter>,
    frames: Family<OfFrame, Counter>,
    queued: One<Gauge>,
    channels: One<Gauge>,
    servers: One<Gauge>,
    lives: One<Gauge>,
    published: Family<OfPublished, Counter>,
    published_connected: One<Gauge>,
    published_leads: One<Gauge>,
    published_lost: One<Counter>,
    history_rooms: One<Gauge>,
    history_bytes: One<Gauge>,
    history_gaps: One<Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFrame {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPublished {
    namespace: String,
    outcome: &'static str,
}

impl SharedMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let mut named = Named(registry);
        Self {
            connected: named.metric("homeroom_bus_connected", "Whether the other servers can be heard"),
            connections: named.metric("homeroom_bus_connections", "How often hearing the other servers began"),
            frames: named.metric("homeroom_bus_frames", "Frames between servers, by what became of them"),
            queued: named.metric("homeroom_bus_queued", "Frames that wait to leave or to be taken"),
            channels: named.metric("homeroom_bus_channels", "Channels that this server listens to"),
            servers: named.metric("homeroom_servers", "Servers that say that they are there"),
            lives: named.metric("homeroom_presence_lives", "Lives under which this server has told who is present"),
            published: named.metric("homeroom_emitter_messages", "Messages of other services, by what became of them"),
            published_connected: named.metric("homeroom_emitter_connected", "Whether what services publish is heard"),
            published_leads: named
                .metric("homeroom_emitter_leads", "Whether this server acts on what services publish"),
            published_lost: named
                .metric("homeroom_emitter_lost", "Messages of services that had no place, or came too late"),
            history_rooms: named.metric("homeroom_history_rooms", "Rooms of which this server keeps what was sent"),
            history_bytes: named.metric("homeroom_history_bytes", "Bytes that it keeps of them"),
            history_gaps: named.metric("homeroom_history_gaps", "Times that members of such a room missed something"),
        }
    }

    pub(super) fn bus(&self, status: &BusStatus) {
        gauge(&self.connected, i64::from(status.connected));
        counter(&self.connections, status.epoch);
        let outcomes = [
            ("sent", status.published),
            ("lost", status.dropped),
            ("received", status.received),
            ("missed", status.missed),
            ("refused", status.refused),
        ];
        for (outcome, count) in outcomes {
            self.frames.get_or_create(&OfFrame { outcome }).inner().store(count, Ordering::Relaxed);
        }
        gauge(&self.queued, size(status.queued));
        gauge(&self.channels, size(status.channels));
    }

    pub(super) fn history(&self, status: &HistoryStatus) {
        gauge(&self.history_rooms, size(status.rooms));
        gauge(&self.history_bytes, size(status.bytes));
        counter(&self.history_gaps, status.gaps);
    }

    pub(super) fn servers(&self, count: usize) {
        gauge(&self.servers, size(count));
    }

    pub(super) fn lives(&self, epoch: u64) {
        gauge(&self.lives, i64::try_from(epoch).unwrap_or(i64::MAX));
    }

    pub(super) fn published(&self, namespace: &str, outcome: &'static str) {
        self.published.get_or_create(&OfPublished { namespace: namespace.to_owned(), outcome }).inc();
    }

    pub(super) fn listening(&self, status: &PublishedStatus) {
        gauge(&self.published_connected, i64::from(status.connected));
        gauge(&self.published_leads, i64::from(status.leads));
        counter(&self.published_lost, status.lost);
    }
}

struct Named<'r>(&'r mut Registry);

impl Named<'_> {
    fn metric<M>(&mut self, name: &str, help: &str) -> M
    where
        M: prometheus_client::registry::Metric + Clone + Default,
    {
        registered(self.0, name, help)
    }
}

fn gauge(family: &One<Gauge>, value: i64) {
    family.get_or_create(&[]).set(value);
}

/// Counts that are kept elsewhere, and only grow.
fn counter(family: &One<Counter>, value: u64) {
    family.get_or_create(&[]).inner().store(value, Ordering::Relaxed);
}

fn size(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
