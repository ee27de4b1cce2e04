//! `unknown_fields: drop`: what closed objects do not know is left out.

use serde_json::{Map, Value};

/// How deep named types are followed.
const DEPTH_MAX: usize = 64;

/// Leaves out of `value` what the closed objects of `schema` do not name; `root` has its `$defs`. Where alternatives are
/// offered, everything stays: which of them is meant is not known before it is checked.
pub(super) fn prune(schema: &Value, root: &Value, value: &mut Value) {
    at(schema, root, value, 0);
}

fn at(schema: &Value, root: &Value, value: &mut Value, depth: usize) {
    let Some(words) = schema.as_object().filter(|_| depth < DEPTH_MAX) else { return };
    if let Some(target) = words.get("$ref").and_then(Value::as_str) {
        if let Some(named) = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
            at(named, root, value, depth + 1);
        }
        return;
    }
    for all in words.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        at(all, root, value, depth + 1);
    }
    match value {
        Value::Object(map) => object(words, root, map, depth),
        Value::Array(items) => {
            if let Some(schema) = words.get("items") {
                items.iter_mut().for_each(|item| at(schema, root, item, depth + 1));
            }
        }
        _ => {}
    }
}

fn object(words: &Map<String, Value>, root: &Value, map: &mut Map<String, Value>, depth: usize) {
    let properties = words.get("properties").and_then(Value::as_object);
    let is_closed =
        words.get("additionalProperties") == Some(&Value::Bool(false)) && !words.contains_key("patternProperties");
    if is_closed {
        map.retain(|name, _| properties.is_some_and(|properties| properties.contains_key(name)));
    }
    for (name, value) in map.iter_mut() {
        if let Some(schema) = properties.and_then(|properties| properties.get(name)) {
            at(schema, root, value, depth + 1);
        }
    }
}
