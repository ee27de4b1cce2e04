//! Text, free values, and what may be absent or repeated, read from a tree.

use std::borrow::Cow;

use schemars::{Schema, SchemaGenerator, json_schema};

use super::{FromNode, Reader, wrong_kind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::tree::{Kind, Node, Style, Text};

impl FromNode for Text {
    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        let text = node.text();
        if text.is_none() {
            cx.wrong_kind::<Self>(node);
        }
        text
    }

    fn expects() -> Cow<'static, str> {
        "text".into()
    }

    /// A number or boolean is taken in the author's letters: `when: true`, `refuse: 404`.
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl FromNode for Node {
    const NULL_IS_A_VALUE: bool = true;

    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        tell_blanks(node, cx);
        Some(node.clone())
    }

    fn expects() -> Cow<'static, str> {
        "any value".into()
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        Schema::from(true)
    }
}

/// Within free values, a key without a value is null, which is better written.
fn tell_blanks(node: &Node, cx: &mut Reader<'_>) {
    match &node.kind {
        Kind::Seq(items) => items.iter().for_each(|item| tell_blanks(item, cx)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                if value.is_blank() {
                    cx.tell(blank_value(key));
                }
                tell_blanks(value, cx);
            }
        }
        _ => {}
    }
}

fn blank_value(key: &Text) -> Diagnostic {
    Diagnostic::warning(codes::BLANK, key.span, format!("nothing stands after `{key}:`"))
        .label("read as null")
        .help("write `null` if it is meant")
}

impl<T: FromNode> FromNode for Option<T> {
    const NULL_IS_A_VALUE: bool = T::NULL_IS_A_VALUE;

    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        let absent = if T::NULL_IS_A_VALUE { node.is_blank() } else { node.is_null() };
        if absent {
            return Some(None);
        }
        T::from_node(node, cx).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn expects() -> Cow<'static, str> {
        T::expects()
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }
}

impl<T: FromNode> FromNode for Box<T> {
    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        T::from_node(node, cx).map(Box::new)
    }

    fn expects() -> Cow<'static, str> {
        T::expects()
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Null => Some(Self::new()),
            Kind::Seq(items) => Some(items.iter().filter_map(|item| list_item(item, cx)).collect()),
            _ => {
                cx.tell(not_a_list::<T>(node));
                None
            }
        }
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn expects() -> Cow<'static, str> {
        format!("a list of {}", plural(&T::expects())).into()
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": T::schema(generator) })
    }
}

/// An item of a list; a blank one is told, and left out.
pub(crate) fn list_item<T: FromNode>(item: &Node, cx: &mut Reader<'_>) -> Option<T> {
    if item.is_null() && !T::NULL_IS_A_VALUE {
        let words = Diagnostic::warning(codes::BLANK, item.span, "nothing stands in this item of the list")
            .help("remove its `-`, or give it a value");
        cx.tell(words);
        return None;
    }
    T::from_node(item, cx)
}

fn not_a_list<T: FromNode>(node: &Node) -> Diagnostic {
    let told = wrong_kind(node, &<Vec<T>>::expects());
    match node.kind {
        Kind::Map(ref entries) if node.style == Style::Block && is_one_line(entries) => {
            told.fix(node.span.before(), "- ", "make it an item of a list")
        }
        Kind::Map(_) | Kind::Str(_) => told.help("begin it with `- `, or put it in `[ ]`"),
        _ => told,
    }
}

/// Whether a `- ` before the first key makes an item of the whole, with nothing below it to be moved.
fn is_one_line(entries: &[(Text, Node)]) -> bool {
    let [(_, value)] = entries else { return false };
    !matches!(value.style, Style::Block | Style::Literal | Style::Folded)
}

/// "a step" as "steps", "text" as "texts".
pub(crate) fn plural(expected: &str) -> String {
    let bare = expected.strip_prefix("a ").or_else(|| expected.strip_prefix("an ")).unwrap_or(expected);
    match bare {
        "any value" => "values".to_owned(),
        _ if bare.ends_with('y') && !bare.ends_with("ey") => {
            format!("{}ies", &bare[..bare.len() - 1])
        }
        _ => format!("{bare}s"),
    }
}
