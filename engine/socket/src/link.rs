//! One TCP connection as its owner sees it: it can be ended at once, and ends by itself when its peer stops reading.

use std::collections::HashMap;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::Sleep;

use crate::seam::Reason;

/// A handle to a TCP connection. It may outlive the connection.
#[derive(Debug)]
pub struct Link {
    /// Whoever is on the other side, as far as this server can see.
    pub address: SocketAddr,
    ending: OnceLock<Reason>,
    reader: AtomicWaker,
    writer: AtomicWaker,
    is_gone: AtomicBool,
    gone: Notify,
    /// Namespaces that its client is in, as far as they are counted here.
    entered: AtomicUsize,
}

impl Link {
    /// A handle to a connection from `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            address,
            ending: OnceLock::new(),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            is_gone: AtomicBool::new(false),
            gone: Notify::new(),
            entered: AtomicUsize::new(0),
        })
    }

    /// Ends the connection at once, whatever it is waiting for. The first reason stays.
    pub fn kill(&self, reason: Reason) {
        let _ = self.ending.set(reason);
        self.reader.wake();
        self.writer.wake();
    }

    /// Why it is being, or was, ended on this side.
    #[must_use]
    pub fn ending(&self) -> Option<Reason> {
        self.ending.get().copied()
    }

    /// Whether its stream has been dropped.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Acquire)
    }

    /// Waits until its stream has been dropped.
    pub async fn gone(&self) {
        let mut told = pin!(self.gone.notified());
        told.as_mut().enable();
        if !self.is_gone() {
            told.await;
        }
    }

    /// Its client is in one more namespace.
    pub(crate) fn entered(&self) {
        self.entered.fetch_add(1, Ordering::AcqRel);
    }

    /// Its client is in one namespace less.
    pub(crate) fn left(&self) {
        self.entered.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether its client is in a namespace.
    pub(crate) fn is_in_any(&self) -> bool {
        self.entered.load(Ordering::Acquire) > 0
    }

    /// Has a task woken when the connection is to end, and no other any more: a task that is done is kept by its wakers.
    pub(crate) fn wake_at_end(&self, waker: &Waker) {
        self.reader.register(waker);
        self.writer.take();
    }

    fn check(&self) -> io::Result<()> {
        match self.ending.get() {
            Some(_) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "ended by the server")),
            None => Ok(()),
        }
    }
}

/// The connections that polling sessions say they move to: all of them, since only the first that is upgraded is the one,
/// and a client could point to another. What is gone is forgotten when there would be more sessions than ever before.
#[derive(Debug, Default)]
pub(crate) struct Links {
    by_session: Mutex<HashMap<String, Vec<Arc<Link>>>>,
}

impl Links {
    /// Writes down that a session moves to this connection.
    pub(crate) fn moved(&self, session: &str, link: &Arc<Link>) {
        let mut sessions = self.by_session.lock();
        if sessions.len() == sessions.capacity() {
            sessions.retain(|_, links| links.iter().any(|link| !link.is_gone()));
        }
        let links = sessions.entry(session.to_owned()).or_default();
        links.retain(|link| !link.is_gone());
        links.push(Arc::clone(link));
    }

    /// The connections that a session has, perhaps, moved to.
    pub(crate) fn of(&self, session: &str) -> Vec<Arc<Link>> {
        self.by_session.lock().get(session).cloned().unwrap_or_default()
    }
}

/// A stream that obeys its [`Link`], and fails when a write has been waiting for too long.
///
/// It is also what keeps a fast sender from filling its own queue with answers: whoever does not read is not read from,
/// and after each read others get a turn first, the task that writes the answers among them.
#[derive(Debug)]
pub struct Guarded<S> {
    stream: S,
    link: Arc<Link>,
    stall: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    /// Something was read, and others have not had their turn since.
    has_read: bool,
    hold: Hold,
}

/// What a connection holds as long as it lives, which for a WebSocket is long after its HTTP ended: a place among all.
/// Dropped, it gives the place back and tells the link.
#[derive(Debug)]
pub(crate) struct Hold {
    link: Arc<Link>,
    _place: OwnedSemaphorePermit,
}

impl<S> Guarded<S> {
    /// Guards a stream that holds a place among all; a write may wait for `stall`.
    pub fn new(stream: S, link: Arc<Link>, stall: Duration, place: OwnedSemaphorePermit) -> Self {
        let hold = Hold { link: Arc::clone(&link), _place: place };
        Self { stream, link, stall, waiting: None, has_read: false, hold }
    }

    /// The stream, no longer guarded, and what is to be dropped with it.
    pub(crate) fn into_parts(self) -> (S, Hold) {
        (self.stream, self.hold)
    }

    fn check_write(&self, cx: &Context<'_>) -> io::Result<()> {
        self.link.writer.register(cx.waker());
        self.link.check()
    }

    /// What became of a write; bytes that were taken start the time anew.
    fn written(&mut self, written: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if written.is_ready() && self.waiting.take().is_some() {
            // Who reads was turned away meanwhile.
            self.link.reader.wake();
        }
        self.watched(written, cx)
    }

    /// Ends the connection if this has been waiting for too long.
    fn watched<T>(&mut self, done: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            return done;
        }
        let stall = self.stall;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        ready!(waiting.as_mut().poll(cx));
        self.link.kill(Reason::Stalled);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer has stopped reading")))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.link.is_gone.store(true, Ordering::Release);
        self.link.gone.notify_waiters();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.link.reader.register(cx.waker());
        self.link.check()?;
        if self.waiting.is_some() {
            return Poll::Pending;
        }
        if std::mem::take(&mut self.has_read) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.has_read = buf.filled().len() > before;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check_write(cx)?;
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check_write(cx)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_write(cx)?;
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watched(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watched(shut, cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::Semaphore;

    use super::*;

    /// Longer than anything takes that is not stuck.
    const LONG: Duration = Duration::from_secs(3600);

    fn guarded(stall: Duration) -> (Guarded<DuplexStream>, DuplexStream, Arc<Link>) {
        let (near, far) = duplex(8);
        let link = Link::new(([127, 0, 0, 1], 1).into());
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("it is free");
        (Guarded::new(near, Arc::clone(&link), stall, place), far, link)
    }

    #[tokio::test]
    async fn a_peer_that_stops_reading_is_given_up() {
        let (mut near, _far, link) = guarded(Duration::from_millis(20));
        let error = near.write_all(&[0; 64]).await.expect_err("nobody reads");
        assert_eq!((error.kind(), link.ending()), (io::ErrorKind::TimedOut, Some(Reason::Stalled)));
        assert!(near.read_u8().await.is_err(), "what reads learns of it too");
    }

    #[tokio::test]
    async fn whoever_does_not_read_is_read_from_once_it_does() {
        let (near, mut far, _) = guarded(LONG);
        far.write_all(b"hello").await.expect("there is place");
        let (mut reading, mut writing) = tokio::io::split(near);
        let mut writing = Box::pin(async move { writing.write_all(&[0; 64]).await.expect("it is read, in the end") });
        let is_stuck = futures_util::poll!(&mut writing).is_pending();
        let reading = tokio::spawn(async move { reading.read_u8().await.expect("it is there") });
        // On one thread, this is its turn, in which it is turned away.
        tokio::task::yield_now().await;
        assert!(is_stuck && !reading.is_finished());
        let far = tokio::spawn(async move {
            far.read_exact(&mut [0; 64]).await.expect("it comes");
            far
        });
        writing.await;
        let heard = tokio::time::timeout(Duration::from_secs(30), reading).await.expect("it is woken");
        assert_eq!(heard.expect("no panic"), b'h');
        drop(far);
    }

    #[tokio::test]
    async fn a_kill_ends_what_waits() {
        let (mut near, _far, link) = guarded(LONG);
        let waiting = tokio::spawn(async move {
            assert!(near.read_u8().await.is_err());
        });
        tokio::task::yield_now().await;
        link.kill(Reason::Closed);
        link.kill(Reason::Shutdown);
        waiting.await.expect("it is woken");
        link.gone().await;
        assert_eq!(link.ending(), Some(Reason::Closed));
    }

    #[test]
    fn a_session_keeps_the_connection_it_has() {
        let links = Links::default();
        let (_stream, _, first) = guarded(LONG);
        links.moved("session", &first);
        let (gone, _, second) = guarded(LONG);
        links.moved("session", &second);
        drop(gone);
        let (_stream, _, third) = guarded(LONG);
        links.moved("session", &third);
        let of = links.of("session");
        assert!(of.len() == 2 && Arc::ptr_eq(&of[0], &first) && Arc::ptr_eq(&of[1], &third));
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let links = Links::default();
        for session in 0..10_000 {
            let (stream, _, link) = guarded(LONG);
            links.moved(&session.to_string(), &link);
            drop(stream);
        }
        assert!(links.by_session.lock().len() < 16);
    }
}
