//! What the engine found while it decided, kept as it was found: rules with their parts, rooms below rules.

use homeroom_definition::Span;
use homeroom_plan::Plan;
use homeroom_plan::program::{Namespace, StateRef, Verb};
use homeroom_runtime::Refusal;
use homeroom_runtime::explain::{Note, Part, Recorder, Subject};
use homeroom_runtime::outcome::{Effect, Emission, Outcome};
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;

/// Rules that were asked, one by one until one admitted.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Whose.
    pub(super) subject: Whose,
    /// Where they stand: `file:line`.
    pub(super) place: String,
    pub(super) rules: Vec<AskedRule>,
    /// How many were not asked, since one before them admitted.
    pub(super) unasked: usize,
    pub(super) admitted: bool,
}

/// Whose rules they are.
#[derive(Debug, Clone)]
pub(super) enum Whose {
    Event { name: String },
    Room { name: String, params: Vec<(String, String)> },
}

#[derive(Debug, Clone)]
pub(super) struct AskedRule {
    pub(super) place: String,
    pub(super) span: Span,
    pub(super) parts: Vec<AskedPart>,
    pub(super) holds: bool,
}

/// A part of a rule, and what was found.
#[derive(Debug, Clone)]
pub(super) enum AskedPart {
    Roles { wanted: Vec<String>, holds: bool },
    Inside { rooms: Vec<String>, holds: bool },
    When { holds: bool },
    Check { query: String, place: String, given: Vec<(String, Option<Value>)>, holds: bool },
    Like(Asked),
    LikeNothing,
}

/// Something that was sent.
#[derive(Debug, Clone)]
pub(super) struct SentTo {
    pub(super) event: String,
    pub(super) rooms: Vec<String>,
    pub(super) everyone: bool,
    pub(super) sender: bool,
    pub(super) except_sender: bool,
    pub(super) except_rooms: Vec<String>,
    /// The roles of each of its forms; `None`: all.
    pub(super) forms: Vec<Option<Vec<String>>>,
}

/// A refusal, and what is behind it.
#[derive(Debug, Clone)]
pub(super) struct RefusedBy {
    pub(super) code: String,
    /// The rule or step: `file:line`.
    pub(super) place: Option<String>,
    /// What the log would have.
    pub(super) cause: Option<String>,
    /// What is wrong with a payload: pointers and messages.
    pub(super) issues: Vec<(String, String)>,
}

/// What was found, in order.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Asked(Asked),
    Refused(RefusedBy),
    Came {
        entered: Vec<String>,
        left: Vec<String>,
        evicted: Vec<String>,
    },
    Sent(SentTo),
    /// A step that is reached changes what is remembered, or the database: in words.
    Writes(String),
}

/// Keeps what is found.
pub(super) struct Trail {
    plan: Arc<Plan>,
    namespace: Arc<Namespace>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    found: Vec<Found>,
    /// What is being asked, outermost first.
    open: Vec<Asked>,
}

impl Trail {
    /// Of what is asked in this namespace.
    pub(super) fn new(plan: Arc<Plan>, namespace: Arc<Namespace>) -> Self {
        Self { plan, namespace, kept: Mutex::default() }
    }

    /// What was found since this was last asked.
    pub(super) fn take(&self) -> Vec<Found> {
        let mut kept = self.kept.lock();
        kept.close();
        std::mem::take(&mut kept.found)
    }

    fn roles(&self, roles: &[usize]) -> Vec<String> {
        roles.iter().filter_map(|role| self.plan.roles.get(*role)).map(ToString::to_string).collect()
    }

    /// What a step changes beside rooms and clients.
    fn written(&self, verb: &Verb) -> Option<String> {
        let state = |state: &StateRef| &self.namespace.states[state.state].name;
        Some(match verb {
            Verb::Execute(call) => format!("write to the database with `{}`", self.plan.queries[call.query].name),
            Verb::Put { state: of, .. } | Verb::Add { state: of, .. } | Verb::Push { state: of, .. } => {
                format!("remember something in `{}`", state(of))
            }
            Verb::Increment { state: of, .. } => format!("count in `{}`", state(of)),
            Verb::Take { state: of, .. } => format!("take something from `{}`, if it is there", state(of)),
            Verb::Clear(of) => format!("forget what is in `{}`", state(of)),
            _ => return None,
        })
    }

    fn part(&self, part: &Part<'_>, holds: bool) -> AskedPart {
        match part {
            Part::Roles(wanted) => AskedPart::Roles { wanted: self.roles(wanted), holds },
            Part::Inside(rooms) => AskedPart::Inside { rooms: rooms.clone(), holds },
            Part::When => AskedPart::When { holds },
            Part::Check(_, query, given) => AskedPart::Check {
                query: query.name.to_string(),
                place: query.place.to_string(),
                given: given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
                holds,
            },
            Part::LikeNothing(_) => AskedPart::LikeNothing,
        }
    }

    fn sent(&self, emission: &Emission) -> SentTo {
        let names = |rooms: &[Arc<str>]| rooms.iter().map(ToString::to_string).collect();
        SentTo {
            event: emission.event.to_string(),
            rooms: names(&emission.to.rooms),
            everyone: emission.to.everyone,
            sender: emission.to.sender,
            except_sender: emission.except_sender,
            except_rooms: names(&emission.except_rooms),
            forms: emission.forms.iter().map(|form| form.roles.as_deref().map(|roles| self.roles(roles))).collect(),
        }
    }
}

impl Recorder for Trail {
    fn note(&self, note: &Note<'_>) {
        let mut kept = self.kept.lock();
        match note {
            Note::Asks(subject) => kept.open.push(asked(subject)),
            Note::Rule(rule) => {
                let rule =
                    AskedRule { place: rule.place.to_string(), span: rule.span, parts: Vec::new(), holds: false };
                kept.with_open(|open| open.rules.push(rule));
            }
            Note::Part(part, holds) => kept.add_part(self.part(part, *holds)),
            Note::Ruled(_, holds) => kept.with_open(|open| {
                if let Some(rule) = open.rules.last_mut() {
                    rule.holds = *holds;
                }
            }),
            Note::Answered(subject, admitted) => kept.answered(subject, *admitted),
            Note::Step(step, true) => kept.found.extend(self.written(&step.verb).map(Found::Writes)),
            Note::Step(_, false) | Note::Else(_) => {}
            Note::Outcome(outcome) => {
                kept.close();
                kept.found.push(came(outcome));
            }
            Note::Sent(emission, ..) => kept.found.push(Found::Sent(self.sent(emission))),
            Note::Refused(refusal) => {
                kept.close();
                kept.found.push(Found::Refused(refused(refusal)));
            }
        }
    }
}

impl Kept {
    fn with_open(&mut self, change: impl FnOnce(&mut Asked)) {
        if let Some(open) = self.open.last_mut() {
            change(open);
        }
    }

    fn add_part(&mut self, part: AskedPart) {
        self.with_open(|open| {
            if let Some(rule) = open.rules.last_mut() {
                rule.parts.push(part);
            }
        });
    }

    fn answered(&mut self, subject: &Subject<'_>, admitted: bool) {
        let Some(mut asked) = self.open.pop() else { return };
        asked.admitted = admitted;
        asked.unasked = subject.rules().len() - asked.rules.len().min(subject.rules().len());
        self.keep(asked);
    }

    fn keep(&mut self, asked: Asked) {
        match self.open.is_empty() {
            true => self.found.push(Found::Asked(asked)),
            false => self.add_part(AskedPart::Like(asked)),
        }
    }

    /// What could not be asked to its end is kept as far as it came.
    fn close(&mut self) {
        while let Some(asked) = self.open.pop() {
            self.keep(asked);
        }
    }
}

fn asked(subject: &Subject<'_>) -> Asked {
    let whose = match subject {
        Subject::Event(entry) => Whose::Event { name: entry.name.to_string() },
        Subject::Room(room, values) => Whose::Room {
            name: subject.room().unwrap_or_default(),
            params: room.pattern.params().map(str::to_owned).zip(values.iter().cloned()).collect(),
        },
    };
    let place = match subject {
        Subject::Event(entry) => entry.place.to_string(),
        Subject::Room(room, _) => room.place.to_string(),
    };
    Asked { subject: whose, place, rules: Vec::new(), unasked: 0, admitted: false }
}

fn refused(refusal: &Refusal) -> RefusedBy {
    RefusedBy {
        code: refusal.code.to_string(),
        place: refusal.place.as_ref().map(ToString::to_string),
        cause: refusal.cause.as_ref().map(ToString::to_string),
        issues: refusal.issues.iter().map(|issue| (issue.path.clone(), issue.message.clone())).collect(),
    }
}

fn came(outcome: &Outcome) -> Found {
    let (mut entered, mut left, mut evicted) = (Vec::new(), Vec::new(), Vec::new());
    for effect in &outcome.effects {
        match effect {
            Effect::Join(place) => entered.push(place.name.to_string()),
            Effect::Leave(place) => left.push(place.name.to_string()),
            Effect::Evict { who, .. } => evicted.push(who.to_string()),
            Effect::Emit(_) | Effect::Tell { .. } => {}
        }
    }
    Found::Came { entered, left, evicted }
}
