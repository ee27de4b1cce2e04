//! Where a question is asked: the definitions, one namespace of them, and the one who asks.

use std::sync::Arc;

use homeroom_definition::{did_you_mean, suggest};
use homeroom_plan::Plan;
use homeroom_plan::program::{Namespace, Room, RoomId};
use serde_json::Value;

use super::answer::{Answer, Told};
use super::house::{House, Parts, Seat};
use super::needs::Needs;
use super::trail::{Found, RefusedBy};
use super::who::{self, Person};
use super::words::Words;
use super::written::Written;
use super::{Explainer, Options, Question};
use crate::load::Loaded;
use crate::scenario::TestFile;
use crate::settings::Settings;

/// Everything a question needs.
pub(super) struct Scene<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) settings: &'a Settings,
    pub(super) plan: Arc<Plan>,
    pub(super) namespace: Arc<Namespace>,
    pub(super) tests: &'a [TestFile],
    pub(super) person: Person,
    pub(super) house: House,
    written: &'a Written,
    joined: Vec<String>,
    /// What is handed over at connect beside the token.
    auth: Value,
    /// Other namespaces for which the answer would be the same.
    pub(super) alike: Vec<String>,
}

impl<'a> Scene<'a> {
    /// # Errors
    /// If it is not clear who asks, or about which namespace.
    pub(super) fn new(explainer: &'a Explainer, options: &Options) -> Result<Self, String> {
        let Explainer { loaded, hooks, written, tests } = explainer;
        let (Some(plan), Some(settings)) = (loaded.plan.clone(), &loaded.settings) else {
            return Err("there are no definitions".to_owned());
        };
        let (namespace, alike) = namespace(&plan, options)?;
        let person = match (&options.user, &options.who) {
            (Some(user), _) => who::written("--user", user, settings)?,
            (None, Some(name)) => who::person(name, tests, &namespace.path, settings)?,
            (None, None) if namespace.open => Person::visitor(),
            (None, None) => {
                return Err(
                    "say who asks: `--as` and a file or a user of the tests, or `--user 'id: ..., role: ...'`".into()
                );
            }
        };
        let parts = Parts {
            plan: Arc::clone(&plan),
            namespace: Arc::clone(&namespace),
            hooks: hooks.clone(),
            settings: settings.limits.clone(),
            db: loaded.db.clone(),
        };
        let house = House::new(parts);
        let joined = options.joined.clone();
        let auth = options.auth.as_deref().map(who::data).transpose()?.unwrap_or_default();
        Ok(Self { loaded, settings, plan, namespace, tests, person, house, written, joined, auth, alike })
    }

    /// The answer, and what the event in question carries.
    ///
    /// # Errors
    /// If the question is about something that is not there.
    pub(super) async fn answer(&self, options: &Options) -> Result<(Answer, Option<Value>), String> {
        match &options.question {
            Question::Connect => Ok(self.ask_connect().await),
            Question::Join { room } => self.ask_join(room).await,
            Question::Emit { event, data, args } => self.ask_emit(event, data.as_deref(), args.as_deref()).await,
            Question::Receive { event, data, sent_by, from, from_joined } => {
                let data = data.as_deref();
                self.ask_receive(event, data, sent_by.as_deref(), from.as_deref(), from_joined).await
            }
        }
    }

    pub(super) fn words<'w>(&'w self, payload: Option<&'w Value>) -> Words<'w> {
        Words { sources: &self.loaded.sources, written: self.written, person: &self.person, payload }
    }

    pub(super) fn written(&self) -> &Written {
        self.written
    }

    pub(super) fn needs(&self) -> Needs<'_> {
        Needs { plan: &self.plan, namespace: &self.namespace, written: self.written }
    }

    /// `Alice (s-456, STUDENT)`
    pub(super) fn full(&self) -> String {
        self.person.full()
    }

    /// The code, with the words clients of the namespace get.
    pub(super) fn told(&self, code: &str) -> Told {
        let text = homeroom_runtime::Refusal::code(code).text(Some(&self.namespace));
        Told { code: code.to_owned(), text: text.to_string(), issues: Vec::new(), cause: None }
    }

    /// The same of a refusal that was found.
    pub(super) fn told_of(&self, refused: &RefusedBy) -> Told {
        Told { issues: refused.issues.clone(), cause: refused.cause.clone(), ..self.told(&refused.code) }
    }

    /// The user's connection, in the rooms of connect and in those of `--joined`; or the answer why there is none.
    pub(super) async fn seated(&self) -> Result<Seat, Box<Answer>> {
        let seat = self.connected().await;
        let found = self.house.found();
        match seat {
            Ok(seat) => {
                self.seat_in(&seat, &self.joined).await;
                Ok(seat)
            }
            Err((code, _)) => Err(Box::new(self.cannot_connect(&code, found))),
        }
    }

    /// The user connects.
    pub(super) async fn connected(&self) -> Result<Seat, (String, String)> {
        self.house.connect(&self.namespace.path, &self.person.user, self.auth.clone()).await
    }

    /// What is handed over at connect, where that is what is asked about.
    pub(super) fn auth(&self) -> &Value {
        &self.auth
    }

    /// Puts a connection into rooms, and forgets what came of it.
    pub(super) async fn seat_in(&self, seat: &Seat, rooms: &[String]) {
        for room in rooms {
            self.house.engine.put_into(&seat.session, room).await;
        }
        self.house.found();
        seat.tape.events.lock().clear();
    }

    /// The room of a name.
    ///
    /// # Errors
    /// If there is none; with what there is.
    pub(super) fn room(&self, name: &str) -> Result<(RoomId, &Room), String> {
        room_named(&self.namespace, name).ok_or_else(|| no_room(&self.namespace, name))
    }

    /// Rooms that are said to be joined must be there.
    pub(super) fn check_joined(&self, rooms: &[String]) -> Result<(), String> {
        rooms.iter().try_for_each(|room| self.room(room).map(drop))
    }

    pub(super) fn joined(&self) -> &[String] {
        &self.joined
    }
}

/// The refusal among what was found.
pub(super) fn refusal(found: &[Found]) -> Option<&RefusedBy> {
    found.iter().rev().find_map(|found| match found {
        Found::Refused(refused) => Some(refused),
        _ => None,
    })
}

pub(super) fn room_named<'n>(namespace: &'n Namespace, name: &str) -> Option<(RoomId, &'n Room)> {
    namespace.rooms.iter().enumerate().find(|(_, room)| room.pattern.read(name).is_some())
}

fn no_room(namespace: &Namespace, name: &str) -> String {
    let patterns = namespace.rooms.iter().map(|room| room.pattern.text.as_str());
    let known: Vec<&str> = patterns.collect();
    fn kind(name: &str) -> &str {
        name.split(':').next().unwrap_or(name)
    }
    let kinds = known.iter().map(|pattern| kind(pattern));
    let meant = suggest(kind(name), kinds).unwrap_or(kind(name));
    let close: Vec<&str> = known.iter().copied().filter(|pattern| kind(pattern) == meant).collect();
    let hint = format!("there are {}", if close.is_empty() { &known } else { &close }.join(", "));
    format!("{} has no room that is spelt `{name}`: {hint}", namespace.path)
}

/// The namespace that is asked about, and others that would answer alike.
fn namespace(plan: &Plan, options: &Options) -> Result<(Arc<Namespace>, Vec<String>), String> {
    let mut all: Vec<&Arc<Namespace>> = plan.namespaces.values().collect();
    all.sort_by(|one, other| one.path.cmp(&other.path));
    if let Some(wanted) = &options.namespace {
        let wanted = format!("/{}", wanted.trim_start_matches('/'));
        let found = all.iter().find(|namespace| *namespace.path == *wanted);
        return found.map(|found| (Arc::clone(found), Vec::new())).ok_or_else(|| {
            let hint = did_you_mean(&wanted, all.iter().map(|namespace| &*namespace.path));
            format!("there is no namespace `{wanted}`{}", hint.map(|hint| format!(": {hint}")).unwrap_or_default())
        });
    }
    let candidates: Vec<&Arc<Namespace>> =
        all.iter().copied().filter(|namespace| has(namespace, &options.question)).collect();
    let paths = |of: &[&Arc<Namespace>]| of.iter().map(|one| one.path.to_string()).collect::<Vec<_>>();
    match candidates.as_slice() {
        [] => Err(nothing(&all, &options.question)),
        [only] => Ok((Arc::clone(only), Vec::new())),
        [first, others @ ..] if others.iter().all(|other| same_rules(first, other, &options.question)) => {
            Ok((Arc::clone(first), paths(others)))
        }
        several => Err(format!("say which namespace: `--namespace` {}", paths(several).join(", "))),
    }
}

fn has(namespace: &Namespace, question: &Question) -> bool {
    match question {
        Question::Connect => true,
        Question::Join { room } => room_named(namespace, room).is_some(),
        Question::Emit { event, .. } => namespace.client_events.contains_key(event.as_str()),
        Question::Receive { event, .. } => namespace.server_events.iter().any(|known| *known.name == **event),
    }
}

fn same_rules(one: &Namespace, other: &Namespace, question: &Question) -> bool {
    let Question::Join { room } = question else { return false };
    let spans = |namespace: &Namespace| {
        let room = room_named(namespace, room)?.1;
        Some(room.rules.iter().map(|rule| rule.span).collect::<Vec<_>>())
    };
    spans(one) == spans(other)
}

fn nothing(all: &[&Arc<Namespace>], question: &Question) -> String {
    let hint =
        |name: &str, known: Vec<&str>| did_you_mean(name, known).map(|hint| format!(": {hint}")).unwrap_or_default();
    match question {
        Question::Connect => "there is no namespace".to_owned(),
        Question::Join { room } => match all {
            [only] => no_room(only, room),
            _ => format!("no namespace has a room that is spelt `{room}`"),
        },
        Question::Emit { event, .. } => {
            let known = all.iter().flat_map(|one| one.client_events.keys().map(|name| &**name)).collect();
            format!("clients can send no event `{event}`{}", hint(event, known))
        }
        Question::Receive { event, .. } => {
            let known = all.iter().flat_map(|one| one.server_events.iter().map(|event| &*event.name)).collect();
            format!("clients can receive no event `{event}`{}", hint(event, known))
        }
    }
}
