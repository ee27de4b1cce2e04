//! What waits to be written to one connection.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::task::Waker;

use bytes::{Buf, Bytes};
use socket2::SockRef;
use tokio::net::TcpStream;

use super::wheel::Tick;
use crate::seam::Full;

/// How many packets are written by one call.
const BATCH: usize = 64;

/// What waits is written in one piece up to so many bytes.
const GATHERED_BYTES_MAX: usize = 4 * 1024;

thread_local! {
    static GATHERED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) packets: usize,
    pub(super) bytes: usize,
}

/// Packets that wait, and the task of the connection.
#[derive(Default)]
pub(super) struct Outbox {
    packets: VecDeque<Bytes>,
    bytes: usize,
    pub(super) waker: Option<Waker>,
    /// Since when the system has taken nothing.
    stuck: Option<Tick>,
    /// Somebody looks after its being stuck.
    pub(super) is_watched: bool,
    is_closed: bool,
    /// The other side is gone, as the last write has shown.
    has_failed: bool,
}

/// What takes bytes, as many as it takes without waiting.
pub(super) trait Takes {
    fn take(&self, bytes: &[u8]) -> io::Result<usize>;
    fn take_each(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// For the task that is told when there is place again.
impl Takes for TcpStream {
    fn take(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_write(bytes)
    }

    fn take_each(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write_vectored(slices)
    }
}

/// For everybody else: straight to the system.
impl Takes for SockRef<'_> {
    fn take(&self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes)
    }

    fn take_each(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send_vectored(slices)
    }
}

impl Outbox {
    /// Queues a packet; yields whether somebody has to be told that there is one.
    pub(super) fn push(&mut self, packet: Bytes, bounds: Bounds) -> Result<bool, Full> {
        let is_first = self.packets.is_empty();
        let has_place = self.packets.len() < bounds.packets && self.bytes + packet.len() <= bounds.bytes;
        if self.is_closed || !(is_first || has_place) {
            return Err(Full);
        }
        self.bytes += packet.len();
        self.packets.push_back(packet);
        Ok(is_first)
    }

    /// Takes nothing more, and forgets what waits.
    pub(super) fn close(&mut self) {
        *self = Self { is_closed: true, ..Self::default() };
    }

    /// The other side is gone, which its task is to see.
    pub(super) fn fail(&mut self) {
        let waker = self.waker.take();
        *self = Self { waker, is_closed: true, has_failed: true, ..Self::default() };
        self.wake();
    }

    /// Wakes the task of the connection.
    pub(super) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// Whether the system takes what comes, and little of it waits.
    ///
    /// # Errors
    /// If the other side is gone.
    pub(super) fn flows(&self, bounds: Bounds) -> io::Result<bool> {
        if self.has_failed {
            return Err(ErrorKind::BrokenPipe.into());
        }
        Ok(self.stuck.is_none() && !self.is_half_full(bounds))
    }

    /// Takes this behind what waits, whatever that is, and nothing more.
    pub(super) fn close_with(&mut self, last: Bytes) {
        self.bytes += last.len();
        self.packets.push_back(last);
        self.is_closed = true;
    }

    /// Whether half of what may wait does.
    pub(super) fn is_half_full(&self, bounds: Bounds) -> bool {
        self.packets.len() > bounds.packets / 2 || self.bytes > bounds.bytes / 2
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Since when the other side has read nothing, though there is something for it.
    pub(super) fn stuck(&self) -> Option<Tick> {
        self.stuck
    }

    /// Writes what the system takes. Afterwards it is either empty or stuck.
    ///
    /// # Errors
    /// If the other side is gone.
    pub(super) fn write(&mut self, stream: &impl Takes, now: Tick) -> io::Result<()> {
        while !self.packets.is_empty() {
            match self.write_some(stream) {
                Ok(written) => {
                    self.stuck = None;
                    self.forget(written);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stuck.get_or_insert(now);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // There are many connections, and most are idle.
        self.packets = VecDeque::new();
        Ok(())
    }

    /// Writes a little although the system has not said that there is place: it says so only when much is free, which with a
    /// slow reader takes long. Yields whether it was taken: whether the other side reads.
    pub(super) fn knock(&mut self, stream: &TcpStream, now: Tick) -> bool {
        let Some(packet) = self.packets.front() else { return true };
        let Ok(written) = SockRef::from(stream).send(packet) else { return false };
        self.forget(written);
        self.stuck = (!self.is_empty()).then_some(now);
        true
    }

    fn write_some(&self, stream: &impl Takes) -> io::Result<usize> {
        if let ([packet], []) = self.packets.as_slices() {
            return stream.take(packet);
        }
        if self.bytes <= GATHERED_BYTES_MAX {
            return self.gathered(|bytes| stream.take(bytes));
        }
        let mut slices = [IoSlice::new(&[]); BATCH];
        for (slice, packet) in slices.iter_mut().zip(&self.packets) {
            *slice = IoSlice::new(packet);
        }
        stream.take_each(&slices[..self.packets.len().min(BATCH)])
    }

    /// All that waits, in one piece: to copy a little is cheaper than to have the system gather it.
    fn gathered<T>(&self, write: impl FnOnce(&[u8]) -> T) -> T {
        let mut gathered = GATHERED.take();
        gathered.clear();
        self.packets.iter().for_each(|packet| gathered.extend_from_slice(packet));
        let came = write(&gathered);
        GATHERED.set(gathered);
        came
    }

    fn forget(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(packet) = self.packets.front_mut() {
            if packet.len() > written {
                packet.advance(written);
                return;
            }
            written -= packet.len();
            self.packets.pop_front();
        }
    }
}
