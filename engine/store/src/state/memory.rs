//! State in this server's memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::collection::{Collection, ENTRY_OVERHEAD, Slot};
use super::{At, Entry, Expired, Only, StateStore, Stored, Which, Written};
use crate::claims::Claims;
use crate::keyed::{Hashed, Keyed};
use crate::{Answer, Clock, StoreError};

/// How many parts the keys are spread over, so that different keys rarely wait for each other.
const SHARDS: usize = 64;

/// Bounds of what is kept in memory; beyond them nothing more is taken.
#[derive(Debug, Clone)]
pub struct StateLimits {
    /// How many collections.
    pub keys_max: usize,
    /// How many bytes: keys, names, values, and an estimate of what an entry takes beside them.
    pub bytes_max: usize,
}

impl Default for StateLimits {
    fn default() -> Self {
        Self { keys_max: 1_000_000, bytes_max: 256 * 1024 * 1024 }
    }
}

/// State in this server's memory; gone with it.
pub struct MemoryState {
    clock: Arc<dyn Clock>,
    limits: StateLimits,
    hasher: Hashed,
    shards: Vec<Mutex<Shard>>,
    keys: AtomicUsize,
    bytes: AtomicUsize,
    claims: Mutex<Claims<RanOut>>,
}

#[derive(Default)]
struct Shard {
    collections: Keyed<Arc<str>, Collection>,
    /// When collections must be looked at; may be too early for some, and never too late.
    deadlines: BinaryHeap<Reverse<(i64, Arc<str>)>>,
}

/// A watched entry that ran out.
#[derive(Clone)]
struct RanOut {
    key: Arc<str>,
    watch: Arc<str>,
    entry: Entry,
    deadline_ms: i64,
}

impl MemoryState {
    /// Nothing remembered.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, limits: StateLimits) -> Self {
        Self {
            clock,
            limits,
            hasher: Hashed::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            keys: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            claims: Mutex::default(),
        }
    }

    /// How many bytes are taken, by the account that [`StateLimits`] bounds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn shard(&self, key: &str) -> &Mutex<Shard> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    /// Does something with a collection, rid of what has run out; one that is empty then is gone.
    fn with<T>(&self, key: &str, act: impl FnOnce(&mut Collection) -> (T, Vec<Slot>)) -> Option<T> {
        let now_ms = self.clock.now_ms();
        let mut shard = self.shard(key).lock();
        let collection = shard.collections.get_mut(key)?;
        let gone = collection.purge(now_ms);
        let name = Arc::clone(collection.key());
        let (outcome, removed) = act(collection);
        let is_empty = collection.len() == 0;
        if is_empty {
            shard.collections.remove(key);
            self.forget_key(key);
        }
        drop(shard);
        self.freed(&removed);
        self.ran_out(&name, gone);
        Some(outcome)
    }

    /// Writes into a collection, which is made if it is not there.
    fn write(
        &self,
        at: At<'_>,
        ttl_ms: Option<i64>,
        make: impl FnOnce(&Collection) -> Make,
    ) -> Result<Written, StoreError> {
        let now_ms = self.clock.now_ms();
        let mut shard = self.shard(at.key).lock();
        let shard = &mut *shard;
        let collection = match shard.collections.get_mut(at.key) {
            Some(collection) => collection,
            None => {
                self.has_place(at.key.len() + ENTRY_OVERHEAD, true)?;
                self.keys.fetch_add(1, Ordering::Relaxed);
                self.bytes.fetch_add(at.key.len() + ENTRY_OVERHEAD, Ordering::Relaxed);
                let key = Arc::from(at.key);
                shard.collections.entry(Arc::clone(&key)).or_insert_with(|| Collection::new(key))
            }
        };
        let gone = collection.purge(now_ms);
        let written = self.write_into(collection, at, ttl_ms, now_ms, make);
        if let Ok((Written::Done, Some(due_ms))) = &written {
            shard.deadlines.push(Reverse((*due_ms, Arc::clone(collection.key()))));
        }
        if !gone.is_empty() {
            self.ran_out(collection.key(), gone);
        }
        if collection.len() == 0 {
            shard.collections.remove(at.key);
            self.forget_key(at.key);
        }
        written.map(|(written, _)| written)
    }

    fn write_into(
        &self,
        collection: &mut Collection,
        at: At<'_>,
        ttl_ms: Option<i64>,
        now_ms: i64,
        make: impl FnOnce(&Collection) -> Make,
    ) -> Result<(Written, Option<i64>), StoreError> {
        let entry = match make(collection) {
            Make::Entry(entry) => entry,
            Make::Nothing => return Ok((Written::Not, None)),
        };
        if entry.value.len() > at.rules.max_bytes {
            return Ok((Written::TooLarge, None));
        }
        let is_new = collection.named(&entry.name).is_none();
        if is_new && collection.len() >= at.rules.max {
            if !at.rules.drop_oldest {
                return Ok((Written::Full, None));
            }
            let dropped: Vec<Slot> = collection.remove_first().into_iter().collect();
            self.freed(&dropped);
        }
        let bytes = ENTRY_OVERHEAD + entry.name.len() + entry.value.len();
        self.has_place(bytes, false)?;
        let deadline_ms = now_ms.saturating_add(ttl_ms.unwrap_or(at.rules.ttl_ms).min(at.rules.ttl_ms));
        let (replaced, due_ms) = collection.write(entry, deadline_ms, at.rules);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.freed(replaced.as_slice());
        Ok((Written::Done, due_ms))
    }

    fn has_place(&self, bytes: usize, for_a_key: bool) -> Result<(), StoreError> {
        let keys_full = for_a_key && self.keys.load(Ordering::Relaxed) >= self.limits.keys_max;
        if keys_full || self.bytes().saturating_add(bytes) > self.limits.bytes_max {
            return Err(StoreError::Unavailable("the memory for state is full".into()));
        }
        Ok(())
    }

    fn forget_key(&self, key: &str) {
        self.keys.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(key.len() + ENTRY_OVERHEAD, Ordering::Relaxed);
    }

    fn freed(&self, slots: &[Slot]) {
        self.bytes.fetch_sub(slots.iter().map(Slot::bytes).sum(), Ordering::Relaxed);
    }

    /// Keeps what ran out and is watched until it is claimed.
    fn ran_out(&self, key: &Arc<str>, gone: Vec<Slot>) {
        self.freed(&gone);
        if gone.iter().all(|slot| slot.watch.is_none()) {
            return;
        }
        let mut claims = self.claims.lock();
        for slot in gone {
            let Slot { entry, deadline_ms, watch: Some(watch), .. } = slot else { continue };
            claims.add(deadline_ms, RanOut { key: Arc::clone(key), watch, entry, deadline_ms });
        }
    }

    /// Looks at every collection in which something may have run out.
    fn sweep(&self, now_ms: i64) {
        for shard in &self.shards {
            loop {
                let mut shard = shard.lock();
                let is_due = shard.deadlines.peek().is_some_and(|Reverse((due_ms, _))| *due_ms <= now_ms);
                let Some(Reverse((_, key))) = is_due.then(|| shard.deadlines.pop()).flatten() else { break };
                let shard = &mut *shard;
                let Some(collection) = shard.collections.get_mut(&key) else { continue };
                let gone = collection.purge(now_ms);
                match collection.requeue() {
                    Some(due_ms) => shard.deadlines.push(Reverse((due_ms, Arc::clone(&key)))),
                    None => {
                        shard.collections.remove(&key);
                        self.forget_key(&key);
                    }
                }
                self.ran_out(&key, gone);
            }
        }
    }
}

/// What a write makes of the collection it meets.
enum Make {
    Entry(Entry),
    Nothing,
}

impl StateStore for MemoryState {
    fn put<'a>(
        &'a self,
        at: At<'a>,
        field: &'a str,
        value: &'a str,
        only: Only,
        ttl_ms: Option<i64>,
    ) -> Stored<'a, Written> {
        Answer::now(self.write(at, ttl_ms, |collection| {
            let is_there = collection.named(field).is_some();
            match (only, is_there) {
                (Only::New, true) | (Only::Existing, false) => Make::Nothing,
                _ => Make::Entry(Entry { name: field.into(), value: value.into() }),
            }
        }))
    }

    fn add<'a>(&'a self, at: At<'a>, member: &'a str, ttl_ms: Option<i64>) -> Stored<'a, Written> {
        Answer::now(self.write(at, ttl_ms, |collection| match collection.named(member) {
            Some(_) => Make::Nothing,
            None => Make::Entry(Entry { name: member.into(), value: "".into() }),
        }))
    }

    fn push<'a>(
        &'a self,
        at: At<'a>,
        value: &'a str,
        token: Option<&'a str>,
        ttl_ms: Option<i64>,
    ) -> Stored<'a, Written> {
        Answer::now(self.write(at, ttl_ms, |collection| match token {
            Some(token) if collection.named(token).is_some() => Make::Nothing,
            Some(token) => Make::Entry(Entry { name: token.into(), value: value.into() }),
            None => Make::Entry(Entry { name: collection.number().into(), value: value.into() }),
        }))
    }

    fn increment<'a>(&'a self, at: At<'a>, by: i64, ttl_ms: Option<i64>) -> Stored<'a, i64> {
        let mut number = 0;
        let written = self.write(at, ttl_ms, |collection| {
            let before = collection.named("").and_then(|slot| slot.entry.value.parse::<i64>().ok()).unwrap_or(0);
            number = before.saturating_add(by);
            Make::Entry(Entry { name: "".into(), value: number.to_string().into() })
        });
        Answer::now(written.map(|_| number))
    }

    fn get<'a>(&'a self, key: &'a str, name: &'a str) -> Stored<'a, Option<Arc<str>>> {
        let found =
            self.with(key, |collection| (collection.named(name).map(|slot| Arc::clone(&slot.entry.value)), Vec::new()));
        Answer::now(Ok(found.flatten()))
    }

    fn all<'a>(&'a self, key: &'a str, last: Option<usize>) -> Stored<'a, Vec<Entry>> {
        let found = self.with(key, |collection| {
            let skipped = last.map_or(0, |last| collection.len().saturating_sub(last));
            (collection.iter().skip(skipped).map(|slot| slot.entry.clone()).collect(), Vec::new())
        });
        Answer::now(Ok(found.unwrap_or_default()))
    }

    fn len<'a>(&'a self, key: &'a str) -> Stored<'a, usize> {
        Answer::now(Ok(self.with(key, |collection| (collection.len(), Vec::new())).unwrap_or(0)))
    }

    fn take<'a>(&'a self, key: &'a str, which: Which<'a>) -> Stored<'a, Option<Entry>> {
        let taken = self.with(key, |collection| {
            let slot = match which {
                Which::First => collection.remove_first(),
                Which::Named(name) => collection.remove(name),
                Which::Exact(entry) => match collection.named(&entry.name) {
                    Some(slot) if slot.entry.value == entry.value => collection.remove(&entry.name),
                    _ => None,
                },
            };
            (slot.as_ref().map(|slot| slot.entry.clone()), slot.into_iter().collect())
        });
        Answer::now(Ok(taken.flatten()))
    }

    fn clear<'a>(&'a self, key: &'a str) -> Stored<'a, usize> {
        let cleared = self.with(key, |collection| {
            let slots: Vec<Slot> = std::iter::from_fn(|| collection.remove_first()).collect();
            (slots.len(), slots)
        });
        Answer::now(Ok(cleared.unwrap_or(0)))
    }

    fn due(&self) -> Option<i64> {
        let claimable = self.claims.lock().due();
        let queued = self.shards.iter().filter_map(|shard| shard.lock().deadlines.peek().map(|Reverse((due, _))| *due));
        queued.chain(claimable).min()
    }

    fn claim_expired(&self, limit: usize) -> Stored<'_, Vec<Expired>> {
        let now_ms = self.clock.now_ms();
        self.sweep(now_ms);
        let given = self.claims.lock().give(now_ms, limit);
        let expired = |(claim, ran_out): (u64, RanOut)| {
            let RanOut { key, watch, entry, deadline_ms } = ran_out;
            Expired { claim, key, watch, entry, deadline_ms }
        };
        Answer::now(Ok(given.into_iter().map(expired).collect()))
    }

    fn settle(&self, claim: u64) -> Stored<'_, ()> {
        self.claims.lock().settle(claim);
        Answer::now(Ok(()))
    }
}
