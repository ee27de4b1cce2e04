//! What other services publish for the clients of a cluster: each message is handed to one of its servers.
//!
//! Redis hands a message to every server that listens. All keep it for [`HOLD`]; one leads, under a lease, and acts: in the
//! order of arrival, so that what one service sends to one room stays in order, and through the same path as what a server
//! sends by itself, so that positions of a room's history are taken once. Before it acts it claims, so that two servers
//! that both take themselves for the leader do not both act. When a leader dies, the next claims what it still holds, and acts
//! on what was not claimed. If each server delivered to its own clients instead, nobody would need to lead, but nobody
//! could number the messages, either.
//!
//! A message is known by its bytes, and by how often this server has heard the same lately. So of messages that are the same
//! to the byte, sent again within [`CLAIM_TTL`], one may be lost or doubled if the leader dies just then and another server
//! has just begun to listen.

mod listen;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::script::scripts;
use super::{Redis, keys};
use crate::StoreError;
use crate::bus::{BusLimits, Queue};

/// How long a server leads unless it says again that it does, and how often it says so.
const LEAD: Duration = Duration::from_secs(3);
const LEAD_EVERY: Duration = Duration::from_secs(1);
/// How long what was heard is kept for the case that the leader dies: until another leads.
const HOLD: Duration = Duration::from_secs(5);
/// How long it is known that somebody acted on a message.
const CLAIM_TTL: Duration = Duration::from_secs(10);
/// How many messages are claimed at once.
const CLAIMS_AT_ONCE: usize = 128;
/// Bounds of what was heard and waits.
const LIMITS: BusLimits = BusLimits { frames_max: 16_384, bytes_max: 16 * 1024 * 1024 };

scripts! {
    LEADS = "time.lua" "lead.lua";
    RESIGN = "time.lua" "resign.lua";
    CLAIM = "time.lua" "claim_published.lua";
}

/// What to listen to.
#[derive(Debug, Clone)]
pub struct Channels {
    /// What the names of channels begin with: `socket.io` unless a service says otherwise.
    pub key: String,
    /// The namespaces for which services publish.
    pub namespaces: Vec<Arc<str>>,
}

/// A message of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The namespace it is for.
    pub namespace: Arc<str>,
    /// Whether it is for servers instead of clients.
    pub is_control: bool,
    /// The message.
    pub bytes: Vec<u8>,
}

/// How listening fares. The counts only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublishedStatus {
    /// Whether this server hears what is published.
    pub connected: bool,
    /// Whether it is the one that acts.
    pub leads: bool,
    /// Messages it heard.
    pub heard: u64,
    /// Messages it heard and had no place for, or could not claim in time.
    pub lost: u64,
}

/// What is published, as far as it is for this server to act on.
pub struct Published {
    seat: Seat,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    /// What was heard and may have to be acted on, oldest first.
    held: VecDeque<Held>,
    held_bytes: usize,
    ready: VecDeque<Publication>,
    seen: HashMap<u128, Seen>,
    lead_at: Instant,
}

/// This server's place among those that could lead.
#[derive(Clone)]
pub struct Seat {
    redis: Redis,
    server: Arc<str>,
    shared: Arc<Shared>,
}

struct Shared {
    queue: Queue<(Publication, Instant)>,
    is_up: AtomicBool,
    leads: AtomicBool,
    is_stopping: AtomicBool,
    heard: AtomicU64,
    lost: AtomicU64,
}

struct Held {
    publication: Publication,
    since: Instant,
    /// Names it in Redis.
    claim: String,
}

/// How often a message was heard lately, and when last.
struct Seen {
    times: u64,
    last: Instant,
}

impl Published {
    /// Begins to listen; to be called within a runtime. `server`: a name that no other server of the cluster has.
    #[must_use]
    pub fn new(redis: Redis, server: &str, channels: Channels) -> Self {
        let shared = Arc::new(Shared {
            queue: Queue::new(LIMITS),
            is_up: AtomicBool::new(false),
            leads: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
            heard: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let task = tokio::spawn(listen::keep(redis.inner.endpoint.clone(), channels, Arc::clone(&shared)));
        let seat = Seat { redis, server: server.into(), shared: Arc::clone(&shared) };
        let (held, ready, seen) = (VecDeque::new(), VecDeque::new(), HashMap::new());
        Self { seat, shared, task, held, held_bytes: 0, ready, seen, lead_at: Instant::now() }
    }

    /// This server's place among those that could lead; outlives this.
    #[must_use]
    pub fn seat(&self) -> Seat {
        self.seat.clone()
    }

    /// The next message that this server is to act on, when there is one; `None` once it was told to stop. A call that is
    /// given up may have claimed what nobody acts on then.
    pub async fn next(&mut self) -> Option<Publication> {
        loop {
            if let Some(publication) = self.ready.pop_front() {
                return Some(publication);
            }
            if self.shared.is_stopping.load(Ordering::Relaxed) {
                return None;
            }
            self.hear().await;
            if self.lead_at <= Instant::now() {
                self.lead_at = Instant::now() + LEAD_EVERY;
                let leads = self.seat.leads().await.unwrap_or(false);
                self.shared.leads.store(leads, Ordering::Relaxed);
            }
            self.let_go();
            if self.shared.leads.load(Ordering::Relaxed) {
                self.claim().await;
            }
        }
    }

    /// Takes what was heard; waits for it until it is time to say again who leads.
    async fn hear(&mut self) {
        let waits_for_claims = self.shared.leads.load(Ordering::Relaxed) && !self.held.is_empty();
        if !waits_for_claims {
            let until = tokio::time::Instant::from_std(self.lead_at);
            if let Ok(Some(first)) = tokio::time::timeout_at(until, self.shared.queue.pop()).await {
                self.hold(first);
            }
        }
        while let Some(heard) = self.shared.queue.try_pop() {
            self.hold(heard);
        }
    }

    fn hold(&mut self, (publication, since): (Publication, Instant)) {
        let number = number(&publication);
        let seen = self.seen.entry(number).or_insert(Seen { times: 0, last: since });
        (seen.times, seen.last) = (seen.times + 1, since);
        let claim = format!("{number:032x}.{}", seen.times);
        self.held_bytes += publication.bytes.len();
        self.held.push_back(Held { publication, since, claim });
    }

    fn oldest(&mut self) -> Option<Held> {
        let held = self.held.pop_front()?;
        self.held_bytes -= held.publication.bytes.len();
        Some(held)
    }

    /// Lets go of what others have acted on by now, and of what is too late or too much.
    fn let_go(&mut self) {
        let leads = self.shared.leads.load(Ordering::Relaxed);
        let is_too_much = |all: &Self| all.held.len() > LIMITS.frames_max || all.held_bytes > LIMITS.bytes_max;
        while self.held.front().is_some_and(|held| held.since.elapsed() > HOLD) || is_too_much(self) {
            self.oldest();
            // Where another leads, it has most likely acted.
            if leads {
                self.shared.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.seen.retain(|_, seen| seen.last.elapsed() < CLAIM_TTL);
    }

    /// Claims the oldest of what is held; those that are this server's are ready then.
    async fn claim(&mut self) {
        let some: Vec<&str> = self.held.iter().take(CLAIMS_AT_ONCE).map(|held| &*held.claim).collect();
        if some.is_empty() {
            return;
        }
        match self.seat.claim(&some).await {
            Ok(ours) => {
                for is_ours in ours {
                    let held = self.oldest().filter(|_| is_ours);
                    self.ready.extend(held.map(|held| held.publication));
                }
            }
            // Whether it was claimed is not known; asked again, Redis says.
            Err(_) => self.shared.leads.store(false, Ordering::Relaxed),
        }
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Seat {
    /// How listening fares.
    #[must_use]
    pub fn status(&self) -> PublishedStatus {
        PublishedStatus {
            connected: self.shared.is_up.load(Ordering::Relaxed),
            leads: self.shared.leads.load(Ordering::Relaxed),
            heard: self.shared.heard.load(Ordering::Relaxed),
            lost: self.shared.lost.load(Ordering::Relaxed),
        }
    }

    /// Nothing is claimed any more from now on; what was claimed by then is still handed out.
    pub fn stop(&self) {
        self.shared.is_stopping.store(true, Ordering::Relaxed);
        self.shared.queue.close();
    }

    /// Lets another server lead, at once. This one must have ended to act.
    pub async fn resign(&self) {
        // Unheard, the lease ends by itself.
        let _ = self.redis.run(&RESIGN, &[&self.key("leader")], &[&self.server]).await;
    }

    async fn leads(&self) -> Result<bool, StoreError> {
        let lasts = LEAD.as_millis().to_string();
        Ok(self.redis.run(&LEADS, &[&self.key("leader")], &[&self.server, &lasts]).await?.int()? == 1)
    }

    async fn claim(&self, names: &[&str]) -> Result<Vec<bool>, StoreError> {
        let keys: Vec<String> = names.iter().map(|name| self.key(name)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let ttl = CLAIM_TTL.as_millis().to_string();
        let mut reply = self.redis.run(&CLAIM, &keys, &[&self.server, &ttl]).await?;
        names.iter().map(|_| Ok(reply.int()? == 1)).collect()
    }

    /// All in one slot of a cluster, so that one script may touch them.
    fn key(&self, name: &str) -> String {
        keys::beside(&self.redis.bare("homeroom:published"), name)
    }
}

/// A message as a number: 128-bit FNV-1a, the same on every server.
fn number(publication: &Publication) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let kind = u8::from(publication.is_control);
    let bytes = publication.namespace.bytes().chain([0, kind]).chain(publication.bytes.iter().copied());
    bytes.fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}
