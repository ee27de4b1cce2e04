//! How often an event may come, and what happens beyond.

use std::sync::Arc;

use homeroom_definition::values::{LimitScope, OverLimit};
use homeroom_plan::program::{Entry, Place};
use homeroom_store::{Decision, Quota};

use crate::Refusal;
use crate::engine::Inner;
use crate::session::Session;

/// Why an event ends without an outcome.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Its sender is told.
    Refused(Refusal),
    /// Nobody is told, unless an ack was asked for.
    Dropped(Refusal),
    /// It waits until its limit allows it; a newer one takes its place.
    Held(Refusal),
}

impl Stopped {
    /// Why, whoever is told.
    pub(crate) fn refusal(&self) -> &Refusal {
        let (Self::Refused(refusal) | Self::Dropped(refusal) | Self::Held(refusal)) = self;
        refusal
    }

    /// With the place it came from, unless a narrower one is known.
    pub(crate) fn at(self, place: &Place) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.at(place)),
            Self::Dropped(refusal) => Self::Dropped(refusal.at(place)),
            Self::Held(refusal) => Self::Held(refusal.at(place)),
        }
    }
}

impl<R: Into<Refusal>> From<R> for Stopped {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal.into())
    }
}

/// Counts an event of a connection under its own limit or its user's. A limit per room is counted once it is known that
/// its sender may enter the count: [`per_room`].
pub(crate) async fn take(inner: &Inner, entry: &Entry, session: &Session, now_ms: i64) -> Result<(), Stopped> {
    let Some(rate) = &entry.rate else {
        return default_take(inner, &entry.name, session, now_ms);
    };
    let quota = Quota::new(rate.limit.count, millis(rate.limit.per));
    let decision = match rate.limit.scope {
        LimitScope::Connection => session.take(&entry.name, quota, now_ms),
        LimitScope::User => {
            session.note(&entry.name);
            let key = format!("{}\n{}\nuser {}", session.who.namespace, entry.name, session.who.user);
            inner.stores.limits.take(&key, quota).await?
        }
        LimitScope::Room => return default_take(inner, &entry.name, session, now_ms),
    };
    allowed(decision, rate.limit.over)
}

/// Counts an event under its room's limit.
pub(crate) async fn per_room(inner: &Inner, entry: &Entry, namespace: &str, room: &str) -> Result<(), Stopped> {
    let Some(rate) = entry.rate.as_ref().filter(|rate| rate.limit.scope == LimitScope::Room) else { return Ok(()) };
    let key = format!("{namespace}\n{}\nroom {room}", entry.name);
    let quota = Quota::new(rate.limit.count, millis(rate.limit.per));
    allowed(inner.stores.limits.take(&key, quota).await?, rate.limit.over)
}

/// Counts under the settings' limit: an event without one of its own, or one that is not declared.
pub(crate) fn default_take(inner: &Inner, event: &Arc<str>, session: &Session, now_ms: i64) -> Result<(), Stopped> {
    let quota = Quota::new(inner.settings.default_rate_count, millis(inner.settings.default_rate_per));
    allowed(session.take(event, quota, now_ms), OverLimit::Refuse)
}

fn allowed(decision: Decision, over: OverLimit) -> Result<(), Stopped> {
    let Decision::Limited { retry_after_ms } = decision else { return Ok(()) };
    let refusal = Refusal::rate_limited(retry_after_ms);
    Err(match over {
        OverLimit::Refuse => Stopped::Refused(refusal),
        OverLimit::Drop => Stopped::Dropped(refusal),
        OverLimit::Coalesce => Stopped::Held(refusal),
    })
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
