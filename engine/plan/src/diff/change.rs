//! Changes as data: what was added, removed or changed, and what that does.

use std::sync::Arc;

use homeroom_definition::Span;

use super::rights::RightChange;
use super::schema::Difference;

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    /// A namespace as a whole.
    Namespace,
    /// What happens when a client connects.
    Connect,
    /// What happens when one has gone.
    Disconnect,
    /// A room.
    Room,
    /// What clients may send.
    ClientEvent,
    /// What services may send.
    BackendEvent,
    /// What clients may receive.
    ServerEvent,
    /// What is remembered.
    State,
    /// An SQL statement.
    Query,
    /// A payload type.
    Type,
    /// A named list of steps.
    Steps,
    /// A question to a service, or news for it.
    Webhook,
    /// A refusal code.
    Code,
    /// A setting of the server.
    Setting,
}

impl Noun {
    /// For people and programs alike.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Connect => "connect",
            Self::Disconnect => "disconnect",
            Self::Room => "room",
            Self::ClientEvent => "client event",
            Self::BackendEvent => "backend event",
            Self::ServerEvent => "server event",
            Self::State => "state",
            Self::Query => "query",
            Self::Type => "type",
            Self::Steps => "steps",
            Self::Webhook => "webhook",
            Self::Code => "code",
            Self::Setting => "setting",
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is there, and differs.
    Changed,
}

/// What it means for those outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A right or a limit is wider.
    Wider,
    /// A right or a limit is narrower.
    Narrower,
    /// It cannot be told.
    Unclear,
    /// Neither.
    Plain,
}

impl Effect {
    /// For programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wider => "wider",
            Self::Narrower => "narrower",
            Self::Unclear => "unclear",
            Self::Plain => "plain",
        }
    }
}

/// A place in one of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the files as they were.
    Old(Span),
    /// In the files as they are.
    New(Span),
}

/// Who sends what a payload difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Clients do.
    Sent,
    /// Services do.
    Backend,
    /// Clients receive it.
    Received,
    /// A client is answered with it.
    Answer,
}

/// What a right is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// To enter a room.
    Join,
    /// To send an event.
    Send,
    /// To connect.
    Connect,
}

/// What exactly differs, for those who judge it further.
#[derive(Clone, Debug, PartialEq)]
pub enum Aspect {
    /// Who may do it.
    Right {
        /// What.
        right: Right,
        /// How it changed.
        change: RightChange,
        /// The rooms whose rules brought it about, where its own are as they were.
        through: Vec<String>,
    },
    /// Whether a token is asked for.
    Auth {
        /// None is, now.
        opened: bool,
    },
    /// The form of acks.
    Envelope,
    /// What becomes of unknown fields.
    UnknownFields {
        /// They are refused, now.
        refused: bool,
    },
    /// What is carried.
    Payload(Direction, Difference),
    /// One argument, several, or none.
    Arguments(Direction),
    /// What a role sees of an event.
    View {
        /// The role.
        role: String,
        /// What it sees now.
        shows: Vec<String>,
        /// What it no longer sees.
        hides: Vec<String>,
    },
    /// Where an event goes.
    Audience {
        /// Where it goes now, too.
        gained: Vec<String>,
        /// Where it no longer goes.
        lost: Vec<String>,
    },
    /// How often it may be sent.
    Rate,
    /// The name in exported types.
    Export,
    /// The statement of a query that rules ask.
    Statement {
        /// Whether a rule asks it.
        decides: bool,
    },
    /// Anything else.
    Other,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// What.
    pub aspect: Aspect,
    /// What it means.
    pub effect: Effect,
    /// In words: a clause that stands by itself, without a full stop.
    pub words: String,
    /// Where.
    pub place: Option<Place>,
}

/// One thing that was added, removed or changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The namespace; empty for settings.
    pub namespace: Arc<str>,
    /// What kind of thing it is.
    pub noun: Noun,
    /// Its name; empty where a namespace has one of it.
    pub name: String,
    /// What was done.
    pub act: Act,
    /// What differs; of an added thing, what it is.
    pub details: Vec<Detail>,
    /// Where it is declared: now, or before if it is gone.
    pub place: Option<Place>,
}

impl Detail {
    /// With nothing to judge further.
    pub(crate) fn other(words: impl Into<String>, place: Option<Place>) -> Self {
        Self::new(Aspect::Other, Effect::Plain, words, place)
    }

    pub(crate) fn new(aspect: Aspect, effect: Effect, words: impl Into<String>, place: Option<Place>) -> Self {
        Self { aspect, effect, words: words.into(), place }
    }
}

impl Change {
    /// "room `class:<classId>`", "connect".
    #[must_use]
    pub fn subject(&self) -> String {
        match (self.noun, self.name.as_str()) {
            (noun, "") => noun.word().to_owned(),
            (noun, name) => format!("{} `{name}`", noun.word()),
        }
    }
}
