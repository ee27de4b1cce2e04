//! Whether what came is what was expected: objects may have more, lists may not; `<any>` stands for anything, and
//! `<absent>` for a property that must not be there.

use serde_json::Value;

/// Stands for any value, in what is expected.
const ANY: &str = "<any>";

/// Stands for nothing: a property that somebody must not get to see.
const ABSENT: &str = "<absent>";

/// Where and how `actual` is not as expected; `None` if it is.
pub(super) fn difference(expected: &Value, actual: &Value) -> Option<String> {
    at("", expected, actual)
}

fn at(path: &str, expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::String(any), _) if any == ANY => None,
        (Value::Object(wanted), Value::Object(there)) => wanted.iter().find_map(|(name, wanted)| {
            let path = format!("{path}.{name}");
            match (there.get(name), is_absent(wanted)) {
                (None, true) => None,
                (Some(_), true) => Some(format!("{} is there", named(&path))),
                (Some(actual), false) => at(&path, wanted, actual),
                (None, false) => Some(format!("{} is not there", named(&path))),
            }
        }),
        (Value::Array(wanted), Value::Array(there)) => {
            if wanted.len() != there.len() {
                return Some(format!("{} has {} items instead of {}", named(path), there.len(), wanted.len()));
            }
            let mut items = wanted.iter().zip(there).enumerate();
            items.find_map(|(index, (wanted, actual))| at(&format!("{path}[{index}]"), wanted, actual))
        }
        (Value::Number(wanted), Value::Number(there)) if wanted.as_f64() == there.as_f64() => None,
        _ if expected == actual => None,
        _ => Some(format!("{} is {actual} instead of {expected}", named(path))),
    }
}

fn is_absent(expected: &Value) -> bool {
    expected == ABSENT
}

fn named(path: &str) -> &str {
    if path.is_empty() { "it" } else { path.trim_start_matches('.') }
}

/// Whether a refusal's code stands anywhere in an answer; envelopes may put it where they like.
pub(super) fn mentions(answer: &Value, code: &str) -> bool {
    match answer {
        Value::String(text) => text == code,
        Value::Array(items) => items.iter().any(|item| mentions(item, code)),
        Value::Object(map) => map.values().any(|value| mentions(value, code)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_match_in_part_and_lists_as_a_whole() {
        assert_eq!(difference(&json!({"a": 1}), &json!({"a": 1, "b": 2})), None);
        assert_eq!(difference(&json!({"a": "<any>"}), &json!({"a": [1]})), None);
        assert_eq!(difference(&json!([1, 2]), &json!([1])).as_deref(), Some("it has 1 items instead of 2"));
        assert_eq!(difference(&json!({"a": {"b": 1}}), &json!({"a": {}})).as_deref(), Some("a.b is not there"));
        assert_eq!(
            difference(&json!({"a": [{"b": 1}]}), &json!({"a": [{"b": 2}]})).as_deref(),
            Some("a[0].b is 2 instead of 1")
        );
    }

    #[test]
    fn what_must_not_be_there_is_missed_by_nobody() {
        assert_eq!(difference(&json!({"a": "<absent>"}), &json!({"b": 1})), None);
        assert_eq!(difference(&json!({"a": "<absent>"}), &json!({"a": null})).as_deref(), Some("a is there"));
    }

    #[test]
    fn a_code_is_found_wherever_an_envelope_puts_it() {
        assert!(mentions(&json!([{"error": {"kind": "FULL"}}]), "FULL"));
        assert!(!mentions(&json!({"error": "FULLER"}), "FULL"));
    }
}
