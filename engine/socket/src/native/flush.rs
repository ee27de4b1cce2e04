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

/// How many connections are written to before others get a turn.
const TURN_CONNS_MAX: usize = 64;

/// How long a list may be that is kept for the next time; a crowd's is not.
const KEPT_MAX: usize = 1024;

/// What packets wait at: a connection.
pub(super) trait Flushed: Send + Sync + 'static {
    /// Writes what waits, as far as it is taken.
    fn flush(&self);
}

/// The lists, one for each core.
pub(super) struct Flush<C> {
    lists: Box<[Mutex<List<C>>]>,
    next: AtomicUsize,
    is_over: AtomicBool,
}

/// The list that a connection is put on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(u16);

struct List<C> {
    conns: Vec<Arc<C>>,
    waker: Option<Waker>,
}

impl<C: Flushed> Flush<C> {
    pub(super) fn new() -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(usize::from(u16::MAX)));
        let lists = (0..cores).map(|_| Mutex::new(List { conns: Vec::new(), waker: None })).collect();
        Arc::new(Self { lists, next: AtomicUsize::new(0), is_over: AtomicBool::new(false) })
    }

    /// A place for one more connection; all lists get as many.
    pub(super) fn place(&self) -> Place {
        Place((self.next.fetch_add(1, Ordering::Relaxed) % self.lists.len()) as u16)
    }

    /// Has what waits at a connection written soon.
    pub(super) fn soon(&self, place: Place, conn: &Arc<C>) {
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
struct Writer<C> {
    flush: Arc<Flush<C>>,
    place: usize,
    /// Connections to be written to, the next one last.
    turn: Vec<Arc<C>>,
    /// Everybody else has had a turn since the list was no longer empty.
    has_waited: bool,
}

impl<C> Writer<C> {
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

impl<C: Flushed> Future for Writer<C> {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Longer than anything takes that is not forgotten.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// A connection for which another packet comes each time it is written to, so many times.
    struct Busy {
        flush: Arc<Flush<Self>>,
        place: Place,
        left: AtomicUsize,
        /// Where it is put when it comes onto a list again.
        this: std::sync::Weak<Self>,
    }

    impl Flushed for Busy {
        fn flush(&self) {
            let is_more = self.left.fetch_sub(1, Ordering::Relaxed) > 1;
            if let Some(this) = self.this.upgrade().filter(|_| is_more) {
                self.flush.soon(self.place, &this);
            }
        }
    }

    #[tokio::test]
    async fn what_comes_while_it_is_at_work_is_written_too() {
        for crowd in [1, TURN_CONNS_MAX, TURN_CONNS_MAX + 1, 3 * TURN_CONNS_MAX] {
            let flush = Flush::new();
            let conns: Vec<Arc<Busy>> = (0..crowd)
                .map(|_| {
                    let (place, flush, left) = (flush.place(), Arc::clone(&flush), AtomicUsize::new(5));
                    Arc::new_cyclic(|this| Busy { flush, place, left, this: this.clone() })
                })
                .collect();
            flush.begin();
            conns.iter().for_each(|conn| flush.soon(conn.place, conn));
            let all_written = async {
                while conns.iter().any(|conn| conn.left.load(Ordering::Relaxed) > 0) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(PATIENCE, all_written).await.expect("nobody is forgotten");
            flush.end();
        }
    }
}
