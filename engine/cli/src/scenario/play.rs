//! Playing a scenario, step by step, until one is not as it says.

use std::collections::BTreeMap;

use homeroom_definition::values::duration_of;
use homeroom_definition::{Node, Span};
use serde_json::Value;

use super::Theatre;
use super::compare::{difference, mentions};
use super::file::{Act, Scenario, TestFile, TestStep};
use super::report::Failure;
use super::stage::{Received, Seat, Stage};

/// What `receives:` says when nothing must be left.
const NOTHING: &str = "nothing";

/// The event by which a refusal is told that no ack was asked for.
const ERROR_EVENT: &str = "error";

/// Plays a scenario.
///
/// # Errors
/// The first step that is not as it says.
pub(super) async fn scenario(
    theatre: &Theatre<'_>,
    file: &TestFile,
    scenario: &Scenario,
    fixtures: Option<&str>,
) -> Result<(), Failure> {
    let people = file.users.iter().map(|(name, user)| (name.value.clone(), user.to_json())).collect();
    let stage = Stage::new(theatre, &file.namespace.value, people, fixtures).await;
    let stage =
        stage.map_err(|error| Failure::at(scenario.span, format!("the database refused the fixtures: {error}")))?;
    let mut play = Play { stage, seats: BTreeMap::new(), acks: 0, namespace: &file.namespace.value };
    for step in &scenario.steps {
        play.step(step).await?;
    }
    Ok(())
}

struct Play<'a> {
    stage: Stage,
    seats: BTreeMap<String, Seat>,
    acks: u64,
    namespace: &'a str,
}

impl Play<'_> {
    async fn step(&mut self, step: &TestStep) -> Result<(), Failure> {
        let Some(act) = step.act() else { return Err(Failure::at(step.span, "a step does one thing")) };
        match act {
            Act::Advance(text) => self.advance(&text.value, text.span).await,
            Act::Backend(event) => self.backend(step, &event.value).await,
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
                if let Some(seat) = self.seats.remove(name) {
                    self.stage.disconnect(seat).await;
                }
                Ok(())
            }
            Act::Emit(event) => self.emit(step, name, &event.value).await,
            Act::Receive(event) => self.receive(step, name, &event.value).await,
            Act::Advance(_) | Act::Backend(_) => Ok(()),
        }
    }

    async fn connect(&mut self, step: &TestStep, name: &str) -> Result<(), Failure> {
        let came = self.stage.connect(name, step.auth.as_ref().map(Node::to_json)).await;
        match (came, &step.refused) {
            (Ok(seat), None) => {
                self.seats.insert(name.to_owned(), seat);
                Ok(())
            }
            (Err(code), Some(refused)) if code == refused.value => Ok(()),
            (Ok(_), Some(refused)) => {
                Err(Failure::at(step.span, format!("{name} was let in instead of refused with {}", refused.value)))
            }
            (Err(code), _) => Err(Failure::at(step.span, format!("{name} was refused with {code}"))),
        }
    }

    /// Someone's connection, made now if they have none yet.
    async fn seated(&mut self, name: &str, span: Span) -> Result<&Seat, Failure> {
        if !self.seats.contains_key(name) {
            let seat = self.stage.connect(name, None).await;
            let seat = seat.map_err(|code| Failure::at(span, format!("{name} could not connect: {code}")))?;
            self.seats.insert(name.to_owned(), seat);
        }
        Ok(&self.seats[name])
    }

    async fn emit(&mut self, step: &TestStep, name: &str, event: &str) -> Result<(), Failure> {
        self.seated(name, step.span).await?;
        let seat = &self.seats[name];
        let args = step.arguments().unwrap_or_default();
        let asks = step.ack.is_some() || step.ack_args.is_some() || step.refused.is_some();
        for _ in 1..step.count() {
            self.acks += 1;
            self.stage.emit(seat, event, &args, asks.then_some(self.acks)).await;
        }
        self.acks += 1;
        let ack = asks.then_some(self.acks);
        let errors_before = errors(seat);
        self.stage.emit(seat, event, &args, ack).await;
        match ack {
            Some(id) => answered(step, seat, id).map_err(|failure| told(failure, name)),
            None if errors(seat) > errors_before => {
                let error =
                    seat.tape.events.lock().iter().rev().find(|received| received.event == ERROR_EVENT).cloned();
                let told = error.map(|error| one_line(&error)).unwrap_or_default();
                Err(Failure::at(step.span, format!("{name}'s {event} was refused")).note(format!("told by {told}")))
            }
            None => Ok(()),
        }
    }

    async fn receive(&mut self, step: &TestStep, name: &str, event: &str) -> Result<(), Failure> {
        self.seated(name, step.span).await?;
        let mut events = self.seats[name].tape.events.lock();
        if event == NOTHING {
            return match events.is_empty() {
                true => Ok(()),
                false => Err(left(Failure::at(step.span, format!("{name} received something")), events.iter())),
            };
        }
        for turn in 1..=step.count() {
            let Some(at) = events.iter().position(|received| received.event == event) else {
                let so_far = if turn > 1 { format!(" more than {} times", turn - 1) } else { String::new() };
                return Err(left(
                    Failure::at(step.span, format!("{name} did not receive {event}{so_far}")),
                    events.iter(),
                ));
            };
            let received = events.remove(at).map(|received| received.args).unwrap_or_default();
            if let Some(expected) = step.arguments()
                && let Some(difference) = difference_of(&expected, &received)
            {
                return Err(Failure::at(step.span, format!("{name} received another {event}: {difference}"))
                    .note(format!("expected {}", joined(&expected)))
                    .note(format!("received {}", joined(&received))));
            }
        }
        Ok(())
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

    async fn backend(&mut self, step: &TestStep, event: &str) -> Result<(), Failure> {
        let body = match (&step.data, &step.args) {
            (Some(data), _) => Some(data.to_json()),
            (None, args) => args.as_ref().map(Node::to_json),
        };
        let came = self.stage.engine.backend(self.namespace, event, body).await;
        match (came, &step.refused) {
            (Err(refusal), Some(refused)) if *refusal.code == *refused.value => Ok(()),
            (Err(refusal), _) => {
                let mut failure = Failure::at(step.span, format!("{event} was refused with {}", refusal.code));
                failure.notes.extend(refusal.issues.iter().map(|issue| format!("{}: {}", issue.path, issue.message)));
                failure.notes.extend(refusal.cause.map(String::from));
                Err(failure)
            }
            (Ok(_), Some(refused)) => {
                Err(Failure::at(step.span, format!("{event} was taken instead of refused with {}", refused.value)))
            }
            (Ok(reached), None) => match step.reached.as_ref().and_then(Node::as_int) {
                Some(wanted) if usize::try_from(wanted) != Ok(reached.sockets) => Err(Failure::at(
                    step.span,
                    format!("{event} reached {} connections instead of {wanted}", reached.sockets),
                )),
                _ => Ok(()),
            },
        }
    }
}

/// Whether the answer is as the step says.
fn answered(step: &TestStep, seat: &Seat, id: u64) -> Result<(), Failure> {
    let acks = seat.tape.acks.lock();
    let Some((_, answer)) = acks.iter().find(|(known, _)| *known == id) else {
        return Err(Failure::at(step.span, "there was no answer"));
    };
    if let Some(refused) = &step.refused {
        let is_refused = answer.iter().any(|answer| mentions(answer, &refused.value));
        let failure = || Failure::at(step.span, format!("it was not refused with {}", refused.value));
        return if is_refused { Ok(()) } else { Err(failure().note(format!("answered {}", joined(answer)))) };
    }
    let expected = match (&step.ack, &step.ack_args) {
        (Some(ack), _) => vec![ack.to_json()],
        (None, Some(args)) => args.as_seq().unwrap_or_default().iter().map(Node::to_json).collect(),
        (None, None) => return Ok(()),
    };
    match difference_of(&expected, answer) {
        None => Ok(()),
        Some(difference) => Err(Failure::at(step.span, format!("the answer is another: {difference}"))
            .note(format!("expected {}", joined(&expected)))
            .note(format!("answered {}", joined(answer)))),
    }
}

fn difference_of(expected: &[Value], actual: &[Value]) -> Option<String> {
    if expected.len() != actual.len() {
        return Some(format!("{} arguments instead of {}", actual.len(), expected.len()));
    }
    expected.iter().zip(actual).find_map(|(expected, actual)| difference(expected, actual))
}

fn errors(seat: &Seat) -> usize {
    seat.tape.events.lock().iter().filter(|received| received.event == ERROR_EVENT).count()
}

fn told(failure: Failure, name: &str) -> Failure {
    Failure { message: format!("{name}: {}", failure.message), ..failure }
}

fn left<'e>(failure: Failure, events: impl IntoIterator<Item = &'e Received>) -> Failure {
    let events: Vec<String> = events.into_iter().map(one_line).collect();
    if events.is_empty() {
        return failure.note("nothing else was received");
    }
    events.into_iter().fold(failure, |failure, event| failure.note(format!("there is {event}")))
}

fn one_line(received: &Received) -> String {
    format!("{} {}", received.event, joined(&received.args))
}

fn joined(values: &[Value]) -> String {
    let texts: Vec<String> = values.iter().map(Value::to_string).collect();
    texts.join(", ")
}
