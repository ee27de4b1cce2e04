//! A bus in memory: of several servers that play a cluster in one process.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::Answer;

use super::{Bus, BusLimits, BusStatus, Frame, Frames, Queue, weight};

/// What the servers share. What one publishes has arrived at the others when [`Bus::publish`] returns.
#[derive(Clone, Default)]
pub struct MemoryHub {
    seats: Arc<Mutex<Vec<Seat>>>,
}

struct Seat {
    channels: HashSet<Arc<str>>,
    arrived: Arc<Queue<Frame>>,
    status: BusStatus,
}

/// One server's handle; gone from the hub when it is dropped.
pub struct MemoryBus {
    hub: MemoryHub,
    arrived: Arc<Queue<Frame>>,
}

impl MemoryHub {
    /// Nobody there.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more server, and where it receives.
    #[must_use]
    pub fn join(&self, limits: BusLimits) -> (MemoryBus, Frames) {
        let arrived = Arc::new(Queue::new(limits));
        let status = BusStatus { connected: true, epoch: 1, ..BusStatus::default() };
        self.seats.lock().push(Seat { channels: HashSet::new(), arrived: Arc::clone(&arrived), status });
        (MemoryBus { hub: self.clone(), arrived: Arc::clone(&arrived) }, Frames { queue: arrived })
    }
}

impl Seat {
    fn receive(&mut self, channel: &str, bytes: &Bytes) {
        let Some(channel) = self.channels.get(channel).filter(|_| self.status.connected) else { return };
        let frame = Frame { channel: Arc::clone(channel), bytes: bytes.clone() };
        if self.arrived.push(frame, weight(channel, bytes)) {
            self.status.received += 1;
        } else {
            self.status.missed += 1;
        }
    }
}

impl MemoryBus {
    /// Cuts this server off, or connects it again: what is published meanwhile, by it or by others, is lost between them.
    pub fn set_connected(&self, connected: bool) {
        self.on_seat(|seat| {
            seat.status.epoch += u64::from(connected && !seat.status.connected);
            seat.status.connected = connected;
        });
    }

    fn is_mine(&self, seat: &Seat) -> bool {
        Arc::ptr_eq(&seat.arrived, &self.arrived)
    }

    fn on_seat<T>(&self, act: impl FnOnce(&mut Seat) -> T) -> Option<T> {
        self.hub.seats.lock().iter_mut().find(|seat| self.is_mine(seat)).map(act)
    }
}

impl Bus for MemoryBus {
    fn publish(&self, channel: &str, frame: Bytes) {
        // One lock for all seats: every server receives in the same order.
        let mut seats = self.hub.seats.lock();
        let Some(own) = seats.iter_mut().find(|seat| self.is_mine(seat)) else { return };
        if !own.status.connected {
            own.status.dropped += 1;
            return;
        }
        own.status.published += 1;
        for seat in seats.iter_mut().filter(|seat| !self.is_mine(seat)) {
            seat.receive(channel, &frame);
        }
    }

    fn subscribe(&self, channel: &str) {
        self.on_seat(|seat| seat.channels.insert(channel.into()));
    }

    fn unsubscribe(&self, channel: &str) {
        self.on_seat(|seat| seat.channels.remove(channel));
    }

    fn subscribed(&self) -> Answer<'_, ()> {
        Answer::now(())
    }

    fn flushed(&self) -> Answer<'_, bool> {
        Answer::now(true)
    }

    fn status(&self) -> BusStatus {
        self.on_seat(|seat| seat.status).unwrap_or_default()
    }
}

impl Drop for MemoryBus {
    fn drop(&mut self) {
        self.arrived.close();
        self.hub.seats.lock().retain(|seat| !Arc::ptr_eq(&seat.arrived, &self.arrived));
    }
}
