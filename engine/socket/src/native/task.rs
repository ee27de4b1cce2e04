//! The one task of a connection: it reads, has what it read handled, and writes what the system did not take at once.
//!
//! Whoever does not read is not read from: nothing is read as long as half of what may wait does. And after so many messages
//! as could fill its queue with answers, what waits is written first.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::conn::{Conn, Waits};
use super::frame::{self, Code, Frame, Opcode};
use super::packet::{self, Control};
use super::partial::Partial;
use super::session::Session;
use crate::seam::{Peer, Reason};

/// How long a client that is told of the end may take to read that, and to close its side.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// How much is read at once, into a buffer that all connections of a thread share.
const READ_BYTES: usize = 64 * 1024;

/// How many messages are handled of one read.
const READ_MESSAGES_MAX: usize = 64;

/// How often is read before others get a turn: once more than usual, to be told when there is more to read.
const TURN_READS_MAX: usize = 2;

thread_local! {
    static BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The other side is told why.
    Said(Code),
    /// The other side is gone, or to be.
    Cut(Reason),
}

impl From<Code> for End {
    fn from(code: Code) -> Self {
        Self::Said(code)
    }
}

/// The other side is gone.
impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Cut(Reason::TransportClosed)
    }
}

/// A connection at work.
pub(super) struct Task {
    conn: Arc<Conn>,
    session: Session,
    /// Bytes that are not yet a whole frame, or whose turn has not come.
    rest: Vec<u8>,
    /// The message whose frames are coming.
    partial: Option<Box<Partial>>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nobody knows yet which task this is.
    New,
    Open,
    /// The end is being told.
    Closing,
    /// All is said; the other side is to go.
    Closed,
}

impl Task {
    /// A task for a connection; `early` was read already.
    pub(super) fn new(conn: Arc<Conn>, peer: Peer, early: &[u8]) -> Self {
        let session = Session::new(Arc::clone(&conn), peer);
        Self { conn, session, rest: early.to_vec(), partial: None, phase: Phase::New }
    }

    /// One turn; without an end, what is awaited will wake this task.
    fn turn(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        if let Some(reason) = self.conn.link.ending() {
            return Err(End::Cut(reason));
        }
        self.session.go_on(cx)?;
        for _ in 0..TURN_READS_MAX {
            if !self.conn.poll_reads(cx)? || !self.listen(cx)? {
                return Ok(());
            }
            self.session.go_on(cx)?;
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Handles what was left, or what comes now; yields whether there was anything.
    fn listen(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let has_taken = !self.rest.is_empty() && self.take_rest(&[])?;
        Ok(has_taken || self.read(cx)?)
    }

    /// Reads once, and handles it; yields whether there was anything.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let mut buffer = BUFFER.take().unwrap_or_else(|| vec![0; READ_BYTES].into_boxed_slice());
        let read = self.read_into(&mut buffer, cx);
        BUFFER.set(Some(buffer));
        read
    }

    fn read_into(&mut self, buffer: &mut [u8], cx: &mut Context<'_>) -> Result<bool, End> {
        let bytes = match self.conn.poll_read(cx, buffer)? {
            Poll::Pending => return Ok(false),
            Poll::Ready(0) => return Err(End::Cut(Reason::TransportClosed)),
            Poll::Ready(read) => &mut buffer[..read],
        };
        if self.rest.is_empty() {
            let taken = self.take(bytes)?;
            self.rest = bytes[taken..].to_vec();
        } else {
            self.take_rest(bytes)?;
        }
        Ok(true)
    }

    /// Handles what was left, and what came behind it; yields whether there was a whole frame.
    fn take_rest(&mut self, behind: &[u8]) -> Result<bool, Code> {
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(behind);
        let taken = self.take(&mut rest)?;
        rest.drain(..taken);
        if !rest.is_empty() {
            self.rest = rest;
        }
        Ok(taken > 0)
    }

    /// Handles the whole frames in `bytes`, as many as one turn may; yields how many bytes they are.
    fn take(&mut self, bytes: &mut [u8]) -> Result<usize, Code> {
        let settings = &self.conn.native.house.settings;
        let payload_max = settings.message_bytes_max;
        let messages_max = READ_MESSAGES_MAX.min(settings.queue_packets_max / 4).max(1);
        let mut taken = 0;
        for _ in 0..messages_max {
            let bytes = &mut bytes[taken..];
            let Some(frame) = frame::next(bytes, payload_max)? else { break };
            taken += frame.payload.end;
            self.framed(&frame, &bytes[frame.payload.clone()], payload_max)?;
            if self.conn.is_behind() {
                break;
            }
        }
        Ok(taken)
    }

    fn framed(&mut self, frame: &Frame, payload: &[u8], message_max: usize) -> Result<(), Code> {
        match (frame.opcode, &mut self.partial) {
            (Opcode::Ping, _) => {
                // Without a place for it, it is a client that does not read, which is looked after.
                let _ = self.conn.push(frame::frame(Opcode::Pong, payload));
                Ok(())
            }
            (Opcode::Pong, _) => Ok(()),
            (Opcode::Close, _) => Err(frame::answer_to_close(payload)),
            (Opcode::Continuation, Some(partial)) => {
                partial.push(payload, message_max)?;
                match self.partial.take_if(|_| frame.is_last) {
                    Some(whole) => self.message(whole.opcode(), whole.bytes()),
                    None => Ok(()),
                }
            }
            (Opcode::Continuation, None) | (Opcode::Text | Opcode::Binary, Some(_)) => Err(Code::PROTOCOL),
            (opcode, None) if frame.is_last => self.message(opcode, payload),
            (opcode, None) => {
                self.partial = Some(Box::new(Partial::begin(opcode, payload)?));
                Ok(())
            }
        }
    }

    fn message(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Code> {
        if opcode == Opcode::Binary {
            return self.session.attach(payload);
        }
        let text = std::str::from_utf8(payload).map_err(|_| Code::NOT_UTF8)?;
        match packet::control(text)? {
            Control::Message(text) => self.session.hear(text),
            Control::Pong => {
                self.conn.answered();
                Ok(())
            }
            Control::Close => Err(Code::NORMAL),
            Control::Nothing => Ok(()),
        }
    }

    /// Ends it: whoever is in a namespace leaves, and the other side is told if it is there.
    fn end(&mut self, end: End) -> Poll<()> {
        self.rest = Vec::new();
        self.partial = None;
        let (reason, code) = match end {
            End::Said(code) => (Reason::TransportClosed, code),
            End::Cut(Reason::Shutdown) => (Reason::Shutdown, Code::GOING_AWAY),
            End::Cut(reason) => {
                self.session.end(reason);
                self.conn.close();
                return Poll::Ready(());
            }
        };
        self.session.end(reason);
        self.conn.close_with(frame::close(code), LINGER);
        self.phase = Phase::Closing;
        Poll::Pending
    }

    /// Has what waits written, and then waits until the other side has gone. What that still sends is dropped: left unread,
    /// it would make the system drop what the other side is told.
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.conn.is_over() {
            return Poll::Ready(());
        }
        if self.phase == Phase::Closing {
            match self.conn.poll_write(cx) {
                Ok(Waits::Nothing) => {
                    self.conn.shut();
                    self.phase = Phase::Closed;
                }
                Ok(_) => {}
                Err(_) => return Poll::Ready(()),
            }
        }
        let mut dropped = [0; 1024];
        loop {
            match self.conn.poll_read(cx, &mut dropped) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => return Poll::Ready(()),
            }
        }
    }
}

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = self.get_mut();
        if task.phase == Phase::New {
            task.conn.serve_by(cx);
            task.phase = Phase::Open;
        }
        if task.phase == Phase::Open {
            match task.turn(cx) {
                Ok(()) => return Poll::Pending,
                Err(end) if task.end(end).is_ready() => return Poll::Ready(()),
                Err(_) => {}
            }
        }
        task.linger(cx)
    }
}
