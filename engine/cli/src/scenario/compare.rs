//! Whether what came is what was expected: objects may have more, lists may not; `<any>` stands for anything, and
//! `<absent>` for a property that must not be there.

use homeroom_definition::{Kind, Node, Span};
use serde_json::Value;

/// Stands for any value, in what is expected.
const ANY: &str = "<any>";

/// Stands for nothing: a property that somebody must not get to see.
const ABSENT: &str = "<absent>";

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where, from the argument inwards: `grade.score`, `[0].id`; empty: the whole.
    pub path: String,
    /// What was expected, as its author wrote it.
    pub span: Span,
    /// What was expected; `None`: that nothing is there.
    pub expected: Option<Value>,
    /// What is there; `None`: nothing.
    pub actual: Option<Value>,
}

impl Difference {
    /// What came instead, in a few words.
    #[must_use]
    pub fn told(&self) -> String {
        match (&self.expected, &self.actual) {
            (Some(Value::Array(wanted)), Some(Value::Array(there))) => {
                format!("{} items came instead of {}", there.len(), wanted.len())
            }
            (Some(_), Some(actual)) => format!("{} came", short(actual)),
            (Some(_), None) => "this did not come".to_owned(),
            (None, Some(actual)) => format!("{} is there", short(actual)),
            (None, None) => String::new(),
        }
    }
}

/// Every place where arguments are not as expected; how many there are counts, too.
pub(super) fn differences_of(expected: &[Node], actual: &[Value]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (at, expected) in expected.iter().enumerate() {
        let path = if at == 0 { String::new() } else { format!("argument {}", at + 1) };
        walk(&path, expected, actual.get(at), &mut found);
    }
    let span = expected.last().map_or_else(Span::default, |last| last.span);
    found.extend(actual.iter().enumerate().skip(expected.len()).map(|(at, more)| Difference {
        path: format!("argument {}", at + 1),
        span,
        expected: None,
        actual: Some(more.clone()),
    }));
    found
}

fn walk(path: &str, expected: &Node, actual: Option<&Value>, found: &mut Vec<Difference>) {
    let expected_text = expected.as_str();
    match (&expected.kind, actual) {
        (_, Some(_)) if expected_text == Some(ANY) => {}
        (_, None) if expected_text == Some(ABSENT) => {}
        (Kind::Map(wanted), Some(Value::Object(there))) => {
            for (name, wanted) in wanted {
                walk(&below(path, &name.value), wanted, there.get(&name.value), found);
            }
        }
        (Kind::Seq(wanted), Some(Value::Array(there))) if wanted.len() == there.len() => {
            for (index, (wanted, there)) in wanted.iter().zip(there).enumerate() {
                walk(&format!("{path}[{index}]"), wanted, Some(there), found);
            }
        }
        (_, Some(actual)) if equals(&expected.to_json(), actual) => {}
        _ => found.push(Difference {
            path: path.to_owned(),
            span: expected.span,
            expected: (expected_text != Some(ABSENT)).then(|| expected.to_json()),
            actual: actual.cloned(),
        }),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// `1` and `1.0` are one number.
fn equals(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Number(wanted), Value::Number(there)) => wanted.as_f64() == there.as_f64(),
        _ => expected == actual,
    }
}

/// A value on a line, cut where it is long.
pub(super) fn short(value: &Value) -> String {
    const CHARS_MAX: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

/// What a value is expected to be, if anything is said of it at all.
pub(super) fn expects(expected: &Value) -> Expectation {
    match expected.as_str() {
        Some(ANY) => Expectation::Any,
        Some(ABSENT) => Expectation::Nothing,
        _ => Expectation::This,
    }
}

/// What is expected of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    /// That it is there.
    Any,
    /// That it is not there.
    Nothing,
    /// That it is this one.
    This,
}

/// Whether `actual`, which stands where `expected` does, is as expected by itself, whatever is below it.
pub(super) fn alike(expected: &Value, actual: &Value) -> bool {
    match (expects(expected), expected, actual) {
        (Expectation::Any, ..) => true,
        (Expectation::Nothing, ..) => false,
        (_, Value::Object(_), Value::Object(_)) => true,
        (_, Value::Array(wanted), Value::Array(there)) => wanted.len() == there.len(),
        _ => equals(expected, actual),
    }
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
    use homeroom_definition::{Diagnostics, Sources, yaml};
    use serde_json::json;

    use super::*;

    fn told(expected: &str, actual: &Value) -> Vec<String> {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let source = sources.add("a.yaml", expected);
        let node = yaml::read(&sources, source, &mut diagnostics).expect("it is YAML");
        let found = differences_of(std::slice::from_ref(&node), std::slice::from_ref(actual));
        found.iter().map(|it| format!("{}: {} at {}", it.path, it.told(), sources.slice(it.span))).collect()
    }

    #[test]
    fn objects_match_in_part_and_lists_as_a_whole() {
        assert!(told("{ a: 1 }", &json!({"a": 1.0, "b": 2})).is_empty());
        assert!(told("{ a: <any> }", &json!({"a": [1]})).is_empty());
        assert_eq!(told("[1, 2]", &json!([1])), [": 1 items came instead of 2 at [1, 2]"]);
        assert_eq!(told("{ a: { b: 1 } }", &json!({"a": {}})), ["a.b: this did not come at 1"]);
        assert_eq!(told("{ a: [{ b: 1 }] }", &json!({"a": [{"b": 2}]})), ["a[0].b: 2 came at 1"]);
    }

    #[test]
    fn every_difference_is_found_at_its_place() {
        let found = told("{ a: 1, b: { c: x }, d: true }", &json!({"a": 2, "b": {"c": "y"}, "d": true}));
        assert_eq!(found, ["a: 2 came at 1", "b.c: \"y\" came at x"]);
    }

    #[test]
    fn what_must_not_be_there_is_missed_by_nobody() {
        assert!(told("{ a: <absent> }", &json!({"b": 1})).is_empty());
        assert_eq!(told("{ a: <absent> }", &json!({"a": null})), ["a: null is there at <absent>"]);
        assert_eq!(told("{ a: <any> }", &json!({})), ["a: this did not come at <any>"]);
    }

    #[test]
    fn a_code_is_found_wherever_an_envelope_puts_it() {
        assert!(mentions(&json!([{"error": {"kind": "FULL"}}]), "FULL"));
        assert!(!mentions(&json!({"error": "FULLER"}), "FULL"));
    }
}
