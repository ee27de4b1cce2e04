//! From a tree to typed records: what every type of the language can do, and what is told when it cannot.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::codes;
pub use crate::containers::{Many, Table};
use crate::diagnostic::{Diagnostic, Diagnostics};
pub use crate::record;
use crate::source::Span;
pub use crate::tree::Text;
use crate::tree::{Kind, Node, Style};

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
