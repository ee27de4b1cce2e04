//! What is told to an author about a file: a code, a sentence, the place, and a way out. Plain data; `render` draws it.

use crate::codes;
use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is served until it is mended.
    Error,
    /// It is served, but is probably not what was meant.
    Warning,
}

/// A change of the author's text that would mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What is put there.
    pub replacement: String,
    /// What the change is, as an instruction: "quote it".
    pub title: String,
}

/// One mistake, or one doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Diagnostic {
    /// Its number, such as `HR0102`; see [`mod@codes`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// The text it is about.
    pub span: Span,
    /// What to write under the underlined text; may be empty.
    pub label: String,
    /// Other places that belong to it, each with a few words.
    pub related: Vec<(Span, String)>,
    /// What to do about it.
    pub helps: Vec<String>,
    /// A change that would mend it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// An error about the text at `span`.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message.into())
    }

    /// A warning about the text at `span`.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message.into())
    }

    fn new(severity: Severity, code: &'static str, span: Span, message: String) -> Self {
        debug_assert!(codes::is_well_formed(code), "{code} is not a code");
        Self { code, severity, message, span, label: String::new(), related: vec![], helps: vec![], fix: None }
    }

    /// What to write under the underlined text.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Another place that belongs to it.
    pub fn related(mut self, span: Span, words: impl Into<String>) -> Self {
        self.related.push((span, words.into()));
        self
    }

    /// Something to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// Something to do about it, where there is something to say.
    pub fn help_if(mut self, help: Option<impl Into<String>>) -> Self {
        self.helps.extend(help.map(Into::into));
        self
    }

    /// A change that would mend it: `replacement` in place of `span`.
    pub fn fix(mut self, span: Span, replacement: impl Into<String>, title: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into(), title: title.into() });
        self
    }

    /// Whether nothing is served until it is mended.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Everything there is to tell about a set of files.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Nothing to tell yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Keeps the value of `result`, or takes its error in.
    pub fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    /// Adds all of `other`.
    pub fn append(&mut self, other: Self) {
        self.items.extend(other.items);
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(Diagnostic::is_error)
    }

    /// How many errors there are.
    pub fn error_count(&self) -> usize {
        self.items.iter().filter(|item| item.is_error()).count()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// In the order they came.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// By file and place, each once: an alias, or a part that two files import, is not told twice.
    pub fn sorted(&self) -> Vec<Diagnostic> {
        let mut sorted = self.items.clone();
        sorted.sort_by(|a, b| order(a).cmp(&order(b)));
        sorted.dedup_by(|a, b| order(a) == order(b));
        sorted
    }
}

fn order(item: &Diagnostic) -> (Span, Severity, &str, &str) {
    (item.span, item.severity, item.code, &item.message)
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, items: I) {
        self.items.extend(items);
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    fn at(start: usize) -> Span {
        Span::new(SourceId(0), start, start + 1)
    }

    #[test]
    fn sorted_goes_by_place_and_tells_each_once() {
        let mut all = Diagnostics::new();
        all.push(Diagnostic::error(codes::UNKNOWN_KEY, at(9), "late"));
        all.push(Diagnostic::warning(codes::BLANK, at(2), "early"));
        all.push(Diagnostic::error(codes::UNKNOWN_KEY, at(9), "late"));
        let messages: Vec<_> = all.sorted().into_iter().map(|item| item.message).collect();
        assert_eq!(messages, ["early", "late"]);
    }

    #[test]
    fn warnings_are_no_errors() {
        let mut all = Diagnostics::new();
        all.push(Diagnostic::warning(codes::BLANK, at(0), "blank"));
        assert!(!all.has_errors());
        all.push(Diagnostic::error(codes::UNKNOWN_KEY, at(0), "key"));
        assert_eq!((all.has_errors(), all.error_count(), all.len()), (true, 1, 2));
    }
}
