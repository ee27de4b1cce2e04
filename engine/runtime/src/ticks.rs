//! What happens because time passes: state runs out, tokens end, held events may go.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use homeroom_plan::frame::{Frame, Now};
use homeroom_plan::user::User;
use homeroom_store::state::Expired;
use parking_lot::Mutex;
use serde_json::Value;

use crate::Refusal;
use crate::act::expired_value;
use crate::bind::WATCH_SEPARATOR;
use crate::delivery::Scene;
use crate::engine::{Engine, Inner};
use crate::outlet::Ending;

/// How many expired entries are dealt with before other timers get their turn.
const EXPIRED_AT_ONCE: usize = 64;

/// Timers of connections: the ends of tokens, and events that wait for their limit.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// Every connection has one of these, and few have others.
    tokens: Due<()>,
    events: Due<Arc<str>>,
}

/// What is due.
enum Timer {
    TokenEnds {
        due_ms: i64,
        conn: u64,
    },
    /// An event that waited for its limit.
    MayGo {
        conn: u64,
        event: Arc<str>,
    },
}

/// When, for which connection, and what; the soonest first.
#[derive(Debug, Default)]
struct Due<T>(Mutex<BinaryHeap<Reverse<(i64, u64, T)>>>);

impl<T: Ord> Due<T> {
    fn push(&self, due_ms: i64, conn: u64, what: T) {
        self.0.lock().push(Reverse((due_ms, conn, what)));
    }

    fn next(&self) -> Option<i64> {
        self.0.lock().peek().map(|Reverse((due_ms, ..))| *due_ms)
    }

    fn pop(&self, now_ms: i64) -> Option<(i64, u64, T)> {
        let mut due = self.0.lock();
        let is_due = due.peek().is_some_and(|Reverse((due_ms, ..))| *due_ms <= now_ms);
        is_due.then(|| due.pop()).flatten().map(|Reverse(timer)| timer)
    }
}

impl Timers {
    pub(crate) fn token_ends(&self, due_ms: i64, conn: u64) {
        self.tokens.push(due_ms, conn, ());
    }

    pub(crate) fn later(&self, due_ms: i64, conn: u64, event: Arc<str>) {
        self.events.push(due_ms, conn, event);
    }

    fn next_due(&self) -> Option<i64> {
        [self.tokens.next(), self.events.next()].into_iter().flatten().min()
    }

    fn pop(&self, now_ms: i64) -> Option<Timer> {
        let is_token_first = match (self.tokens.next(), self.events.next()) {
            (Some(token), Some(event)) => token <= event,
            (token, _) => token.is_some(),
        };
        match is_token_first {
            true => self.tokens.pop(now_ms).map(|(due_ms, conn, ())| Timer::TokenEnds { due_ms, conn }),
            false => self.events.pop(now_ms).map(|(_, conn, event)| Timer::MayGo { conn, event }),
        }
    }
}

impl Engine {
    /// When [`Engine::tick`] should next be called, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        let inner = &self.inner;
        [inner.stores.state.due(), inner.timers.next_due(), inner.rechecks.next_due()].into_iter().flatten().min()
    }

    /// Does what is due by now. One caller at a time; others wait for it.
    pub async fn tick(&self) {
        let _alone = self.inner.ticking.lock().await;
        let now_ms = self.inner.clock.now_ms();
        while let Some(timer) = self.inner.timers.pop(now_ms) {
            match timer {
                Timer::TokenEnds { due_ms, conn } => self.token_ends(due_ms, conn),
                Timer::MayGo { conn, event } => self.may_go(conn, &event),
            }
        }
        self.recheck_due(now_ms);
        self.inner.expire().await;
    }

    fn token_ends(&self, due_ms: i64, conn: u64) {
        let Some(session) = self.inner.sessions.get(conn) else { return };
        // A fresh token may have been handed in meanwhile; it has a timer of its own.
        let ends_ms = session.token.lock().ends_ms();
        if ends_ms.is_some_and(|ends_ms| ends_ms <= due_ms) {
            self.inner.tell_end(&session, &Refusal::code("TOKEN_EXPIRED"));
            self.inner.outlet.end(session.conn, Ending::TokenExpired);
        }
    }

    fn may_go(&self, conn: u64, event: &str) {
        let Some(session) = self.inner.sessions.get(conn) else { return };
        let held = session.waiting.lock().remove(event);
        if let Some(incoming) = held {
            self.receive(&session, incoming);
        }
    }
}

impl Inner {
    async fn expire(&self) {
        loop {
            let expired = match self.stores.state.claim_expired(EXPIRED_AT_ONCE).await {
                Ok(expired) => expired,
                Err(error) => return tracing::error!(%error, "expired state could not be asked for"),
            };
            if expired.is_empty() {
                return;
            }
            for entry in expired {
                if self.ran_out(&entry).await
                    && let Err(error) = self.stores.state.settle(entry.claim).await
                {
                    tracing::error!(%error, "expired state could not be settled");
                }
            }
        }
    }

    /// Runs an entry's `on_expire`, as the plan that is served now has it. Yields whether it is dealt with.
    async fn ran_out(&self, expired: &Expired) -> bool {
        let bound = self.live.current();
        let Some((namespace, name)) = expired.watch.split_once(WATCH_SEPARATOR) else { return true };
        let Some(served) = bound.namespace(namespace) else { return true };
        let Some((id, params)) = served.state_keyed(name, &expired.key) else { return true };
        let state = &served.namespace().states[id];
        let Some(handler) = &state.on_expire else { return true };
        let Ok(entry) = expired_value(state.kind, &expired.entry) else { return true };
        let now = Now::at(self.clock.now_ms());
        let mut frame = Frame::new(&User::Nobody, &now, handler.slots.max(params.len()));
        frame.entry = Some(&entry);
        for (slot, value) in params.into_iter().enumerate() {
            frame.set(slot, Some(Value::String(value)));
        }
        let scene = Scene { inner: self, bound: &bound, served, trace: self.traces.next() };
        scene.on_its_own(handler, &mut frame, None, None, "on_expire").await
    }
}
