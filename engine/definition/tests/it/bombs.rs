//! Files made to exhaust the reader end in one clean error.

use homeroom_definition::{Diagnostics, Sources, codes, parse};

fn code_of(text: String) -> &'static str {
    let mut sources = Sources::new();
    let id = sources.add("bomb.yaml", text);
    let mut diags = Diagnostics::new();
    assert!(parse(&sources, id, &mut diags).is_none());
    let sorted = diags.sorted();
    assert_eq!(sorted.len(), 1, "{sorted:?}");
    sorted[0].code
}

#[test]
fn aliases_of_aliases() {
    let mut text = "types:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("  a{level}: &a{level} [{items}]\n");
    }
    assert_eq!(code_of(text), codes::TOO_BIG);
}

#[test]
fn aliases_of_one_value() {
    let items = |item: &str, count| vec![item; count].join(", ");
    let text = format!("types:\n  a: &a [{}]\n  b: [{}]\n", items("x", 1_000), items("*a", 50));
    assert_eq!(code_of(text), codes::TOO_BIG);
}

#[test]
fn depth_in_brackets() {
    assert_eq!(code_of("[".repeat(20_000) + &"]".repeat(20_000)), codes::TOO_BIG);
}

#[test]
fn depth_that_is_never_closed() {
    assert_eq!(code_of("[".repeat(100_000)), codes::TOO_BIG);
}

#[test]
fn depth_by_indentation() {
    let text: String = (0..500).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert_eq!(code_of(text), codes::TOO_BIG);
}

#[test]
fn depth_of_items_in_one_line() {
    assert_eq!(code_of("- ".repeat(5_000) + "x"), codes::TOO_BIG);
}

#[test]
fn many_values() {
    let text: String =
        std::iter::once("types:\n".to_owned()).chain((0..210_000).map(|i| format!("  a{i}: x\n"))).collect();
    assert_eq!(code_of(text), codes::TOO_BIG);
}

#[test]
fn many_bytes() {
    assert_eq!(code_of(format!("description: {}", "x".repeat(5 << 20))), codes::TOO_BIG);
}
