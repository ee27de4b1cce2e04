//! What an event came to, as plain data. Nothing of it has happened yet.

use std::sync::Arc;

use homeroom_plan::program::{self, EventId, RoomId, WebhookId};
use serde_json::Value;
use smallvec::SmallVec;

use crate::gate::Inside;
use crate::history::Recall;
use crate::outlet::WireArgs;

/// Names of rooms; most often of one, which takes no memory of its own.
pub type Names = SmallVec<[Arc<str>; 1]>;

/// What an event that was not refused will do, in order.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Room changes and emissions, in the order of the steps.
    pub effects: Vec<Effect>,
    /// `socket.vars` from now on.
    pub vars: Option<Value>,
    /// What its sender is answered; made only if it asked.
    pub ack: Option<WireArgs>,
    /// Its place among those who may enter rooms at once.
    pub inside: Option<Inside>,
}

/// One change to the outside.
#[derive(Debug)]
pub enum Effect {
    /// The sender enters a room.
    Join(Place),
    /// The sender leaves it.
    Leave(Place),
    /// Everyone in one room leaves others.
    Evict {
        /// The room whose members leave.
        who: Arc<str>,
        /// What they leave.
        rooms: Vec<Place>,
    },
    /// Something is sent.
    Emit(Emission),
    /// A service is told.
    Tell {
        /// By which webhook.
        webhook: WebhookId,
        /// What tells it from others.
        id: Box<str>,
        /// What.
        data: Value,
    },
}

/// A room, found.
#[derive(Debug, Clone)]
pub struct Place {
    /// Which room of the plan.
    pub room: RoomId,
    /// Its name.
    pub name: Arc<str>,
    /// Its parameters.
    pub params: Vec<String>,
    /// What is remembered of the user there, as JSON; only of one who enters.
    pub presence: Option<Arc<str>>,
    /// The rule that admitted the user; only of one who enters.
    pub rule: Option<program::Place>,
    /// What is sent to one who enters a room that keeps what is sent.
    pub(crate) recall: Option<Arc<Recall>>,
}

/// Something that is sent.
#[derive(Debug, Clone)]
pub struct Emission {
    /// The event.
    pub event: Arc<str>,
    /// Its number; `None`: another server sent it, and it is not declared here.
    pub number: Option<EventId>,
    /// What is sent: one form, or one for each view.
    pub forms: Vec<Form>,
    /// Who gets it.
    pub to: Audience,
    /// Not its sender.
    pub except_sender: bool,
    /// Not the members of these rooms.
    pub except_rooms: Vec<Arc<str>>,
    /// May be left out for a receiver who cannot keep up.
    pub volatile: bool,
    /// The rooms of its audience that keep it.
    pub kept: Vec<KeptIn>,
}

/// A room that keeps what is sent to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptIn {
    /// The room.
    pub room: Arc<str>,
    /// How much it keeps.
    pub history: program::History,
}

impl Emission {
    /// Whether it is for its sender alone.
    pub(crate) fn is_answer(&self) -> bool {
        self.to.sender && !self.except_sender && !self.to.everyone && self.to.rooms.is_empty()
    }
}

/// What some roles are sent.
#[derive(Debug, Clone)]
pub struct Form {
    /// Numbers of the roles; `None`: all, also those without a role.
    pub roles: Option<Vec<usize>>,
    /// The arguments.
    pub args: WireArgs,
}

/// Who gets an emission.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    /// Its sender.
    pub sender: bool,
    /// Everyone in the namespace.
    pub everyone: bool,
    /// Members of these rooms.
    pub rooms: Names,
}
