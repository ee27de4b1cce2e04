//! `recheck:` on a room: whoever is in is asked again, so often, whether they may be; and everyone at once, on demand.
//!
//! Each is asked anew, whatever answer is kept (`Act::anew`), in their own lane, and some sooner than others, so that those
//! who came together are not asked together.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use homeroom_plan::program::RoomId;
use parking_lot::Mutex;

use crate::bind::Served;
use crate::engine::{Engine, Inner};
use crate::review::{Review, Reviewed};
use crate::session::Session;

/// How many are asked at one time; the others wait for their turn, and no event waits for them.
const AT_ONCE: usize = 64;

/// How much sooner than it is due somebody may be asked: a fifth.
const SOONER: u64 = 5;

/// When, of which connection, about which room.
type Due = (i64, u64, Arc<str>);

/// Who is to be asked again, and when.
#[derive(Debug, Default)]
pub(crate) struct Rechecks {
    /// The soonest first.
    due: Mutex<BinaryHeap<Reverse<Due>>>,
    under_way: Arc<AtomicUsize>,
}

/// One of those that are asked at one time.
#[derive(Debug)]
pub(crate) struct Turn(Arc<AtomicUsize>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Rechecks {
    /// When the next is due, if there is a turn for it.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.due.lock().peek().map(|Reverse(one)| one.0)
    }

    fn pop(&self, now_ms: i64) -> Option<(u64, Arc<str>, Turn)> {
        let mut due = self.due.lock();
        let is_due = due.peek().is_some_and(|Reverse(one)| one.0 <= now_ms);
        if !is_due || self.under_way.load(Ordering::Relaxed) >= AT_ONCE {
            return None;
        }
        let Reverse((_, conn, room)) = due.pop()?;
        self.under_way.fetch_add(1, Ordering::Relaxed);
        Some((conn, room, Turn(Arc::clone(&self.under_way))))
    }
}

impl Inner {
    /// Notes when a connection in a room is to be asked again, if the room says so.
    pub(crate) fn note_recheck(&self, session: &Session, served: &Served, room: RoomId, name: &Arc<str>) {
        let Some(every) = served.namespace().rooms[room].recheck else { return };
        if session.rechecks.lock().get_or_insert_default().insert(Arc::clone(name)) {
            let due_ms = due_ms(self.clock.now_ms(), every, session.conn, name);
            self.rechecks.due.lock().push(Reverse((due_ms, session.conn, Arc::clone(name))));
        }
    }

    /// Notes it for everyone: the rooms may say otherwise now.
    pub(crate) fn note_rechecks(&self) {
        let bound = self.live.current();
        let asks = |served: &Served| served.namespace().rooms.iter().any(|room| room.recheck.is_some());
        for session in self.sessions.all() {
            let Some(served) = bound.namespace(&session.who.namespace).filter(|served| asks(served)) else { continue };
            for name in session.rooms() {
                if let Some((room, _)) = served.room_named(&name) {
                    self.note_recheck(&session, served, room, &name);
                }
            }
        }
    }
}

impl Engine {
    /// Asks those who are due, as far as there is a turn for them.
    pub(crate) fn recheck_due(&self, now_ms: i64) {
        while let Some((conn, room, turn)) = self.inner.rechecks.pop(now_ms) {
            let Some(session) = self.inner.sessions.get(conn) else { continue };
            session.rechecks.lock().take_if(|noted| noted.remove(&room) && noted.is_empty());
            if session.rooms.lock().contains(&room) {
                let review = Arc::new(Review::of_room(room, Some(turn)));
                if let Some(first) = session.lane.review(review, None) {
                    self.start(&session, first);
                }
            }
        }
    }

    /// Asks, on this server, whether those who are in rooms still may be, whatever answers are kept: this user, in this
    /// namespace, in this room; what is `None` is not asked for. Who may not leaves, and is told.
    pub async fn recheck(&self, user: Option<&str>, namespace: Option<&str>, room: Option<&str>) -> Reviewed {
        let review = Arc::new(match room {
            Some(room) => Review::of_room(room.into(), None),
            None => Review::of_all("recheck"),
        });
        let is_meant = |session: &Arc<Session>| {
            user.is_none_or(|user| *session.who.user == *user)
                && namespace.is_none_or(|namespace| *session.who.namespace == *namespace)
                && room.is_none_or(|room| session.rooms.lock().contains(room))
        };
        self.ask_those(&review, is_meant).await;
        review.came_to()
    }
}

/// When to ask again: within `every`, and somewhat sooner for some.
fn due_ms(now_ms: i64, every: Duration, conn: u64, room: &str) -> i64 {
    let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
    let mut hasher = DefaultHasher::new();
    (now_ms, conn, room).hash(&mut hasher);
    let sooner_ms = hasher.finish() % (every_ms / SOONER).max(1);
    now_ms.saturating_add_unsigned(every_ms - sooner_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_late_and_not_all_at_once() {
        let every = Duration::from_secs(30);
        let dues: Vec<i64> = (0..100).map(|conn| due_ms(1_000_000, every, conn, "room:a")).collect();
        assert!(dues.iter().all(|due| (1_024_000..=1_030_000).contains(due)), "{dues:?}");
        let mut apart = dues;
        apart.sort_unstable();
        apart.dedup();
        assert!(apart.len() > 90, "{}", apart.len());
    }
}
