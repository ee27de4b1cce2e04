//! What other services may publish: read, and held against the definitions.

use homeroom_definition::{Diagnostic, Diagnostics, Text, did_you_mean};
use homeroom_plan::Plan;
use homeroom_plan::contract::{Contract, ServerTerms};
use homeroom_runtime::{Allowed, Emitters};

use super::file::EmitterSection;
use crate::codes;

/// What the emitter's channels begin with unless it is told otherwise.
const KEY: &str = "socket.io";

/// What other services may publish, as it was written.
#[derive(Debug, Clone)]
pub struct Emitter {
    /// What the names of channels begin with.
    pub key: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    namespace: Text,
    events: Vec<Text>,
    rooms: Vec<Text>,
}

/// Reads the section; `None` if it allows nothing.
pub(super) fn read(section: &EmitterSection) -> Option<Emitter> {
    let rule = |rule: &super::file::EmitterRule| Rule {
        namespace: rule.namespace.clone(),
        events: rule.events.iter().cloned().collect(),
        rooms: rule.rooms.iter().cloned().collect(),
    };
    let rules: Vec<Rule> = section.allow.iter().map(rule).collect();
    let key = section.key.as_ref().map_or(KEY, |key| &key.value).to_owned();
    (!rules.is_empty()).then_some(Emitter { key, rules })
}

impl Emitter {
    /// What the engine lets in.
    #[must_use]
    pub fn emitters(&self) -> Emitters {
        let allowed = |rule: &Rule| Allowed {
            namespace: rule.namespace.value.as_str().into(),
            events: rule.events.iter().map(|event| event.value.as_str().into()).collect(),
            rooms: rule.rooms.iter().map(|room| room.value.clone()).collect(),
        };
        Emitters::new(self.rules.iter().map(allowed).collect())
    }

    /// Tells what it names and definitions do not have.
    pub(crate) fn check(&self, plan: &Plan, diagnostics: &mut Diagnostics) {
        for rule in &self.rules {
            let name = &rule.namespace;
            let Some(namespace) = plan.namespaces.get(name.value.as_str()) else {
                let known: Vec<&str> = plan.namespaces.keys().map(|path| &**path).collect();
                tell(diagnostics, name, format!("there is no namespace `{name}`"), &known);
                continue;
            };
            let events: Vec<&str> = namespace.server_events.iter().map(|event| &*event.name).collect();
            for event in rule.events.iter().filter(|event| !events.contains(&event.value.as_str())) {
                tell(diagnostics, event, format!("`{name}` has no server event `{event}`"), &events);
            }
            tell_homeless(rule, &namespace.contract, diagnostics);
            let rooms: Vec<&str> = namespace.rooms.iter().map(|room| &*room.pattern.text).collect();
            for room in rule.rooms.iter().filter(|room| !rooms.contains(&room.value.as_str())) {
                tell(diagnostics, room, format!("`{name}` has no room `{room}`"), &rooms);
            }
        }
    }
}

/// Events that go nowhere by themselves, where no room is named.
fn tell_homeless(rule: &Rule, contract: &Contract, diagnostics: &mut Diagnostics) {
    for event in rule.events.iter().filter(|_| rule.rooms.is_empty()) {
        let is_homeless = |terms: &&ServerTerms| *terms.name == *event.value && terms.to.is_empty();
        if contract.server_events.iter().any(|terms| is_homeless(&terms)) {
            let told = Diagnostic::error(
                codes::BAD_SETTING,
                event.span,
                format!("`{event}` says of no room that it goes there"),
            );
            diagnostics.push(told.help("name the rooms that it may be published to under `rooms:`"));
        }
    }
}

fn tell(diagnostics: &mut Diagnostics, at: &Text, message: String, known: &[&str]) {
    let hint = did_you_mean(&at.value, known.iter().copied());
    diagnostics.push(Diagnostic::error(codes::BAD_SETTING, at.span, message).help_if(hint));
}
