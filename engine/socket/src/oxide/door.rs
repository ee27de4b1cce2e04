//! How a client enters a namespace, and what is set up for it before it is told.

use std::fmt::Display;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::value::RawValue;
use socketioxide::adapter::LocalAdapter;
use socketioxide::handler::{ConnectHandler, DisconnectHandler, MessageHandler, Value};
use socketioxide::socket::{DisconnectReason, Socket};

use super::wire::{OxideWire, ending, own_link};
use crate::guest::Guest;
use crate::house::{House, LetIn, Refusal};
use crate::link::Link;
use crate::seam::Reason;

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
        let namespace = house.namespace(socket.ns()).map_err(|refusal| refusal.message)?;
        let wire = Arc::new(OxideWire::new(socket, &house.links));
        let parts = socket.req_parts();
        let peer = house.peer(&parts.headers, parts.extensions.get::<Arc<Link>>());
        let gone = async {
            match own_link(socket) {
                Some(link) => link.gone().await,
                None => std::future::pending().await,
            }
        };
        let let_in = tokio::select! {
            let_in = Arc::clone(house).admit(namespace, wire, handed_over(auth), peer) => let_in,
            () = gone => Err(Refusal::new("GONE", "Nobody is there.")),
        };
        let link = own_link(socket);
        let LetIn { guest, .. } = let_in.map_err(|refusal| {
            // One that polls has no connection of its own to be cut off from; it is told.
            if let Some(link) = link.filter(|link| refusal.passes() && !link.is_in_any()) {
                link.kill(Reason::Closed);
            }
            refusal.message
        })?;
        if let Some(link) = link {
            link.entered();
        }
        socket.extensions.insert(Arc::clone(&guest));
        socket.on_disconnect(Leaving { house: Arc::clone(house), guest: Arc::clone(&guest) });
        socket.on_fallback(Hearing { guest });
        Ok(())
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
        if let Some(link) = own_link(&socket) {
            link.left();
        }
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

fn handed_over(auth: Option<&Value>) -> Box<RawValue> {
    let text = auth.and_then(Value::as_str).map_or(NO_AUTH, |text| &**text);
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
