//! From the engine to the wire.

use std::sync::Arc;

use homeroom_runtime::{Delivery, Ending, Outlet, Parcel, Receivers, WireArgs};

use crate::seam::{Args, ConnId, Message, Reason, Tag, Target, Transport};

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
            Receivers::One(conn) => {
                let conn = ConnId::from_u64(conn);
                let is_for_it = tags.as_deref().is_none_or(|tags| self.transport.has_tag(conn, tags));
                if !is_for_it {
                    return Delivery::default();
                }
                let is_queued = self.transport.emit(conn, &message, parcel.volatile).is_ok();
                Delivery { reached: usize::from(is_queued), dropped: usize::from(!is_queued) }
            }
        }
    }

    fn ack(&self, conn: u64, id: u64, args_: &WireArgs) {
        // A full queue ends the connection; there is nobody left to tell.
        let _ = self.transport.ack(ConnId::from_u64(conn), id, &args(args_));
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

fn tag(role: usize) -> Tag {
    u16::try_from(role).map_or(NO_ROLE, Tag)
}

fn args(args: &WireArgs) -> Args {
    Args::new(Arc::clone(&args.text), Arc::clone(&args.attachments))
}
