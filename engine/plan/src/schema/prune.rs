//! `unknown_fields: drop`: what closed objects do not know is left out.

use serde_json::{Map, Value};

/// How deep named types and values are followed; what lies deeper stays, and is refused if it is not known.
const DEPTH_MAX: usize = 64;

/// Leaves out of `value` what the closed objects of `schema` do not name; `root` has its `$defs`. Where alternatives are
/// offered, everything stays: which of them is meant is not known before it is checked.
pub(super) fn prune(schema: &Value, root: &Value, value: &mut Value) {
    at(schema, root, value, 0);
}

fn at(schema: &Value, root: &Value, value: &mut Value, depth: usize) {
    let Some(words) = schema.as_object().filter(|_| depth < DEPTH_MAX) else { return };
    let named = words.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    if let Some(schema) = named.and_then(|pointer| root.pointer(pointer)) {
        at(schema, root, value, depth + 1);
    }
    for all in words.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        at(all, root, value, depth + 1);
    }
    match value {
        Value::Object(map) => object(words, root, map, depth),
        Value::Array(items) => list(words, root, items, depth),
        _ => {}
    }
}

fn list(words: &Map<String, Value>, root: &Value, items: &mut [Value], depth: usize) {
    let first = words.get("prefixItems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (index, item) in items.iter_mut().enumerate() {
        if let Some(schema) = first.get(index).or_else(|| words.get("items")) {
            at(schema, root, item, depth + 1);
        }
    }
}

fn object(words: &Map<String, Value>, root: &Value, map: &mut Map<String, Value>, depth: usize) {
    let named = |name: &str| words.get("properties").and_then(|properties| properties.get(name));
    let has_patterns = words.contains_key("patternProperties");
    let others = words.get("additionalProperties").filter(|_| !has_patterns);
    if others == Some(&Value::Bool(false)) {
        map.retain(|name, _| named(name).is_some());
    }
    for (name, value) in map.iter_mut() {
        if let Some(schema) = named(name).or(others) {
            at(schema, root, value, depth + 1);
        }
    }
}
