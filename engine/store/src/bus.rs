//! The bus between servers: frames on channels, from each server to all others that listen there.
//!
//! | promise | |
//! |---|---|
//! | never waits | publishing puts a frame into a bounded queue; what has no place is lost and counted |
//! | order | frames of one server on one channel arrive in the order in which they were published; over all channels too, but for a Redis Cluster |
//! | at most once | nothing is kept for who does not listen; [`BusStatus::epoch`] tells of gaps |
//! | not back | a server does not receive its own frames |

mod memory;
mod queue;

use std::sync::Arc;

use bytes::Bytes;

use crate::Answer;

pub use memory::{MemoryBus, MemoryHub};
pub(crate) use queue::Queue;

/// What came from another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The channel on which it was published.
    pub channel: Arc<str>,
    /// What was published.
    pub bytes: Bytes,
}

/// Bounds of the queues of a bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusLimits {
    /// How many frames wait to leave, and how many that arrived wait to be taken.
    pub frames_max: usize,
    /// How many bytes they have, channels included; for each of the two queues.
    pub bytes_max: usize,
}

impl Default for BusLimits {
    fn default() -> Self {
        Self { frames_max: 65_536, bytes_max: 64 * 1024 * 1024 }
    }
}

/// How a bus fares. The counts begin at zero with the process and only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BusStatus {
    /// Whether the other servers can be heard now.
    pub connected: bool,
    /// How often hearing began. When it is another than before, frames may have been missed in between.
    pub epoch: u64,
    /// Frames that left.
    pub published: u64,
    /// Frames that were to leave and did not: the queue was full, or the bus was away for too long.
    pub dropped: u64,
    /// Frames that arrived.
    pub received: u64,
    /// Frames that arrived and had no place, as they were not taken quickly enough.
    pub missed: u64,
    /// Frames that were no frames of this cluster.
    pub refused: u64,
    /// Frames that wait to leave, or to be taken.
    pub queued: usize,
    /// Channels that are listened to.
    pub channels: usize,
    /// Since when it is connected, or not, in milliseconds since the Unix epoch by this machine's clock; 0: since the start.
    pub since_ms: i64,
}

/// Carries frames to the other servers. Its own end of what arrives is a [`Frames`].
pub trait Bus: Send + Sync {
    /// Publishes a frame; never waits.
    fn publish(&self, channel: &str, frame: Bytes);
    /// Listens to a channel from soon on; again is the same as once.
    fn subscribe(&self, channel: &str);
    /// Listens no more; not listening before is fine.
    fn unsubscribe(&self, channel: &str);
    /// Waits until every channel that was subscribed to before this is listened to, so that what others publish from then
    /// on is heard; not for long, and not at all while the bus is away that was there before.
    fn subscribed(&self) -> Answer<'_, ()>;
    /// Waits until every frame that was published before this has left, or is lost: [`BusStatus::dropped`] tells; not for
    /// long. Yields whether nothing waits any more.
    fn flushed(&self) -> Answer<'_, bool>;
    /// How it fares.
    fn status(&self) -> BusStatus;
}

/// Where what other servers published arrives, in order.
pub struct Frames {
    pub(crate) queue: Arc<Queue<Frame>>,
}

impl Frames {
    /// The next frame, when it is here; `None` once the bus is gone and all was taken.
    pub async fn next(&mut self) -> Option<Frame> {
        self.queue.pop().await
    }

    /// The next frame, if it is here.
    pub fn try_next(&mut self) -> Option<Frame> {
        self.queue.try_pop()
    }
}

/// What a frame takes of a queue's bytes.
pub(crate) fn weight(channel: &str, bytes: &Bytes) -> usize {
    channel.len() + bytes.len()
}
