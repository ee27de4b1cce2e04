//! Transports, started on a free port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use homeroom_runtime::Metrics;
use homeroom_socket::edge::Edge;
use homeroom_socket::hub::{Hub, HubLimits};
use homeroom_socket::listen::serve;
use homeroom_socket::settings::{Carrier, SocketSettings};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::sink::Engine;

/// How long a case waits for anything. Only a case that fails waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A way to start a transport.
pub(crate) type Start = fn(SocketSettings, HubLimits) -> Stage;

/// Serves exactly these namespaces.
type Serve = dyn Fn(&[Arc<str>]) + Send + Sync;

/// A transport that runs, and the engine behind it.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) engine: Arc<Engine>,
    pub(crate) hub: Arc<Hub>,
    serve: Box<Serve>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

/// WebSockets on socketioxide.
pub(crate) fn oxide(settings: SocketSettings, limits: HubLimits) -> Stage {
    start(SocketSettings { transport: Carrier::Socketioxide, ..settings }, limits)
}

/// WebSockets on the transport of our own.
pub(crate) fn own(settings: SocketSettings, limits: HubLimits) -> Stage {
    start(SocketSettings { transport: Carrier::Own, ..settings }, limits)
}

/// With the namespaces `/` and `/room`.
fn start(settings: SocketSettings, limits: HubLimits) -> Stage {
    let hub = Arc::new(Hub::new(limits));
    let engine = Engine::new(Arc::clone(&hub));
    let (edge, router) =
        Edge::new(settings.clone(), Arc::clone(&hub), Arc::clone(&engine) as _, Metrics::default().gate("handshakes"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it can be set");
    let listener = TcpListener::from_std(listener).expect("inside a runtime");
    let address = listener.local_addr().expect("it is bound");
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(async move {
        serve(listener, router, &settings, async { drop(stopped.await) }).await;
    });
    let serve = Box::new(move |paths: &[Arc<str>]| edge.serve_namespaces(paths));
    let stage = Stage { address, engine, hub, serve, stop: Some(stop), served };
    stage.serve(&["/", "/room"]);
    stage
}

/// Settings under which a case need not wait.
pub(crate) fn quick() -> SocketSettings {
    SocketSettings { write_stall: Duration::from_millis(500), connect_timeout: PATIENCE, ..SocketSettings::default() }
}

impl Stage {
    pub(crate) fn serve(&self, paths: &[&str]) {
        let paths: Vec<Arc<str>> = paths.iter().map(|path| Arc::from(*path)).collect();
        (self.serve)(&paths);
    }

    /// A client that has entered a namespace, and its number.
    pub(crate) async fn enter(&self, namespace: &str) -> (Client, homeroom_socket::seam::ConnId) {
        let before = self.engine.connected();
        let mut client = Client::open(self.address).await;
        client.connect(namespace, "").await.expect("it is let in");
        let conn = self
            .engine
            .until("it is connected", |seen| seen.connected.iter().copied().find(|conn| !before.contains(conn)));
        (client, conn.await)
    }

    /// Stops it, and yields once it has.
    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        tokio::time::timeout(PATIENCE, &mut self.served).await.expect("it stops").expect("without a panic");
    }
}
