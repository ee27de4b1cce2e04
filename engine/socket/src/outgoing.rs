//! From the engine to the wire.

use std::sync::Arc;

use homeroom_runtime::{Delivery, Ending, Outlet, Parcel, Receivers, WireArgs};

use crate::seam::{Args, ConnId, Delivered, Marked, Message, Reason, Tag, Target, Transport};

/// The tag of a connection whose user has no role.
const NO_ROLE: Tag = Tag(u16::MAX);

/// A transport, as the engine sees it.
pub struct Outgoing<T> {
    transport: Arc<T>,
}

impl<T: Transport> Outgoing<T> {
    /// Sends through `transport`.
    #[must_use]
    pub fn new(transport: Arc<T>) -> Self {
        Self { transport }
    }
}

impl<T: Transport> Outlet for Outgoing<T> {
    fn join(&self, conn: u64, room: &Arc<str>) {
        self.transport.join(ConnId::from_u64(conn), room);
    }

    fn leave(&self, conn: u64, room: &str) {
        self.transport.leave(ConnId::from_u64(conn), room);
    }

    fn role(&self, conn: u64, role: Option<usize>) {
        self.transport.tag(ConnId::from_u64(conn), role.map_or(NO_ROLE, tag));
    }

    fn send(&self, namespace: &str, parcel: Parcel<'_>) -> Delivery {
        if !parcel.positions.is_empty() {
            return self.send_with_positions(namespace, parcel);
        }
        let message = Message { event: Arc::clone(parcel.event), args: args(parcel.args) };
        let tags: Option<Vec<Tag>> = parcel.roles.map(|roles| roles.iter().copied().map(tag).collect());
        let target = |rooms| Target {
            rooms,
            tags: tags.as_deref(),
            except: parcel.except.map(ConnId::from_u64),
            except_rooms: parcel.except_rooms,
        };
        let broadcast = |rooms| {
            let came = self.transport.broadcast(namespace, target(rooms), &message, parcel.volatile);
            Delivery { reached: came.reached, dropped: came.dropped }
        };
        match parcel.to {
            Receivers::Rooms(rooms) => broadcast(Some(rooms)),
            Receivers::Everyone => broadcast(None),
            Receivers::One(conn) => self.send_to_one(conn, tags.as_deref(), &message, parcel.volatile),
        }
    }

    fn ack(&self, conn: u64, id: u64, args_: &WireArgs) {
        // A full queue ends the connection; there is nobody left to tell.
        let _ = self.transport.ack(ConnId::from_u64(conn), id, &args(args_));
    }

    fn name_of(&self, namespace: &str, room: &str) -> Option<Arc<str>> {
        self.transport.name_of(namespace, room)
    }

    fn members(&self, namespace: &str, room: &str) -> Vec<u64> {
        self.transport.members(namespace, room).into_iter().map(ConnId::to_u64).collect()
    }

    fn end(&self, conn: u64, why: Ending) {
        match why {
            Ending::TokenExpired | Ending::Kicked => self.transport.disconnect(ConnId::from_u64(conn), Reason::Closed),
        }
    }
}

impl<T: Transport> Outgoing<T> {
    /// Sends what tells each receiver the positions of the rooms it is in.
    fn send_with_positions(&self, namespace: &str, parcel: Parcel<'_>) -> Delivery {
        let told = |args_: &WireArgs| Message { event: Arc::clone(parcel.event), args: args(args_) };
        let everything = || told(&parcel.args.and_positions(parcel.positions));
        let tags: Option<Vec<Tag>> = parcel.roles.map(|roles| roles.iter().copied().map(tag).collect());
        let rooms = match parcel.to {
            Receivers::Rooms(rooms) => rooms,
            Receivers::Everyone => return self.send(namespace, Parcel { positions: &[], ..parcel }),
            Receivers::One(conn) => return self.send_to_one(conn, tags.as_deref(), &everything(), parcel.volatile),
        };
        let delivery = |came: Delivered| Delivery { reached: came.reached, dropped: came.dropped };
        let except = parcel.except.map(ConnId::from_u64);
        let target = Target { rooms: Some(rooms), tags: tags.as_deref(), except, except_rooms: parcel.except_rooms };
        if rooms.len() == 1 {
            return delivery(self.transport.broadcast(namespace, target, &everything(), parcel.volatile));
        }
        let marks: Vec<Arc<str>> = parcel.positions.iter().map(|(room, _)| Arc::clone(room)).collect();
        let message = |mask: u64| match mask {
            0 => told(parcel.args),
            mask => {
                let is_told = |bit: usize| bit < 64 && mask & 1 << bit != 0;
                let mine = parcel.positions.iter().enumerate().filter(|(bit, _)| is_told(*bit));
                told(&parcel.args.and_positions(mine.map(|(_, position)| position)))
            }
        };
        let marked = Marked { rooms: &marks, message: &message };
        delivery(self.transport.broadcast_marked(namespace, target, marked, parcel.volatile))
    }

    fn send_to_one(&self, conn: u64, tags: Option<&[Tag]>, message: &Message, volatile: bool) -> Delivery {
        let conn = ConnId::from_u64(conn);
        if !tags.is_none_or(|tags| self.transport.has_tag(conn, tags)) {
            return Delivery::default();
        }
        let is_queued = self.transport.emit(conn, message, volatile).is_ok();
        Delivery { reached: usize::from(is_queued), dropped: usize::from(!is_queued) }
    }
}

fn tag(role: usize) -> Tag {
    u16::try_from(role).map_or(NO_ROLE, Tag)
}

fn args(args: &WireArgs) -> Args {
    Args::new(Arc::clone(&args.text), Arc::clone(&args.attachments))
}
