//! Stores to run the cases on, each on a clock that is turned.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use homeroom_store::bus::{BusLimits, Frames};
use homeroom_store::redis::{Redis, RedisBus, RedisConfig, RedisHistory, RedisLimits, RedisPresence, RedisState};
use homeroom_store::state::StateLimits;
use homeroom_store::{
    Bus, History, ManualClock, MemoryHistory, MemoryHub, MemoryLimits, MemoryPresence, MemoryState, Presence,
    PresenceRules, SharedLimits, StateStore,
};

use crate::servers::{RedisCluster, RedisServer, everlasting};

/// When the clocks begin.
pub(crate) const T0: i64 = 1_000_000_000;

/// A server's end of a bus, and what arrives there.
pub(crate) type End = (Arc<dyn Bus>, Frames);

/// One kind of store, and several servers over it.
pub(crate) struct House {
    pub(crate) clock: Arc<ManualClock>,
    /// How often a case of random acts is tried.
    pub(crate) runs: usize,
    /// Two servers' handles over the same state.
    pub(crate) states: [Arc<dyn StateStore>; 2],
    /// Two servers' handles over the same limits.
    pub(crate) limits: [Arc<dyn SharedLimits>; 2],
    /// Two servers' handles over the same history.
    pub(crate) histories: [Arc<dyn History>; 2],
    /// The Redis servers behind it, and what its keys begin with.
    nodes: Vec<String>,
    prefix: String,
    buses: Arc<dyn Fn() -> [End; 3] + Send + Sync>,
    presence: Arc<dyn Fn(PresenceRules) -> [Arc<dyn Presence>; 3] + Send + Sync>,
}

impl House {
    /// Three servers' handles over the same presence; each has beaten once.
    pub(crate) async fn presence(&self, rules: PresenceRules) -> [Arc<dyn Presence>; 3] {
        let servers = (self.presence)(rules);
        for server in &servers {
            server.beat().await.expect("a beat");
        }
        servers
    }

    /// Three servers' ends of one bus.
    pub(crate) fn buses(&self) -> [End; 3] {
        (self.buses)()
    }

    /// Looks at what the case left behind: no key without an expiry.
    pub(crate) fn inspect(&self) {
        for url in &self.nodes {
            let client = redis::Client::open(url.as_str()).expect("an address");
            let left = everlasting(&mut client.get_connection().expect("a connection"), &self.prefix);
            assert_eq!(left, Vec::<String>::new(), "keys without an expiry");
        }
    }
}

/// Redis servers that all cases share; each has a prefix of its own.
static SERVER: OnceLock<RedisServer> = OnceLock::new();
static CLUSTER: OnceLock<RedisCluster> = OnceLock::new();

/// Everything in one Redis.
pub(crate) async fn redis() -> House {
    let server = SERVER.get_or_init(|| RedisServer::start(&[]));
    over_redis(&server.url(), vec![server.url()]).await
}

/// Everything in a Redis Cluster of three nodes.
pub(crate) async fn cluster() -> House {
    let cluster = CLUSTER.get_or_init(RedisCluster::start);
    over_redis(&cluster.url(), cluster.nodes.iter().map(RedisServer::url).collect()).await
}

/// A prefix that no other case has.
pub(crate) fn own_prefix() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("test-{}:", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until something is so; that it never is, is a failure.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let since = std::time::Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < Duration::from_secs(60), "{what}: it is not so, and will not be");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A connection that is there.
pub(crate) async fn connected(config: RedisConfig) -> Redis {
    let redis = Redis::new(config).expect("an address");
    assert!(redis.ready(Duration::from_secs(20)).await, "Redis is not here");
    redis
}

async fn over_redis(url: &str, nodes: Vec<String>) -> House {
    let (clock, prefix) = (Arc::new(ManualClock::at(T0)), own_prefix());
    let config = RedisConfig {
        prefix: prefix.clone(),
        call_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(10),
        now: Some(clock.clone()),
        ..RedisConfig::new(url)
    };
    let [one, other] = [connected(config.clone()).await, connected(config.clone()).await];
    let servers = [connected(config.clone()).await, connected(config.clone()).await, connected(config).await];
    let ends = servers.clone();
    House {
        clock,
        runs: 24,
        buses: Arc::new(move || {
            ends.each_ref().map(|redis| {
                let (bus, frames) = RedisBus::new(redis.clone(), BusLimits::default());
                (Arc::new(bus) as Arc<dyn Bus>, frames)
            })
        }),
        states: [Arc::new(RedisState::new(one.clone())), Arc::new(RedisState::new(other.clone()))],
        histories: [Arc::new(RedisHistory::new(one.clone())), Arc::new(RedisHistory::new(other.clone()))],
        limits: [Arc::new(RedisLimits::new(one)), Arc::new(RedisLimits::new(other))],
        presence: Arc::new(move |rules| {
            servers.each_ref().map(|redis| Arc::new(RedisPresence::new(redis.clone(), rules)) as Arc<dyn Presence>)
        }),
        nodes,
        prefix,
    }
}

/// Everything in memory.
#[allow(clippy::unused_async)]
pub(crate) async fn memory() -> House {
    let clock = Arc::new(ManualClock::at(T0));
    let state: Arc<dyn StateStore> = Arc::new(MemoryState::new(clock.clone(), StateLimits::default()));
    let limits: Arc<dyn SharedLimits> = Arc::new(MemoryLimits::new(clock.clone(), 1000));
    let history = MemoryHistory::new(clock.clone());
    let shared = clock.clone();
    House {
        clock,
        runs: 256,
        states: [state.clone(), state],
        limits: [limits.clone(), limits],
        histories: [Arc::new(history.clone()), Arc::new(history)],
        presence: Arc::new(move |rules| {
            let first = MemoryPresence::new(shared.clone(), rules);
            let (second, third) = (first.another_server(), first.another_server());
            [Arc::new(first), Arc::new(second), Arc::new(third)]
        }),
        buses: Arc::new(|| {
            let hub = MemoryHub::new();
            [(); 3].map(|()| {
                let (bus, frames) = hub.join(BusLimits::default());
                (Arc::new(bus) as Arc<dyn Bus>, frames)
            })
        }),
        nodes: Vec::new(),
        prefix: String::new(),
    }
}

/// Runs each case on each kind of store.
macro_rules! on_every_store {
    ($($case:ident),* $(,)?) => {
        on_every_store!(@ memory: $($case),*);
        on_every_store!(@ redis: $($case),*);
        on_every_store!(@ cluster: $($case),*);
    };
    (@ $kind:ident: $($case:ident),*) => {
        mod $kind {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let house = crate::house::$kind().await;
                    super::$case(&house).await;
                    house.inspect();
                }
            )*
        }
    };
}
pub(crate) use on_every_store;
