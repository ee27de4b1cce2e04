//! One namespace: everyone in it, and its rooms by name.

use std::sync::Arc;

use homeroom_store::Keyed;
use parking_lot::RwLock;

use super::member::Member;
use super::room::Room;
use crate::seam::ConnId;

/// The rooms of a namespace.
#[derive(Default)]
pub(super) struct Space {
    everyone: Room,
    /// Only rooms with somebody in them.
    rooms: RwLock<Keyed<Arc<str>, Arc<Room>>>,
}

impl Space {
    /// All announced connections.
    pub(super) fn everyone(&self) -> &Room {
        &self.everyone
    }

    pub(super) fn room(&self, name: &str) -> Option<Arc<Room>> {
        self.rooms.read().get(name).cloned()
    }

    /// Puts a member into the room of that name.
    pub(super) fn enter(&self, name: &Arc<str>, member: &Arc<Member>) -> Arc<Room> {
        if let Some(room) = self.room(name).filter(|room| room.insert(member)) {
            return room;
        }
        let mut rooms = self.rooms.write();
        if let Some(room) = rooms.get(name).filter(|room| room.insert(member)) {
            return Arc::clone(room);
        }
        let room = Arc::new(Room::new(name));
        room.insert(member);
        rooms.insert(Arc::clone(name), Arc::clone(&room));
        room
    }

    /// Takes a member out of a room, and an emptied room out of the index unless another has taken its place.
    pub(super) fn exit(&self, room: &Arc<Room>, conn: ConnId) {
        if !room.remove_or_end(conn) {
            return;
        }
        let mut rooms = self.rooms.write();
        if rooms.get(room.name()).is_some_and(|indexed| Arc::ptr_eq(indexed, room)) {
            rooms.remove(room.name());
        }
    }

    #[cfg(test)]
    pub(super) fn rooms_len(&self) -> usize {
        self.rooms.read().len()
    }
}
