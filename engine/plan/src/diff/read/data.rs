//! Texts with holes and values with holes, in one form.

use homeroom_definition::{Kind, Node, Piece, split};

use super::expr;
use super::scope::Scope;

/// A text with holes.
pub(crate) fn text(text: &str, scope: &Scope) -> String {
    match split(text) {
        Ok(pieces) => pieces_form(text, &pieces, scope),
        Err(_) => text.to_owned(),
    }
}

/// Some pieces of a text; one hole alone is the value itself.
pub(crate) fn pieces_form(text: &str, pieces: &[Piece], scope: &Scope) -> String {
    if let [Piece::Hole(range)] = pieces {
        return expr::value(&text[range.clone()], scope);
    }
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Literal(range) => format!("{:?}", &text[range.clone()]),
        Piece::Hole(range) => expr::value(&text[range.clone()], scope),
    });
    if pieces.is_empty() { "\"\"".to_owned() } else { parts.collect::<Vec<_>>().join(" ~ ") }
}

/// A value with holes; the order of keys counts for nothing.
pub(crate) fn data(node: &Node, scope: &Scope) -> String {
    match &node.kind {
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => node.to_json().to_string(),
        Kind::Str(value) => text(value, scope),
        Kind::Seq(items) => format!("[{}]", items.iter().map(|item| data(item, scope)).collect::<Vec<_>>().join(",")),
        Kind::Map(entries) => {
            let mut all: Vec<String> =
                entries.iter().map(|(key, value)| format!("{:?}:{}", key.value, data(value, scope))).collect();
            all.sort();
            format!("{{{}}}", all.join(","))
        }
    }
}
