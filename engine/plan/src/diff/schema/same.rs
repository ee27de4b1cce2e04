//! Whether two schemas say the same in the same way: annotations, order of keys and names of types left aside.

use serde_json::{Map, Value};

use super::parts::{ANNOTATIONS, Rooted, resolve};

/// How deep schemas are followed.
const DEPTH_MAX: usize = 48;

/// Whether both say the same. `false` may only mean that it is said in another way.
pub(super) fn same(a: Rooted<'_>, b: Rooted<'_>) -> bool {
    schemas(a, b, &mut Vec::new(), 0)
}

/// Whether what stands under one keyword is the same.
pub(super) fn same_keyword(keyword: &str, a: Rooted<'_>, b: Rooted<'_>) -> bool {
    under(keyword, a, b, &mut Vec::new(), 0)
}

type Assumed = Vec<(*const Value, *const Value)>;

fn schemas(a: Rooted<'_>, b: Rooted<'_>, assumed: &mut Assumed, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    let (a, b) = (followed(a), followed(b));
    let pair = (std::ptr::from_ref(a.schema), std::ptr::from_ref(b.schema));
    if assumed.contains(&pair) {
        return true;
    }
    assumed.push(pair);
    let equal = match (a.schema, b.schema) {
        (Value::Object(one), Value::Object(other)) => {
            let (one, other) = (asserted(one), asserted(other));
            one.len() == other.len()
                && one.iter().all(|(keyword, value)| {
                    let there = other.iter().find(|(known, _)| known == keyword);
                    there.is_some_and(|(_, there)| under(keyword, a.at(value), b.at(there), assumed, depth + 1))
                })
        }
        (Value::Object(map), Value::Bool(true)) | (Value::Bool(true), Value::Object(map)) => asserted(map).is_empty(),
        (one, other) => one == other,
    };
    if !equal {
        assumed.retain(|known| *known != pair);
    }
    equal
}

/// A schema that is nothing but a reference, followed.
fn followed(mut at: Rooted<'_>) -> Rooted<'_> {
    for _ in 0..DEPTH_MAX {
        let Some(map) = at.schema.as_object().filter(|map| asserted(map).len() == 1) else { return at };
        let target = map.get("$ref").and_then(Value::as_str).and_then(|name| resolve(name, at.root));
        match target {
            Some(target) => at = at.at(target),
            None => return at,
        }
    }
    at
}

fn asserted(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    map.iter().filter(|(keyword, _)| !ANNOTATIONS.contains(&keyword.as_str())).collect()
}

fn under(keyword: &str, a: Rooted<'_>, b: Rooted<'_>, assumed: &mut Assumed, depth: usize) -> bool {
    match (keyword, a.schema, b.schema) {
        ("$ref", Value::String(one), Value::String(other)) => match (resolve(one, a.root), resolve(other, b.root)) {
            (Some(one), Some(other)) => schemas(a.at(one), b.at(other), assumed, depth),
            _ => false,
        },
        ("const" | "default", one, other) => one == other,
        ("enum" | "required" | "type", Value::Array(one), Value::Array(other)) => {
            one.iter().all(|value| other.contains(value)) && other.iter().all(|value| one.contains(value))
        }
        (
            "properties" | "patternProperties" | "dependentSchemas" | "dependentRequired",
            Value::Object(one),
            Value::Object(other),
        ) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| {
                    let there = other.get(name);
                    there.is_some_and(|there| match keyword {
                        "dependentRequired" => under("required", a.at(value), b.at(there), assumed, depth),
                        _ => schemas(a.at(value), b.at(there), assumed, depth + 1),
                    })
                })
        }
        ("anyOf" | "oneOf" | "allOf", Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && pairs_up(one, other, |one, other| schemas(a.at(one), b.at(other), &mut assumed.clone(), depth + 1))
        }
        ("prefixItems", Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| schemas(a.at(one), b.at(other), assumed, depth + 1))
        }
        (_, Value::Object(_) | Value::Bool(_), Value::Object(_) | Value::Bool(_)) => schemas(a, b, assumed, depth + 1),
        (_, one, other) => one == other,
    }
}

/// Whether each of `one` has a partner of its own among `other`.
fn pairs_up(one: &[Value], other: &[Value], mut same: impl FnMut(&Value, &Value) -> bool) -> bool {
    let mut left: Vec<&Value> = other.iter().collect();
    one.iter().all(|value| match left.iter().position(|there| same(value, there)) {
        Some(at) => {
            left.swap_remove(at);
            true
        }
        None => false,
    })
}
