//! Who writes: one task for many connections, instead of each connection's own.
//!
//! A broadcast to a room would wake a task for every member, only to have each make one call. So whoever queues the first
//! packet of a connection puts it on a list, and when everybody else has had a turn, one task goes through the list. What
//! came for a connection meanwhile leaves by the same call. (Where a broadcast reaches idle connections of a crowd, this took
//! a twelfth off the cost of a delivery. Writing at once, by whoever sends, would take a call for every packet.)

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use super::conn::Conn;

/// How many connections are written to before others get a turn.
const TURN_CONNS_MAX: usize = 64;

/// How long a list may be that is kept for the next time; a crowd's is not.
const KEPT_MAX: usize = 1024;

/// The lists, one for each core.
pub(super) struct Flush {
    lists: Box<[Mutex<List>]>,
    next: AtomicUsize,
    is_over: AtomicBool,
}

/// The list that a connection is put on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(u16);

#[derive(Default)]
struct List {
    conns: Vec<Arc<Conn>>,
    waker: Option<Waker>,
}

impl Flush {
    pub(super) fn new() -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(usize::from(u16::MAX)));
        let lists = (0..cores).map(|_| Mutex::default()).collect();
        Arc::new(Self { lists, next: AtomicUsize::new(0), is_over: AtomicBool::new(false) })
    }

    /// A place for one more connection; all lists get as many.
    pub(super) fn place(&self) -> Place {
        Place((self.next.fetch_add(1, Ordering::Relaxed) % self.lists.len()) as u16)
    }

    /// Has what waits at a connection written soon.
    pub(super) fn soon(&self, place: Place, conn: &Arc<Conn>) {
        let mut list = self.lists[usize::from(place.0)].lock();
        list.conns.push(Arc::clone(conn));
        if let (1, Some(waker)) = (list.conns.len(), &list.waker) {
            waker.wake_by_ref();
        }
    }

    /// Begins to write, until the [`Flush::end`].
    pub(super) fn begin(self: &Arc<Self>) {
        for place in 0..self.lists.len() {
            let flush = Arc::clone(self);
            tokio::spawn(Writer { flush, place, turn: Vec::new(), has_waited: false });
        }
    }

    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        let wakers = self.lists.iter().filter_map(|list| list.lock().waker.take());
        wakers.for_each(Waker::wake);
    }
}

/// The task of one list.
struct Writer {
    flush: Arc<Flush>,
    place: usize,
    /// Connections to be written to, the next one last.
    turn: Vec<Arc<Conn>>,
    /// Everybody else has had a turn since the list was no longer empty.
    has_waited: bool,
}

impl Writer {
    /// Takes the list if there is one; otherwise its next connection will wake this task.
    fn take_list(&mut self, cx: &Context<'_>) -> bool {
        self.turn.shrink_to(KEPT_MAX);
        let mut list = self.flush.lists[self.place].lock();
        list.waker.get_or_insert_with(|| cx.waker().clone());
        std::mem::swap(&mut list.conns, &mut self.turn);
        drop(list);
        self.turn.reverse();
        !self.turn.is_empty()
    }
}

impl Future for Writer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let writer = self.get_mut();
        if writer.flush.is_over.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        if writer.turn.is_empty() {
            let is_late = std::mem::replace(&mut writer.has_waited, true);
            if is_late && !writer.take_list(cx) {
                writer.has_waited = false;
                return Poll::Pending;
            }
        }
        let rest = writer.turn.len().saturating_sub(TURN_CONNS_MAX);
        writer.turn.drain(rest..).rev().for_each(|conn| conn.flush());
        // It rests only after it has found the list empty: whoever woke it while it was at work woke nobody.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
