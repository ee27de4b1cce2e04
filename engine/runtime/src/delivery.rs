//! An outcome happens: rooms change, emissions leave, the ack is given; then what first-in and last-out bring about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use homeroom_plan::frame::{Frame, Now};
use homeroom_plan::program::{Handler, RoomId};
use homeroom_plan::user::User;
use homeroom_store::presence::Left;
use serde_json::Value;

use crate::Refusal;
use crate::act::{Act, Flow, Site, json_text, parsed, presence_room, room_frame};
use crate::bind::{Bound, Served};
use crate::decisions::{About, Came, Reached};
use crate::engine::Inner;
use crate::explain::Note;
use crate::history::Recall;
use crate::outcome::{Effect, Emission, Form, Outcome, Place};
use crate::presence;
use crate::session::Session;
use crate::trace::TraceId;
use crate::turns::Turns;
use crate::webhooks::Call;

/// Where outcomes happen.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) bound: &'a Bound,
    pub(crate) served: &'a Served,
    /// What brought it about.
    pub(crate) trace: TraceId,
}

/// Whom the emissions of an event reached.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// How many connections of this server, each emission counted.
    pub(crate) sockets: usize,
    /// The rooms, if it was a service's event.
    pub(crate) rooms: BTreeSet<Arc<str>>,
    /// The numbers by which the other servers know the emissions.
    pub(crate) numbers: Vec<u64>,
    /// By room, where its history is with them, if no client sent them and as far as that is known.
    pub(crate) positions: BTreeMap<Arc<str>, Arc<str>>,
}

/// A user's first connection into a room, or last one out.
pub(crate) struct Change {
    pub(crate) place: Place,
    pub(crate) user: User,
    pub(crate) role: Option<usize>,
    /// Whose connection it was, if it was one of this server.
    pub(crate) conn: Option<u64>,
    /// What is remembered of the user there.
    pub(crate) entry: Option<Arc<str>>,
    pub(crate) came: bool,
}

impl Scene<'_> {
    /// What is done by few events is boxed, so that the others do not carry its place with them.
    ///
    /// Delivers an event's outcome, answers it, and then runs what follows from who came and who left. Yields whom its
    /// emissions reached.
    pub(crate) async fn deliver(&self, outcome: Outcome, sender: Option<&Session>, ack: Option<u64>) -> Reach {
        let mut changes = Vec::new();
        self.bound.note(|| Note::Outcome(&outcome));
        let enters = outcome.effects.iter().any(|effect| matches!(effect, Effect::Join(_)));
        let recalls = recalls(&outcome.effects);
        let reached = self.effects(outcome.effects, sender, &mut changes).await;
        drop(outcome.inside);
        if enters {
            // Whoever is told that they are in a room hears what any server sends there from then on.
            self.inner.listening().await;
        }
        if let Some(session) = sender {
            if let Some(vars) = outcome.vars {
                *session.vars.lock() = Some(Arc::new(vars));
            }
            if let (Some(id), Some(args)) = (ack, &outcome.ack) {
                self.inner
                    .with_positions(session, &recalls, args, |args| self.inner.outlet.ack(session.conn, id, args));
            }
        }
        for change in changes {
            Box::pin(self.follow(change)).await;
        }
        reached
    }

    async fn effects(&self, effects: Vec<Effect>, sender: Option<&Session>, changes: &mut Vec<Change>) -> Reach {
        let mut reached = Reach::default();
        let recalls = recalls(&effects);
        let mut effects = effects.into_iter();
        let mut is_entering = false;
        while let Some(effect) = effects.next() {
            if let (Effect::Join(_), false, Some(session)) = (&effect, is_entering, sender) {
                self.enter_kept(session, std::iter::once(&effect).chain(effects.as_slice()));
            }
            is_entering = matches!(effect, Effect::Join(_));
            match (effect, sender) {
                (Effect::Join(place), Some(session)) => changes.extend(Box::pin(self.enter(session, place)).await),
                (Effect::Leave(place), Some(session)) => changes.extend(Box::pin(self.leave(session, place)).await),
                (Effect::Join(_) | Effect::Leave(_), None) => {}
                (Effect::Evict { who, rooms }, _) => {
                    self.inner.evict_elsewhere(&self.served.namespace().path, &who, &rooms, self.trace);
                    Box::pin(self.evict(&who, &rooms, changes)).await;
                }
                (Effect::Emit(emission), Some(session)) if emission.is_answer() && !recalls.is_empty() => {
                    reached.sockets += self.answer(session, emission, &recalls);
                }
                (Effect::Tell { webhook, id, data }, _) => {
                    let (namespace, webhook) =
                        (&self.served.namespace().path, &self.served.namespace().webhooks[webhook]);
                    if let Some(webhooks) = self.bound.hooks.webhooks() {
                        webhooks.tell(Call { webhook, namespace, id: &id, data: &data });
                    }
                }
                (Effect::Emit(emission), _) => {
                    // Of a client's event nobody is told whom it reached.
                    if sender.is_none() {
                        reached.rooms.extend(emission.to.rooms.iter().cloned());
                    }
                    let sent = self.inner.send(self, emission, sender);
                    reached.sockets += sent.sockets;
                    reached.numbers.extend(sent.number);
                    reached.positions.extend(sent.positions);
                }
            }
        }
        reached
    }

    /// Enters rooms that keep what is sent to them: those that are joined one after the other at once, so that what was
    /// sent to several of them has its place among what was sent to each.
    fn enter_kept<'e>(&self, session: &Session, effects: impl Iterator<Item = &'e Effect>) {
        let joined = effects.map_while(|effect| match effect {
            Effect::Join(place) => Some(place),
            Effect::Leave(_) | Effect::Evict { .. } | Effect::Emit(_) | Effect::Tell { .. } => None,
        });
        let is_new = |name: &Arc<str>| session.rooms.lock().insert(Arc::clone(name));
        let kept = joined.filter_map(|place| Some((&place.name, place.recall.as_deref()?)));
        let new: Vec<(&Arc<str>, &Recall)> = kept.filter(|(name, _)| is_new(name)).collect();
        if new.is_empty() {
            return;
        }
        self.inner.enter_kept(session, &new);
        for (name, _) in new {
            self.inner.entered(&session.who.namespace, Some(name));
        }
    }

    async fn enter(&self, session: &Session, mut place: Place) -> Option<Change> {
        let came = Came::now(self.inner.clock.now_ms(), self.trace);
        let joined = came.decided(&session.who, About::Join(Arc::clone(&place.name)));
        self.inner.decisions.remember(joined.by(place.rule.take()));
        if session.rooms.lock().insert(Arc::clone(&place.name)) {
            self.inner.outlet.join(session.conn, &place.name);
            self.inner.entered(&session.who.namespace, Some(&place.name));
        }
        self.inner.note_recheck(session, self.served, place.room, &place.name);
        if !self.served.namespace().rooms[place.room].tracked {
            return None;
        }
        let value = presence::remembered(place.presence.as_deref(), &session.user);
        let room = presence_room(&session.who.namespace, &place.name);
        match self.inner.stores.presence.enter(&room, &session.who.user, session.conn, value).await {
            Ok(true) => Some(change(session, place, None, true)),
            Ok(false) => None,
            Err(error) => {
                tracing::error!(namespace = %session.who.namespace, room = %place.name, %error, "presence could not be kept");
                None
            }
        }
    }

    /// Sends something to the event's sender alone, with positions that hold as it leaves.
    fn answer(&self, session: &Session, emission: Emission, recalls: &[Arc<Recall>]) -> usize {
        let namespace = &self.served.namespace().path;
        let mut counts = Vec::new();
        for form in &emission.forms {
            self.inner.with_positions(session, recalls, &form.args, |args| {
                let form = Form { roles: form.roles.clone(), args: args.clone() };
                counts.push(self.inner.send_one(namespace, &emission, &form, session.conn, &[]));
            });
        }
        let reached = Reached::of(counts);
        let sum = reached.sum;
        self.served.meters.of_sent(emission.number).count(&self.served.meters.all, sum);
        self.inner.remember_sent(self.bound, namespace, emission, reached, Some(session), self.trace);
        sum.reached
    }

    /// What a room remembers of a user who is in it, as JSON.
    pub(crate) fn presence_of(
        &self,
        session: &Session,
        room: RoomId,
        params: &[String],
    ) -> Result<Option<Arc<str>>, Refusal> {
        let now = Now::at(self.inner.clock.now_ms());
        let mut outer = Frame::new(&session.user, &now, 0);
        outer.socket = Some(session.socket());
        let room = &self.served.namespace().rooms[room];
        room.presence.as_ref().map(|data| json_text(data, &room_frame(room, params, &outer))).transpose()
    }

    /// A connection leaves a room; what follows if it was the user's last there.
    pub(crate) async fn leave_by(&self, session: &Session, place: Place) {
        if let Some(change) = self.leave(session, place).await {
            self.follow(change).await;
        }
    }

    async fn leave(&self, session: &Session, place: Place) -> Option<Change> {
        self.inner.left_kept(session, &place.name);
        if session.rooms.lock().remove(&place.name) {
            self.inner.left(&session.who.namespace, Some(&place.name));
        }
        self.inner.outlet.leave(session.conn, &place.name);
        if !self.served.namespace().rooms[place.room].tracked {
            return None;
        }
        let room = presence_room(&session.who.namespace, &place.name);
        match self.inner.stores.presence.leave(&room, &session.who.user, session.conn).await {
            Ok(Left::Last(value)) => Some(change(session, place, Some(presence::entry(&value)), false)),
            Ok(Left::Still | Left::WasNot) => None,
            Err(error) => {
                tracing::error!(namespace = %session.who.namespace, room = %place.name, %error, "presence could not be kept");
                None
            }
        }
    }

    /// Makes the members of a room on this server leave others, with what follows.
    pub(crate) async fn evict_and_follow(&self, who: &str, rooms: &[Place]) {
        let mut changes = Vec::new();
        self.evict(who, rooms, &mut changes).await;
        for change in changes {
            self.follow(change).await;
        }
    }

    async fn evict(&self, who: &str, rooms: &[Place], changes: &mut Vec<Change>) {
        let namespace = &self.served.namespace().path;
        let members = self.inner.outlet.members(namespace, who);
        for session in members.into_iter().filter_map(|conn| self.inner.sessions.get(conn)) {
            for place in rooms {
                if session.rooms.lock().contains(&place.name) {
                    changes.extend(self.leave(&session, place.clone()).await);
                }
            }
        }
    }

    /// What a room's `on_join` or `on_leave` does. It may send and remember; its own changes bring about nothing more.
    pub(crate) async fn follow(&self, change: Change) {
        let room = &self.served.namespace().rooms[change.place.room];
        let handler = if change.came { &room.on_join } else { &room.on_leave };
        let Some(handler) = handler else { return };
        let entry = change.entry.as_deref().or(change.place.presence.as_deref()).map(parsed);
        let Ok(entry) = entry.transpose() else { return };
        let now = Now::at(self.inner.clock.now_ms());
        let mut frame = Frame::new(&change.user, &now, handler.slots.max(change.place.params.len()));
        frame.entry = entry.as_ref();
        for (slot, value) in change.place.params.iter().enumerate() {
            frame.set(slot, Some(Value::String(value.clone())));
        }
        let session = change.conn.and_then(|conn| self.inner.sessions.get(conn));
        let what = if change.came { "on_join" } else { "on_leave" };
        self.on_its_own(handler, &mut frame, session.as_deref(), change.role, what).await;
    }

    /// Runs steps that nobody asked for, and delivers what they come to. Yields whether they need not be tried again.
    pub(crate) async fn on_its_own(
        &self,
        handler: &Handler,
        frame: &mut Frame<'_>,
        sender: Option<&Session>,
        role: Option<usize>,
        what: &str,
    ) -> bool {
        let site = Site { session: sender, role, ..self.inner.site(self.bound, self.served, self.trace) };
        let slots = frame.slots.clone();
        let turn = async |frame: &mut Frame<'_>| {
            frame.slots.clone_from(&slots);
            let mut act = Act::new(site, handler);
            let _: Flow = act.run(&handler.body, frame).await?;
            act.done().await
        };
        let ran = tokio::time::timeout(self.inner.settings.event_timeout, async {
            let mut turns = Turns::default();
            loop {
                match turn(frame).await {
                    Err(refusal) if turns.another(&refusal).await => {}
                    came => return came,
                }
            }
        });
        match ran.await.unwrap_or_else(|_| Err(Refusal::code("TIMEOUT"))) {
            Ok(outcome) => {
                let mut changes = Vec::new();
                self.bound.note(|| Note::Outcome(&outcome));
                self.effects(outcome.effects, sender, &mut changes).await;
                true
            }
            Err(refusal) => {
                let namespace = &self.served.namespace().path;
                let place = refusal.place.as_deref().unwrap_or("");
                let cause = refusal.cause.as_deref().unwrap_or("");
                self.bound.note(|| Note::Refused(&refusal));
                tracing::error!(%namespace, what, trace = %self.trace, code = %refusal.code, place, cause, "steps failed");
                !matches!(&*refusal.code, "UNAVAILABLE" | "TIMEOUT")
            }
        }
    }
}

/// What those who enter rooms by this are sent.
fn recalls(effects: &[Effect]) -> Vec<Arc<Recall>> {
    let of = |effect: &Effect| match effect {
        Effect::Join(place) => place.recall.clone(),
        Effect::Leave(_) | Effect::Evict { .. } | Effect::Emit(_) | Effect::Tell { .. } => None,
    };
    effects.iter().filter_map(of).collect()
}

pub(crate) fn change(session: &Session, place: Place, entry: Option<Arc<str>>, came: bool) -> Change {
    Change { place, user: session.user.clone(), role: session.role(), conn: Some(session.conn), entry, came }
}
