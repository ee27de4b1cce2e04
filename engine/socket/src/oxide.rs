//! The transport that is built on socketioxide, and the only place that knows it.
//!
//! Four things about it are worked around here; each was seen to fail otherwise.
//! * Everything of a connection is set up in the middleware: events may come right after the CONNECT packet is sent.
//! * Events are handled inline, on the task that reads the connection: handlers that are spawned lose the order.
//! * A namespace is registered once and for ever; whether it is served is asked at each connect. Registered twice, its
//!   clients would be lost; deleted, they would not be told.
//! * A connection that dies before CONNECT is told of by nobody, so its end is also told when it is dropped.
//!
//! What stays:
//! * A CONNECT that comes within the microseconds between a refusal, or a DISCONNECT, being queued and the socket being let
//!   go is taken for a duplicate, and never answered.
//! * An event whose name has JSON escapes in it (`"caf\u00e9"`) ends its connection.
//! * The client's `connect_error` has a message only, so that message is `CODE: text`.

mod args;
mod door;
mod front;
mod guest;
mod wire;

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use parking_lot::Mutex;
use parking_lot::RwLock;
use socketioxide::{ParserConfig, SocketIo, TransportType};

use crate::hub::Hub;
use crate::link::Links;
use crate::seam::{Reason, Sink, Transport};
use crate::settings::SocketSettings;
use door::Door;

/// How many bytes a WebSocket's read buffer begins with; most messages are smaller, and it grows.
const READ_BUFFER_BYTES: usize = 512;

/// Socket.IO for a hub and a sink.
pub struct OxideTransport {
    io: SocketIo,
    house: Arc<House>,
    registered: Mutex<HashSet<Arc<str>>>,
}

/// What every connection is served with.
struct House {
    hub: Arc<Hub>,
    sink: Arc<dyn Sink>,
    links: Arc<Links>,
    served: RwLock<HashSet<Arc<str>>>,
    settings: SocketSettings,
}

impl OxideTransport {
    /// A transport and the routes that it is reached by. It serves no namespace yet.
    pub fn new(settings: SocketSettings, hub: Arc<Hub>, sink: Arc<dyn Sink>) -> (Self, Router) {
        let parser = ParserConfig::common()
            .max_incoming_binaries(settings.attachments_max)
            .max_incoming_binary_buf_size(settings.attachments_bytes_max);
        let builder = SocketIo::builder()
            .req_path(settings.path.clone())
            .ping_interval(settings.ping_interval)
            .ping_timeout(settings.ping_timeout)
            // It counts until a client is in: its own time to ask, and the engine's to decide.
            .connect_timeout(2 * settings.connect_timeout)
            .max_buffer_size(settings.queue_packets_max)
            .max_payload(settings.message_bytes_max as u64)
            .ws_read_buffer_size(READ_BUFFER_BYTES)
            .ws_max_message_size(settings.message_bytes_max)
            .ws_max_frame_size(settings.message_bytes_max)
            .with_parser(parser);
        let builder = match (settings.websocket, settings.polling) {
            (true, true) => builder,
            (false, true) => builder.transports([TransportType::Polling]),
            (_, false) => builder.transports([TransportType::Websocket]),
        };
        let (service, io) = builder.build_svc();
        let links = Arc::new(Links::default());
        let router = front::router(service, &settings, Arc::clone(&links));
        let house = Arc::new(House { hub, sink, links, served: RwLock::default(), settings });
        (Self { io, house, registered: Mutex::default() }, router)
    }

    /// Serves exactly these namespaces from now on. Clients of one that is no longer among them are told and leave it.
    pub fn serve_namespaces(&self, paths: &[Arc<str>]) {
        let mut registered = self.registered.lock();
        let wanted: HashSet<Arc<str>> = paths.iter().cloned().collect();
        let before = std::mem::replace(&mut *self.house.served.write(), wanted.clone());
        for path in paths {
            if registered.insert(Arc::clone(path)) {
                self.io.ns(path.to_string(), Door { house: Arc::clone(&self.house) });
            }
        }
        for gone in before.difference(&wanted) {
            for conn in self.house.hub.everyone(gone) {
                self.house.hub.disconnect(conn, Reason::NamespaceGone);
            }
        }
    }
}

impl House {
    fn serves(&self, namespace: &str) -> bool {
        self.served.read().contains(namespace)
    }
}
