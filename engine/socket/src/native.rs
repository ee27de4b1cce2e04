//! The transport of our own, for clients that come by WebSocket.
//!
//! A connection is one task, one shared [`conn::Conn`] that senders queue packets on, and nothing else while it is idle: what
//! is read goes into a buffer of the thread, what is written was encoded once for everybody, and heartbeats are kept by one
//! wheel. Clients that begin by polling are socketioxide's, in the same rooms of the same hub.
//!
//! * [`frame`], [`partial`], [`packet`]: the bytes of WebSocket, and the text of Engine.IO 4 and Socket.IO 5;
//! * [`upgrade`]: from an HTTP request to a connection;
//! * [`task`]: what a connection does; [`session`]: the namespaces it is in;
//! * [`conn`], [`outbox`]: what is shared with senders; [`flush`]: who writes; [`wheel`]: time.

mod conn;
mod flush;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod outbox;
mod packet;
mod partial;
mod session;
mod task;
mod upgrade;
mod wheel;

use std::sync::{Arc, Once};

use bytes::Bytes;
use tokio::time::{Instant, MissedTickBehavior};

use self::conn::Conn;
use self::flush::Flush;
use self::task::Task;
pub(crate) use self::upgrade::is_for_us;
use self::wheel::{Alarm, What, Wheel};
use crate::house::House;
use crate::link::Link;
use crate::seam::Peer;

/// Our transport.
pub(crate) struct Native {
    house: Arc<House>,
    wheel: Wheel,
    flush: Arc<Flush<Conn>>,
    begun: Once,
    /// The one ping that everybody gets.
    ping: Bytes,
}

impl Native {
    /// A transport for a house.
    pub(crate) fn new(house: &Arc<House>) -> Arc<Self> {
        let settings = &house.settings;
        let spans = [
            settings.ping_interval,
            settings.ping_timeout,
            settings.connect_timeout,
            settings.write_stall,
            task::LINGER,
        ];
        let wheel = Wheel::new(&spans);
        Arc::new(Self {
            house: Arc::clone(house),
            wheel,
            flush: Flush::new(),
            begun: Once::new(),
            ping: packet::ping(),
        })
    }

    /// Serves a connection that has become a WebSocket; `early` came with the request.
    fn begin(self: &Arc<Self>, upgraded: upgrade::Upgraded, link: Arc<Link>, peer: Peer) {
        self.begun.call_once(|| {
            self.turn_the_wheel();
            self.flush.begin();
        });
        let settings = &self.house.settings;
        let conn = Arc::new(Conn::new(self, upgraded.stream, link, upgraded.hold));
        conn.keep_little_in_the_system();
        let sid = uuid::Uuid::new_v4().simple().to_string();
        let open = packet::open(&sid, settings.ping_interval, settings.ping_timeout, settings.message_bytes_max);
        // The first packet of an empty queue.
        let _ = conn.push(open);
        self.wheel.after(settings.connect_timeout, Alarm::new(&conn, What::Entered));
        self.wheel.after(settings.ping_interval, Alarm::new(&conn, What::Beat));
        tokio::spawn(Task::new(conn, peer, &upgraded.early));
    }

    /// One task turns it for all, as long as there is a transport.
    fn turn_the_wheel(self: &Arc<Self>) {
        let native = Arc::downgrade(self);
        let mut every = tokio::time::interval(self.wheel.resolution());
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::spawn(async move {
            let mut last = Instant::now();
            loop {
                let now = every.tick().await.max(Instant::now());
                let Some(native) = native.upgrade() else { return };
                native.wheel.turn(now - std::mem::replace(&mut last, now));
            }
        });
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        self.flush.end();
    }
}
