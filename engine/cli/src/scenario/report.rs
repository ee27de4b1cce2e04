//! What scenarios came to, for people.

use std::fmt::Write as _;

use homeroom_definition::{Sources, Span};

/// A scenario that was played.
pub struct Played {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Whether everything was as it says.
    pub outcome: Result<(), Failure>,
}

/// What was not as a step says.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The step.
    pub span: Span,
    /// What was wrong.
    pub message: String,
    /// What there was instead, line by line.
    pub notes: Vec<String>,
}

impl Failure {
    /// A failure at a place.
    #[must_use]
    pub fn at(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), notes: Vec::new() }
    }

    /// With what there was.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

impl Played {
    /// A line for what went well, or the step that did not with what came instead.
    #[must_use]
    pub fn told(&self, sources: &Sources) -> String {
        let Err(failure) = &self.outcome else { return format!("  ok    {}\n", self.name) };
        let position = sources.position(failure.span.source, failure.span.start);
        let place = format!("{}:{}:{}", sources.path(failure.span.source), position.line, position.column);
        let mut told = format!("  FAILED {}\n    {place}: {}\n", self.name, failure.message);
        let step = sources.slice(failure.span).lines().next().unwrap_or_default();
        let _ = writeln!(told, "      | {}", step.trim());
        for note in &failure.notes {
            let _ = writeln!(told, "      = {note}");
        }
        told
    }
}
