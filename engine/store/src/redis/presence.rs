//! Presence in Redis, exact over all servers.
//!
//! # Lives
//!
//! A server tells of its connections under the name of a *life*. A life has a lease, which `beat` renews, and a list of
//! the rooms in which it told of anyone. Nothing is told under a life whose lease is over, so whoever buries a life finds
//! all that it told: first it is doomed (from then on it can note no room), then each of its rooms is visited. When this
//! server has reason to think that Redis does not know what it told (it was doomed, Redis lost its keys, or a call was not
//! answered), it begins another life and asks to be told everything again; what only the old life said is then buried
//! like that of a dead server. So one way mends every fault.
//!
//! # Who watches
//!
//! Somebody who left and is not settled, or is within the grace period, is written in the room; a room with such users is
//! always in the list of a life, alive or to be buried, and each server watches over the rooms of its own list in which
//! there are some (`agenda.rs`). A room that is not looked after for [`TTL_MS`] ends.
//!
//! | what fails | what follows |
//! |---|---|
//! | a server | its lease ends, and others bury it: its users are told gone once |
//! | a server while it buries | its own list names the room by then, and so does the dead one's: others go on |
//! | a server that claimed somebody's leaving | the claim ends with its lease, and another claims; soon, if it never heard of it |
//! | a server that was told `Last` and died before saying so | the same: a last leaving is written before it is told, and settled soon after |
//! | Redis, for longer than a lease | nobody is buried before others had as long as a lease to come back |
//! | Redis, with all it knew | servers tell again; who had left by then is not told gone |
//!
//! A room lies under `<room>:presence`, a hash of namespace and user to what is remembered.

mod agenda;
mod burial;
mod enrolled;
mod life;
mod room;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use agenda::Agenda;
use enrolled::Enrolled;
use life::Lives;
use parking_lot::Mutex;
use room::{Departure, Room};

use super::Redis;
use super::claims::Claimed;
use super::script::{Script, scripts, unexpected};
use crate::presence::{Gone, Left, Presence, PresenceRules, Present};
use crate::state::Stored;
use crate::{Answer, StoreError};

/// How long keys live when nobody looks after them; and how often they are looked after.
const TTL_MS: i64 = 60 * 60 * 1000;
const TEND_EVERY_MS: i64 = TTL_MS / 4;
/// How often others' deaths are looked for.
const LOOK_EVERY_MS: i64 = 500;
/// How long to wait when Redis could not be asked.
const RETRY_MS: i64 = 1000;
/// A server beats so many times in a lease, so that one late beat is not its death.
const BEATS_PER_LEASE: i64 = 3;

scripts! {
    PRESENT = "time.lua" "room.lua" "present.lua";
    COUNT = "time.lua" "room.lua" "head_count.lua";
    REMEMBERED = "time.lua" "room.lua" "remembered.lua";
}

/// Who is present, as this server tells and asks it.
pub struct RedisPresence {
    redis: Redis,
    rules: PresenceRules,
    lives: Lives,
    enrolled: Enrolled,
    agenda: Agenda,
    claimed: Claimed<Departure>,
    /// What was told as a `Last`, and need not be told by others.
    settled: Mutex<Vec<Departure>>,
    /// When to look for others' deaths next, by this server's clock.
    look_ms: AtomicI64,
    /// Nothing is tried again before this.
    rest_ms: AtomicI64,
    /// When Redis could last not be asked, by this server's clock.
    away_ms: AtomicI64,
}

impl RedisPresence {
    /// Presence behind this connection, of a server that is new.
    #[must_use]
    pub fn new(redis: Redis, rules: PresenceRules) -> Self {
        let look_ms = AtomicI64::new(redis.local_ms());
        Self {
            redis,
            rules,
            lives: Lives::default(),
            enrolled: Enrolled::default(),
            agenda: Agenda::default(),
            claimed: Claimed::default(),
            settled: Mutex::default(),
            look_ms,
            rest_ms: AtomicI64::new(i64::MIN),
            away_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// How far the clocks of a cluster's nodes may differ; a lease is so much shorter than the rules say, and a life is
    /// taken for dead so much later than its lease ends.
    fn slack_ms(&self) -> i64 {
        (self.rules.lease_ms / 10).min(1000)
    }

    /// After Redis could not be asked.
    fn rest(&self) {
        let now_ms = self.redis.local_ms();
        self.rest_ms.store(now_ms.saturating_add(RETRY_MS), Ordering::Relaxed);
        self.away_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Whether a lease that is over tells of a death. As long as a lease after Redis was away it does not: others could not
    /// renew theirs either, and are about to.
    fn may_judge(&self, now_ms: i64) -> bool {
        now_ms >= self.judges_from_ms()
    }

    fn judges_from_ms(&self) -> i64 {
        self.away_ms.load(Ordering::Relaxed).saturating_add(self.rules.lease_ms)
    }

    async fn read(&self, script: &Script, room: &str, args: &[&str]) -> Result<super::Reply, StoreError> {
        Room::of(self, room).run(script, args).await
    }
}

impl Presence for RedisPresence {
    fn enter<'a>(&'a self, room: &'a str, user: &'a str, conn: u64, value: Arc<str>) -> Stored<'a, bool> {
        Answer::later(async move { self.told(room, user, conn, &value, false).await })
    }

    fn leave<'a>(&'a self, room: &'a str, user: &'a str, conn: u64) -> Stored<'a, Left> {
        Answer::later(self.left(room, user, conn))
    }

    fn all<'a>(&'a self, room: &'a str) -> Stored<'a, Vec<Present>> {
        Answer::later(async move {
            let mut reply = self.read(&PRESENT, room, &[]).await?;
            let mut all = Vec::new();
            while !reply.is_empty() {
                all.push(Present { user: reply.text()?.into(), value: reply.text()?.into() });
            }
            Ok(all)
        })
    }

    fn count<'a>(&'a self, room: &'a str) -> Stored<'a, usize> {
        Answer::later(async move {
            let count = self.read(&COUNT, room, &[]).await?.int()?;
            usize::try_from(count).map_err(|_| unexpected())
        })
    }

    fn get<'a>(&'a self, room: &'a str, user: &'a str) -> Stored<'a, Option<Arc<str>>> {
        Answer::later(async move { Ok(self.read(&REMEMBERED, room, &[user]).await?.maybe_text()?.map(Arc::from)) })
    }

    fn enroll<'a>(&'a self, user: &'a str, conn: u64, max: usize) -> Stored<'a, bool> {
        Answer::later(self.counted(user, conn, max))
    }

    fn withdraw<'a>(&'a self, user: &'a str, conn: u64) -> Stored<'a, ()> {
        Answer::later(self.uncounted(user, conn))
    }

    fn beat(&self) -> Stored<'_, u64> {
        Answer::later(async move { self.beaten().await.inspect_err(|_| self.rest()) })
    }

    fn renew<'a>(&'a self, room: &'a str, user: &'a str, conn: u64, value: Arc<str>) -> Stored<'a, bool> {
        Answer::later(async move { self.told(room, user, conn, &value, true).await })
    }

    fn renewed(&self) -> Stored<'_, ()> {
        Answer::later(self.end_former_lives())
    }

    fn gone(&self, limit: usize) -> Stored<'_, Vec<Gone>> {
        Answer::later(async move { self.departed(limit).await.inspect_err(|_| self.rest()) })
    }

    fn settle_gone(&self, claim: u64) -> Stored<'_, ()> {
        Answer::later(async move {
            let Some(departure) = self.claimed.take(claim) else { return Ok(()) };
            self.settle(&departure).await
        })
    }

    fn due(&self) -> Option<i64> {
        let look = Some(self.look_ms.load(Ordering::Relaxed).max(self.judges_from_ms()));
        let due = [look, self.lives.next_beat(), self.agenda.due()].into_iter().flatten().min();
        due.map(|due_ms| due_ms.max(self.rest_ms.load(Ordering::Relaxed)))
    }
}
