//! Something that was sent to rooms which keep it.

use std::sync::Arc;

use bytes::Bytes;

use crate::outcome::Emission;
use crate::trace::TraceId;

/// An emission, numbered by the server that sent it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The server: one life of it.
    pub(crate) origin: u64,
    /// The event that it is part of.
    pub(crate) trace: TraceId,
    /// Its number there, over all rooms.
    pub(crate) number: u64,
    /// When it was sent, in milliseconds since the Unix epoch; one server's never fall.
    pub(crate) at_ms: i64,
    /// The namespace.
    pub(crate) namespace: Arc<str>,
    /// The rooms that keep it.
    pub(crate) links: Vec<Link>,
    /// What was sent.
    pub(crate) emission: Emission,
    /// Whose own it is, so that it is not sent back to them: a number that a client has over its connections; 0: nobody's.
    pub(crate) own: u64,
    /// The same as other servers read it; empty of a server that stands alone.
    pub(crate) sealed: Bytes,
}

/// An entry's place in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The room.
    pub(crate) room: Arc<str>,
    /// The number of what that server sent there before; 0 if that is nothing that could still be kept.
    pub(crate) prev: u64,
}

/// What every entry takes beside what it carries, roughly.
const OWN_BYTES: usize = 320;

impl Entry {
    /// What comes before it in a room; `None` if that room does not keep it.
    pub(crate) fn prev(&self, room: &str) -> Option<u64> {
        self.links.iter().find(|link| &*link.room == room).map(|link| link.prev)
    }

    /// How many bytes it takes, roughly.
    pub(crate) fn weight(&self) -> usize {
        let carried = |form: &crate::outcome::Form| {
            form.args.text.len() + form.args.attachments.iter().map(Bytes::len).sum::<usize>()
        };
        OWN_BYTES + self.sealed.len() + self.emission.forms.iter().map(carried).sum::<usize>()
    }
}
