//! Spans, spelling and kinds of what was read.

use super::read;
use crate::diagnostic::Diagnostics;
use crate::source::Sources;
use crate::tree::{Kind, Node, Style, Text};

fn tree(text: &str) -> (Sources, Node) {
    let mut sources = Sources::new();
    let id = sources.add("a.yaml", text);
    let mut diags = Diagnostics::new();
    let node = read(&sources, id, &mut diags);
    assert!(diags.is_empty(), "{:?}", diags.sorted());
    (sources, node.unwrap_or_else(|| panic!("{text} was not read")))
}

/// What the file has where the value of `key` stands.
fn spelt(text: &str, key: &str) -> String {
    let (sources, root) = tree(text);
    sources.slice(root.get(key).map(|node| node.span).unwrap_or_default()).to_owned()
}

/// What the file has where `part` of the value of `key` stands.
fn inner(text: &str, key: &str, part: &str) -> String {
    let (sources, root) = tree(text);
    let value: Text = root.get(key).and_then(Node::text).unwrap_or_else(|| panic!("{key} is no text"));
    let at = value.find(part).unwrap_or_else(|| panic!("{part} is not in {value}"));
    sources.slice(value.inner(at..at + part.len())).to_owned()
}

#[test]
fn values_stand_where_they_were_written() {
    assert_eq!(spelt("a: é # x\nb: 1", "a"), "é");
    assert_eq!(spelt("a: 'it''s'", "a"), "'it''s'");
    assert_eq!(spelt("a: &x text", "a"), "text");
    assert_eq!(spelt("a: |\n  one\n  two\nb: 1", "a"), "one\n  two");
    assert_eq!(spelt("a: one\n  two\nb: 1", "a"), "one\n  two");
}

#[test]
fn styles_are_those_of_the_author() {
    let style = |text: &str| tree(text).1.get("a").map(|node| node.style);
    assert_eq!(style("a: x"), Some(Style::Plain));
    assert_eq!(style("a:\n  x"), Some(Style::Plain));
    assert_eq!(style("a: 'x'"), Some(Style::SingleQuoted));
    assert_eq!(style("a:\n  \"x\""), Some(Style::DoubleQuoted));
    assert_eq!(style("a: |\n  'x'é"), Some(Style::Literal));
    assert_eq!(style("a: >-  # why\n\n  > x"), Some(Style::Folded));
    assert_eq!(style("b: x |\na: y"), Some(Style::Plain));
    assert_eq!(style("a: [x]"), Some(Style::Flow));
    assert_eq!(style("a:\n  - x"), Some(Style::Block));
}

#[test]
fn brackets_are_whole() {
    assert_eq!(spelt("a: { b: [1, 2], }\nc: 1", "a"), "{ b: [1, 2], }");
    assert_eq!(spelt("a: [\n  1, # one ]\n  2\n]\nc: 1", "a"), "[\n  1, # one ]\n  2\n]");
    assert_eq!(spelt("a: {}\nb: []", "a"), "{}");
    assert_eq!(spelt("a: { b: }", "a"), "{ b: }");
    assert_eq!(spelt("x: &x [1, 2]\na: [*x, *x]\n", "a"), "[*x, *x]");
}

#[test]
fn blocks_go_from_the_first_key_to_the_last_value() {
    assert_eq!(spelt("# top\na:\n  b: 1\n  c: [2]\nd: 1", "a"), "b: 1\n  c: [2]");
    assert_eq!(spelt("a:\n  - 1\n  - b: 2\nc: 3", "a"), "- 1\n  - b: 2");
    let (sources, root) = tree("# top\n\na: 1\nb: 2\n# end\n");
    assert_eq!(sources.slice(root.span), "a: 1\nb: 2");
}

#[test]
fn a_part_of_a_text_is_found_in_the_file() {
    assert_eq!(inner("a: class:<classId>", "a", "classId"), "classId");
    assert_eq!(inner("a: 'é <x>'", "a", "<x>"), "<x>");
    assert_eq!(inner("a: \"é <x>\"", "a", "<x>"), "<x>");
    assert_eq!(inner("a: |\n  select 1\n   where x = :y\n", "a", ":y"), ":y");
    assert_eq!(inner("a: >-\n  folded <x>\n  and <y>\n", "a", "<y>"), "<y>");
    assert_eq!(inner("a: plain <x>\n  and <y>\n", "a", "<y>"), "<y>");
}

#[test]
fn a_part_of_a_text_with_escapes_is_the_whole_text() {
    assert_eq!(inner("a: 'it''s <x>'", "a", "<x>"), "'it''s <x>'");
    assert_eq!(inner("a: \"a\\tb <x>\"", "a", "<x>"), "\"a\\tb <x>\"");
}

#[test]
fn a_part_over_two_lines_goes_from_the_first_to_the_second() {
    assert_eq!(inner("a: one\n  two", "a", "one two"), "one\n  two");
}

#[test]
fn kinds_are_those_of_yaml_1_2() {
    let kinds = |text: &str| -> String {
        let (_, root) = tree(&format!("a: {text}"));
        root.get("a").map(|node| format!("{:?}", node.kind)).unwrap_or_default()
    };
    assert_eq!(kinds("true"), "Bool(true)");
    assert_eq!(kinds("yes"), "Str(\"yes\")");
    assert_eq!(kinds("on"), "Str(\"on\")");
    assert_eq!(kinds("007"), "Str(\"007\")");
    assert_eq!(kinds("12_000"), "Str(\"12_000\")");
    assert_eq!(kinds("-5"), "Int(-5)");
    assert_eq!(kinds("1.5"), "Float(1.5)");
    assert_eq!(kinds("99999999999999999999"), "Float(1e20)");
    assert_eq!(kinds(".inf"), "Str(\".inf\")");
    assert_eq!(kinds("~"), "Null");
    assert_eq!(kinds("'5'"), "Str(\"5\")");
    assert_eq!(kinds("2024-01-01"), "Str(\"2024-01-01\")");
    assert_eq!(kinds("1:30"), "Str(\"1:30\")");
}

#[test]
fn scalars_and_keys_are_text_in_the_authors_letters() {
    let (_, root) = tree("404: 1.50\n~: true\n");
    let entries = root.as_map().unwrap_or_default();
    let told: Vec<_> = entries
        .iter()
        .map(|(key, value)| format!("{key}={}", value.text().map(|text| text.value).unwrap_or_default()))
        .collect();
    assert_eq!(told, ["404=1.50", "~=true"]);
}

#[test]
fn aliases_stand_for_what_they_name() {
    let (sources, root) = tree("a: &x { b: <c> }\nd: *x\n");
    let aliased = root.get("d").and_then(|node| node.get("b"));
    assert_eq!(sources.slice(aliased.map(|node| node.span).unwrap_or_default()), "<c>");
}

#[test]
fn a_tree_becomes_json() {
    let (_, root) = tree("a: [1, 2.5, true, ~, 'x']\n");
    assert_eq!(root.to_json(), serde_json::json!({ "a": [1, 2.5, true, null, "x"] }));
    assert!(matches!(root.kind, Kind::Map(_)));
}
