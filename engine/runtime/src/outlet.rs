//! What the engine asks of the edge. Nothing here waits.

use std::sync::Arc;

use bytes::Bytes;

/// Arguments of an event or ack: JSON texts joined by commas, without brackets, and the attachments that stand where
/// `{"_placeholder":true,"num":n}` does.
#[derive(Debug, Clone)]
pub struct WireArgs {
    /// The arguments.
    pub text: Arc<str>,
    /// The attachments.
    pub attachments: Arc<[Bytes]>,
}

impl WireArgs {
    /// The same and one more: positions by room.
    #[must_use]
    pub fn and_positions<'p>(&self, positions: impl IntoIterator<Item = &'p (Arc<str>, Arc<str>)>) -> Self {
        let mut text = String::with_capacity(self.text.len() + 128);
        text.push_str(&self.text);
        text.push_str(if text.is_empty() { "{" } else { ",{" });
        for (at, (room, position)) in positions.into_iter().enumerate() {
            text.push_str(if at == 0 { "" } else { "," });
            // Neither needs more than quotes, but a room's name may have letters that JSON writes otherwise.
            text.push_str(&serde_json::Value::from(&**room).to_string());
            text.push_str(":\"");
            text.push_str(position);
            text.push('"');
        }
        text.push('}');
        Self { text: text.into(), attachments: Arc::clone(&self.attachments) }
    }

    /// Arguments without attachments.
    #[must_use]
    pub fn plain(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), attachments: Arc::default() }
    }
}

/// Some receivers within a namespace.
#[derive(Debug, Clone, Copy)]
pub enum Receivers<'a> {
    /// One connection.
    One(u64),
    /// Members of any of these rooms, once each.
    Rooms(&'a [Arc<str>]),
    /// Everyone.
    Everyone,
}

/// One message on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    /// The event.
    pub event: &'a Arc<str>,
    /// Its arguments.
    pub args: &'a WireArgs,
    /// Who gets it.
    pub to: Receivers<'a>,
    /// Not this connection.
    pub except: Option<u64>,
    /// Not the members of these rooms.
    pub except_rooms: &'a [Arc<str>],
    /// Only users with one of these roles, by number; `None`: all.
    pub roles: Option<&'a [usize]>,
    /// May be left out for a receiver who cannot keep up.
    pub volatile: bool,
    /// By room, the position that whoever is in it is told, in one more argument: an object of those of the rooms that the
    /// receiver is in. To one connection, all of them.
    pub positions: &'a [(Arc<str>, Arc<str>)],
}

/// What came of sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Connections it was queued for.
    pub reached: usize,
    /// Connections that had no place for it: passed over if it might be left out, else ended.
    pub dropped: usize,
}

impl Delivery {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { reached: self.reached + other.reached, dropped: self.dropped + other.dropped }
    }
}

/// Why the engine ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its token has ended.
    TokenExpired,
    /// Somebody asked for it.
    Kicked,
}

/// The edge, as the engine sees it. Connections are named by numbers of the edge's own; one that is gone is ignored.
pub trait Outlet: Send + Sync {
    /// Puts a connection into a room.
    fn join(&self, conn: u64, room: &Arc<str>);
    /// Takes it out.
    fn leave(&self, conn: u64, room: &str);
    /// Tells the number of the user's role, by which [`Parcel::roles`] finds it; `None`: it has none.
    fn role(&self, conn: u64, role: Option<usize>);
    /// Sends, and tells what came of it.
    fn send(&self, namespace: &str, parcel: Parcel<'_>) -> Delivery;
    /// Answers an event.
    fn ack(&self, conn: u64, id: u64, args: &WireArgs);
    /// A room's name, as those who are in it share it; `None` if there is nobody.
    fn name_of(&self, _namespace: &str, _room: &str) -> Option<Arc<str>> {
        None
    }
    /// The connections in a room.
    fn members(&self, namespace: &str, room: &str) -> Vec<u64>;
    /// Ends a connection.
    fn end(&self, conn: u64, why: Ending);
}
