//! From the author's notation to JSON Schema.

use homeroom_definition::did_you_mean;
use serde_json::{Map, Value, json};

use super::at::At;
use super::circles::is_circle;
use super::keywords::{FORMATS, KEYWORDS, KINDS, Takes, instead_of, known};
use super::validator::compiler;
use super::{SchemaError, Types, spoken};

/// The types that are always there.
pub const BUILT_IN: &[&str] = &["string", "number", "integer", "boolean", "null", "object", "array", "any", "binary"];

/// Expands a type to JSON Schema 2020-12, with the types it names, and those they name, under `$defs`. What is wrong in
/// `written` itself is added to `errors`; the named types are told where they are declared.
pub fn expand(written: &Value, types: &Types, errors: &mut Vec<SchemaError>) -> Value {
    let mut expander = Expander { types, wanted: Vec::new(), errors };
    let mut root = expander.schema(written, &At::root());
    let mut wanted = std::mem::take(&mut expander.wanted);
    let mut definitions = Map::new();
    while let Some(name) = wanted.pop() {
        let Some(declared) = types.get(&name).filter(|_| !definitions.contains_key(&name)) else { continue };
        let mut told_elsewhere = Vec::new();
        let mut inner = Expander { types, wanted: Vec::new(), errors: &mut told_elsewhere };
        let schema = inner.schema(declared, &At::root());
        wanted.append(&mut inner.wanted);
        definitions.insert(name, schema);
    }
    if let (false, Value::Object(map)) = (definitions.is_empty(), &mut root) {
        map.insert("$defs".into(), Value::Object(definitions));
    }
    root
}

pub(super) struct Expander<'a> {
    types: &'a Types,
    /// Types that were named.
    wanted: Vec<String>,
    errors: &'a mut Vec<SchemaError>,
}

impl Expander<'_> {
    pub(super) fn schema(&mut self, written: &Value, at: &At) -> Value {
        match written {
            Value::String(name) => self.named(name, at),
            Value::Array(items) => self.list(items, at),
            Value::Object(map) if is_closed(map) => self.closed(map, at),
            Value::Object(map) => self.keywords(map, at),
            Value::Bool(_) => written.clone(),
            Value::Null => json!({ "type": "null" }),
            Value::Number(_) => {
                self.tell(at, "a number is no type", Some("for one value only say `{ const: ... }`"));
                json!({})
            }
        }
    }

    fn named(&mut self, name: &str, at: &At) -> Value {
        if let Some(schema) = built_in(name) {
            return schema;
        }
        if !self.types.contains_key(name) {
            let known = || self.types.keys().map(String::as_str).chain(BUILT_IN.iter().copied());
            let help = did_you_mean(name, known())
                .unwrap_or_else(|| format!("declare it under `types:`, or use one of {}", spoken(BUILT_IN)));
            self.tell(at, format!("there is no type `{name}`"), Some(&help));
            return json!({});
        }
        if at.is_whole && is_circle(name, self.types) {
            let help = "say what it is: a type may hold itself, but not be nothing else";
            self.tell(at, format!("`{name}` is only another name for itself"), Some(help));
            return json!({});
        }
        self.wanted.push(name.to_owned());
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn list(&mut self, items: &[Value], at: &At) -> Value {
        let [item] = items else {
            let help =
                "a list of one type is `[Mark]`; alternatives are `{ oneOf: [A, B] }`, fixed values `{ enum: [a, b] }`";
            self.tell(at, "a list of types has one type in it", Some(help));
            return json!({});
        };
        json!({ "type": "array", "items": self.schema(item, &at.index(0).inside()) })
    }

    fn keywords(&mut self, map: &Map<String, Value>, at: &At) -> Value {
        let mut schema = Map::new();
        for (key, value) in map {
            match known(key) {
                Some(keyword) => drop(schema.insert(key.clone(), self.keyword(key, keyword.takes, value, at))),
                None => self.unknown_keyword(key, map, at),
            }
        }
        self.consistent(map, at);
        Value::Object(schema)
    }

    fn unknown_keyword(&mut self, key: &str, map: &Map<String, Value>, at: &At) {
        let known = KEYWORDS.iter().map(|keyword| keyword.name).chain(["fields", "optional"]);
        let is_like_fields = map.keys().all(|key| super::keywords::known(key).is_none())
            && map.values().all(|value| value.is_string() || value.is_object() || value.is_array());
        let help = match (instead_of(key), did_you_mean(key, known)) {
            (Some(instead), _) => instead.to_owned(),
            (None, Some(meant)) => meant,
            (None, None) if is_like_fields => {
                format!("for an object with a property `{key}` say `fields: {{ {key}: ... }}`")
            }
            (None, None) => "JSON Schema 2020-12 has no such keyword".to_owned(),
        };
        self.tell_key(&at.key(key), format!("there is no keyword `{key}` in types"), help);
    }

    /// What stands under a keyword, expanded; `at` is where the keyword stands.
    pub(super) fn keyword(&mut self, key: &str, takes: Takes, value: &Value, at: &At) -> Value {
        let at = at.key(key);
        let value = &if takes == Takes::Kind { with_null_named(value) } else { value.clone() };
        if let Some(expected) = takes.objection(value) {
            self.tell(&at, format!("`{key}` needs {expected}"), remedy(key, takes, value).as_deref());
            return value.clone();
        }
        match (takes, value) {
            (Takes::Schema, _) => self.schema(value, &at.inside()),
            (Takes::Branch, _) => self.schema(value, &at.beside()),
            (Takes::Schemas, Value::Array(all)) => self.each(all, &at.inside()),
            (Takes::Branches, Value::Array(all)) => self.each(all, &at.beside()),
            (Takes::SchemaTable, Value::Object(all)) => self.table(all, &at.inside()),
            (Takes::BranchTable, Value::Object(all)) => self.table(all, &at.beside()),
            _ => {
                self.named_value(takes, value, &at);
                value.clone()
            }
        }
    }

    fn each(&mut self, all: &[Value], at: &At) -> Value {
        all.iter().enumerate().map(|(index, one)| self.schema(one, &at.index(index))).collect()
    }

    fn table(&mut self, all: &Map<String, Value>, at: &At) -> Value {
        if at.pointer.ends_with("/patternProperties") {
            all.keys().for_each(|pattern| self.pattern(pattern, &at.key(pattern)));
        }
        Value::Object(all.iter().map(|(name, one)| (name.clone(), self.schema(one, &at.key(name)))).collect())
    }

    /// Values that must be one of the names there are, or be written in a language of their own.
    fn named_value(&mut self, takes: Takes, value: &Value, at: &At) {
        match (takes, value) {
            (Takes::Kind, _) => self.one_of(value, at, KINDS, "kind of value"),
            (Takes::Format, _) => self.one_of(value, at, FORMATS, "format"),
            (Takes::Pattern, Value::String(pattern)) => self.pattern(pattern, at),
            _ => {}
        }
    }

    fn one_of(&mut self, value: &Value, at: &At, known: &[&str], what: &str) {
        let names = value.as_array().map_or_else(|| vec![value], |items| items.iter().collect());
        for name in names.into_iter().filter_map(Value::as_str).filter(|name| !known.contains(name)) {
            let is_type = self.types.contains_key(name) || BUILT_IN.contains(&name);
            let help = match did_you_mean(name, known.iter().copied()) {
                _ if is_type => {
                    format!("`{name}` is a type: name it without `type:`, or ask more of it by `allOf: [{name}]`")
                }
                Some(meant) => meant,
                None => format!("there are {}", spoken(known)),
            };
            self.tell(at, format!("there is no {what} `{name}`"), Some(&help));
        }
    }

    fn pattern(&mut self, pattern: &str, at: &At) {
        let schema = json!({ "type": "string", "pattern": pattern });
        if compiler().build(&schema).is_err() {
            let help =
                "patterns run in linear time: look-around and back-references cannot be used, nor huge repetitions";
            self.tell(at, "this is no regular expression that can be used", Some(help));
        }
    }

    pub(super) fn tell(&mut self, at: &At, message: impl Into<String>, help: Option<&str>) {
        let (pointer, help) = (at.pointer.clone(), help.map(str::to_owned));
        self.errors.push(SchemaError { pointer, on_key: false, message: message.into(), help });
    }

    pub(super) fn tell_key(&mut self, at: &At, message: String, help: impl Into<String>) {
        self.errors.push(SchemaError { pointer: at.pointer.clone(), on_key: true, message, help: Some(help.into()) });
    }
}

/// `fields:` or `optional:` stands in it - not the `optional: true` of other languages.
fn is_closed(map: &Map<String, Value>) -> bool {
    map.contains_key("fields") || map.get("optional").is_some_and(|optional| !optional.is_boolean())
}

/// `type: [string, null]` is what one writes, and YAML's `null` is no text.
fn with_null_named(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Array(kinds) => kinds.iter().map(with_null_named).collect(),
        other => other.clone(),
    }
}

/// What to write instead of a value that a keyword cannot take.
fn remedy(key: &str, takes: Takes, value: &Value) -> Option<String> {
    match (takes, value) {
        (Takes::Texts, Value::Bool(_)) => {
            Some("every property under `fields:` is required, every one under `optional:` may be missing".into())
        }
        (Takes::Number | Takes::Step | Takes::Count, Value::String(text)) if text.parse::<f64>().is_ok() => {
            Some(format!("write it without quotes: `{key}: {text}`"))
        }
        (Takes::Text | Takes::Format, Value::Number(number)) => {
            Some(format!("write it in quotes: `{key}: '{number}'`"))
        }
        (Takes::Texts | Takes::List | Takes::Branches, Value::String(one)) => Some(format!("write `{key}: [{one}]`")),
        _ => None,
    }
}

fn built_in(name: &str) -> Option<Value> {
    Some(match name {
        "any" => json!({}),
        // What the wire has in the place of an attachment.
        "binary" => json!({
            "type": "object",
            "properties": { "_placeholder": { "const": true }, "num": { "type": "integer", "minimum": 0 } },
            "required": ["_placeholder", "num"],
            "additionalProperties": false
        }),
        kind if KINDS.contains(&kind) => json!({ "type": kind }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
