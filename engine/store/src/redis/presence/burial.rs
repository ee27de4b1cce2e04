//! Burying lives that are over, and telling of whoever is gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use super::super::script::{scripts, unexpected};
use super::room::{Departure, Room};
use super::{Gone, LOOK_EVERY_MS, RETRY_MS, RedisPresence, TTL_MS};
use crate::StoreError;

/// How long whoever buries a life has before others try.
const BURY_MS: i64 = 5000;
/// How many lives are buried at once, and how often; how many rooms of one are visited at once, and how often.
const LIVES_AT_ONCE: usize = 8;
const LIVES_ROUNDS: usize = 8;
const ROOMS_AT_ONCE: usize = 128;
const ROOMS_ROUNDS: usize = 16;

scripts! {
    DEAD = "time.lua" "dead.lua";
    DOOM = "time.lua" "doom.lua";
    BURY = "time.lua" "room.lua" "bury.lua";
    DEPART = "time.lua" "room.lua" "depart.lua";
    UNLIST_ROOM = "time.lua" "unlist_room.lua";
    UNLIST_SERVER = "time.lua" "unlist_server.lua";
}

impl RedisPresence {
    pub(super) async fn departed(&self, limit: usize) -> Result<Vec<Gone>, StoreError> {
        let now_ms = self.redis.local_ms();
        self.claimed.forget_late(now_ms);
        self.settle_what_was_told().await?;
        if now_ms >= self.look_ms.load(Ordering::Relaxed) && self.may_judge(now_ms) {
            self.look_ms.store(now_ms.saturating_add(LOOK_EVERY_MS), Ordering::Relaxed);
            self.bury_the_dead().await?;
        }
        self.claim_departures(now_ms, limit).await
    }

    async fn settle_what_was_told(&self) -> Result<(), StoreError> {
        loop {
            let some: Vec<Departure> = {
                let mut settled = self.settled.lock();
                let rest = settled.len().saturating_sub(ROOMS_AT_ONCE);
                settled.split_off(rest)
            };
            if some.is_empty() {
                return Ok(());
            }
            let outcomes = join_all(some.iter().map(|departure| self.settle(departure))).await;
            let failed = some.into_iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_err());
            self.settled.lock().extend(failed.map(|(departure, _)| departure));
            outcomes.into_iter().collect::<Result<(), _>>()?;
        }
    }

    async fn bury_the_dead(&self) -> Result<(), StoreError> {
        for _ in 0..LIVES_ROUNDS {
            let dead = self.dead().await?;
            let is_all = dead.len() < LIVES_AT_ONCE;
            let own = self.lives.current();
            // Its own life ends by being told so, not by its own hand.
            let others = dead.iter().filter(|life| own.as_ref() != Some(life));
            join_all(others.map(|life| self.bury(life))).await.into_iter().collect::<Result<(), _>>()?;
            if is_all {
                return Ok(());
            }
        }
        self.look_ms.store(self.redis.local_ms(), Ordering::Relaxed);
        Ok(())
    }

    async fn dead(&self) -> Result<Vec<String>, StoreError> {
        let args = [self.slack_ms().to_string(), LIVES_AT_ONCE.to_string(), BURY_MS.to_string()];
        let args = args.each_ref().map(String::as_str);
        let mut reply = self.redis.run(&DEAD, &[&self.servers_key()], &args).await?;
        let mut dead = Vec::new();
        while !reply.is_empty() {
            dead.push(reply.text()?);
        }
        Ok(dead)
    }

    /// Visits all rooms of a life that is over.
    async fn bury(&self, life: &str) -> Result<(), StoreError> {
        let own = self.living().await?;
        let [lease, rooms] = self.life_keys(life);
        for _ in 0..ROOMS_ROUNDS {
            let args = [TTL_MS.to_string(), self.slack_ms().to_string(), ROOMS_AT_ONCE.to_string()];
            let mut reply = self.redis.run(&DOOM, &[&lease, &rooms], &args.each_ref().map(String::as_str)).await?;
            match &*reply.text()? {
                "alive" => return self.list(life, &reply.text()?).await,
                "dead" => {}
                _ => return Err(unexpected()),
            }
            let mut visits = Vec::new();
            while !reply.is_empty() {
                visits.push(self.bury_in(&own, life, &rooms, reply.text()?));
            }
            if visits.is_empty() {
                return self.redis.run(&UNLIST_SERVER, &[&self.servers_key()], &[life]).await.map(|_| ());
            }
            join_all(visits).await.into_iter().collect::<Result<(), _>>()?;
        }
        // The rest next time; nobody else comes before.
        self.look_ms.store(self.redis.local_ms(), Ordering::Relaxed);
        self.list(life, "0").await
    }

    /// Takes over a room from a life that is over: notes it among its own first, so that it is watched by somebody always.
    async fn bury_in(&self, own: &str, life: &str, rooms: &str, room: String) -> Result<(), StoreError> {
        if self.note(own, &room).await?.is_none() {
            self.lives.doubt();
            return Err(StoreError::Unavailable("this server's lease is over".into()));
        }
        Room::of(self, &room).run(&BURY, &[life]).await?;
        self.agenda.remind(&room, self.redis.local_ms());
        self.redis.run(&UNLIST_ROOM, &[rooms], &[&room]).await.map(|_| ())
    }

    /// Ends a life at once.
    pub(super) async fn end(&self, life: &str) -> Result<(), StoreError> {
        // With nothing to differ by, a lease in the past is over.
        let [lease, rooms] = self.life_keys(life);
        let args = [TTL_MS.to_string(), i64::from(i32::MIN).to_string(), "1".into()];
        self.redis.run(&DOOM, &[&lease, &rooms], &args.each_ref().map(String::as_str)).await?;
        self.list(life, "0").await
    }

    /// Looks into rooms that are due until somebody is found.
    async fn claim_departures(&self, now_ms: i64, limit: usize) -> Result<Vec<Gone>, StoreError> {
        loop {
            let rooms = self.agenda.take(now_ms, limit);
            let gone = self.claim_in_all(&rooms, now_ms, limit).await?;
            if rooms.is_empty() || !gone.is_empty() {
                return Ok(gone);
            }
        }
    }

    async fn claim_in_all(&self, rooms: &[Arc<str>], now_ms: i64, limit: usize) -> Result<Vec<Gone>, StoreError> {
        let each = (limit / rooms.len().max(1)).max(1);
        let claimed = join_all(rooms.iter().map(|room| self.claim_in(room, each))).await;
        let (mut gone, mut failed) = (Vec::new(), None);
        for (room, claimed) in rooms.iter().zip(claimed) {
            match claimed {
                Ok(some) => gone.extend(some),
                Err(error) => {
                    self.agenda.remind(room, now_ms.saturating_add(RETRY_MS));
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if gone.is_empty() => Err(error),
            _ => Ok(gone),
        }
    }

    async fn claim_in(&self, room: &str, limit: usize) -> Result<Vec<Gone>, StoreError> {
        let args = [&*limit.to_string(), &*self.redis.claim_ms().to_string()];
        let keys = Room::of(self, room);
        let mut reply = keys.run(&DEPART, &args).await?;
        let now_ms = self.redis.local_ms();
        let (wait_ms, mark) = (reply.int()?, reply.text()?);
        if wait_ms >= 0 {
            self.agenda.remind(room, now_ms.saturating_add(wait_ms));
        }
        let mut claimed = Vec::new();
        while !reply.is_empty() {
            claimed.push((reply.text()?, reply.text()?));
        }
        let (mark, held) = self.redis.hold(keys.leases(), &mark, claimed).await?;
        let mut gone = Vec::new();
        for (user, value) in held {
            let departure = Departure { room: room.to_owned(), user: user.clone(), mark: mark.clone() };
            let claim = self.claimed.give(departure, now_ms);
            gone.push(Gone { claim, room: room.into(), user: user.into(), value: value.into() });
        }
        Ok(gone)
    }
}
