//! `fields:` and `optional:`: an object with these properties and no others.

use homeroom_definition::did_you_mean;
use serde_json::{Map, Value};

use super::at::At;
use super::expand::Expander;
use super::keywords::{BESIDE_FIELDS, known};

impl Expander<'_> {
    pub(super) fn closed(&mut self, map: &Map<String, Value>, at: &At) -> Value {
        let mut properties = Map::new();
        let required = self.properties("fields", map, at, &mut properties);
        self.properties("optional", map, at, &mut properties);
        let mut schema = Map::new();
        schema.insert("type".into(), "object".into());
        schema.insert("properties".into(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".into(), required.into());
        }
        schema.insert("additionalProperties".into(), false.into());
        for (key, value) in map.iter().filter(|(key, _)| !matches!(key.as_str(), "fields" | "optional")) {
            match known(key).filter(|_| BESIDE_FIELDS.contains(&key.as_str())) {
                Some(keyword) => drop(schema.insert(key.clone(), self.keyword(key, keyword.takes, value, at))),
                None => self.tell_key(&at.key(key), format!("`{key}` does not go with `fields:`"), advice(key)),
            }
        }
        self.consistent(map, at);
        Value::Object(schema)
    }

    /// Adds the properties that stand under `key`; their names.
    fn properties(
        &mut self,
        key: &str,
        map: &Map<String, Value>,
        at: &At,
        properties: &mut Map<String, Value>,
    ) -> Vec<String> {
        let Some(written) = map.get(key) else { return Vec::new() };
        let at = at.key(key).inside();
        let Some(written) = written.as_object() else {
            self.tell(&at, "names with their types are needed", Some("such as `{ classId: Id, isTyping: boolean }`"));
            return Vec::new();
        };
        for (name, written) in written {
            let at = at.key(name);
            if properties.contains_key(name) {
                let help = "a property is either needed or optional: keep it in one of them";
                self.tell_key(&at, format!("`{name}` is in `fields:` already"), help);
            }
            let schema = self.property(name, written, &at);
            properties.insert(name.clone(), schema);
        }
        written.keys().cloned().collect()
    }

    fn property(&mut self, name: &str, written: &Value, at: &At) -> Value {
        match written {
            Value::Null => {
                let help = "say `any` if it may be anything, `'null'` if it is always null";
                self.tell_key(at, format!("`{name}` has no type"), help);
            }
            Value::Bool(_) => {
                let help = "say `any` if it may be anything, `boolean` if it is one of the two";
                self.tell(at, format!("`{written}` is no type"), Some(help));
            }
            _ if name.ends_with('?') => {
                let help = format!(
                    "a property that may be missing stands under `optional:`, as `{}`",
                    &name[..name.len() - 1]
                );
                self.tell_key(at, format!("`{name}` ends with a question mark"), help);
            }
            _ => {}
        }
        self.schema(written, at)
    }
}

/// What to do instead of writing `key` beside `fields:`.
fn advice(key: &str) -> String {
    match key {
        "type" => "leave it out: `fields:` says that it is an object".into(),
        "required" => "leave it out: every property under `fields:` is required".into(),
        "properties" => "put them under `fields:`, or under `optional:` if they may be missing".into(),
        "additionalProperties" | "unevaluatedProperties" | "patternProperties" | "propertyNames" => {
            "`fields:` allows no others; for an open object write `type: object` with `properties:` and `required:`"
                .into()
        }
        _ => did_you_mean(key, BESIDE_FIELDS.iter().copied().chain(["fields", "optional"]))
            .unwrap_or_else(|| format!("if it is a property, put it under `fields:`: `fields: {{ {key}: ... }}`")),
    }
}
