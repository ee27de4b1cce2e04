//! How a client enters a namespace, and what is set up for it before it is told.

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use http::HeaderMap;
use http::header::{HeaderName, ORIGIN, USER_AGENT};
use serde_json::value::RawValue;
use socketioxide::adapter::LocalAdapter;
use socketioxide::handler::{ConnectHandler, DisconnectHandler, MessageHandler, Value};
use socketioxide::socket::{DisconnectReason, Socket};

use super::House;
use super::guest::Guest;
use super::wire::{OxideWire, ending, own_link};
use crate::link::Link;
use crate::seam::{ConnId, ConnectError, Hello, Inbox, Peer, Reason};

/// How much of a user agent is kept, in bytes.
const USER_AGENT_BYTES_MAX: usize = 256;

/// What a client is told of a namespace that is not served; the text is the protocol's.
const NOT_SERVED: &str = "Invalid namespace";

/// What stands for an `auth` that did not come.
const NO_AUTH: &str = "{}";

type OxideSocket = Arc<Socket<LocalAdapter>>;

/// The way into every namespace: it decides before CONNECT is sent, and tells the engine afterwards.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) house: Arc<House>,
}

impl ConnectHandler<LocalAdapter, ()> for Door {
    fn call_middleware<'a>(
        &'a self,
        socket: OxideSocket,
        auth: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Display + Send>>> + Send + 'a>> {
        Box::pin(async move {
            let entered = self.enter(&socket, auth.as_ref()).await;
            entered.map_err(|refusal| Box::new(refusal) as Box<dyn Display + Send>)
        })
    }

    fn call(&self, socket: OxideSocket, _: Option<Value>) {
        if let Some(guest) = socket.extensions.get::<Arc<Guest>>() {
            guest.connected();
        }
    }
}

impl Door {
    /// Lets a client in, or says why not.
    async fn enter(&self, socket: &OxideSocket, auth: Option<&Value>) -> Result<(), String> {
        let house = &self.house;
        let namespace = house.served.read().get(socket.ns()).cloned().ok_or(NOT_SERVED)?;
        let wire = Arc::new(OxideWire::new(socket, &house.links));
        let conn = house.hub.open(&namespace, wire).map_err(|_| told("BUSY", "The server is full."))?;
        let mut place = Place { house, conn, is_taken: false };
        let hello = Hello {
            conn,
            namespace: Arc::clone(&namespace),
            public_id: uuid::Uuid::new_v4().simple().to_string().into(),
            auth: handed_over(auth),
            peer: peer(socket),
        };
        let inbox = self.decide(socket, hello).await?;
        place.is_taken = true;
        let guest = Arc::new(Guest::new(house, conn, namespace, inbox));
        socket.extensions.insert(Arc::clone(&guest));
        socket.on_disconnect(Leaving { house: Arc::clone(house), guest: Arc::clone(&guest) });
        socket.on_fallback(Hearing { guest });
        Ok(())
    }

    /// Asks the engine, for as long as it may take and the client is there.
    async fn decide(&self, socket: &OxideSocket, hello: Hello) -> Result<Arc<dyn Inbox>, String> {
        let asked = AssertUnwindSafe(self.house.sink.connect(hello)).catch_unwind();
        let gone = async {
            match own_link(socket) {
                Some(link) => link.gone().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            answer = tokio::time::timeout(self.house.settings.connect_timeout, asked) => match answer {
                Ok(Ok(Ok(inbox))) => Ok(inbox),
                Ok(Ok(Err(ConnectError { code, message }))) => Err(told(&code, &message)),
                Ok(Err(_panic)) => Err(told("INTERNAL", "Something went wrong.")),
                Err(_elapsed) => Err(told("TIMEOUT", "This took too long.")),
            },
            () = gone => Err(told("GONE", "Nobody is there.")),
        }
    }
}

/// A place in the hub that is given back if its client is not let in.
struct Place<'h> {
    house: &'h House,
    conn: ConnId,
    is_taken: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_taken {
            self.house.hub.close(self.conn);
        }
    }
}

/// Hears every event of a connection, whatever its name, on the task that reads it.
struct Hearing {
    guest: Arc<Guest>,
}

impl MessageHandler<LocalAdapter, ()> for Hearing {
    fn call(&self, _: OxideSocket, value: Value, ack: Option<i64>) {
        let Value::Str(text, attachments) = value else { return };
        let ack = ack.and_then(|id| u64::try_from(id).ok());
        self.guest.heard(text.as_str(), ack, attachments.map(Vec::from).unwrap_or_default());
    }
}

struct Leaving {
    house: Arc<House>,
    guest: Arc<Guest>,
}

impl DisconnectHandler<LocalAdapter, ()> for Leaving {
    fn call_with_defer(&self, socket: OxideSocket, reason: DisconnectReason, defer: fn(OxideSocket)) {
        let on_this_side = ending(&socket, &self.house.links);
        // First it leaves the namespace: whoever hears of the end may let the client enter again.
        defer(socket);
        self.guest.leave_soon(match reason {
            DisconnectReason::ClientNSDisconnect => Reason::ClientLeft,
            DisconnectReason::ServerNSDisconnect => Reason::Closed,
            DisconnectReason::ClosingServer => Reason::Shutdown,
            DisconnectReason::HeartbeatTimeout => on_this_side.unwrap_or(Reason::PingTimeout),
            _ => on_this_side.unwrap_or(Reason::TransportClosed),
        });
    }
}

fn told(code: &str, message: &str) -> String {
    format!("{code}: {message}")
}

fn handed_over(auth: Option<&Value>) -> Box<RawValue> {
    let text = auth.and_then(Value::as_str).map_or(NO_AUTH, |text| &**text);
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn peer(socket: &OxideSocket) -> Peer {
    let parts = socket.req_parts();
    Peer {
        address: parts.extensions.get::<Arc<Link>>().map(|link| link.address),
        origin: text_of(&parts.headers, ORIGIN).map(Into::into),
        // Text of a header is ASCII: it can be cut anywhere.
        user_agent: text_of(&parts.headers, USER_AGENT)
            .map(|agent| agent[..agent.len().min(USER_AGENT_BYTES_MAX)].into()),
    }
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
