//! The contract of a namespace, put in the order that every document needs: its types once, and everything by name.

use std::collections::BTreeMap;
use std::fmt::Write;

use homeroom_plan::contract::{Carries, Contract, in_one_word};
use homeroom_plan::program::Namespace;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// A namespace whose contract is told.
pub(crate) struct Told<'a> {
    /// Its path, such as `/gradebook`.
    pub(crate) path: &'a str,
    /// The contract.
    pub(crate) terms: &'a Contract,
    /// The texts of refusals, by code.
    pub(crate) errors: BTreeMap<&'a str, &'a str>,
    /// The types that its events name.
    pub(crate) types: BTreeMap<String, Value>,
}

impl<'a> Told<'a> {
    pub(crate) fn of(namespace: &'a Namespace) -> Self {
        let terms = &namespace.contract;
        let errors = namespace.errors.iter().map(|(code, text)| (&**code, &**text)).collect();
        let mut told = Self { path: &namespace.path, terms, errors, types: BTreeMap::new() };
        let client = terms.client_events.iter().map(|event| &event.carries);
        let backend = terms.backend_events.iter().map(|event| &event.carries);
        let server = terms.server_events.iter().map(|event| &event.carries);
        for carries in client.chain(backend).chain(server) {
            arguments(carries).unwrap_or_default().iter().for_each(|schema| told.take_types(schema));
        }
        if let Some(auth) = &terms.auth {
            told.take_types(auth);
        }
        told
    }

    fn take_types(&mut self, schema: &Value) {
        for (name, declared) in schema.get("$defs").and_then(Value::as_object).into_iter().flatten() {
            self.types.entry(name.clone()).or_insert_with(|| declared.clone());
        }
    }

    /// The name of the namespace as the name of a file: `live-class`; the root is `root`.
    pub(crate) fn file_name(&self) -> String {
        let name = self.path.trim_matches('/').replace('/', "-");
        if name.is_empty() { "root".into() } else { name }
    }

    /// The name of the namespace as one word: `LiveClass`.
    pub(crate) fn word(&self) -> String {
        in_one_word(&self.file_name())
    }

    /// A digest of all that a client depends on: what events carry and how they are answered, not who may and how.
    pub(crate) fn digest(&self) -> String {
        let client = self
            .terms
            .client_events
            .iter()
            .map(|event| json!([&*event.name, carried(&event.carries), event.success, event.failure]));
        let server = self.terms.server_events.iter().map(|event| {
            let views: Vec<Value> = event
                .views
                .iter()
                .map(|view| json!([view.roles.iter().map(|role| &**role).collect::<Vec<_>>(), view.omit]))
                .collect();
            let mut told = json!([&*event.name, event.export, carried(&event.carries), views]);
            if let (true, Some(told)) = (event.tells_positions, told.as_array_mut()) {
                told.push("positions".into());
            }
            told
        });
        let (mut client, mut server): (Vec<Value>, Vec<Value>) = (client.collect(), server.collect());
        client.sort_by_key(Value::to_string);
        server.sort_by_key(Value::to_string);
        let all = json!([self.path, self.terms.auth.as_deref(), client, server, self.types]);
        let hash = Sha256::digest(all.to_string().as_bytes());
        hash.iter().take(16).fold(String::new(), |mut text, byte| {
            // Writing to a `String` does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// The schemas of an event's arguments; `None`: whatever they are.
pub(crate) fn arguments(carries: &Carries) -> Option<Vec<Value>> {
    match carries {
        Carries::Nothing => Some(Vec::new()),
        Carries::One(schema) => Some(vec![Value::clone(schema)]),
        Carries::Each(all) => Some(all.iter().map(|schema| Value::clone(schema)).collect()),
        Carries::Any => None,
    }
}

fn carried(carries: &Carries) -> Value {
    arguments(carries).map_or(Value::Null, |all| all.iter().map(bare).collect())
}

/// A schema without the types it brings along.
pub(crate) fn bare(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(map) = &mut schema {
        map.shift_remove("$defs");
    }
    schema
}

/// One schema for several arguments: a list with a place for each; of one argument, that one.
pub(crate) fn as_one(carries: &Carries) -> Value {
    match arguments(carries) {
        None => json!({ "type": "array" }),
        Some(all) => match all.as_slice() {
            [] => json!({ "type": "null" }),
            [one] => bare(one),
            all => list_of(all),
        },
    }
}

/// A list with a place for each.
pub(crate) fn list_of(all: &[Value]) -> Value {
    let places: Vec<Value> = all.iter().map(bare).collect();
    json!({ "type": "array", "prefixItems": places, "minItems": all.len(), "maxItems": all.len() })
}

/// What an ack is given, whichever way it went.
pub(crate) fn answer(success: Option<&[Value]>, failure: &Value) -> Value {
    let went_well = match success {
        None => json!({ "type": "array" }),
        Some([]) => json!({ "type": "null" }),
        Some([one]) => bare(one),
        Some(all) => list_of(all),
    };
    json!({ "anyOf": [went_well, failure] })
}

/// The same schema with its references leading elsewhere.
pub(crate) fn referring(schema: &Value, to: &dyn Fn(&str) -> String) -> Value {
    match schema {
        Value::Object(map) => {
            let referred = |(key, value): (&String, &Value)| match value.as_str().filter(|_| key == "$ref") {
                Some(name) => (key.clone(), to(name.trim_start_matches("#/$defs/")).into()),
                None => (key.clone(), referring(value, to)),
            };
            Value::Object(map.iter().map(referred).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| referring(item, to)).collect(),
        other => other.clone(),
    }
}
