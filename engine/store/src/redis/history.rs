//! What was sent to rooms lately, in Redis.
//!
//! A room has a list of entries and a hash of last numbers. Both lie in one of [`PARTS`] slots together with a key that says
//! since when the part was there: it is gone with whatever took the others, so that a Redis that lost its keys is not taken
//! for one that had nothing to keep.

use bytes::Bytes;

use super::script::{Reply, scripts, unexpected};
use super::{Redis, keys};
use crate::history::{Appended, Head, History, Keeping, Kept, Past};
use crate::state::Stored;
use crate::{Answer, StoreError};

/// Over how many slots of a cluster rooms are spread.
const PARTS: usize = 128;
/// How long it is known that a part that nobody used has forgotten nothing. No entry lives as long.
const KNOWN_FOR_MS: i64 = 15 * 24 * 60 * 60 * 1000;

scripts! {
    REMEMBER = "time.lua" "history.lua" "remember.lua";
    RECALL = "time.lua" "history.lua" "recall.lua";
}

/// The history of rooms, shared by all servers.
pub struct RedisHistory {
    redis: Redis,
}

impl RedisHistory {
    /// Over this Redis.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// The keys of a room: entries, last numbers, and since when nothing was forgotten.
    fn keys(&self, room: &str) -> [String; 3] {
        let part = self.redis.bare(&format!("homeroom:history:{}", keys::part(room, PARTS)));
        let of = |what: &str| keys::beside(&part, &format!("{what}:{room}"));
        [of("entries"), of("last"), keys::beside(&part, "known")]
    }

    async fn remember(
        &self,
        room: &str,
        keeping: Keeping,
        entries: &[Kept],
        anyway: bool,
    ) -> Result<Appended, StoreError> {
        let keys = self.keys(room);
        let bounds = bounds(keeping);
        let mut args: Vec<&[u8]> = bounds.iter().map(String::as_bytes).collect();
        args.push(if anyway { b"1" } else { b"" });
        let numbers: Vec<[String; 3]> = entries
            .iter()
            .map(|entry| [format!("{:x}", entry.origin), entry.number.to_string(), entry.prev.to_string()])
            .collect();
        for (entry, numbers) in entries.iter().zip(&numbers) {
            args.extend(numbers.iter().map(String::as_bytes));
            args.push(&entry.bytes);
        }
        let lacks = self.redis.run_with(&REMEMBER, &keys.each_ref().map(String::as_str), &args).await?.int()?;
        Ok(u64::try_from(lacks).map_or(Appended::Done, Appended::Lacks))
    }

    async fn recall(&self, room: &str, keeping: Keeping) -> Result<Past, StoreError> {
        let keys = self.keys(room);
        let bounds = bounds(keeping);
        let args = bounds.each_ref().map(String::as_bytes);
        let mut reply = self.redis.run_with(&RECALL, &keys.each_ref().map(String::as_str), &args).await?;
        let known_ms = reply.int()?;
        let heads = (0..reply.int()?).map(|_| head(&mut reply)).collect::<Result<_, _>>()?;
        let mut entries = Vec::new();
        while !reply.is_empty() {
            entries.push(entry(&reply.bytes()?).ok_or_else(unexpected)?);
        }
        Ok(Past { entries, heads, known_ms })
    }
}

fn bounds(keeping: Keeping) -> [String; 4] {
    [keeping.size.to_string(), keeping.ttl_ms.to_string(), keeping.heads_ms().to_string(), KNOWN_FOR_MS.to_string()]
}

/// `origin`, `number at`
fn head(reply: &mut Reply) -> Result<Head, StoreError> {
    let (origin, told) = (reply.text()?, reply.text()?);
    let read = || {
        let (number, at_ms) = told.split_once(' ')?;
        let origin = u64::from_str_radix(&origin, 16).ok()?;
        Some(Head { origin, number: number.parse().ok()?, at_ms: at_ms.parse().ok()? })
    };
    read().ok_or_else(unexpected)
}

/// `at origin number before bytes`
fn entry(told: &[u8]) -> Option<Kept> {
    let mut parts = told.splitn(5, |byte| *byte == b' ').skip(1);
    let mut text = || std::str::from_utf8(parts.next()?).ok();
    let origin = u64::from_str_radix(text()?, 16).ok()?;
    let (number, prev) = (text()?.parse().ok()?, text()?.parse().ok()?);
    Some(Kept { origin, number, prev, bytes: Bytes::copy_from_slice(parts.next()?) })
}

impl History for RedisHistory {
    fn append<'a>(
        &'a self,
        room: &'a str,
        keeping: Keeping,
        entries: &'a [Kept],
        anyway: bool,
    ) -> Stored<'a, Appended> {
        Answer::later(self.remember(room, keeping, entries, anyway))
    }

    fn read<'a>(&'a self, room: &'a str, keeping: Keeping) -> Stored<'a, Past> {
        Answer::later(self.recall(room, keeping))
    }

    fn epoch(&self) -> u64 {
        self.redis.epoch()
    }
}
