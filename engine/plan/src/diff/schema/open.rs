//! A schema as a client meets it where unknown fields are dropped: objects that are closed accept more than they name.

use serde_json::{Map, Value};

/// How deep a schema is followed.
const DEPTH_MAX: usize = 64;

/// What an opened definition is called.
const OPEN: &str = "~open";

/// The document with every closed object opened whose unknown fields are dropped before it is checked: the same ones
/// that the engine prunes. Where alternatives are offered, nothing is.
#[must_use]
pub fn opened(document: &Value) -> Value {
    let mut opened = schema(document, 0);
    let definitions = document.get("$defs").and_then(Value::as_object);
    if let (Some(definitions), Value::Object(map)) = (definitions, &mut opened) {
        let mut both = definitions.clone();
        both.extend(definitions.iter().map(|(name, one)| (format!("{name}{OPEN}"), schema(one, 0))));
        map.insert("$defs".to_owned(), Value::Object(both));
    }
    opened
}

fn schema(written: &Value, depth: usize) -> Value {
    let Some(map) = written.as_object().filter(|_| depth < DEPTH_MAX) else { return written.clone() };
    let mut opened = Map::new();
    for (keyword, value) in map {
        let changed = match keyword.as_str() {
            "$ref" => value.as_str().map_or_else(|| value.clone(), |name| format!("{name}{OPEN}").into()),
            "allOf" | "prefixItems" => each(value, depth),
            "items" => schema(value, depth + 1),
            "properties" => table(value, depth),
            "additionalProperties" if map.contains_key("patternProperties") => value.clone(),
            "additionalProperties" if value == &Value::Bool(false) => continue,
            "additionalProperties" => schema(value, depth + 1),
            _ => value.clone(),
        };
        opened.insert(keyword.clone(), changed);
    }
    Value::Object(opened)
}

fn each(value: &Value, depth: usize) -> Value {
    value.as_array().into_iter().flatten().map(|one| schema(one, depth + 1)).collect()
}

fn table(value: &Value, depth: usize) -> Value {
    let entries = value.as_object().into_iter().flatten();
    Value::Object(entries.map(|(name, one)| (name.clone(), schema(one, depth + 1))).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_pruned_is_opened_and_nothing_else() {
        let closed = json!({ "type": "object", "properties": {}, "additionalProperties": false });
        let document =
            json!({ "properties": { "a": { "$ref": "#/$defs/A" } }, "anyOf": [closed], "$defs": { "A": closed } });
        let opened = opened(&document);
        assert_eq!(opened["properties"]["a"]["$ref"], "#/$defs/A~open");
        assert_eq!(opened["$defs"]["A~open"].get("additionalProperties"), None);
        assert_eq!(opened["anyOf"][0]["additionalProperties"], false);
        assert_eq!(opened["$defs"]["A"]["additionalProperties"], false);
    }
}
