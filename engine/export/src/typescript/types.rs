//! From JSON Schema to TypeScript's types.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The type of values of a schema. `indent`: how deep it stands.
pub(super) fn type_of(schema: &Value, indent: usize) -> String {
    let Value::Object(map) = schema else {
        return if schema == &Value::Bool(false) { "never".into() } else { "unknown".into() };
    };
    if let Some(name) = map.get("$ref").and_then(Value::as_str) {
        return name.trim_start_matches("#/$defs/").to_owned();
    }
    if let Some(value) = map.get("const") {
        return literal(value);
    }
    if let Some(Value::Array(values)) = map.get("enum") {
        return union(values.iter().map(literal));
    }
    for (key, joint) in [("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")] {
        if let Some(Value::Array(all)) = map.get(key) {
            return joined(map, all, joint, indent);
        }
    }
    match map.get("type") {
        Some(Value::Array(kinds)) => {
            union(kinds.iter().filter_map(Value::as_str).map(|kind| of_kind(kind, map, indent)))
        }
        Some(Value::String(kind)) => of_kind(kind, map, indent),
        _ if map.contains_key("properties") => object(map, indent),
        _ if map.contains_key("items") || map.contains_key("prefixItems") => list(map, indent),
        _ => "unknown".into(),
    }
}

fn joined(map: &Map<String, Value>, all: &[Value], joint: &str, indent: usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    if joint == " & " && map.contains_key("properties") {
        parts.push(object(map, indent));
    }
    for part in all {
        let part = type_of(part, indent);
        let part = if joint == " & " && part.contains(" | ") { format!("({part})") } else { part };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.iter().any(|part| part == "unknown") && joint == " | " {
        return "unknown".into();
    }
    parts.retain(|part| joint == " | " || part != "unknown");
    if parts.is_empty() { "unknown".into() } else { parts.join(joint) }
}

fn union(parts: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for part in parts {
        if !all.contains(&part) {
            all.push(part);
        }
    }
    if all.is_empty() { "never".into() } else { all.join(" | ") }
}

fn of_kind(kind: &str, map: &Map<String, Value>, indent: usize) -> String {
    match kind {
        "string" => "string".into(),
        "number" | "integer" => "number".into(),
        "boolean" => "boolean".into(),
        "null" => "null".into(),
        "array" => list(map, indent),
        "object" => object(map, indent),
        _ => "unknown".into(),
    }
}

fn list(map: &Map<String, Value>, indent: usize) -> String {
    if let Some(Value::Array(places)) = map.get("prefixItems") {
        let places: Vec<String> = places.iter().map(|place| type_of(place, indent)).collect();
        return format!("[{}]", places.join(", "));
    }
    let item = map.get("items").map_or_else(|| "unknown".into(), |items| type_of(items, indent));
    let is_plain = item.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_plain { format!("{item}[]") } else { format!("Array<{item}>") }
}

/// Whether this is what stands in the place of an attachment.
fn is_binary(map: &Map<String, Value>) -> bool {
    map.get("properties").and_then(|properties| properties.get("_placeholder")).is_some()
        || map.get("description").and_then(Value::as_str) == Some("An attachment.")
}

pub(super) fn object(map: &Map<String, Value>, indent: usize) -> String {
    if is_binary(map) {
        return "Binary".into();
    }
    let others = match map.get("additionalProperties") {
        Some(Value::Bool(false)) => None,
        None | Some(Value::Bool(true)) => Some("unknown".to_owned()),
        Some(schema) => Some(type_of(schema, indent + 1)),
    };
    let Some(Value::Object(properties)) =
        map.get("properties").filter(|all| all.as_object().is_some_and(|all| !all.is_empty()))
    else {
        return others.map_or_else(|| "Record<string, never>".into(), |others| format!("Record<string, {others}>"));
    };
    let required: Vec<&str> =
        map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text = String::from("{\n");
    let pad = "  ".repeat(indent + 1);
    for (name, schema) in properties {
        text.push_str(&comment(schema.get("description").and_then(Value::as_str), indent + 1));
        let mark = if required.contains(&name.as_str()) { "" } else { "?" };
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{pad}{}{mark}: {};", key(name), type_of(schema, indent + 1));
    }
    if others.is_some() {
        let _ = writeln!(text, "{pad}[key: string]: unknown;");
    }
    text.push_str(&"  ".repeat(indent));
    text.push('}');
    text
}

/// A doc comment, if there is something to say.
pub(super) fn comment(text: Option<&str>, indent: usize) -> String {
    let Some(text) = text else { return String::new() };
    let pad = "  ".repeat(indent);
    let safe = text.replace("*/", "*\u{200b}/");
    let lines: Vec<&str> = safe.lines().map(str::trim).collect();
    match lines.as_slice() {
        [one] => format!("{pad}/** {one} */\n"),
        lines => {
            let body: String = lines.iter().map(|line| format!("{pad} * {line}\n")).collect();
            format!("{pad}/**\n{body}{pad} */\n")
        }
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(_) | Value::Object(_) => "unknown".into(),
        plain => plain.to_string(),
    }
}

/// A name of a property, in quotes where it needs them.
pub(super) fn key(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if is_plain { name.to_owned() } else { quoted(name) }
}

/// A text as TypeScript writes it.
pub(super) fn quoted(text: &str) -> String {
    let json = Value::from(text).to_string();
    // Line separators end a line in old JavaScript, and a quote of ours needs a sign.
    let inner = json[1..json.len() - 1].replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{}'", inner.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(schema: &Value) -> String {
        type_of(schema, 0)
    }

    #[test]
    fn schemas_are_the_types_one_would_write() {
        assert_eq!(of(&json!({ "enum": ["a", "it's", 1, null] })), r"'a' | 'it\'s' | 1 | null");
        assert_eq!(of(&json!({ "type": ["string", "null"] })), "string | null");
        assert_eq!(of(&json!({ "type": "array", "items": { "$ref": "#/$defs/Mark" } })), "Mark[]");
        assert_eq!(of(&json!({ "type": "array", "items": { "enum": ["a", "b"] } })), "Array<'a' | 'b'>");
        assert_eq!(of(&json!({ "prefixItems": [{ "type": "integer" }, {}] })), "[number, unknown]");
        assert_eq!(of(&json!({ "type": "object" })), "Record<string, unknown>");
        assert_eq!(of(&json!({ "type": "object", "additionalProperties": false })), "Record<string, never>");
        assert_eq!(
            of(&json!({ "type": "object", "additionalProperties": { "type": "number" } })),
            "Record<string, number>"
        );
        assert_eq!(of(&json!({ "oneOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/$defs/B" }] })), "A | B");
        assert_eq!(of(&json!({ "allOf": [{ "$ref": "#/$defs/A" }, { "minLength": 1 }] })), "A");
        assert_eq!(of(&json!({})), "unknown");
        assert_eq!(
            of(&json!({
                "type": "object", "required": ["a"], "additionalProperties": false,
                "properties": { "a": { "type": "string", "description": "First." }, "b-c": { "type": "boolean" } }
            })),
            "{\n  /** First. */\n  a: string;\n  'b-c'?: boolean;\n}"
        );
    }

    #[test]
    fn a_comment_cannot_be_left() {
        assert!(!comment(Some("a */ b"), 0).trim_end().trim_end_matches("*/").contains("*/"));
    }
}
