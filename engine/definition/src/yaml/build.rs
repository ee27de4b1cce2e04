//! The library's values and the text brought together: spans, spelling, whole brackets; keys become text, each once.

use std::collections::HashMap;

use serde_saphyr::{Location, Spanned};

use super::align::{align, block_style, scalar_style};
use super::{Raw, traps};
use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};
use crate::tree::{Kind, Node, Spelling, Style, Text};

/// The tree of `raw`, which was read from `text`.
pub(super) fn tree(text: &str, id: SourceId, raw: Spanned<Raw>, diags: &mut Diagnostics) -> Node {
    Builder { text, id, diags }.node(raw, false).node
}

/// What the functions here share: the file, and where to tell.
pub(super) struct Builder<'a> {
    pub(super) text: &'a str,
    pub(super) id: SourceId,
    pub(super) diags: &'a mut Diagnostics,
}

/// A node, and where it ends at the place that uses it: for an alias, the end of `*name`.
pub(super) struct Built {
    pub(super) node: Node,
    used_until: usize,
}

impl Builder<'_> {
    fn node(&mut self, raw: Spanned<Raw>, within_alias: bool) -> Built {
        let span = self.span(&raw.defined);
        let is_alias = !within_alias && raw.referenced != raw.defined;
        let aliased = within_alias || is_alias;
        let node = match scalar_kind(raw.value) {
            Ok(kind) => self.scalar(kind, span, false),
            Err(Raw::Map(entries)) => self.map(entries, span, aliased),
            Err(Raw::Seq(items)) => self.seq(items, span, aliased),
            Err(_) => self.scalar(Kind::Null, span, false),
        };
        let used_until = if is_alias { self.span(&raw.referenced).end } else { node.span.end };
        Built { node, used_until }
    }

    fn span(&self, location: &Location) -> Span {
        let span = location.span();
        let bytes = span.byte_offset().zip(span.byte_len());
        let (start, len) = bytes.map_or((self.text.len(), 0), |(start, len)| (start as usize, len as usize));
        let start = start.min(self.text.len());
        Span::new(self.id, start, (start + len).min(self.text.len()))
    }

    /// A key or value that is no list or map. The library's span of a block text begins with its first line.
    fn scalar(&self, kind: Kind, span: Span, is_key: bool) -> Node {
        let written = self.slice(span).trim_end();
        let block = if is_key { None } else { block_style(&self.text[..span.start]) };
        let style = block.unwrap_or_else(|| scalar_style(written));
        let span = Span::new(span.source, span.start, span.start + written.len());
        let spelling = match &kind {
            Kind::Str(value) => Spelling { written: None, lines: align(value, written, span.start, style) },
            _ => Spelling { written: Some(written.into()), lines: align(written, written, span.start, style) },
        };
        Node { kind, span, style, spelling }
    }

    fn key_node(&mut self, raw: Spanned<Raw>, within_alias: bool) -> Node {
        let span = self.span(&raw.defined);
        match scalar_kind(raw.value) {
            Ok(kind) => self.scalar(kind, span, true),
            Err(value) => self.node(Spanned { value, ..raw }, within_alias).node,
        }
    }

    fn seq(&mut self, items: Vec<Spanned<Raw>>, start: Span, aliased: bool) -> Node {
        let style = self.collection_style(start);
        let built: Vec<Built> = items.into_iter().map(|item| self.node(item, aliased)).collect();
        let until = built.last().map_or(start.end, |last| last.used_until);
        let span = self.whole(start, start.start, until, style);
        let mut items: Vec<Node> = built.into_iter().map(|built| built.node).collect();
        if style == Style::Flow {
            traps::rejoin_items(self, &mut items);
        }
        items.iter().for_each(|item| traps::swallowed_comment(self, item));
        self.collection(Kind::Seq(items), span, style)
    }

    fn map(&mut self, raw: Vec<(Spanned<Raw>, Spanned<Raw>)>, start: Span, aliased: bool) -> Node {
        let style = self.collection_style(start);
        if let Some(text) = traps::braces_template(self, &raw, start, style) {
            return text;
        }
        let first = raw.first().map_or(start.start, |(key, _)| self.span(&key.defined).start);
        let mut until = start.end;
        let mut entries = Vec::with_capacity(raw.len());
        for (key, value) in raw {
            let value = self.node(value, aliased);
            let key = self.key_node(key, aliased);
            until = value.used_until.max(key.span.end);
            if let Some(key) = self.key(&key)
                && !traps::anchor_instead_of_text(self, &key, &value.node)
            {
                entries.push((key, value.node));
            }
        }
        let span = self.whole(start, first, until, style);
        if style == Style::Flow {
            traps::rejoin_entries(self, &mut entries);
        }
        entries.iter().for_each(|(_, value)| traps::swallowed_comment(self, value));
        self.once_each(&mut entries);
        self.collection(Kind::Map(entries), span, style)
    }

    fn collection(&self, kind: Kind, span: Span, style: Style) -> Node {
        Node { kind, span, style, spelling: Spelling::default() }
    }

    /// A key as text, in the author's own letters.
    fn key(&mut self, node: &Node) -> Option<Text> {
        let text = node.text().or_else(|| self.null_as_text(node));
        match text {
            Some(text) if text.value == "<<" && text.is_plain() => {
                self.diags.push(merge_key(text.span));
                None
            }
            Some(text) => Some(text),
            None => {
                let message = format!("a key must be text, and this is {}", node.kind_name());
                self.diags.push(
                    Diagnostic::error(codes::KEY_NOT_TEXT, node.span, message).help("quote it if it is meant as text"),
                );
                None
            }
        }
    }

    fn null_as_text(&self, node: &Node) -> Option<Text> {
        let written = node.is_null() && !node.span.is_empty();
        written.then(|| Text::new(self.slice(node.span), node.span))
    }

    /// Tells every key that stands again, and keeps the first.
    fn once_each(&mut self, entries: &mut Vec<(Text, Node)>) {
        let mut first: HashMap<String, Span> = HashMap::with_capacity(entries.len());
        entries.retain(|(key, _)| match first.get(&key.value) {
            None => {
                first.insert(key.value.clone(), key.span);
                true
            }
            Some(&span) => {
                self.diags.push(
                    Diagnostic::error(codes::DUPLICATE_KEY, key.span, format!("`{key}` stands twice"))
                        .label("again here")
                        .related(span, "first here")
                        .help("keep one of them, or rename one"),
                );
                false
            }
        });
    }

    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    fn collection_style(&self, start: Span) -> Style {
        match self.slice(start) {
            "{" | "[" => Style::Flow,
            _ => Style::Block,
        }
    }

    /// From the first letter to the closing bracket, or to the end of the last value.
    fn whole(&self, start: Span, first: usize, until: usize, style: Style) -> Span {
        match style {
            Style::Flow => Span::new(self.id, start.start, self.closing_bracket(until.max(start.end))),
            _ => Span::new(self.id, first, until),
        }
    }

    /// The end of the bracket that comes after `from`, over blanks, commas, a colon without value and comments.
    fn closing_bracket(&self, from: usize) -> usize {
        let mut at = from;
        let mut in_comment = false;
        for (offset, c) in self.text.get(from..).unwrap_or("").char_indices() {
            at = from + offset;
            match c {
                '\n' => in_comment = false,
                _ if in_comment => {}
                '#' => in_comment = true,
                ']' | '}' => return at + 1,
                ',' | ':' | ' ' | '\t' | '\r' => {}
                _ => return from,
            }
        }
        at
    }
}

fn merge_key(span: Span) -> Diagnostic {
    Diagnostic::error(codes::MERGE_KEY, span, "`<<` does not merge maps here")
        .label("a merge key of older YAML")
        .help("name what is shared instead: a type under `types:`, steps under `steps:`, a room's rules with `like:`")
}

/// The value, if it is no list or map; or else itself.
fn scalar_kind(raw: Raw) -> Result<Kind, Raw> {
    match raw {
        Raw::Null => Ok(Kind::Null),
        Raw::Bool(value) => Ok(Kind::Bool(value)),
        Raw::Int(value) => Ok(Kind::Int(value)),
        Raw::Float(value) => Ok(Kind::Float(value)),
        Raw::Str(value) => Ok(Kind::Str(value)),
        Raw::Seq(_) | Raw::Map(_) => Err(raw),
    }
}
