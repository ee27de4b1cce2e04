//! What a scenario is played on: the engine as in service, behind a wire that only writes down what it is given.

use std::collections::VecDeque;
use std::sync::Arc;

use homeroom_definition::Node;
use homeroom_runtime::engine::Knock;
use homeroom_runtime::input::Incoming;
use homeroom_runtime::{Authenticator, Bound, Engine, Refusal, Session, Stores, Verified};
use homeroom_socket::hub::{Hub, HubLimits};
use homeroom_socket::outgoing::Outgoing;
use homeroom_socket::seam::{ConnId, Full, Packet, Wire};
use homeroom_store::sql::{Db, SqlLimits};
use homeroom_store::state::StateLimits;
use homeroom_store::{Clock, ManualClock, MemoryLimits, MemoryPresence, MemoryState};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::file::plain_name;
use super::{Theatre, Users};

/// When every scenario begins: 15 January 2025, 9 o'clock, a Wednesday, in milliseconds since the Unix epoch.
pub(super) const BEGINS_AT_MS: i64 = 1_736_931_600_000;

/// How many counters limits that connections share may have.
const LIMITS_MAX: usize = 100_000;

/// An event that came to somebody.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) event: String,
    pub(super) args: Vec<Value>,
}

/// Someone's wire: what came, and the answers.
#[derive(Default)]
pub(super) struct Tape {
    pub(super) events: Mutex<VecDeque<Received>>,
    pub(super) acks: Mutex<Vec<(u64, Vec<Value>)>>,
    pub(super) ended: Mutex<bool>,
}

impl Wire for Tape {
    fn send(&self, packet: Packet<'_>) -> Result<(), Full> {
        match packet {
            Packet::Event { message, .. } => {
                let received = Received { event: message.event.to_string(), args: values(message.args.text()) };
                self.events.lock().push_back(received);
            }
            Packet::Ack { id, args } => self.acks.lock().push((id, values(args.text()))),
        }
        Ok(())
    }

    fn disconnect(&self) {
        *self.ended.lock() = true;
    }

    fn kill(&self) {
        *self.ended.lock() = true;
    }
}

fn values(text: &str) -> Vec<Value> {
    serde_json::from_str(&format!("[{text}]")).unwrap_or_default()
}

/// Someone's connection.
pub(super) struct Seat {
    pub(super) session: Arc<Session>,
    pub(super) tape: Arc<Tape>,
    conn: ConnId,
}

/// The engine, its clock and its connections.
pub(super) struct Stage {
    pub(super) engine: Engine,
    pub(super) clock: Arc<ManualClock>,
    namespace: Arc<str>,
    hub: Arc<Hub>,
}

impl Stage {
    /// A stage where nothing has happened yet.
    ///
    /// # Errors
    /// What the database says of the fixtures.
    pub(super) async fn new(
        theatre: &Theatre<'_>,
        namespace: &str,
        users: &Users,
        fixtures: Option<&str>,
    ) -> Result<Self, String> {
        let clock = Arc::new(ManualClock::at(BEGINS_AT_MS));
        let shared: Arc<dyn Clock> = clock.clone();
        let db = match fixtures {
            Some(script) => Some(Db::embedded(script, SqlLimits::default()).await.map_err(|error| error.to_string())?),
            None => None,
        };
        let stores = Stores {
            state: Arc::new(MemoryState::new(Arc::clone(&shared), StateLimits::default())),
            presence: Arc::new(MemoryPresence::new()),
            limits: Arc::new(MemoryLimits::new(Arc::clone(&shared), LIMITS_MAX)),
            db,
        };
        let hub = Arc::new(Hub::new(HubLimits::default()));
        let bound =
            Bound::new(Arc::clone(&theatre.plan), theatre.hooks.clone(), &theatre.settings, Arc::clone(&shared));
        let engine = Engine::new(
            bound,
            Arc::new(Outgoing::new(Arc::clone(&hub))),
            stores,
            shared,
            Arc::new(ByName::new(users)),
            theatre.settings.clone(),
        );
        Ok(Self { engine, clock, namespace: namespace.into(), hub })
    }

    /// Somebody connects; the error is the code they are refused with.
    pub(super) async fn connect(&self, name: &str, auth: Option<Value>) -> Result<Seat, String> {
        let tape = Arc::new(Tape::default());
        let wire: Arc<dyn Wire> = tape.clone();
        let conn = self.hub.open(&self.namespace, wire).map_err(|_| "TOO_MANY_CONNECTIONS".to_owned())?;
        let mut auth = auth.unwrap_or_else(|| json!({}));
        auth["token"] = plain_name(name).into();
        let knock = Knock {
            conn: conn.to_u64(),
            public_id: format!("{name}-{}", conn.index).into(),
            namespace: Arc::clone(&self.namespace),
            auth,
        };
        match self.engine.connect(knock).await {
            Ok(admitted) => {
                let session = Arc::clone(&admitted.session);
                self.hub.announce(conn);
                self.engine.connected(admitted);
                session.settled().await;
                Ok(Seat { session, tape, conn })
            }
            Err(rejected) => {
                self.hub.close(conn);
                Err(rejected.code.to_string())
            }
        }
    }

    /// Somebody goes.
    pub(super) async fn disconnect(&self, seat: Seat) {
        self.hub.close(seat.conn);
        self.engine.closed(&seat.session);
        seat.session.settled().await;
    }

    /// Somebody sends an event, and everything that it brings about is done.
    pub(super) async fn emit(&self, seat: &Seat, event: &str, args: &[Value], ack: Option<u64>) {
        let mut packet = vec![Value::from(event)];
        packet.extend_from_slice(args);
        let text = Value::Array(packet).to_string().into();
        self.engine.receive(&seat.session, Incoming { text, ack, attachments: Vec::new() });
        seat.session.settled().await;
    }

    /// Time passes: everything that is due on the way happens when it is due. Connections that were ended by it go.
    pub(super) async fn advance(&self, ms: i64, seats: &[&Seat]) {
        let end = self.clock.now_ms() + ms;
        while let Some(due) = self.engine.next_due().filter(|due| *due <= end) {
            self.clock.set(due.max(self.clock.now_ms()));
            self.engine.tick().await;
            for seat in seats {
                seat.session.settled().await;
            }
            if self.engine.next_due() == Some(due) {
                // Nothing more can be done of it now; time must not stand still for it.
                self.clock.advance(1);
            }
        }
        self.clock.set(end);
        self.engine.tick().await;
    }
}

/// Knows users by the names they have in a file of scenarios.
struct ByName {
    users: Vec<(String, Value)>,
}

impl ByName {
    fn new(users: &Users) -> Self {
        let known = |(name, node): &(homeroom_definition::Text, Node)| (name.value.clone(), node.to_json());
        Self { users: users.iter().map(known).collect() }
    }
}

impl Authenticator for ByName {
    fn verify(&self, token: Option<&str>, _: i64) -> Result<Verified, Refusal> {
        let found = self.users.iter().find(|(name, _)| Some(name.as_str()) == token);
        let (_, user) = found.ok_or_else(|| Refusal::code("UNAUTHENTICATED"))?;
        Ok(Verified { user: user.clone(), expires_at_ms: None })
    }
}
