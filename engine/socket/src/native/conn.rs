//! What is shared of a connection: with those who send to it, and with the wheel.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::flush::{Flushed, Place};
use super::outbox::{Bounds, Outbox};
use super::wheel::{Alarm, Tick, What};
use super::{Native, packet};
use crate::link::{Hold, Link};
use crate::seam::{Full, Packet, Reason, Wire};

/// How many bytes the system takes before it has sent them.
const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// One WebSocket.
pub(super) struct Conn {
    pub(super) native: Arc<Native>,
    pub(super) link: Arc<Link>,
    stream: TcpStream,
    outbox: Mutex<Outbox>,
    place: Place,
    beat: Beat,
    entry: AtomicU8,
    /// Some of its namespaces were left on this side.
    has_leavers: AtomicBool,
    /// Its time to close its side is over.
    is_over: AtomicBool,
    _hold: Hold,
}

impl Conn {
    pub(super) fn new(native: &Arc<Native>, stream: TcpStream, link: Arc<Link>, hold: Hold) -> Self {
        Self {
            native: Arc::clone(native),
            link,
            stream,
            outbox: Mutex::default(),
            place: native.flush.place(),
            beat: Beat::answered_at(native.wheel.now()),
            entry: AtomicU8::new(entry::NONE),
            has_leavers: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            _hold: hold,
        }
    }

    /// What waits is to wait here, where it is bounded and counted, and not in the system: a client that is slow to read
    /// would be slow to answer what lies behind it.
    pub(super) fn keep_little_in_the_system(&self) {
        #[cfg(target_os = "linux")]
        // If the system will not do it, slow clients are only more easily taken for silent ones.
        let _ = SockRef::from(&self.stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX);
    }

    fn bounds(&self) -> Bounds {
        let settings = &self.native.house.settings;
        Bounds { packets: settings.queue_packets_max, bytes: settings.queue_bytes_max }
    }

    /// Queues a packet and has it written.
    pub(super) fn push(self: &Arc<Self>, packet: Bytes) -> Result<(), Full> {
        if self.outbox.lock().push(packet, self.bounds())? {
            self.native.flush.soon(self.place, self);
        }
        Ok(())
    }

    fn wake(&self) {
        self.outbox.lock().wake();
    }

    /// Says which task is to be woken: by senders, and by the end.
    pub(super) fn serve_by(&self, cx: &Context<'_>) {
        self.outbox.lock().waker = Some(cx.waker().clone());
        self.link.wake_at_end(cx.waker());
    }

    /// Reads what has come; yields how many bytes that is. Nobody but the task of the connection may read.
    ///
    /// Where the buffer was not filled there is no more. The stream is told so, instead of being asked once more, as
    /// `TcpStream::poll_read` does, for which a connection would have to be two halves.
    pub(super) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let mut read = None;
            let asked = self.stream.try_io(Interest::READABLE, || {
                let bytes = (&*SockRef::from(&self.stream)).read(buffer)?;
                read = Some(bytes);
                if (1..buffer.len()).contains(&bytes) { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match (read, asked) {
                (Some(bytes), _) => return Poll::Ready(Ok(bytes)),
                (None, Err(error)) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    return Poll::Ready(Err(error));
                }
                _ => {}
            }
        }
    }

    /// Whether the client is to be read from. Of a client that is behind, what waits is written by the task itself, which is
    /// woken when the system takes more.
    ///
    /// # Errors
    /// If the other side is gone.
    pub(super) fn poll_reads(self: &Arc<Self>, cx: &mut Context<'_>) -> io::Result<bool> {
        if self.outbox.lock().flows(self.bounds())? {
            return Ok(true);
        }
        Ok(self.poll_write(cx)? != Waits::Much)
    }

    /// Writes what waits, as far as it is taken.
    pub(super) fn poll_write(self: &Arc<Self>, cx: &mut Context<'_>) -> io::Result<Waits> {
        let mut outbox = self.outbox.lock();
        loop {
            if outbox.stuck().is_some() && self.stream.poll_write_ready(cx)?.is_pending() {
                self.watch(&mut outbox);
                return Ok(if outbox.is_half_full(self.bounds()) { Waits::Much } else { Waits::Little });
            }
            outbox.write(&self.stream, self.native.wheel.now())?;
            if outbox.is_empty() {
                return Ok(Waits::Nothing);
            }
        }
    }

    /// Whether so much waits that the client is not read from.
    pub(super) fn is_behind(&self) -> bool {
        self.outbox.lock().is_half_full(self.bounds())
    }

    fn watch(self: &Arc<Self>, outbox: &mut Outbox) {
        if !std::mem::replace(&mut outbox.is_watched, true) {
            let stall = self.native.house.settings.write_stall;
            self.native.wheel.after(stall, Alarm::new(self, What::Stall));
        }
    }

    /// Nothing is written any more.
    pub(super) fn close(&self) {
        self.outbox.lock().close();
    }

    /// Says goodbye: `last` goes behind what waits, and nothing behind it. What becomes of it is looked after for `linger`.
    pub(super) fn close_with(self: &Arc<Self>, last: Bytes, linger: Duration) {
        self.outbox.lock().close_with(last);
        self.native.wheel.after(linger, Alarm::new(self, What::Gone));
    }

    /// Whether a client that was said goodbye to is not waited for any longer.
    pub(super) fn is_over(&self) -> bool {
        let is_killed = self.link.ending().is_some_and(|reason| reason != Reason::Shutdown);
        is_killed || self.is_over.load(Ordering::Acquire)
    }

    /// All is written, and the other side is to see that.
    pub(super) fn shut(&self) {
        let _ = SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write);
    }

    /// The client answered a ping.
    pub(super) fn answered(&self) {
        self.beat.answer(self.native.wheel.now());
    }

    /// The client has asked to enter a namespace.
    pub(super) fn asked(&self) {
        let _ = self.entry.compare_exchange(entry::NONE, entry::ASKED, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The client is in a namespace.
    pub(super) fn entered(&self) {
        self.entry.store(entry::IN, Ordering::Relaxed);
    }

    /// Whether some were left on this side since it was last asked.
    pub(super) fn had_leavers(&self) -> bool {
        self.has_leavers.load(Ordering::Acquire) && self.has_leavers.swap(false, Ordering::AcqRel)
    }

    /// Does what its time has come for; yields when to look again.
    pub(super) fn look_after(self: &Arc<Self>, what: What, now: Tick) -> Option<Tick> {
        match what {
            What::Beat => self.look_after_beat(now),
            What::Stall => self.look_after_stall(now),
            What::Entered => self.look_after_entry(),
            What::Gone => {
                self.is_over.store(true, Ordering::Release);
                self.wake();
                None
            }
        }
    }

    fn look_after_entry(&self) -> Option<Tick> {
        let decided = self.entry.compare_exchange(entry::ASKED, entry::LATE, Ordering::Relaxed, Ordering::Relaxed);
        match decided {
            Ok(_asked) => Some(self.native.wheel.end_of(self.native.house.settings.connect_timeout)),
            Err(entry::IN) => None,
            Err(_) => self.end(Reason::TransportClosed),
        }
    }

    fn look_after_beat(self: &Arc<Self>, now: Tick) -> Option<Tick> {
        let (settings, wheel) = (&self.native.house.settings, &self.native.wheel);
        match self.beat.state() {
            BeatState::Awaited { since } => {
                let due = wheel.end_of_since(since, settings.ping_timeout);
                if now < due {
                    return Some(due.min(wheel.end_of(settings.ping_interval)));
                }
                if self.outbox.lock().is_empty() {
                    return self.end(Reason::PingTimeout);
                }
                // The ping itself may still wait, or the answer be unread; that it reads at all is looked after.
                self.beat.await_answer(now);
                Some(wheel.end_of(settings.ping_timeout))
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
        let stall = self.native.house.settings.write_stall;
        let mut outbox = self.outbox.lock();
        let due = outbox.stuck().map(|since| self.native.wheel.end_of_since(since, stall));
        outbox.is_watched = due.is_some();
        if due? > now {
            return due;
        }
        if outbox.knock(&self.stream, now) {
            return Some(self.native.wheel.end_of_since(now, stall));
        }
        drop(outbox);
        self.end(Reason::Stalled)
    }

    fn end<T>(&self, reason: Reason) -> Option<T> {
        self.link.kill(reason);
        None
    }
}

impl Flushed for Conn {
    /// Writes what waits, unless its task does that because the system takes no more.
    fn flush(&self) {
        let mut outbox = self.outbox.lock();
        if outbox.stuck().is_some() {
            return;
        }
        match outbox.write(&SockRef::from(&self.stream), self.native.wheel.now()) {
            Ok(()) if outbox.stuck().is_none() => {}
            Ok(()) => outbox.wake(),
            Err(_) => outbox.fail(),
        }
    }
}

/// What waits to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    Nothing,
    /// Less than half of what may.
    Little,
    /// So much that the client is to read first.
    Much,
}

/// How far a client is on its way into its first namespace.
mod entry {
    pub(super) const NONE: u8 = 0;
    pub(super) const ASKED: u8 = 1;
    /// It had asked when its time to ask was over.
    pub(super) const LATE: u8 = 2;
    pub(super) const IN: u8 = 3;
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

    fn look(&self) {
        // Read, and not taken: that would keep the next from being looked at. Nobody asks what was seen.
        std::hint::black_box(self.conn.outbox.is_locked());
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
