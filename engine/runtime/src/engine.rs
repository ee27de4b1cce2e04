//! The engine: connections come, send, and go; services send; time passes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use homeroom_plan::frame::{Frame, Now};
use homeroom_plan::program::{Entry, Input};
use homeroom_plan::socket::Socket;
use homeroom_plan::user::Names;
use homeroom_store::sql::Db;
use homeroom_store::{Clock, History, Presence, SharedLimits, StateStore, TimedState};
use parking_lot::Mutex;
use serde_json::Value;

use crate::Refusal;
use crate::act::{Act, Site, presence_room};
use crate::bind::{Bound, Served};
use crate::cluster::Cluster;
use crate::decisions::{About, Came, Decisions};
use crate::delivery::Scene;
use crate::dispatch::authorize;
use crate::explain::Note;
use crate::gate::{Gate, GateBounds};
use crate::history::Histories;
use crate::identity::{Authenticator, Verified};
use crate::input::{self, Carried};
use crate::lane::{Item, run_here_first};
use crate::live::Live;
use crate::metrics::{CameTo, Metrics, Scrape};
use crate::outcome::{Outcome, Place};
use crate::outlet::Outlet;
use crate::recheck::Rechecks;
use crate::revocation::Revocations;
use crate::session::{Session, Sessions, Token, Waiting, Who, id_text};
use crate::settings::RuntimeSettings;
use crate::spans::Told;
use crate::ticks::Timers;
use crate::trace::{TraceId, Traces};
use crate::turns::Turns;

/// Where things are remembered and asked.
#[derive(Clone)]
pub struct Stores {
    /// State.
    pub state: Arc<dyn StateStore>,
    /// Who is in which room.
    pub presence: Arc<dyn Presence>,
    /// Limits that connections share.
    pub limits: Arc<dyn SharedLimits>,
    /// The database, if there is one.
    pub db: Option<Db>,
    /// What the engine itself writes down for all servers: what is revoked, and what was answered to services.
    pub ledger: Arc<dyn StateStore>,
    /// The other servers, if there are any.
    pub cluster: Option<Arc<Cluster>>,
    /// What was sent to rooms lately, where other servers have it, too.
    pub history: Option<Arc<dyn History>>,
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) live: Live,
    pub(crate) outlet: Arc<dyn Outlet>,
    pub(crate) stores: Stores,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: RuntimeSettings,
    pub(crate) sessions: Sessions,
    pub(crate) timers: Timers,
    pub(crate) metrics: Metrics,
    pub(crate) traces: Traces,
    pub(crate) spans: Told,
    /// The state of `stores`, and how it fares.
    pub(crate) state: Arc<TimedState>,
    /// Connects, and events that enter rooms: so many at once.
    pub(crate) entering: Gate,
    /// The epoch in which this server last told its connections; 0: in none yet.
    pub(crate) presence_epoch: AtomicU64,
    pub(crate) decisions: Decisions,
    /// Of the properties of users.
    names: Mutex<Names>,
    pub(crate) history: Arc<Histories>,
    pub(crate) ticking: tokio::sync::Mutex<()>,
    /// `error`, the event by which a refusal without an ack is told.
    pub(crate) error_name: Arc<str>,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) revocations: Revocations,
    pub(crate) rechecks: Rechecks,
}

/// A client at the door of a namespace.
#[derive(Debug)]
pub struct Knock {
    /// The edge's number for its connection.
    pub conn: u64,
    /// The id that clients are shown.
    pub public_id: Arc<str>,
    /// The namespace.
    pub namespace: Arc<str>,
    /// What came as `auth`.
    pub auth: Value,
}

/// A client that was admitted, before it knows.
pub struct Admitted {
    /// Its connection.
    pub session: Arc<Session>,
    outcome: Outcome,
    /// What its connect ran on.
    bound: Arc<Bound>,
}

/// A refused connect, as its client is told.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The code.
    pub code: Arc<str>,
    /// The text for people.
    pub message: Arc<str>,
}

impl Engine {
    /// An engine that serves `bound`.
    #[must_use]
    pub fn new(
        bound: Bound,
        outlet: Arc<dyn Outlet>,
        mut stores: Stores,
        clock: Arc<dyn Clock>,
        authenticator: Arc<dyn Authenticator>,
        settings: RuntimeSettings,
    ) -> Self {
        let metrics = Metrics::default();
        metrics.serves(&bound.plan.digest);
        let state = Arc::new(TimedState::new(stores.state));
        stores.state = Arc::clone(&state) as Arc<dyn StateStore>;
        let entering = GateBounds {
            at_once: settings.entering_max,
            waiting_max: settings.entering_waiting_max,
            wait_max: settings.entering_wait,
        };
        let (cluster, shared) = (stores.cluster.clone(), stores.history.clone());
        let history = Histories::new(cluster, shared, Arc::clone(&clock), settings.history_bytes_max);
        let inner = Inner {
            live: Live::new(bound),
            history: Arc::new(history),
            outlet,
            stores,
            clock,
            decisions: Decisions::new(&settings),
            names: Mutex::default(),
            settings,
            sessions: Sessions::default(),
            timers: Timers::default(),
            entering: Gate::new(entering, metrics.gate("entering")),
            metrics,
            traces: Traces::default(),
            spans: Told::default(),
            state,
            presence_epoch: AtomicU64::new(0),
            ticking: tokio::sync::Mutex::default(),
            error_name: "error".into(),
            authenticator,
            revocations: Revocations::default(),
            rechecks: Rechecks::default(),
        };
        if let Some(cluster) = &inner.stores.cluster {
            cluster.listen();
        }
        Self { inner: Arc::new(inner) }
    }

    /// What is served now.
    #[must_use]
    pub fn current(&self) -> Arc<Bound> {
        self.inner.live.current()
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// All that is counted, as [`crate::metrics::CONTENT_TYPE`].
    #[must_use]
    pub fn metrics_text(&self) -> String {
        let inner = &self.inner;
        let mut waiting = std::collections::BTreeMap::new();
        for session in inner.sessions.all() {
            *waiting.entry(Arc::clone(&session.who.namespace)).or_insert(0) += session.lane.waiting();
        }
        let redis = inner.metrics.redis_calls();
        inner.metrics.text(Some(Scrape { bound: self.current(), waiting, state: Arc::clone(&inner.state), redis }))
    }

    /// How many news for a service webhooks have lost; `None` if they go nowhere.
    #[must_use]
    pub fn webhooks_lost(&self) -> Option<u64> {
        self.current().hooks.webhooks().map(|webhooks| webhooks.lost())
    }

    /// How the database fares; `None` if there is none.
    #[must_use]
    pub fn database(&self) -> Option<homeroom_store::sql::SqlStatus> {
        self.inner.stores.db.as_ref().map(Db::status)
    }

    /// How many connections there are, over all namespaces.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.sessions.count()
    }

    /// Waits as long as so many clients and joins wait for their turn that one more would not be let in soon.
    pub async fn has_room(&self) {
        self.inner.entering.has_short_line().await;
    }

    /// Lets a client in, or not. What its connect does happens when [`Engine::connected`] is called.
    ///
    /// # Errors
    /// What its `connect_error` says.
    pub async fn connect(&self, knock: Knock) -> Result<Admitted, Rejected> {
        let bound = self.inner.live.current();
        let Some(served) = bound.namespace(&knock.namespace) else {
            return Err(Rejected { code: "NOT_FOUND".into(), message: "Invalid namespace".into() });
        };
        // One text for all who are in it: each event looks there.
        let knock = Knock { namespace: Arc::clone(&served.plan.path), ..knock };
        let namespace = Arc::clone(&knock.namespace);
        let public_id = Arc::clone(&knock.public_id);
        let came_in = Came::now(self.inner.clock.now_ms(), self.inner.traces.next());
        let mut user = None;
        let admitting = self.inner.admit(&bound, served, knock, came_in, &mut user);
        let bounded = tokio::time::timeout(self.inner.settings.event_timeout, admitting);
        let came = bounded.await.unwrap_or_else(|_| Err(Refusal::code("TIMEOUT")));
        let outcome = came.as_ref().map_or_else(|refusal| CameTo::Refused(&refusal.code), |_| CameTo::Done);
        served.meters.connect.count_timed(outcome, came_in.took());
        came.map_err(|refusal| {
            bound.note(|| Note::Refused(&refusal));
            let who = Who { namespace: namespace.clone(), user: user.unwrap_or_default(), socket: public_id.clone() };
            let decided = came_in.decided(&Arc::new(who), About::Connect);
            self.inner.decisions.remember(decided.refused(&refusal));
            let (code, place) = (&*refusal.code, refusal.place.as_deref().unwrap_or(""));
            let cause = refusal.cause.as_deref().unwrap_or("");
            let trace = came_in.trace();
            tracing::info!(%namespace, socket = %public_id, %trace, code, place, cause, "connect refused");
            Rejected { message: refusal.text(Some(served.namespace())), code: refusal.code }
        })
    }

    /// The client has been told that it is connected; what its connect came to happens now, and events are heard.
    pub fn connected(&self, admitted: Admitted) {
        let Admitted { session, outcome, bound } = admitted;
        if let Some(first) = session.lane.release(Item::Connected(Box::new(outcome), bound)) {
            self.start(&session, first);
        }
    }

    /// The connection has ended. To be called once for each that was admitted.
    pub fn closed(&self, session: &Arc<Session>) {
        if let Some(first) = session.lane.close() {
            self.start(session, first);
        }
    }

    /// The text that clients of a namespace get for a refusal.
    #[must_use]
    pub fn text(&self, namespace: &str, refusal: &Refusal) -> Arc<str> {
        let bound = self.inner.live.current();
        refusal.text(bound.namespace(namespace).map(Served::namespace))
    }
}

impl Inner {
    pub(crate) fn db(&self) -> Result<&Db, Refusal> {
        self.stores.db.as_ref().ok_or_else(|| Refusal::because("UNAVAILABLE", "there is no database"))
    }

    pub(crate) fn site<'a>(&'a self, bound: &'a Bound, served: &'a Served, trace: TraceId) -> Site<'a> {
        Site { inner: self, bound, served, session: None, role: None, attachments: &[], trace }
    }

    /// Verifies a client, counts it, and runs its connect's rules and steps. `user_id` is who it turns out to be.
    async fn admit(
        self: &Arc<Self>,
        bound: &Arc<Bound>,
        served: &Served,
        mut knock: Knock,
        came_in: Came,
        user_id: &mut Option<Arc<str>>,
    ) -> Result<Admitted, Refusal> {
        let inside = self.entering.enter().await.map_err(Refusal::sent_away)?;
        let token = knock.auth.as_object_mut().and_then(|auth| auth.remove("token"));
        let contract = knock.auth.as_object_mut().and_then(|auth| auth.remove("contract"));
        let mut verified = self.identify(served, token.as_ref(), &knock).await?;
        let user = self.names.lock().user(std::mem::take(&mut verified.user));
        let id = id_text(user.property("id"));
        *user_id = Some(Arc::clone(&id));
        let role = user.property("role").and_then(Value::as_str).and_then(|role| bound.role(role));
        let place = self.enroll(served, &id, &knock).await?;

        let entry = &served.namespace().connect;
        let carried = match &entry.input {
            input @ Input::Payload { .. } => auth(entry, input, &mut knock)?,
            // Nothing is asked for, so whatever else a client hands over is left unread.
            Input::Nothing | Input::Args(_) | Input::AnyArgs => Carried::default(),
        };
        let now = Now::at(self.clock.now_ms());
        let socket = Socket::new(&knock.public_id, None);
        let site = Site { role, ..self.site(bound, served, came_in.trace()) };
        let mut turns = Turns::default();
        let (named, rule, outcome) = loop {
            let turn = async {
                let mut frame = Frame::new(&user, &now, entry.handler.slots);
                frame.payload = carried.payload.as_ref();
                frame.args = carried.args.as_ref();
                frame.socket = Some(socket.clone());
                let mut act = Act::new(site, &entry.handler);
                authorize(&mut act, entry, &mut frame).await?;
                act.run(&entry.handler.body, &mut frame).await?;
                drop(frame);
                let named = act.user.take();
                let rule = act.admitted_by.take();
                Ok((named, rule, act.done().await?))
            };
            match turn.await {
                Err(refusal) if turns.another(&refusal).await => {}
                came => break came?,
            }
        };
        let outcome = Outcome { inside: Some(inside), ..outcome };

        let mut session = Session::new(knock.conn, knock.public_id, knock.namespace, named.unwrap_or(user));
        session.set_role(role);
        *session.token.get_mut() = Token::of(&verified);
        session.enrolled = place.is_some();
        session.counted =
            Some(self.metrics.connected(&session.who.namespace, contract.as_ref().and_then(Value::as_str)));
        if let Some(vars) = &outcome.vars {
            *session.vars.get_mut() = Some(Arc::new(vars.clone()));
        }
        let session = Arc::new(session);
        self.decisions.remember(came_in.decided(&session.who, About::Connect).by(rule));
        self.sessions.insert(&session);
        if self.is_revoked(&session) {
            // It was revoked while it was let in.
            self.sessions.remove(session.conn);
            return Err(Refusal::because("UNAUTHENTICATED", "the token was revoked"));
        }
        self.entered(&session.who.namespace, None);
        if let Some(place) = place {
            place.keep();
        }
        if let Some(ends_ms) = verified.expires_at_ms {
            self.timers.token_ends(ends_ms, session.conn);
        }
        self.outlet.role(session.conn, role);
        Ok(Admitted { session, outcome, bound: Arc::clone(bound) })
    }

    async fn identify(&self, served: &Served, token: Option<&Value>, knock: &Knock) -> Result<Verified, Refusal> {
        if served.namespace().open {
            let user = serde_json::json!({ "id": &*knock.public_id });
            return Ok(Verified::lasting(user));
        }
        let verified = self.authenticator.verify(token.and_then(Value::as_str), self.clock.now_ms()).await?;
        self.unless_revoked(&verified).await?;
        Ok(verified)
    }

    /// Counts the connection among its user's; in an open namespace every connection is a user.
    async fn enroll(self: &Arc<Self>, served: &Served, user: &str, knock: &Knock) -> Result<Option<Enrolled>, Refusal> {
        if served.namespace().open {
            return Ok(None);
        }
        let user = enrolled_user(&knock.namespace, user);
        let max = self.settings.connections_per_user_max;
        if !self.stores.presence.enroll(&user, knock.conn, max).await? {
            return Err(Refusal::code("TOO_MANY_CONNECTIONS"));
        }
        Ok(Some(Enrolled { inner: Some(Arc::clone(self)), user, conn: knock.conn }))
    }

    /// A connection has ended: rooms are left, then `disconnect:` runs.
    pub(crate) async fn close(&self, scene: Scene<'_>, session: &Arc<Session>) {
        for name in session.rooms() {
            if let Some((room, params)) = scene.served.room_named(&name) {
                scene.leave_by(session, Place { room, name, params, presence: None, rule: None, recall: None }).await;
            }
        }
        if let Some(handler) = &scene.served.namespace().disconnect {
            let now = Now::at(self.clock.now_ms());
            let mut frame = Frame::new(&session.user, &now, handler.slots);
            frame.socket = Some(session.socket());
            scene.on_its_own(handler, &mut frame, None, session.role(), "disconnect").await;
        }
        self.forget(session).await;
    }

    /// Nothing of a connection is kept any more.
    pub(crate) async fn forget(&self, session: &Arc<Session>) {
        if self.sessions.remove(session.conn) {
            self.left(&session.who.namespace, None);
        }
        *session.waiting.lock() = Waiting::default();
        // Rooms are left by then, unless their namespace is no longer served.
        let rooms = std::mem::take(&mut *session.rooms.lock());
        for name in rooms.into_iter() {
            self.left_kept(session, &name);
            self.left(&session.who.namespace, Some(&name));
            let room = presence_room(&session.who.namespace, &name);
            if let Err(error) = self.stores.presence.leave(&room, &session.who.user, session.conn).await {
                tracing::error!(%error, "presence could not be kept");
            }
        }
        if session.enrolled {
            let user = enrolled_user(&session.who.namespace, &session.who.user);
            if let Err(error) = self.stores.presence.withdraw(&user, session.conn).await {
                tracing::error!(%error, "a connection could not be withdrawn");
            }
        }
    }
}

/// What a client handed over beside its token.
fn auth(entry: &Entry, input: &Input, knock: &mut Knock) -> Result<Carried, Refusal> {
    let auth = std::mem::take(&mut knock.auth);
    input::validate_value(input, Some(auth)).map_err(|refusal| refusal.at(&entry.place))
}

fn enrolled_user(namespace: &str, user: &str) -> String {
    format!("{namespace} {user}")
}

/// A connection that was counted; counted no more if it does not come to be.
struct Enrolled {
    inner: Option<Arc<Inner>>,
    user: String,
    conn: u64,
}

impl Enrolled {
    fn keep(mut self) {
        self.inner = None;
    }
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else { return };
        let (user, conn) = (std::mem::take(&mut self.user), self.conn);
        run_here_first(async move {
            if let Err(error) = inner.stores.presence.withdraw(&user, conn).await {
                tracing::error!(%error, "a connection could not be withdrawn");
            }
        });
    }
}
