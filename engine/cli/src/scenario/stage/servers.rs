//! The servers that a scenario is played on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use homeroom_runtime::{Authenticator, Cluster, ClusterKey, Engine, Refusal, Stores, Verified, identity::Verifying};
use homeroom_socket::hub::{Hub, HubLimits};
use homeroom_socket::outgoing::Outgoing;
use homeroom_store::bus::{BusLimits, Frames, MemoryBus, MemoryHub};
use homeroom_store::history::MemoryHistory;
use homeroom_store::sql::{Db, SqlLimits};
use homeroom_store::state::StateLimits;
use homeroom_store::{Clock, ManualClock, MemoryLimits, MemoryPresence, MemoryState, PresenceRules};
use parking_lot::Mutex;
use serde_json::Value;

use super::{Service, Setting};
use crate::scenario::Theatre;

/// How many counters limits that connections share may have.
const LIMITS_MAX: usize = 100_000;

/// What seals the frames of the servers of a stage; nobody else hears them.
const BUS_SECRET: &str = "scenario";

/// One server of those that a scenario is played on.
pub(super) struct Server {
    pub(super) name: String,
    pub(super) engine: Engine,
    pub(super) hub: Arc<Hub>,
    /// What the others say; only of one among several.
    ear: Option<Mutex<Ear>>,
    is_alive: AtomicBool,
}

/// A server's end of the bus.
struct Ear {
    bus: Arc<MemoryBus>,
    frames: Frames,
}

/// What servers are made of, and share.
struct Founding<'a> {
    theatre: &'a Theatre<'a>,
    clock: Arc<dyn Clock>,
    presence: Arc<MemoryPresence>,
    stores: Stores,
    bus: MemoryHub,
    history: MemoryHistory,
    doorman: Arc<ByName>,
    service: Arc<Service>,
}

/// The servers of a stage.
///
/// # Errors
/// What the database says of the fixtures.
pub(super) async fn founded(
    theatre: &Theatre<'_>,
    setting: Setting<'_>,
    clock: &Arc<ManualClock>,
) -> Result<Vec<Server>, String> {
    let clock: Arc<dyn Clock> = clock.clone();
    let db = match setting.fixtures {
        Some(script) => Some(Db::embedded(script, SqlLimits::default()).await.map_err(|error| error.to_string())?),
        None => None,
    };
    let presence = Arc::new(MemoryPresence::new(Arc::clone(&clock), PresenceRules::default()));
    let stores = Stores {
        state: Arc::new(MemoryState::new(Arc::clone(&clock), StateLimits::default())),
        presence: presence.clone(),
        ledger: Arc::new(MemoryState::new(Arc::clone(&clock), StateLimits::default())),
        limits: Arc::new(MemoryLimits::new(Arc::clone(&clock), LIMITS_MAX)),
        db,
        cluster: None,
        history: None,
    };
    let doorman = Arc::new(ByName { people: setting.people });
    let history = MemoryHistory::new(Arc::clone(&clock));
    let service = setting.service;
    let founding = Founding { theatre, clock, presence, stores, bus: MemoryHub::new(), history, doorman, service };
    if setting.servers.is_empty() {
        return Ok(vec![founding.server(String::new(), founding.stores.clone(), None)]);
    }
    Ok(setting.servers.into_iter().zip(0..).map(|(name, number)| founding.member(name, number)).collect())
}

impl Founding<'_> {
    fn server(&self, name: String, stores: Stores, ear: Option<Ear>) -> Server {
        let hub = Arc::new(Hub::new(HubLimits::default()));
        let outlet = Arc::new(Outgoing::new(Arc::clone(&hub)));
        let bound = self.theatre.bound(&self.theatre.plan, &self.clock, &self.service);
        let (clock, settings) = (Arc::clone(&self.clock), self.theatre.settings.clone());
        let engine = Engine::new(bound, outlet, stores, clock, self.doorman.clone(), settings);
        Server { name, engine, hub, ear: ear.map(Mutex::new), is_alive: AtomicBool::new(true) }
    }

    /// One among several.
    fn member(&self, name: String, number: u64) -> Server {
        let (bus, frames) = self.bus.join(BusLimits::default());
        let bus = Arc::new(bus);
        let cluster = Cluster::new(bus.clone(), number, ClusterKey::of(BUS_SECRET));
        let presence = Arc::new(self.presence.another_server());
        let (cluster, history) = (Some(Arc::new(cluster) as _), Some(Arc::new(self.history.clone()) as _));
        let stores = Stores { presence, cluster, history, ..self.stores.clone() };
        self.server(name, stores, Some(Ear { bus, frames }))
    }
}

impl Server {
    pub(super) fn lives(&self) -> bool {
        self.is_alive.load(Ordering::Relaxed)
    }

    pub(super) fn is_among_several(&self) -> bool {
        self.ear.is_some()
    }

    /// From here on it says nothing and hears nothing.
    pub(super) fn die(&self) {
        self.is_alive.store(false, Ordering::Relaxed);
        if let Some(ear) = &self.ear {
            ear.lock().bus.set_connected(false);
        }
    }

    /// Hears what the others have said. Yields whether there was anything.
    pub(super) fn hear(&self) -> bool {
        self.ear.as_ref().is_some_and(|ear| self.engine.hear_now(&mut ear.lock().frames))
    }

    pub(super) fn next_due(&self) -> Option<i64> {
        let tended = self.ear.as_ref().and_then(|_| self.engine.presence_due());
        self.engine.next_due().into_iter().chain(tended).min()
    }
}
/// Knows people by the names they are given.
struct ByName {
    people: Vec<(String, Value)>,
}

impl Authenticator for ByName {
    fn verify<'a>(&'a self, token: Option<&'a str>, _: i64) -> Verifying<'a> {
        let found = self.people.iter().find(|(name, _)| Some(name.as_str()) == token);
        let verified = found.map(|(_, user)| Verified::lasting(user.clone()));
        Box::pin(std::future::ready(verified.ok_or_else(|| Refusal::code("UNAUTHENTICATED"))))
    }
}
