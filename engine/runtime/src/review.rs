//! Who is in a room that its rules would no longer admit them to: after a new plan, so often as the room says, on demand;
//! and who is taken out of rooms by an operator.
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
use crate::recheck::Turn;
use crate::reply;
use crate::session::Session;

/// Why somebody is asked whose room says so, or for whom somebody wants to know.
const RECHECK: &str = "recheck";

/// How often a connection's rooms are gone through: leaving one may be why another no longer admits.
const PASSES: usize = 3;

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

/// What is asked of connections.
#[derive(Debug)]
pub(crate) struct Review {
    scope: Scope,
    /// Why, in the word that a client is told.
    by: &'static str,
    _turn: Option<Turn>,
    asked: AtomicUsize,
    left: AtomicUsize,
    disconnected: AtomicUsize,
    unasked: AtomicUsize,
}

/// Which rooms a review is about.
#[derive(Debug)]
enum Scope {
    /// All.
    All,
    /// Those that are spelt in one of these ways.
    Spelt(Arc<Rooms>),
    /// The one of this name.
    Named(Arc<str>),
    /// Those of these names, which are left without being asked about.
    Out(Vec<Arc<str>>),
}

/// Told, by being dropped, that a connection was asked, or is gone.
pub(crate) type Asked = oneshot::Sender<()>;

/// What a review came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// Connections that were asked.
    pub asked: usize,
    /// Rooms that connections have left.
    pub left: usize,
    /// Connections that were ended.
    pub disconnected: usize,
    /// Rooms whose rules could not be asked, and that are kept.
    pub unasked: usize,
}

impl Review {
    fn of(scope: Scope, by: &'static str) -> Self {
        let none = || AtomicUsize::new(0);
        Self { scope, by, _turn: None, asked: none(), left: none(), disconnected: none(), unasked: none() }
    }

    /// All rooms; a reload, or somebody who wants to know now.
    pub(crate) fn of_all(by: &'static str) -> Self {
        Self::of(Scope::All, by)
    }

    /// One room, asked about again.
    pub(crate) fn of_room(room: Arc<str>, turn: Option<Turn>) -> Self {
        Self { _turn: turn, ..Self::of(Scope::Named(room), RECHECK) }
    }

    /// Rooms that are left, whatever their rules say.
    pub(crate) fn out_of(rooms: Vec<Arc<str>>) -> Self {
        Self::of(Scope::Out(rooms), "leave")
    }

    fn is_about(&self, namespace: &str, name: &str, pattern: &str) -> bool {
        match &self.scope {
            Scope::All => true,
            Scope::Spelt(rooms) => rooms.get(namespace).is_some_and(|rooms| rooms.contains(pattern)),
            Scope::Named(room) => **room == *name,
            Scope::Out(rooms) => rooms.iter().any(|room| **room == *name),
        }
    }

    /// Whether an answer that was kept counts as well.
    fn is_anew(&self) -> bool {
        self.by == RECHECK
    }

    pub(crate) fn came_to(&self) -> Reviewed {
        let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        Reviewed {
            asked: read(&self.asked),
            left: read(&self.left),
            disconnected: read(&self.disconnected),
            unasked: read(&self.unasked),
        }
    }
}

impl Engine {
    /// Serves something else from now on, to every namespace at once. Events that have begun end on what they began on.
    /// Yields the rooms whose rules are others now, for [`Engine::review`].
    pub fn swap(&self, mut bound: Bound) -> Rooms {
        bound.counts_on_from(&self.current());
        self.inner.metrics.serves(&bound.plan.digest);
        let old = self.inner.live.swap(bound);
        self.inner.note_rechecks();
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
            let review = Arc::new(Review::of(Scope::Spelt(Arc::clone(&rooms)), "reload"));
            self.ask_those(&review, |session| rooms.contains_key(&session.who.namespace)).await;
            let came = review.came_to();
            total.asked += came.asked;
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

    /// Asks those who are meant and in a room, a bounded number at one time.
    pub(crate) async fn ask_those(&self, review: &Arc<Review>, is_meant: impl Fn(&Arc<Session>) -> bool) {
        let concerned = |session: &Arc<Session>| is_meant(session) && !session.rooms.lock().is_empty();
        let sessions: Vec<Arc<Session>> = self.inner.sessions.all().into_iter().filter(concerned).collect();
        let asked = sessions.into_iter().map(|session| async move {
            let (asked, done) = oneshot::channel();
            if let Some(first) = session.lane.review(Arc::clone(review), Some(asked)) {
                self.start(&session, first);
            }
            let _ = done.await;
        });
        futures_util::stream::iter(asked).buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    /// Takes connections of this server out of rooms, whatever their rules say: a user's, or one of them. Yields how many
    /// rooms were left.
    pub async fn take_out(&self, user: &str, namespace: &str, socket: Option<&str>, rooms: &[String]) -> Reviewed {
        let review = Arc::new(Review::out_of(rooms.iter().map(|room| room.as_str().into()).collect()));
        let is_meant = |session: &Arc<Session>| {
            *session.who.user == *user
                && *session.who.namespace == *namespace
                && socket.is_none_or(|socket| *session.who.socket == *socket)
        };
        self.ask_those(&review, is_meant).await;
        review.came_to()
    }
}

impl Inner {
    /// Asks one connection, in its lane.
    pub(crate) async fn review(&self, scene: Scene<'_>, session: &Arc<Session>, review: &Review) {
        review.asked.fetch_add(1, Ordering::Relaxed);
        for _ in 0..PASSES {
            let before = session.rooms.lock().len();
            if self.review_once(scene, session, review).await || session.rooms.lock().len() == before {
                break;
            }
        }
        if let Scope::Named(name) = &review.scope
            && session.rooms.lock().contains(name)
            && let Some((room, _)) = scene.served.room_named(name)
        {
            self.note_recheck(session, scene.served, room, name);
        }
    }

    /// Yields whether the connection is ended.
    async fn review_once(&self, scene: Scene<'_>, session: &Arc<Session>, review: &Review) -> bool {
        for name in session.rooms() {
            let Some((room, params)) = scene.served.room_named(&name) else {
                self.leave_undeclared(session, &name).await;
                review.left.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            if !review.is_about(&session.who.namespace, &name, &scene.served.namespace().rooms[room].pattern.text) {
                continue;
            }
            let place = Place { room, name, params, presence: None, rule: None, recall: None };
            if let Scope::Out(_) = review.scope {
                self.out(scene, session, place, review).await;
                continue;
            }
            match self.still_admits(scene, session, &place, review.is_anew()).await {
                Ok(true) => {}
                Ok(false) => {
                    if self.deny(scene, session, place, review).await {
                        return true;
                    }
                }
                Err(refusal) => {
                    let cause = refusal.cause.as_deref().unwrap_or("");
                    tracing::warn!(namespace = %session.who.namespace, room = %place.name, code = %refusal.code, cause, "a room's rules could not be asked; it is kept");
                    review.unasked.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        false
    }

    async fn out(&self, scene: Scene<'_>, session: &Arc<Session>, place: Place, review: &Review) {
        let room = Arc::clone(&place.name);
        scene.leave_by(session, place).await;
        self.tell_left(scene.served, session, review.by, &room);
        review.left.fetch_add(1, Ordering::Relaxed);
    }

    async fn still_admits(
        &self,
        scene: Scene<'_>,
        session: &Session,
        place: &Place,
        anew: bool,
    ) -> Result<bool, Refusal> {
        let now = Now::at(self.clock.now_ms());
        let mut frame = Frame::new(&session.user, &now, 0);
        frame.socket = Some(session.socket());
        let site = self.site(scene.bound, scene.served, scene.trace);
        let site = crate::act::Site { session: Some(session), role: session.role(), ..site };
        let mut act = if anew { Act::asking_anew(site) } else { Act::asking(site) };
        let asked = tokio::time::timeout(self.settings.event_timeout, act.admits_to(place.room, &place.params, &frame));
        asked.await.unwrap_or_else(|_| Err(Refusal::code("TIMEOUT")))
    }

    /// Yields whether the connection is ended.
    async fn deny(&self, scene: Scene<'_>, session: &Arc<Session>, place: Place, review: &Review) -> bool {
        let (namespace, room) = (&session.who.namespace, Arc::clone(&place.name));
        match self.settings.on_denied {
            // What stays after a reload does not stay once somebody asks.
            OnDenied::Keep if !review.is_anew() => return false,
            OnDenied::Keep | OnDenied::Leave => self.out(scene, session, place, review).await,
            OnDenied::Disconnect => {
                self.tell_left(scene.served, session, review.by, &room);
                self.outlet.end(session.conn, Ending::Kicked);
                review.disconnected.fetch_add(1, Ordering::Relaxed);
            }
        }
        tracing::info!(%namespace, %room, socket = %session.who.socket, "no longer admitted by the room's rules");
        self.settings.on_denied == OnDenied::Disconnect
    }

    fn tell_left(&self, served: &Served, session: &Session, by: &str, room: &str) {
        let refusal = Refusal::code("UNAUTHORIZED");
        self.send_error(session, &reply::room_lost(by, room, served.namespace(), &refusal));
    }

    /// A room that is declared no more has nothing that follows from leaving it.
    pub(crate) async fn leave_undeclared(&self, session: &Session, name: &Arc<str>) {
        self.left_kept(session, name);
        if session.rooms.lock().remove(name) {
            self.left(&session.who.namespace, Some(name));
        }
        self.outlet.leave(session.conn, name);
        let room = presence_room(&session.who.namespace, name);
        if let Err(error) = self.stores.presence.leave(&room, &session.who.user, session.conn).await {
            tracing::error!(%error, "presence could not be kept");
        }
    }
}
