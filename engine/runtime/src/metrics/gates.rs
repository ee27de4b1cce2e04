//! What is counted at gates.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::registered;

/// The gates of a server.
pub(super) struct GateMetrics {
    admitted: Family<OfGate, Counter>,
    refused: Family<OfRefusal, Counter>,
    waiting: Family<OfGate, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfGate {
    gate: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRefusal {
    gate: &'static str,
    why: &'static str,
}

/// What one gate counts.
#[derive(Debug, Clone)]
pub struct GateCounts {
    pub(crate) admitted: Counter,
    /// Sent away at once: the line was full.
    pub(crate) full: Counter,
    /// Sent away after they had waited.
    pub(crate) late: Counter,
    pub(crate) waiting: Gauge,
}

impl GateMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        Self {
            admitted: registered(registry, "homeroom_gate_admitted", "Those who went through a gate"),
            refused: registered(registry, "homeroom_gate_refused", "Those who were told at a gate to come back later"),
            waiting: registered(registry, "homeroom_gate_waiting", "Those who stand in line at a gate"),
        }
    }

    pub(super) fn of(&self, gate: &'static str) -> GateCounts {
        let refused = |why| self.refused.get_or_create_owned(&OfRefusal { gate, why });
        GateCounts {
            admitted: self.admitted.get_or_create_owned(&OfGate { gate }),
            full: refused("full"),
            late: refused("late"),
            waiting: self.waiting.get_or_create_owned(&OfGate { gate }),
        }
    }
}
