//! What a scenario is played on: the engine as in service, behind a wire that only writes down what it is given; one
//! server, or several that share their stores and a bus in memory.

mod servers;
mod service;
mod tape;

use std::sync::Arc;

use homeroom_plan::Plan;
use homeroom_runtime::engine::Knock;
use homeroom_runtime::input::Incoming;
use homeroom_runtime::{Reached, Refusal, Session};
use homeroom_socket::seam::{ConnId, Wire};
use homeroom_store::{Clock, ManualClock};
use serde_json::{Value, json};

use self::servers::Server;
pub use self::service::Service;
pub use self::tape::{Received, Tape};
use super::Theatre;
use super::file::{plain_name, server_of};

/// How often servers are heard and their histories tended at most, until there is nothing more.
const HEARING_MAX: usize = 1000;

/// When every scenario begins: 15 January 2025, 9 o'clock, a Wednesday, in milliseconds since the Unix epoch.
pub const BEGINS_AT_MS: i64 = 1_736_931_600_000;

/// Someone's connection.
pub struct Seat {
    /// The engine's side of it.
    pub session: Arc<Session>,
    /// What came over it.
    pub tape: Arc<Tape>,
    conn: ConnId,
    server: usize,
}

/// The servers, their clock and their connections.
pub struct Stage {
    servers: Vec<Server>,
    clock: Arc<ManualClock>,
    namespace: Arc<str>,
    /// Where webhooks go.
    pub(super) service: Arc<Service>,
}

/// What a stage is set with.
pub struct Setting<'s> {
    /// The namespace that clients connect to.
    pub namespace: &'s str,
    /// Who can connect: `user` as definitions see it, by a name of one's own.
    pub people: Vec<(String, Value)>,
    /// The script that fills the database.
    pub fixtures: Option<&'s str>,
    /// The names of the servers; none: one without a name.
    pub servers: Vec<String>,
    /// What webhooks are answered.
    pub service: Arc<Service>,
}

impl Stage {
    /// A stage of one server, where nothing has happened yet.
    ///
    /// # Errors
    /// What the database says of the fixtures.
    pub async fn new(
        theatre: &Theatre<'_>,
        namespace: &str,
        people: Vec<(String, Value)>,
        fixtures: Option<&str>,
    ) -> Result<Self, String> {
        Self::set(theatre, Setting { namespace, people, fixtures, servers: Vec::new(), service: Arc::default() }).await
    }

    /// A stage where nothing has happened yet.
    ///
    /// # Errors
    /// What the database says of the fixtures.
    pub async fn set(theatre: &Theatre<'_>, setting: Setting<'_>) -> Result<Self, String> {
        let clock = Arc::new(ManualClock::at(BEGINS_AT_MS));
        let (namespace, service) = (setting.namespace.into(), Arc::clone(&setting.service));
        let servers = servers::founded(theatre, setting, &clock).await?;
        let stage = Self { servers, clock, namespace, service };
        stage.tend().await;
        Ok(stage)
    }

    /// Somebody connects, by name; `alice#2` is her second tab, `alice@b` she on the server `b`.
    ///
    /// # Errors
    /// The code they are refused with; `UNAVAILABLE` if their server is dead.
    pub async fn connect(&self, name: &str, auth: Option<Value>) -> Result<Seat, String> {
        let at = self.server_for(name).ok_or("UNAVAILABLE")?;
        let server = &self.servers[at];
        let tape = Arc::new(Tape::default());
        let wire: Arc<dyn Wire> = tape.clone();
        let conn = server.hub.open(&self.namespace, wire).map_err(|_| "TOO_MANY_CONNECTIONS".to_owned())?;
        let mut auth = auth.unwrap_or_else(|| json!({}));
        auth["token"] = plain_name(name).into();
        let knock = Knock {
            conn: conn.to_u64(),
            public_id: format!("{name}-{}", conn.index).into(),
            namespace: Arc::clone(&self.namespace),
            auth,
        };
        match server.engine.connect(knock).await {
            Ok(admitted) => {
                let session = Arc::clone(&admitted.session);
                server.hub.announce(conn);
                server.engine.connected(admitted);
                session.settled().await;
                self.hear().await;
                Ok(Seat { session, tape, conn, server: at })
            }
            Err(rejected) => {
                server.hub.close(conn);
                Err(rejected.code.to_string())
            }
        }
    }

    /// The server that somebody is on: the one they name, else the first that lives.
    fn server_for(&self, name: &str) -> Option<usize> {
        let wanted = server_of(name);
        let fits = |server: &Server| server.lives() && wanted.is_none_or(|wanted| server.name == wanted);
        self.servers.iter().position(fits)
    }

    /// Somebody goes.
    pub async fn disconnect(&self, seat: Seat) {
        let server = &self.servers[seat.server];
        server.hub.close(seat.conn);
        server.engine.closed(&seat.session);
        seat.session.settled().await;
        self.hear().await;
    }

    /// Somebody sends an event, and everything that it brings about is done.
    pub async fn emit(&self, seat: &Seat, event: &str, args: &[Value], ack: Option<u64>) {
        let mut packet = vec![Value::from(event)];
        packet.extend_from_slice(args);
        let text = Value::Array(packet).to_string().into();
        self.servers[seat.server].engine.receive(&seat.session, Incoming { text, ack, attachments: Vec::new() });
        seat.session.settled().await;
        self.hear().await;
    }

    /// A service sends an event, to the first server that lives.
    ///
    /// # Errors
    /// What it is refused with.
    pub async fn backend(&self, event: &str, body: Option<Value>) -> Result<Reached, Refusal> {
        let server = self.living().next().ok_or_else(|| Refusal::code("UNAVAILABLE"))?;
        let reached = server.engine.backend(&self.namespace, event, body).await;
        self.hear().await;
        reached
    }

    /// Whether a room's rules admit somebody; `None`: there is no such room.
    ///
    /// # Errors
    /// If the rules could not be asked.
    pub async fn admits(&self, seat: &Seat, room: &str) -> Result<Option<bool>, Refusal> {
        let engine = &self.servers[seat.server].engine;
        engine.admits(&self.namespace, room, &seat.session.user, Some(&seat.session)).await
    }

    /// Every server that lives serves another plan from here on.
    pub async fn reload(&self, theatre: &Theatre<'_>, plan: &Arc<Plan>) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        for server in self.living() {
            let rooms = server.engine.swap(theatre.bound(plan, &clock, &self.service));
            server.engine.review(rooms).await;
        }
        self.hear().await;
    }

    /// Whether the namespace is still served.
    #[must_use]
    pub fn is_served(&self) -> bool {
        self.living().all(|server| server.engine.current().namespace(&self.namespace).is_some())
    }

    /// A server dies. Whoever is on it is so no more; nobody is told.
    pub fn kill(&self, name: &str) {
        self.servers.iter().filter(|server| server.name == name).for_each(Server::die);
    }

    /// Whether somebody's server lives.
    #[must_use]
    pub fn lives(&self, seat: &Seat) -> bool {
        self.servers[seat.server].lives()
    }

    /// Time passes, in milliseconds: everything that is due on the way happens when it is due. Connections that were ended by it go.
    pub async fn advance(&self, ms: i64, seats: &[&Seat]) {
        let end = self.clock.now_ms() + ms;
        while let Some(due) = self.next_due().filter(|due| *due <= end) {
            self.clock.set(due.max(self.clock.now_ms()));
            self.turn(seats).await;
            if self.next_due() == Some(due) {
                // Nothing more can be done of it now; time must not stand still for it.
                self.clock.advance(1);
            }
        }
        self.clock.set(end);
        self.turn(seats).await;
    }

    /// What is due now happens.
    async fn turn(&self, seats: &[&Seat]) {
        for server in self.living() {
            server.engine.tick().await;
        }
        self.tend().await;
        for seat in seats.iter().filter(|seat| self.lives(seat)) {
            seat.session.settled().await;
        }
        self.hear().await;
    }

    /// Servers among several keep their leases, and deal with those who are gone.
    async fn tend(&self) {
        for server in self.living().filter(|server| server.is_among_several()) {
            server.engine.tend_presence().await;
        }
        self.hear().await;
    }

    /// Everything that servers have said to each other is heard.
    async fn hear(&self) {
        let mut any = true;
        let mut turns = 0..HEARING_MAX;
        while std::mem::take(&mut any) && turns.next().is_some() {
            for server in self.living() {
                any |= server.hear();
                any |= server.engine.tend_history().await;
            }
        }
    }

    fn next_due(&self) -> Option<i64> {
        self.living().filter_map(Server::next_due).min()
    }

    fn living(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(|server| server.lives())
    }
}
