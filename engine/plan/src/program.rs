//! What the engine will do: the compiled form of a set of definition files, ready to run and free of names to look up.
//!
//! Everything here is plain, immutable data. It is made by [`crate::compile`] and read by the runtime.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use homeroom_definition::{Few, Pattern, RateLimit, Span};

use crate::contract::Contract;
use crate::data::{Data, Template};
use crate::expr::Expr;
use crate::schema::{Closed, Validator};
use crate::shape::Shape;

/// A place in the author's files, as `path:line`, for logs and explanations.
pub type Place = Arc<str>;
/// A refusal code, such as `NOT_IN_ROOM`.
pub type Code = Arc<str>;
/// Index of a value in a [`crate::frame::Frame`].
pub type Slot = usize;
/// Index into [`Namespace::rooms`].
pub type RoomId = usize;
/// Index into [`Namespace::states`].
pub type StateId = usize;
/// Index into [`Plan::queries`].
pub type QueryId = usize;
/// Index into [`Namespace::server_events`].
pub type EventId = usize;
/// Index into [`Namespace::procedures`].
pub type ProcedureId = usize;
/// Index into [`Namespace::webhooks`].
pub type WebhookId = usize;

/// Everything that is served, at one moment.
#[derive(Debug)]
pub struct Plan {
    /// SHA-256 of the files it was made of, in hex; the same on servers that serve the same.
    pub digest: String,
    /// The namespaces, by path.
    pub namespaces: HashMap<Arc<str>, Arc<Namespace>>,
    /// Every SQL statement.
    pub queries: Vec<Query>,
    /// All roles a user can have; an index into this list is a role's number.
    pub roles: Vec<Arc<str>>,
}

/// One Socket.IO namespace.
#[derive(Debug)]
pub struct Namespace {
    /// Its path, such as `/gradebook`.
    pub path: Arc<str>,
    /// `auth: none`: no token is asked for.
    pub open: bool,
    /// Whether any emission depends on the receiver's role, so that connections must be told apart by it.
    pub by_role: bool,
    /// What happens at connect.
    pub connect: Entry,
    /// What happens after a connection has gone.
    pub disconnect: Option<Handler>,
    /// The rooms there are.
    pub rooms: Vec<Room>,
    /// What is remembered.
    pub states: Vec<State>,
    /// Named lists of steps.
    pub procedures: Vec<Procedure>,
    /// Questions to a service, and news for it.
    pub webhooks: Vec<Webhook>,
    /// What clients may send, by name.
    pub client_events: HashMap<Arc<str>, Entry>,
    /// What services may send, by name.
    pub backend_events: HashMap<Arc<str>, Entry>,
    /// What clients may receive.
    pub server_events: Vec<ServerEvent>,
    /// The text that clients are told for each code, engine codes included where reworded.
    pub errors: HashMap<Code, Arc<str>>,
    /// What clients and services may rely on.
    pub contract: Contract,
}

/// Something that comes in and is answered: a client event, a backend event, or a connect.
#[derive(Debug)]
pub struct Entry {
    /// Its name; `connect` for a connect.
    pub name: Arc<str>,
    /// Its number among its kind in the namespace, from 0 on and without gaps: what is kept of it is found by it.
    pub number: usize,
    /// Where it stands.
    pub place: Place,
    /// What it may carry.
    pub input: Input,
    /// How often it may come.
    pub rate: Option<Rate>,
    /// Who may send it; the first rule that holds admits. Empty: anyone.
    pub rules: Few<Rule>,
    /// What it does.
    pub handler: Handler,
    /// What its sender is answered.
    pub ack: Ack,
    /// The form of its acks.
    pub envelope: Arc<Envelope>,
    /// The ack of success in its form, as one argument, where the two can be told as one.
    pub answer: Option<Data>,
}

/// Steps with the frame they run in.
#[derive(Debug)]
pub struct Handler {
    /// How many slots a frame for it needs, rules included.
    pub slots: usize,
    /// The steps, in order.
    pub body: Vec<Step>,
    /// Whether it writes to the database, anywhere below.
    pub executes: bool,
    /// Whether it enters rooms, anywhere below.
    pub joins: bool,
}

/// What an incoming event may carry.
#[derive(Debug)]
pub enum Input {
    /// No argument at all.
    Nothing,
    /// One argument. `prune`: fields the schema does not name are dropped instead of refused.
    Payload {
        /// The schema.
        schema: Arc<Validator>,
        /// Whether unknown fields are dropped.
        prune: bool,
        /// The same object, if it is one that can be read property by property.
        closed: Option<Arc<Closed>>,
    },
    /// Exactly these arguments, in order.
    Args(Vec<Arc<Validator>>),
    /// Whatever is sent.
    AnyArgs,
}

/// How often an event may come.
#[derive(Debug)]
pub struct Rate {
    /// Count, period, scope, and what happens beyond.
    pub limit: RateLimit,
    /// For `per room`: the room the limit counts in, taken from the event's `in:`.
    pub room: Option<RoomRef>,
}

/// What the sender of an event is answered, if it asked for an ack.
#[derive(Debug)]
pub enum Ack {
    /// An ack without a value of its own.
    Empty,
    /// One value, put into the envelope.
    Value(Data),
    /// Several arguments, sent as they are.
    Args(Args),
}

/// Several arguments.
#[derive(Debug)]
pub enum Args {
    /// One value each.
    Each(Vec<Data>),
    /// One expression that is the list of them.
    List(Expr),
}

/// The form of acks: two values over slots [`envelope_slot`].
#[derive(Debug)]
pub struct Envelope {
    /// When the event succeeded. `None`: the ack's value as it is, and no argument where there is none.
    pub success: Option<Data>,
    /// When it was refused.
    pub failure: Data,
}

impl Envelope {
    /// What `ack` comes to in the form of success: one argument, over the frame of its event. `None` if the form does more
    /// with the ack than to hold it.
    #[must_use]
    pub fn around(&self, ack: &Ack) -> Option<Data> {
        match (&self.success, ack) {
            (Some(form), Ack::Value(ack)) => form.holding(envelope_slot::ACK, ack),
            (None, Ack::Value(ack)) => Some(ack.clone()),
            _ => None,
        }
    }
}

/// The slots an [`Envelope`]'s values are found in.
pub mod envelope_slot {
    use super::Slot;
    /// `ack`: the event's own ack value.
    pub const ACK: Slot = 0;
    /// `message`: the text for the refusal code.
    pub const MESSAGE: Slot = 1;
    /// `code`: the refusal code.
    pub const CODE: Slot = 2;
    /// `retryAfterMs`: when to come back, after RATE_LIMITED.
    pub const RETRY_AFTER_MS: Slot = 3;
    /// `errors`: what was wrong with the payload, after INVALID_PAYLOAD: a list of `{path, message}`.
    pub const ERRORS: Slot = 4;
    /// How many there are.
    pub const COUNT: usize = 5;
}

/// One rule: all of it must hold.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Where it stands.
    pub place: Place,
    /// The same, to the letter.
    pub span: Span,
    /// This connection must be in one of these rooms; empty: not asked.
    pub inside: Few<RoomRef>,
    /// Numbers of the roles of which the user must have one ([`Plan::roles`]); empty: not asked.
    pub roles: Vec<usize>,
    /// Holds before the checks are made, as it needs nothing of them.
    pub when_before: Option<Expr>,
    /// Queries that must find something, in order.
    pub checks: Vec<Check>,
    /// Must hold after the checks.
    pub when: Option<Expr>,
    /// Whoever this room's rules admit.
    pub like: Option<RoomRef>,
}

/// A query that must find something; its columns become names for what follows in the rule.
#[derive(Debug, Clone)]
pub struct Check {
    /// The query and its parameters.
    pub call: QueryCall,
    /// Column and the slot that it is lent in.
    pub lends: Vec<(Box<str>, Slot)>,
}

/// A room, and the rules for it. Its parameters are the first slots of every frame made for it.
#[derive(Debug)]
pub struct Room {
    /// Where it stands.
    pub place: Place,
    /// How its name is spelt.
    pub pattern: Pattern,
    /// Who may enter; the first rule that holds admits; none: nobody.
    pub rules: Vec<Rule>,
    /// How many slots its rules and `presence` need.
    pub slots: usize,
    /// What is remembered of each user there.
    pub presence: Option<Data>,
    /// How often those who are in are asked anew whether they may be.
    pub recheck: Option<Duration>,
    /// Whether first-in, last-out and counts are needed: it has presence, `on_join`, `on_leave`, or is counted.
    pub tracked: bool,
    /// For a user's first connection in.
    pub on_join: Option<Handler>,
    /// For a user's last connection out.
    pub on_leave: Option<Handler>,
    /// How much is kept of what is sent there.
    pub history: Option<History>,
}

/// How much is kept of what is sent to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// How many events.
    pub size: usize,
    /// For how long.
    pub ttl: Duration,
}

/// A room named in a step or rule: which one, and the texts for its parameters.
#[derive(Debug, Clone)]
pub struct RoomRef {
    /// The room.
    pub room: RoomId,
    /// Its parameters, in the order of its pattern.
    pub params: Few<Template>,
}

/// The four kinds of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// Fields and values.
    Hash,
    /// Texts, each once.
    Set,
    /// Values in order.
    List,
    /// A number.
    Counter,
}

/// Something remembered.
#[derive(Debug)]
pub struct State {
    /// Its name in the file.
    pub name: Arc<str>,
    /// Where it stands.
    pub place: Place,
    /// Its kind.
    pub kind: StateKind,
    /// How its key is spelt.
    pub key: Pattern,
    /// The life of an entry.
    pub ttl: Duration,
    /// How many entries at most.
    pub max: usize,
    /// How many bytes an entry may have.
    pub max_bytes: usize,
    /// Whether the oldest entry makes room (else FULL).
    pub drop_oldest: bool,
    /// For a list: the property that may be there once.
    pub unique: Option<Box<str>>,
    /// For each entry that ran out; key parameters are the first slots.
    pub on_expire: Option<Handler>,
}

/// A state named in a step: which one, and the texts for its key's parameters.
#[derive(Debug, Clone)]
pub struct StateRef {
    /// The state.
    pub state: StateId,
    /// Its parameters, in the order of its key.
    pub params: Few<Template>,
}

/// A state or a room.
#[derive(Debug)]
pub enum Collection {
    /// A state.
    State(StateRef),
    /// The users in a room.
    Room(RoomRef),
}

/// An SQL statement.
#[derive(Debug)]
pub struct Query {
    /// Its name in the file.
    pub name: Arc<str>,
    /// Where it stands.
    pub place: Place,
    /// Where its statement stands, for what the database says of it.
    pub span: Span,
    /// The author's text.
    pub sql: Arc<str>,
    /// The statement with positional parameters `?1`, `?2`, ... and `$1`, `$2`, ... for the two databases.
    pub statement: crate::sql::Statement,
    /// What it answers.
    pub returns: Returns,
    /// How long an answer may be reused.
    pub cache: Option<Duration>,
}

/// A question to a service, or news for it.
#[derive(Debug)]
pub struct Webhook {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is sent, below the URL of the settings.
    pub path: Box<str>,
    /// What its answer must be, if anything is made of it.
    pub answer: Option<Arc<Validator>>,
    /// Whether it is only told.
    pub tells: bool,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often it is tried at most.
    pub attempts: u32,
    /// What happens if there is no answer that can be used.
    pub on_failure: Otherwise,
}

/// What a query answers.
#[derive(Debug)]
pub enum Returns {
    /// Yes or no.
    Found,
    /// One row, or absent.
    Row(Vec<Column>),
    /// Rows, so many at most.
    Rows(Vec<Column>, usize),
}

/// A column of a row, with the type it is converted to.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: Box<str>,
    /// Its type.
    pub kind: ColumnKind,
    /// Whether every row must have it.
    pub required: bool,
    /// What its values look like.
    pub shape: Shape,
}

/// What a column is converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// `true` or `false`; a database without booleans has 0 and 1.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    Text,
    /// JSON kept as text in the database.
    Json,
    /// As the database has it.
    Any,
}

/// A query with its parameters, in the order of the statement; an absent one is NULL.
#[derive(Debug, Clone)]
pub struct QueryCall {
    /// The query.
    pub query: QueryId,
    /// Its parameters.
    pub params: Vec<Data>,
}

/// A named list of steps. Its fields are the first slots of its own frame.
#[derive(Debug)]
pub struct Procedure {
    /// Its name.
    pub name: Arc<str>,
    /// The steps and their frame.
    pub handler: Handler,
    /// What it gives its caller.
    pub gives: Option<Data>,
}

/// What clients may receive.
#[derive(Debug)]
pub struct ServerEvent {
    /// Its name.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// Checks what leaves, where the shapes alone did not prove it.
    pub schema: Option<Arc<Validator>>,
    /// Less of it for some; empty: the same for all.
    pub views: Vec<View>,
}

/// What some roles see of a server event.
#[derive(Debug, Clone)]
pub struct View {
    /// Where it stands.
    pub span: Span,
    /// Numbers of the roles ([`Plan::roles`]).
    pub roles: Vec<usize>,
    /// Properties they do not get.
    pub omit: Vec<Box<str>>,
}

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Where it stands.
    pub place: Place,
    /// The same, to the letter.
    pub span: Span,
    /// Only if this holds.
    pub when: Option<Expr>,
    /// What it does.
    pub verb: Verb,
    /// The slot its outcome is bound to.
    pub bind: Option<Slot>,
    /// What happens when it found or changed nothing.
    pub otherwise: Otherwise,
}

/// What happens when a step found or changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Otherwise {
    /// Nothing was stated: go on; for a `join`: refuse with UNAUTHORIZED.
    Unstated,
    /// Go on.
    Continue,
    /// End the event here, quietly and successfully; what was done so far counts.
    Stop,
    /// Refuse with this code.
    Refuse(Code),
}

/// What a step does. Outcomes named by `as:` are told in `model.rs` of the definition.
#[derive(Debug)]
pub enum Verb {
    /// Enter rooms under their rules. With a stated `else:`, an absent parameter is a "no".
    Join {
        /// The rooms.
        rooms: Vec<RoomRef>,
        /// The positions from which what was missed is sent, where that is asked for.
        since: Option<Data>,
    },
    /// Leave rooms; `who`: everyone in that room leaves.
    Leave {
        /// The rooms.
        rooms: Vec<RoomRef>,
        /// Everyone in this room, instead of this connection.
        who: Option<RoomRef>,
    },
    /// Send a server event.
    Emit(Emit),
    /// Write a field of a hash.
    Put {
        /// The state.
        state: StateRef,
        /// The field.
        field: Template,
        /// The value.
        value: Data,
        /// Only if it is new, or only if it is there.
        only: Only,
        /// A shorter life.
        ttl: Option<Ttl>,
    },
    /// Read a field of a hash.
    Get {
        /// The state.
        state: StateRef,
        /// The field.
        field: Template,
    },
    /// Add to a set.
    Add {
        /// The state.
        state: StateRef,
        /// The value.
        value: Template,
        /// A shorter life.
        ttl: Option<Ttl>,
    },
    /// Append to a list.
    Push {
        /// The state.
        state: StateRef,
        /// The value.
        value: Data,
        /// A shorter life.
        ttl: Option<Ttl>,
    },
    /// Count up or down.
    Increment {
        /// The state.
        state: StateRef,
        /// By how much.
        by: Option<Expr>,
        /// A shorter life.
        ttl: Option<Ttl>,
    },
    /// Read all entries, or the last so many.
    All {
        /// The state or room.
        of: Collection,
        /// The last so many.
        last: Option<usize>,
    },
    /// Ask whether something is there.
    Has {
        /// The state or room.
        of: Collection,
        /// What is asked for.
        what: Choice,
    },
    /// How many there are.
    Count(Collection),
    /// Empty a state.
    Clear(StateRef),
    /// Remove and yield.
    Take {
        /// The state.
        state: StateRef,
        /// What is removed.
        what: Choice,
    },
    /// Read from the database.
    Query(QueryCall),
    /// Write to the database.
    Execute(QueryCall),
    /// Repeat for the items of a list.
    Each {
        /// The list.
        list: Expr,
        /// The slot of the item.
        item: Slot,
        /// The steps.
        body: Vec<Step>,
        /// What each turn adds to the outcome.
        give: Option<Data>,
        /// How many turns at most; proved from `maxItems`, `max_rows` or `max`.
        max: usize,
    },
    /// Name values.
    Let(Vec<(Slot, Data)>),
    /// Name values of the connection: `let: {socket: {...}}`.
    LetSocket(Vec<(Box<str>, Data)>),
    /// Say who the user is, at connect of an open namespace: `let: {user: {...}}`.
    LetUser(Data),
    /// Run named steps.
    CallSteps {
        /// Which.
        procedure: ProcedureId,
        /// The values for its fields, by slot of its frame.
        fields: Vec<(Slot, Data)>,
    },
    /// Run a hook.
    CallHook {
        /// Its name.
        hook: Arc<str>,
        /// What it is called with.
        with: Vec<(Box<str>, Data)>,
    },
    /// Ask a service, or tell it.
    CallWebhook {
        /// Which.
        webhook: WebhookId,
        /// What it is called with.
        with: Vec<(Box<str>, Data)>,
    },
    /// Refuse.
    Refuse(Code),
    /// Several steps under one condition.
    Block(Vec<Step>),
}

/// A condition on what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// None.
    Any,
    /// Only if it is not there.
    New,
    /// Only if it is.
    Existing,
}

/// A life shorter than the state's.
#[derive(Debug)]
pub enum Ttl {
    /// Known at load.
    Fixed(Duration),
    /// Computed; the text must be a duration such as `90s`.
    Computed(Template),
}

/// Which entry of a collection is meant.
#[derive(Debug)]
pub enum Choice {
    /// Nothing said: whether there is any at all.
    Any,
    /// The oldest.
    First,
    /// A field of a hash, and properties its value must have.
    Field(Template, Vec<(Box<str>, Data)>),
    /// A text in a set, or a user in a room.
    Member(Template),
    /// Properties that the value must have, in a list.
    Match(Vec<(Box<str>, Data)>),
}

/// Sending a server event.
#[derive(Debug)]
pub struct Emit {
    /// Which.
    pub event: EventId,
    /// Where to.
    pub to: Few<Audience>,
    /// Not to these.
    pub except: Few<Audience>,
    /// Only to users with one of these roles (each a text); empty: all.
    pub roles: Vec<Template>,
    /// What is sent.
    pub body: Body,
    /// May be dropped for a receiver who cannot keep up.
    pub volatile: bool,
    /// How far the body is known to fit the event's schema.
    pub fits: Fits,
}

/// How far the shapes prove that what is sent fits its event's schema. The rest is checked before it leaves.
#[derive(Debug)]
pub enum Fits {
    /// All of it does.
    Proven,
    /// All but these of its properties do.
    But(Vec<Doubt>),
    /// Only the run can tell.
    Unknown,
}

/// A property of which only the run can tell whether it fits.
#[derive(Debug)]
pub struct Doubt {
    /// The property, as a JSON pointer.
    pub pointer: Box<str>,
    /// Its value.
    pub data: Data,
    /// What the value must fit.
    pub schema: Arc<Validator>,
}

/// Some receivers.
#[derive(Debug)]
pub enum Audience {
    /// The connection that sent the event.
    Sender,
    /// Everyone in the namespace but the sender.
    Others,
    /// Everyone in the namespace.
    Everyone,
    /// A room.
    Room(RoomRef),
}

/// What is sent with a server event.
#[derive(Debug)]
pub enum Body {
    /// No argument.
    Nothing,
    /// One argument.
    One(Data),
    /// Several.
    Args(Args),
}
