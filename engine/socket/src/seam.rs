//! The seam between the engine and whatever carries its packets.
//!
//! * [`Transport`] is what the engine asks of the wire: emit, ack, join, leave, broadcast to a [`Target`], close. Nothing
//!   there waits.
//! * [`Sink`] is what the wire tells the engine: a connect, and for each connection, through its [`Inbox`], its events in
//!   order and its end.
//!
//! It is cut at *broadcast to rooms*, not at *send to a list of connections*, so that whoever keeps the rooms can keep them
//! the way that sends fastest. A second transport stands beside the first by implementing [`Wire`] for its connections and
//! telling the same [`crate::hub::Hub`] of them.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

/// One connection to one namespace: ours, never an Engine.IO session id. An index and the number of times it was given out
/// before, so that a late call cannot reach a successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId {
    /// Where it is kept.
    pub index: u32,
    /// How many had that place before.
    pub generation: u32,
}

impl ConnId {
    /// As one number.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// Back from [`ConnId::to_u64`].
    #[must_use]
    pub fn from_u64(number: u64) -> Self {
        Self { index: number as u32, generation: (number >> 32) as u32 }
    }
}

/// A small number the engine gives a connection (its user's role), by which a broadcast can be narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tag(pub u16);

/// An event on its way to clients. Cheap to clone; encoded once for all its receivers as far as the transport can.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its name.
    pub event: Arc<str>,
    /// Its arguments.
    pub args: Args,
}

/// Arguments as JSON text, with their attachments. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Args {
    shared: Arc<SharedArgs>,
}

#[derive(Debug)]
struct SharedArgs {
    text: Arc<str>,
    attachments: Arc<[Bytes]>,
    split: OnceLock<Box<[Box<RawValue>]>>,
    encoded: OnceLock<Encoded>,
}

/// An event with these arguments, as it goes over the wire.
#[derive(Debug)]
struct Encoded {
    namespace: Arc<str>,
    event: Arc<str>,
    bytes: Bytes,
}

impl Args {
    /// Arguments comma-separated, without brackets: `{"a":1},2`; empty: none. `{"_placeholder":true,"num":n}` stands where
    /// the attachment of that number goes.
    #[must_use]
    pub fn new(text: Arc<str>, attachments: Arc<[Bytes]>) -> Self {
        let shared = SharedArgs { text, attachments, split: OnceLock::new(), encoded: OnceLock::new() };
        Self { shared: Arc::new(shared) }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.shared.text
    }

    /// The attachments.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.shared.attachments
    }

    /// The arguments one by one; taken apart once, however many receive them. What is no JSON is no argument.
    #[must_use]
    pub fn each(&self) -> &[Box<RawValue>] {
        self.shared.split.get_or_init(|| serde_json::from_str(&format!("[{}]", self.text())).unwrap_or_default())
    }
}

impl Message {
    /// What `encode` makes of it in a namespace; made once for all who receive it there.
    pub(crate) fn encoded(&self, namespace: &Arc<str>, encode: impl Fn(&str, &str, &Args) -> Bytes) -> Bytes {
        let make = || encode(namespace, &self.event, &self.args);
        let encoded = self.args.shared.encoded.get_or_init(|| Encoded {
            namespace: Arc::clone(namespace),
            event: Arc::clone(&self.event),
            bytes: make(),
        });
        let is_this = encoded.namespace == *namespace && encoded.event == self.event;
        if is_this { encoded.bytes.clone() } else { make() }
    }
}

/// Who receives a broadcast: members of any of the rooms, once each; or everyone.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The rooms; `None`: everyone in the namespace.
    pub rooms: Option<&'a [Arc<str>]>,
    /// Only connections with one of these tags.
    pub tags: Option<&'a [Tag]>,
    /// Not this connection.
    pub except: Option<ConnId>,
    /// Not the members of these rooms.
    pub except_rooms: &'a [Arc<str>],
}

/// An event that tells each receiver more or less, by the rooms it is in.
#[derive(Clone, Copy)]
pub struct Marked<'a> {
    /// Rooms of the target that count, 64 at most.
    pub rooms: &'a [Arc<str>],
    /// What is told to whoever is in those of them whose bits are set. Asked once for each set of rooms that occurs.
    pub message: &'a dyn Fn(u64) -> Message,
}

/// What a broadcast came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Connections it was queued for.
    pub reached: usize,
    /// Connections whose queue had no place: a volatile message was left out, for any other the connection was closed.
    pub dropped: usize,
}

/// A connection's queue has no place, or the connection is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The client left the namespace.
    ClientLeft,
    /// The client closed its transport, or the network did.
    TransportClosed,
    /// The client did not answer in time.
    PingTimeout,
    /// The client did not read what it was sent.
    Stalled,
    /// The engine closed it.
    Closed,
    /// The namespace is no longer served.
    NamespaceGone,
    /// The server stops.
    Shutdown,
}

/// What is known of the other side; a few copied headers, the rest is dropped.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it connects from, as far as this server can see.
    pub address: Option<SocketAddr>,
    /// `Origin`
    pub origin: Option<Arc<str>>,
    /// `User-Agent`, at most 256 bytes.
    pub user_agent: Option<Arc<str>>,
}

/// A client that wants to enter a namespace.
#[derive(Debug)]
pub struct Hello {
    /// The connection's number.
    pub conn: ConnId,
    /// The namespace, such as `/gradebook`.
    pub namespace: Arc<str>,
    /// The id that clients may be shown.
    pub public_id: Arc<str>,
    /// What came as `auth` in the CONNECT packet; `{}` if nothing did.
    pub auth: Box<RawValue>,
    /// The other side.
    pub peer: Peer,
}

/// A refused connect. The client's `connect_error` says `CODE: message`; `data.code` has the code where the transport can
/// carry data. But BUSY, UNAVAILABLE and TIMEOUT pass by themselves: a client that is in no namespace yet is cut off instead,
/// after which it comes again by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// A code the client can act on, such as `TOKEN_EXPIRED`.
    pub code: Arc<str>,
    /// A sentence for people.
    pub message: Arc<str>,
}

/// What the engine asks of the wire. Nothing here waits; a connection that is gone is quietly ignored.
pub trait Transport: Send + Sync {
    /// Sends an event to one connection.
    ///
    /// # Errors
    /// If its queue is full; then it is being closed, so that there is never a silent gap.
    fn emit(&self, conn: ConnId, message: &Message, volatile: bool) -> Result<(), Full>;
    /// Answers an event of a connection.
    ///
    /// # Errors
    /// As [`Transport::emit`].
    fn ack(&self, conn: ConnId, id: u64, args: &Args) -> Result<(), Full>;
    /// Gives a connection its tag.
    fn tag(&self, conn: ConnId, tag: Tag);
    /// Whether a connection has one of these tags.
    fn has_tag(&self, conn: ConnId, tags: &[Tag]) -> bool;
    /// Puts a connection into a room; yields whether it was not there yet.
    fn join(&self, conn: ConnId, room: &Arc<str>) -> bool;
    /// Takes a connection out of a room; yields whether it was there.
    fn leave(&self, conn: ConnId, room: &str) -> bool;
    /// Sends an event to a target, in its namespace.
    fn broadcast(&self, namespace: &str, target: Target<'_>, message: &Message, volatile: bool) -> Delivered;
    /// The same, where what a receiver is told depends on the rooms it is in.
    fn broadcast_marked(&self, namespace: &str, target: Target<'_>, marked: Marked<'_>, volatile: bool) -> Delivered;
    /// A room's name, as those who are in it share it; `None` if there is nobody.
    fn name_of(&self, namespace: &str, room: &str) -> Option<Arc<str>>;
    /// The connections in a room.
    fn members(&self, namespace: &str, room: &str) -> Vec<ConnId>;
    /// How many connections a namespace has.
    fn count(&self, namespace: &str) -> usize;
    /// Ends a connection to a namespace; the client is told, and its other namespaces stay.
    fn disconnect(&self, conn: ConnId, reason: Reason);
    /// Ends everything under a connection at once, without a word: its client will connect again by itself.
    fn kill(&self, conn: ConnId, reason: Reason);
}

/// What the wire tells the engine.
pub trait Sink: Send + Sync {
    /// A client wants to enter a namespace. The inbox it yields is told first of [`Inbox::connected`], then of events, and
    /// once of [`Inbox::closed`]. If the future is dropped before it is done, the client has gone.
    fn connect(&self, hello: Hello) -> BoxFuture<'_, Result<Arc<dyn Inbox>, ConnectError>>;
    /// Done when another client that comes would be let in soon; nobody new is listened to before.
    fn has_room(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The engine's side of one connection. Called in order, from the task that reads the connection; must not block.
pub trait Inbox: Send + Sync {
    /// The client has been told that it is connected; only now may anything be sent to it. It may come after the first
    /// events, which are to be held until then.
    fn connected(&self);
    /// An event came: `["name", arg, ...]` as JSON text, the id of the ack that is asked for, and attachments.
    fn event(&self, text: &str, ack: Option<u64>, attachments: Vec<Bytes>);
    /// The connection has ended; it is in no room any more. Called exactly once.
    fn closed(&self, reason: Reason);
}

/// A packet for one connection.
#[derive(Debug, Clone, Copy)]
pub enum Packet<'a> {
    /// An event.
    Event {
        /// The event.
        message: &'a Message,
        /// May be left out if the queue is full.
        volatile: bool,
    },
    /// An ack.
    Ack {
        /// Its id.
        id: u64,
        /// Its arguments.
        args: &'a Args,
    },
}

/// One connection, as the hub sends to it.
pub trait Wire: Send + Sync {
    /// Queues a packet; never waits.
    ///
    /// # Errors
    /// If there is no place.
    fn send(&self, packet: Packet<'_>) -> Result<(), Full>;
    /// Looks at what [`Wire::send`] is going to need, so that it is near by then; changes nothing.
    fn look(&self) {}
    /// Leaves the namespace with a DISCONNECT packet.
    fn disconnect(&self);
    /// Ends the underlying connection at once.
    fn kill(&self);
}
