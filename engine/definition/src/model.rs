//! The language, as Rust types: what the author of a definition file may write.
//!
//! Every record below is the single source of three things: how a file is read, its JSON Schema (completion in
//! editors), and the language reference. A doc comment here is what an author reads there.

use crate::read::{Many, Table, Text, record};
use crate::tree::Node;

record! {
    /// One file: a namespace, or parts that namespaces share when `namespace:` is absent.
    pub struct File {
        /// The Socket.IO namespace this file defines, such as `/gradebook`. Absent in a file made to be imported.
        "namespace" namespace: Option<Text>,
        /// What it is for, in a sentence or two; goes into the exported documents.
        "description" description: Option<Text>,
        /// Files whose types, queries, rooms, state, steps and errors this one uses; paths are relative to this file.
        "imports" imports: Many<Text>,
        /// `jwt` (default): a verified token is needed. `none`: anyone may connect, and the user is the connection.
        "auth" auth: Option<Text>,
        /// The form of acks: `success` (default), `bare`, or a pair of your own.
        "envelope" envelope: Option<Node>,
        /// What becomes of payload fields that the schema does not name: `refuse` (default) or `drop`.
        "unknown_fields" unknown_fields: Option<Text>,
        /// What happens when a client connects, before it is told that it is connected.
        "connect" connect: Option<Connect>,
        /// What happens after a client has gone and its rooms were left.
        "disconnect" disconnect: Option<Disconnect>,
        /// The rooms there are, by pattern: `class:<classId>`. Others can be neither joined nor emitted to.
        "rooms" rooms: Table<Room>,
        /// SQL statements, by name. Parameters are written `:name` and always bound.
        "queries" queries: Table<Query>,
        /// What is remembered, and for how long.
        "state" state: Table<State>,
        /// Payload types by name: JSON Schema 2020-12, or `fields:` and `optional:` for a closed object.
        "types" types: Table<Node>,
        /// Named lists of steps, for `call:`.
        "steps" steps: Table<Procedure>,
        /// Questions to a service of yours and news for it, over HTTP, for `call:`.
        "webhooks" webhooks: Table<Webhook>,
        /// Refusal codes of your own with the text clients are told; engine codes may be reworded here too.
        "errors" errors: Table<Text>,
        /// What clients may send.
        "client_events" client_events: Table<ClientEvent>,
        /// What your services may send, over HTTP. A name alone relays that server event.
        "backend_events" backend_events: Table<BackendEvent>,
        /// What clients may receive.
        "server_events" server_events: Table<ServerEvent>,
    }
}

record! {
    /// An event like any other; its payload is `handshake.auth` without the token.
    pub struct Connect {
        /// What the client hands over in `auth` beside the token.
        "payload" payload: Option<Node>,
        /// Several rules, of which one must hold; or `anyone`.
        "allow" allow: Option<Allow>,
        /// A list of roles, one of which the user must have.
        "roles" roles: Many<Text>,
        /// Queries that must find something.
        "check" check: Many<Text>,
        /// An expression that must hold.
        "when" when: Option<Text>,
        /// Whoever that room's rules admit.
        "like" like: Option<Text>,
        /// Values for parameters of `check` and `like` that go by another name here.
        "with" with: Table<Node>,
        /// The steps, in order.
        "do" body: Vec<Step>,
    }
}

record! {
    /// Steps that run when a connection has ended and its rooms were left. Not run for a server that died.
    pub struct Disconnect {
        /// The steps, in order.
        "do" body: Vec<Step>,
    }
}

record! {
    /// One rule: all of what it names must hold.
    pub struct Rule {
        /// This connection must be in that room already; of a list, in any.
        "in" inside: Many<Text>,
        /// A list of roles, one of which the user must have.
        "roles" roles: Many<Text>,
        /// Queries that must find something; one that `returns:` a row lends its columns to the rest of the rule.
        "check" check: Many<Text>,
        /// An expression that must hold.
        "when" when: Option<Text>,
        /// Whoever that room's rules admit.
        "like" like: Option<Text>,
        /// Values for parameters of `check` and `like` that go by another name here.
        "with" with: Table<Node>,
    }
}

/// `anyone`, or rules of which the first that holds admits.
#[derive(Clone, Debug)]
pub enum Allow {
    /// Everyone who is connected.
    Anyone,
    /// Rules, tried in order.
    Rules(Vec<Rule>),
}

record! {
    /// A room, by its pattern. Declared in several files, its parts add up.
    pub struct Room {
        /// What it is for.
        "description" description: Option<Text>,
        /// The first rule that holds admits; none: refused.
        "allow" allow: Option<Allow>,
        /// What is remembered of each user who is in the room, and answered by `all: <room>`.
        "presence" presence: Option<Node>,
        /// How often each who is in the room is asked anew whether they still may be, such as `30s`; whoever may not leaves it
        /// and is told. Without it they are asked when they enter, after a reload that changes the rules, and on demand.
        "recheck" recheck: Option<Text>,
        /// Runs when a user's first connection enters, in the whole cluster.
        "on_join" on_join: Vec<Step>,
        /// Runs when a user's last connection has left, also when a server died.
        "on_leave" on_leave: Vec<Step>,
        /// What is sent to the room is kept for a while, so that a client that was away receives what it missed.
        "history" history: Option<RoomHistory>,
    }
}

record! {
    /// How much is kept of what is sent to a room. Events then tell clients their position, as the last argument.
    pub struct RoomHistory {
        /// How many events at most, up to 500.
        "size" size: Option<Node>,
        /// For how long, such as `10m`; up to `7d`.
        "ttl" ttl: Option<Text>,
    }
}

record! {
    /// An SQL statement.
    pub struct Query {
        /// What it finds.
        "description" description: Option<Text>,
        /// The statement. `:name` is a parameter, always bound; `:user.id` a path. Time is `:now`.
        "sql" sql: Text,
        /// Absent: yes or no. A type: one row, or absent. A list of one type: rows.
        "returns" returns: Option<Node>,
        /// How many rows at most, for a query that returns a list (default 1000).
        "max_rows" max_rows: Option<Node>,
        /// How long an answer may be reused, such as `30s`.
        "cache" cache: Option<Text>,
    }
}

record! {
    /// Something remembered, under a key; give one of `hash`, `set`, `list`, `counter`.
    pub struct State {
        /// What it is for.
        "description" description: Option<Text>,
        /// Key of a hash of fields and values, such as `gradebook:<classId>:typing`.
        "hash" hash: Option<Text>,
        /// Key of a set of texts.
        "set" set: Option<Text>,
        /// Key of a list of values in order.
        "list" list: Option<Text>,
        /// Key of a number.
        "counter" counter: Option<Text>,
        /// How long an entry lives, each by itself.
        "ttl" ttl: Option<Text>,
        /// How many entries at most.
        "max" max: Option<Node>,
        /// How many bytes one entry may have (default 65536).
        "max_bytes" max_bytes: Option<Node>,
        /// What happens when it is full: `refuse` (default, with FULL) or `drop_oldest`.
        "when_full" when_full: Option<Text>,
        /// A list only: the property of a value that may be there once.
        "unique" unique: Option<Text>,
        /// Runs once for each entry that ran out, in the whole cluster.
        "on_expire" on_expire: Vec<Step>,
    }
}

record! {
    /// A named list of steps. It sees only its fields, `user`, `socket` and `now`.
    pub struct Procedure {
        /// What it does.
        "description" description: Option<Text>,
        /// What it must be called with, and the types.
        "fields" fields: Table<Node>,
        /// What it may be called with.
        "optional" optional: Table<Node>,
        /// The steps, in order.
        "do" body: Vec<Step>,
        /// What the caller's `as:` is given.
        "gives" gives: Option<Node>,
    }
}

record! {
    /// A question to a service of yours, or news for it, over HTTP. The service stands in the settings, under `webhooks: url:`.
    /// It is sent `{ "webhook", "namespace", "id", "data" }`, signed; it answers `{ "data": ... }`, `{ "refuse": CODE }`, or
    /// nothing with 204.
    pub struct Webhook {
        /// What it is for.
        "description" description: Option<Text>,
        /// Where it is sent, below the URL of the settings; by default its name.
        "path" path: Option<Text>,
        /// What it must be called with, and the types.
        "fields" fields: Table<Node>,
        /// What it may be called with.
        "optional" optional: Table<Node>,
        /// The type of the `data` that is answered, for `as:`. Absent: nothing but yes or no is asked.
        "returns" returns: Option<Node>,
        /// `true`: it is only told, once the event has come about; nobody waits for that. What cannot be told is lost, and
        /// counted.
        "tell" tell: Option<Node>,
        /// How long an answer may take, `2s` by default.
        "timeout" timeout: Option<Text>,
        /// How often it is tried at most, `1` by default; more than that says that being asked twice does no harm.
        "attempts" attempts: Option<Node>,
        /// What happens if there is no answer that can be used: a code, UNAVAILABLE by default; `stop`; `continue`: as if it
        /// had given nothing.
        "on_failure" on_failure: Option<Text>,
    }
}

record! {
    /// What a client may send. Neither `payload` nor `args`: nothing may be sent with it.
    pub struct ClientEvent {
        /// What it is for.
        "description" description: Option<Text>,
        /// The type of its one argument.
        "payload" payload: Option<Node>,
        /// The types of its arguments, a list; or `any`.
        "args" args: Option<Node>,
        /// Several rules, of which one must hold; or `anyone`.
        "allow" allow: Option<Allow>,
        /// This connection must be in that room already; of a list, in any.
        "in" inside: Many<Text>,
        /// A list of roles, one of which the user must have.
        "roles" roles: Many<Text>,
        /// Queries that must find something.
        "check" check: Many<Text>,
        /// An expression that must hold.
        "when" when: Option<Text>,
        /// Whoever that room's rules admit.
        "like" like: Option<Text>,
        /// Values for parameters of `check` and `like` that go by another name here.
        "with" with: Table<Node>,
        /// `N per D [per user|room] [, drop|coalesce]`, such as `10 per 10s`.
        "rate_limit" rate_limit: Option<Text>,
        /// `refuse` or `drop`, where it differs from the file's.
        "unknown_fields" unknown_fields: Option<Text>,
        /// The steps, in order.
        "do" body: Vec<Step>,
        /// What the client's ack is given.
        "ack" ack: Option<Node>,
        /// Several arguments for the ack: a list of values, or one expression that is a list.
        "ack_args" ack_args: Option<Node>,
    }
}

/// A backend event: a relay of a server event by its name, or steps of its own.
#[derive(Clone, Debug)]
pub enum BackendEvent {
    /// `lineitem.created: lineitem.created`
    Relay(Text),
    /// `{payload, do}`
    Full(Box<BackendSteps>),
}

record! {
    /// What a service of yours may send, over HTTP.
    pub struct BackendSteps {
        /// What it is for.
        "description" description: Option<Text>,
        /// The type of the body.
        "payload" payload: Option<Node>,
        /// The types of its arguments, a list; or `any`.
        "args" args: Option<Node>,
        /// The steps, in order.
        "do" body: Vec<Step>,
    }
}

record! {
    /// What clients may receive.
    pub struct ServerEvent {
        /// What it tells.
        "description" description: Option<Text>,
        /// The stem of its exported names; default: the payload's type name.
        "export" export: Option<Text>,
        /// The type of its one argument.
        "payload" payload: Option<Node>,
        /// The types of its arguments, a list; or `any`.
        "args" args: Option<Node>,
        /// Where it goes when `emit` does not say: rooms, `sender`, `others`, `everyone`.
        "to" to: Many<Text>,
        /// The same event, less of it, for some roles; every role must match one.
        "views" views: Vec<View>,
    }
}

record! {
    /// What some roles see of a server event.
    pub struct View {
        /// The roles it is for.
        "roles" roles: Many<Text>,
        /// Properties they do not get.
        "omit" omit: Many<Text>,
    }
}

/// One step: a verb with what belongs to it.
#[derive(Clone, Debug)]
pub enum Step {
    /// Enter rooms under their rules.
    Join(JoinStep),
    /// Leave rooms, or empty one.
    Leave(LeaveStep),
    /// Send a server event.
    Emit(EmitStep),
    /// Write a field of a hash.
    Put(PutStep),
    /// Read a field of a hash.
    Get(GetStep),
    /// Add to a set.
    Add(AddStep),
    /// Append to a list.
    Push(PushStep),
    /// Count up or down.
    Increment(IncrementStep),
    /// Read all entries.
    All(AllStep),
    /// Ask whether it is there.
    Has(HasStep),
    /// How many there are.
    Count(CountStep),
    /// Empty it.
    Clear(ClearStep),
    /// Remove and yield.
    Take(TakeStep),
    /// Read from the database.
    Query(QueryStep),
    /// Write to the database.
    Execute(ExecuteStep),
    /// Repeat for the items of a list.
    Each(EachStep),
    /// Name values.
    Let(LetStep),
    /// Run named steps or a hook.
    Call(CallStep),
    /// Refuse with a code.
    Refuse(RefuseStep),
    /// A block: `when:` + `do:`.
    Block(BlockStep),
}

record! {
    /// Enter rooms, under their rules.
    pub struct JoinStep {
        /// The room, or a list of rooms.
        "join" rooms: Many<Text>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// The positions that the client was last told, `<since>` say, from which rooms with `history:` send what was missed:
        /// an object by the names of rooms, or the text for one. Absent: nothing was missed, the client is new.
        "since" since: Option<Node>,
        /// Names the outcome: whether every room was entered. With `since:` it is `{ recovered, at }`: whether nothing that
        /// was sent since then is missing, in all rooms that this event joins; and the positions to come back with.
        "as" bind: Option<Text>,
        /// What to do when a room's rules admit nobody like this: a code, `stop` or `continue`.
        "else" otherwise: Option<Text>,
        /// Values for parameters that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Leave rooms.
    pub struct LeaveStep {
        /// The room, or a list of rooms.
        "leave" rooms: Many<Text>,
        /// Everyone in this room leaves; never from a client's event.
        "who" who: Option<Text>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the outcome: whether the connection was in one of them.
        "as" bind: Option<Text>,
        /// What to do when it was in none.
        "else" otherwise: Option<Text>,
        /// Values for parameters that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Send a server event.
    pub struct EmitStep {
        /// Its name.
        "emit" event: Text,
        /// `sender`, `others`, `everyone`, or rooms; default: the server event's own `to:`.
        "to" to: Many<Text>,
        /// `sender`, or rooms whose members do not get it.
        "except" except: Many<Text>,
        /// Only users with one of these roles.
        "roles" roles: Many<Text>,
        /// The payload; default: this event's own.
        "data" data: Option<Node>,
        /// Several arguments: a list of values, or one expression that is a list.
        "args" args: Option<Node>,
        /// May be dropped for a receiver who cannot keep up.
        "volatile" volatile: Option<Node>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Values for parameters that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Write a field of a hash.
    pub struct PutStep {
        /// The state.
        "put" state: Text,
        /// The field.
        "field" field: Option<Text>,
        /// What is remembered.
        "value" value: Option<Node>,
        /// `new`: only if it is not there; `existing`: only if it is.
        "only" only: Option<Text>,
        /// A shorter life than the state's.
        "ttl" ttl: Option<Text>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the outcome: whether it was written.
        "as" bind: Option<Text>,
        /// What to do when it was not written.
        "else" otherwise: Option<Text>,
        /// Values for parameters of the key that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Read a field of a hash.
    pub struct GetStep {
        /// The state.
        "get" state: Text,
        /// The field.
        "field" field: Option<Text>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the value; absent when there is none.
        "as" bind: Option<Text>,
        /// What to do when there is none.
        "else" otherwise: Option<Text>,
        /// Values for parameters of the key that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Add a text to a set.
    pub struct AddStep {
        /// The state.
        "add" state: Text,
        /// What is added.
        "value" value: Option<Node>,
        /// A shorter life than the state's.
        "ttl" ttl: Option<Text>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the outcome: whether it was new.
        "as" bind: Option<Text>,
        /// What to do when it was there already.
        "else" otherwise: Option<Text>,
        /// Values for parameters of the key that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Append to a list.
    pub struct PushStep {
        /// The state.
        "push" state: Text,
        /// What is appended.
        "value" value: Option<Node>,
        /// A shorter life than the state's.
        "ttl" ttl: Option<Text>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the outcome: whether it was appended.
        "as" bind: Option<Text>,
        /// What to do when it was not, because its `unique` property is there already.
        "else" otherwise: Option<Text>,
        /// Values for parameters of the key that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Count.
    pub struct IncrementStep {
        /// The state, a counter.
        "increment" state: Text,
        /// By how much (default 1); may be negative.
        "by" by: Option<Node>,
        /// A shorter life than the state's.
        "ttl" ttl: Option<Text>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the new number.
        "as" bind: Option<Text>,
        /// Values for parameters of the key that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Read all entries: a hash as an object, a set or list as a list, a counter as a number, a room's presences.
    pub struct AllStep {
        /// The state or room.
        "all" of: Text,
        /// Only the last so many.
        "last" last: Option<Node>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names what was read.
        "as" bind: Option<Text>,
        /// What to do when there is nothing.
        "else" otherwise: Option<Text>,
        /// Values for parameters that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Ask whether something is there.
    pub struct HasStep {
        /// The state or room.
        "has" of: Text,
        /// The field, of a hash.
        "field" field: Option<Text>,
        /// The value, of a set; the user's id, of a room.
        "value" value: Option<Node>,
        /// The properties of a value, of a list.
        "match" matching: Option<Node>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the answer.
        "as" bind: Option<Text>,
        /// What to do when it is not there.
        "else" otherwise: Option<Text>,
        /// Values for parameters that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// How many entries a state has, or how many users are in a room.
    pub struct CountStep {
        /// The state or room.
        "count" of: Text,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the number.
        "as" bind: Option<Text>,
        /// What to do when there are none.
        "else" otherwise: Option<Text>,
        /// Values for parameters that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Empty a state.
    pub struct ClearStep {
        /// The state.
        "clear" state: Text,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the number of entries removed.
        "as" bind: Option<Text>,
        /// What to do when there was nothing.
        "else" otherwise: Option<Text>,
        /// Values for parameters of the key that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Remove atomically, and yield what was removed.
    pub struct TakeStep {
        /// The state.
        "take" state: Text,
        /// The field, of a hash.
        "field" field: Option<Text>,
        /// The value, of a set.
        "value" value: Option<Node>,
        /// Properties that the value must have, of a list or of the hash's field.
        "match" matching: Option<Node>,
        /// `true`: the oldest entry.
        "first" first: Option<Node>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names what was removed.
        "as" bind: Option<Text>,
        /// What to do when nothing was removed.
        "else" otherwise: Option<Text>,
        /// Values for parameters of the key that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Read from the database.
    pub struct QueryStep {
        /// The query.
        "query" query: Text,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names what was found: a row, rows, or yes and no.
        "as" bind: Option<Text>,
        /// What to do when nothing was found.
        "else" otherwise: Option<Text>,
        /// Values for parameters that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Write to the database. All that one event executes is one transaction.
    pub struct ExecuteStep {
        /// The query.
        "execute" query: Text,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the number of rows it affected.
        "as" bind: Option<Text>,
        /// What to do when it affected none.
        "else" otherwise: Option<Text>,
        /// Values for parameters that go by another name here.
        "with" with: Table<Node>,
    }
}

record! {
    /// Repeat steps for the items of a list.
    pub struct EachStep {
        /// `item in list`, where the list has a known bound.
        "each" each: Text,
        /// The steps, in order.
        "do" body: Vec<Step>,
        /// What each turn adds to the list that `as:` names.
        "give" give: Option<Node>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names the list of what `give:` gave.
        "as" bind: Option<Text>,
        /// What to do when the list is empty.
        "else" otherwise: Option<Text>,
    }
}

record! {
    /// Name values for the steps that follow; `socket:` names values for the whole connection.
    pub struct LetStep {
        /// The names and their values.
        "let" names: Table<Node>,
        /// Only if this holds.
        "when" when: Option<Text>,
    }
}

record! {
    /// Run named steps, or a hook in Rust.
    pub struct CallStep {
        /// Its name.
        "call" target: Text,
        /// What it is called with, where names here differ.
        "with" with: Table<Node>,
        /// Only if this holds.
        "when" when: Option<Text>,
        /// Names what it gives.
        "as" bind: Option<Text>,
        /// What to do when it gives nothing.
        "else" otherwise: Option<Text>,
    }
}

record! {
    /// Refuse the event.
    pub struct RefuseStep {
        /// The code.
        "refuse" code: Text,
        /// Only if this holds.
        "when" when: Option<Text>,
    }
}

record! {
    /// Several steps under one condition.
    pub struct BlockStep {
        /// Only if this holds.
        "when" when: Option<Text>,
        /// The steps, in order.
        "do" body: Vec<Step>,
    }
}
