//! Missed events: what is sent to rooms with `history:` is kept for a while, and sent to whoever comes back.
//!
//! | promise | how |
//! |---|---|
//! | nobody waits | numbering an event and delivering it here is one act under the room's lock; others hear of it later |
//! | once, in order | an event names the one before it of its server in the room; what comes before its turn waits |
//! | no gap | what a server did not hear is read from the shared history, and what the history lacks is told to it again |
//! | replay and live | what was missed is sent, and the room entered, under the room's lock |
//! | told plainly | a client was recovered only if a chain without a break leads from its position to now |
//!
//! Each server keeps what it sent and heard lately itself. With one server that is all there is; with several,
//! [`homeroom_store::History`] has it, too, for those that were not there.

mod entry;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod hear;
mod join;
mod position;
mod room;
mod send;
mod tell;
mod tend;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use homeroom_plan::program;
use homeroom_store::Clock;
use homeroom_store::history::{History, Keeping};
use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::sync::Notify;

pub(crate) use self::entry::{Entry, Link};
pub(crate) use self::hear::Came;
pub(crate) use self::join::{KeptStay, Recall, Since};
pub(crate) use self::position::Position;
use self::room::{Room, State};
pub(crate) use self::send::Dispatched;
use crate::cluster::{Cluster, ClusterKey};
use crate::engine::Engine;

/// The rooms of a namespace, by name.
type Rooms = HashMap<Arc<str>, Arc<Room>>;

/// The histories of all rooms, as this server knows them.
pub(crate) struct Histories {
    key: ClusterKey,
    /// This life of this server.
    server: u64,
    numbers: AtomicU64,
    last_ms: AtomicI64,
    owns: AtomicU64,
    /// By namespace, and then by name.
    rooms: RwLock<HashMap<Arc<str>, Rooms>>,
    /// What is kept here, and how much of it there may be.
    bytes: AtomicUsize,
    bytes_max: usize,
    cluster: Option<Arc<Cluster>>,
    store: Option<Arc<dyn History>>,
    clock: Arc<dyn Clock>,
    born_ms: i64,
    work: Mutex<Work>,
    /// Told when there is something to do.
    wanted: Notify,
    /// Events that were lost to somebody who was there.
    gaps: AtomicU64,
}

/// How the histories of rooms fare on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryStatus {
    /// Rooms of which something is known.
    pub rooms: usize,
    /// Bytes that are kept of what was sent to them.
    pub bytes: usize,
    /// How often members of a room may have missed something.
    pub gaps: u64,
}

/// What is to be done when there is time.
#[derive(Default)]
struct Work {
    /// Rooms with entries that the shared history lacks.
    unsaved: VecDeque<Arc<Room>>,
    /// Rooms of which others may know more.
    behind: VecDeque<Arc<Room>>,
    /// Rooms that are looked at again once everything that was under way when they were opened has arrived.
    settling: VecDeque<(i64, Arc<Room>)>,
    /// What waited in rooms that nobody here is in any more.
    stranded: Vec<room::Waiting>,
    /// Not before then, after the shared history could not be asked.
    rests_until_ms: i64,
    sweeps_at_ms: i64,
    /// What the bus and the store said of themselves when they were last looked at, and when that was.
    seen: Seen,
    sure_ms: i64,
}

/// What changes when the bus or the store may have lost something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Seen {
    epoch: u64,
    missed: u64,
    dropped: u64,
    store: u64,
}

impl Histories {
    pub(crate) fn new(
        cluster: Option<Arc<Cluster>>,
        store: Option<Arc<dyn History>>,
        clock: Arc<dyn Clock>,
        bytes_max: usize,
    ) -> Self {
        // Numbers from the system's randomness.
        let random = || RandomState::new().hash_one(0_u64);
        let key = match &cluster {
            Some(cluster) => cluster.key().clone(),
            None => ClusterKey::of(&format!("{:x}.{:x}.{:x}", random(), random(), random())),
        };
        Self {
            key,
            server: cluster.as_ref().map_or_else(random, |cluster| cluster.server()),
            numbers: AtomicU64::new(0),
            last_ms: AtomicI64::new(0),
            owns: AtomicU64::new(random()),
            rooms: RwLock::default(),
            bytes: AtomicUsize::new(0),
            bytes_max,
            cluster,
            store,
            born_ms: clock.now_ms(),
            clock,
            work: Mutex::default(),
            wanted: Notify::new(),
            gaps: AtomicU64::new(0),
        }
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn room(&self, namespace: &str, name: &str) -> Option<Arc<Room>> {
        self.rooms.read().get(namespace)?.get(name).cloned()
    }

    fn room_or_new(&self, namespace: &Arc<str>, name: &Arc<str>, history: program::History) -> Arc<Room> {
        let keeping = keeping(history);
        if let Some(room) = self.room(namespace, name) {
            room.state.lock().keeping = keeping;
            return room;
        }
        let mut rooms = self.rooms.write();
        let of_namespace = rooms.entry(Arc::clone(namespace)).or_default();
        let new = || Arc::new(Room::new(namespace, name, keeping, self.born_ms));
        Arc::clone(of_namespace.entry(Arc::clone(name)).or_insert_with(new))
    }

    /// A number for a next entry, and when that is. To be called under the locks of its rooms.
    fn next(&self) -> (u64, i64) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let now_ms = self.now_ms();
        (number, self.last_ms.fetch_max(now_ms, Ordering::Relaxed).max(now_ms))
    }

    /// An entry is kept in a room from now on.
    fn keep(&self, state: &mut State, entry: &Arc<Entry>) {
        let room_for = self.bytes_max.saturating_sub(self.bytes.load(Ordering::Relaxed));
        self.count(state.note(entry, room_for));
    }

    fn count(&self, more: isize) {
        self.bytes.fetch_add(more as usize, Ordering::Relaxed);
    }

    fn sealed(&self, room: &Room, position: &Position) -> Arc<str> {
        position::seal(&self.key, &room.namespace, &room.name, position)
    }
}

/// Rooms in the one order in which everybody locks several, each once.
fn in_order(mut rooms: Vec<Arc<Room>>) -> Vec<Arc<Room>> {
    rooms.sort_by_key(Arc::as_ptr);
    rooms.dedup_by_key(|room| Arc::as_ptr(room));
    rooms
}

/// Locks rooms that are in order.
fn lock(rooms: &[Arc<Room>]) -> Vec<MutexGuard<'_, State>> {
    rooms.iter().map(|room| room.state.lock()).collect()
}

fn keeping(history: program::History) -> Keeping {
    Keeping { size: history.size, ttl_ms: i64::try_from(history.ttl.as_millis()).unwrap_or(i64::MAX) }
}

impl Engine {
    /// How the histories of rooms fare here; `None` if nothing was ever kept.
    #[must_use]
    pub fn history(&self) -> Option<HistoryStatus> {
        let history = &self.inner.history;
        let rooms = history.rooms.read().values().map(HashMap::len).sum();
        let (bytes, gaps) = (history.bytes.load(Ordering::Relaxed), history.gaps.load(Ordering::Relaxed));
        Some(HistoryStatus { rooms, bytes, gaps }).filter(|status| status.rooms > 0 || status.gaps > 0)
    }

    /// Where in a room's history somebody is who has received everything so far, as clients are told it; `None` if nobody
    /// here is in the room, and nothing was sent there.
    #[must_use]
    pub fn position(&self, namespace: &str, room: &str) -> Option<Arc<str>> {
        let history = &self.inner.history;
        let room = history.room(namespace, room)?;
        let position = room.state.lock().position(history.now_ms());
        Some(history.sealed(&room, &position))
    }
}
