//! A server as the official protocol suites of Engine.IO and Socket.IO expect one, to be run against it:
//!
//! `cargo run -p homeroom-socket --example suites -- [own|socketioxide] [port, 3000 by default]`
//!
//! It has the namespaces `/` and `/custom`. Who enters is told their `auth`; what a `message` carries comes back in a
//! `message-back`, and what a `message-with-ack` carries in its ack.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use homeroom_runtime::Metrics;
use homeroom_socket::edge::Edge;
use homeroom_socket::hub::{Hub, HubLimits};
use homeroom_socket::listen::serve;
use homeroom_socket::seam::{Args, ConnId, ConnectError, Hello, Inbox, Message, Reason, Sink, Transport};
use homeroom_socket::settings::{Carrier, SocketSettings};
use serde_json::value::RawValue;
use tokio::net::TcpListener;

struct Echo {
    hub: Arc<Hub>,
}

struct Echoes {
    hub: Arc<Hub>,
    conn: ConnId,
    auth: Box<RawValue>,
}

impl Sink for Echo {
    fn connect(&self, hello: Hello) -> BoxFuture<'_, Result<Arc<dyn Inbox>, ConnectError>> {
        let echoes = Echoes { hub: Arc::clone(&self.hub), conn: hello.conn, auth: hello.auth };
        Box::pin(async move { Ok(Arc::new(echoes) as Arc<dyn Inbox>) })
    }
}

impl Echoes {
    fn say(&self, event: &str, args: Args) {
        let _ = self.hub.emit(self.conn, &Message { event: event.into(), args }, false);
    }
}

impl Inbox for Echoes {
    fn connected(&self) {
        self.say("auth", Args::new(self.auth.get().into(), Arc::new([])));
    }

    fn event(&self, text: &str, ack: Option<u64>, attachments: Vec<Bytes>) {
        let Ok(all) = serde_json::from_str::<Vec<&RawValue>>(text) else { return };
        let args: Vec<&str> = all.iter().skip(1).map(|arg| arg.get()).collect();
        let args = Args::new(args.join(",").into(), attachments.into());
        match (all.first().map(|name| name.get()), ack) {
            (Some(r#""message""#), _) => self.say("message-back", args),
            (Some(r#""message-with-ack""#), Some(id)) => drop(self.hub.ack(self.conn, id, &args)),
            _ => {}
        }
    }

    fn closed(&self, _: Reason) {}
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut given = std::env::args().skip(1);
    let transport = if given.next().as_deref() == Some("socketioxide") { Carrier::Socketioxide } else { Carrier::Own };
    let port = given.next().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let settings = SocketSettings {
        transport,
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        message_bytes_max: 1_000_000,
        connect_timeout: Duration::from_secs(1),
        ..SocketSettings::default()
    };
    let hub = Arc::new(Hub::new(HubLimits::default()));
    let (edge, router) =
        Edge::new(settings.clone(), Arc::clone(&hub), Arc::new(Echo { hub }), Metrics::default().gate("handshakes"));
    edge.serve_namespaces(&["/".into(), "/custom".into()]);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    serve(listener, router, &settings, async { drop(tokio::signal::ctrl_c().await) }).await;
    Ok(())
}
