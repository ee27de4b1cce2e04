//! State in Redis.
//!
//! A collection is a hash under its own key, readable by anyone: names and values. Beside it lie the deadlines, the order
//! of arrival, and what ran out and is not settled (`lua/collection.lua`). All kinds are kept so; a set's values are empty.
//!
//! # What runs out
//!
//! An *index* tells which collections have watched entries, and by when each must be looked at. On one server it is
//! written in the same script as the entry. In a cluster it lies elsewhere, in one of [`SHARDS`] parts, so it is written
//! first:
//!
//! | what fails | what follows |
//! |---|---|
//! | the writer, after the index and before the entry | a look that finds nothing |
//! | the entry's write, so late that the index has forgotten | the script refuses what is later than [`WRITE_WITHIN_MS`]; the index forgets after [`HOLD_MS`] |
//! | whoever looks, after the index said so | the mark in the index ends after [`LOOK_MS`], and another looks |
//! | the answer to whoever claims an entry | the claim ends soon, as nobody holds it (`claims.rs`), and another claims |
//! | whoever claimed an entry | the claim ends with its lease, and another claims |
//! | a cluster's node, with what it had not replicated | what every Redis loses there is lost |
//!
//! Keys of what is watched outlive their last deadline by [`KEEP_WATCHED_MS`], so that nothing is lost while all servers
//! are away; all other keys end with their last entry, or up to a second later (`lua/write_again.lua`).

mod look;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use super::claims::Claimed;
use super::script::{Script, scripts, unexpected};
use super::{Redis, keys};
use crate::state::{At, Entry, Expired, Only, Rules, StateStore, Stored, Which, Written};
use crate::{Answer, StoreError};

/// Parts of the index in a cluster; alone, one part is as good.
const SHARDS: usize = 16;
/// How long what is watched is kept after its deadline, if nobody claims it.
const KEEP_WATCHED_MS: &str = "86400000";
/// How long what is not watched is kept where the clock is not Redis' own, which alone ends keys.
const KEEP_BY_ANOTHER_CLOCK_MS: &str = "60000";
/// How late an entry may follow the index.
const WRITE_WITHIN_MS: i64 = 10_000;
/// How long the index remembers a collection in which nothing was found; more than [`WRITE_WITHIN_MS`] and what the clocks
/// of two nodes may differ by.
const HOLD_MS: i64 = 30_000;

scripts! {
    WRITE = "time.lua" "write_again.lua" "collection.lua" "index.lua" "write.lua";
    TAKE = "time.lua" "collection.lua" "take.lua";
    CLEAR = "time.lua" "collection.lua" "clear.lua";
    GET = "time.lua" "collection.lua" "get.lua";
    ALL = "time.lua" "collection.lua" "all.lua";
    LEN = "time.lua" "collection.lua" "len.lua";
    REMIND = "time.lua" "index.lua" "remind.lua";
}

/// State in Redis, shared by all servers.
pub struct RedisState {
    redis: Redis,
    /// What was claimed: the collection's key as Redis has it, and the id there.
    claimed: Claimed<(String, String)>,
    /// When to look next, by this server's clock.
    look_ms: AtomicI64,
    /// With which part of the index the next look begins.
    turn: AtomicUsize,
}

/// What lies beside a collection.
const COMPANIONS: [&str; 5] = ["exp", "order", "watch", "gone", "leases"];

/// The keys of a collection, one behind the other.
struct Keys<'a> {
    bare: &'a str,
    companions: String,
    ends: [usize; COMPANIONS.len()],
}

impl<'a> Keys<'a> {
    fn of(bare: &'a str) -> Self {
        let mut companions = String::with_capacity(COMPANIONS.len() * (bare.len() + 10));
        let ends = COMPANIONS.map(|name| {
            keys::push_beside(&mut companions, bare, name);
            companions.len()
        });
        Self { bare, companions, ends }
    }

    fn each(&self) -> [&str; 1 + COMPANIONS.len()] {
        let [exp, order, watch, gone, leases] = self.ends;
        let part = |from: usize, to: usize| &self.companions[from..to];
        [self.bare, part(0, exp), part(exp, order), part(order, watch), part(watch, gone), part(gone, leases)]
    }
}

/// How an entry is written.
struct Write<'a> {
    how: &'a str,
    name: &'a str,
    value: &'a str,
}

impl RedisState {
    /// State behind this connection.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        let look_ms = AtomicI64::new(redis.local_ms());
        Self { redis, claimed: Claimed::default(), look_ms, turn: AtomicUsize::new(0) }
    }

    fn keep_ms(&self) -> &'static str {
        if self.redis.inner.config.now.is_some() { KEEP_BY_ANOTHER_CLOCK_MS } else { "0" }
    }

    /// Runs a script on a collection.
    async fn on(&self, script: &Script, bare: &str, args: &[&str]) -> Result<super::Reply, StoreError> {
        let args: Vec<&str> = [self.keep_ms(), KEEP_WATCHED_MS].into_iter().chain(args.iter().copied()).collect();
        self.redis.run(script, &Keys::of(bare).each(), &args).await
    }

    async fn write(
        &self,
        at: At<'_>,
        write: Write<'_>,
        ttl_ms: Option<i64>,
    ) -> Result<(Written, Option<String>), StoreError> {
        let bare = self.redis.bare(at.key);
        let life_ms = life_ms(at.rules, ttl_ms);
        if at.rules.watch.is_some() {
            self.look_ms.fetch_min(self.redis.local_ms().saturating_add(life_ms), Ordering::Relaxed);
        }
        // Of what is not watched, the index knows nothing.
        let watched = at.rules.watch.as_ref().map(|watch| (format!("1{watch}"), self.index_of(&bare)));
        let (watch, index) = watched.as_ref().map_or(("", None), |(watch, index)| (&**watch, Some(&**index)));
        let until = self.remind_first(index, &bare, life_ms).await?;
        let is_too_large = write.value.len() > at.rules.max_bytes;
        let (life, max) = (life_ms.to_string(), at.rules.max.to_string());
        let args = [
            self.keep_ms(),
            KEEP_WATCHED_MS,
            write.how,
            write.name,
            if is_too_large { "" } else { write.value },
            &life,
            &max,
            flag(at.rules.drop_oldest),
            watch,
            flag(is_too_large),
            index.map_or("", |_| &bare),
            &until,
        ];
        let keys = Keys::of(&bare);
        let [values, exp, order, watches, gone, leases] = keys.each();
        let mut reply = match index.filter(|_| !self.redis.is_cluster()) {
            Some(index) => self.redis.run(&WRITE, &[values, exp, order, watches, gone, leases, index], &args).await?,
            None => self.redis.run(&WRITE, &keys.each(), &args).await?,
        };
        let written = match reply.int()? {
            0 => Written::Done,
            1 => Written::Not,
            2 => Written::Full,
            3 => Written::TooLarge,
            4 => return Err(StoreError::Unavailable("the entry came too late to Redis".into())),
            _ => return Err(unexpected()),
        };
        Ok((written, reply.maybe_text()?))
    }

    /// In a cluster, writes the index before the entry; yields until when the entry must follow.
    async fn remind_first(&self, index: Option<&str>, bare: &str, life_ms: i64) -> Result<String, StoreError> {
        let Some(index) = index.filter(|_| self.redis.is_cluster()) else { return Ok(String::new()) };
        let args = [bare, &life_ms.to_string(), KEEP_WATCHED_MS];
        let now_ms = self.redis.run(&REMIND, &[index], &args).await?.int()?;
        Ok(now_ms.saturating_add(WRITE_WITHIN_MS).to_string())
    }

    fn shards(&self) -> usize {
        if self.redis.is_cluster() { SHARDS } else { 1 }
    }

    fn index_of(&self, bare: &str) -> String {
        self.index(keys::part(bare, self.shards()))
    }

    fn index(&self, shard: usize) -> String {
        self.redis.bare(&format!("homeroom:expiry:{shard}"))
    }

    async fn written(&self, at: At<'_>, write: Write<'_>, ttl_ms: Option<i64>) -> Result<Written, StoreError> {
        self.write(at, write, ttl_ms).await.map(|(written, _)| written)
    }
}

fn life_ms(rules: &Rules, ttl_ms: Option<i64>) -> i64 {
    ttl_ms.unwrap_or(rules.ttl_ms).min(rules.ttl_ms)
}

fn flag(is_so: bool) -> &'static str {
    if is_so { "1" } else { "" }
}

impl StateStore for RedisState {
    fn put<'a>(
        &'a self,
        at: At<'a>,
        field: &'a str,
        value: &'a str,
        only: Only,
        ttl_ms: Option<i64>,
    ) -> Stored<'a, Written> {
        let how = match only {
            Only::Any => "any",
            Only::New => "new",
            Only::Existing => "existing",
        };
        Answer::later(self.written(at, Write { how, name: field, value }, ttl_ms))
    }

    fn add<'a>(&'a self, at: At<'a>, member: &'a str, ttl_ms: Option<i64>) -> Stored<'a, Written> {
        Answer::later(self.written(at, Write { how: "new", name: member, value: "" }, ttl_ms))
    }

    fn push<'a>(
        &'a self,
        at: At<'a>,
        value: &'a str,
        token: Option<&'a str>,
        ttl_ms: Option<i64>,
    ) -> Stored<'a, Written> {
        let how = if token.is_some() { "new" } else { "number" };
        Answer::later(self.written(at, Write { how, name: token.unwrap_or(""), value }, ttl_ms))
    }

    fn increment<'a>(&'a self, at: At<'a>, by: i64, ttl_ms: Option<i64>) -> Stored<'a, i64> {
        Answer::later(async move {
            // What is written is the sum, which the rules' `max_bytes` is not about.
            let rules = Rules { max_bytes: usize::MAX, ..at.rules.clone() };
            let at = At { key: at.key, rules: &rules };
            let (_, sum) = self.write(at, Write { how: "count", name: "", value: &by.to_string() }, ttl_ms).await?;
            sum.and_then(|sum| sum.parse().ok()).ok_or_else(unexpected)
        })
    }

    fn get<'a>(&'a self, key: &'a str, name: &'a str) -> Stored<'a, Option<Arc<str>>> {
        Answer::later(async move {
            let mut reply = self.on(&GET, &self.redis.bare(key), &[name]).await?;
            Ok(reply.maybe_text()?.map(Arc::from))
        })
    }

    fn all<'a>(&'a self, key: &'a str, last: Option<usize>) -> Stored<'a, Vec<Entry>> {
        Answer::later(async move {
            let last = last.map_or(String::new(), |last| last.to_string());
            let mut reply = self.on(&ALL, &self.redis.bare(key), &[&last]).await?;
            let mut entries = Vec::new();
            while !reply.is_empty() {
                entries.push(Entry { name: reply.text()?.into(), value: reply.text()?.into() });
            }
            Ok(entries)
        })
    }

    fn len<'a>(&'a self, key: &'a str) -> Stored<'a, usize> {
        Answer::later(async move {
            let count = self.on(&LEN, &self.redis.bare(key), &[]).await?.int()?;
            usize::try_from(count).map_err(|_| unexpected())
        })
    }

    fn take<'a>(&'a self, key: &'a str, which: Which<'a>) -> Stored<'a, Option<Entry>> {
        let args = match which {
            Which::First => ["first", "", ""],
            Which::Named(name) => ["named", name, ""],
            Which::Exact(entry) => ["exact", &*entry.name, &*entry.value],
        };
        Answer::later(async move {
            let mut reply = self.on(&TAKE, &self.redis.bare(key), &args).await?;
            if reply.is_empty() {
                return Ok(None);
            }
            Ok(Some(Entry { name: reply.text()?.into(), value: reply.text()?.into() }))
        })
    }

    fn clear<'a>(&'a self, key: &'a str) -> Stored<'a, usize> {
        Answer::later(async move {
            let count = self.on(&CLEAR, &self.redis.bare(key), &[]).await?.int()?;
            usize::try_from(count).map_err(|_| unexpected())
        })
    }

    /// Also when nothing is known to run out: other servers may have written, or gone.
    fn due(&self) -> Option<i64> {
        Some(self.look_ms.load(Ordering::Relaxed))
    }

    fn claim_expired(&self, limit: usize) -> Stored<'_, Vec<Expired>> {
        Answer::later(self.claim(limit))
    }

    fn settle(&self, claim: u64) -> Stored<'_, ()> {
        Answer::later(self.settled(claim))
    }
}
