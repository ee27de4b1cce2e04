//! `emit`: what is sent, in a form for each view, and to whom.

use std::sync::Arc;

use bytes::Bytes;
use homeroom_plan::data::Data;
use homeroom_plan::frame::Frame;
use homeroom_plan::program::{self, Body, Doubt, Emit, Fits, ServerEvent};
use homeroom_plan::schema::Issue;
use serde_json::Value;

use super::{Act, Done};
use crate::outcome::{Audience, Effect, Emission, Form, KeptIn};
use crate::outlet::WireArgs;
use crate::{Refusal, reply};

impl Act<'_> {
    pub(super) fn emit(&mut self, emit: &Emit, frame: &Frame<'_>) -> Result<Done, Refusal> {
        let event = &self.served().plan.server_events[emit.event];
        let roles = self.roles(emit, frame)?;
        let forms = self.forms(emit, event, roles.as_deref(), frame)?;
        let (to, to_others, kept) = self.audience(&emit.to, frame)?;
        let (except, ..) = self.audience(&emit.except, frame)?;
        // What everyone gets, or may be missed, is not kept.
        let kept = if emit.volatile || to.everyone { Vec::new() } else { kept };
        let emission = Emission {
            event: event.name.clone(),
            number: Some(emit.event),
            forms,
            to,
            except_sender: except.sender || to_others,
            except_rooms: except.rooms.into_vec(),
            volatile: emit.volatile,
            kept,
        };
        self.effect(Effect::Emit(emission))?;
        Ok(Done::flag(true))
    }

    /// The numbers of the roles it is for; `None`: all.
    fn roles(&self, emit: &Emit, frame: &Frame<'_>) -> Result<Option<Vec<usize>>, Refusal> {
        if emit.roles.is_empty() {
            return Ok(None);
        }
        let mut roles = Vec::new();
        for template in &emit.roles {
            let name = template.text(frame)?;
            roles.extend(name.and_then(|name| self.site.bound.role(&name)));
        }
        Ok(Some(roles))
    }

    fn forms(
        &self,
        emit: &Emit,
        event: &ServerEvent,
        roles: Option<&[usize]>,
        frame: &Frame<'_>,
    ) -> Result<Vec<Form>, Refusal> {
        let all = || roles.map(<[usize]>::to_vec);
        let data = match &emit.body {
            Body::Nothing => return forms_of(event, None, roles, &[]),
            Body::Args(args) => {
                let values = reply::arguments(args, frame)?;
                return Ok(vec![Form { roles: all(), args: reply::written(&values, self.site.attachments)? }]);
            }
            Body::One(data) => data,
        };
        if let Fits::But(doubts) = &emit.fits {
            doubts.iter().try_for_each(|doubt| fits(doubt, event, frame))?;
        }
        let is_plain = event.views.is_empty() && self.site.attachments.is_empty();
        if is_plain && !matches!(emit.fits, Fits::Unknown) {
            return Ok(vec![Form { roles: all(), args: written_straight(data, frame)? }]);
        }
        let value = data.eval(frame)?.ok_or_else(|| Refusal::internal("there is nothing to send"))?;
        if let (Fits::Unknown, Some(schema)) = (&emit.fits, &event.schema) {
            schema.check(&value).map_err(|issues| wrong(event, "", &issues))?;
        }
        forms_of(event, Some(value), roles, self.site.attachments)
    }

    /// Who gets it, whether that is everyone but the sender, and the rooms among them that keep it.
    fn audience(&self, all: &[program::Audience], frame: &Frame<'_>) -> Result<(Audience, bool, Vec<KeptIn>), Refusal> {
        let (mut audience, mut others, mut kept) = (Audience::default(), false, Vec::new());
        for one in all {
            match one {
                program::Audience::Sender => audience.sender = true,
                program::Audience::Everyone => audience.everyone = true,
                program::Audience::Others => {
                    audience.everyone = true;
                    others = true;
                }
                program::Audience::Room(reference) => {
                    let Some(room) = self.name(reference, frame)? else { continue };
                    if let Some(history) = self.room(reference).history {
                        kept.push(KeptIn { room: Arc::clone(&room), history });
                    }
                    audience.rooms.push(room);
                }
            }
        }
        Ok((audience, others, kept))
    }
}

/// Whether a property that is in doubt fits the event's schema.
fn fits(doubt: &Doubt, event: &ServerEvent, frame: &Frame<'_>) -> Result<(), Refusal> {
    let checked = |value: &Value| doubt.schema.check(value).map_err(|issues| wrong(event, &doubt.pointer, &issues));
    // One that is absent is left out, which is known to be fine.
    match &doubt.data {
        Data::Expr(expr) => expr.eval(frame)?.map_or(Ok(()), |value| checked(&value)),
        data => data.eval(frame)?.map_or(Ok(()), |value| checked(&value)),
    }
}

fn wrong(event: &ServerEvent, below: &str, issues: &[Issue]) -> Refusal {
    let told: Vec<String> = issues.iter().map(|issue| format!("{below}{} {}", issue.path, issue.message)).collect();
    Refusal::internal(format!("what `{}` would send is wrong: {}", event.name, told.join("; ")))
}

/// What is sent of an event that carries this value, or nothing: one form, or one for each view. `roles`: the roles it is
/// for; `None`: all.
pub(crate) fn forms_of(
    event: &ServerEvent,
    value: Option<Value>,
    roles: Option<&[usize]>,
    attachments: &[Bytes],
) -> Result<Vec<Form>, Refusal> {
    let Some(value) = value else {
        return Ok(vec![Form { roles: roles.map(<[usize]>::to_vec), args: WireArgs::plain("") }]);
    };
    if event.views.is_empty() {
        return Ok(vec![Form { roles: roles.map(<[usize]>::to_vec), args: reply::written(&[value], attachments)? }]);
    }
    event.views.iter().map(|view| viewed(view, &value, roles, attachments)).collect()
}

fn viewed(
    view: &program::View,
    value: &Value,
    roles: Option<&[usize]>,
    attachments: &[Bytes],
) -> Result<Form, Refusal> {
    let mut value = value.clone();
    if let Value::Object(map) = &mut value {
        view.omit.iter().for_each(|property| drop(map.shift_remove(&**property)));
    }
    let asked = |role: &usize| roles.is_none_or(|roles| roles.contains(role));
    let roles = view.roles.iter().copied().filter(asked).collect();
    Ok(Form { roles: Some(roles), args: reply::written(&[value], attachments)? })
}

fn written_straight(data: &Data, frame: &Frame<'_>) -> Result<WireArgs, Refusal> {
    let text = reply::json_of(data, frame)?.ok_or_else(|| Refusal::internal("there is nothing to send"))?;
    Ok(WireArgs::plain(text))
}
