//! A change of the definitions that somebody should notice.

use clap::ValueEnum;
use homeroom_definition::{SourceId, Sources, Span};

use super::judge::Definition;
use super::tree::{Edit, Spot};

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(in crate::test) enum Kind {
    /// Who may: a rule asks for less, or for more.
    Rule,
    /// Who is sent something: a target, an exception, a whole emission.
    Target,
    /// How much of it they see: what a view leaves out.
    View,
    /// What steps do, when, and for how long.
    Step,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Rule, Self::Target, Self::View, Self::Step];

    /// Whether nobody may overlook it.
    pub(super) fn must_be_noticed(self) -> bool {
        matches!(self, Self::Rule | Self::Target)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Target => "target",
            Self::View => "view",
            Self::Step => "step",
        }
    }
}

/// Which scenarios may notice a change.
#[derive(Debug, Clone)]
pub(super) enum Concerns {
    /// Those that reach a rule or step at one of these places.
    Reaching(Vec<Span>),
    /// Those in which this server event is sent.
    Sending(String),
    /// All.
    All,
}

/// One change of one file.
#[derive(Debug, Clone)]
pub(super) struct Mutant {
    pub(super) kind: Kind,
    pub(super) source: SourceId,
    /// What is changed.
    pub(super) span: Span,
    /// How.
    pub(super) change: String,
    pub(super) edits: Vec<Edit>,
    pub(super) concerns: Concerns,
}

/// Where and how a change is made.
pub(super) struct Draft<'s, 'n> {
    kind: Kind,
    spot: &'s Spot<'n>,
    concerns: Concerns,
}

impl<'s, 'n> Draft<'s, 'n> {
    /// A change at a rule, step or other value of which scenarios are told when it is reached.
    pub(super) fn at(kind: Kind, spot: &'s Spot<'n>) -> Self {
        Self { kind, spot, concerns: Concerns::Reaching(vec![spot.span()]) }
    }

    /// The same for other scenarios.
    pub(super) fn concerning(self, concerns: Concerns) -> Self {
        Self { concerns, ..self }
    }

    /// The change itself.
    pub(super) fn made(&self, change: impl Into<String>, edits: Vec<Edit>) -> Mutant {
        self.made_to(self.spot.span(), change, edits)
    }

    /// The change itself, told at another place.
    pub(super) fn made_to(&self, span: Span, change: impl Into<String>, edits: Vec<Edit>) -> Mutant {
        let (kind, concerns) = (self.kind, self.concerns.clone());
        Mutant { kind, source: span.source, span, change: change.into(), edits, concerns }
    }
}

impl Mutant {
    /// A file as it is.
    pub(super) fn untouched(definition: &Definition) -> Self {
        let (source, span) = (definition.source, definition.root.span);
        Self { kind: Kind::Step, source, span, change: "unchanged".into(), edits: Vec::new(), concerns: Concerns::All }
    }

    /// `path:line: kind: change`, and the line.
    pub(super) fn told(&self, sources: &Sources) -> String {
        let text = sources.text(self.source);
        let begin = text[..sources.clamp(self.span).start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[begin..].lines().next().unwrap_or_default().trim();
        format!("{}: {}   in `{}`", self.place(sources), self.change, super::cut(line))
    }

    /// `path:line`
    pub(super) fn place(&self, sources: &Sources) -> String {
        format!("{}:{}", sources.path(self.source), sources.position(self.source, self.span.start).line)
    }
}
