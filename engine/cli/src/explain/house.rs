//! An engine of one's own to ask: the definitions as in service, state in memory, the database read and never written.

use std::sync::Arc;

use homeroom_plan::Plan;
use homeroom_plan::program::Namespace;
use homeroom_runtime::engine::Knock;
use homeroom_runtime::explain::Recorder;
use homeroom_runtime::input::Incoming;
use homeroom_runtime::{
    Authenticator, Bound, Engine, Hooks, Refusal, RuntimeSettings, Session, Stores, Verified, identity::Verifying,
};
use homeroom_socket::hub::{Hub, HubLimits};
use homeroom_socket::outgoing::Outgoing;
use homeroom_socket::seam::Wire;
use homeroom_store::sql::Db;
use homeroom_store::state::StateLimits;
use homeroom_store::{Clock, MemoryLimits, MemoryPresence, MemoryState, PresenceRules, SystemClock};
use serde_json::Value;

use super::trail::{Found, Trail};
use crate::scenario::stage::Tape;

/// How many counters limits that connections share may have.
const LIMITS_MAX: usize = 1000;

/// What the house is made of.
pub(super) struct Parts {
    pub(super) plan: Arc<Plan>,
    pub(super) namespace: Arc<Namespace>,
    pub(super) hooks: Hooks,
    pub(super) settings: RuntimeSettings,
    pub(super) db: Option<Db>,
}

/// The engine, and what it finds.
pub(super) struct House {
    pub(super) engine: Engine,
    hub: Arc<Hub>,
    trail: Arc<Trail>,
}

/// Somebody's connection.
pub(super) struct Seat {
    pub(super) session: Arc<Session>,
    pub(super) tape: Arc<Tape>,
}

impl House {
    pub(super) fn new(parts: Parts) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let settings = RuntimeSettings { rehearses: true, decisions_max: 0, ..parts.settings };
        let stores = Stores {
            state: Arc::new(MemoryState::new(Arc::clone(&clock), StateLimits::default())),
            presence: Arc::new(MemoryPresence::new(Arc::clone(&clock), PresenceRules::default())),
            ledger: Arc::new(MemoryState::new(Arc::clone(&clock), StateLimits::default())),
            limits: Arc::new(MemoryLimits::new(Arc::clone(&clock), LIMITS_MAX)),
            cluster: None,
            history: None,
            db: parts.db,
        };
        let hub = Arc::new(Hub::new(HubLimits::default()));
        let trail = Arc::new(Trail::new(Arc::clone(&parts.plan), parts.namespace));
        let recorder: Arc<dyn Recorder> = trail.clone();
        let bound = Bound::new(parts.plan, parts.hooks, &settings, Arc::clone(&clock)).recorded_by(recorder);
        let outlet = Arc::new(Outgoing::new(Arc::clone(&hub)));
        let engine = Engine::new(bound, outlet, stores, clock, Arc::new(AtTheirWord), settings);
        Self { engine, hub, trail }
    }

    /// What was found since this was last asked.
    pub(super) fn found(&self) -> Vec<Found> {
        self.trail.take()
    }

    /// Somebody connects.
    ///
    /// # Errors
    /// The code they are refused with, and its text.
    pub(super) async fn connect(&self, namespace: &str, user: &Value, auth: Value) -> Result<Seat, (String, String)> {
        let tape = Arc::new(Tape::default());
        let wire: Arc<dyn Wire> = tape.clone();
        let namespace: Arc<str> = namespace.into();
        let conn =
            self.hub.open(&namespace, wire).map_err(|error| ("TOO_MANY_CONNECTIONS".into(), error.to_string()))?;
        let mut auth = match auth {
            auth @ Value::Object(_) => auth,
            _ => Value::Object(serde_json::Map::new()),
        };
        auth["token"] = user.to_string().into();
        let knock = Knock { conn: conn.to_u64(), public_id: format!("socket-{}", conn.index).into(), namespace, auth };
        match self.engine.connect(knock).await {
            Ok(admitted) => {
                let session = Arc::clone(&admitted.session);
                self.hub.announce(conn);
                self.engine.connected(admitted);
                session.settled().await;
                Ok(Seat { session, tape })
            }
            Err(rejected) => {
                self.hub.close(conn);
                Err((rejected.code.to_string(), rejected.message.to_string()))
            }
        }
    }

    /// Somebody sends an event, and everything that it brings about is done. Yields the ack's arguments.
    pub(super) async fn emit(&self, seat: &Seat, event: &str, args: &[Value]) -> Vec<Value> {
        const ACK: u64 = 0;
        let mut packet = vec![Value::from(event)];
        packet.extend_from_slice(args);
        let text = Value::Array(packet).to_string().into();
        self.engine.receive(&seat.session, Incoming { text, ack: Some(ACK), attachments: Vec::new() });
        seat.session.settled().await;
        let acks = std::mem::take(&mut *seat.tape.acks.lock());
        acks.into_iter().map(|(_, args)| args).next_back().unwrap_or_default()
    }
}

/// Takes the token for the user, as JSON: whoever asks here may be anyone.
struct AtTheirWord;

impl Authenticator for AtTheirWord {
    fn verify<'a>(&'a self, token: Option<&'a str>, _: i64) -> Verifying<'a> {
        let user = token.and_then(|token| serde_json::from_str(token).ok());
        let verified = user.map(Verified::lasting).ok_or_else(|| Refusal::code("UNAUTHENTICATED"));
        Box::pin(std::future::ready(verified))
    }
}
