//! Every bound of the runtime, by name.

use std::time::Duration;

use crate::review::OnDenied;

/// Bounds of what one event, one connection and one user may take. All are finite; the defaults suit a school district.
#[derive(Debug, Clone)]
pub struct RuntimeSettings {
    /// How long one event may run before it is refused with TIMEOUT.
    pub event_timeout: Duration,
    /// How many events of one connection may wait; beyond, BUSY.
    pub queue_events_max: usize,
    /// How many bytes the events of one connection that wait may have together, attachments included; beyond, BUSY.
    pub queue_bytes_max: usize,
    /// How many bytes an event's JSON text may have; beyond, PAYLOAD_TOO_LARGE.
    pub payload_bytes_max: usize,
    /// How deep a payload may be nested.
    pub payload_depth_max: usize,
    /// How many arguments an event may have.
    pub arguments_max: usize,
    /// How many rooms one connection may be in; beyond, FULL.
    pub rooms_per_connection_max: usize,
    /// How many room changes and emissions one event may make; beyond, INTERNAL.
    pub effects_per_event_max: usize,
    /// How many connections one user may have to one namespace; beyond, TOO_MANY_CONNECTIONS.
    pub connections_per_user_max: usize,
    /// How many connects, and events that enter rooms, may be under way at once, over all connections; the rest stand in
    /// line.
    pub entering_max: usize,
    /// How many may stand in that line; beyond, BUSY.
    pub entering_waiting_max: usize,
    /// How long one may stand there; beyond, BUSY.
    pub entering_wait: Duration,
    /// How many events of any one name a connection may send where the definition says nothing: this many
    pub default_rate_count: u32,
    /// within this long. Names that are not declared share one such limit.
    pub default_rate_per: Duration,
    /// How many bytes the name of a field or a set's member may have.
    pub field_bytes_max: usize,
    /// How many answers of the database are kept for reuse.
    pub answers_max: u64,
    /// How long a hook may run.
    pub hook_timeout: Duration,
    /// How many bytes `socket.vars` may hold, as JSON.
    pub socket_vars_bytes_max: usize,
    /// What becomes of a connection in a room that the rules of a new plan would not admit it to.
    pub on_denied: OnDenied,
    /// What events write to the database is rolled back: they are only tried, to see what they would come to.
    pub rehearses: bool,
    /// How many decisions are remembered; 0: none.
    pub decisions_max: usize,
    /// How many bytes they may take together.
    pub decisions_bytes_max: usize,
    /// How many bytes may be kept of what is sent to rooms with `history:`, over all of them; beyond, a room forgets its
    /// oldest.
    pub history_bytes_max: usize,
    /// How many missed events one event or connect may bring about; beyond, its client is told that it was not recovered.
    pub missed_max: usize,
}

impl Default for RuntimeSettings {
    fn default() -> Self {
        Self {
            event_timeout: Duration::from_secs(10),
            queue_events_max: 256,
            queue_bytes_max: 4 * 1024 * 1024,
            payload_bytes_max: 256 * 1024,
            payload_depth_max: 64,
            arguments_max: 32,
            rooms_per_connection_max: 128,
            effects_per_event_max: 4096,
            connections_per_user_max: 10,
            entering_max: 128,
            entering_waiting_max: 4096,
            entering_wait: Duration::from_secs(5),
            default_rate_count: 100,
            default_rate_per: Duration::from_secs(10),
            field_bytes_max: 256,
            answers_max: 100_000,
            hook_timeout: Duration::from_secs(5),
            socket_vars_bytes_max: 4096,
            on_denied: OnDenied::default(),
            rehearses: false,
            decisions_max: 10_000,
            decisions_bytes_max: 4 * 1024 * 1024,
            history_bytes_max: 64 * 1024 * 1024,
            missed_max: 800,
        }
    }
}
