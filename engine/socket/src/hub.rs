//! The one owner of this server's connections and rooms, whatever carries them.
//!
//! What costs what, with n members in a room and r rooms of a connection:
//!
//! * joining and leaving: O(1) in the room and O(r) in the connection's own list; closing: O(r);
//! * a broadcast to one room: one pass over its members under that room's read lock, without an allocation. Joining and
//!   leaving *that* room wait for the pass, nothing else does;
//! * a broadcast to several rooms: the same, holding the read locks of all of them, with one look-up per member and
//!   earlier room so that nobody receives it twice.
//!
//! A [`Wire`] is called under a room's lock: it must queue and return, and must not call the hub. Ending a connection whose
//! queue is full waits until the locks are free.
//!
//! One sender's broadcasts to a room arrive in the order they were made, since each is queued everywhere before it returns.

mod broadcast;
mod marked;
mod member;
mod room;
mod slab;
mod space;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use homeroom_store::Keyed;
use parking_lot::RwLock;

use self::member::{Member, Sent};
use self::slab::Slab;
use self::space::Space;
use crate::seam::{Args, ConnId, Delivered, Full, Marked, Message, Packet, Reason, Tag, Target, Transport, Wire};

/// How much a hub holds.
#[derive(Debug, Clone, Copy)]
pub struct HubLimits {
    /// Connections to namespaces at one time.
    pub connections_max: usize,
    /// Rooms that one connection may be in at one time; joining another does nothing.
    pub rooms_per_connection_max: usize,
}

impl Default for HubLimits {
    fn default() -> Self {
        Self { connections_max: 100_000, rooms_per_connection_max: 256 }
    }
}

/// The hub holds as many connections as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

impl std::fmt::Display for TooMany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this server holds as many connections as it may")
    }
}

impl std::error::Error for TooMany {}

/// Connections, and the rooms they are in.
pub struct Hub {
    limits: HubLimits,
    connections: Slab,
    /// By path. One is kept for every namespace that was ever connected to; empty, it is a few hundred bytes.
    spaces: RwLock<Keyed<Arc<str>, Arc<Space>>>,
}

impl Hub {
    /// An empty hub.
    #[must_use]
    pub fn new(limits: HubLimits) -> Self {
        Self { limits, connections: Slab::default(), spaces: RwLock::default() }
    }

    /// Takes a connection in, as yet unannounced: it can be sent to by its number, and is neither counted nor among
    /// *everyone*.
    ///
    /// # Errors
    /// If there are as many as there may be.
    pub fn open(&self, namespace: &Arc<str>, wire: Arc<dyn Wire>) -> Result<ConnId, TooMany> {
        let space = self.space_or_new(namespace);
        self.connections.insert(self.limits.connections_max, |id| Member::new(id, space, wire)).ok_or(TooMany)
    }

    /// From now on the connection belongs to *everyone* and is counted: its client knows that it is connected. Yields
    /// whether it is still there.
    pub fn announce(&self, conn: ConnId) -> bool {
        self.connections.get(conn).is_some_and(|member| member.enter_everyone())
    }

    /// Takes a connection out of everything and frees its number. Yields whether it was still there, which is true once.
    pub fn close(&self, conn: ConnId) -> bool {
        let member = self.connections.remove(conn);
        member.inspect(|member| member.leave_all()).is_some()
    }

    /// Why the engine, or a full queue, is ending a connection that is still there.
    #[must_use]
    pub fn ending(&self, conn: ConnId) -> Option<Reason> {
        self.connections.get(conn).and_then(|member| member.ending())
    }

    /// The announced connections of a namespace.
    #[must_use]
    pub fn everyone(&self, namespace: &str) -> Vec<ConnId> {
        self.space(namespace).map_or_else(Vec::new, |space| space.everyone().members())
    }

    /// How many connections there are in all namespaces, announced or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether there is no connection at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn space(&self, namespace: &str) -> Option<Arc<Space>> {
        self.spaces.read().get(namespace).cloned()
    }

    fn space_or_new(&self, namespace: &Arc<str>) -> Arc<Space> {
        self.space(namespace)
            .unwrap_or_else(|| Arc::clone(self.spaces.write().entry(Arc::clone(namespace)).or_default()))
    }

    /// One packet to one connection; a full queue ends it unless the packet may be left out.
    fn send(&self, conn: ConnId, packet: Packet<'_>) -> Result<(), Full> {
        let member = self.connections.get(conn).ok_or(Full)?;
        match member.send(packet) {
            Sent::Queued => Ok(()),
            Sent::LeftOut | Sent::Gone => Err(Full),
            Sent::Overfull => {
                member.wire().kill();
                Err(Full)
            }
        }
    }
}

impl Transport for Hub {
    fn emit(&self, conn: ConnId, message: &Message, volatile: bool) -> Result<(), Full> {
        self.send(conn, Packet::Event { message, volatile })
    }

    fn ack(&self, conn: ConnId, id: u64, args: &Args) -> Result<(), Full> {
        self.send(conn, Packet::Ack { id, args })
    }

    fn tag(&self, conn: ConnId, tag: Tag) {
        if let Some(member) = self.connections.get(conn) {
            member.set_tag(tag);
        }
    }

    fn has_tag(&self, conn: ConnId, tags: &[Tag]) -> bool {
        self.connections.get(conn).is_some_and(|member| member.has_tag(tags))
    }

    fn join(&self, conn: ConnId, room: &Arc<str>) -> bool {
        self.connections.get(conn).is_some_and(|member| member.join(room, self.limits.rooms_per_connection_max))
    }

    fn leave(&self, conn: ConnId, room: &str) -> bool {
        self.connections.get(conn).is_some_and(|member| member.leave(room))
    }

    fn broadcast(&self, namespace: &str, target: Target<'_>, message: &Message, volatile: bool) -> Delivered {
        self.space(namespace).map_or_else(Delivered::default, |space| space.broadcast(target, message, volatile))
    }

    fn broadcast_marked(&self, namespace: &str, target: Target<'_>, marked: Marked<'_>, volatile: bool) -> Delivered {
        self.space(namespace).map_or_else(Delivered::default, |space| space.broadcast_marked(target, marked, volatile))
    }

    fn name_of(&self, namespace: &str, room: &str) -> Option<Arc<str>> {
        Some(Arc::clone(self.space(namespace)?.room(room)?.shared_name()))
    }

    fn members(&self, namespace: &str, room: &str) -> Vec<ConnId> {
        self.space(namespace).and_then(|space| space.room(room)).map_or_else(Vec::new, |room| room.members())
    }

    fn count(&self, namespace: &str) -> usize {
        self.space(namespace).map_or(0, |space| space.everyone().len())
    }

    fn disconnect(&self, conn: ConnId, reason: Reason) {
        // Once: a namespace may go in the moment in which its client is told that it is connected, and both see to it.
        if let Some(member) = self.connections.get(conn).filter(|member| member.end(reason)) {
            member.wire().disconnect();
        }
    }

    fn kill(&self, conn: ConnId, reason: Reason) {
        if let Some(member) = self.connections.get(conn) {
            member.end(reason);
            member.wire().kill();
        }
    }
}
