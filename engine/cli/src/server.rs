//! A running server: the engine, its stores, its edge and its API, put together.

pub mod card;
mod emitter;
mod outbox;
mod register;

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use homeroom_http::{Api, ApiKeys, Contracts, Definitions, Routes, Sends};
use homeroom_plan::Plan;
use homeroom_runtime::receipts::Keeping;
use homeroom_runtime::revocation::LOOK_EVERY;
use homeroom_runtime::{Authenticator, Bound, Cluster, ClusterKey, Engine, Hooks, Reviewed, RuntimeSettings, Stores};
use homeroom_socket::edge::Edge;
use homeroom_socket::hub::{Hub, HubLimits};
use homeroom_socket::incoming::EngineSink;
use homeroom_socket::listen;
use homeroom_socket::outgoing::Outgoing;
use homeroom_socket::settings::SocketSettings;
use homeroom_store::bus::{BusLimits, Frames};
use homeroom_store::outbox::Outbox;
use homeroom_store::redis::{BadAddress, Redis, RedisBus, RedisHistory, RedisLimits, RedisPresence, RedisState};
use homeroom_store::sql::Db;
use homeroom_store::state::StateLimits;
use homeroom_store::{Clock, MemoryLimits, MemoryPresence, MemoryState, PresenceRules, SystemClock};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::emitter::Listening;
use self::outbox::Sending;
use self::register::{Enrolled, Register};
use crate::settings::Shared;

/// How many counters of limits that connections share are kept.
const LIMITS_MAX: usize = 1_000_000;

/// Bounds of what the engine writes down for itself in memory: revocations, and answers to services.
const LEDGER: StateLimits = StateLimits { keys_max: 10_000, bytes_max: 64 * 1024 * 1024 };

/// How long what a server says of itself in Redis holds, in milliseconds.
pub(crate) const HOLDS_MS: i64 = 10_000;

/// How long the ticker sleeps at most, so that what is remembered for less is noticed in time.
const TICK_MAX: Duration = Duration::from_millis(250);

/// What a server is made of.
pub struct Parts {
    /// The compiled definitions.
    pub plan: Arc<Plan>,
    /// The hooks.
    pub hooks: Hooks,
    /// Bounds of events and connections.
    pub limits: RuntimeSettings,
    /// Bounds of state in memory.
    pub state: StateLimits,
    /// How the edge speaks.
    pub socket: SocketSettings,
    /// The database, if there is one.
    pub db: Option<Db>,
    /// The outbox, if it is worked on, and what may be sent from there.
    pub outbox: Option<(Outbox, Sends)>,
    /// Who verifies tokens.
    pub authenticator: Arc<dyn Authenticator>,
    /// The other servers, and what they all know each other by.
    pub shared: Option<(Shared, ClusterKey)>,
}

/// What the API over HTTP is made of, beside the engine.
pub struct Doors {
    /// Who is let in.
    pub keys: Arc<ApiKeys>,
    /// Where what is served comes from.
    pub definitions: Arc<dyn Definitions>,
    /// How long answers to services are kept.
    pub keeping: Keeping,
    /// How long tokens are refused that are revoked, where nobody says it.
    pub revoked_for: Duration,
}

/// A server that is put together, and may be listened with.
pub struct Server {
    /// Its engine.
    pub engine: Engine,
    edge: Edge,
    clock: Arc<dyn Clock>,
    hooks: Hooks,
    limits: RuntimeSettings,
    /// Hears the other servers.
    hearing: Option<JoinHandle<()>>,
    /// Keeps what is sent to rooms with `history:`.
    keeping: JoinHandle<()>,
    /// Tells those who operate the servers that this is one of them.
    register: Option<Register>,
    /// Hears what other services publish.
    listening: Option<Listening>,
    /// What services leave in the database, and what of it may be sent.
    outbox: Option<(Outbox, Sends)>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(hearing) = &self.hearing {
            hearing.abort();
        }
        self.keeping.abort();
    }
}

/// Where things are remembered, and where what other servers say arrives.
fn stores(parts: &Parts, clock: &Arc<dyn Clock>) -> Result<(Stores, Option<(Frames, Register)>), BadAddress> {
    let mut stores = Stores {
        state: Arc::new(MemoryState::new(Arc::clone(clock), parts.state.clone())),
        presence: Arc::new(MemoryPresence::new(Arc::clone(clock), PresenceRules::default())),
        ledger: Arc::new(MemoryState::new(Arc::clone(clock), LEDGER)),
        limits: Arc::new(MemoryLimits::new(Arc::clone(clock), LIMITS_MAX)),
        db: parts.db.clone(),
        cluster: None,
        history: None,
    };
    let Some((shared, key)) = &parts.shared else { return Ok((stores, None)) };
    let redis = Redis::new(shared.redis.clone())?;
    stores.ledger = Arc::new(RedisState::new(redis.clone()));
    if shared.state {
        stores.state = Arc::new(RedisState::new(redis.clone()));
        stores.presence = Arc::new(RedisPresence::new(redis.clone(), shared.presence));
        stores.limits = Arc::new(RedisLimits::new(redis.clone()));
    }
    let (bus, frames) = RedisBus::new(redis.clone(), BusLimits::default());
    // A number from the system's randomness, which no other server has.
    let number = RandomState::new().build_hasher().finish();
    stores.history = Some(Arc::new(RedisHistory::new(redis.clone())));
    let roll = Arc::new(Enrolled(redis.clone()));
    stores.cluster = Some(Arc::new(Cluster::new(Arc::new(bus), number, key.clone()).among(roll)));
    let register = Register::new(redis, key.clone(), number, parts.socket.connections_max);
    Ok((stores, Some((frames, register))))
}

impl Server {
    /// Puts a server together; with it come the routes that clients connect by.
    ///
    /// # Errors
    /// If Redis has no address.
    pub fn new(parts: Parts) -> Result<(Arc<Self>, Routes), BadAddress> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let limits = HubLimits { connections_max: parts.socket.connections_max, ..HubLimits::default() };
        let hub = Arc::new(Hub::new(limits));
        let (stores, others) = stores(&parts, &clock)?;
        let (frames, register) = others.unzip();
        let bound = Bound::new(parts.plan, parts.hooks.clone(), &parts.limits, Arc::clone(&clock));
        let paths = bound.paths();
        let outlet = Arc::new(Outgoing::new(Arc::clone(&hub)));
        let engine = Engine::new(bound, outlet, stores, Arc::clone(&clock), parts.authenticator, parts.limits.clone());
        let sink = Arc::new(EngineSink::new(engine.clone()));
        let (edge, routes) = Edge::new(parts.socket, hub, sink, engine.metrics().gate("handshakes"));
        edge.serve_namespaces(&paths);
        engine.metrics().knows(contracts(&engine.current().plan));
        if let Some(register) = &register {
            engine.metrics().redis(register.redis().0.calls());
        }
        let hearing = frames.map(|frames| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.hear(frames).await })
        });
        let keeping = tokio::spawn({
            let engine = engine.clone();
            async move { engine.keep_history().await }
        });
        let emitter = parts.shared.as_ref().and_then(|(shared, _)| shared.emitter.as_ref());
        let listening = register.as_ref().zip(emitter).map(|(register, emitter)| {
            let (redis, name) = register.redis();
            Listening::begin(redis, name, emitter, engine.clone())
        });
        let server = Self {
            engine,
            edge,
            clock,
            hooks: parts.hooks,
            limits: parts.limits,
            hearing,
            keeping,
            register,
            listening,
            outbox: parts.outbox,
        };
        Ok((Arc::new(server), routes))
    }

    /// Serves another plan from now on: namespaces that are new can be entered, those that are gone tell their clients, and
    /// whoever may no longer be in a room is dealt with.
    pub async fn swap(&self, plan: Arc<Plan>) -> Reviewed {
        let bound = Bound::new(plan, self.hooks.clone(), &self.limits, Arc::clone(&self.clock));
        let paths = bound.paths();
        self.engine.metrics().knows(contracts(&bound.plan));
        let rooms = self.engine.swap(bound);
        self.edge.serve_namespaces(&paths);
        self.engine.review(rooms).await
    }

    /// Serves on `listener` until `shutdown` is done.
    pub async fn serve(
        &self,
        listener: TcpListener,
        routes: Routes,
        socket: &SocketSettings,
        doors: Doors,
        shutdown: impl Future<Output = ()>,
    ) {
        let Doors { keys, definitions, keeping, revoked_for } = doors;
        let contracts = Arc::new(Contracts::new(|plan| {
            let documents = homeroom_export::contracts(plan).into_iter();
            documents.map(|document| (document.path, document.text)).collect()
        }));
        let api = Api { engine: self.engine.clone(), keys, contracts, definitions, keeping, revoked_for };
        let ticker = tokio::spawn(tick(self.engine.clone(), Arc::clone(&self.clock)));
        let tender = tokio::spawn(tend(self.engine.clone(), Arc::clone(&self.clock)));
        let sending = self.outbox.as_ref().map(|(outbox, sends)| Sending::begin(outbox, sends, &self.engine));
        let learner = self.register.as_ref().map(|_| tokio::spawn(learn(self.engine.clone())));
        let address = listener.local_addr().ok();
        let serving = listen::serve(
            listener,
            homeroom_http::in_time(homeroom_http::router(api), socket.head_timeout).merge(routes),
            socket,
            shutdown,
        );
        match &self.register {
            Some(register) => {
                tokio::select! {
                    () = serving => {}
                    () = register.keep(&self.engine, address, self.listening.as_ref()) => {}
                }
                if let Some(listening) = &self.listening {
                    listening.end().await;
                }
                register.leave().await;
            }
            None => serving.await,
        }
        if let Some(sending) = sending {
            sending.end().await;
        }
        ticker.abort();
        tender.abort();
        learner.iter().for_each(JoinHandle::abort);
    }
}

/// The contracts that clients of a plan announce.
fn contracts(plan: &Plan) -> Vec<Arc<str>> {
    homeroom_export::digests(plan).into_iter().map(|(_, digest)| digest.into()).collect()
}

/// Does what time brings about, when it does.
async fn tick(engine: Engine, clock: Arc<dyn Clock>) {
    loop {
        rest(engine.next_due(), &*clock).await;
        engine.tick().await;
    }
}

/// Keeps this server's lease, apart from all that may take longer than it.
async fn tend(engine: Engine, clock: Arc<dyn Clock>) {
    loop {
        engine.tend_presence().await;
        rest(engine.presence_due(), &*clock).await;
    }
}

/// Finds what was revoked on other servers and not heard of.
async fn learn(engine: Engine) {
    loop {
        engine.learn_revocations().await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Sleeps until something is due, which is looked for at most a thousand times a second.
async fn rest(due_ms: Option<i64>, clock: &dyn Clock) {
    let wait_ms = due_ms.map(|due_ms| u64::try_from(due_ms.saturating_sub(clock.now_ms())).unwrap_or(0));
    let wait = wait_ms.map_or(TICK_MAX, |ms| Duration::from_millis(ms).min(TICK_MAX));
    tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
}
