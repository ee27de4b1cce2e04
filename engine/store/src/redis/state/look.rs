//! Looking for what ran out, and claiming it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use super::super::keys;
use super::super::script::{Reply, scripts, unexpected};
use super::{HOLD_MS, KEEP_WATCHED_MS, Keys, RedisState};
use crate::StoreError;
use crate::state::{Entry, Expired};

/// How long whoever looks at a collection has before others look too.
pub(super) const LOOK_MS: i64 = 2000;
/// How often servers look, when they know of nothing; the other servers' writes are seen by this late.
const LOOK_EVERY_MS: i64 = 500;

/// How often one call looks again when it found nothing: entries are often taken before they run out.
const ROUNDS: usize = 16;

scripts! {
    DUE = "time.lua" "due.lua";
    CLAIM = "time.lua" "collection.lua" "claim.lua";
    LOOKED = "time.lua" "index.lua" "looked.lua";
    SETTLE = "time.lua" "collection.lua" "settle.lua";
}

/// A collection to look at.
struct Look {
    index: String,
    bare: String,
    mark: String,
}

/// What was found there, and in how many milliseconds there is more.
struct Found {
    expired: Vec<Expired>,
    more_ms: Option<i64>,
}

impl RedisState {
    /// Looks wherever something is due. Where a cluster's node is away, the others are looked at.
    pub(super) async fn claim(&self, limit: usize) -> Result<Vec<Expired>, StoreError> {
        let now_ms = self.redis.local_ms();
        self.look_ms.store(now_ms.saturating_add(LOOK_EVERY_MS), Ordering::Relaxed);
        self.claimed.forget_late(now_ms);
        for _ in 0..ROUNDS {
            let looks = self.looks(limit).await?;
            let expired = self.claim_in(&looks, limit).await;
            if looks.is_empty() || !expired.is_empty() {
                return Ok(expired);
            }
        }
        Ok(Vec::new())
    }

    async fn claim_in(&self, looks: &[Look], limit: usize) -> Vec<Expired> {
        let each = (limit / looks.len().max(1)).max(1);
        let mut expired = Vec::new();
        for found in join_all(looks.iter().map(|look| self.look(look, each))).await {
            // Who cannot be asked is looked at again when the mark ends.
            let Ok(found) = found else { continue };
            self.look_in(found.more_ms);
            expired.extend(found.expired);
        }
        expired.sort_by_key(|one: &Expired| one.deadline_ms);
        expired
    }

    /// What the index says is due, so many at most.
    async fn looks(&self, limit: usize) -> Result<Vec<Look>, StoreError> {
        let shards = self.shards();
        let each = limit.div_ceil(shards);
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let answers = join_all((0..shards).map(|turn| self.due_in((first + turn) % shards, each))).await;
        let mut looks = Vec::new();
        let mut failed = None;
        for answer in answers {
            match answer {
                Ok(some) => looks.extend(some),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if looks.is_empty() => Err(error),
            _ => {
                let beyond = looks.split_off(limit.min(looks.len()));
                join_all(beyond.iter().map(|look| self.looked(look, Some(0)))).await;
                Ok(looks)
            }
        }
    }

    async fn due_in(&self, shard: usize, limit: usize) -> Result<Vec<Look>, StoreError> {
        let index = self.index(shard);
        let args = [&*limit.to_string(), &*LOOK_MS.to_string(), KEEP_WATCHED_MS];
        let mut reply = self.redis.run(&DUE, &[&index], &args).await?;
        self.look_in(waited(&mut reply)?);
        let mut looks = Vec::new();
        while !reply.is_empty() {
            looks.push(Look { index: index.clone(), bare: reply.text()?, mark: reply.text()? });
        }
        Ok(looks)
    }

    async fn look(&self, look: &Look, limit: usize) -> Result<Found, StoreError> {
        let args = [&*limit.to_string(), &*self.redis.claim_ms().to_string()];
        let mut reply = self.on(&CLAIM, &look.bare, &args).await?;
        let (more_ms, mark) = (waited(&mut reply)?, reply.text()?);
        let claimed = self.held(&look.bare, &mark, reply).await?;
        let now_ms = self.redis.local_ms();
        let key: Arc<str> = keys::original(&self.redis.inner.config.prefix, &look.bare).ok_or_else(unexpected)?.into();
        let mut expired = Vec::new();
        for (id, content) in claimed {
            // Text that is cut wrongly was written by others; it must not stop what follows.
            let Some((watch, entry, deadline_ms)) = content.and_then(|content| unpacked(&id, &content)) else {
                continue;
            };
            let claim = self.claimed.give((look.bare.clone(), id), now_ms);
            expired.push(Expired { claim, key: Arc::clone(&key), watch, entry, deadline_ms });
        }
        self.looked(look, more_ms).await;
        Ok(Found { expired, more_ms })
    }

    /// What was claimed: id and content of those that this server holds from now on.
    async fn held(
        &self,
        bare: &str,
        mark: &str,
        mut reply: Reply,
    ) -> Result<Vec<(String, Option<String>)>, StoreError> {
        let mut claimed = Vec::new();
        while !reply.is_empty() {
            claimed.push((reply.text()?, reply.maybe_text()?));
        }
        let keys = Keys::of(bare);
        let [.., leases] = keys.each();
        Ok(self.redis.hold(leases, mark, claimed).await?.1)
    }

    /// Puts the collection back into the index; if that fails, the mark there brings it back by itself.
    async fn looked(&self, look: &Look, more_ms: Option<i64>) {
        let hold_ms = if self.redis.is_cluster() { HOLD_MS } else { 0 };
        let (again, hold) = (more_ms.unwrap_or(-1).to_string(), hold_ms.to_string());
        let args = [&*look.bare, &look.mark, &again, &hold, KEEP_WATCHED_MS];
        let _ = self.redis.run(&LOOKED, &[&look.index], &args).await;
    }

    fn look_in(&self, wait_ms: Option<i64>) {
        if let Some(wait_ms) = wait_ms {
            self.look_ms.fetch_min(self.redis.local_ms().saturating_add(wait_ms), Ordering::Relaxed);
        }
    }

    pub(super) async fn settled(&self, claim: u64) -> Result<(), StoreError> {
        let Some((bare, id)) = self.claimed.take(claim) else { return Ok(()) };
        self.on(&SETTLE, &bare, &[&*id]).await?;
        Ok(())
    }
}

fn waited(reply: &mut Reply) -> Result<Option<i64>, StoreError> {
    Ok(Some(reply.int()?).filter(|wait_ms| *wait_ms >= 0))
}

/// The parts of what ran out: see `purge_part` in `lua/collection.lua`.
fn unpacked(id: &str, content: &str) -> Option<(Arc<str>, Entry, i64)> {
    let (deadline, name) = id.split_once(' ')?;
    let (length, rest) = content.split_once(' ')?;
    let (watch, value) = rest.split_at_checked(length.parse().ok()?)?;
    Some((watch.into(), Entry { name: name.into(), value: value.into() }, deadline.parse().ok()?))
}
