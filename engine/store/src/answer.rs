//! What a store gives back: at once where it can, later where it must.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The answer of a store, as a future. One that is ready costs no allocation.
#[must_use = "a future does nothing until it is awaited"]
pub enum Answer<'a, T> {
    /// It is here; taken by the first poll.
    Ready(Option<T>),
    /// It comes.
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is here.
    pub fn now(value: T) -> Self {
        Self::Ready(Some(value))
    }

    /// An answer that comes.
    pub fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl<T: Unpin> Future for Answer<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut *self {
            // Polled again after it was ready: a mistake of the caller, answered by never being ready again.
            Self::Ready(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            Self::Later(future) => future.as_mut().poll(cx),
        }
    }
}
