//! From the text of a pattern to its segments.

use std::ops::Range;

use super::{Hole, Segment};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names::{Piece, split};
use crate::source::{Span, Spanned};
use crate::tree::Text;

/// The segments of a pattern, and where the parameters stand in its text. Errors point at the part that is wrong.
pub(super) fn segments(text: &Text) -> Result<(Vec<Segment>, Vec<Range<u32>>), Diagnostic> {
    let pieces = split(text).map_err(|error| {
        Diagnostic::error(codes::BAD_PATTERN, text.inner(error.range), error.message).help(error.help)
    })?;
    let mut reading = Reading { text, segments: vec![Segment::default()] };
    let mut gaps = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Literal(range) => reading.literal(range)?,
            Piece::Hole(range) => {
                reading.hole(range.clone())?;
                gaps.push(range.start as u32 - 1..range.end as u32 + 1);
            }
        }
    }
    Ok((reading.finish()?, gaps))
}

/// A pattern half read.
struct Reading<'a> {
    text: &'a Text,
    segments: Vec<Segment>,
}

impl Reading<'_> {
    fn literal(&mut self, range: Range<usize>) -> Result<(), Diagnostic> {
        for (offset, c) in self.text.value[range.clone()].char_indices() {
            let at = range.start + offset;
            let span = self.text.inner(at..at + c.len_utf8());
            match c {
                ':' => self.end_segment(span)?,
                '*' => {
                    return Err(
                        bad(span, "`*` cannot stand in a name").help("the part that varies is written `<name>`")
                    );
                }
                '<' | '>' => {
                    return Err(bad(span, format!("`{c}` cannot stand in a name"))
                        .help("a parameter is a name between `<` and `>`, such as `<classId>`"));
                }
                c if c.is_control() => {
                    return Err(bad(span, "a control character cannot stand in a name"));
                }
                c => self.letter(c),
            }
        }
        Ok(())
    }

    fn letter(&mut self, c: char) {
        let segment = self.last();
        match &mut segment.hole {
            Some(hole) => hole.after.push(c),
            None => segment.before.push(c),
        }
    }

    fn hole(&mut self, range: Range<usize>) -> Result<(), Diagnostic> {
        let span = self.text.inner(range.clone());
        let name = self.text.value[range].trim().to_owned();
        if !is_name(&name) {
            return Err(not_a_name(span, &name));
        }
        let twice =
            self.segments.iter().filter_map(|segment| segment.hole.as_ref()).find(|hole| hole.param.value == name);
        if let Some(first) = twice {
            let first = first.param.span;
            return Err(bad(span, format!("`<{name}>` stands twice")).related(first, "first here"));
        }
        let segment = self.last();
        if let Some(first) = &segment.hole {
            let first = first.param.span;
            return Err(bad(span, "two parameters stand between the same colons")
                .label("where it begins could not be told")
                .related(first, "the other")
                .help("put a `:` between them"));
        }
        segment.hole = Some(Hole { param: Spanned::new(name, span), after: String::new() });
        Ok(())
    }

    fn end_segment(&mut self, colon: Span) -> Result<(), Diagnostic> {
        let segment = self.last();
        if segment.before.is_empty() && segment.hole.is_none() {
            return Err(bad(colon, "nothing stands before this `:`"));
        }
        self.segments.push(Segment::default());
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Segment>, Diagnostic> {
        let span = self.text.span;
        let count = self.segments.len();
        let segment = self.last();
        let is_empty = segment.before.is_empty() && segment.hole.is_none();
        match (is_empty, count) {
            (true, 1) => Err(bad(span, "a name cannot be empty")),
            (true, _) => Err(bad(span, "nothing stands after the last `:`")),
            _ => Ok(self.segments),
        }
    }

    /// There is always a last segment: reading begins with one, and only adds.
    fn last(&mut self) -> &mut Segment {
        if self.segments.is_empty() {
            self.segments.push(Segment::default());
        }
        let last = self.segments.len() - 1;
        &mut self.segments[last]
    }
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn not_a_name(span: Span, name: &str) -> Diagnostic {
    let last = name.rsplit('.').next().unwrap_or(name);
    let told = bad(span, format!("`{name}` is not the name of a parameter")).label("expected a bare name");
    match name.contains('.') && is_name(last) {
        true => {
            told.help(format!("a pattern declares parameters: write `<{last}>`; values are given where it is used"))
        }
        false => told.help("a pattern declares parameters: letters, digits and `_`, such as `<classId>`"),
    }
}

fn bad(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::BAD_PATTERN, span, message)
}
