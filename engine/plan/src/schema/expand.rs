//! From the author's notation to JSON Schema.

use homeroom_definition::did_you_mean;
use serde_json::{Map, Value, json};

use super::keywords::{BESIDE_FIELDS, FORMATS, KEYWORDS, KINDS, Takes, takes};
use super::validator::pattern_options;
use super::{SchemaError, Types};

/// The types that are always there.
pub const BUILT_IN: &[&str] = &["string", "number", "integer", "boolean", "null", "object", "array", "any", "binary"];

/// Expands a type to JSON Schema 2020-12, with the types it names, and those they name, under `$defs`. What is wrong in
/// `written` itself is added to `errors`; the named types are told where they are declared.
pub fn expand(written: &Value, types: &Types, errors: &mut Vec<SchemaError>) -> Value {
    let mut expander = Expander { types, wanted: Vec::new(), errors };
    let mut root = expander.schema(written, "");
    let mut wanted = std::mem::take(&mut expander.wanted);
    let mut definitions = Map::new();
    while let Some(name) = wanted.pop() {
        if definitions.contains_key(&name) {
            continue;
        }
        let mut told_elsewhere = Vec::new();
        let mut inner = Expander { types, wanted: Vec::new(), errors: &mut told_elsewhere };
        let schema = inner.schema(&types[&name], "");
        wanted.append(&mut inner.wanted);
        definitions.insert(name, schema);
    }
    if let (false, Value::Object(map)) = (definitions.is_empty(), &mut root) {
        map.insert("$defs".into(), Value::Object(definitions));
    }
    root
}

struct Expander<'a> {
    types: &'a Types,
    /// Types that were named.
    wanted: Vec<String>,
    errors: &'a mut Vec<SchemaError>,
}

impl Expander<'_> {
    fn schema(&mut self, written: &Value, at: &str) -> Value {
        match written {
            Value::String(name) => self.named(name, at),
            Value::Array(items) => self.list(items, at),
            Value::Object(map) if map.contains_key("fields") || map.contains_key("optional") => self.closed(map, at),
            Value::Object(map) => self.keywords(map, at),
            Value::Bool(_) => written.clone(),
            Value::Null => json!({ "type": "null" }),
            Value::Number(_) => {
                self.tell(at, "a number is no type", Some("for one value only say `{ const: ... }`"));
                json!({})
            }
        }
    }

    fn named(&mut self, name: &str, at: &str) -> Value {
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
        if self.is_circle(name) {
            self.tell(at, format!("`{name}` is only another name for itself"), Some("say what it is"));
            return json!({});
        }
        self.wanted.push(name.to_owned());
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    /// Whether a name leads back to itself without ever saying what it is.
    fn is_circle(&self, name: &str) -> bool {
        let mut seen = vec![name];
        let mut at = name;
        while let Some(Value::String(next)) = self.types.get(at) {
            if seen.contains(&next.as_str()) {
                return true;
            }
            seen.push(next);
            at = next;
        }
        false
    }

    fn list(&mut self, items: &[Value], at: &str) -> Value {
        let [item] = items else {
            let help =
                "a list of one type is `[Mark]`; alternatives are `{ oneOf: [A, B] }`, fixed values `{ enum: [a, b] }`";
            self.tell(at, "a list of types has one type in it", Some(help));
            return json!({});
        };
        json!({ "type": "array", "items": self.schema(item, &format!("{at}/0")) })
    }

    /// `fields:` and `optional:`: an object with these properties and no others.
    fn closed(&mut self, map: &Map<String, Value>, at: &str) -> Value {
        let mut schema = Map::new();
        schema.insert("type".into(), "object".into());
        for (key, value) in map {
            match key.as_str() {
                "fields" | "optional" => {}
                known if BESIDE_FIELDS.contains(&known) => drop(schema.insert(key.clone(), value.clone())),
                other => self.tell_key(
                    &pointer(at, other),
                    format!("`{other}` does not go with `fields:`"),
                    did_you_mean(other, BESIDE_FIELDS.iter().copied()).unwrap_or_else(|| {
                        "write the whole type as JSON Schema, with `properties:` and `required:`".into()
                    }),
                ),
            }
        }
        let mut properties = Map::new();
        let required = self.properties(map.get("fields"), &pointer(at, "fields"), &mut properties);
        self.properties(map.get("optional"), &pointer(at, "optional"), &mut properties);
        schema.insert("properties".into(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".into(), required.into());
        }
        schema.insert("additionalProperties".into(), false.into());
        Value::Object(schema)
    }

    fn properties(&mut self, written: Option<&Value>, at: &str, properties: &mut Map<String, Value>) -> Vec<String> {
        let Some(written) = written else { return Vec::new() };
        let Some(map) = written.as_object() else {
            self.tell(at, "names with their types are needed", Some("such as `{ classId: Id, isTyping: boolean }`"));
            return Vec::new();
        };
        for (name, written) in map {
            let at = pointer(at, name);
            if properties.contains_key(name) {
                self.tell_key(
                    &at,
                    format!("`{name}` is in `fields:` already"),
                    "a property is either needed or optional",
                );
            }
            let schema = self.schema(written, &at);
            properties.insert(name.clone(), schema);
        }
        map.keys().cloned().collect()
    }

    fn keywords(&mut self, map: &Map<String, Value>, at: &str) -> Value {
        let mut schema = Map::new();
        for (key, value) in map {
            let inner = pointer(at, key);
            match takes(key) {
                Some(takes) => drop(schema.insert(key.clone(), self.keyword(key, takes, value, &inner))),
                None => self.unknown_keyword(key, map, &inner),
            }
        }
        self.consistent(map, at);
        Value::Object(schema)
    }

    fn unknown_keyword(&mut self, key: &str, map: &Map<String, Value>, at: &str) {
        if matches!(key, "$ref" | "$defs" | "definitions" | "$id" | "$schema") {
            return self.tell_key(
                at,
                format!("`{key}` is not needed here"),
                "types stand under `types:` and are named: `Grade`",
            );
        }
        let known = KEYWORDS.iter().map(|(known, _)| *known).chain(["fields", "optional"]);
        let looks_like_fields = map.values().all(|value| value.is_string() || value.is_object() || value.is_array());
        let help = match did_you_mean(key, known) {
            Some(meant) => meant,
            None if looks_like_fields => {
                format!("for an object with a property `{key}` say `fields: {{ {key}: ... }}`")
            }
            None => "JSON Schema 2020-12 has no such keyword".to_owned(),
        };
        self.tell_key(at, format!("there is no keyword `{key}`"), help);
    }

    fn keyword(&mut self, key: &str, takes: Takes, value: &Value, at: &str) -> Value {
        if let Some(expected) = takes.objection(value) {
            self.tell(at, format!("`{key}` needs {expected}"), None);
            return value.clone();
        }
        match (takes, value) {
            (Takes::Schema, _) => self.schema(value, at),
            (Takes::Schemas, Value::Array(items)) => {
                items.iter().enumerate().map(|(index, item)| self.schema(item, &format!("{at}/{index}"))).collect()
            }
            (Takes::SchemaTable, Value::Object(map)) => {
                let expanded = map.iter().map(|(name, item)| (name.clone(), self.schema(item, &pointer(at, name))));
                Value::Object(expanded.collect())
            }
            (Takes::Kind, _) => {
                self.one_of(value, at, KINDS, "kind of value");
                value.clone()
            }
            (Takes::Format, _) => {
                self.one_of(value, at, FORMATS, "format");
                value.clone()
            }
            (Takes::Pattern, Value::String(pattern)) => {
                self.pattern(pattern, at);
                value.clone()
            }
            _ => value.clone(),
        }
    }

    fn one_of(&mut self, value: &Value, at: &str, known: &[&str], what: &str) {
        let names = value.as_array().map_or_else(|| vec![value], |items| items.iter().collect());
        for name in names.into_iter().filter_map(Value::as_str).filter(|name| !known.contains(name)) {
            let help =
                did_you_mean(name, known.iter().copied()).unwrap_or_else(|| format!("there are {}", spoken(known)));
            self.tell(at, format!("there is no {what} `{name}`"), Some(&help));
        }
    }

    fn pattern(&mut self, pattern: &str, at: &str) {
        let schema = json!({ "type": "string", "pattern": pattern });
        if pattern_options().build(&schema).is_err() {
            let help =
                "patterns run in linear time: look-around and back-references cannot be used, nor huge repetitions";
            self.tell(at, "this is no regular expression that can be used", Some(help));
        }
    }

    /// What each keyword allows and all of them together do not.
    fn consistent(&mut self, map: &Map<String, Value>, at: &str) {
        const PAIRS: &[(&str, &str)] = &[
            ("minLength", "maxLength"),
            ("minItems", "maxItems"),
            ("minProperties", "maxProperties"),
            ("minimum", "maximum"),
        ];
        for (least, most) in PAIRS {
            let number = |key: &str| map.get(key).and_then(Value::as_f64);
            if let (Some(low), Some(high)) = (number(least), number(most))
                && low > high
            {
                self.tell(&pointer(at, least), format!("`{least}` is above `{most}`: nothing fits"), None);
            }
        }
        let properties = map.get("properties").and_then(Value::as_object);
        let (Some(properties), Some(required)) = (properties, map.get("required").and_then(Value::as_array)) else {
            return;
        };
        for (index, name) in required.iter().enumerate().filter_map(|(index, name)| Some((index, name.as_str()?))) {
            if !properties.contains_key(name) {
                let help = did_you_mean(name, properties.keys().map(String::as_str));
                let at = format!("{}/{index}", pointer(at, "required"));
                self.tell(&at, format!("`{name}` is required and not among `properties:`"), help.as_deref());
            }
        }
    }

    fn tell(&mut self, at: &str, message: impl Into<String>, help: Option<&str>) {
        let help = help.map(str::to_owned);
        self.errors.push(SchemaError { pointer: at.to_owned(), on_key: false, message: message.into(), help });
    }

    fn tell_key(&mut self, at: &str, message: String, help: impl Into<String>) {
        self.errors.push(SchemaError { pointer: at.to_owned(), on_key: true, message, help: Some(help.into()) });
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

fn pointer(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn spoken(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(written: Value) -> Vec<(String, String, Option<String>)> {
        let types: Types = [("Id".to_owned(), json!({ "type": "string" }))].into();
        let mut errors = Vec::new();
        expand(&written, &types, &mut errors);
        errors.into_iter().map(|error| (error.pointer, error.message, error.help)).collect()
    }

    #[test]
    fn named_types_stand_under_defs_however_they_refer_to_each_other() {
        let types: Types =
            [("A".to_owned(), json!({ "fields": { "next": "B" } })), ("B".to_owned(), json!(["A"]))].into();
        let mut errors = Vec::new();
        let schema = expand(&json!("A"), &types, &mut errors);
        assert_eq!(errors, []);
        assert_eq!(schema["$ref"], "#/$defs/A");
        assert_eq!(schema["$defs"]["B"]["items"]["$ref"], "#/$defs/A");
    }

    #[test]
    fn mistakes_are_told_with_their_place_and_remedy() {
        let one = |written| told(written).remove(0);
        assert_eq!(one(json!({ "fields": { "a": "Ids" } })).2.as_deref(), Some("did you mean `Id`?"));
        assert_eq!(one(json!({ "type": "string", "maxLenght": 3 })).2.as_deref(), Some("did you mean `maxLength`?"));
        assert_eq!(one(json!({ "type": "strnig" })).2.as_deref(), Some("did you mean `string`?"));
        assert_eq!(one(json!({ "type": "string", "format": "dattime" })).0, "/format");
        assert_eq!(
            one(json!({ "type": "string", "maxLength": "3" })).1,
            "`maxLength` needs a whole number that is not negative"
        );
        assert_eq!(one(json!({ "type": "string", "pattern": "(?=a)" })).0, "/pattern");
        assert_eq!(one(json!({ "type": "array", "minItems": 3, "maxItems": 2 })).0, "/minItems");
        assert_eq!(
            one(json!({ "properties": { "name": "string" }, "required": ["nmae"] })).2.as_deref(),
            Some("did you mean `name`?")
        );
        assert_eq!(one(json!({ "fields": { "a": "Id" }, "optional": { "a": "Id" } })).0, "/optional/a");
        assert_eq!(one(json!({ "fields": {}, "properties": {} })).0, "/properties");
        assert_eq!(one(json!(["Id", "Id"])).1, "a list of types has one type in it");
    }

    #[test]
    fn a_name_that_only_names_itself_is_told() {
        let types: Types = [("A".to_owned(), json!("B")), ("B".to_owned(), json!("A"))].into();
        let mut errors = Vec::new();
        expand(&json!("A"), &types, &mut errors);
        assert_eq!(errors.len(), 1);
    }
}
