//! One connection of socketioxide, as the hub sends to it.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use socketioxide::TransportType;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::AckSender;
use socketioxide::handler::{FromMessageParts, Value};
use socketioxide::socket::Socket;

use super::args::Outgoing;
use super::guest::Guest;
use crate::link::{Link, Links};
use crate::seam::{Full, Packet, Reason, Wire};

/// Does not keep the connection alive: the hub holds wires, and connections hold the hub.
pub(super) struct OxideWire {
    socket: Weak<Socket<LocalAdapter>>,
    links: Arc<Links>,
}

impl OxideWire {
    pub(super) fn new(socket: &Arc<Socket<LocalAdapter>>, links: &Arc<Links>) -> Self {
        Self { socket: Arc::downgrade(socket), links: Arc::clone(links) }
    }
}

impl Wire for OxideWire {
    fn send(&self, packet: Packet<'_>) -> Result<(), Full> {
        let socket = self.socket.upgrade().ok_or(Full)?;
        match packet {
            Packet::Event { message, .. } => socket.emit(&*message.event, &Outgoing(&message.args)).map_err(|_| Full),
            Packet::Ack { id, args } => {
                // An id that a client cannot have given is one that nobody waits for.
                let Ok(id) = i64::try_from(id) else { return Ok(()) };
                let Ok(ack) = AckSender::from_message_parts(&socket, &mut Value::Bytes(Bytes::new()), &Some(id));
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
        match link_of(&socket, &self.links) {
            Some(link) => link.kill(Reason::Closed),
            None => leave(&socket),
        }
    }
}

/// The TCP connection that a WebSocket runs on. A session that polls has one for each request, and none of its own.
pub(super) fn link_of(socket: &Socket<LocalAdapter>, links: &Links) -> Option<Arc<Link>> {
    match socket.transport_type() {
        TransportType::Websocket => {
            links.of(&socket.id.to_string()).or_else(|| socket.req_parts().extensions.get::<Arc<Link>>().cloned())
        }
        TransportType::Polling => None,
    }
}

/// There is no way to end a polling session: it is told to leave, and no longer listened to. One whose queue is full
/// cannot even be told; it ends at its next ping, for which there is no place either.
fn leave(socket: &Arc<Socket<LocalAdapter>>) {
    let _ = Arc::clone(socket).disconnect();
    if let Some(guest) = socket.extensions.get::<Arc<Guest>>() {
        guest.leave_soon(Reason::Closed);
    }
}
