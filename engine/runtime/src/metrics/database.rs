//! What is counted of the database, of the outbox in it, and of the service that webhooks go to. Nothing of it shows where
//! there is none.

use std::sync::atomic::{AtomicU64, Ordering};

use homeroom_store::outbox::Settled;
use homeroom_store::sql::{Breaking, SqlStatus};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::registered;

/// The pool, the breaker, calls by what became of them, and the outbox.
pub(super) struct DatabaseMetrics {
    connections: Family<OfState, Gauge>,
    calls: Family<OfOutcome, Counter>,
    breaker: Family<[(String, String); 0], Gauge>,
    opened: Family<[(String, String); 0], Counter>,
    again: Family<[(String, String); 0], Counter>,
    outbox: Family<OfOutcome, Counter>,
    oldest: Family<[(String, String); 0], Gauge<f64, AtomicU64>>,
    untold: Family<[(String, String); 0], Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: &'static str,
}

impl DatabaseMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        Self {
            connections: registered(registry, "homeroom_database_connections", "Connections to the database"),
            calls: registered(registry, "homeroom_database_calls", "Calls to the database, by what became of them"),
            breaker: registered(
                registry,
                "homeroom_database_breaker",
                "0: calls reach the database, 1: one attempt is made, 2: they fail at once",
            ),
            opened: registered(
                registry,
                "homeroom_database_breaker_opened",
                "How often calls were no longer let through",
            ),
            again: registered(registry, "homeroom_database_again", "Calls that were made again on another connection"),
            outbox: registered(registry, "homeroom_outbox_events", "Events of the outbox, by what became of them"),
            oldest: registered(
                registry,
                "homeroom_outbox_oldest_seconds",
                "For how long the oldest event of the outbox has waited",
            ),
            untold: registered(registry, "homeroom_webhook_news_lost", "News for a service that could not be told"),
        }
    }

    pub(super) fn database(&self, status: &SqlStatus) {
        let idle = i64::try_from(status.idle).unwrap_or(i64::MAX);
        let states = [("busy", i64::from(status.size) - idle), ("idle", idle), ("max", i64::from(status.size_max))];
        for (state, count) in states {
            self.connections.get_or_create(&OfState { state }).set(count.max(0));
        }
        let outcomes = [
            ("answered", status.answered),
            ("refused", status.refused),
            ("conflict", status.conflicts),
            ("unanswered", status.unanswered),
            ("shed", status.shed),
        ];
        for (outcome, count) in outcomes {
            self.calls.get_or_create(&OfOutcome { outcome }).inner().store(count, Ordering::Relaxed);
        }
        self.breaker.get_or_create(&[]).set(match status.breaking {
            Breaking::Closed => 0,
            Breaking::HalfOpen => 1,
            Breaking::Open => 2,
        });
        self.opened.get_or_create(&[]).inner().store(status.broken, Ordering::Relaxed);
        self.again.get_or_create(&[]).inner().store(status.again, Ordering::Relaxed);
    }

    pub(super) fn outbox(&self, settled: &Settled) {
        let outcomes = [("sent", settled.sent), ("later", settled.later), ("dead", settled.dead)];
        for (outcome, count) in outcomes.into_iter().chain([("lost", u64::from(settled.lost))]) {
            self.outbox.get_or_create(&OfOutcome { outcome }).inc_by(count);
        }
    }

    pub(super) fn untold(&self, lost: u64) {
        self.untold.get_or_create(&[]).inner().store(lost, Ordering::Relaxed);
    }

    pub(super) fn oldest(&self, seconds: f64) {
        self.oldest.get_or_create(&[]).set(seconds);
    }
}
