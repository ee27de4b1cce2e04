//! Services with keys of their own, and those that write to the outbox: what each may send, of whose affairs, and what it may
//! see of the servers. Read, and held against the definitions.

use std::collections::HashSet;

use homeroom_definition::{Diagnostic, Diagnostics, Many, Text, did_you_mean};
use homeroom_http::{Admin, ApiKey, KeyHash, MaySend, Sends};
use homeroom_plan::Plan;
use homeroom_plan::contract::{BackendTerms, Carries};
use homeroom_plan::program::Namespace;
use homeroom_runtime::Tenancy;

use super::DEVELOPMENT_KEY;
use super::file::{SendRule, ServiceSection, SettingsFile};
use crate::codes;

/// How short a key in the clear may be, in bytes; a shorter one can be guessed.
const KEY_BYTES_MIN: usize = 12;

/// Those who are let in, and what they were written down with.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// Who is let in; never whoever shows the development key.
    pub keys: Vec<ApiKey>,
    /// What may be sent from the outbox.
    pub outbox: Sends,
    rules: Vec<SendRule>,
}

/// Reads `api.keys`, `services:` and `outbox.send`.
pub(super) fn read(file: &SettingsFile, diagnostics: &mut Diagnostics) -> Services {
    let mut reading = Reading { diagnostics, names: HashSet::new(), seen: HashSet::new() };
    let mut keys = Vec::new();
    if let Some(api) = &file.api {
        keys.extend(reading.hashes(&api.keys).into_iter().map(ApiKey::with_all));
    }
    keys.extend(file.services.iter().filter_map(|section| reading.service(section)));
    let outbox = file.outbox.as_ref().map_or(&[][..], |section| &section.send);
    let rules = file.services.iter().flat_map(|section| &section.send).chain(outbox).cloned().collect();
    let outbox = match outbox {
        [] => Sends::Everything,
        some => Sends::Only(some.iter().map(may_send).collect()),
    };
    Services { keys, outbox, rules }
}

struct Reading<'d> {
    diagnostics: &'d mut Diagnostics,
    names: HashSet<String>,
    seen: HashSet<String>,
}

impl Reading<'_> {
    fn service(&mut self, section: &ServiceSection) -> Option<ApiKey> {
        let name = &section.name;
        if !self.names.insert(name.value.clone()) {
            self.wrong(name, "this service is there twice", "several keys of one service stand in one list");
        }
        if section.key.is_empty() {
            self.wrong(name, "this service has no key", "`homeroom key` makes one, and prints what to write here");
        }
        let admin = section.admin.as_ref().map_or(Some(Admin::Nothing), |admin| self.admin(admin));
        let hashes = self.hashes(&section.key);
        let sends = section.send.iter().map(may_send).collect();
        let key = ApiKey {
            name: format!("service {name}"),
            hashes,
            sends: Sends::Only(sends),
            admin: admin.unwrap_or(Admin::Nothing),
        };
        (!key.hashes.is_empty()).then_some(key)
    }

    fn admin(&mut self, written: &Text) -> Option<Admin> {
        match written.value.as_str() {
            "none" => Some(Admin::Nothing),
            "read" => Some(Admin::Read),
            "all" => Some(Admin::Everything),
            _ => {
                self.wrong(written, "this is none of the choices", "write one of `none`, `read`, `all`");
                None
            }
        }
    }

    fn hashes(&mut self, written: &Many<Text>) -> Vec<KeyHash> {
        let mut hashes = Vec::new();
        for key in written.iter().filter(|key| !key.value.is_empty()) {
            let Some(hash) = self.hash(key) else { continue };
            if !self.seen.insert(hash.to_string()) {
                self.wrong(key, "this key is there twice", "whose it is could not be told; give each service its own");
            }
            hashes.push(hash);
        }
        hashes
    }

    /// What is kept of a key, but not of the one that everybody knows.
    fn hash(&mut self, key: &Text) -> Option<KeyHash> {
        if let Some(hash) = KeyHash::read(&key.value) {
            if let Err(error) = &hash {
                self.wrong(key, error, "`homeroom key` makes a key, and prints its hash");
            }
            let hash = hash.ok()?;
            if hash == KeyHash::of(DEVELOPMENT_KEY) {
                self.known(key);
                return None;
            }
            return Some(hash);
        }
        if key.value == DEVELOPMENT_KEY {
            self.known(key);
            return None;
        }
        if key.value.len() < KEY_BYTES_MIN {
            let message = format!("a key of {} bytes can be guessed", key.value.len());
            self.doubt(key, &message, "`homeroom key` makes one that cannot, and prints its hash for here");
        }
        Some(KeyHash::of(&key.value))
    }

    fn known(&mut self, key: &Text) {
        let help = "it is not let in; services need a key of their own";
        self.doubt(key, "this is the development key, which everybody knows", help);
    }

    fn wrong(&mut self, at: &Text, message: &str, help: &str) {
        self.diagnostics.push(Diagnostic::error(codes::BAD_SETTING, at.span, message).help(help));
    }

    fn doubt(&mut self, at: &Text, message: &str, help: &str) {
        self.diagnostics.push(Diagnostic::warning(codes::DOUBTFUL_SETTING, at.span, message).help(help));
    }
}

fn may_send(rule: &SendRule) -> MaySend {
    let only = rule
        .only
        .iter()
        .map(|(property, values)| (property.value.clone(), values.iter().map(|value| value.value.clone()).collect()));
    MaySend {
        namespace: rule.namespace.value.clone(),
        events: rule.events.iter().map(|event| event.value.clone()).collect(),
        tenancy: Tenancy { only: only.collect(), trusted: rule.rooms.iter().map(|room| room.value.clone()).collect() },
    }
}

impl Services {
    /// Tells what they name and definitions do not have.
    pub(crate) fn check(&self, plan: &Plan, diagnostics: &mut Diagnostics) {
        for rule in &self.rules {
            let name = &rule.namespace;
            let Some(namespace) = plan.namespaces.get(name.value.as_str()) else {
                let known: Vec<&str> = plan.namespaces.keys().map(|path| &**path).collect();
                tell(diagnostics, name, format!("there is no namespace `{name}`"), &known);
                continue;
            };
            let events: Vec<&str> = namespace.backend_events.keys().map(|event| &**event).collect();
            for event in rule.events.iter().filter(|event| !events.contains(&event.value.as_str())) {
                tell(diagnostics, event, format!("`{name}` has no backend event `{event}`"), &events);
            }
            let rooms: Vec<&str> = namespace.rooms.iter().map(|room| &*room.pattern.text).collect();
            for room in rule.rooms.iter().filter(|room| !rooms.contains(&room.value.as_str())) {
                tell(diagnostics, room, format!("`{name}` has no room `{room}`"), &rooms);
            }
            for (property, _) in rule.only.iter() {
                tell_untold(rule, property, namespace, diagnostics);
            }
        }
    }
}

/// Events that do not carry what tells the tenant could never be sent.
fn tell_untold(rule: &SendRule, property: &Text, namespace: &Namespace, diagnostics: &mut Diagnostics) {
    let meant =
        |terms: &&BackendTerms| rule.events.is_empty() || rule.events.iter().any(|event| *event.value == *terms.name);
    let carries = |terms: &BackendTerms| match &terms.carries {
        Carries::One(schema) => may_have(schema, &property.value),
        Carries::Nothing | Carries::Each(_) | Carries::Any => false,
    };
    let untold = namespace.contract.backend_events.iter().filter(meant).filter(|terms| !carries(terms));
    let names: Vec<String> = untold.map(|terms| format!("`{}`", terms.name)).collect();
    if !names.is_empty() {
        let message = format!("{} of `{}` do not carry `{property}`", names.join(", "), rule.namespace);
        let told = Diagnostic::error(codes::BAD_SETTING, property.span, message);
        diagnostics.push(
            told.help("whose affairs these are could not be told, so none could be sent: name others under `events:`"),
        );
    }
}

/// Whether a value of this schema may have the property; where that is not clear, it is asked when something is sent.
fn may_have(schema: &serde_json::Value, property: &str) -> bool {
    schema.get("$ref").is_some() || schema.get("properties").is_none_or(|properties| properties.get(property).is_some())
}

fn tell(diagnostics: &mut Diagnostics, at: &Text, message: String, known: &[&str]) {
    let hint = did_you_mean(&at.value, known.iter().copied());
    diagnostics.push(Diagnostic::error(codes::BAD_SETTING, at.span, message).help_if(hint));
}
