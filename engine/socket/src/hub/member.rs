//! One connection: its wire, its tag, and the rooms it is in.
//!
//! Locks are taken in this order: a connection's room list, the namespace's room index, a room. Nobody who holds a room's
//! write lock waits for anything.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::room::Room;
use super::space::Space;
use crate::seam::{ConnId, Packet, Reason, Tag, Wire};

/// No tag was given yet; no [`Tag`] is as large.
const UNTAGGED: u32 = u32::MAX;

/// Up to so many rooms, the list of them grows by what it needs and no more: there are many connections.
const FEW: usize = 4;

/// A connection the hub holds.
pub(super) struct Member {
    id: ConnId,
    space: Arc<Space>,
    wire: Arc<dyn Wire>,
    tag: AtomicU32,
    ending: OnceLock<Reason>,
    /// `None` once closed: whoever joins late finds no place.
    rooms: Mutex<Option<Vec<Arc<Room>>>>,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// It is in the queue.
    Queued,
    /// There was no place, and it may be missed.
    LeftOut,
    /// There was no place, and it may not be missed: the connection is to be killed.
    Overfull,
    /// The connection is already being ended.
    Gone,
}

impl Member {
    pub(super) fn new(id: ConnId, space: Arc<Space>, wire: Arc<dyn Wire>) -> Self {
        let tag = AtomicU32::new(UNTAGGED);
        Self { id, space, wire, tag, ending: OnceLock::new(), rooms: Mutex::new(Some(Vec::new())) }
    }

    pub(super) fn id(&self) -> ConnId {
        self.id
    }

    pub(super) fn wire(&self) -> &dyn Wire {
        &*self.wire
    }

    /// Notes why it is being ended; the first reason stays. Nothing is sent to it from now on. Yields whether it is the first.
    pub(super) fn end(&self, reason: Reason) -> bool {
        self.ending.set(reason).is_ok()
    }

    pub(super) fn ending(&self) -> Option<Reason> {
        self.ending.get().copied()
    }

    /// Looks at what [`Member::send`] is going to need, so that it is near by then.
    pub(super) fn look(&self) {
        if self.ending.get().is_none() {
            self.wire.look();
        }
    }

    /// Queues a packet. The first that cannot be queued is the last that is tried, so that there is no gap.
    pub(super) fn send(&self, packet: Packet<'_>) -> Sent {
        if self.ending.get().is_some() {
            return Sent::Gone;
        }
        match (self.wire.send(packet), packet) {
            (Ok(()), _) => Sent::Queued,
            (Err(_), Packet::Event { volatile: true, .. }) => Sent::LeftOut,
            (Err(_), _) => {
                self.end(Reason::Stalled);
                Sent::Overfull
            }
        }
    }

    pub(super) fn set_tag(&self, tag: Tag) {
        self.tag.store(u32::from(tag.0), Ordering::Relaxed);
    }

    pub(super) fn has_tag(&self, tags: &[Tag]) -> bool {
        let own = self.tag.load(Ordering::Relaxed);
        tags.iter().any(|tag| u32::from(tag.0) == own)
    }

    /// Becomes one of everyone; yields whether it is still there.
    pub(super) fn enter_everyone(self: &Arc<Self>) -> bool {
        let rooms = self.rooms.lock();
        if rooms.is_some() {
            self.space.everyone().insert(self);
        }
        rooms.is_some()
    }

    /// Joins a room; yields whether it was not there yet.
    pub(super) fn join(self: &Arc<Self>, name: &Arc<str>, rooms_max: usize) -> bool {
        let mut rooms = self.rooms.lock();
        let Some(rooms) = rooms.as_mut() else { return false };
        if rooms.iter().any(|room| room.name() == &**name) {
            return false;
        }
        if rooms.len() >= rooms_max {
            tracing::warn!(room = &**name, rooms_max, "a connection is in too many rooms to join another");
            return false;
        }
        if rooms.len() < FEW {
            rooms.reserve_exact(1);
        }
        rooms.push(self.space.enter(name, self));
        true
    }

    /// Leaves a room; yields whether it was there.
    pub(super) fn leave(&self, name: &str) -> bool {
        let mut rooms = self.rooms.lock();
        let Some(rooms) = rooms.as_mut() else { return false };
        let Some(place) = rooms.iter().position(|room| room.name() == name) else { return false };
        self.space.exit(&rooms.swap_remove(place), self.id);
        true
    }

    /// Leaves every room, and everyone, for good.
    pub(super) fn leave_all(&self) {
        let rooms = self.rooms.lock().take();
        self.space.everyone().remove(self.id);
        for room in rooms.into_iter().flatten() {
            self.space.exit(&room, self.id);
        }
    }
}
