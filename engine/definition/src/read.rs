//! From a tree to typed records: what every type of the language can do, and what is told when it cannot.

mod containers;
mod values;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};

pub use self::containers::{Many, Table};
use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics};
pub use crate::record;
use crate::source::Span;
use crate::tree::Node;
pub use crate::tree::Text;

/// A type that can be read from a file, described for editors, and named in the reference.
///
/// `null` is handed to [`from_node`](FromNode::from_node) only where it is a value.
pub trait FromNode: Sized {
    /// Whether `null` is a value here, and not the same as nothing.
    const NULL_IS_A_VALUE: bool = false;

    /// Reads `node`. `None` if it cannot be this type; `cx` then knows why.
    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self>;

    /// What a missing key stands for; `None` if it must be there.
    fn absent() -> Option<Self> {
        None
    }

    /// What a key with nothing after it is read as; `None` if it needs a value.
    fn empty(_span: Span) -> Option<Self> {
        Self::absent()
    }

    /// What is expected, for a sentence: "text", "a list of steps".
    fn expects() -> Cow<'static, str>;

    /// Its JSON Schema, for editors.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// What reading shares: where mistakes are told.
#[derive(Debug)]
pub struct Reader<'a> {
    diags: &'a mut Diagnostics,
}

impl<'a> Reader<'a> {
    /// A reader that tells its mistakes to `diags`.
    pub fn new(diags: &'a mut Diagnostics) -> Self {
        Self { diags }
    }

    /// Tells a mistake.
    pub fn tell(&mut self, diagnostic: Diagnostic) {
        self.diags.push(diagnostic);
    }

    /// Tells that `node` is of the wrong kind for a `T`.
    pub fn wrong_kind<T: FromNode>(&mut self, node: &Node) {
        self.tell(wrong_kind(node, &T::expects()));
    }

    /// The value under `key`, for a record or a table; says so where nothing stands there.
    pub fn value<T: FromNode>(&mut self, key: &Text, node: &Node) -> Option<T> {
        if !node.is_null() || T::NULL_IS_A_VALUE {
            return T::from_node(node, self);
        }
        let empty = T::empty(node.span);
        self.tell(match empty {
            Some(_) => blank(key, node),
            None => blank_but_needed(key, node, &T::expects()),
        });
        empty
    }
}

/// "expected a list, found text", at `node`.
pub fn wrong_kind(node: &Node, expected: &str) -> Diagnostic {
    Diagnostic::error(codes::WRONG_KIND, node.span, format!("expected {expected}, found {}", node.kind_name()))
        .label(format!("expected {expected}"))
}

fn blank(key: &Text, node: &Node) -> Diagnostic {
    Diagnostic::warning(codes::BLANK, key.span, nothing_after(key, node))
        .label("read as empty")
        .help("remove the key, or give it a value")
}

fn blank_but_needed(key: &Text, node: &Node, expected: &str) -> Diagnostic {
    Diagnostic::error(codes::BLANK, key.span, nothing_after(key, node)).label(format!("needs {expected}"))
}

fn nothing_after(key: &Text, node: &Node) -> String {
    match node.is_blank() {
        true => format!("nothing stands after `{key}:`"),
        false => format!("`{key}:` is null"),
    }
}

/// A record as JSON Schema sees it: a closed object with a description on every key.
pub trait Record: FromNode + JsonSchema {
    /// Its name in the schema and the reference.
    const NAME: &'static str;
    /// The lines of its doc comment.
    const DOC: &'static [&'static str];
    /// Its keys, in order.
    fn fields() -> Vec<Field>;
}

/// A key of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// The key, as an author writes it.
    pub key: &'static str,
    /// The lines of its doc comment.
    pub doc: &'static [&'static str],
    /// What is expected there.
    pub expects: Cow<'static, str>,
    /// Whether it must be there.
    pub required: bool,
}

/// The lines of a doc comment as one paragraph.
pub(crate) fn prose(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// "`sql:` is missing", at the record that lacks it.
pub(crate) fn missing_key(span: Span, record: &str, key: &str, doc: &[&str]) -> Diagnostic {
    let doc = prose(doc);
    let first = doc.split(". ").next().unwrap_or_default().trim_end_matches('.');
    Diagnostic::error(codes::MISSING_KEY, span, format!("`{key}:` is missing"))
        .label(format!("this {record} needs it"))
        .help(format!("add `{key}:`, {}", lower_first(first)))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
