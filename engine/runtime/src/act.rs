//! Doing what steps say, into an [`Outcome`] that has not happened yet.

mod effects;
mod emit;
mod flow;
mod rooms;
mod rules;
mod sql;
mod state;
mod webhook;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use homeroom_plan::frame::Frame;
use homeroom_plan::program::{Entry, Handler, Otherwise, Place, Slot, Step, Verb};
use homeroom_plan::user::User;
use homeroom_store::sql::Tx;
use serde_json::Value;

use crate::bind::{Bound, Served};
use crate::engine::Inner;
use crate::explain::Note;
use crate::outcome::{Effect, Outcome};
use crate::session::Session;
use crate::trace::TraceId;
use crate::{Refusal, reply};

pub(crate) use emit::forms_of;
pub(crate) use rules::room_frame;
pub(crate) use state::expired_value;

/// What an event runs on and for whom.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) bound: &'a Bound,
    pub(crate) served: &'a Served,
    /// The connection it came from, or is about, once it is admitted.
    pub(crate) session: Option<&'a Session>,
    /// The number of the user's role.
    pub(crate) role: Option<usize>,
    /// What came with the event.
    pub(crate) attachments: &'a [Bytes],
    /// What it is part of.
    pub(crate) trace: TraceId,
}

/// One event while it runs.
pub(crate) struct Act<'a> {
    site: Site<'a>,
    effects: Vec<Effect>,
    vars: Option<Value>,
    /// Who the user is, if the steps of an open namespace's connect said so.
    pub(crate) user: Option<User>,
    tx: Option<Tx>,
    /// Whether the database is asked anew, whatever answers are kept.
    anew: bool,
    /// Whether the steps write to the database, so that all of them run in its transaction.
    executes: bool,
    wrote: bool,
    /// Whether something was done that a transaction does not take back: state changed, a hook called.
    touched: bool,
    /// Webhooks that were called.
    calls: u32,
    /// The rule that admitted the event's sender.
    pub(crate) admitted_by: Option<Place>,
    /// The rules of the room that the last `join` did not enter.
    denied: Option<Place>,
    /// What the joins so far have come to.
    recovery: rooms::Recovery,
}

/// What a step came to.
struct Done {
    value: Option<Value>,
    /// Whether it found or changed anything.
    found: bool,
}

/// Whether the steps go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    On,
    Stop,
}

impl Done {
    fn flag(yes: bool) -> Self {
        Self { value: Some(Value::Bool(yes)), found: yes }
    }

    fn maybe(value: Option<Value>) -> Self {
        Self { found: value.is_some(), value }
    }

    fn count(number: usize) -> Self {
        Self { value: Some(number.into()), found: number > 0 }
    }
}

impl<'a> Act<'a> {
    pub(crate) fn new(site: Site<'a>, handler: &Handler) -> Self {
        Self { executes: handler.executes, ..Self::asking(site) }
    }

    /// One that runs no steps, and only asks rules.
    pub(crate) fn asking(site: Site<'a>) -> Self {
        Self {
            site,
            effects: Vec::new(),
            vars: None,
            user: None,
            tx: None,
            anew: false,
            executes: false,
            wrote: false,
            touched: false,
            calls: 0,
            admitted_by: None,
            denied: None,
            recovery: rooms::Recovery::default(),
        }
    }

    /// The same, and what the database answered a while ago does not count.
    pub(crate) fn asking_anew(site: Site<'a>) -> Self {
        Self { anew: true, ..Self::asking(site) }
    }

    /// What it would do so far.
    pub(crate) fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Runs steps, in order, until one refuses or stops.
    pub(crate) async fn run(&mut self, steps: &[Step], frame: &mut Frame<'_>) -> Result<Flow, Refusal> {
        for step in steps {
            let came = self.step(step, frame).await;
            let flow = came.map_err(|refusal| self.once(refusal).at(&step.place))?;
            if flow == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::On)
    }

    /// The same, of steps inside of a step.
    fn run_inside<'s>(
        &'s mut self,
        steps: &'s [Step],
        frame: &'s mut Frame<'_>,
    ) -> BoxFuture<'s, Result<Flow, Refusal>> {
        Box::pin(self.run(steps, frame))
    }

    async fn step(&mut self, step: &Step, frame: &mut Frame<'_>) -> Result<Flow, Refusal> {
        let is_due = match &step.when {
            Some(when) => when.holds(frame)?,
            None => true,
        };
        self.site.bound.note(|| Note::Step(step, is_due));
        if !is_due {
            // Its name keeps what an earlier step has bound to it: steps with opposite conditions may share one.
            return Ok(Flow::On);
        }
        let done = match &step.verb {
            Verb::Block(steps) => return self.run_inside(steps, frame).await,
            Verb::Each { list, item, body, give, max } => {
                match aside(|| self.each(list, *item, body, give.as_ref(), *max, frame)).await? {
                    Some(done) => done,
                    None => return Ok(Flow::Stop),
                }
            }
            Verb::CallSteps { procedure, fields } => {
                match aside(|| self.call_steps(*procedure, fields, frame)).await? {
                    Some(done) => done,
                    None => return Ok(Flow::Stop),
                }
            }
            Verb::CallWebhook { webhook, with } => match aside(|| self.call_webhook(*webhook, with, frame)).await? {
                Some(done) => done,
                None => return Ok(Flow::Stop),
            },
            verb => self.verb(verb, &step.otherwise, frame).await?,
        };
        bind(step.bind, done.value, frame);
        // A room that is not entered is refused by its rules; the step only says what comes of it.
        let denied_by = self.denied.take();
        if done.found {
            return Ok(Flow::On);
        }
        self.site.bound.note(|| Note::Else(step));
        otherwise(step).map_err(|refusal| refusal.at_some(denied_by.as_ref()))
    }

    async fn verb(&mut self, verb: &Verb, otherwise: &Otherwise, frame: &mut Frame<'_>) -> Result<Done, Refusal> {
        self.touched |= is_for_good(verb);
        match verb {
            Verb::Join { rooms, since } => aside(|| self.join(rooms, since.as_ref(), otherwise, frame)).await,
            Verb::Leave { rooms, who } => self.leave(rooms, who.as_ref(), frame),
            Verb::Emit(emit) => self.emit(emit, frame),
            Verb::Put { state, field, value, only, ttl } => {
                self.put(state, field, value, *only, ttl.as_ref(), frame).await
            }
            Verb::Get { state, field } => self.get(state, field, frame).await,
            Verb::Add { state, value, ttl } => self.add(state, value, ttl.as_ref(), frame).await,
            Verb::Push { state, value, ttl } => self.push(state, value, ttl.as_ref(), frame).await,
            Verb::Increment { state, by, ttl } => self.increment(state, by.as_ref(), ttl.as_ref(), frame).await,
            Verb::All { of, last } => aside(|| self.all(of, *last, frame)).await,
            Verb::Has { of, what } => aside(|| self.has(of, what, frame)).await,
            Verb::Count(of) => aside(|| self.count(of, frame)).await,
            Verb::Clear(state) => self.clear(state, frame).await,
            Verb::Take { state, what } => aside(|| self.take(state, what, frame)).await,
            Verb::Query(call) => aside(|| self.query_step(call, frame)).await.map(found),
            Verb::Execute(call) => aside(|| self.execute(call, frame)).await,
            Verb::Let(names) => name_values(names, frame),
            Verb::LetSocket(values) => self.name_socket_values(values, frame),
            Verb::LetUser(data) => self.name_user(data, frame),
            Verb::CallHook { hook, with } => aside(|| self.call_hook(hook, with, frame)).await,
            Verb::Refuse(code) => Err(Refusal::code(code)),
            Verb::Each { .. } | Verb::CallSteps { .. } | Verb::CallWebhook { .. } | Verb::Block(_) => {
                Ok(Done::flag(true))
            }
        }
    }

    /// What an event with an entry came to, once its transaction is committed.
    pub(crate) async fn finish(&mut self, entry: &Entry, frame: &Frame<'_>, asked: bool) -> Result<Outcome, Refusal> {
        let attachments = self.site.attachments;
        let ack = if asked { Some(reply::success(entry, frame, attachments)?) } else { None };
        Ok(Outcome { ack, ..self.done().await? })
    }

    /// What it came to, once its transaction is committed. It has come to nothing more then.
    pub(crate) async fn done(&mut self) -> Result<Outcome, Refusal> {
        // What is not committed is rolled back when it is dropped.
        if let Some(tx) = self.tx.take().filter(|_| !self.site.inner.settings.rehearses) {
            aside(|| tx.commit()).await.map_err(|error| self.once(error.into()))?;
            if self.wrote {
                self.site.bound.answers.forget_all();
            }
        }
        let (effects, vars) = (std::mem::take(&mut self.effects), self.vars.take());
        Ok(Outcome { effects, vars, ack: None, inside: None })
    }

    /// What has been done once, and cannot be taken back, is not done again.
    fn once(&self, refusal: Refusal) -> Refusal {
        Refusal { again: refusal.again && !self.touched, ..refusal }
    }

    fn effect(&mut self, effect: Effect) -> Result<(), Refusal> {
        if self.effects.len() >= self.site.inner.settings.effects_per_event_max {
            return Err(Refusal::internal("too many room changes and emissions for one event"));
        }
        self.effects.push(effect);
        Ok(())
    }

    fn served(&self) -> &'a Served {
        self.site.served
    }
}

/// A call whose future has a place of its own from when it begins. Else it would be part of each event's, those that never call
/// it included; a call of the database, in steps and rules around it, would take a hundred kilobytes of the stack.
async fn aside<'a, T, F: Future<Output = T> + Send + 'a>(call: impl FnOnce() -> F) -> T {
    Box::pin(call()).await
}

/// Whether a verb does something that a transaction does not take back.
fn is_for_good(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::Put { .. }
            | Verb::Add { .. }
            | Verb::Push { .. }
            | Verb::Increment { .. }
            | Verb::Clear(_)
            | Verb::Take { .. }
            | Verb::CallHook { .. }
    )
}

fn found(value: Option<Value>) -> Done {
    let found = match &value {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Array(rows)) => !rows.is_empty(),
        Some(_) => true,
    };
    Done { value, found }
}

fn bind(slot: Option<Slot>, value: Option<Value>, frame: &mut Frame<'_>) {
    if let Some(slot) = slot {
        frame.set(slot, value);
    }
}

fn name_values(names: &[(Slot, homeroom_plan::data::Data)], frame: &mut Frame<'_>) -> Result<Done, Refusal> {
    for (slot, data) in names {
        let value = data.eval(frame)?;
        frame.set(*slot, value);
    }
    Ok(Done::flag(true))
}

fn otherwise(step: &Step) -> Result<Flow, Refusal> {
    match &step.otherwise {
        Otherwise::Unstated if matches!(step.verb, Verb::Join { .. }) => Err(Refusal::code("UNAUTHORIZED")),
        Otherwise::Unstated | Otherwise::Continue => Ok(Flow::On),
        Otherwise::Stop => Ok(Flow::Stop),
        Otherwise::Refuse(code) => Err(Refusal::code(code)),
    }
}

/// A name of a room that tells apart those of different namespaces.
pub(crate) fn presence_room(namespace: &str, room: &str) -> String {
    format!("{namespace} {room}")
}

/// JSON text that a store gave back.
pub(crate) fn parsed(text: &str) -> Result<Value, Refusal> {
    serde_json::from_str(text).map_err(|error| Refusal::internal(format!("what was remembered is no JSON: {error}")))
}

/// A data's JSON text; absent is null.
pub(crate) fn json_text(data: &homeroom_plan::data::Data, frame: &Frame<'_>) -> Result<Arc<str>, Refusal> {
    Ok(reply::json_of(data, frame)?.unwrap_or_else(|| "null".into()))
}
