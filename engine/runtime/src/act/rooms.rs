//! `join` and `leave`.

use std::sync::Arc;

use homeroom_plan::data::Data;
use homeroom_plan::frame::Frame;
use homeroom_plan::program::{Otherwise, RoomRef};
use serde_json::Value;

use super::rules::room_frame;
use super::{Act, Done, json_text};
use crate::decisions::{About, Came};
use crate::explain::Subject;
use crate::history::Since;
use crate::outcome::{Effect, Place};
use crate::session::{Who, id_text};
use crate::{Refusal, params};

/// What the joins of one event come to that ask for what was missed.
pub(crate) struct Recovery {
    recovered: bool,
    /// Positions by room.
    at: serde_json::Map<String, Value>,
    own: Option<u64>,
    /// How many events are sent.
    missing: usize,
}

impl Default for Recovery {
    fn default() -> Self {
        Self { recovered: true, at: serde_json::Map::new(), own: None, missing: 0 }
    }
}

impl Recovery {
    /// `{ recovered, at }`; who entered nothing is not recovered.
    fn told(&self) -> Value {
        let recovered = self.recovered && !self.at.is_empty();
        serde_json::json!({ "recovered": recovered, "at": self.at })
    }
}

impl Act<'_> {
    /// Enters rooms under their rules. With `else: continue` each counts for itself; otherwise the first that does not
    /// admit ends it. Yields whether all were entered.
    pub(super) async fn join(
        &mut self,
        rooms: &[RoomRef],
        since: Option<&Data>,
        otherwise: &Otherwise,
        frame: &Frame<'_>,
    ) -> Result<Done, Refusal> {
        let mut all = true;
        self.denied = None;
        let mut places = Vec::with_capacity(rooms.len());
        for reference in rooms {
            match self.admitted(reference, frame).await? {
                Some(place) => places.push(place),
                None => all = false,
            }
            if !all && *otherwise != Otherwise::Continue {
                break;
            }
        }
        let asked = match since {
            Some(data) => Some(Since::of(data.eval(frame)?)),
            None => None,
        };
        let keeps = |place: &Place| self.served().plan.rooms[place.room].history.is_some();
        if places.iter().any(keeps) {
            // Apart from the future of a step, which is large enough without it.
            Box::pin(self.recall(&mut places, asked.as_ref())).await;
        }
        for place in places {
            self.enter(place)?;
        }
        let value = asked.map_or(Value::Bool(all), |_| self.recovery.told());
        Ok(Done { value: Some(value), found: all })
    }

    /// Finds what was missed in the rooms that keep it. `asked`: the step asks for that, since a position or from now on.
    async fn recall(&mut self, places: &mut [Place], asked: Option<&Option<Since>>) {
        let (inner, served) = (self.site.inner, self.served());
        let keeps = |place: &&mut Place| served.plan.rooms[place.room].history.is_some();
        let since = asked.and_then(Option::as_ref);
        let namespace = &served.plan.path;
        let own = inner.history.own_of(namespace, since).or(self.recovery.own);
        let own = own.or_else(|| self.site.session.map(|session| session.own()).filter(|own| *own != 0));
        let own = own.unwrap_or_else(|| inner.history.new_own());
        let finding = places.iter_mut().filter(keeps).map(|place| async {
            let history = served.plan.rooms[place.room].history?;
            let recall = inner.recall(namespace, &place.name, history, since, own, self.site.session).await;
            Some((place, recall))
        });
        let found: Vec<_> = futures_util::future::join_all(finding).await.into_iter().flatten().collect();
        if !found.is_empty() {
            self.recovery.own = Some(own);
        }
        for (place, mut recall) in found {
            self.recovery.missing += recall.missing();
            if self.recovery.missing > inner.settings.missed_max {
                recall.give_up();
            }
            if asked.is_some() {
                self.recovery.recovered &= recall.is_recovered();
                self.recovery.at.insert(place.name.to_string(), Value::from(&*recall.tell()));
                self.recovery.at.extend([inner.history.tell_own(namespace, own)]);
            }
            place.recall = Some(Arc::new(recall));
        }
    }

    /// The room, if its rules admit the user; an absent parameter is a "no".
    async fn admitted(&mut self, reference: &RoomRef, frame: &Frame<'_>) -> Result<Option<Place>, Refusal> {
        let served = self.served();
        let room = &served.plan.rooms[reference.room];
        let Some(values) = params::values(&room.pattern, &reference.params, frame)? else { return Ok(None) };
        let mut inner = room_frame(room, &values, frame);
        let subject = Subject::Room(room, &values);
        let came = Came::now(frame.now.ms(), self.site.trace);
        let rule = match self.admits(subject, &mut inner).await? {
            Ok(rule) => rule,
            Err(denied) => {
                self.denied = Some(Arc::clone(subject.place()));
                self.remember_denied(came, params::spelt(&room.pattern, &values)?, &denied.refusal(), subject, frame);
                return Ok(None);
            }
        };
        let presence = match &room.presence {
            Some(data) => Some(json_text(data, &inner)?),
            None => None,
        };
        let name = params::spelt(&room.pattern, &values)?;
        // Everyone who is in a room keeps its name, and is to keep the same one.
        let known = self.site.inner.outlet.name_of(&self.served().plan.path, &name);
        let name = known.unwrap_or_else(|| name.into());
        Ok(Some(Place { room: reference.room, name, params: values, presence, rule: Some(rule), recall: None }))
    }

    /// A room that is not entered is remembered also where the event goes on without it.
    fn remember_denied(&self, came: Came, name: String, refusal: &Refusal, subject: Subject<'_>, frame: &Frame<'_>) {
        let who = match self.site.session {
            Some(session) => Arc::clone(&session.who),
            // At connect there is none yet.
            None => {
                let namespace = Arc::clone(&self.served().plan.path);
                Arc::new(Who { namespace, user: id_text(frame.user().property("id")), ..Who::default() })
            }
        };
        let refused = came.decided(&who, About::Join(name.into())).refused(refusal);
        self.site.inner.decisions.remember(refused.by(Some(Arc::clone(subject.place()))));
    }

    fn enter(&mut self, place: Place) -> Result<(), Refusal> {
        if !self.is_in(&place.name) && self.rooms_after() >= self.site.inner.settings.rooms_per_connection_max {
            return Err(Refusal::because("FULL", "the connection is in too many rooms"));
        }
        self.effect(Effect::Join(place))
    }

    /// How many rooms the connection will be in; rooms joined again are counted twice, which errs on the safe side.
    fn rooms_after(&self) -> usize {
        let joined = self.effects.iter().filter(|effect| matches!(effect, Effect::Join(_))).count();
        joined + self.site.session.map_or(0, |session| session.rooms.lock().len())
    }

    /// Leaves rooms, or makes everyone in a room leave them. Yields whether this connection was in any of them.
    pub(super) fn leave(
        &mut self,
        rooms: &[RoomRef],
        who: Option<&RoomRef>,
        frame: &Frame<'_>,
    ) -> Result<Done, Refusal> {
        let mut places = Vec::with_capacity(rooms.len());
        for reference in rooms {
            places.extend(self.place(reference, frame)?);
        }
        if let Some(who) = who {
            let Some(who) = self.place(who, frame)? else { return Ok(Done::flag(false)) };
            self.effect(Effect::Evict { who: who.name, rooms: places })?;
            return Ok(Done::flag(true));
        }
        let mut left = false;
        for place in places {
            if self.is_in(&place.name) {
                left = true;
                self.effect(Effect::Leave(place))?;
            }
        }
        Ok(Done::flag(left))
    }

    /// A room by its parameters; `None` if one of them is absent.
    pub(crate) fn place(&self, reference: &RoomRef, frame: &Frame<'_>) -> Result<Option<Place>, Refusal> {
        let pattern = &self.room(reference).pattern;
        let Some(values) = params::values(pattern, &reference.params, frame)? else { return Ok(None) };
        let name = params::spelt(pattern, &values)?.into();
        Ok(Some(Place { room: reference.room, name, params: values, presence: None, rule: None, recall: None }))
    }

    /// The name of a room by its parameters; `None` if one of them is absent. Of a room that the connection is in, or
    /// enters, it is the text that is there already: what is kept of many events, such as decisions, then shares one.
    pub(crate) fn name(&self, reference: &RoomRef, frame: &Frame<'_>) -> Result<Option<Arc<str>>, Refusal> {
        let name = params::name(&self.room(reference).pattern, &reference.params, frame)?;
        Ok(name.map(|name| self.known(&name).unwrap_or_else(|| name.into())))
    }

    fn known(&self, name: &str) -> Option<Arc<str>> {
        let entered = self.effects.iter().find_map(|effect| match effect {
            Effect::Join(place) if *place.name == *name => Some(Arc::clone(&place.name)),
            _ => None,
        });
        entered.or_else(|| self.site.session?.rooms.lock().get(name).cloned())
    }
}
