//! What happened, span by span, for whoever draws traces of it. Nothing of it is made where nobody asked.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use crate::engine::Engine;
use crate::trace::TraceId;

/// Where spans are told to.
pub trait Spans: Send + Sync {
    /// Whether what bears this id is told. Every server must say the same of it.
    fn wants(&self, trace: TraceId) -> bool;
    /// Something has happened. Must not wait.
    fn tell(&self, span: Span);
}

/// Something that has happened. It has no value of a payload in it, and nobody's name.
#[derive(Debug)]
pub struct Span {
    /// What it is part of.
    pub trace: TraceId,
    /// What it is.
    pub kind: SpanKind,
    /// In which namespace.
    pub namespace: Arc<str>,
    /// Of which event; `(unknown)` for one that is not declared.
    pub event: Arc<str>,
    /// `ok`, `held`, or the code of a refusal.
    pub outcome: Arc<str>,
    /// When it began, by the machine's clock.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// Its stages, one after the other.
    pub stages: Vec<(&'static str, Duration)>,
}

/// What a span is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// An event of a client.
    Event,
    /// An event of a service.
    Backend,
    /// What another server sent, delivered here.
    Heard,
}

/// Who is told, if anybody is.
#[derive(Default)]
pub(crate) struct Told {
    to: OnceLock<Arc<dyn Spans>>,
}

impl Told {
    /// Who wants to be told of this.
    pub(crate) fn wanting(&self, trace: TraceId) -> Option<&dyn Spans> {
        self.to.get().map(|spans| &**spans).filter(|spans| spans.wants(trace))
    }
}

impl Engine {
    /// Tells of what happens from now on. The first who asks is told, and nobody else.
    pub fn tell_spans(&self, to: Arc<dyn Spans>) {
        let _ = self.inner.spans.to.set(to);
    }
}
