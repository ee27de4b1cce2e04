//! One connection of socketioxide, as the hub sends to it.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use http::header::SEC_WEBSOCKET_KEY;
use socketioxide::TransportType;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::AckSender;
use socketioxide::handler::{FromMessageParts, Value};
use socketioxide::socket::Socket;

use super::args::Outgoing;
use crate::guest::Guest;
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
        let links = links_of(&socket, &self.links);
        links.iter().for_each(|link| link.kill(Reason::Closed));
        if links.is_empty() {
            leave(&socket);
        }
    }
}

/// The TCP connections that a WebSocket may run on; of several, all but one are about to be closed. A session that polls has
/// a connection for each request, perhaps shared with others by a proxy, and none of its own.
fn links_of(socket: &Socket<LocalAdapter>, links: &Links) -> Vec<Arc<Link>> {
    match (own_link(socket), socket.transport_type()) {
        (Some(link), _) => vec![Arc::clone(link)],
        (None, TransportType::Websocket) => links.of(&socket.id.to_string()),
        (None, TransportType::Polling) => Vec::new(),
    }
}

/// The TCP connection of one that began as a WebSocket.
pub(super) fn own_link(socket: &Socket<LocalAdapter>) -> Option<&Arc<Link>> {
    let request = socket.req_parts();
    let link = request.extensions.get::<Arc<Link>>();
    link.filter(|_| request.headers.contains_key(SEC_WEBSOCKET_KEY))
}

/// Why this side ended the TCP connection, if it did.
pub(super) fn ending(socket: &Socket<LocalAdapter>, links: &Links) -> Option<Reason> {
    links_of(socket, links).iter().find_map(|link| link.ending())
}

/// There is no way to end a polling session: it is told to leave, and no longer listened to. One whose queue is full
/// cannot even be told; it ends at its next ping, for which there is no place either.
fn leave(socket: &Arc<Socket<LocalAdapter>>) {
    let _ = Arc::clone(socket).disconnect();
    if let Some(guest) = socket.extensions.get::<Arc<Guest>>() {
        guest.leave_soon(Reason::Closed);
    }
}
