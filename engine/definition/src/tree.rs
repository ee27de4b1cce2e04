//! A file as a tree: every value with its place, every text with what is needed to point into it.

use std::ops::Range;
use std::sync::Arc;

use crate::source::Span;

/// A value of a file, and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands, quotes and brackets included.
    pub span: Span,
    /// How a scalar was written; of a list or map: [`Style::Flow`] or [`Style::Block`].
    pub style: Style,
    pub(crate) spelling: Spelling,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`; `yes` and `on` are text.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number; also a whole number that is too big for [`Kind::Int`].
    Float(f64),
    /// Text.
    Str(String),
    /// A list.
    Seq(Vec<Node>),
    /// A map, in the author's order.
    Map(Vec<(Text, Node)>),
}

/// How a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text without quotes.
    Plain,
    /// `'text'`
    SingleQuoted,
    /// `"text"`
    DoubleQuoted,
    /// `|` and lines.
    Literal,
    /// `>` and lines.
    Folded,
    /// A list or map in `[ ]` or `{ }`.
    Flow,
    /// A list or map by indentation.
    Block,
}

/// The author's letters of a scalar, and where they stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spelling {
    /// As it was written, for a scalar that is not text: `007`, `1e3`, `true`.
    pub(crate) written: Option<Arc<str>>,
    /// Where each line of the value begins in the value and in the file, while both have the same letters; empty when they differ.
    pub(crate) lines: Arc<[Line]>,
}

/// A stretch of letters that is the same in the value and in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) value_start: usize,
    pub(crate) file_start: usize,
    pub(crate) len: usize,
}

impl Node {
    /// A value that no file spells, standing for `span`.
    pub fn new(kind: Kind, span: Span) -> Self {
        Self { kind, span, style: Style::Plain, spelling: Spelling::default() }
    }

    /// The scalar as text; a number or boolean in the author's own letters. None for null, lists and maps.
    pub fn text(&self) -> Option<Text> {
        let value = match &self.kind {
            Kind::Str(text) => text.clone(),
            Kind::Bool(value) => self.written_or(value),
            Kind::Int(value) => self.written_or(value),
            Kind::Float(value) => self.written_or(value),
            Kind::Null | Kind::Seq(_) | Kind::Map(_) => return None,
        };
        Some(Text { value, span: self.span, style: self.style, lines: Arc::clone(&self.spelling.lines) })
    }

    fn written_or(&self, value: &dyn ToString) -> String {
        self.spelling.written.as_deref().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// The text, if it is text and nothing else.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number.
    pub fn as_int(&self) -> Option<i64> {
        match self.kind {
            Kind::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a map, in order.
    pub fn as_map(&self) -> Option<&[(Text, Node)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(name, _)| name.value == key).map(|(_, value)| value)
    }

    /// Whether it is null, written or blank.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// Whether nothing at all was written.
    pub fn is_blank(&self) -> bool {
        self.is_null() && self.span.is_empty()
    }

    /// What it is, for a sentence: "a list", "text".
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) | Kind::Float(_) => "a number",
            Kind::Str(_) => "text",
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    /// The value as JSON, places forgotten. A number that JSON cannot say becomes null.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(value) => Value::from(*value),
            Kind::Float(value) => Value::from(*value),
            Kind::Str(text) => Value::String(text.clone()),
            Kind::Seq(items) => items.iter().map(Node::to_json).collect(),
            Kind::Map(entries) => entries.iter().map(|(key, value)| (key.value.clone(), value.to_json())).collect(),
        }
    }
}

/// Text of a file, with its place.
///
/// Two are equal when their values are.
#[derive(Clone, Debug)]
pub struct Text {
    /// The text itself: quotes, escapes and indentation undone.
    pub value: String,
    /// Where it stands, quotes included.
    pub span: Span,
    /// How it was written.
    pub style: Style,
    lines: Arc<[Line]>,
}

impl Text {
    /// A text that no file spells, standing for `span`.
    pub fn new(value: impl Into<String>, span: Span) -> Self {
        Self { value: value.into(), span, style: Style::Plain, lines: Arc::from([]) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Whether it was written without quotes.
    pub fn is_plain(&self) -> bool {
        self.style == Style::Plain
    }

    /// Where the bytes `range` of the value stand in the file; the whole text where escapes make that unclear.
    pub fn inner(&self, range: Range<usize>) -> Span {
        let start = self.place(range.start, |line| line.value_start <= range.start);
        let end = if range.is_empty() { start } else { self.place(range.end, |line| line.value_start < range.end) };
        match (start, end) {
            (Some(start), Some(end)) if start <= end => Span::new(self.span.source, start, end),
            _ => self.span,
        }
    }

    /// The place of an offset, by the last line that fits; an offset between two lines is the end of the earlier.
    fn place(&self, at: usize, fits: impl Fn(&Line) -> bool) -> Option<usize> {
        let line = self.lines.iter().rev().find(|line| fits(line))?;
        Some(line.file_start + (at - line.value_start).min(line.len))
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.value)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.value == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.value == *other
    }
}
