//! One connection's events, one at a time and in order, through a bounded queue.
//!
//! Whoever brings an event also runs it, there and then, if nothing else is running: with state in memory and answers in
//! the cache an event never waits, and costs no task. Only what has to wait becomes one.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};

use futures_util::FutureExt;
use homeroom_plan::frame::Now;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::bind::{Bound, Served};
use crate::decisions::{About, Came};
use crate::delivery::Scene;
use crate::dispatch::{Event, dispatch};
use crate::engine::{Engine, Inner};
use crate::explain::Note;
use crate::handover::is_handover;
use crate::input::{self, Incoming};
use crate::line::Line;
use crate::metrics::{CameTo, Laps, Stage};
use crate::outcome::Outcome;
use crate::outlet::{Ending, Parcel, Receivers};
use crate::quota::Stopped;
use crate::review::{Asked, Review};
use crate::session::Session;
use crate::settings::RuntimeSettings;
use crate::trace::TraceId;
use crate::{Refusal, reply};

/// The queue of a connection.
pub(crate) struct Lane {
    state: Mutex<State>,
    /// Told when nothing waits any more, where somebody waits for that.
    idle: OnceLock<Box<Notify>>,
}

struct State {
    items: Line<Item>,
    /// What the events that wait hold together.
    bytes: usize,
    /// Something runs, or it is held.
    busy: bool,
    /// How many events have been begun.
    begun: u64,
    /// Nothing runs until the client knows that it is connected.
    held: bool,
    closed: bool,
}

/// What waits in a lane.
pub(crate) enum Item {
    /// The client knows that it is connected: what its connect came to can happen, on what it ran on.
    Connected(Box<Outcome>, Arc<Bound>),
    /// An event.
    Event(Incoming),
    /// Its rooms are looked through again.
    Review(Arc<Review>, Option<Asked>),
    /// The connection has ended.
    Closed,
}

/// What runs now.
pub(crate) struct Begun {
    item: Item,
    /// How many events there were before it.
    before: u64,
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lane({} waiting)", self.state.lock().items.len())
    }
}

impl Default for Lane {
    fn default() -> Self {
        let state = State { items: Line::default(), bytes: 0, busy: true, begun: 0, held: true, closed: false };
        Self { state: Mutex::new(state), idle: OnceLock::new() }
    }
}

impl Lane {
    /// Lets a held lane go. Yields this, to be run first, if it was held.
    pub(crate) fn release(&self, first: Item) -> Option<Begun> {
        let mut state = self.state.lock();
        std::mem::replace(&mut state.held, false).then(|| state.begin(first))
    }

    /// The connection has ended. A lane that was never let go forgets what it held. Yields what is to be run, if nothing runs.
    pub(crate) fn close(&self) -> Option<Begun> {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.closed, true) {
            return None;
        }
        if std::mem::replace(&mut state.held, false) {
            state.items.clear();
            state.bytes = 0;
            state.busy = false;
        }
        state.push(Item::Closed)
    }

    /// Queues a review; there is no bound, since there are few at a time. Yields what is to be run, if nothing runs.
    pub(crate) fn review(&self, review: Arc<Review>, asked: Option<Asked>) -> Option<Begun> {
        let mut state = self.state.lock();
        if state.closed {
            return None;
        }
        state.push(Item::Review(review, asked))
    }

    /// Queues an event. Yields what is to be run, if nothing runs.
    ///
    /// # Errors
    /// The event, if too many wait.
    fn push(&self, item: Incoming, settings: &RuntimeSettings) -> Result<Option<Begun>, Incoming> {
        let mut state = self.state.lock();
        let bytes = state.bytes + item.bytes();
        let is_full = state.items.len() >= settings.queue_events_max || bytes > settings.queue_bytes_max;
        if state.closed || is_full {
            return Err(item);
        }
        if state.busy {
            state.bytes = bytes;
        }
        Ok(state.push(Item::Event(item)))
    }

    /// How many items wait or run.
    pub(crate) fn waiting(&self) -> usize {
        let state = self.state.lock();
        state.items.len() + usize::from(state.busy && !state.held)
    }

    /// What is next.
    fn next(&self) -> Option<Begun> {
        let mut state = self.state.lock();
        let Some(item) = state.items.pop_front() else {
            state.busy = false;
            if let Some(idle) = self.idle.get() {
                idle.notify_waiters();
            }
            return None;
        };
        if let Item::Event(incoming) = &item {
            state.bytes -= incoming.bytes();
        }
        Some(state.begin(item))
    }
}

impl State {
    /// Queues an item behind what waits; or yields it, if nothing runs.
    fn push(&mut self, item: Item) -> Option<Begun> {
        if !std::mem::replace(&mut self.busy, true) {
            return Some(self.begin(item));
        }
        self.items.push_back(item);
        None
    }

    fn begin(&mut self, item: Item) -> Begun {
        let before = self.begun;
        self.begun += u64::from(matches!(item, Item::Event(_)));
        Begun { item, before }
    }
}

impl Session {
    /// Waits until everything that came from this connection so far is done, what it brought about included.
    pub async fn settled(&self) {
        loop {
            let mut idle = std::pin::pin!(self.lane.idle.get_or_init(Box::default).notified());
            idle.as_mut().enable();
            if !self.lane.state.lock().busy {
                return;
            }
            idle.await;
        }
    }
}

impl Engine {
    /// An event came.
    pub fn receive(&self, session: &Arc<Session>, incoming: Incoming) {
        match session.lane.push(incoming, &self.inner.settings) {
            Ok(Some(first)) => self.start(session, first),
            Ok(None) => {}
            Err(incoming) => self.inner.refuse_unheard(session, &incoming, &Refusal::code("BUSY")),
        }
    }

    /// Runs this, and then what waits in its lane, here and now as far as nothing has to wait.
    pub(crate) fn start(&self, session: &Arc<Session>, first: Begun) {
        run_here_first(drain(self.clone(), Arc::clone(session), first));
    }
}

/// Runs a future here until it has to wait; from then on it is a task.
pub(crate) fn run_here_first(future: impl Future<Output = ()> + Send + 'static) {
    let mut future = Box::pin(future);
    // It is polled again by its task at once, with a waker that is heard.
    if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
        tokio::spawn(future);
    }
}

async fn drain(engine: Engine, session: Arc<Session>, first: Begun) {
    let mut begun = Some(first);
    while let Some(Begun { item, before }) = begun {
        let work = AssertUnwindSafe(engine.inner.work(&session, item, before)).catch_unwind();
        if work.await.is_err() {
            tracing::error!(namespace = %session.who.namespace, socket = %session.who.socket, "an event panicked");
        }
        begun = session.lane.next();
    }
}

impl Inner {
    /// What is seldom is boxed, so that events do not carry its place with them.
    async fn work(&self, session: &Arc<Session>, item: Item, before: u64) {
        let bound = self.live.current();
        let trace = self.traces.of(session.conn, before);
        if let Item::Connected(outcome, began_on) = item {
            return Box::pin(self.begin(session, *outcome, &began_on, &bound, trace)).await;
        }
        let Some(served) = bound.namespace(&session.who.namespace) else { return Box::pin(self.forget(session)).await };
        let scene = Scene { inner: self, bound: &bound, served, trace };
        match item {
            Item::Event(incoming) if is_handover(&incoming) => {
                Box::pin(self.hand_over(scene, session, &incoming)).await;
            }
            Item::Event(incoming) => self.event(scene, session, incoming, before).await,
            Item::Review(review, _asked) => Box::pin(self.review(scene, session, &review)).await,
            Item::Connected(..) | Item::Closed => Box::pin(self.close(scene, session)).await,
        }
    }

    /// What a connect came to happens, as the plan that it ran on has it. Where another is served by now, that one is asked
    /// about the rooms.
    async fn begin(
        &self,
        session: &Arc<Session>,
        outcome: Outcome,
        began_on: &Arc<Bound>,
        bound: &Arc<Bound>,
        trace: TraceId,
    ) {
        if let Some(served) = began_on.namespace(&session.who.namespace) {
            let scene = Scene { inner: self, bound: began_on, served, trace };
            scene.deliver(outcome, Some(session), None).await;
        }
        if Arc::ptr_eq(began_on, bound) {
            return;
        }
        match bound.namespace(&session.who.namespace) {
            Some(served) => {
                let scene = Scene { inner: self, bound, served, trace };
                self.review(scene, session, &Review::of_all("reload")).await;
            }
            None => self.outlet.end(session.conn, Ending::Kicked),
        }
    }

    async fn event(&self, scene: Scene<'_>, session: &Arc<Session>, incoming: Incoming, before: u64) {
        let now = Now::at(self.clock.now_ms());
        let mut laps = Laps::begin(&scene, before, now.ms());
        let came_in = Came::now(now.ms(), scene.trace);
        let (bound, served) = (scene.bound, scene.served);
        let event = Event { inner: self, bound, served, session, incoming: &incoming, now: &now, came: came_in };
        let ran = {
            let mut running = pin!(AssertUnwindSafe(dispatch(&event, &mut laps)).catch_unwind());
            // What never waits needs no timer.
            match running.as_mut().now_or_never() {
                Some(ran) => Ok(ran),
                None => tokio::time::timeout(self.settings.event_timeout, running).await,
            }
        };
        let came = match ran {
            Err(_) => Err(Refusal::code("TIMEOUT").into()),
            Ok(Err(_)) => Err(Refusal::internal("it panicked").into()),
            Ok(Ok(came)) => came,
        };
        if let Err(stopped) = &came {
            self.remember_refusal(scene, session, &incoming, stopped.refusal(), came_in);
        }
        let came_to = match &came {
            Ok(_) => CameTo::Done,
            Err(Stopped::Held(_)) => CameTo::Held,
            Err(stopped) => CameTo::Refused(&stopped.refusal().code),
        };
        laps.count(came_to);
        match came {
            Ok(outcome) => {
                scene.deliver(outcome, Some(session), incoming.ack).await;
                laps.lap(Stage::Deliver);
                laps.end(CameTo::Done);
            }
            Err(Stopped::Held(refusal)) => {
                laps.end(CameTo::Held);
                self.hold(scene, session, incoming, &refusal, &now);
            }
            Err(stopped) => {
                laps.end(CameTo::Refused(&stopped.refusal().code));
                let is_told = matches!(stopped, Stopped::Refused(_)) || incoming.ack.is_some();
                if is_told {
                    self.refuse(scene, session, &incoming, stopped.refusal(), &now);
                }
            }
        }
    }

    /// Keeps an event until its limit allows it; the one that waited until now is answered RATE_LIMITED.
    fn hold(&self, scene: Scene<'_>, session: &Arc<Session>, incoming: Incoming, refusal: &Refusal, now: &Now) {
        let name: Arc<str> = name_of(&incoming, self).into();
        let due_ms = now.ms().saturating_add_unsigned(refusal.retry_after_ms.unwrap_or(1));
        let replaced = session.waiting.lock().insert(Arc::clone(&name), incoming);
        match replaced {
            Some(replaced) if replaced.ack.is_some() => self.refuse(scene, session, &replaced, refusal, now),
            Some(_) => {}
            None => self.timers.later(due_ms, session.conn, name),
        }
    }

    pub(crate) fn refuse(
        &self,
        scene: Scene<'_>,
        session: &Session,
        incoming: &Incoming,
        refusal: &Refusal,
        now: &Now,
    ) {
        let name = name_of(incoming, self);
        log(session, &name, refusal, scene.trace);
        let namespace = scene.served.namespace();
        match incoming.ack {
            Some(id) => {
                let entry = namespace.client_events.get(&*name).unwrap_or(&namespace.connect);
                self.outlet.ack(session.conn, id, &reply::failure(&entry.envelope, namespace, refusal, now));
            }
            None => self.send_error(session, &reply::error_event(&name, Some(namespace), refusal)),
        }
    }

    fn remember_refusal(
        &self,
        scene: Scene<'_>,
        session: &Session,
        incoming: &Incoming,
        refusal: &Refusal,
        came: Came,
    ) {
        scene.bound.note(|| Note::Refused(refusal));
        let about = About::Event(name_of(incoming, self).into());
        self.decisions.remember(came.decided(&session.who, about).refused(refusal));
    }

    /// Refuses an event that did not even get into the queue.
    fn refuse_unheard(&self, session: &Session, incoming: &Incoming, refusal: &Refusal) {
        let bound = self.live.current();
        let Some(served) = bound.namespace(&session.who.namespace) else { return };
        let scene = Scene { inner: self, bound: &bound, served, trace: self.traces.next() };
        let now = Now::at(self.clock.now_ms());
        let name = name_of(incoming, self);
        let entry = served.namespace().client_events.get(&*name);
        served.meters.of_client(entry).count(CameTo::Refused(&refusal.code));
        self.remember_refusal(scene, session, incoming, refusal, Came::now(now.ms(), scene.trace));
        self.refuse(scene, session, incoming, refusal, &now);
    }

    /// Tells a client why its connection is about to end.
    pub(crate) fn tell_end(&self, session: &Session, why: &Refusal) {
        let bound = self.live.current();
        let namespace = bound.namespace(&session.who.namespace).map(Served::namespace);
        self.send_error(session, &reply::error_event("connect", namespace, why));
    }

    pub(crate) fn send_error(&self, session: &Session, args: &crate::WireArgs) {
        let parcel = Parcel {
            event: &self.error_name,
            args,
            to: Receivers::One(session.conn),
            except: None,
            except_rooms: &[],
            roles: None,
            volatile: false,
            positions: &[],
        };
        self.outlet.send(&session.who.namespace, parcel);
    }
}

/// The event's name as far as it can be told; for answers and the log, so bounded.
fn name_of(incoming: &Incoming, inner: &Inner) -> String {
    const NAME_CHARS_MAX: usize = 128;
    let heard = input::hear(&incoming.text, &inner.settings);
    heard.map_or_else(
        |_| String::new(),
        |heard| heard.name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect(),
    )
}

fn log(session: &Session, event: &str, refusal: &Refusal, trace: TraceId) {
    let (namespace, socket, code) = (&*session.who.namespace, &*session.who.socket, &*refusal.code);
    let (place, cause) = (refusal.place.as_deref().unwrap_or(""), refusal.cause.as_deref().unwrap_or(""));
    match code {
        "INTERNAL" | "UNAVAILABLE" | "TIMEOUT" => {
            tracing::error!(namespace, event, socket, %trace, code, place, cause, "refused");
        }
        _ => tracing::debug!(namespace, event, socket, %trace, code, place, cause, "refused"),
    }
}
