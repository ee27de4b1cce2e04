//! An engine on stores in memory, with an edge that only counts.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use homeroom_definition::{Diagnostics, Sources, parse};
use homeroom_plan::{Identity, Input, Parsed, Plan, compile};
use homeroom_runtime::engine::Knock;
use homeroom_runtime::identity::Verifying;
use homeroom_runtime::{
    Authenticator, Bound, Delivery, Ending, Engine, Hooks, Outlet, Parcel, Receivers, RuntimeSettings, Session, Stores,
    Verified, WireArgs,
};
use homeroom_store::state::StateLimits;
use homeroom_store::{ManualClock, MemoryLimits, MemoryPresence, MemoryState, PresenceRules};
use parking_lot::Mutex;
use serde_json::json;

const BEGINS_AT_MS: i64 = 1_736_931_600_000;

/// Rooms, and how much was sent and answered.
#[derive(Default)]
pub(crate) struct Edge {
    rooms: Mutex<HashMap<Arc<str>, Vec<u64>>>,
    pub(crate) sent: AtomicUsize,
    pub(crate) answered: AtomicUsize,
}

impl Outlet for Edge {
    fn join(&self, conn: u64, room: &Arc<str>) {
        self.rooms.lock().entry(Arc::clone(room)).or_default().push(conn);
    }

    fn leave(&self, conn: u64, room: &str) {
        if let Some(members) = self.rooms.lock().get_mut(room) {
            members.retain(|member| *member != conn);
        }
    }

    fn role(&self, _: u64, _: Option<usize>) {}

    fn send(&self, _: &str, parcel: Parcel<'_>) -> Delivery {
        let reached = match parcel.to {
            Receivers::Rooms(rooms) => {
                let all = self.rooms.lock();
                let members = rooms.iter().filter_map(|room| all.get(room)).flatten();
                members.filter(|member| Some(**member) != parcel.except).count()
            }
            Receivers::One(_) | Receivers::Everyone => 1,
        };
        self.sent.fetch_add(reached, Ordering::Relaxed);
        Delivery { reached, dropped: 0 }
    }

    fn ack(&self, _: u64, _: u64, _: &WireArgs) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    fn members(&self, _: &str, room: &str) -> Vec<u64> {
        self.rooms.lock().get(room).cloned().unwrap_or_default()
    }

    fn end(&self, _: u64, _: Ending) {}
}

/// Everyone teaches.
struct Trusting;

impl Authenticator for Trusting {
    fn verify<'a>(&'a self, token: Option<&'a str>, _: i64) -> Verifying<'a> {
        let user = json!({ "id": token.unwrap_or_default(), "role": "TEACHER" });
        Box::pin(std::future::ready(Ok(Verified { user, expires_at_ms: None, token_id: None, issued_at_ms: None })))
    }
}

pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) edge: Arc<Edge>,
}

impl House {
    pub(crate) fn of(yaml: &str) -> Self {
        let clock = Arc::new(ManualClock::at(BEGINS_AT_MS));
        let stores = Stores {
            state: Arc::new(MemoryState::new(clock.clone(), StateLimits::default())),
            presence: Arc::new(MemoryPresence::new(clock.clone(), PresenceRules::default())),
            limits: Arc::new(MemoryLimits::new(clock.clone(), 1000)),
            db: None,
            cluster: None,
            history: None,
            ledger: Arc::new(MemoryState::new(clock.clone(), StateLimits::default())),
        };
        let settings = RuntimeSettings::default();
        let edge = Arc::new(Edge::default());
        let bound = Bound::new(compiled(yaml), Hooks::new(), &settings, clock.clone());
        let engine = Engine::new(bound, edge.clone(), stores, clock, Arc::new(Trusting), settings);
        Self { engine, edge }
    }

    pub(crate) async fn enter(&self, conn: u64) -> Arc<Session> {
        let auth = json!({ "token": format!("u-{conn}") });
        let knock = Knock { conn, public_id: format!("c{conn}").into(), namespace: "/bench".into(), auth };
        let admitted = self.engine.connect(knock).await.expect("everyone is let in");
        let session = Arc::clone(&admitted.session);
        self.engine.connected(admitted);
        session.settled().await;
        session
    }
}

fn compiled(yaml: &str) -> Arc<Plan> {
    let mut sources = Sources::new();
    let source = sources.add("namespace.yaml", yaml);
    let mut diagnostics = Diagnostics::default();
    let file = parse(&sources, source, &mut diagnostics).expect("a file");
    let identity = Identity {
        schema: json!({
            "type": "object",
            "properties": { "id": { "type": "string" }, "role": { "type": "string" } },
            "required": ["id", "role"],
        }),
        roles: vec!["TEACHER".into(), "STUDENT".into()],
    };
    let files = [Parsed { source, file, imports: Vec::new() }];
    let hooks = Hooks::new().signatures();
    let input = Input { sources: &sources, files: &files, hooks: &hooks, identity: &identity };
    Arc::new(compile(&input, &mut diagnostics).expect("it compiles"))
}
