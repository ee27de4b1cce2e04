//! Playing a scenario, step by step, until one is not as it says.

use std::collections::BTreeMap;
use std::sync::Arc;

use homeroom_definition::values::duration_of;
use homeroom_definition::{Node, SourceId, Span, Text};
use homeroom_plan::contract::Carries;
use serde_json::{Map, Value, json};

use super::Theatre;
use super::compare::mentions;
use super::file::{Act, Scenario, TestFile, TestStep};
use super::reload::Changed;
use super::report::{Compared, Failure};
use super::stage::{Seat, Service, Setting, Stage};
use crate::load::Files;

/// What `receives:` says when nothing must be left.
const NOTHING: &str = "nothing";

/// The event by which a refusal is told that no ack was asked for.
const ERROR_EVENT: &str = "error";

/// The code of whom a room's rules do not admit.
const UNAUTHORIZED: &str = "UNAUTHORIZED";

/// What stands for the positions that somebody was told last.
const POSITIONS: &str = "<positions>";

/// A scenario, and the file it stands in.
#[derive(Clone, Copy)]
pub(super) struct Script<'a> {
    pub(super) source: SourceId,
    pub(super) file: &'a TestFile,
    pub(super) scenario: &'a Scenario,
    pub(super) fixtures: Option<&'a str>,
}

/// Plays a scenario.
///
/// # Errors
/// The first step that is not as it says.
pub(super) async fn scenario(theatre: &Theatre<'_>, script: Script<'_>) -> Result<(), Failure> {
    let Script { file, scenario, fixtures, .. } = script;
    let people = file.users.iter().map(|(name, user)| (name.value.clone(), user.to_json())).collect();
    let servers = scenario.servers.iter().map(|name| name.value.clone()).collect();
    let service = Arc::new(Service::of(&scenario.webhooks));
    let setting = Setting { namespace: &file.namespace.value, people, fixtures, servers, service };
    let stage = Stage::set(theatre, setting).await;
    let stage =
        stage.map_err(|error| Failure::at(scenario.span, format!("the database refused the fixtures: {error}")))?;
    let mut play =
        Play { theatre, script, stage, seats: BTreeMap::new(), positions: BTreeMap::new(), acks: 0, changed: None };
    for step in &scenario.steps {
        play.step(step).await?;
    }
    Ok(())
}

struct Play<'a> {
    theatre: &'a Theatre<'a>,
    script: Script<'a>,
    stage: Stage,
    seats: BTreeMap<String, Seat>,
    /// What those who are away had been told of positions, by name without their server.
    positions: BTreeMap<String, Value>,
    acks: u64,
    /// The files, once a step has changed them.
    changed: Option<Files>,
}

impl Play<'_> {
    async fn step(&mut self, step: &TestStep) -> Result<(), Failure> {
        let Some(act) = step.act() else { return Err(Failure::at(step.span, "a step does one thing")) };
        match act {
            Act::Advance(text) => self.advance(&text.value, text.span).await,
            Act::Backend(event) => self.backend(step, event).await,
            Act::Reload => self.reload(step).await,
            Act::Kill(server) => {
                self.kill(&server.value);
                Ok(())
            }
            Act::Called(webhook) => self.called(step, webhook),
            act => {
                for name in step.who.iter() {
                    self.someone(step, &act, &name.value).await?;
                }
                Ok(())
            }
        }
    }

    async fn someone(&mut self, step: &TestStep, act: &Act<'_>, name: &str) -> Result<(), Failure> {
        match act {
            Act::Connect => self.connect(step, name).await,
            Act::Disconnect => {
                self.seated(name, step.span).await?;
                self.keep_positions(name);
                if let Some(seat) = self.seats.remove(name) {
                    self.stage.disconnect(seat).await;
                }
                Ok(())
            }
            Act::Emit(event) => self.emit(step, name, event).await,
            Act::Receive(event) => self.receive(step, name, event).await,
            Act::MayJoin(room) => self.may_join(step, name, room).await,
            Act::Advance(_) | Act::Backend(_) | Act::Reload | Act::Kill(_) | Act::Called(_) => Ok(()),
        }
    }

    async fn connect(&mut self, step: &TestStep, name: &str) -> Result<(), Failure> {
        let auth = step.auth.as_ref().map(|auth| self.handed_over(name, auth.to_json()));
        let came = self.stage.connect(name, auth).await;
        match (came, &step.refused) {
            (Ok(seat), None) => {
                self.theatre.told_done(self.namespace(), "connect");
                self.seats.insert(name.to_owned(), seat);
                Ok(())
            }
            (Err(code), Some(refused)) if code == refused.value => Ok(()),
            (Ok(_), Some(refused)) => Err(Failure::at(refused.span, format!("{name} was let in")).label("not refused")),
            (Err(code), Some(refused)) => {
                Err(Failure::at(refused.span, format!("{name} was refused otherwise")).label(format!("{code} came")))
            }
            (Err(code), None) => Err(Failure::at(step.span, format!("{name} was refused with {code}"))),
        }
    }

    /// Keeps what somebody was told of positions, who is about to go.
    fn keep_positions(&mut self, name: &str) {
        if let Some(seat) = self.seats.get(name) {
            let mut positions = self.positions_of(name);
            let told = seat.tape.positions.lock().clone();
            told.into_iter().for_each(|(room, position)| positions[room] = position);
            self.positions.insert(person(name).to_owned(), positions);
        }
    }

    fn positions_of(&self, name: &str) -> Value {
        self.positions.get(person(name)).cloned().unwrap_or_else(|| json!({}))
    }

    /// A value as it is handed over: `<positions>` stands for what one was told last.
    fn handed_over(&self, name: &str, value: Value) -> Value {
        match value {
            Value::String(text) if text == POSITIONS => {
                let mut positions = self.positions_of(name);
                let told = self.seats.get(name).map(|seat| seat.tape.positions.lock().clone());
                told.into_iter().flatten().for_each(|(room, position)| positions[room] = position);
                positions
            }
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (key, self.handed_over(name, value))).collect::<Map<_, _>>().into()
            }
            other => other,
        }
    }

    /// What an event carries, without the positions that may follow it.
    fn carried(&self, event: &str, mut args: Vec<Value>) -> Vec<Value> {
        let namespace = self.theatre.plan.namespaces.get(self.namespace());
        let terms = namespace.into_iter().flat_map(|namespace| &namespace.contract.server_events);
        let count = terms.filter(|terms| terms.tells_positions && *terms.name == *event).find_map(|terms| match &terms
            .carries
        {
            Carries::Nothing => Some(0),
            Carries::One(_) => Some(1),
            Carries::Each(all) => Some(all.len()),
            Carries::Any => None,
        });
        args.truncate(count.unwrap_or(usize::MAX));
        args
    }

    fn namespace(&self) -> &str {
        &self.script.file.namespace.value
    }

    /// Someone's connection, made now if they have none yet.
    async fn seated(&mut self, name: &str, span: Span) -> Result<&Seat, Failure> {
        if !self.seats.contains_key(name) {
            let seat = self.stage.connect(name, None).await;
            let seat = seat.map_err(|code| Failure::at(span, format!("{name} could not connect: {code}")))?;
            self.theatre.told_done(self.namespace(), "connect");
            self.seats.insert(name.to_owned(), seat);
        }
        Ok(&self.seats[name])
    }

    async fn emit(&mut self, step: &TestStep, name: &str, event: &Text) -> Result<(), Failure> {
        self.seated(name, step.span).await?;
        let seat = &self.seats[name];
        let args = step.arguments().unwrap_or_default().iter().map(Node::to_json);
        let args: Vec<Value> = args.map(|arg| self.handed_over(name, arg)).collect();
        let asks = step.asks();
        for _ in 1..step.count() {
            self.acks += 1;
            self.stage.emit(seat, &event.value, &args, asks.then_some(self.acks)).await;
        }
        self.acks += 1;
        let ack = asks.then_some(self.acks);
        let errors_before = errors(seat);
        self.stage.emit(seat, &event.value, &args, ack).await;
        match ack {
            Some(id) => answered(step, name, event, seat, id)?,
            None if errors(seat) > errors_before => {
                let events = seat.tape.events.lock();
                let told = events.iter().rev().find(|received| received.event == ERROR_EVENT);
                let told = told.map(|error| format!("told by {}", error.told()));
                let failure = Failure::at(event.span, format!("{name}'s {event} was refused"));
                return Err(told.into_iter().fold(failure, Failure::note));
            }
            None => {}
        }
        if step.refused.is_none() {
            self.theatre.told_done(self.namespace(), &event.value);
        }
        Ok(())
    }

    async fn receive(&mut self, step: &TestStep, name: &str, event: &Text) -> Result<(), Failure> {
        self.seated(name, step.span).await?;
        let mut events = self.seats[name].tape.events.lock();
        if event.value == NOTHING {
            let failed = || Failure::at(event.span, format!("{name} received something")).received(events.iter());
            return if events.is_empty() { Ok(()) } else { Err(failed()) };
        }
        for turn in 1..=step.count() {
            let Some(at) = events.iter().position(|received| received.event == event.value) else {
                let so_far = if turn > 1 { format!(" more than {} times", turn - 1) } else { String::new() };
                let failure = Failure::at(event.span, format!("{name} did not receive {event}{so_far}"));
                return Err(failure.label("this did not come").received(events.iter()));
            };
            let received = events.remove(at).map(|received| received.args).unwrap_or_default();
            let received = self.carried(&event.value, received);
            if let Some(compared) = step.arguments().and_then(|expected| Compared::of(expected, &received)) {
                let failure = Failure::at(step.span, format!("{name} received another {event}"));
                return Err(failure.compared(compared).received(events.iter()));
            }
        }
        Ok(())
    }

    async fn may_join(&mut self, step: &TestStep, name: &str, room: &Text) -> Result<(), Failure> {
        self.seated(name, step.span).await?;
        let admitted = self.stage.admits(&self.seats[name], &room.value).await;
        let code = match admitted {
            Ok(Some(true)) => None,
            Ok(Some(false)) => Some(UNAUTHORIZED.to_owned()),
            Ok(None) => return Err(Failure::at(room.span, format!("no room is spelt `{room}`"))),
            Err(refusal) => Some(refusal.code.to_string()),
        };
        match (code, &step.refused) {
            (None, None) => Ok(()),
            (Some(code), Some(refused)) if code == refused.value => Ok(()),
            (None, Some(refused)) => {
                Err(Failure::at(refused.span, format!("{name} may join {room}")).label("not refused"))
            }
            (Some(code), _) => Err(Failure::at(room.span, format!("{name} may not join {room}: {code}"))),
        }
    }

    async fn advance(&mut self, text: &str, span: Span) -> Result<(), Failure> {
        let Some(duration) = duration_of(text) else {
            return Err(Failure::at(span, format!("`{text}` is no length of time, such as `6s`")));
        };
        let seats: Vec<&Seat> = self.seats.values().collect();
        self.stage.advance(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX), &seats).await;
        self.ended().await;
        Ok(())
    }

    /// Connections that the engine ended are gone.
    async fn ended(&mut self) {
        let ended: Vec<String> =
            self.seats.iter().filter(|(_, seat)| *seat.tape.ended.lock()).map(|(name, _)| name.clone()).collect();
        for name in ended {
            if let Some(seat) = self.seats.remove(&name) {
                self.stage.disconnect(seat).await;
            }
        }
    }

    /// Whoever is on a server that dies is gone without a word.
    fn kill(&mut self, server: &str) {
        let names: Vec<String> = self.seats.keys().cloned().collect();
        names.iter().for_each(|name| self.keep_positions(name));
        self.stage.kill(server);
        let stage = &self.stage;
        self.seats.retain(|_, seat| stage.lives(seat));
    }

    async fn reload(&mut self, step: &TestStep) -> Result<(), Failure> {
        let changed = self.theatre.changed(self.script.source, &step.reload, &mut self.changed)?;
        match (changed, &step.refused) {
            (Changed::Plan(plan), None) => {
                self.stage.reload(self.theatre, &plan).await;
                if !self.stage.is_served() {
                    self.seats.values().for_each(|seat| *seat.tape.ended.lock() = true);
                }
                self.ended().await;
                Ok(())
            }
            (Changed::Plan(_), Some(refused)) => {
                Err(Failure::at(refused.span, "the changed definitions are taken").label("not refused"))
            }
            (Changed::Mistakes(told), Some(refused)) if told.iter().any(|it| it.code == refused.value) => Ok(()),
            (Changed::Mistakes(told), _) => {
                let failure = Failure::at(step.reload.span, "the changed definitions have mistakes");
                Err(told.iter().fold(failure, |failure, it| failure.note(format!("{}: {}", it.code, it.message))))
            }
        }
    }

    fn called(&self, step: &TestStep, webhook: &Text) -> Result<(), Failure> {
        let Some(heard) = self.stage.service.heard(&webhook.value) else {
            return Err(Failure::at(webhook.span, format!("the webhook {webhook} was not called")));
        };
        match step.arguments().and_then(|expected| Compared::of(expected, &[heard])) {
            Some(compared) => {
                Err(Failure::at(step.span, format!("{webhook} was called with something else")).compared(compared))
            }
            None => Ok(()),
        }
    }

    async fn backend(&mut self, step: &TestStep, event: &Text) -> Result<(), Failure> {
        let body = step.data.as_ref().or(step.args.as_ref()).map(Node::to_json);
        let came = self.stage.backend(&event.value, body).await;
        match (came, &step.refused) {
            (Err(refusal), Some(refused)) if *refusal.code == *refused.value => Ok(()),
            (Err(refusal), _) => {
                let mut failure = Failure::at(event.span, format!("{event} was refused with {}", refusal.code));
                failure.notes.extend(refusal.issues.iter().map(|issue| format!("{}: {}", issue.path, issue.message)));
                failure.notes.extend(refusal.cause.map(String::from));
                Err(failure)
            }
            (Ok(_), Some(refused)) => Err(Failure::at(refused.span, format!("{event} was taken")).label("not refused")),
            (Ok(reached), None) => {
                self.theatre.told_done(self.namespace(), &event.value);
                let Some(node) = &step.reached else { return Ok(()) };
                let is_so = node.as_int().and_then(|wanted| usize::try_from(wanted).ok()) == Some(reached.sockets);
                let failed = || Failure::at(node.span, format!("{event} reached others"));
                if is_so {
                    Ok(())
                } else {
                    Err(failed().label(format!("{} connections were reached", reached.sockets)))
                }
            }
        }
    }
}

/// Whether the answer is as the step says.
fn answered(step: &TestStep, name: &str, event: &Text, seat: &Seat, id: u64) -> Result<(), Failure> {
    let acks = seat.tape.acks.lock();
    let Some((_, answer)) = acks.iter().find(|(known, _)| *known == id) else {
        return Err(Failure::at(event.span, format!("{name}'s {event} was not answered")));
    };
    if let Some(refused) = &step.refused {
        let is_refused = answer.iter().any(|answer| mentions(answer, &refused.value));
        let failed = || Failure::at(refused.span, format!("{name}'s {event} was not refused with {refused}"));
        let said = || answer.iter().map(super::compare::short).collect::<Vec<_>>().join(", ");
        return if is_refused { Ok(()) } else { Err(failed().label(format!("answered {}", said()))) };
    }
    match step.answer().and_then(|expected| Compared::of(expected, answer)) {
        None => Ok(()),
        Some(compared) => {
            let failure = Failure::at(step.span, format!("{name}'s {event} was answered otherwise"));
            Err(failure.compared(compared))
        }
    }
}

/// `alice#2` of `alice#2@b`: who keeps positions, wherever they connect to.
fn person(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

fn errors(seat: &Seat) -> usize {
    seat.tape.events.lock().iter().filter(|received| received.event == ERROR_EVENT).count()
}
