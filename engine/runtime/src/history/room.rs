//! One room's history, as this server knows it: what was sent there lately, and how far each server's events have come.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use homeroom_store::history::{Keeping, Past};
use parking_lot::Mutex;

use super::entry::Entry;
use super::position::{ORIGINS_MAX, Position, Vector};

/// For how long after its end an entry counts for what comes next, so that clocks need not agree, in milliseconds.
const SLACK_MS: i64 = 60_000;

/// A room that keeps what is sent to it.
pub(crate) struct Room {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
    /// Its name over all namespaces.
    pub(crate) full: String,
    pub(crate) state: Mutex<State>,
    /// Held by whoever asks what others know of it.
    pub(crate) opening: tokio::sync::Mutex<()>,
}

/// What may be looked at and changed under the room's lock. Whoever delivers to the room holds it meanwhile, so that what
/// is delivered, and to whom, has one order here.
pub(crate) struct State {
    pub(crate) keeping: Keeping,
    /// The last of each server's events that was delivered here.
    pub(crate) heads: BTreeMap<u64, Head>,
    /// What was sent, each server's in order.
    ring: VecDeque<Arc<Entry>>,
    bytes: usize,
    /// Connections of this server in the room.
    pub(crate) members: usize,
    /// Members, and those about to be; while there is one, the room is listened to.
    pub(crate) holders: usize,
    /// Whether what others know of it was read since it is listened to.
    pub(crate) is_open: bool,
    /// Since when nothing can be missing that is still to be kept.
    pub(crate) known_ms: i64,
    /// What came before its turn, by server and number.
    pub(crate) waiting: BTreeMap<(u64, u64), Waiting>,
    /// Connections that have received more of a server than this one, and what.
    pub(crate) ahead: Vec<Ahead>,
    /// Members may have missed something.
    pub(crate) missed: bool,
    /// This server's last number here that is in the shared history.
    pub(crate) saved: u64,
    /// Everything here is to be told to the shared history again.
    pub(crate) is_doubted: bool,
    /// It waits to be saved, or to be read.
    pub(crate) is_unsaved: bool,
    pub(crate) is_behind: bool,
}

/// How far a server's events have come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) number: u64,
    pub(crate) at_ms: i64,
}

/// What came before its turn.
pub(crate) struct Waiting {
    pub(crate) entry: Arc<Entry>,
    /// Whether it came from its sender just now, and not from the history.
    pub(crate) is_fresh: bool,
    pub(crate) since_ms: i64,
}

/// A connection that has received more than this server.
pub(crate) struct Ahead {
    pub(crate) conn: u64,
    pub(crate) seen: Vector,
    pub(crate) since_ms: i64,
}

/// Whether it is an entry's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It was delivered already.
    Over,
    Now,
    /// What comes before it is missing.
    Later,
}

impl Room {
    pub(crate) fn new(namespace: &Arc<str>, name: &Arc<str>, keeping: Keeping, known_ms: i64) -> Self {
        let state = State {
            keeping,
            heads: BTreeMap::new(),
            ring: VecDeque::new(),
            bytes: 0,
            members: 0,
            holders: 0,
            is_open: false,
            known_ms,
            waiting: BTreeMap::new(),
            ahead: Vec::new(),
            missed: false,
            saved: 0,
            is_doubted: false,
            is_unsaved: false,
            is_behind: false,
        };
        Self {
            namespace: Arc::clone(namespace),
            name: Arc::clone(name),
            full: crate::act::presence_room(namespace, name),
            state: Mutex::new(state),
            opening: tokio::sync::Mutex::default(),
        }
    }
}

impl State {
    fn last(&self, origin: u64) -> u64 {
        self.heads.get(&origin).map_or(0, |head| head.number)
    }

    /// What a next entry of this server comes after; 0: after nothing that could still be kept.
    pub(crate) fn prev(&self, origin: u64, now_ms: i64) -> u64 {
        let is_kept = |head: &&Head| head.at_ms + self.keeping.ttl_ms + SLACK_MS > now_ms;
        self.heads.get(&origin).filter(is_kept).map_or(0, |head| head.number)
    }

    pub(crate) fn turn(&self, entry: &Entry, prev: u64) -> Turn {
        let last = self.last(entry.origin);
        match () {
            () if entry.number <= last => Turn::Over,
            () if prev <= last => Turn::Now,
            () => Turn::Later,
        }
    }

    /// An entry is delivered. Yields by how many bytes more is kept here now; `room_for`: how many there may be.
    pub(crate) fn note(&mut self, entry: &Arc<Entry>, room_for: usize) -> isize {
        let head = Head { number: entry.number, at_ms: entry.at_ms };
        self.heads.insert(entry.origin, head);
        let before = self.bytes;
        self.bytes += entry.weight();
        self.ring.push_back(Arc::clone(entry));
        while self.ring.len() > self.keeping.size || self.bytes > before.saturating_add(room_for) {
            if !self.forget_oldest() {
                break;
            }
        }
        self.bytes as isize - before as isize
    }

    fn forget_oldest(&mut self) -> bool {
        let oldest = self.ring.pop_front();
        self.bytes -= oldest.as_ref().map_or(0, |entry| entry.weight());
        oldest.is_some()
    }

    /// Forgets what is too old. Yields by how many bytes less is kept.
    pub(crate) fn expire(&mut self, now_ms: i64) -> usize {
        let before = self.bytes;
        let is_over = |entry: &Arc<Entry>| entry.at_ms + self.keeping.ttl_ms <= now_ms;
        let over = self.ring.iter().take_while(|entry| is_over(entry)).count();
        for _ in 0..over {
            self.forget_oldest();
        }
        let heads_ms = self.keeping.heads_ms();
        self.heads.retain(|_, head| head.at_ms + heads_ms > now_ms);
        before - self.bytes
    }

    /// Whether nothing of it is needed any more by a server of this number. `is_shared`: others know the last numbers.
    pub(crate) fn is_idle(&self, server: u64, is_shared: bool, now_ms: i64) -> bool {
        let is_known = is_shared || self.heads.is_empty();
        self.holders == 0 && self.ring.is_empty() && is_known && self.prev(server, now_ms) == 0
    }

    /// What is kept, oldest first.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.ring.iter()
    }

    /// Where somebody is who has received everything that was delivered here.
    pub(crate) fn position(&self, now_ms: i64) -> Position {
        let mut heads: Vec<(u64, Head)> = self.heads.iter().map(|(origin, head)| (*origin, *head)).collect();
        if heads.len() > ORIGINS_MAX {
            heads.sort_by_key(|(_, head)| std::cmp::Reverse(head.at_ms));
            heads.truncate(ORIGINS_MAX);
        }
        let seen = heads.into_iter().map(|(origin, head)| (origin, head.number)).collect();
        Position { at_ms: now_ms, missed: self.missed, seen }
    }

    /// The same of a connection, which may have received more.
    pub(crate) fn position_of(&self, conn: u64, now_ms: i64) -> Position {
        let mut position = self.position(now_ms);
        for ahead in self.ahead.iter().filter(|ahead| ahead.conn == conn) {
            for (origin, number) in &ahead.seen {
                let seen = position.seen.entry(*origin).or_default();
                *seen = (*seen).max(*number);
            }
        }
        position
    }

    /// What was sent since then, in order; `None` if that cannot be told, or something of it is not kept any more.
    ///
    /// Within the life of an entry that needs an unbroken chain from each server's last number. For longer, as last numbers
    /// outlive entries, it can only be told that there was nothing.
    pub(crate) fn missing(&self, room: &str, since: &Position, now_ms: i64) -> Option<Vec<Arc<Entry>>> {
        let age_ms = now_ms - since.at_ms;
        if since.missed || !self.is_open || since.at_ms < self.known_ms || age_ms > self.keeping.heads_ms() {
            return None;
        }
        let mut reached = since.seen.clone();
        let mut missing = Vec::new();
        for entry in &self.ring {
            let last = reached.entry(entry.origin).or_default();
            if entry.number <= *last {
                continue;
            }
            let prev = entry.prev(room)?;
            if age_ms > self.keeping.ttl_ms || (prev != 0 && prev != *last) {
                return None;
            }
            *last = entry.number;
            missing.push(Arc::clone(entry));
        }
        let is_reached = |(origin, head): (&u64, &Head)| reached.get(origin).is_some_and(|last| *last >= head.number);
        self.heads.iter().all(is_reached).then_some(missing)
    }

    /// What others know of the room was read for the first time since it is listened to; `entries` is what they keep. What
    /// was sent meanwhile waits, and is not counted among what was delivered. Yields by how many bytes more is kept.
    pub(crate) fn begin(&mut self, past: &Past, entries: Vec<Arc<Entry>>) -> isize {
        for head in &past.heads {
            let all = self.waiting.range((head.origin, 0)..=(head.origin, u64::MAX));
            let waits = all.into_iter().find(|(_, waiting)| waiting.is_fresh);
            // Members are to receive what they hear of since they are here; nobody else receives anything by this.
            let before = waits.filter(|_| self.members > 0).map(|(_, first)| first.entry.number - 1);
            let number = before.map_or(head.number, |before| before.min(head.number));
            if number > self.last(head.origin) {
                self.heads.insert(head.origin, Head { number, at_ms: head.at_ms });
            }
        }
        let before = self.bytes;
        let own = std::mem::take(&mut self.ring);
        let mut newest = BTreeMap::new();
        for entry in entries {
            if entry.number <= self.last(entry.origin) {
                newest.insert(entry.origin, entry.number);
                self.ring.push_back(entry);
            }
        }
        // What others do not have yet.
        self.ring
            .extend(own.into_iter().filter(|entry| newest.get(&entry.origin).is_none_or(|last| entry.number > *last)));
        while self.ring.len() > self.keeping.size {
            self.ring.pop_front();
        }
        self.bytes = self.ring.iter().map(|entry| entry.weight()).sum();
        self.known_ms = past.known_ms;
        self.missed |= self.members > 0;
        self.is_open = true;
        self.bytes as isize - before as isize
    }
}
