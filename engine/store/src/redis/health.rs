//! How Redis fares, for whoever asks: round trips, versions, memory, clocks, and keys that would never end.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use redis::{Cmd, Value};

use super::node::{Failure, Node, brief};
use super::script::{Reply, unexpected};
use super::{Link, Redis, keys, told};
use crate::{Clock, StoreError, SystemClock};

/// How often a round trip is measured.
const ROUND_TRIPS: usize = 20;
/// How many keys a server is asked for at once.
const KEYS_AT_ONCE: usize = 500;
/// How many keys without an expiry are named.
const NAMED_MAX: usize = 20;

/// How one Redis server fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerHealth {
    /// Its address, as far as it is known.
    pub place: String,
    /// What it is: `Redis` or `Valkey`.
    pub product: String,
    /// Its own version.
    pub version: String,
    /// The version of Redis that it is compatible with; for Redis itself the same.
    pub redis_version: String,
    /// Whether it is a node of a cluster.
    pub is_cluster: bool,
    /// How long asking it takes.
    pub round_trips: RoundTrips,
    /// How far its clock is ahead of this machine's, in milliseconds; exact to half of the shortest round trip.
    pub clock_ahead_ms: i64,
    /// Bytes in use.
    pub memory_bytes: u64,
    /// Bytes it may use; 0 is without a bound.
    pub memory_bytes_max: u64,
    /// What it does when that is reached: `noeviction` refuses writes; all others forget something silently.
    pub when_full: String,
    /// Keys it has forgotten for want of memory since it started.
    pub evicted: u64,
    /// Clients that are connected to it.
    pub clients: u64,
    /// How many may be; 0 if it does not say.
    pub clients_max: u64,
}

/// Round trips that were measured one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoundTrips {
    /// The shortest.
    pub least: Duration,
    /// The one in the middle.
    pub median: Duration,
    /// The longest.
    pub worst: Duration,
    /// How many there were.
    pub count: usize,
}

impl RoundTrips {
    /// Of what was measured; all zero of nothing.
    #[must_use]
    pub fn of(mut measured: Vec<Duration>) -> Self {
        measured.sort_unstable();
        let at = |index: usize| measured.get(index).copied().unwrap_or_default();
        let count = measured.len();
        Self { least: at(0), median: at(count / 2), worst: at(count.saturating_sub(1)), count }
    }
}

/// Keys of ours that would never end; there should be none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Everlasting {
    /// How many keys were looked at.
    pub looked_at: usize,
    /// How many of them have no expiry.
    pub count: usize,
    /// Some of these.
    pub some: Vec<String>,
    /// Whether all keys were looked at.
    pub is_complete: bool,
}

impl Redis {
    /// Connects once, and tells why that does not work: to the server, to the master that the sentinels name, or to any of
    /// the cluster's nodes that the address has.
    ///
    /// # Errors
    /// What stands between.
    pub async fn reach(&self) -> Result<(), StoreError> {
        let first = &self.inner.endpoint;
        let hosts = if self.is_cluster() { &first.address.hosts[..] } else { &[] };
        let mut failed = None;
        let ways = if hosts.is_empty() {
            vec![first.clone()]
        } else {
            hosts.iter().map(|(host, port)| first.at(host, *port)).collect()
        };
        for way in ways {
            match way.connect(&way.settings(), false).await {
                Ok(_) => return Ok(()),
                Err(error) => failed = Some(StoreError::Unavailable(format!("{}: {}", way.name(), brief(&error)))),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Asks each server (one, or a cluster's masters) how it fares.
    ///
    /// # Errors
    /// If one cannot be asked.
    pub async fn health(&self) -> Result<Vec<ServerHealth>, StoreError> {
        self.on_each(|place, node| async move { health_of(place, &node).await }).await
    }

    /// Looks for keys under this service's prefix that have no expiry, in at most so many keys of each server. Without a
    /// prefix, the keys of others count as well.
    ///
    /// # Errors
    /// If a server cannot be asked.
    pub async fn everlasting(&self, keys_max: usize) -> Result<Everlasting, StoreError> {
        let patterns = &patterns(&self.inner.config.prefix);
        let found = self.on_each(|_, node| async move { everlasting_in(&node, patterns, keys_max).await }).await?;
        let mut all = Everlasting { is_complete: true, ..Everlasting::default() };
        for one in found {
            all.looked_at += one.looked_at;
            all.count += one.count;
            all.some.extend(one.some);
            all.is_complete &= one.is_complete;
        }
        all.some.truncate(NAMED_MAX);
        Ok(all)
    }

    async fn on_each<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        act: impl Fn(String, std::sync::Arc<Node>) -> F,
    ) -> Result<Vec<T>, StoreError> {
        match &self.inner.link {
            Link::One(node) => Ok(vec![act(self.inner.endpoint.name(), std::sync::Arc::clone(node)).await?]),
            Link::Many(cluster) => {
                let places = cluster.places();
                if places.is_empty() {
                    return Err(StoreError::Unavailable("Redis is away: no node of the cluster answers".into()));
                }
                let nodes = places.iter().filter_map(|place| Some((place.to_string(), cluster.node(place)?)));
                join_all(nodes.map(|(place, node)| act(place, node))).await.into_iter().collect()
            }
        }
    }
}

async fn ask(node: &Node, command: &Cmd) -> Result<Value, StoreError> {
    node.ask(command).await.map_err(|failure: Failure| StoreError::Unavailable(told(failure)))
}

async fn health_of(place: String, node: &Node) -> Result<ServerHealth, StoreError> {
    let (mut measured, mut least, mut clock_ahead_ms) = (Vec::with_capacity(ROUND_TRIPS), Duration::MAX, 0);
    for _ in 0..ROUND_TRIPS {
        let (since, sent_ms) = (Instant::now(), SystemClock.now_ms());
        let mut time = Reply::of(ask(node, &redis::cmd("TIME")).await?);
        let taken = since.elapsed();
        measured.push(taken);
        if taken < least {
            least = taken;
            let there_ms = time.int()? * 1000 + time.int()? / 1000;
            clock_ahead_ms = there_ms - sent_ms - i64::try_from(taken.as_millis() / 2).unwrap_or(0);
        }
    }
    let info = Reply::of(ask(node, &redis::cmd("INFO")).await?).text()?;
    Ok(ServerHealth { place, round_trips: RoundTrips::of(measured), clock_ahead_ms, ..told_by(&info) })
}

/// What `INFO` says.
fn told_by(info: &str) -> ServerHealth {
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or("");
    let number = |name: &str| field(name).parse().unwrap_or(0);
    let (redis, valkey) = (field("redis_version").to_owned(), field("valkey_version").to_owned());
    let is_valkey = !valkey.is_empty() || field("server_name") == "valkey";
    ServerHealth {
        product: if is_valkey { "Valkey" } else { "Redis" }.into(),
        version: if valkey.is_empty() { redis.clone() } else { valkey },
        redis_version: redis,
        is_cluster: field("cluster_enabled") == "1",
        memory_bytes: number("used_memory"),
        memory_bytes_max: number("maxmemory"),
        when_full: field("maxmemory_policy").to_owned(),
        evicted: number("evicted_keys"),
        clients: number("connected_clients"),
        clients_max: number("maxclients"),
        ..ServerHealth::default()
    }
}

/// Patterns of our keys: those under their own names, and those beside them.
fn patterns(prefix: &str) -> Vec<String> {
    if prefix.is_empty() {
        return vec!["*".into()];
    }
    let escaped = keys::pattern_of(&keys::bare("", prefix));
    vec![format!("{escaped}*"), format!("{{{escaped}*")]
}

async fn everlasting_in(node: &Node, patterns: &[String], keys_max: usize) -> Result<Everlasting, StoreError> {
    let mut found = Everlasting { is_complete: true, ..Everlasting::default() };
    for pattern in patterns {
        let mut cursor = "0".to_owned();
        loop {
            let scan =
                redis::cmd("SCAN").arg(&cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(KEYS_AT_ONCE).to_owned();
            let mut reply = Reply::of(ask(node, &scan).await?);
            cursor = reply.text()?;
            let mut keys = reply.list()?;
            let mut names = Vec::new();
            while !keys.is_empty() {
                names.push(keys.text()?);
            }
            found.note(node, names).await?;
            if cursor == "0" {
                break;
            }
            if found.looked_at >= keys_max {
                found.is_complete = false;
                return Ok(found);
            }
        }
    }
    Ok(found)
}

impl Everlasting {
    async fn note(&mut self, node: &Node, names: Vec<String>) -> Result<(), StoreError> {
        let lives = join_all(names.iter().map(|name| async move {
            match ask(node, redis::cmd("PTTL").arg(name)).await? {
                Value::Int(life_ms) => Ok(life_ms),
                _ => Err(unexpected()),
            }
        }));
        let lives: Vec<i64> = lives.await.into_iter().collect::<Result<_, StoreError>>()?;
        self.looked_at += names.len();
        for (name, _) in names.into_iter().zip(lives).filter(|(_, life_ms)| *life_ms == -1) {
            self.count += 1;
            if self.some.len() < NAMED_MAX {
                self.some.push(name);
            }
        }
        Ok(())
    }
}
