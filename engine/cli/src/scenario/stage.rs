//! What a scenario is played on: the engine as in service, behind a wire that only writes down what it is given.

use std::collections::VecDeque;
use std::sync::Arc;

use homeroom_runtime::engine::Knock;
use homeroom_runtime::input::Incoming;
use homeroom_runtime::{Authenticator, Bound, Engine, Refusal, Session, Stores, Verified};
use homeroom_socket::hub::{Hub, HubLimits};
use homeroom_socket::outgoing::Outgoing;
use homeroom_socket::seam::{ConnId, Full, Packet, Wire};
use homeroom_store::sql::{Db, SqlLimits};
use homeroom_store::state::StateLimits;
use homeroom_store::{Clock, ManualClock, MemoryLimits, MemoryPresence, MemoryState, PresenceRules};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::Theatre;
use super::file::plain_name;

/// When every scenario begins: 15 January 2025, 9 o'clock, a Wednesday, in milliseconds since the Unix epoch.
pub const BEGINS_AT_MS: i64 = 1_736_931_600_000;

/// How many counters limits that connections share may have.
const LIMITS_MAX: usize = 100_000;

/// An event that came to somebody.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its name.
    pub event: String,
    /// Its arguments.
    pub args: Vec<Value>,
}

/// Someone's wire: what came, and the answers.
#[derive(Default)]
pub struct Tape {
    /// Events that came and were not looked at yet.
    pub events: Mutex<VecDeque<Received>>,
    /// Answers, by the number they were asked for with.
    pub acks: Mutex<Vec<(u64, Vec<Value>)>>,
    /// Whether the engine ended the connection.
    pub ended: Mutex<bool>,
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
pub struct Seat {
    /// The engine's side of it.
    pub session: Arc<Session>,
    /// What came over it.
    pub tape: Arc<Tape>,
    conn: ConnId,
}

/// The engine, its clock and its connections.
pub struct Stage {
    /// The engine.
    pub engine: Engine,
    clock: Arc<ManualClock>,
    namespace: Arc<str>,
    hub: Arc<Hub>,
}

impl Stage {
    /// A stage where nothing has happened yet, for these people: `user` as definitions see it, by a name of one's own.
    ///
    /// # Errors
    /// What the database says of the fixtures.
    pub async fn new(
        theatre: &Theatre<'_>,
        namespace: &str,
        people: Vec<(String, Value)>,
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
            presence: Arc::new(MemoryPresence::new(Arc::clone(&shared), PresenceRules::default())),
            limits: Arc::new(MemoryLimits::new(Arc::clone(&shared), LIMITS_MAX)),
            db,
            cluster: None,
        };
        let hub = Arc::new(Hub::new(HubLimits::default()));
        let bound =
            Bound::new(Arc::clone(&theatre.plan), theatre.hooks.clone(), &theatre.settings, Arc::clone(&shared));
        let engine = Engine::new(
            bound,
            Arc::new(Outgoing::new(Arc::clone(&hub))),
            stores,
            shared,
            Arc::new(ByName { people }),
            theatre.settings.clone(),
        );
        Ok(Self { engine, clock, namespace: namespace.into(), hub })
    }

    /// Somebody connects, by name; `alice#2` is her second tab.
    ///
    /// # Errors
    /// The code they are refused with.
    pub async fn connect(&self, name: &str, auth: Option<Value>) -> Result<Seat, String> {
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
    pub async fn disconnect(&self, seat: Seat) {
        self.hub.close(seat.conn);
        self.engine.closed(&seat.session);
        seat.session.settled().await;
    }

    /// Somebody sends an event, and everything that it brings about is done.
    pub async fn emit(&self, seat: &Seat, event: &str, args: &[Value], ack: Option<u64>) {
        let mut packet = vec![Value::from(event)];
        packet.extend_from_slice(args);
        let text = Value::Array(packet).to_string().into();
        self.engine.receive(&seat.session, Incoming { text, ack, attachments: Vec::new() });
        seat.session.settled().await;
    }

    /// Time passes, in milliseconds: everything that is due on the way happens when it is due. Connections that were ended by it go.
    pub async fn advance(&self, ms: i64, seats: &[&Seat]) {
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

/// Knows people by the names they are given.
struct ByName {
    people: Vec<(String, Value)>,
}

impl Authenticator for ByName {
    fn verify(&self, token: Option<&str>, _: i64) -> Result<Verified, Refusal> {
        let found = self.people.iter().find(|(name, _)| Some(name.as_str()) == token);
        let (_, user) = found.ok_or_else(|| Refusal::code("UNAUTHENTICATED"))?;
        Ok(Verified { user: user.clone(), expires_at_ms: None })
    }
}
