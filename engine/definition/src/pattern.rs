//! How the name of a room or a state key is spelt: `class:<classId>:staff`.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names::{Piece, split};
use crate::source::{Span, Spanned};
use crate::tree::Text;

/// How many bytes the value of a parameter may have.
pub const PARAM_BYTES_MAX: usize = 128;

/// Whether `c` may stand in the value of a parameter, so that data never becomes structure.
pub fn is_param_char(c: char) -> bool {
    !matches!(c, ':' | '<' | '>' | '*') && !c.is_control()
}

/// Whether `value` may be put in the place of a parameter.
pub fn is_param_value(value: &str) -> bool {
    !value.is_empty() && value.len() <= PARAM_BYTES_MAX && value.chars().all(is_param_char)
}

/// A pattern: segments divided by `:`, each with at most one parameter.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    segments: Vec<Segment>,
}

/// What stands between two colons: letters, or a parameter with letters around it.
#[derive(Clone, Debug)]
pub struct Segment {
    before: String,
    hole: Option<Hole>,
}

#[derive(Clone, Debug)]
struct Hole {
    param: Spanned<String>,
    after: String,
}

impl Pattern {
    /// Reads a pattern. Errors point at the part that is wrong.
    pub fn parse(text: &Text) -> Result<Self, Diagnostic> {
        let pieces = split(text).map_err(|error| {
            Diagnostic::error(codes::BAD_PATTERN, text.inner(error.range), error.message).help(error.help)
        })?;
        let mut reading = Reading { text, segments: vec![Segment { before: String::new(), hole: None }] };
        for piece in pieces {
            match piece {
                Piece::Literal(range) => reading.literal(range)?,
                Piece::Hole(range) => reading.hole(range)?,
            }
        }
        let segments = reading.finish()?;
        Ok(Self { text: text.value.clone(), span: text.span, segments })
    }

    /// The names of the parameters, in order.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        self.spanned_params().map(|param| param.value.as_str())
    }

    /// The names of the parameters with their places, in order.
    pub fn spanned_params(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.segments.iter().filter_map(|segment| segment.hole.as_ref()).map(|hole| &hole.param)
    }

    /// The text with `values` in the places of the parameters, in order; `None` if one may not stand there or is missing.
    pub fn fill<V: AsRef<str>>(&self, values: impl IntoIterator<Item = V>) -> Option<String> {
        let mut values = values.into_iter();
        let mut text = String::with_capacity(self.text.len());
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 {
                text.push(':');
            }
            text.push_str(&segment.before);
            if let Some(hole) = &segment.hole {
                let value = values.next()?;
                text.push_str(Some(value.as_ref()).filter(|value| is_param_value(value))?);
                text.push_str(&hole.after);
            }
        }
        Some(text)
    }

    /// The values of the parameters that make this pattern spell `text`, in order; `None` if none do.
    pub fn read<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let parts: Vec<&str> = text.split(':').collect();
        if parts.len() != self.segments.len() {
            return None;
        }
        let values: Option<Vec<Option<&str>>> =
            self.segments.iter().zip(parts).map(|(segment, part)| segment.read(part)).collect();
        Some(values?.into_iter().flatten().collect())
    }

    /// What stands between the colons.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// A text that both patterns can spell, if there is one.
    pub fn overlaps(&self, other: &Self) -> Option<String> {
        if self.segments.len() != other.segments.len() {
            return None;
        }
        let pairs = self.segments.iter().zip(&other.segments);
        let common: Option<Vec<String>> = pairs.map(|(a, b)| a.common(b)).collect();
        common.map(|segments| segments.join(":"))
    }
}

impl Segment {
    /// The letters before its parameter; all of them if it has none.
    pub fn prefix(&self) -> &str {
        &self.before
    }

    /// Its parameter.
    pub fn param(&self) -> Option<&str> {
        self.hole.as_ref().map(|hole| hole.param.value.as_str())
    }

    /// The letters behind its parameter.
    pub fn suffix(&self) -> &str {
        self.after()
    }

    fn after(&self) -> &str {
        self.hole.as_ref().map_or("", |hole| &hole.after)
    }

    /// `Some(None)`: it spells `part` and has no parameter.
    fn read<'t>(&self, part: &'t str) -> Option<Option<&'t str>> {
        let Some(hole) = &self.hole else {
            return (part == self.before).then_some(None);
        };
        let value = part.strip_prefix(self.before.as_str())?.strip_suffix(hole.after.as_str())?;
        is_param_value(value).then_some(Some(value))
    }

    /// A text that both can spell. Both begin with the longer beginning and end with the longer end of the two, so it is
    /// enough to try these with one letter between them, and with every overlap of the two.
    fn common(&self, other: &Self) -> Option<String> {
        let begin = longer(&self.before, &other.before);
        let end = longer(self.after(), other.after());
        let overlaps = (0..=begin.len().min(end.len()))
            .filter(|&len| end.is_char_boundary(len) && begin.ends_with(&end[..len]))
            .map(|len| format!("{begin}{}", &end[len..]));
        std::iter::once(format!("{begin}x{end}"))
            .chain(overlaps)
            .find(|text| self.read(text).is_some() && other.read(text).is_some())
    }
}

fn longer<'a>(a: &'a str, b: &'a str) -> &'a str {
    if a.len() >= b.len() { a } else { b }
}

/// A pattern half read.
struct Reading<'a> {
    text: &'a Text,
    segments: Vec<Segment>,
}

impl Reading<'_> {
    fn literal(&mut self, range: std::ops::Range<usize>) -> Result<(), Diagnostic> {
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

    fn hole(&mut self, range: std::ops::Range<usize>) -> Result<(), Diagnostic> {
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
        self.segments.push(Segment { before: String::new(), hole: None });
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
            self.segments.push(Segment { before: String::new(), hole: None });
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
