//! Presence in this process's memory: of one server, or of several that play a cluster.

mod hub;
mod room;
mod users;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hub::Hub;

use super::{Gone, Left, Presence, PresenceRules, Present};
use crate::state::Stored;
use crate::{Answer, Clock};

/// Who is present, as one server tells and asks it. Bounded by the servers' connections: each counts once in each of its
/// rooms. A server that never beats has no lease, and lives as long as the memory.
pub struct MemoryPresence {
    hub: Arc<Hub>,
    /// Which life of this server speaks; another after it was taken for dead.
    life: AtomicU64,
}

impl MemoryPresence {
    /// Nobody there; the first server's handle.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, rules: PresenceRules) -> Self {
        Self::on(Arc::new(Hub::new(clock, rules)))
    }

    /// The handle of one more server over the same memory.
    #[must_use]
    pub fn another_server(&self) -> Self {
        Self::on(Arc::clone(&self.hub))
    }

    fn on(hub: Arc<Hub>) -> Self {
        let life = AtomicU64::new(hub.begin());
        Self { hub, life }
    }

    fn conn(&self, conn: u64) -> (u64, u64) {
        (self.life.load(Ordering::Relaxed), conn)
    }
}

impl Presence for MemoryPresence {
    fn enter<'a>(&'a self, room: &'a str, user: &'a str, conn: u64, value: Arc<str>) -> Stored<'a, bool> {
        Answer::now(Ok(self.hub.enter(room, user, self.conn(conn), value)))
    }

    fn leave<'a>(&'a self, room: &'a str, user: &'a str, conn: u64) -> Stored<'a, Left> {
        Answer::now(Ok(self.hub.leave(room, user, self.conn(conn))))
    }

    fn all<'a>(&'a self, room: &'a str) -> Stored<'a, Vec<Present>> {
        Answer::now(Ok(self.hub.with(room, room::Room::all).unwrap_or_default()))
    }

    fn count<'a>(&'a self, room: &'a str) -> Stored<'a, usize> {
        Answer::now(Ok(self.hub.with(room, room::Room::len).unwrap_or(0)))
    }

    fn get<'a>(&'a self, room: &'a str, user: &'a str) -> Stored<'a, Option<Arc<str>>> {
        Answer::now(Ok(self.hub.with(room, |room| room.value(user)).flatten()))
    }

    fn enroll<'a>(&'a self, user: &'a str, conn: u64, max: usize) -> Stored<'a, bool> {
        Answer::now(Ok(self.hub.enroll(user, self.conn(conn), max)))
    }

    fn withdraw<'a>(&'a self, user: &'a str, conn: u64) -> Stored<'a, ()> {
        self.hub.withdraw(user, self.conn(conn));
        Answer::now(Ok(()))
    }

    fn beat(&self) -> Stored<'_, u64> {
        let life = self.hub.beat(self.life.load(Ordering::Relaxed));
        self.life.store(life, Ordering::Relaxed);
        Answer::now(Ok(life))
    }

    fn renew<'a>(&'a self, room: &'a str, user: &'a str, conn: u64, value: Arc<str>) -> Stored<'a, bool> {
        // Memory forgets nobody: whoever is first now had been told gone.
        self.enter(room, user, conn, value)
    }

    fn renewed(&self) -> Stored<'_, ()> {
        Answer::now(Ok(()))
    }

    fn gone(&self, limit: usize) -> Stored<'_, Vec<Gone>> {
        Answer::now(Ok(self.hub.gone(self.life.load(Ordering::Relaxed), limit)))
    }

    fn settle_gone(&self, claim: u64) -> Stored<'_, ()> {
        self.hub.settle(claim);
        Answer::now(Ok(()))
    }

    fn due(&self) -> Option<i64> {
        self.hub.due(self.life.load(Ordering::Relaxed))
    }
}
