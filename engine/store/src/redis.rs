//! What servers share, in Redis: state, presence, limits and the bus.
//!
//! # Connections
//!
//! [`Redis`] reaches one server, the master that sentinels name, or a cluster, and heals itself. Every call is bounded in
//! time, and fails at once with [`StoreError::Unavailable`] while Redis is known to be away. Within a second of its
//! silence, or at once when it closes the connection, it is known to be away. A call is never repeated by itself: what
//! became of one that was not answered is not known.
//!
//! # Keys
//!
//! See `keys.rs`. No key is without an expiry. Redis 6.2 or later, or Valkey.
//!
//! # Time
//!
//! The clock is Redis' own, so that servers need not agree on theirs.

mod bus;
mod claims;
mod cluster;
mod config;
mod endpoint;
mod health;
mod history;
mod keys;
mod limits;
mod node;
mod presence;
mod published;
mod register;
mod script;
mod state;

use std::sync::Arc;
use std::time::Duration;

pub use bus::RedisBus;
use cluster::Cluster;
use config::Mode;
pub use config::{BadAddress, RedisConfig, Where};
use endpoint::Endpoint;
pub use health::{Everlasting, RoundTrips, ServerHealth};
pub use history::RedisHistory;
pub use limits::RedisLimits;
use node::{Failure, Node};
pub use presence::RedisPresence;
pub use published::{Channels, Publication, Published, PublishedStatus, Seat};
pub use register::{Announced, Leases};
use script::{Reply, Script};
pub use state::RedisState;

use crate::{StoreError, Timings};

/// What the numbers of a command take: how many keys there are, and the time.
const NUMBERS_BYTES: usize = 40;

/// Redis, reached in whatever way its address says. Copies share their connections; with the last one they end.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    config: RedisConfig,
    endpoint: Endpoint,
    link: Link,
    calls: Arc<Timings>,
}

enum Link {
    One(Arc<Node>),
    Many(Cluster),
}

impl Redis {
    /// Begins to connect, on the runtime this is called in. Redis need not be there yet.
    ///
    /// # Errors
    /// If the configured address is none.
    pub fn new(config: RedisConfig) -> Result<Self, BadAddress> {
        let address = Arc::new(config.address()?);
        let endpoint = Endpoint::of(&config, &address);
        let link = match address.mode {
            Mode::Single | Mode::Sentinel { .. } => Link::One(Arc::new(Node::new(endpoint.clone()))),
            Mode::Cluster => Link::Many(Cluster::new(endpoint.clone())),
        };
        Ok(Self { inner: Arc::new(Inner { config, endpoint, link, calls: Arc::default() }) })
    }

    /// Waits until Redis can be asked, so long at most; yields whether it can.
    pub async fn ready(&self, within: Duration) -> bool {
        let ready = async {
            match &self.inner.link {
                Link::One(node) => {
                    let _ = node.is_up().wait_for(|is_up| *is_up).await;
                }
                Link::Many(cluster) => {
                    while cluster.places().is_empty() {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    for node in cluster.places().iter().filter_map(|place| cluster.node(place)) {
                        let _ = node.is_up().wait_for(|is_up| *is_up).await;
                    }
                }
            }
        };
        tokio::time::timeout(within, ready).await.is_ok()
    }

    /// How its calls fare, over all copies.
    #[must_use]
    pub fn calls(&self) -> Arc<Timings> {
        Arc::clone(&self.inner.calls)
    }

    /// Whether keys are spread over several servers, so that one script cannot touch two keys that belong to different
    /// slots.
    fn is_cluster(&self) -> bool {
        matches!(self.inner.link, Link::Many(_))
    }

    /// How often a server of it was connected to. When it is another than before, what was told may be forgotten.
    fn epoch(&self) -> u64 {
        match &self.inner.link {
            Link::One(node) => node.links(),
            Link::Many(cluster) => {
                cluster.places().iter().filter_map(|place| cluster.node(place)).map(|node| node.links()).sum()
            }
        }
    }

    /// A key as Redis has it.
    fn bare(&self, key: &str) -> String {
        keys::bare(&self.inner.config.prefix, key)
    }

    /// Milliseconds since the Unix epoch by this server's clock, or the one that was given for tests.
    fn local_ms(&self) -> i64 {
        use crate::{Clock, SystemClock};
        self.inner.config.now.as_ref().map_or_else(|| SystemClock.now_ms(), |clock| clock.now_ms())
    }

    /// Runs a script. All `keys` lie in one slot; `args` are what follows the time.
    async fn run(&self, script: &Script, keys: &[&str], args: &[&str]) -> Result<Reply, StoreError> {
        let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
        self.run_with(script, keys, &args).await
    }

    /// The same with arguments that need not be texts.
    async fn run_with(&self, script: &Script, keys: &[&str], args: &[&[u8]]) -> Result<Reply, StoreError> {
        let bounded = tokio::time::timeout(self.inner.config.call_timeout, self.run_unbounded(script, keys, args));
        let answer = self.inner.calls.time(async { bounded.await.unwrap_or(Err(Failure::TimedOut)) }).await;
        answer.map(Reply::of).map_err(|failure| StoreError::Unavailable(told(failure)))
    }

    async fn run_unbounded(&self, script: &Script, keys: &[&str], args: &[&[u8]]) -> Result<redis::Value, Failure> {
        let command = self.command("EVALSHA", &script.sha, keys, args);
        match self.send(keys, &command).await {
            // It was not run; with its source it is, and known from then on.
            Err(Failure::NoScript) => self.send(keys, &self.command("EVAL", script.source, keys, args)).await,
            answer => answer,
        }
    }

    fn command(&self, verb: &str, script: &str, keys: &[&str], args: &[&[u8]]) -> redis::Cmd {
        let texts = keys.iter().map(|key| key.len()).chain(args.iter().map(|arg| arg.len()));
        let bytes = verb.len() + script.len() + texts.sum::<usize>();
        let mut command = redis::Cmd::with_capacity(keys.len() + args.len() + 4, bytes + NUMBERS_BYTES);
        command.arg(verb).arg(script).arg(keys.len()).arg(keys);
        match &self.inner.config.now {
            Some(clock) => command.arg(clock.now_ms()),
            None => command.arg(""),
        };
        for arg in args {
            command.arg(*arg);
        }
        command
    }

    async fn send(&self, keys: &[&str], command: &redis::Cmd) -> Result<redis::Value, Failure> {
        match &self.inner.link {
            Link::One(node) => node.send(command, false).await,
            Link::Many(cluster) => {
                cluster.send(keys.first().map_or(0, |key| keys::slot(key.as_bytes())), command).await
            }
        }
    }
}

fn told(failure: Failure) -> String {
    match failure {
        Failure::Away(cause) => format!("Redis is away: {cause}"),
        Failure::TimedOut => "Redis did not answer in time".into(),
        Failure::Moved(..) | Failure::Ask(_) => "the key has moved".into(),
        Failure::NoScript => "Redis does not keep scripts".into(),
        Failure::Said(said) => format!("Redis refused: {said}"),
    }
}
