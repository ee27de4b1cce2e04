//! This server's lives: beats, and when another life begins.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use parking_lot::Mutex;

use super::super::keys;
use super::super::script::scripts;
use super::room::Room;
use super::{BEATS_PER_LEASE, RedisPresence, TEND_EVERY_MS, TTL_MS};
use crate::StoreError;

/// How many rooms, or counted connections, are looked after with one beat.
const TENDED_PER_BEAT: usize = 512;

scripts! {
    BEAT = "time.lua" "beat.lua";
    LIST_SERVER = "time.lua" "list_server.lua";
    UNTENDED = "time.lua" "untended.lua";
    TEND = "time.lua" "room.lua" "tend.lua";
    TENDED = "time.lua" "tended.lua";
}

/// The lives of one process, one after the other.
pub(super) struct Lives {
    /// What tells this process from all others.
    server: String,
    inner: Mutex<Inner>,
    /// One beat at a time.
    beating: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Inner {
    /// How many lives there were.
    epoch: u64,
    has_begun: bool,
    /// Whether Redis may not know what this life told.
    is_doubtful: bool,
    begun_ms: i64,
    next_beat_ms: i64,
    /// Lives before this one that others must not bury yet.
    former: Vec<String>,
}

impl Default for Lives {
    fn default() -> Self {
        use std::hash::{BuildHasher, RandomState};
        let chance = || RandomState::new().hash_one(std::process::id());
        Self {
            server: format!("{:016x}{:016x}", chance(), chance()),
            inner: Mutex::default(),
            beating: tokio::sync::Mutex::default(),
        }
    }
}

impl Lives {
    /// The life under which this server tells, if it has begun to beat.
    pub(super) fn current(&self) -> Option<String> {
        let inner = self.inner.lock();
        inner.has_begun.then(|| self.named(inner.epoch))
    }

    fn named(&self, epoch: u64) -> String {
        format!("{}.{epoch}", self.server)
    }

    /// Something told may not have been heard.
    pub(super) fn doubt(&self) {
        self.inner.lock().is_doubtful = true;
    }

    pub(super) fn next_beat(&self) -> Option<i64> {
        let inner = self.inner.lock();
        inner.has_begun.then_some(inner.next_beat_ms)
    }

    pub(super) fn former(&self) -> Vec<String> {
        self.inner.lock().former.clone()
    }
}

impl RedisPresence {
    /// The keys of a life: its lease, and its rooms.
    pub(super) fn life_keys(&self, life: &str) -> [String; 2] {
        let bare = self.redis.bare(&format!("homeroom:server:{life}"));
        [keys::beside(&bare, "lease"), keys::beside(&bare, "rooms")]
    }

    pub(super) fn servers_key(&self) -> String {
        self.redis.bare("homeroom:servers")
    }

    /// The life under which to tell; begun if there is none yet.
    pub(super) async fn living(&self) -> Result<String, StoreError> {
        if self.lives.current().is_none() {
            self.beaten().await?;
        }
        self.lives.current().ok_or_else(|| StoreError::Unavailable("this server has not begun to beat".into()))
    }

    /// Beats, if it is time to; yields the epoch.
    pub(super) async fn beaten(&self) -> Result<u64, StoreError> {
        let _alone = self.lives.beating.lock().await;
        let now_ms = self.redis.local_ms();
        let (epoch, is_due, must_begin) = {
            let inner = self.lives.inner.lock();
            // Another life at most once per lease, and not before everything was told again under this one, however often
            // that has to be tried: until then former lives are kept up, and nobody is buried who was told under them alone.
            let is_told = inner.former.is_empty();
            let may_begin = is_told && now_ms >= inner.begun_ms.saturating_add(self.rules.lease_ms);
            let must_begin = !inner.has_begun || (inner.is_doubtful && may_begin);
            (inner.epoch, must_begin || now_ms >= inner.next_beat_ms, must_begin)
        };
        if !is_due {
            return Ok(epoch);
        }
        let is_alive = !must_begin && self.renew_lease(&self.lives.named(epoch), false).await?;
        let epoch = if is_alive { epoch } else { self.begin(epoch + 1, now_ms).await? };
        {
            let mut inner = self.lives.inner.lock();
            inner.next_beat_ms = now_ms.saturating_add(self.rules.lease_ms / BEATS_PER_LEASE);
        }
        for former in self.lives.former() {
            let _ = self.renew_lease(&former, false).await;
        }
        self.tend().await?;
        self.count_again(&self.lives.named(epoch), now_ms).await?;
        Ok(epoch)
    }

    /// Begins a life.
    async fn begin(&self, epoch: u64, now_ms: i64) -> Result<u64, StoreError> {
        self.renew_lease(&self.lives.named(epoch), true).await?;
        let mut inner = self.lives.inner.lock();
        if inner.has_begun {
            let former = self.lives.named(inner.epoch);
            inner.former.push(former);
        }
        (inner.epoch, inner.has_begun, inner.is_doubtful, inner.begun_ms) = (epoch, true, false, now_ms);
        drop(inner);
        self.enrolled.all_untold();
        Ok(epoch)
    }

    /// Renews a lease, or begins it; yields whether the life goes on.
    async fn renew_lease(&self, life: &str, begins: bool) -> Result<bool, StoreError> {
        let [lease, rooms] = self.life_keys(life);
        let (ttl, length) = (TTL_MS.to_string(), (self.rules.lease_ms - self.slack_ms()).to_string());
        let args = [&*ttl, &*length, if begins { "1" } else { "" }];
        let mut reply = self.redis.run(&BEAT, &[&lease, &rooms], &args).await?;
        let Some(until) = reply.maybe_text()? else { return Ok(false) };
        self.list(life, &until).await?;
        Ok(true)
    }

    /// Writes a life into the list in which others look for dead ones.
    pub(super) async fn list(&self, life: &str, until: &str) -> Result<(), StoreError> {
        self.redis.run(&LIST_SERVER, &[&self.servers_key()], &[&TTL_MS.to_string(), life, until]).await.map(|_| ())
    }

    /// Looks after rooms that were not touched for long, so that their keys do not end.
    async fn tend(&self) -> Result<(), StoreError> {
        let Some(life) = self.lives.current() else { return Ok(()) };
        let [_, rooms] = self.life_keys(&life);
        let args = [&*TEND_EVERY_MS.to_string(), &*TENDED_PER_BEAT.to_string()];
        let mut untended = self.redis.run(&UNTENDED, &[&rooms], &args).await?;
        let mut tending = Vec::new();
        while !untended.is_empty() {
            tending.push(self.tend_room(&life, &rooms, untended.text()?, untended.text()?));
        }
        join_all(tending).await.into_iter().collect()
    }

    async fn tend_room(&self, life: &str, rooms: &str, room: String, since: String) -> Result<(), StoreError> {
        let is_of_use = Room::of(self, &room).run(&TEND, &[life]).await?.int()? == 1;
        let args = [&*room, &*since, if is_of_use { "1" } else { "" }];
        self.redis.run(&TENDED, &[rooms], &args).await.map(|_| ())
    }

    /// Everything was told again: former lives end now, and are buried like those of dead servers.
    pub(super) async fn end_former_lives(&self) -> Result<(), StoreError> {
        let former = std::mem::take(&mut self.lives.inner.lock().former);
        for life in former {
            self.end(&life).await?;
        }
        self.look_ms.store(self.redis.local_ms(), Ordering::Relaxed);
        Ok(())
    }
}
