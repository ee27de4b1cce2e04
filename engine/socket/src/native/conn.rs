//! What is shared of a connection: with those who send to it, and with the wheel.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::net::tcp::OwnedWriteHalf;

use super::outbox::{Bounds, Outbox};
use super::wheel::{Alarm, Tick, What};
use super::{Native, packet};
use crate::link::{Hold, Link};
use crate::seam::{Full, Packet, Reason, Wire};

/// One WebSocket.
pub(super) struct Conn {
    pub(super) native: Arc<Native>,
    pub(super) link: Arc<Link>,
    writer: OwnedWriteHalf,
    outbox: Mutex<Outbox>,
    beat: Beat,
    has_entered: AtomicBool,
    /// Some of its namespaces were left on this side.
    has_leavers: AtomicBool,
    _hold: Hold,
}

impl Conn {
    pub(super) fn new(native: &Arc<Native>, writer: OwnedWriteHalf, link: Arc<Link>, hold: Hold) -> Self {
        Self {
            native: Arc::clone(native),
            link,
            writer,
            outbox: Mutex::default(),
            beat: Beat::answered_at(native.wheel.now()),
            has_entered: AtomicBool::new(false),
            has_leavers: AtomicBool::new(false),
            _hold: hold,
        }
    }

    /// Queues a packet and has it written.
    pub(super) fn push(&self, packet: Bytes) -> Result<(), Full> {
        let settings = &self.native.house.settings;
        let bounds = Bounds { packets: settings.queue_packets_max, bytes: settings.queue_bytes_max };
        let mut outbox = self.outbox.lock();
        if outbox.push(packet, bounds)?
            && let Some(waker) = &outbox.waker
        {
            waker.wake_by_ref();
        }
        Ok(())
    }

    fn wake(&self) {
        if let Some(waker) = &self.outbox.lock().waker {
            waker.wake_by_ref();
        }
    }

    /// Says which task is to be woken: by senders, and by the end.
    pub(super) fn serve_by(&self, cx: &Context<'_>) {
        self.outbox.lock().waker = Some(cx.waker().clone());
        self.link.wake_at_end(cx.waker());
    }

    /// Writes what waits, as far as it is taken. Pending: the client is to read first.
    pub(super) fn poll_write(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut outbox = self.outbox.lock();
        loop {
            if outbox.stuck().is_some() && self.writer.as_ref().poll_write_ready(cx)?.is_pending() {
                self.watch(&mut outbox);
                return Poll::Pending;
            }
            outbox.write(self.writer.as_ref(), self.native.wheel.now())?;
            if outbox.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn watch(self: &Arc<Self>, outbox: &mut Outbox) {
        if !std::mem::replace(&mut outbox.is_watched, true) {
            let stall = self.native.house.settings.write_stall;
            self.native.wheel.after(stall, Alarm::new(self, What::Stall));
        }
    }

    /// Says goodbye: what waits and then `last` is written as far as it is taken at once, and nothing after it.
    pub(super) fn close(&self, last: Option<Bytes>) {
        let mut outbox = self.outbox.lock();
        if let Some(last) = last {
            let _ = outbox.push(last, Bounds { packets: usize::MAX, bytes: usize::MAX });
            let _ = outbox.write(self.writer.as_ref(), self.native.wheel.now());
            let _ = socket2::SockRef::from(self.writer.as_ref()).shutdown(std::net::Shutdown::Write);
        }
        outbox.close();
    }

    /// The client answered a ping.
    pub(super) fn answered(&self) {
        self.beat.answer(self.native.wheel.now());
    }

    /// The client is in a namespace.
    pub(super) fn entered(&self) {
        self.has_entered.store(true, Ordering::Relaxed);
    }

    /// Whether some were left on this side since it was last asked.
    pub(super) fn had_leavers(&self) -> bool {
        self.has_leavers.load(Ordering::Acquire) && self.has_leavers.swap(false, Ordering::AcqRel)
    }

    /// Does what its time has come for; yields when to look again.
    pub(super) fn look_after(&self, what: What, now: Tick) -> Option<Tick> {
        match what {
            What::Beat => self.look_after_beat(now),
            What::Stall => self.look_after_stall(now),
            What::Entered if self.has_entered.load(Ordering::Relaxed) => None,
            What::Entered | What::Gone => self.end(Reason::TransportClosed),
        }
    }

    fn look_after_beat(&self, now: Tick) -> Option<Tick> {
        let (settings, wheel) = (&self.native.house.settings, &self.native.wheel);
        match self.beat.state() {
            BeatState::Awaited { since } => {
                let due = wheel.end_of_since(since, settings.ping_timeout);
                if now >= due {
                    self.end(Reason::PingTimeout)
                } else {
                    Some(due.min(wheel.end_of(settings.ping_interval)))
                }
            }
            BeatState::Answered { at } => {
                let due = wheel.end_of_since(at, settings.ping_interval);
                if now < due {
                    return Some(due);
                }
                self.beat.await_answer(now);
                // One whose queue has no place for it is looked after as one that does not read.
                let _ = self.push(self.native.ping.clone());
                Some(wheel.end_of(settings.ping_timeout.min(settings.ping_interval)))
            }
        }
    }

    fn look_after_stall(&self, now: Tick) -> Option<Tick> {
        let mut outbox = self.outbox.lock();
        let due =
            outbox.stuck().map(|since| self.native.wheel.end_of_since(since, self.native.house.settings.write_stall));
        outbox.is_watched = due.is_some();
        drop(outbox);
        if due? > now { due } else { self.end(Reason::Stalled) }
    }

    fn end<T>(&self, reason: Reason) -> Option<T> {
        self.link.kill(reason);
        None
    }
}

/// A client's heartbeat: when it last answered, or since when an answer is awaited.
struct Beat(AtomicU64);

#[derive(Debug, Clone, Copy)]
enum BeatState {
    Answered { at: Tick },
    Awaited { since: Tick },
}

/// Marks the moment as that of a ping; no tick is so late.
const AWAITED: u64 = 1 << 63;

impl Beat {
    fn answered_at(now: Tick) -> Self {
        Self(AtomicU64::new(now.0))
    }

    fn answer(&self, now: Tick) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    fn await_answer(&self, now: Tick) {
        self.0.store(now.0 | AWAITED, Ordering::Relaxed);
    }

    fn state(&self) -> BeatState {
        let state = self.0.load(Ordering::Relaxed);
        let tick = Tick(state & !AWAITED);
        if state == tick.0 { BeatState::Answered { at: tick } } else { BeatState::Awaited { since: tick } }
    }
}

/// A namespace of a connection, as the hub sends to it.
pub(super) struct NativeWire {
    conn: Arc<Conn>,
    namespace: Arc<str>,
    has_left: AtomicBool,
}

impl NativeWire {
    pub(super) fn new(conn: &Arc<Conn>, namespace: &Arc<str>) -> Arc<Self> {
        let (conn, namespace) = (Arc::clone(conn), Arc::clone(namespace));
        Arc::new(Self { conn, namespace, has_left: AtomicBool::new(false) })
    }

    /// Whether this side has left it.
    pub(super) fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Acquire)
    }
}

impl Wire for NativeWire {
    fn send(&self, packet: Packet<'_>) -> Result<(), Full> {
        self.conn.push(match packet {
            Packet::Event { message, .. } => message.encoded(&self.namespace, packet::event),
            Packet::Ack { id, args } => packet::ack(&self.namespace, id, args),
        })
    }

    fn disconnect(&self) {
        self.has_left.store(true, Ordering::Release);
        self.conn.has_leavers.store(true, Ordering::Release);
        if self.conn.push(packet::disconnected(&self.namespace)).is_err() {
            self.kill();
        }
        self.conn.wake();
    }

    fn kill(&self) {
        self.conn.link.kill(Reason::Closed);
    }
}
