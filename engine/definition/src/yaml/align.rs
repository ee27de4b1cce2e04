//! How a text was written, and where its letters stand.

use std::sync::Arc;

use crate::tree::{Line, Style};

/// How a text was written that is no block.
pub(super) fn scalar_style(written: &str) -> Style {
    match written.as_bytes().first() {
        Some(b'\'') => Style::SingleQuoted,
        Some(b'"') => Style::DoubleQuoted,
        _ => Style::Plain,
    }
}

/// The style of a text that begins after `before`, if that ends with the header of a block: `|`, `>-`, `|2 # comment`.
pub(super) fn block_style(before: &str) -> Option<Style> {
    let above = before.trim_end_matches(' ').strip_suffix('\n')?.trim_end();
    let line = above.rsplit('\n').next().unwrap_or(above);
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    let (lead, header) = line.rsplit_once(' ').unwrap_or(("", line));
    let style = match header.as_bytes().first()? {
        b'|' => Style::Literal,
        b'>' => Style::Folded,
        _ => return None,
    };
    let is_header = header[1..].chars().all(|c| matches!(c, '+' | '-' | '0'..='9'));
    (is_header && lead.trim_end().ends_with([':', '-', '?'])).then_some(style)
}

/// Which letters of `value` stand where in the file; nothing where the two differ by more than line breaks and indentation.
pub(super) fn align(value: &str, written: &str, start: usize, style: Style) -> Arc<[Line]> {
    let unquoted = match style {
        Style::SingleQuoted | Style::DoubleQuoted => written.get(1..written.len().saturating_sub(1)),
        _ => None,
    };
    let (body, body_start) = unquoted.map_or((written, start), |body| (body, start + 1));
    if body == value {
        return Arc::from([Line { value_start: 0, file_start: body_start, len: value.len() }]);
    }
    align_lines(value, body, body_start).unwrap_or_default().into()
}

fn align_lines(value: &str, body: &str, body_start: usize) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    let mut value_start = 0;
    let mut line_start = body_start;
    for line in body.split('\n') {
        let file_start = line_start + line.len() - line.trim_start().len();
        line_start += line.len() + 1;
        let letters = line.trim();
        if letters.is_empty() {
            continue;
        }
        value_start += value[value_start..].len() - value[value_start..].trim_start().len();
        if !value[value_start..].starts_with(letters) {
            return None;
        }
        lines.push(Line { value_start, file_start, len: letters.len() });
        value_start += letters.len();
    }
    value[value_start..].trim().is_empty().then_some(lines)
}
