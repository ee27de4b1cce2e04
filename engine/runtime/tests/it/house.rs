//! An engine that serves one definition, and what comes out of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use homeroom_definition::{Diagnostics, Sources, parse};
use homeroom_plan::{Identity, Input, Parsed, Plan, compile};
use homeroom_runtime::engine::Knock;
use homeroom_runtime::explain::Recorder;
use homeroom_runtime::input::Incoming;
use homeroom_runtime::{
    Authenticator, Bound, Delivery, Ending, Engine, Hooks, Outlet, Parcel, Receivers, Refusal, RuntimeSettings,
    Session, Stores, Verified, WireArgs, identity::Verifying,
};
use homeroom_store::sql::{Db, SqlLimits};
use homeroom_store::state::StateLimits;
use homeroom_store::{ManualClock, MemoryLimits, MemoryPresence, MemoryState, PresenceRules, StateStore};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// What connections were sent, and the rooms they are in.
#[derive(Default)]
pub(crate) struct Edge {
    pub(crate) sent: Mutex<Vec<(u64, String, Value)>>,
    pub(crate) acks: Mutex<Vec<(u64, u64, Value)>>,
    pub(crate) ended: Mutex<Vec<u64>>,
    rooms: Mutex<BTreeMap<String, Vec<u64>>>,
    everyone: Mutex<Vec<u64>>,
    roles: Mutex<BTreeMap<u64, Option<usize>>>,
}

impl Outlet for Edge {
    fn join(&self, conn: u64, room: &Arc<str>) {
        self.rooms.lock().entry(room.to_string()).or_default().push(conn);
    }

    fn leave(&self, conn: u64, room: &str) {
        self.rooms.lock().entry(room.to_owned()).or_default().retain(|one| *one != conn);
    }

    fn role(&self, conn: u64, role: Option<usize>) {
        self.roles.lock().insert(conn, role);
        self.everyone.lock().push(conn);
    }

    fn send(&self, _: &str, parcel: Parcel<'_>) -> Delivery {
        let rooms = self.rooms.lock();
        let mut to: Vec<u64> = match parcel.to {
            Receivers::One(conn) => vec![conn],
            Receivers::Rooms(names) => {
                names.iter().flat_map(|name| rooms.get(&**name).cloned().unwrap_or_default()).collect()
            }
            Receivers::Everyone => self.everyone.lock().clone(),
        };
        to.sort_unstable();
        to.dedup();
        let roles = self.roles.lock();
        let has_role = |conn: &u64| match parcel.roles {
            None => true,
            Some(wanted) => roles.get(conn).copied().flatten().is_some_and(|role| wanted.contains(&role)),
        };
        to.retain(|conn| Some(*conn) != parcel.except && has_role(conn));
        for conn in &to {
            let is_in = |room: &Arc<str>| rooms.get(&**room).is_some_and(|members| members.contains(conn));
            let is_told = |room: &Arc<str>| matches!(parcel.to, Receivers::One(_)) || is_in(room);
            let told: Vec<_> = parcel.positions.iter().filter(|(room, _)| is_told(room)).collect();
            let args = if told.is_empty() { parcel.args.clone() } else { parcel.args.and_positions(told) };
            self.sent.lock().push((*conn, parcel.event.to_string(), value(&args)));
        }
        Delivery { reached: to.len(), dropped: 0 }
    }

    fn ack(&self, conn: u64, id: u64, args: &WireArgs) {
        self.acks.lock().push((conn, id, value(args)));
    }

    fn members(&self, _: &str, room: &str) -> Vec<u64> {
        self.rooms.lock().get(room).cloned().unwrap_or_default()
    }

    fn end(&self, conn: u64, _: Ending) {
        self.ended.lock().push(conn);
    }
}

fn value(args: &WireArgs) -> Value {
    let all: Vec<Value> = serde_json::from_str(&format!("[{}]", args.text)).expect("arguments are JSON");
    if all.len() == 1 { all[0].clone() } else { Value::Array(all) }
}

/// Takes the token for the user itself, as JSON; `ends` is when it ends.
struct Trusting;

impl Authenticator for Trusting {
    fn verify<'a>(&'a self, token: Option<&'a str>, _: i64) -> Verifying<'a> {
        let verified = token.and_then(|token| serde_json::from_str(token).ok()).map(|mut user: Value| {
            let expires_at_ms = user["ends"].as_i64();
            let token_id = user["jti"].as_str().map(Into::into);
            let issued_at_ms = user["iat"].as_i64();
            if let Some(user) = user.as_object_mut() {
                user.retain(|name, _| !matches!(name.as_str(), "ends" | "jti" | "iat"));
            }
            Verified { user, expires_at_ms, token_id, issued_at_ms }
        });
        Box::pin(std::future::ready(verified.ok_or_else(|| Refusal::code("UNAUTHENTICATED"))))
    }
}

pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) edge: Arc<Edge>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) db: Option<Db>,
    pub(crate) ledger: Arc<dyn StateStore>,
    acks: AtomicU64,
    conns: AtomicU64,
}

pub(crate) const BEGINS_AT_MS: i64 = 1_736_931_600_000;

/// Stores in memory.
pub(crate) async fn stores(clock: &Arc<ManualClock>) -> Stores {
    let script = "create table t (id text primary key, n integer); insert into t values ('a', 1);";
    Stores {
        state: Arc::new(MemoryState::new(clock.clone(), StateLimits::default())),
        presence: Arc::new(MemoryPresence::new(clock.clone(), PresenceRules::default())),
        ledger: Arc::new(MemoryState::new(clock.clone(), StateLimits::default())),
        limits: Arc::new(MemoryLimits::new(clock.clone(), 1000)),
        db: Some(Db::embedded(script, SqlLimits::default()).await.expect("a database")),
        cluster: None,
        history: None,
    }
}

fn compiled(yaml: &str, hooks: &Hooks) -> Arc<Plan> {
    let mut sources = Sources::new();
    let source = sources.add("a.yaml", yaml);
    let mut diagnostics = Diagnostics::default();
    let file = parse(&sources, source, &mut diagnostics).expect("a file");
    let identity = Identity {
        schema: json!({ "type": "object", "properties": { "id": { "type": "string" }, "role": { "type": "string" } }, "required": ["id", "role"] }),
        roles: vec!["TEACHER".into(), "STUDENT".into()],
    };
    let signatures = hooks.signatures();
    let files = [Parsed { source, file, imports: Vec::new() }];
    let input = Input { sources: &sources, files: &files, hooks: &signatures, identity: &identity };
    let plan = compile(&input, &mut diagnostics);
    let told: Vec<String> = diagnostics.sorted().iter().map(|told| format!("{} {}", told.code, told.message)).collect();
    Arc::new(plan.unwrap_or_else(|| panic!("{told:#?}")))
}

impl House {
    pub(crate) async fn of(yaml: &str) -> Self {
        Self::with(yaml, RuntimeSettings::default(), Hooks::new()).await
    }

    pub(crate) async fn with(yaml: &str, settings: RuntimeSettings, hooks: Hooks) -> Self {
        let clock = Arc::new(ManualClock::at(BEGINS_AT_MS));
        let stores = stores(&clock).await;
        Self::among(yaml, settings, hooks, clock, stores)
    }

    /// One whose stores others may have, too.
    pub(crate) fn among(
        yaml: &str,
        settings: RuntimeSettings,
        hooks: Hooks,
        clock: Arc<ManualClock>,
        stores: Stores,
    ) -> Self {
        let plan = compiled(yaml, &hooks);
        let edge = Arc::new(Edge::default());
        let bound = Bound::new(plan, hooks, &settings, clock.clone());
        let (db, ledger) = (stores.db.clone(), Arc::clone(&stores.ledger));
        let engine = Engine::new(bound, edge.clone(), stores, clock.clone(), Arc::new(Trusting), settings);
        Self { engine, edge, clock, db, ledger, acks: AtomicU64::new(0), conns: AtomicU64::new(0) }
    }

    /// One that is listened to.
    pub(crate) async fn recorded(yaml: &str, recorder: Arc<dyn Recorder>) -> Self {
        let house = Self::of(yaml).await;
        let plan = compiled(yaml, &Hooks::new());
        let bound = Bound::new(plan, Hooks::new(), &RuntimeSettings::default(), house.clock.clone());
        house.engine.swap(bound.recorded_by(recorder));
        house
    }

    pub(crate) fn knock(&self, user: &Value, auth: Value) -> Knock {
        let conn = self.conns.fetch_add(1, Ordering::Relaxed);
        let mut auth = auth;
        auth["token"] = user.to_string().into();
        Knock { conn, public_id: format!("c{conn}").into(), namespace: "/a".into(), auth }
    }

    pub(crate) async fn enter(&self, id: &str, role: &str) -> Arc<Session> {
        let admitted = self.engine.connect(self.knock(&json!({ "id": id, "role": role }), json!({}))).await;
        let admitted = admitted.unwrap_or_else(|rejected| panic!("{rejected:?}"));
        let session = Arc::clone(&admitted.session);
        self.engine.connected(admitted);
        session.settled().await;
        session
    }

    /// Sends an event and waits for its ack.
    pub(crate) async fn ask(&self, session: &Arc<Session>, event: &str, args: &[Value]) -> Value {
        let id = self.send(session, event, args, true);
        session.settled().await;
        self.acked(session, id).expect("an ack")
    }

    pub(crate) fn send(&self, session: &Arc<Session>, event: &str, args: &[Value], asks: bool) -> u64 {
        let mut packet = vec![Value::from(event)];
        packet.extend_from_slice(args);
        let id = self.acks.fetch_add(1, Ordering::Relaxed);
        let incoming = Incoming {
            text: Value::Array(packet).to_string().into(),
            ack: asks.then_some(id),
            attachments: Vec::new(),
        };
        self.engine.receive(session, incoming);
        id
    }

    pub(crate) fn acked(&self, session: &Session, id: u64) -> Option<Value> {
        self.edge.acks.lock().iter().find(|ack| ack.0 == session.conn && ack.1 == id).map(|ack| ack.2.clone())
    }

    /// What a connection was sent since this was last asked, as `event payload`.
    pub(crate) fn heard(&self, session: &Session) -> Vec<String> {
        let mut sent = self.edge.sent.lock();
        let (own, others) = std::mem::take(&mut *sent).into_iter().partition::<Vec<_>, _>(|one| one.0 == session.conn);
        *sent = others;
        own.into_iter().map(|(_, event, payload)| format!("{event} {payload}")).collect()
    }

    /// What a connection was sent since this was last asked, with the positions it was told taken from it.
    pub(crate) fn received(&self, session: &Session, positions: &mut Value) -> Vec<Value> {
        let mut sent = self.edge.sent.lock();
        let (own, others) = std::mem::take(&mut *sent).into_iter().partition::<Vec<_>, _>(|one| one.0 == session.conn);
        *sent = others;
        let payload = |(_, _, args): (u64, String, Value)| match args {
            Value::Array(mut all) if all.len() == 2 => {
                let told = all.pop().unwrap_or_default();
                for (room, position) in told.as_object().into_iter().flatten() {
                    positions[room] = position.clone();
                }
                all.pop().unwrap_or_default()
            }
            payload => payload,
        };
        own.into_iter().map(payload).collect()
    }

    /// Turns the clock and does what is due.
    pub(crate) async fn advance(&self, ms: i64) {
        self.clock.advance(ms);
        self.engine.tick().await;
    }
}

/// What a future comes to, while something is done again and again: servers that answer each other have to hear meanwhile.
pub(crate) async fn meanwhile<T>(future: impl Future<Output = T>, mut again: impl AsyncFnMut()) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            biased;
            came = &mut future => return came,
            () = tokio::time::sleep(std::time::Duration::from_millis(1)) => again().await,
        }
    }
}
