//! One TCP connection as its owner sees it: it can be ended at once, and ends by itself when its peer stops reading.

use std::collections::HashMap;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A handle to a TCP connection.
#[derive(Debug)]
pub struct Link {
    /// Whoever is on the other side, as far as this server can see.
    pub address: SocketAddr,
    killed: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
    /// The session that moved to this connection by an upgrade, and where that is written down.
    session: Mutex<Option<(String, Weak<Links>)>>,
}

/// Which connections sessions have moved to.
#[derive(Debug, Default)]
pub struct Links {
    by_session: Mutex<HashMap<String, Weak<Link>>>,
}

impl Link {
    /// A handle to a connection from `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            address,
            killed: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            session: Mutex::default(),
        })
    }

    /// Ends the connection at once, whatever it is waiting for.
    pub fn kill(&self) {
        self.killed.store(true, Ordering::Release);
        self.reader.wake();
        self.writer.wake();
    }

    fn check(&self) -> io::Result<()> {
        match self.killed.load(Ordering::Acquire) {
            true => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "ended by the server")),
            false => Ok(()),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some((session, links)) = self.session.get_mut().take()
            && let Some(links) = links.upgrade()
        {
            links.by_session.lock().remove(&session);
        }
    }
}

impl Links {
    /// Writes down that a session moves to this connection. Forgotten when the connection ends.
    pub(crate) fn moved(self: &Arc<Self>, session: &str, link: &Arc<Link>) {
        let mut own = link.session.lock();
        if own.is_none() {
            *own = Some((session.to_owned(), Arc::downgrade(self)));
            self.by_session.lock().insert(session.to_owned(), Arc::downgrade(link));
        }
    }

    /// The connection that a session has moved to.
    pub(crate) fn of(&self, session: &str) -> Option<Arc<Link>> {
        self.by_session.lock().get(session)?.upgrade()
    }
}

/// A stream that obeys its [`Link`], and fails when a write has been waiting for too long.
#[derive(Debug)]
pub struct Guarded<S> {
    stream: S,
    link: Arc<Link>,
    stall: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Guarded<S> {
    /// Guards a stream; a write may wait for `stall`.
    pub fn new(stream: S, link: Arc<Link>, stall: Duration) -> Self {
        Self { stream, link, stall, waiting: None }
    }

    /// What became of a write: it ends the connection if it has been waiting for too long.
    fn watched<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let stall = self.stall;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        ready!(waiting.as_mut().poll(cx));
        self.link.kill();
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer has stopped reading")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.link.reader.register(cx.waker());
        self.link.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.link.writer.register(cx.waker());
        self.link.check()?;
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watched(written, cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.link.writer.register(cx.waker());
        self.link.check()?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watched(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.writer.register(cx.waker());
        self.link.check()?;
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watched(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watched(shut, cx)
    }
}
