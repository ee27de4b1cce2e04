//! How many connections a user has, over all servers.
//!
//! Redis keeps them under the user; this server remembers its own, and tells them again by itself, when they were not told
//! for long and when it begins another life. Those of dead lives are dropped where they take a place.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use parking_lot::Mutex;

use super::super::script::scripts;
use super::{RedisPresence, TEND_EVERY_MS, TTL_MS};
use crate::StoreError;

/// How many are told again at once.
const TOLD_AT_ONCE: usize = 256;

scripts! {
    ENROLL = "time.lua" "enroll.lua";
    WITHDRAW = "time.lua" "withdraw.lua";
    DEAD_OF = "time.lua" "dead_of.lua";
}

/// This server's connections: when each was told last, and under which life.
#[derive(Default)]
pub(super) struct Enrolled {
    told: Mutex<HashMap<(Arc<str>, u64), Told>>,
}

struct Told {
    at_ms: i64,
    life: Arc<str>,
}

impl Enrolled {
    /// All must be told again.
    pub(super) fn all_untold(&self) {
        for told in self.told.lock().values_mut() {
            told.at_ms = i64::MIN;
        }
    }

    /// Those that were not told for long, and the lives under which they were.
    fn untold(&self, now_ms: i64) -> Vec<(Arc<str>, u64, Arc<str>)> {
        let told = self.told.lock();
        let is_old = |told: &Told| told.at_ms.saturating_add(TEND_EVERY_MS) <= now_ms;
        let old = told.iter().filter(|(_, told)| is_old(told));
        old.map(|((user, conn), told)| (Arc::clone(user), *conn, Arc::clone(&told.life))).collect()
    }

    fn remember(&self, user: &str, conn: u64, life: &str, now_ms: i64) {
        self.told.lock().insert((user.into(), conn), Told { at_ms: now_ms, life: life.into() });
    }

    /// Notes that it was told again; yields whether it is still there.
    fn renew(&self, user: &Arc<str>, conn: u64, life: &str, now_ms: i64) -> bool {
        let mut told = self.told.lock();
        let Some(told) = told.get_mut(&(Arc::clone(user), conn)) else { return false };
        *told = Told { at_ms: now_ms, life: life.into() };
        true
    }

    fn forget(&self, user: &str, conn: u64) -> Option<Arc<str>> {
        self.told.lock().remove(&(Arc::from(user), conn)).map(|told| told.life)
    }
}

impl RedisPresence {
    fn connections_key(&self, user: &str) -> String {
        self.redis.bare(&format!("homeroom:connections:{user}"))
    }

    pub(super) async fn counted(&self, user: &str, conn: u64, max: usize) -> Result<bool, StoreError> {
        let life = self.living().await?;
        // Remembered first: if the answer is lost, it is told again or withdrawn all the same.
        self.enrolled.remember(user, conn, &life, self.redis.local_ms());
        let counted = self.count_one(user, conn, &life, max).await;
        if !matches!(counted, Ok(true)) {
            self.enrolled.forget(user, conn);
        }
        counted
    }

    async fn count_one(&self, user: &str, conn: u64, life: &str, max: usize) -> Result<bool, StoreError> {
        let Err(others) = self.enroll_as(user, conn, life, max, "").await? else { return Ok(true) };
        if !self.drop_dead(user, others).await? {
            return Ok(false);
        }
        Ok(self.enroll_as(user, conn, life, max, "").await?.is_ok())
    }

    /// Yields the connections that are there instead, if there is no place.
    async fn enroll_as(
        &self,
        user: &str,
        conn: u64,
        life: &str,
        max: usize,
        instead_of: &str,
    ) -> Result<Result<(), Vec<String>>, StoreError> {
        let (ttl, member, max) = (TTL_MS.to_string(), format!("{life} {conn}"), max.to_string());
        let mut reply =
            self.redis.run(&ENROLL, &[&self.connections_key(user)], &[&ttl, &member, &max, instead_of]).await?;
        if reply.int()? == 1 {
            return Ok(Ok(()));
        }
        let mut others = Vec::new();
        while !reply.is_empty() {
            others.push(reply.text()?);
        }
        Ok(Err(others))
    }

    /// Drops those whose server's life is over; yields whether there were any.
    async fn drop_dead(&self, user: &str, conns: Vec<String>) -> Result<bool, StoreError> {
        let life = |conn: &str| conn.split(' ').next().unwrap_or("").to_owned();
        let mut lives: Vec<String> = conns.iter().map(|conn| life(conn)).collect();
        lives.sort();
        lives.dedup();
        let slack = self.slack_ms().to_string();
        let args: Vec<&str> = std::iter::once(&*slack).chain(lives.iter().map(String::as_str)).collect();
        let mut reply = self.redis.run(&DEAD_OF, &[&self.servers_key()], &args).await?;
        let mut dead = Vec::new();
        while !reply.is_empty() {
            dead.push(reply.text()?);
        }
        let former = self.lives.former();
        let is_dead = |conn: &&String| dead.contains(&life(conn)) && !former.contains(&life(conn));
        let dropped: Vec<&str> = conns.iter().filter(is_dead).map(String::as_str).collect();
        if dropped.is_empty() {
            return Ok(false);
        }
        self.redis.run(&WITHDRAW, &[&self.connections_key(user)], &dropped).await?;
        Ok(true)
    }

    pub(super) async fn uncounted(&self, user: &str, conn: u64) -> Result<(), StoreError> {
        let told = self.enrolled.forget(user, conn);
        let lives = told.map(|life| life.to_string()).into_iter().chain(self.lives.current());
        let members: Vec<String> = lives.map(|life| format!("{life} {conn}")).collect();
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        let withdrawn = self.redis.run(&WITHDRAW, &[&self.connections_key(user)], &members).await;
        // It must not stay counted while this server lives: the next life does not tell of it.
        withdrawn.map(|_| ()).inspect_err(|_| self.lives.doubt())
    }

    /// Tells again of connections that were not told for long, or not under this life.
    pub(super) async fn count_again(&self, life: &str, now_ms: i64) -> Result<(), StoreError> {
        for some in self.enrolled.untold(now_ms).chunks(TOLD_AT_ONCE) {
            let told = join_all(some.iter().map(|one| self.count_once_more(one, life, now_ms))).await;
            told.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    async fn count_once_more(
        &self,
        (user, conn, former): &(Arc<str>, u64, Arc<str>),
        life: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let instead_of = if **former == *life { String::new() } else { format!("{former} {conn}") };
        // It was admitted before; there is no question of place.
        self.enroll_as(user, *conn, life, usize::MAX >> 12, &instead_of).await?.ok();
        if !self.enrolled.renew(user, *conn, life, now_ms) {
            // It was withdrawn meanwhile.
            self.redis.run(&WITHDRAW, &[&self.connections_key(user)], &[&format!("{life} {conn}")]).await?;
        }
        Ok(())
    }
}
