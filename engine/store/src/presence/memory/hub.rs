//! The memory that servers share.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::{Gone, Left, PresenceRules};
use super::room::{Conn, Room};
use super::users::Users;
use crate::Clock;
use crate::claims::Claims;

/// How many parts the rooms are spread over.
const SHARDS: usize = 64;

/// A server beats so many times in a lease, so that one late beat is not its death.
const BEATS_PER_LEASE: i64 = 3;

pub(super) struct Hub {
    clock: Arc<dyn Clock>,
    rules: PresenceRules,
    hasher: RandomState,
    rooms: Vec<Mutex<HashMap<Arc<str>, Room>>>,
    users: Mutex<Users>,
    servers: Mutex<Servers>,
    /// When grace periods end; may be too early for some, and never too late.
    graces: Mutex<BinaryHeap<Reverse<Grace>>>,
    departures: Mutex<Claims<Departure>>,
}

/// When a grace period ends, of which room and user.
type Grace = (i64, Arc<str>, Arc<str>);

#[derive(Clone)]
struct Departure {
    room: Arc<str>,
    user: Arc<str>,
    value: Arc<str>,
}

/// Lives of servers by number, and when their leases end; one that never beat has none.
#[derive(Default)]
struct Servers {
    leases: HashMap<u64, Option<i64>>,
    next: u64,
}

impl Servers {
    fn begin(&mut self, lease: Option<i64>) -> u64 {
        self.next += 1;
        self.leases.insert(self.next, lease);
        self.next
    }
}

impl Hub {
    pub(super) fn new(clock: Arc<dyn Clock>, rules: PresenceRules) -> Self {
        Self {
            clock,
            rules,
            hasher: RandomState::new(),
            rooms: (0..SHARDS).map(|_| Mutex::default()).collect(),
            users: Mutex::default(),
            servers: Mutex::default(),
            graces: Mutex::default(),
            departures: Mutex::default(),
        }
    }

    fn shard(&self, room: &str) -> &Mutex<HashMap<Arc<str>, Room>> {
        &self.rooms[self.hasher.hash_one(room) as usize % SHARDS]
    }

    pub(super) fn with<T>(&self, room: &str, read: impl FnOnce(&Room) -> T) -> Option<T> {
        self.shard(room).lock().get(room).map(read)
    }

    /// Changes a room that is there; one that is empty then is gone.
    fn change<T>(&self, name: &str, act: impl FnOnce(&mut Room) -> T) -> Option<T> {
        let mut rooms = self.shard(name).lock();
        let room = rooms.get_mut(name)?;
        let outcome = act(room);
        if room.is_empty() {
            rooms.remove(name);
        }
        Some(outcome)
    }

    pub(super) fn enter(&self, room: &str, user: &str, conn: Conn, value: Arc<str>) -> bool {
        let is_first = {
            let mut rooms = self.shard(room).lock();
            match rooms.get_mut(room) {
                Some(there) => there.enter(user, conn, value),
                None => rooms.entry(room.into()).or_default().enter(user, conn, value),
            }
        };
        is_first && !self.departures.lock().cancel(|one| *one.room == *room && *one.user == *user)
    }

    pub(super) fn leave(&self, room: &str, user: &str, conn: Conn) -> Left {
        let leaves_ms = (self.rules.grace_ms > 0).then(|| self.clock.now_ms().saturating_add(self.rules.grace_ms));
        let left = self.change(room, |room| room.leave(user, conn, leaves_ms)).unwrap_or(Left::WasNot);
        if let (Left::Still, Some(leaves_ms)) = (&left, leaves_ms) {
            self.graces.lock().push(Reverse((leaves_ms, room.into(), user.into())));
        }
        left
    }

    pub(super) fn enroll(&self, user: &str, conn: Conn, max: usize) -> bool {
        self.users.lock().enroll(user, conn, max, |life| self.servers.lock().leases.contains_key(&life))
    }

    pub(super) fn withdraw(&self, user: &str, conn: Conn) {
        self.users.lock().withdraw(user, conn);
    }

    /// A server's first life.
    pub(super) fn begin(&self) -> u64 {
        self.servers.lock().begin(None)
    }

    /// Renews a life's lease; one that was buried goes on as another.
    pub(super) fn beat(&self, life: u64) -> u64 {
        let lease = Some(self.clock.now_ms().saturating_add(self.rules.lease_ms));
        let mut servers = self.servers.lock();
        if let Some(known) = servers.leases.get_mut(&life) {
            *known = lease;
            return life;
        }
        let next = servers.begin(lease);
        drop(servers);
        self.users.lock().moved(life, next);
        next
    }

    /// Buries what is dead, and tells of whoever is gone. The life that asks is alive.
    pub(super) fn gone(&self, asking: u64, limit: usize) -> Vec<Gone> {
        let now_ms = self.clock.now_ms();
        for life in self.dead(asking, now_ms) {
            self.bury(life, now_ms);
        }
        self.end_graces(now_ms);
        let given = self.departures.lock().give(now_ms, limit);
        let gone = |(claim, Departure { room, user, value })| Gone { claim, room, user, value };
        given.into_iter().map(gone).collect()
    }

    fn dead(&self, asking: u64, now_ms: i64) -> Vec<u64> {
        let mut servers = self.servers.lock();
        let is_dead =
            |life: u64, lease: Option<i64>| life != asking && lease.is_some_and(|lease_ms| lease_ms <= now_ms);
        let dead = servers.leases.iter().filter(|(life, lease)| is_dead(**life, **lease)).map(|(life, _)| *life);
        let dead: Vec<u64> = dead.collect();
        for life in &dead {
            servers.leases.remove(life);
        }
        dead
    }

    fn bury(&self, life: u64, now_ms: i64) {
        for shard in &self.rooms {
            let mut rooms = shard.lock();
            let mut departures = self.departures.lock();
            rooms.retain(|name, room| {
                for one in room.bury(life) {
                    departures.add(now_ms, Departure { room: Arc::clone(name), user: one.user, value: one.value });
                }
                !room.is_empty()
            });
        }
    }

    fn end_graces(&self, now_ms: i64) {
        loop {
            let mut graces = self.graces.lock();
            let is_due = graces.peek().is_some_and(|Reverse((due_ms, ..))| *due_ms <= now_ms);
            let Some(Reverse((due_ms, room, user))) = is_due.then(|| graces.pop()).flatten() else { return };
            drop(graces);
            if let Some(value) = self.change(&room, |room| room.end_grace(&user, now_ms)).flatten() {
                self.departures.lock().add(due_ms, Departure { room, user, value });
            }
        }
    }

    pub(super) fn settle(&self, claim: u64) {
        self.departures.lock().settle(claim);
    }

    /// When the life that asks should beat, or when somebody may be gone. Alone and without grace, nothing is waited for.
    pub(super) fn due(&self, asking: u64) -> Option<i64> {
        let servers = self.servers.lock();
        let leases: Vec<i64> =
            servers.leases.iter().filter(|(life, _)| **life != asking).filter_map(|(_, lease)| *lease).collect();
        let is_alone = servers.leases.len() < 2;
        let own = servers.leases.get(&asking).copied().flatten();
        drop(servers);
        let beat = own.map_or_else(
            || self.clock.now_ms(),
            |lease_ms| lease_ms - self.rules.lease_ms + self.rules.lease_ms / BEATS_PER_LEASE,
        );
        let beat = (!is_alone).then_some(beat);
        let grace = self.graces.lock().peek().map(|Reverse((due_ms, ..))| *due_ms);
        let departure = self.departures.lock().due();
        leases.into_iter().chain(beat).chain(grace).chain(departure).min()
    }
}
