//! Rooms that this server watches over, and when each must be looked at.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

#[derive(Default)]
pub(super) struct Agenda {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_time: BTreeSet<(i64, Arc<str>)>,
    by_room: HashMap<Arc<str>, i64>,
}

impl Agenda {
    /// Sees to it that the room is looked at by then.
    pub(super) fn remind(&self, room: &str, at_ms: i64) {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let room = match inner.by_room.get_key_value(room) {
            Some((_, known_ms)) if *known_ms <= at_ms => return,
            Some((room, known_ms)) => {
                let (room, known_ms) = (Arc::clone(room), *known_ms);
                inner.by_time.remove(&(known_ms, Arc::clone(&room)));
                room
            }
            None => Arc::from(room),
        };
        inner.by_room.insert(Arc::clone(&room), at_ms);
        inner.by_time.insert((at_ms, room));
    }

    /// Rooms to look at now, so many at most; they are on the agenda no more.
    pub(super) fn take(&self, now_ms: i64, limit: usize) -> Vec<Arc<str>> {
        let mut inner = self.inner.lock();
        let mut rooms = Vec::new();
        while rooms.len() < limit && inner.by_time.first().is_some_and(|(at_ms, _)| *at_ms <= now_ms) {
            let Some((_, room)) = inner.by_time.pop_first() else { break };
            inner.by_room.remove(&room);
            rooms.push(room);
        }
        rooms
    }

    pub(super) fn due(&self) -> Option<i64> {
        self.inner.lock().by_time.first().map(|(at_ms, _)| *at_ms)
    }
}
