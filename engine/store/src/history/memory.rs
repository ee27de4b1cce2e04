//! The history of rooms in memory: of several servers that play a cluster in one process.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::{Appended, Head, History, Keeping, Kept, Past};
use crate::state::Stored;
use crate::{Answer, Clock, StoreError};

/// What servers share; each has a handle.
#[derive(Clone)]
pub struct MemoryHistory {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    rooms: Mutex<Rooms>,
    is_away: AtomicBool,
    epoch: AtomicU64,
}

struct Rooms {
    by_name: HashMap<String, Room>,
    known_ms: i64,
}

#[derive(Default)]
struct Room {
    entries: VecDeque<(i64, Kept)>,
    heads: Vec<Head>,
}

impl MemoryHistory {
    /// Nothing yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let rooms = Rooms { by_name: HashMap::new(), known_ms: clock.now_ms() };
        let inner =
            Inner { clock, rooms: Mutex::new(rooms), is_away: AtomicBool::default(), epoch: AtomicU64::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Forgets everything, as a store does that is started again.
    pub fn lose(&self) {
        let mut rooms = self.inner.rooms.lock();
        rooms.by_name.clear();
        rooms.known_ms = self.inner.clock.now_ms();
        self.inner.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// Cannot be asked, or can be again.
    pub fn set_away(&self, is_away: bool) {
        let was_away = self.inner.is_away.swap(is_away, Ordering::Relaxed);
        self.inner.epoch.fetch_add(u64::from(was_away && !is_away), Ordering::Relaxed);
    }

    fn ask<T>(&self, act: impl FnOnce(&mut Rooms, i64) -> T) -> Result<T, StoreError> {
        match self.inner.is_away.load(Ordering::Relaxed) {
            true => Err(StoreError::Unavailable("it is away".into())),
            false => Ok(act(&mut self.inner.rooms.lock(), self.inner.clock.now_ms())),
        }
    }
}

impl Room {
    fn append(&mut self, keeping: Keeping, entries: &[Kept], anyway: bool, now_ms: i64) -> Appended {
        for entry in entries {
            let head = self.heads.iter_mut().find(|head| head.origin == entry.origin);
            let last = head.as_ref().map_or(0, |head| head.number);
            if entry.number <= last {
                continue;
            }
            if !anyway && entry.prev != 0 && entry.prev != last {
                return Appended::Lacks(last);
            }
            let now = Head { origin: entry.origin, number: entry.number, at_ms: now_ms };
            match head {
                Some(head) => *head = now,
                None => self.heads.push(now),
            }
            self.entries.push_back((now_ms, entry.clone()));
        }
        self.trim(keeping, now_ms);
        Appended::Done
    }

    fn trim(&mut self, keeping: Keeping, now_ms: i64) {
        while self.entries.len() > keeping.size
            || self.entries.front().is_some_and(|(at_ms, _)| at_ms + keeping.ttl_ms <= now_ms)
        {
            self.entries.pop_front();
        }
        self.heads.retain(|head| head.at_ms + keeping.heads_ms() > now_ms);
    }
}

impl History for MemoryHistory {
    fn append<'a>(
        &'a self,
        room: &'a str,
        keeping: Keeping,
        entries: &'a [Kept],
        anyway: bool,
    ) -> Stored<'a, Appended> {
        Answer::now(self.ask(|rooms, now_ms| {
            rooms.by_name.entry(room.to_owned()).or_default().append(keeping, entries, anyway, now_ms)
        }))
    }

    fn read<'a>(&'a self, room: &'a str, keeping: Keeping) -> Stored<'a, Past> {
        Answer::now(self.ask(|rooms, now_ms| {
            let known_ms = rooms.known_ms;
            let Some(found) = rooms.by_name.get_mut(room) else { return Past { known_ms, ..Past::default() } };
            found.trim(keeping, now_ms);
            let past = Past {
                entries: found.entries.iter().map(|(_, entry)| entry.clone()).collect(),
                heads: found.heads.clone(),
                known_ms,
            };
            if found.heads.is_empty() {
                rooms.by_name.remove(room);
            }
            past
        }))
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch.load(Ordering::Relaxed)
    }
}
