//! One connection of socketioxide, as the hub sends to it.

use std::sync::{Arc, Weak};

use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::AckSender;
use socketioxide::handler::{FromMessageParts, Value};
use socketioxide::socket::Socket;

use super::args::Outgoing;
use crate::link::{Link, Links};
use crate::seam::{Full, Packet, Wire};

/// Does not keep the connection alive: the hub holds wires, and connections hold the hub.
pub(super) struct OxideWire {
    pub(super) socket: Weak<Socket<LocalAdapter>>,
    pub(super) link: Option<Weak<Link>>,
    pub(super) links: Arc<Links>,
}

impl Wire for OxideWire {
    fn send(&self, packet: Packet<'_>) -> Result<(), Full> {
        let socket = self.socket.upgrade().ok_or(Full)?;
        match packet {
            Packet::Event { message, .. } => socket.emit(&*message.event, &Outgoing(&message.args)).map_err(|_| Full),
            Packet::Ack { id, args } => {
                let id = i64::try_from(id).map_err(|_| Full)?;
                let mut unread = Value::Bytes(bytes::Bytes::new());
                let Ok(ack) = AckSender::from_message_parts(&socket, &mut unread, &Some(id));
                ack.send(&Outgoing(args)).map_err(|_| Full)
            }
        }
    }

    fn disconnect(&self) {
        let Some(socket) = self.socket.upgrade() else { return };
        if socket.disconnect().is_err() {
            self.kill();
        }
    }

    fn kill(&self) {
        let Some(socket) = self.socket.upgrade() else { return };
        // A session that began with polling lives on the connection it was upgraded to.
        let upgraded = self.links.of(&socket.id.to_string());
        match upgraded.or_else(|| self.link.as_ref().and_then(Weak::upgrade)) {
            Some(link) => link.kill(),
            None => drop(socket.disconnect()),
        }
    }
}
