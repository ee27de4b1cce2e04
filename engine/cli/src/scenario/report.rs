//! What scenarios came to: whether each was as it says, and where not, what came instead. Plain data; [`Played::told`]
//! draws it for people.

use std::fmt::Write as _;
use std::time::Duration;

use homeroom_definition::render::{Look, text};
use homeroom_definition::{Diagnostic, Sources, Span};
use serde_json::Value;

use super::aside;
use super::compare::{Difference, differences_of, short};
use super::stage::Received;
use crate::codes;

/// How many events that were received besides are shown.
const RECEIVED_MAX: usize = 12;

/// A scenario that was played.
pub struct Played {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Whether everything was as it says.
    pub outcome: Result<(), Failure>,
    /// How long it took.
    pub took: Duration,
}

/// What was not as a step says.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What is underlined: the step, or the value in it that did not come.
    pub span: Span,
    /// What was wrong.
    pub message: String,
    /// What is written under the underlined text.
    pub label: String,
    /// What was expected beside what came, if something comparable did.
    pub compared: Option<Box<Compared>>,
    /// Events that the receiver had been sent and that were not looked at yet.
    pub received: Option<Box<[Received]>>,
    /// What else there is to say of it.
    pub notes: Vec<String>,
}

/// What was expected, and what came.
#[derive(Debug, Clone)]
pub struct Compared {
    /// What was expected.
    pub expected: Value,
    /// What came.
    pub actual: Value,
    /// Where they differ.
    pub differences: Vec<Difference>,
}

impl Compared {
    /// Both, if they differ.
    pub(super) fn of(expected: &[homeroom_definition::Node], actual: &[Value]) -> Option<Self> {
        let differences = differences_of(expected, actual);
        let expected: Vec<Value> = expected.iter().map(homeroom_definition::Node::to_json).collect();
        (!differences.is_empty()).then(|| Self { expected: one(&expected), actual: one(actual), differences })
    }
}

/// A single argument as itself.
fn one(values: &[Value]) -> Value {
    match values {
        [one] => one.clone(),
        several => several.iter().cloned().collect(),
    }
}

impl Failure {
    /// A failure at a place.
    #[must_use]
    pub fn at(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), label: String::new(), compared: None, received: None, notes: Vec::new() }
    }

    /// With what is written under the underlined text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With what there was.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With what was expected and what came; the first difference is what is underlined.
    pub(super) fn compared(mut self, compared: Compared) -> Self {
        if let Some(first) = compared.differences.first() {
            self.span = first.span;
            self.label = first.told();
        }
        self.compared = Some(Box::new(compared));
        self
    }

    /// With what else was received.
    pub(super) fn received<'e>(mut self, events: impl IntoIterator<Item = &'e Received>) -> Self {
        self.received = Some(events.into_iter().cloned().collect());
        self
    }

    fn diagnostic(&self) -> Diagnostic {
        let told = Diagnostic::error(codes::TEST_FAILED, self.span, &self.message).label(&self.label);
        let others = self.compared.iter().flat_map(|compared| compared.differences.iter().skip(1));
        others.fold(told, |told, difference| told.related(difference.span, difference.told()))
    }
}

impl Played {
    /// A line for what went well, or the step that did not with what came instead.
    #[must_use]
    pub fn told(&self, sources: &Sources, look: Look) -> String {
        let paint = |text: &str, code: &str| match look {
            Look::Plain => text.to_owned(),
            Look::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        };
        let Err(failure) = &self.outcome else { return format!("  {}    {}\n", paint("ok", "32"), self.name) };
        let mut told = format!("  {} {}\n", paint("FAILED", "1;31"), self.name);
        for line in text(&[failure.diagnostic()], sources, look).lines() {
            let _ = writeln!(told, "    {line}");
        }
        if let Some(compared) = &failure.compared {
            let rows = aside::rows(&compared.expected, &compared.actual);
            told += &aside::table(&rows, "      ", |line| paint(line, "31"));
        }
        for line in failure.lines() {
            let _ = writeln!(told, "      = {line}");
        }
        told
    }
}

impl Failure {
    /// What there is to say below the step, line by line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.notes.clone();
        let Some(received) = &self.received else { return lines };
        let shown = received.iter().take(RECEIVED_MAX);
        lines.extend(shown.map(|received| format!("there is {}", received.told())));
        if received.is_empty() {
            lines.push("nothing else was received".to_owned());
        } else if received.len() > RECEIVED_MAX {
            lines.push(format!("and {} more", received.len() - RECEIVED_MAX));
        }
        lines
    }
}

impl Received {
    /// On a line.
    #[must_use]
    pub fn told(&self) -> String {
        let args: Vec<String> = self.args.iter().map(short).collect();
        format!("{} {}", self.event, args.join(", ")).trim_end().to_owned()
    }
}
