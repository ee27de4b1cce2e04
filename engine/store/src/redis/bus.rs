//! The bus over Redis' pub/sub.
//!
//! One connection, for both directions, that heals itself: it connects again for as long as it takes, listens again to
//! everything it is to listen to, and finds out within [`PING_EVERY`] and a call's bound that the other end is silent. In a
//! cluster there is one to each node, and channels are spread over them by their slots (sharded pub/sub), so that no node
//! carries what is not its own; there, order is kept on each channel only. A cluster before Redis 7 has no sharded pub/sub;
//! its nodes pass everything on to each other.
//!
//! What is published while a connection is away waits for [`HOLD`], then it is lost and counted. What was sent and not
//! confirmed is lost too: it is never sent twice.

mod session;
mod shard;

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::RwLock;
use redis::RedisWrite;
use shard::{Pending, Shard};
use tokio::task::JoinHandle;

use super::cluster::Place;
use super::{Link, Redis, keys};
use crate::Answer;
use crate::bus::{Bus, BusLimits, BusStatus, Frame, Frames, Queue, weight};

/// How long a frame waits for a connection.
const HOLD: Duration = Duration::from_secs(2);
/// How often the other end is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(1);
/// How often a cluster is looked at for slots that moved.
const RECONCILE_EVERY: Duration = Duration::from_millis(500);

/// What a frame begins with: the version of this layout, then the number of the server it comes from.
const VERSION: u8 = 1;
const HEAD: usize = 17;

/// A bus over Redis.
pub struct RedisBus {
    router: Arc<Router>,
    task: Option<JoinHandle<()>>,
}

/// What all connections of a bus share.
struct Wire {
    server: [u8; HEAD - 1],
    /// Channels that are listened to, by their names in Redis.
    listening: RwLock<HashMap<Arc<str>, Arc<str>>>,
    arrived: Arc<Queue<Frame>>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    published: AtomicU64,
    dropped: AtomicU64,
    received: AtomicU64,
    missed: AtomicU64,
    refused: AtomicU64,
}

/// Finds the connection of a channel.
struct Router {
    redis: Redis,
    wire: Arc<Wire>,
    limits: BusLimits,
    /// The one connection; or those to a cluster's nodes.
    one: Option<Shard>,
    many: RwLock<HashMap<Place, Arc<Shard>>>,
}

impl RedisBus {
    /// A bus behind this connection, and where it receives; to be called within a runtime.
    #[must_use]
    pub fn new(redis: Redis, limits: BusLimits) -> (Self, Frames) {
        let arrived = Arc::new(Queue::new(limits));
        let wire = Arc::new(Wire {
            server: number(),
            listening: RwLock::default(),
            arrived: Arc::clone(&arrived),
            counts: Counts::default(),
        });
        let one = match &redis.inner.link {
            Link::One(_) => Some(Shard::new(redis.inner.endpoint.clone(), Arc::clone(&wire), limits, false)),
            Link::Many(_) => None,
        };
        let router = Arc::new(Router { redis, wire, limits, one, many: RwLock::default() });
        let task = router.one.is_none().then(|| tokio::spawn(keep_in_step(Arc::clone(&router))));
        (Self { router, task }, Frames { queue: arrived })
    }
}

/// A number that no other server has.
fn number() -> [u8; HEAD - 1] {
    use std::hash::{BuildHasher, RandomState};
    let chance = || RandomState::new().hash_one(std::process::id()).to_be_bytes();
    let mut number = [0; HEAD - 1];
    number[..8].copy_from_slice(&chance());
    number[8..].copy_from_slice(&chance());
    number
}

impl Wire {
    /// The command that publishes a frame.
    fn publishing(&self, word: &str, channel: &str, frame: &[u8]) -> redis::Cmd {
        let parts = [&[VERSION], &self.server[..], frame];
        let bytes = word.len() + channel.len() + parts.map(<[u8]>::len).iter().sum::<usize>();
        let mut command = redis::Cmd::with_capacity(3, bytes);
        command.arg(word).arg(channel);
        let mut argument = command.writer_for_next_arg();
        for part in parts {
            // It goes into memory, and so cannot fail.
            let _ = argument.write_all(part);
        }
        drop(argument);
        command
    }

    /// Something came on a channel of Redis.
    fn receive(&self, channel: &[u8], frame: Vec<u8>) {
        let Some(channel) = std::str::from_utf8(channel).ok().and_then(|name| self.listening.read().get(name).cloned())
        else {
            return;
        };
        if frame.len() < HEAD || frame[0] != VERSION {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if frame[1..HEAD] == self.server {
            return;
        }
        let bytes = Bytes::from(frame).slice(HEAD..);
        let weight = weight(&channel, &bytes);
        let has_place = self.arrived.push(Frame { channel, bytes }, weight);
        let count = if has_place { &self.counts.received } else { &self.counts.missed };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Router {
    /// A channel as Redis has it.
    fn name(&self, channel: &str) -> String {
        self.redis.bare(&format!("homeroom:bus:{channel}"))
    }

    /// The connection of a channel; none while the cluster does not say where its slot is.
    fn shard<T>(&self, name: &str, act: impl FnOnce(&Shard) -> T) -> Option<T> {
        if let Some(one) = &self.one {
            return Some(act(one));
        }
        let Link::Many(cluster) = &self.redis.inner.link else { return None };
        let place = cluster.place(keys::slot(name.as_bytes()))?;
        if let Some(shard) = self.many.read().get(&place) {
            return Some(act(shard));
        }
        let mut many = self.many.write();
        let shard = many.entry(Arc::clone(&place)).or_insert_with(|| Arc::new(self.shard_at(&place)));
        Some(act(shard))
    }

    fn shard_at(&self, place: &str) -> Shard {
        let (host, port) = place.rsplit_once(':').unwrap_or((place, ""));
        let endpoint = self.redis.inner.endpoint.at(host, port.parse().unwrap_or(0));
        Shard::new(endpoint, Arc::clone(&self.wire), self.limits, true)
    }

    /// Lets each connection listen to the channels whose slots are there now, and ends those to nodes that are gone.
    fn reconcile(&self) {
        let Link::Many(cluster) = &self.redis.inner.link else { return };
        let places = cluster.places();
        if places.is_empty() {
            return;
        }
        if self.many.read().values().any(|shard| shard.take_doubt()) {
            cluster.doubt();
        }
        let mut by_place: HashMap<Place, Vec<Arc<str>>> = places.into_iter().map(|place| (place, Vec::new())).collect();
        for name in self.wire.listening.read().keys() {
            let place = cluster.place(keys::slot(name.as_bytes()));
            if let Some(names) = place.and_then(|place| by_place.get_mut(&place)) {
                names.push(Arc::clone(name));
            }
        }
        let mut many = self.many.write();
        many.retain(|place, _| by_place.contains_key(place));
        for (place, names) in by_place {
            let shard = many.entry(Arc::clone(&place)).or_insert_with(|| Arc::new(self.shard_at(&place)));
            shard.listen_to_exactly(&names);
        }
    }
}

async fn keep_in_step(router: Arc<Router>) {
    loop {
        router.reconcile();
        tokio::time::sleep(RECONCILE_EVERY).await;
    }
}

impl Bus for RedisBus {
    fn publish(&self, channel: &str, frame: Bytes) {
        let name = self.router.name(channel);
        let has_place = self.router.shard(&name, |shard| shard.publish(name.clone(), frame));
        if has_place != Some(true) {
            self.router.wire.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn subscribe(&self, channel: &str) {
        let name: Arc<str> = self.router.name(channel).into();
        let known = self.router.wire.listening.write().insert(Arc::clone(&name), channel.into());
        if known.is_none() {
            // Where no node is known yet, it is listened to when one is.
            self.router.shard(&name, |shard| shard.listen(&name, true));
        }
    }

    fn unsubscribe(&self, channel: &str) {
        let name: Arc<str> = self.router.name(channel).into();
        if self.router.wire.listening.write().remove(&name).is_some() {
            self.router.shard(&name, |shard| shard.listen(&name, false));
        }
    }

    fn subscribed(&self) -> Answer<'_, ()> {
        let one = self.router.one.iter().filter_map(Shard::pending);
        let many = self.router.many.read();
        let pending: Vec<Pending> = one.chain(many.values().filter_map(|shard| shard.pending())).collect();
        if pending.is_empty() {
            return Answer::now(());
        }
        let within = self.router.redis.inner.endpoint.config.call_timeout;
        Answer::later(async move {
            let all = async {
                for one in pending {
                    one.done().await;
                }
            };
            let _ = tokio::time::timeout(within, all).await;
        })
    }

    fn flushed(&self) -> Answer<'_, bool> {
        let one = self.router.one.iter().filter_map(Shard::unsettled);
        let many = self.router.many.read();
        let unsettled: Vec<Pending> = one.chain(many.values().filter_map(|shard| shard.unsettled())).collect();
        if unsettled.is_empty() {
            return Answer::now(true);
        }
        let within = self.router.redis.inner.endpoint.config.call_timeout;
        Answer::later(async move {
            let all = async {
                for one in unsettled {
                    one.done().await;
                }
            };
            tokio::time::timeout(within, all).await.is_ok()
        })
    }

    fn status(&self) -> BusStatus {
        let many = self.router.many.read();
        let shards: Vec<&Shard> = self.router.one.iter().chain(many.values().map(|shard| &**shard)).collect();
        let counts = &self.router.wire.counts;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        BusStatus {
            connected: !shards.is_empty() && shards.iter().all(|shard| shard.is_up()),
            epoch: shards.iter().map(|shard| shard.epoch()).sum(),
            published: count(&counts.published),
            dropped: count(&counts.dropped),
            received: count(&counts.received),
            missed: count(&counts.missed),
            refused: count(&counts.refused),
            queued: self.router.wire.arrived.len() + shards.iter().map(|shard| shard.waiting()).sum::<usize>(),
            channels: self.router.wire.listening.read().len(),
            since_ms: shards.iter().map(|shard| shard.since_ms()).max().unwrap_or(0),
        }
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        self.router.wire.arrived.close();
    }
}
