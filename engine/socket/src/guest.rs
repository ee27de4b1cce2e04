//! A connection that was let in: what it hears, and its end, told once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::house::House;
use crate::seam::{ConnId, Inbox, Reason, Transport};

/// A connection that was let in. Its end is told at the latest when nothing holds it any more.
pub(crate) struct Guest {
    house: Arc<House>,
    conn: ConnId,
    namespace: Arc<str>,
    inbox: Arc<dyn Inbox>,
    /// Held while the engine is told of anything but the end, so that the end comes last.
    has_left: Mutex<bool>,
}

impl Guest {
    pub(crate) fn new(house: &Arc<House>, conn: ConnId, namespace: Arc<str>, inbox: Arc<dyn Inbox>) -> Self {
        Self { house: Arc::clone(house), conn, namespace, inbox, has_left: Mutex::new(false) }
    }

    /// The client has been told that it is connected. If its namespace went meanwhile, it is told that too.
    pub(crate) fn connected(&self) {
        self.unless_left(|| {
            self.house.hub.announce(self.conn);
            self.inbox.connected();
        });
        if !self.house.serves(&self.namespace) {
            self.house.hub.disconnect(self.conn, Reason::NamespaceGone);
        }
    }

    pub(crate) fn heard(&self, text: &str, ack: Option<u64>, attachments: Vec<Bytes>) {
        self.unless_left(|| self.inbox.event(text, ack, attachments));
    }

    /// Leaves from a task of its own: the engine may be the one who ends it, in the middle of something else.
    pub(crate) fn leave_soon(self: &Arc<Self>, reason: Reason) {
        let guest = Arc::clone(self);
        tokio::spawn(async move { guest.leave(reason) });
    }

    /// Tells its end, unless that was done. The engine's own reason, or a full queue, goes before `reason`.
    pub(crate) fn leave(&self, reason: Reason) {
        if std::mem::replace(&mut *self.has_left.lock(), true) {
            return;
        }
        let reason = self.house.hub.ending(self.conn).unwrap_or(reason);
        self.house.hub.close(self.conn);
        caught(|| self.inbox.closed(reason));
    }

    fn unless_left(&self, tell: impl FnOnce()) {
        let has_left = self.has_left.lock();
        if !*has_left {
            caught(tell);
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.leave(Reason::TransportClosed);
    }
}

/// A panic must not take the task that reads the connection with it: nobody would ever notice that it is gone.
fn caught(act: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(act)).is_err() {
        tracing::error!("the engine panicked while it was told of a connection");
    }
}
