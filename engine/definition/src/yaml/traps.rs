//! YAML that silently means something else than it says: found while the tree is built, told, and mended in the tree so
//! that nothing else is told about it.

use serde_saphyr::Spanned;

use super::Raw;
use super::build::Builder;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names::is_unclosed;
use crate::source::Span;
use crate::tree::{Kind, Node, Style, Text};

/// `{{ x }}`: to YAML, a map whose key is a map. Told, and taken for the text that it was meant to be.
pub(super) fn braces_template(
    builder: &mut Builder<'_>,
    raw: &[(Spanned<Raw>, Spanned<Raw>)],
    start: Span,
    style: Style,
) -> Option<Node> {
    let [(key, value)] = raw else { return None };
    let is_braces = style == Style::Flow && matches!(key.value, Raw::Map(_)) && matches!(value.value, Raw::Null);
    if !is_braces {
        return None;
    }
    let rest = &builder.text[start.start..];
    let end = start.start + rest.find("}}").map_or(rest.len(), |at| at + 2);
    let span = Span::new(start.source, start.start, end);
    let written = builder.slice(span).to_owned();
    builder.diags.push(braces(span, &written));
    Some(Node::new(Kind::Str(written), span))
}

/// The error for `{{ x }}` at `span`.
pub(super) fn braces(span: Span, written: &str) -> Diagnostic {
    let inner = written.trim_matches(['{', '}']).trim();
    Diagnostic::error(codes::BRACES_TEMPLATE, span, "`{{ }}` is a map to YAML, not a template")
        .help("a value is put into text with `<...>`, without quotes or braces")
        .fix(span, format!("<{inner}>"), "write it so")
}

/// `{ a: <x | default('y', true)> }`: the comma ends the text, and `true)>` becomes a key. Told, and joined again.
pub(super) fn rejoin_entries(builder: &mut Builder<'_>, entries: &mut Vec<(Text, Node)>) {
    let mut at = 0;
    while at < entries.len() {
        if has_value(builder, &entries[at]) {
            let swallowed = split_off(builder, &entries[at].1, entries[at + 1..].iter().map(|(_, value)| value));
            let lost = entries[at + 1..].iter().take(swallowed.unwrap_or(0)).any(|entry| !has_value(builder, entry));
            if let Some(count) = swallowed.filter(|_| lost) {
                let last = entries[at + count].1.span;
                entries.drain(at + 1..=at + count);
                entries[at].1 = rejoined(builder, &entries[at].1, last);
            }
            at += 1;
        } else {
            let (key, _) = entries.remove(at);
            builder.diags.push(valueless(&key));
        }
    }
}

/// `[<x | default('y', true)>]`: the comma makes two items of it. Told, and joined again.
pub(super) fn rejoin_items(builder: &mut Builder<'_>, items: &mut Vec<Node>) {
    let mut at = 0;
    while at < items.len() {
        if let Some(count) = split_off(builder, &items[at], items[at + 1..].iter()) {
            let last = items[at + count].span;
            items.drain(at + 1..=at + count);
            items[at] = rejoined(builder, &items[at], last);
        }
        at += 1;
    }
}

/// How many of the values after `node` belong to its template that a comma cut off.
fn split_off<'n>(builder: &Builder<'_>, node: &Node, mut after: impl Iterator<Item = &'n Node>) -> Option<usize> {
    let cut = node.style == Style::Plain && node.as_str().is_some_and(is_unclosed);
    if !cut {
        return None;
    }
    let closes = |next: &Node| !is_unclosed(builder.slice(node.span.to(next.span)));
    after
        .position(|next| next.style == Style::Plain && next.span.start >= node.span.end && closes(next))
        .map(|at| at + 1)
}

fn rejoined(builder: &mut Builder<'_>, node: &Node, last: Span) -> Node {
    let span = node.span.to(last);
    let written = builder.slice(span).to_owned();
    builder.diags.push(split_template(span, &written));
    Node::new(Kind::Str(written), span)
}

/// The error for an unquoted template at `span` that YAML cuts apart.
pub(super) fn split_template(span: Span, written: &str) -> Diagnostic {
    let message = "YAML takes this unquoted template apart";
    Diagnostic::error(codes::SPLIT_TEMPLATE, span, message)
        .label("within `{ }` and `[ ]`, a comma or bracket ends an unquoted text")
        .fix(span, quoted(written), "quote it")
}

fn has_value(builder: &Builder<'_>, (key, value): &(Text, Node)) -> bool {
    let colon = || builder.text[key.span.end..].trim_start().starts_with(':');
    !value.is_blank() || colon()
}

fn valueless(key: &Text) -> Diagnostic {
    Diagnostic::error(codes::VALUELESS_ENTRY, key.span, format!("`{key}` has no value"))
        .label("neither a colon nor a value follows")
        .help(format!("write `{key}: ...`; if this is the rest of a text that has a comma, quote the whole text"))
}

/// `when: &&x`: an anchor, and nothing that it names. Told, and left out.
pub(super) fn anchor_instead_of_text(builder: &mut Builder<'_>, key: &Text, value: &Node) -> bool {
    let rest = builder.text[key.span.end..].lines().next().unwrap_or("");
    let written = rest.trim_start().strip_prefix(':').unwrap_or("").trim();
    if !value.is_blank() || !written.starts_with('&') {
        return false;
    }
    let start = key.span.end + rest.find('&').unwrap_or(0);
    let span = Span::new(key.span.source, start, start + written.len());
    let message = "an unquoted `&` begins an anchor, and there is nothing here that it names";
    let told = Diagnostic::error(codes::SYNTAX, span, message);
    builder.diags.push(told.fix(span, quoted(written), "quote it, if it is meant as text"));
    true
}

/// `message: Question #3`: a comment begins at the `#`, and the message is `Question`.
pub(super) fn swallowed_comment(builder: &mut Builder<'_>, node: &Node) {
    let Some(value) = node.as_str().filter(|_| node.style == Style::Plain) else {
        return;
    };
    let rest = builder.text[node.span.end..].lines().next().unwrap_or("");
    let comment = rest.trim_start();
    let is_comment = comment.len() < rest.len() && comment.starts_with('#');
    if !is_comment || !(is_number(comment) || looks_cut(value)) {
        return;
    }
    let end = node.span.end + rest.trim_end().len();
    let hash = node.span.end + rest.len() - comment.len();
    let whole = Span::new(node.span.source, node.span.start, end);
    let fixed = quoted(builder.slice(whole));
    builder.diags.push(
        Diagnostic::warning(
            codes::SWALLOWED_COMMENT,
            Span::new(node.span.source, hash, end),
            format!("the text ends before the `#`: it is `{value}`"),
        )
        .label("a comment, as YAML reads it")
        .fix(whole, fixed, "quote it, if the `#` belongs to the text"),
    );
}

fn is_number(comment: &str) -> bool {
    comment[1..].starts_with(|c: char| c.is_ascii_digit())
}

fn looks_cut(value: &str) -> bool {
    let count = |c: char| value.matches(c).count();
    is_unclosed(value) || count('(') > count(')') || count('[') > count(']') || count('"') % 2 == 1
}

/// `text` as a YAML text in quotes, with as little change as can be.
pub(crate) fn quoted(text: &str) -> String {
    let double = !text.contains(['"', '\\']) && text.contains('\'');
    if double { format!("\"{text}\"") } else { format!("'{}'", text.replace('\'', "''")) }
}
