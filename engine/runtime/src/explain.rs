//! What the engine finds while it decides, told as it finds it: for `explain`, for coverage, for whoever else must know
//! why. There is one evaluation; this only listens to it.
//!
//! A [`Recorder`] comes with [`crate::Bound`]. Where there is none, a note is never even made.

mod ask;

use homeroom_plan::program::{Check, Entry, Place, Query, Room, RoomRef, Rule, Step};
use serde_json::Value;

use crate::Refusal;
use crate::bind::Bound;
use crate::outcome::{Emission, Outcome};

/// Listens to what the engine finds. Called in the middle of events, so it must return soon and call nothing of the
/// engine's.
pub trait Recorder: Send + Sync {
    /// Something was found. Notes of one event come in order; those of several may come in between each other.
    fn note(&self, note: &Note<'_>);
}

/// Something that was found.
#[derive(Debug)]
pub enum Note<'a> {
    /// Rules are asked from here on, one by one, until [`Note::Answered`]. They may lead to those of other rooms.
    Asks(Subject<'a>),
    /// A rule is asked from here on, part by part, until [`Note::Ruled`].
    Rule(&'a Rule),
    /// What a part of that rule asks, and whether it holds.
    Part(Part<'a>, bool),
    /// Whether the rule holds.
    Ruled(&'a Rule, bool),
    /// Whether one of the rules admits.
    Answered(Subject<'a>, bool),
    /// A step is reached, and what it came to is told by what follows; `false`: its `when:` does not hold.
    Step(&'a Step, bool),
    /// That step found or changed nothing, so that what its `else:` says happens.
    Else(&'a Step),
    /// An event, a connect, or steps that nobody asked for came to this, which happens now.
    Outcome(&'a Outcome),
    /// It was sent, to so many connections in its first form, and so many in each further one.
    Sent(&'a Emission, usize, &'a [usize]),
    /// It was refused.
    Refused(&'a Refusal),
}

/// Whose rules are asked.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// Those of an event, or of connect.
    Event(&'a Entry),
    /// Those of a room, with the values of its parameters.
    Room(&'a Room, &'a [String]),
}

/// One thing that a rule asks.
#[derive(Debug)]
pub enum Part<'a> {
    /// `roles:`
    Roles(&'a [usize]),
    /// `in:`, with the names of those rooms that have one.
    Inside(Vec<String>),
    /// `when:`
    When,
    /// `check:`, with the parameters that the query was given; what is absent is NULL.
    Check(&'a Check, &'a Query, Vec<(&'a str, Option<Value>)>),
    /// `like:` a room that a parameter is absent for, so that there is no such room to ask.
    LikeNothing(&'a RoomRef),
}

impl<'a> Subject<'a> {
    /// The rules, of which the first that holds admits.
    #[must_use]
    pub fn rules(&self) -> &'a [Rule] {
        match self {
            Self::Event(entry) => &entry.rules,
            Self::Room(room, _) => &room.rules,
        }
    }

    /// What refuses if none of them admits: the rule, if there is one only, or where they begin. A room may be declared in
    /// several files, so that its rules stand elsewhere than its name.
    #[must_use]
    pub fn place(&self) -> &'a Place {
        match (self.rules(), self) {
            ([only], _) => &only.place,
            (_, Self::Event(entry)) => &entry.place,
            ([first, ..], Self::Room(..)) => &first.place,
            ([], Self::Room(room, _)) => &room.place,
        }
    }

    /// The room's name, if it is a room.
    #[must_use]
    pub fn room(&self) -> Option<String> {
        match self {
            Self::Event(_) => None,
            Self::Room(room, values) => room.pattern.fill(*values),
        }
    }
}

impl Bound {
    /// The same, listened to.
    #[must_use]
    pub fn recorded_by(mut self, recorder: std::sync::Arc<dyn Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Tells the recorder, if there is one.
    pub(crate) fn note<'n>(&self, note: impl FnOnce() -> Note<'n>) {
        if let Some(recorder) = &self.recorder {
            recorder.note(&note());
        }
    }
}
