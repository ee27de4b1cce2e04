//! How the name of a room or a state key is spelt: `class:<classId>:staff`.

mod parse;

use std::convert::Infallible;
use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::few::Few;
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
    /// Where its parameters stand in the text, brackets included.
    gaps: Few<Range<u32>>,
}

/// What stands between two colons: letters, or a parameter with letters around it.
#[derive(Clone, Debug, Default)]
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
        let (segments, gaps) = parse::segments(text)?;
        Ok(Self { text: text.value.clone(), span: text.span, segments, gaps: gaps.into() })
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
        let spelt = self.spell(&mut text, |_, text| {
            let value = values.next().filter(|value| is_param_value(value.as_ref()));
            Ok::<_, Infallible>(value.map(|value| text.push_str(value.as_ref())).is_some())
        });
        matches!(spelt, Ok(true)).then_some(text)
    }

    /// Appends the text. `put` appends the value of a parameter by its number, and says whether it is there; says whether all are.
    ///
    /// # Errors
    /// As `put`; what was appended until then is left in `out`.
    pub fn spell<E>(
        &self,
        out: &mut String,
        mut put: impl FnMut(usize, &mut String) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut from = 0;
        for (number, gap) in self.gaps.iter().enumerate() {
            out.push_str(&self.text[from..gap.start as usize]);
            if !put(number, out)? {
                return Ok(false);
            }
            from = gap.end as usize;
        }
        out.push_str(&self.text[from..]);
        Ok(true)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(&Text::new(text, Span::default())).unwrap_or_else(|told| panic!("{text}: {}", told.message))
    }

    fn told(text: &str) -> String {
        Pattern::parse(&Text::new(text, Span::default())).map_or_else(|told| told.message, |_| "nothing".to_owned())
    }

    fn overlap(a: &str, b: &str) -> Option<String> {
        let (one, other) = (pattern(a).overlaps(&pattern(b)), pattern(b).overlaps(&pattern(a)));
        assert_eq!(one, other, "{a} and {b}");
        one
    }

    #[test]
    fn parameters_are_found_in_order() {
        let room = pattern("school:<schoolId>:grade-<grade>x");
        assert_eq!(room.params().collect::<Vec<_>>(), ["schoolId", "grade"]);
        assert_eq!(pattern("hall").params().count(), 0);
    }

    #[test]
    fn mistakes_are_told() {
        assert_eq!(told(""), "a name cannot be empty");
        assert_eq!(told("a::b"), "nothing stands before this `:`");
        assert_eq!(told(":a"), "nothing stands before this `:`");
        assert_eq!(told("a:"), "nothing stands after the last `:`");
        assert_eq!(told("a:<b><c>"), "two parameters stand between the same colons");
        assert_eq!(told("a:<b>:<b>"), "`<b>` stands twice");
        assert_eq!(told("a:<user.id>"), "`user.id` is not the name of a parameter");
        assert_eq!(told("a:<b | lower>"), "`b | lower` is not the name of a parameter");
        assert_eq!(told("a:*"), "`*` cannot stand in a name");
        assert_eq!(told("a:<b"), "`<` is never closed");
        assert_eq!(told("a > b"), "`>` cannot stand in a name");
        assert_eq!(told("a\tb"), "a control character cannot stand in a name");
    }

    #[test]
    fn filling_and_reading_are_each_others_inverse() {
        let room = pattern("school:<schoolId>:grade-<grade>");
        let text = room.fill(["rvd-001", "7"]);
        assert_eq!(text.as_deref(), Some("school:rvd-001:grade-7"));
        assert_eq!(room.read("school:rvd-001:grade-7"), Some(vec!["rvd-001", "7"]));
        assert_eq!(room.read("school:rvd-001:grade-"), None);
        assert_eq!(room.read("school:rvd-001"), None);
    }

    #[test]
    fn data_never_becomes_structure() {
        let room = pattern("school:<schoolId>");
        for value in ["rvd-001:admins", "", "a*", "a<b", "a>b", "a\nb", &"x".repeat(129)] {
            assert_eq!(room.fill([value]), None, "{value:?}");
        }
        assert!(room.fill(["x".repeat(128)]).is_some());
        assert_eq!(room.fill(Vec::<&str>::new()), None);
    }

    #[test]
    fn overlaps_are_shown_by_a_text_that_both_spell() {
        assert_eq!(overlap("district:<d>:<role>", "district:<d>:admins").as_deref(), Some("district:x:admins"));
        assert_eq!(overlap("a:<x>", "a:<y>").as_deref(), Some("a:x"));
        assert_eq!(overlap("a:b", "a:b").as_deref(), Some("a:b"));
        assert_eq!(overlap("a:pre<x>", "a:<y>post").as_deref(), Some("a:prexpost"));
    }

    #[test]
    fn what_differs_in_shape_or_letters_does_not_overlap() {
        assert_eq!(overlap("a:<x>", "a"), None);
        assert_eq!(overlap("a:<x>", "a:<x>:b"), None);
        assert_eq!(overlap("a:x<x>", "a:y<y>"), None);
        assert_eq!(overlap("a:<x>x", "a:<y>y"), None);
        assert_eq!(overlap("a:x<p>", "a:x"), None);
        assert_eq!(overlap("a:<x>", &format!("a:{}", "b".repeat(129))), None);
    }

    #[test]
    fn beginnings_and_ends_may_share_letters() {
        let long = "b".repeat(100);
        let shared = overlap(&format!("a{long}<x>"), &format!("<y>{long}c"));
        assert!(shared.is_some_and(|text| pattern(&format!("a{long}<x>")).read(&text).is_some()));
    }
}
