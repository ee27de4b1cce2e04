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
mod wire;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::response::IntoResponse;
use http::Request;
use parking_lot::Mutex;
use socketioxide::{ParserConfig, SocketIo, SocketIoBuilder, TransportType};
use tower::Service;

use self::door::Door;
use crate::house::House;
use crate::settings::SocketSettings;

/// How many bytes a WebSocket's read buffer begins with; most messages are smaller, and it grows.
const READ_BUFFER_BYTES: usize = 512;

/// A service that answers requests of Socket.IO.
pub(crate) trait Answers:
    Service<Request<Body>, Response: IntoResponse, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Answers for S where
    S: Service<Request<Body>, Response: IntoResponse, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

/// socketioxide for a house.
pub(crate) struct Oxide {
    io: SocketIo,
    house: Arc<House>,
    registered: Mutex<HashSet<Arc<str>>>,
}

impl Oxide {
    /// It, and the service that it is reached by. It serves no namespace yet.
    pub(crate) fn new(house: &Arc<House>) -> (Self, impl Answers) {
        let (service, io) = builder(&house.settings).build_svc();
        (Self { io, house: Arc::clone(house), registered: Mutex::default() }, service)
    }

    /// Knows these namespaces from now on; the house knows which are served.
    pub(crate) fn register(&self, paths: &[Arc<str>]) {
        let mut registered = self.registered.lock();
        for path in paths {
            if registered.insert(Arc::clone(path)) {
                self.io.ns(path.to_string(), Door { house: Arc::clone(&self.house) });
            }
        }
    }
}

fn builder(settings: &SocketSettings) -> SocketIoBuilder {
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
    match (settings.websocket, settings.polling) {
        (true, true) => builder,
        (false, true) => builder.transports([TransportType::Polling]),
        (_, false) => builder.transports([TransportType::Websocket]),
    }
}
