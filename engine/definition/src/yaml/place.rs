//! Where the YAML library stopped, and what the author's line has there.

use crate::source::{SourceId, Span};

/// A byte of a file with its line.
pub(super) struct Place<'a> {
    text: &'a str,
    id: SourceId,
    at: usize,
    line: &'a str,
    line_start: usize,
}

impl<'a> Place<'a> {
    /// The byte `at` of `text`; the end of the file counts to its last line that has letters.
    pub(super) fn new(text: &'a str, id: SourceId, at: usize) -> Self {
        let at = if text[at..].trim().is_empty() { text.trim_end().len() } else { at };
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[line_start..].lines().next().unwrap_or("");
        Self { text, id, at, line, line_start }
    }

    pub(super) fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.id, start, end)
    }

    /// The one letter.
    pub(super) fn point(&self) -> Span {
        let len = self.text[self.at..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        self.span(self.at, self.at + len)
    }

    /// From the letter to the next blank, comma or bracket.
    pub(super) fn word(&self) -> Span {
        let rest = &self.text[self.at..];
        let len = rest.find([' ', ',', ']', '}', '\n', '\r']).unwrap_or(rest.len());
        self.span(self.at, self.at + len)
    }

    /// The letters of the line, without the blanks around them.
    pub(super) fn line_span(&self) -> Span {
        let start = self.line_start + self.line.len() - self.line.trim_start().len();
        self.span(start, self.line_start + self.line.trim_end().len())
    }

    /// The last line before this one that has letters.
    pub(super) fn line_above(&self) -> Option<Span> {
        let above = self.text[..self.line_start].trim_end();
        let start = above.rfind('\n').map_or(0, |newline| newline + 1);
        let blanks = above[start..].len() - above[start..].trim_start().len();
        (!above.is_empty()).then(|| self.span(start + blanks, above.len()))
    }

    /// The blanks before the line, if a tab is among them.
    pub(super) fn leading_tabs(&self) -> Option<Span> {
        let blanks = &self.line[..self.line.len() - self.line.trim_start().len()];
        blanks.contains('\t').then(|| self.span(self.line_start, self.line_start + blanks.len()))
    }

    /// The colon of the line's own key: the first that has a blank or nothing after it.
    fn key_colon(&self) -> Option<usize> {
        let found = self.line.match_indices(':').map(|(at, _)| at);
        let is_end = |at: &usize| self.line[at + 1..].chars().next().is_none_or(char::is_whitespace);
        let mut ends = found.filter(is_end);
        ends.next().map(|at| self.line_start + at)
    }

    /// Whether the letter is the colon of the line's own key.
    pub(super) fn is_key_colon(&self) -> bool {
        self.key_colon() == Some(self.at)
    }

    /// Where the innermost `{ }` or `[ ]` begins that opened in the line and has the letter in it.
    fn flow_start(&self) -> Option<usize> {
        open_bracket(&self.line[..self.at - self.line_start]).map(|at| self.line_start + at)
    }

    /// The bracket of a line above that nothing in that line closes.
    pub(super) fn bracket_above(&self) -> Option<Span> {
        let mut line_end = self.line_start;
        for line in self.text[..self.line_start].lines().rev().take(LINES_ABOVE_MAX) {
            let line_start = self.text[..line_end].trim_end_matches(['\n', '\r']).len() - line.len();
            if let Some(at) = open_bracket(line) {
                return Some(self.span(line_start + at, line_start + at + 1));
            }
            line_end = line_start;
        }
        None
    }

    /// The key whose value the letter stands in.
    pub(super) fn key(&self) -> Option<&'a str> {
        let before = self.text[self.line_start..self.value().start].trim_end().strip_suffix(':')?;
        before.rsplit(['{', ',', '-', ' ']).next().map(str::trim)
    }

    /// The value that the letter stands in: from behind its key, comma or `- ` to the end of the line, its comment, or
    /// within brackets the next comma or bracket.
    pub(super) fn value(&self) -> Span {
        let start = self.value_start();
        let rest = &self.text[start..self.line_start + self.line.len()];
        let comment = rest.find(" #").unwrap_or(rest.len());
        let end = match self.flow_start() {
            Some(_) => rest[..comment].find([',', '}', ']']).unwrap_or(comment),
            None => comment,
        };
        self.span(start, start + rest[..end].trim_end().len())
    }

    fn value_start(&self) -> usize {
        let from = self.flow_start().map_or(self.line_start, |at| at + 1);
        let from = match self.flow_start() {
            Some(_) => self.text[from..self.at].rfind(", ").map_or(from, |comma| from + comma + 2),
            None => from,
        };
        let entry = &self.text[from..self.line_start + self.line.len()];
        let item = entry.trim_start();
        let item = item.strip_prefix("- ").map_or(item, str::trim_start);
        let value = item.split_once(": ").map_or(item, |(_, value)| value.trim_start());
        from + entry.len() - value.len()
    }

    /// `{{ x }}` in this line.
    pub(super) fn braces(&self) -> Option<Span> {
        let start = self.line.find("{{")?;
        let len = self.line[start..].find("}}")? + 2;
        Some(self.span(self.line_start + start, self.line_start + start + len))
    }

    /// From the start of an unquoted text in brackets that has an open `<` before the letter, to the end of the line.
    pub(super) fn open_template(&self) -> Option<Span> {
        let flow = self.flow_start()?;
        let before = &self.text[flow..self.at];
        let sign = flow + before.rfind('<')?;
        let lead = &self.text[flow + 1..sign];
        let after = |mark: &str| lead.rfind(mark).map(|at| at + mark.len());
        let start = [": ", ",", "[", "{"].into_iter().filter_map(after).max().unwrap_or(0);
        let blanks = lead[start..].len() - lead[start..].trim_start().len();
        let start = flow + 1 + start + blanks;
        let quoted = self.text[start..].starts_with(['"', '\'']);
        (!quoted).then(|| self.span(start, self.line_start + self.line.len()))
    }
}

/// How many lines above are searched for a cause.
const LINES_ABOVE_MAX: usize = 50;

/// The innermost bracket of flow style that `line` opens and does not close. One that follows a name or a call, such as
/// `x[0]`, is part of a text.
fn open_bracket(line: &str) -> Option<usize> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    for (at, c) in line.char_indices() {
        let of_text = line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | ']' | '_'));
        match c {
            '{' | '[' => open.push((at, !of_text)),
            '}' | ']' => drop(open.pop()),
            '#' if line[..at].ends_with(' ') => break,
            _ => {}
        }
    }
    open.iter().rev().find(|(_, flow)| *flow).map(|(at, _)| *at)
}
