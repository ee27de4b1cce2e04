//! The edge as a whole: the routes by which clients come, and the transports that carry them, over one hub.

use std::sync::Arc;

use axum::Router;
use homeroom_runtime::metrics::GateCounts;
use parking_lot::Mutex;

use crate::front;
use crate::handshakes::Handshakes;
use crate::house::House;
use crate::hub::Hub;
use crate::native::Native;
use crate::oxide::Oxide;
use crate::seam::Sink;
use crate::settings::{Carrier, SocketSettings};

/// Socket.IO for a hub and a sink.
pub struct Edge {
    oxide: Oxide,
    house: Arc<House>,
    /// Namespaces change one change at a time.
    changing: Mutex<()>,
}

impl Edge {
    /// An edge and the routes that it is reached by; `handshakes` counts who comes. It serves no namespace yet.
    pub fn new(settings: SocketSettings, hub: Arc<Hub>, sink: Arc<dyn Sink>, handshakes: GateCounts) -> (Self, Router) {
        let carries_its_own = settings.transport == Carrier::Own && settings.takes_websockets();
        let handshakes = Arc::new(Handshakes::new(&settings, Arc::clone(&sink), handshakes));
        let house = Arc::new(House::new(settings, hub, sink));
        let (oxide, service) = Oxide::new(&house);
        let native = carries_its_own.then(|| Native::new(&house));
        let router = front::router(service, &house, native, handshakes);
        (Self { oxide, house, changing: Mutex::default() }, router)
    }

    /// Serves exactly these namespaces from now on. Clients of one that is no longer among them are told and leave it.
    pub fn serve_namespaces(&self, paths: &[Arc<str>]) {
        let _one_at_a_time = self.changing.lock();
        self.oxide.register(paths);
        self.house.serve(paths);
    }
}
