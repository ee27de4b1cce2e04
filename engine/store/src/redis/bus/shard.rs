//! One connection's share of a bus: what is to leave by it, and what it is to listen to.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::super::endpoint::Endpoint;
use super::{HOLD, Wire, session};
use crate::bus::{BusLimits, Queue};
use crate::{Clock, SystemClock};

/// The task that keeps the connection ends with it.
pub(super) struct Shard {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

pub(super) struct Shared {
    pub(super) endpoint: Endpoint,
    pub(super) wire: Arc<Wire>,
    pub(super) leaving: Queue<Leaving>,
    pub(super) channels: Mutex<Channels>,
    /// Channels changed.
    pub(super) changed: Notify,
    /// Whether it is a cluster's node, where pub/sub may be sharded.
    pub(super) is_node: bool,
    is_up: AtomicBool,
    /// When that changed last; 0: never.
    since_ms: AtomicI64,
    pub(super) epoch: AtomicU64,
    /// Which of [`Channels::changes`] the other end has confirmed.
    pub(super) confirmed: watch::Sender<u64>,
    /// How many frames were put into [`Shared::leaving`], and how many have left it for good: sent and confirmed, or lost.
    pub(super) put: AtomicU64,
    pub(super) settled: watch::Sender<u64>,
    /// A channel may lie on another node by now.
    pub(super) doubt: AtomicBool,
}

/// A frame on its way.
pub(super) struct Leaving {
    pub(super) channel: String,
    pub(super) frame: Bytes,
    since: Instant,
}

impl Shared {
    pub(super) fn set_up(&self, is_up: bool) {
        if self.is_up.swap(is_up, Ordering::Relaxed) != is_up {
            self.since_ms.store(SystemClock.now_ms(), Ordering::Relaxed);
        }
    }
}

impl Shared {
    /// So many frames have left for good.
    pub(super) fn settle(&self, frames: u64) {
        self.settled.send_modify(|settled| *settled += frames);
    }
}

impl Leaving {
    pub(super) fn is_stale(&self) -> bool {
        self.since.elapsed() > HOLD
    }
}

#[derive(Default)]
pub(super) struct Channels {
    pub(super) wanted: HashSet<Arc<str>>,
    /// Those that were changed since the connection was told.
    pub(super) changed: HashSet<Arc<str>>,
    /// How many changes there were.
    pub(super) changes: u64,
}

/// Changes of channels, or frames, that were not confirmed yet.
pub(super) struct Pending {
    changes: u64,
    confirmed: watch::Receiver<u64>,
}

impl Pending {
    /// Until they are, or the connection is given up for good.
    pub(super) async fn done(mut self) {
        let _ = self.confirmed.wait_for(|confirmed| *confirmed >= self.changes).await;
    }
}

impl Shard {
    pub(super) fn new(endpoint: Endpoint, wire: Arc<Wire>, limits: BusLimits, is_node: bool) -> Self {
        let shared = Arc::new(Shared {
            endpoint,
            wire,
            leaving: Queue::new(limits),
            channels: Mutex::default(),
            changed: Notify::new(),
            is_node,
            is_up: AtomicBool::new(false),
            since_ms: AtomicI64::new(0),
            epoch: AtomicU64::new(0),
            confirmed: watch::Sender::new(0),
            put: AtomicU64::new(0),
            settled: watch::Sender::new(0),
            doubt: AtomicBool::new(false),
        });
        let task = tokio::spawn(session::keep(Arc::clone(&shared)));
        Self { shared, task }
    }

    /// Yields whether there was place.
    pub(super) fn publish(&self, channel: String, frame: Bytes) -> bool {
        let weight = channel.len() + frame.len();
        let has_place = self.shared.leaving.push(Leaving { channel, frame, since: Instant::now() }, weight);
        if has_place {
            self.shared.put.fetch_add(1, Ordering::Relaxed);
        }
        has_place
    }

    /// Frames that have not left for good yet.
    pub(super) fn unsettled(&self) -> Option<Pending> {
        let (put, settled) = (self.shared.put.load(Ordering::Relaxed), self.shared.settled.subscribe());
        let is_pending = *settled.borrow() < put;
        is_pending.then_some(Pending { changes: put, confirmed: settled })
    }

    /// Listens to a channel, or no more.
    pub(super) fn listen(&self, channel: &Arc<str>, is_wanted: bool) {
        let mut channels = self.shared.channels.lock();
        let has_changed =
            if is_wanted { channels.wanted.insert(Arc::clone(channel)) } else { channels.wanted.remove(channel) };
        if has_changed {
            channels.changed.insert(Arc::clone(channel));
            channels.changes += 1;
            self.shared.changed.notify_one();
        }
    }

    /// Listens to these channels, and to no others.
    pub(super) fn listen_to_exactly(&self, names: &[Arc<str>]) {
        let wanted: HashSet<&Arc<str>> = names.iter().collect();
        let others: Vec<Arc<str>> =
            self.shared.channels.lock().wanted.iter().filter(|name| !wanted.contains(name)).cloned().collect();
        for name in &others {
            self.listen(name, false);
        }
        for name in names {
            self.listen(name, true);
        }
    }

    /// What the other end has not confirmed yet; none while it is away, but for a connection that only begins.
    pub(super) fn pending(&self) -> Option<Pending> {
        let changes = self.shared.channels.lock().changes;
        let confirmed = self.shared.confirmed.subscribe();
        let is_pending = (self.is_up() || self.epoch() == 0) && *confirmed.borrow() < changes;
        is_pending.then_some(Pending { changes, confirmed })
    }

    pub(super) fn is_up(&self) -> bool {
        self.shared.is_up.load(Ordering::Relaxed)
    }

    /// Since when it is up, or not; 0: since the start.
    pub(super) fn since_ms(&self) -> i64 {
        self.shared.since_ms.load(Ordering::Relaxed)
    }

    /// How many frames wait to leave.
    pub(super) fn waiting(&self) -> usize {
        self.shared.leaving.len()
    }

    pub(super) fn epoch(&self) -> u64 {
        self.shared.epoch.load(Ordering::Relaxed)
    }

    /// Whether something spoke of another node since this was asked last.
    pub(super) fn take_doubt(&self) -> bool {
        self.shared.doubt.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.task.abort();
        let mut lost = 0;
        while self.shared.leaving.try_pop().is_some() {
            lost += 1;
        }
        self.shared.wire.counts.dropped.fetch_add(lost, Ordering::Relaxed);
    }
}
