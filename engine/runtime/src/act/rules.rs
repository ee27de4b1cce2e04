//! Who may: rules, of which the first that holds admits.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use homeroom_plan::expr::Expr;
use homeroom_plan::frame::Frame;
use homeroom_plan::program::{Check, Place, Query, Room, RoomId, RoomRef, Rule};
use serde_json::Value;

use super::{Act, aside};
use crate::explain::{Note, Part, Subject};
use crate::outcome::Effect;
use crate::{Refusal, params};

/// Why nobody was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// A rule would have admitted, had the connection been in its room.
    NotInRoom,
    /// No rule is for this user.
    Unauthorized,
}

impl Denied {
    pub(crate) fn refusal(self) -> Refusal {
        Refusal::code(match self {
            Self::NotInRoom => "NOT_IN_ROOM",
            Self::Unauthorized => "UNAUTHORIZED",
        })
    }
}

/// Whether one rule holds.
enum Verdict {
    Holds,
    /// The connection is not in the rule's room.
    Elsewhere,
    /// It is, and something else does not hold.
    InsideButNo,
    No,
}

impl Act<'_> {
    /// Whether one of the subject's rules holds, and which.
    pub(crate) async fn admits(
        &mut self,
        subject: Subject<'_>,
        frame: &mut Frame<'_>,
    ) -> Result<Result<Place, Denied>, Refusal> {
        self.site.bound.note(|| Note::Asks(subject));
        let (mut elsewhere, mut inside) = (false, false);
        for rule in subject.rules() {
            match self.ruled(rule, frame).await.map_err(|refusal| refusal.at(&rule.place))? {
                Verdict::Holds => {
                    self.site.bound.note(|| Note::Answered(subject, true));
                    return Ok(Ok(Arc::clone(&rule.place)));
                }
                Verdict::Elsewhere => elsewhere = true,
                Verdict::InsideButNo => inside = true,
                Verdict::No => {}
            }
        }
        self.site.bound.note(|| Note::Answered(subject, false));
        // "Join first" helps only those for whom joining is what is missing.
        Ok(Err(if elsewhere && !inside { Denied::NotInRoom } else { Denied::Unauthorized }))
    }

    /// Whether a room's rules admit the user of `outer` to the one that these parameters spell.
    pub(crate) async fn admits_to(
        &mut self,
        room: RoomId,
        values: &[String],
        outer: &Frame<'_>,
    ) -> Result<bool, Refusal> {
        let room = &self.served().plan.rooms[room];
        let mut inner = room_frame(room, values, outer);
        Ok(self.admits(Subject::Room(room, values), &mut inner).await?.is_ok())
    }

    async fn ruled(&mut self, rule: &Rule, frame: &mut Frame<'_>) -> Result<Verdict, Refusal> {
        let bound = self.site.bound;
        bound.note(|| Note::Rule(rule));
        let verdict = self.rule(rule, frame).await?;
        bound.note(|| Note::Ruled(rule, matches!(verdict, Verdict::Holds)));
        Ok(verdict)
    }

    async fn rule(&mut self, rule: &Rule, frame: &mut Frame<'_>) -> Result<Verdict, Refusal> {
        if !rule.roles.is_empty() && !self.has_role(&rule.roles) {
            return Ok(Verdict::No);
        }
        if !rule.inside.is_empty() && !self.is_inside(&rule.inside, frame)? {
            return Ok(Verdict::Elsewhere);
        }
        let no = if rule.inside.is_empty() { Verdict::No } else { Verdict::InsideButNo };
        if !self.holds(rule.when_before.as_ref(), frame)? {
            return Ok(no);
        }
        for check in &rule.checks {
            if !aside(|| self.check(check, frame)).await? {
                return Ok(no);
            }
        }
        if !self.holds(rule.when.as_ref(), frame)? {
            return Ok(no);
        }
        match &rule.like {
            Some(room) => self.is_like(room, frame).await,
            None => Ok(Verdict::Holds),
        }
    }

    fn has_role(&self, wanted: &[usize]) -> bool {
        let has_one = self.site.role.is_some_and(|role| wanted.contains(&role));
        self.site.bound.note(|| Note::Part(Part::Roles(wanted), has_one));
        has_one
    }

    fn holds(&self, expr: Option<&Expr>, frame: &Frame<'_>) -> Result<bool, Refusal> {
        let Some(expr) = expr else { return Ok(true) };
        let holds = expr.holds(frame)?;
        self.site.bound.note(|| Note::Part(Part::When, holds));
        Ok(holds)
    }

    /// Whether this connection is in one of these rooms, counting what its own event has changed.
    fn is_inside(&self, rooms: &[RoomRef], frame: &Frame<'_>) -> Result<bool, Refusal> {
        let mut inside = false;
        for reference in rooms {
            let Some(name) = params::name(&self.room(reference).pattern, &reference.params, frame)? else { continue };
            if self.is_in(&name) {
                inside = true;
                break;
            }
        }
        self.site.bound.note(|| Note::Part(Part::Inside(self.spelt_all(rooms, frame)), inside));
        Ok(inside)
    }

    /// The names of those rooms whose parameters are there.
    fn spelt_all(&self, rooms: &[RoomRef], frame: &Frame<'_>) -> Vec<String> {
        let names = rooms.iter().map(|reference| self.name(reference, frame).ok().flatten());
        names.flatten().map(|name| name.to_string()).collect()
    }

    pub(super) fn is_in(&self, name: &str) -> bool {
        let changed = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Join(place) if &*place.name == name => Some(true),
            Effect::Leave(place) if &*place.name == name => Some(false),
            _ => None,
        });
        changed.unwrap_or_else(|| self.site.session.is_some_and(|session| session.rooms.lock().contains(name)))
    }

    async fn check(&mut self, check: &Check, frame: &mut Frame<'_>) -> Result<bool, Refusal> {
        let found = super::found(self.query(&check.call, frame).await?);
        let query = &self.site.bound.plan.queries[check.call.query];
        self.site.bound.note(|| Note::Part(Part::Check(check, query, given(query, check, frame)), found.found));
        let Some(row) = found.value.filter(|_| found.found) else { return Ok(false) };
        for (column, slot) in &check.lends {
            frame.set(*slot, row.get(&**column).cloned());
        }
        Ok(true)
    }

    fn is_like<'s>(
        &'s mut self,
        reference: &'s RoomRef,
        frame: &'s Frame<'_>,
    ) -> BoxFuture<'s, Result<Verdict, Refusal>> {
        Box::pin(async move {
            let room = &self.served().plan.rooms[reference.room];
            let Some(values) = params::values(&room.pattern, &reference.params, frame)? else {
                self.site.bound.note(|| Note::Part(Part::LikeNothing(reference), false));
                return Ok(Verdict::No);
            };
            let mut inner = room_frame(room, &values, frame);
            Ok(match self.admits(Subject::Room(room, &values), &mut inner).await? {
                Ok(_) => Verdict::Holds,
                Err(Denied::NotInRoom) => Verdict::Elsewhere,
                Err(Denied::Unauthorized) => Verdict::No,
            })
        })
    }

    pub(super) fn room(&self, reference: &RoomRef) -> &'_ Room {
        &self.site.served.plan.rooms[reference.room]
    }
}

/// What a check's query was given, by the names of its parameters.
fn given<'q>(query: &'q Query, check: &Check, frame: &Frame<'_>) -> Vec<(&'q str, Option<Value>)> {
    let values = check.call.params.iter().map(|data| data.eval(frame).ok().flatten());
    query.statement.names().zip(values).collect()
}

/// The frame that a room's rules and presence see: its parameters, `user`, `socket`, `now`.
pub(crate) fn room_frame<'f>(room: &Room, values: &[String], outer: &'f Frame<'_>) -> Frame<'f> {
    let mut frame = Frame::new(outer.user(), outer.now, room.slots.max(values.len()));
    frame.socket.clone_from(&outer.socket);
    for (slot, value) in values.iter().enumerate() {
        frame.set(slot, Some(Value::String(value.clone())));
    }
    frame
}
