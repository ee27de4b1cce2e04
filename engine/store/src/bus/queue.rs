//! A queue with one taker, bounded by how many things it holds and how much they weigh.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::BusLimits;

pub(crate) struct Queue<T> {
    limits: BusLimits,
    inner: Mutex<Inner<T>>,
    wake: Notify,
}

struct Inner<T> {
    things: VecDeque<(T, usize)>,
    bytes: usize,
    is_closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(limits: BusLimits) -> Self {
        let inner = Mutex::new(Inner { things: VecDeque::new(), bytes: 0, is_closed: false });
        Self { limits, inner, wake: Notify::new() }
    }

    /// Appends, if there is place; yields whether there was. Something too heavy for the whole queue never has.
    pub(crate) fn push(&self, thing: T, bytes: usize) -> bool {
        let mut inner = self.inner.lock();
        let is_full =
            inner.things.len() >= self.limits.frames_max || inner.bytes.saturating_add(bytes) > self.limits.bytes_max;
        if is_full || inner.is_closed {
            return false;
        }
        inner.bytes += bytes;
        inner.things.push_back((thing, bytes));
        drop(inner);
        self.wake.notify_one();
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.inner.lock().things.len()
    }

    pub(crate) fn try_pop(&self) -> Option<T> {
        let mut inner = self.inner.lock();
        let (thing, bytes) = inner.things.pop_front()?;
        inner.bytes -= bytes;
        Some(thing)
    }

    /// Removes from the front what is meant; yields how many.
    pub(crate) fn drop_while(&self, is_meant: impl Fn(&T) -> bool) -> u64 {
        let mut inner = self.inner.lock();
        let mut dropped = 0;
        while let Some((_, bytes)) = inner.things.pop_front_if(|(thing, _)| is_meant(thing)) {
            inner.bytes -= bytes;
            dropped += 1;
        }
        dropped
    }

    /// The next thing, when it is there; `None` once the queue is closed and empty.
    pub(crate) async fn pop(&self) -> Option<T> {
        loop {
            let woken = self.wake.notified();
            if let Some(thing) = self.try_pop() {
                return Some(thing);
            }
            if self.inner.lock().is_closed {
                return None;
            }
            woken.await;
        }
    }

    /// Takes nothing more.
    pub(crate) fn close(&self) {
        self.inner.lock().is_closed = true;
        self.wake.notify_one();
    }
}
