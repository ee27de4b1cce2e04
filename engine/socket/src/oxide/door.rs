//! How a client enters a namespace, sends, and leaves.

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use serde_json::value::RawValue;
use socketioxide::adapter::LocalAdapter;
use socketioxide::handler::{ConnectHandler, ConnectMiddleware, DisconnectHandler, MessageHandler, Value};
use socketioxide::socket::{DisconnectReason, Socket};

use super::House;
use super::wire::OxideWire;
use crate::link::Link;
use crate::seam::{ConnId, ConnectError, Hello, Inbox, Peer, Reason};

/// How much of a user agent is kept, in bytes.
const USER_AGENT_BYTES_MAX: usize = 256;

/// What a client is told of a namespace that is not served; the text is the protocol's.
const NOT_SERVED: &str = "Invalid namespace";

/// Decides whether a client enters, before it is told.
#[derive(Clone)]
pub(super) struct Entrance {
    pub(super) house: Arc<House>,
}

/// Tells the engine that a client has been told.
#[derive(Clone, Copy)]
pub(super) struct Door;

/// A connection that has entered. Its end is told once, at the latest when nothing holds it any more.
struct Guest {
    house: Arc<House>,
    conn: ConnId,
    inbox: Arc<dyn Inbox>,
    has_left: AtomicBool,
}

impl Guest {
    fn left(&self, reason: Reason) {
        if !self.has_left.swap(true, Ordering::AcqRel) {
            self.house.hub.close(self.conn);
            caught(|| self.inbox.closed(reason));
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.left(Reason::TransportClosed);
    }
}

/// A place in the hub that is given back if its client does not enter.
struct Reserved<'h> {
    house: &'h House,
    conn: ConnId,
    taken: bool,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.taken {
            self.house.hub.close(self.conn);
        }
    }
}

impl ConnectMiddleware<LocalAdapter, ()> for Entrance {
    async fn call<'a>(&'a self, socket: Arc<Socket<LocalAdapter>>, auth: &'a Option<Value>) -> Result<(), Box<dyn Display + Send>> {
        self.enter(&socket, auth.as_ref()).await.map_err(|refused| Box::new(refused) as Box<dyn Display + Send>)
    }
}

impl Entrance {
    async fn enter(&self, socket: &Arc<Socket<LocalAdapter>>, auth: Option<&Value>) -> Result<(), String> {
        let house = &self.house;
        let path = house.served.read().get(socket.ns()).cloned().ok_or(NOT_SERVED)?;
        let parts = socket.req_parts();
        let link = parts.extensions.get::<Arc<Link>>();
        let wire = OxideWire {
            socket: Arc::downgrade(socket),
            link: link.map(Arc::downgrade),
            links: Arc::clone(&house.links),
        };
        let conn = house.hub.open(&path, Arc::new(wire)).map_err(|_| told("BUSY", "The server is full."))?;
        let mut reserved = Reserved { house, conn, taken: false };
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let peer = Peer {
            address: link.map(|link| link.address),
            origin: header(http::header::ORIGIN).map(Into::into),
            user_agent: header(http::header::USER_AGENT).and_then(|agent| agent.get(..agent.len().min(USER_AGENT_BYTES_MAX))).map(Into::into),
        };
        let hello = Hello { conn, namespace: path, public_id: public_id(), auth: handed_over(auth), peer };
        let asked = AssertUnwindSafe(house.sink.connect(hello)).catch_unwind();
        let inbox = match tokio::time::timeout(house.settings.connect_timeout, asked).await {
            Err(_) => return Err(told("TIMEOUT", "This took too long.")),
            Ok(Err(_)) => return Err(told("INTERNAL", "Something went wrong.")),
            Ok(Ok(Err(ConnectError { code, message }))) => return Err(told(&code, &message)),
            Ok(Ok(Ok(inbox))) => inbox,
        };
        reserved.taken = true;
        let guest = Arc::new(Guest { house: Arc::clone(house), conn, inbox, has_left: AtomicBool::new(false) });
        socket.extensions.insert(Arc::clone(&guest));
        socket.on_disconnect(Leaving { guest: Arc::clone(&guest) });
        socket.on_fallback(Hearing { guest });
        Ok(())
    }
}

impl ConnectHandler<LocalAdapter, ()> for Door {
    fn call(&self, socket: Arc<Socket<LocalAdapter>>, _: Option<Value>) {
        if let Some(guest) = socket.extensions.get::<Arc<Guest>>() {
            guest.house.hub.announce(guest.conn);
            caught(|| guest.inbox.connected());
        }
    }
}

/// Hears every event of a connection, whatever its name.
struct Hearing {
    guest: Arc<Guest>,
}

impl MessageHandler<LocalAdapter, ()> for Hearing {
    fn call(&self, _: Arc<Socket<LocalAdapter>>, value: Value, ack: Option<i64>) {
        let Value::Str(text, attachments) = value else { return };
        let attachments = attachments.map(Vec::from).unwrap_or_default();
        let ack = ack.and_then(|id| u64::try_from(id).ok());
        caught(|| self.guest.inbox.event(text.as_str(), ack, attachments));
    }
}

struct Leaving {
    guest: Arc<Guest>,
}

impl DisconnectHandler<LocalAdapter, ()> for Leaving {
    fn call_with_defer(&self, socket: Arc<Socket<LocalAdapter>>, reason: DisconnectReason, defer: fn(Arc<Socket<LocalAdapter>>)) {
        self.guest.left(match reason {
            DisconnectReason::ClientNSDisconnect => Reason::ClientLeft,
            DisconnectReason::HeartbeatTimeout => Reason::PingTimeout,
            DisconnectReason::ServerNSDisconnect => Reason::Closed,
            DisconnectReason::ClosingServer => Reason::Shutdown,
            _ => Reason::TransportClosed,
        });
        defer(socket);
    }
}

/// A panic must not take the task that reads the connection with it: nobody would ever notice that it is gone.
fn caught(act: impl FnOnce()) {
    if std::panic::catch_unwind(AssertUnwindSafe(act)).is_err() {
        tracing::error!("the engine panicked while it was told of a connection");
    }
}

fn told(code: &str, message: &str) -> String {
    format!("{code}: {message}")
}

fn handed_over(auth: Option<&Value>) -> Box<RawValue> {
    let raw = match auth {
        Some(Value::Str(text, _)) => RawValue::from_string(text.as_str().to_owned()).ok(),
        _ => None,
    };
    raw.unwrap_or_else(|| RawValue::NULL.to_owned())
}

/// The id that clients are shown: 122 random bits, and not the session's, by which anyone could speak for it.
fn public_id() -> Arc<str> {
    uuid::Uuid::new_v4().simple().to_string().into()
}
