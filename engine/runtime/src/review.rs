//! After a new plan: who is in a room that its rules would no longer admit them to.
//!
//! Each connection is asked in its own lane, between its events, so that nothing it does meanwhile slips through. A rule
//! that could not be asked is not a "no": the room is kept and asked again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use homeroom_plan::admission::{self, Rooms};
use homeroom_plan::frame::{Frame, Now};
use tokio::sync::oneshot;

use crate::Refusal;
use crate::act::{Act, presence_room};
use crate::bind::{Bound, Served};
use crate::delivery::Scene;
use crate::engine::{Engine, Inner};
use crate::outcome::Place;
use crate::outlet::Ending;
use crate::reply;
use crate::session::Session;

/// How many connections are asked at one time.
const AT_ONCE: usize = 32;

/// How often those that could not be asked are asked again, and how long after.
const TRIES: usize = 60;
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// What becomes of a connection in a room that it may no longer enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDenied {
    /// It stays.
    Keep,
    /// It leaves the room, and is told by an `error` event.
    #[default]
    Leave,
    /// It is disconnected from the namespace.
    Disconnect,
}

/// What a new plan asks of connections.
#[derive(Debug)]
pub(crate) struct Review {
    /// The rooms to ask about; `None`: all.
    rooms: Option<Arc<Rooms>>,
    left: AtomicUsize,
    disconnected: AtomicUsize,
    unasked: AtomicUsize,
}

/// Told, by being dropped, that a connection was asked, or is gone.
pub(crate) type Asked = oneshot::Sender<()>;

/// What a review came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// Rooms that connections have left.
    pub left: usize,
    /// Connections that were ended.
    pub disconnected: usize,
    /// Rooms whose rules could not be asked, and that are kept.
    pub unasked: usize,
}

impl Review {
    pub(crate) fn of(rooms: Option<Arc<Rooms>>) -> Self {
        Self { rooms, left: AtomicUsize::new(0), disconnected: AtomicUsize::new(0), unasked: AtomicUsize::new(0) }
    }

    fn is_about(&self, namespace: &str, pattern: &str) -> bool {
        self.rooms.as_ref().is_none_or(|rooms| rooms.get(namespace).is_some_and(|rooms| rooms.contains(pattern)))
    }

    fn came_to(&self) -> Reviewed {
        let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        Reviewed { left: read(&self.left), disconnected: read(&self.disconnected), unasked: read(&self.unasked) }
    }
}

impl Engine {
    /// Serves something else from now on, to every namespace at once. Events that have begun end on what they began on.
    /// Yields the rooms whose rules are others now, for [`Engine::review`].
    pub fn swap(&self, mut bound: Bound) -> Rooms {
        bound.counts_on_from(&self.current());
        self.inner.metrics.serves(&bound.plan.digest);
        let old = self.inner.live.swap(bound);
        admission::changed(&old.plan, &self.current().plan)
    }

    /// Asks everyone in `rooms` whether they may still be there; whoever may not is dealt with as the settings say. Rooms
    /// that are no more are left in any case.
    pub async fn review(&self, rooms: Rooms) -> Reviewed {
        if rooms.is_empty() {
            return Reviewed::default();
        }
        let rooms = Arc::new(rooms);
        let mut total = Reviewed::default();
        for attempt in 0..TRIES {
            let review = Arc::new(Review::of(Some(Arc::clone(&rooms))));
            self.ask(&review).await;
            let came = review.came_to();
            total.left += came.left;
            total.disconnected += came.disconnected;
            total.unasked = came.unasked;
            if came.unasked == 0 || attempt + 1 == TRIES {
                break;
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        total
    }

    async fn ask(&self, review: &Arc<Review>) {
        let concerned = |session: &Arc<Session>| {
            review.rooms.as_ref().is_none_or(|rooms| rooms.contains_key(&session.namespace))
                && !session.rooms.lock().is_empty()
        };
        let sessions = self.inner.sessions.all().into_iter().filter(concerned);
        let asked = sessions.map(|session| async move {
            let (asked, done) = oneshot::channel();
            if session.lane.review(Arc::clone(review), asked) {
                self.start(&session);
            }
            let _ = done.await;
        });
        futures_util::stream::iter(asked).buffer_unordered(AT_ONCE).collect::<()>().await;
    }
}

impl Inner {
    /// Asks one connection, in its lane.
    pub(crate) async fn review(&self, scene: Scene<'_>, session: &Arc<Session>, review: &Review) {
        for name in session.rooms() {
            let Some((room, params)) = scene.served.room_named(&name) else {
                self.leave_undeclared(session, &name).await;
                review.left.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            if !review.is_about(&session.namespace, &scene.served.namespace().rooms[room].pattern.text) {
                continue;
            }
            let place = Place { room, name, params, presence: None, rule: None, recall: None };
            match self.still_admits(scene, session, &place).await {
                Ok(true) => {}
                Ok(false) => {
                    if self.deny(scene, session, place, review).await {
                        return;
                    }
                }
                Err(refusal) => {
                    let cause = refusal.cause.as_deref().unwrap_or("");
                    tracing::warn!(namespace = %session.namespace, room = %place.name, code = %refusal.code, cause, "a room's rules could not be asked; it is kept");
                    review.unasked.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    async fn still_admits(&self, scene: Scene<'_>, session: &Session, place: &Place) -> Result<bool, Refusal> {
        let now = Now::at(self.clock.now_ms());
        let socket = session.socket.lock().clone();
        let mut frame = Frame::new(&session.user, &now, 0);
        frame.socket = Some(std::borrow::Cow::Borrowed(&socket));
        let site = self.site(scene.bound, scene.served, scene.trace);
        let mut act = Act::asking(crate::act::Site { session: Some(session), role: session.role, ..site });
        let asked = tokio::time::timeout(self.settings.event_timeout, act.admits_to(place.room, &place.params, &frame));
        asked.await.unwrap_or_else(|_| Err(Refusal::code("TIMEOUT")))
    }

    /// Yields whether the connection is ended.
    async fn deny(&self, scene: Scene<'_>, session: &Arc<Session>, place: Place, review: &Review) -> bool {
        let (namespace, room) = (&session.namespace, Arc::clone(&place.name));
        match self.settings.on_denied {
            OnDenied::Keep => return false,
            OnDenied::Leave => {
                scene.leave_by(session, place).await;
                self.tell_left(scene.served, session, &room);
                review.left.fetch_add(1, Ordering::Relaxed);
            }
            OnDenied::Disconnect => {
                self.tell_left(scene.served, session, &room);
                self.outlet.end(session.conn, Ending::Kicked);
                review.disconnected.fetch_add(1, Ordering::Relaxed);
            }
        }
        tracing::info!(%namespace, %room, socket = %session.public_id, "no longer admitted by the room's rules");
        self.settings.on_denied == OnDenied::Disconnect
    }

    fn tell_left(&self, served: &Served, session: &Session, room: &str) {
        let refusal = Refusal::code("UNAUTHORIZED");
        self.send_error(session, &reply::room_lost(room, served.namespace(), &refusal));
    }

    /// A room that is declared no more has nothing that follows from leaving it.
    pub(crate) async fn leave_undeclared(&self, session: &Session, name: &Arc<str>) {
        self.left_kept(session, name);
        if session.rooms.lock().remove(name) {
            self.left(&session.namespace, Some(name));
        }
        self.outlet.leave(session.conn, name);
        let room = presence_room(&session.namespace, name);
        if let Err(error) = self.stores.presence.leave(&room, &session.user_id, session.conn).await {
            tracing::error!(%error, "presence could not be kept");
        }
    }
}
