//! Who is present, over the whole cluster: what is remembered of them, and what follows when they are gone without a word.
//!
//! What a room remembers of a user is kept together with the user, as `[entry, user]`: when their server dies, another one
//! runs `on_leave` for them.

use std::sync::Arc;

use homeroom_plan::user::User;
use homeroom_store::presence::Gone;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::act::presence_room;
use crate::delivery::{Change, Scene, change};
use crate::engine::{Engine, Inner};
use crate::outcome::Place;
use crate::session::Session;

/// How many users that are gone are dealt with at once.
const GONE_AT_ONCE: usize = 64;

/// What is kept of a user in a room; `entry` is what the definition says, as JSON.
pub(crate) fn remembered(entry: Option<&str>, user: &User) -> Arc<str> {
    format!("[{},{user}]", entry.unwrap_or("null")).into()
}

/// The entry of what was kept.
pub(crate) fn entry(value: &str) -> Arc<str> {
    serde_json::from_str::<(&RawValue, &RawValue)>(value)
        .map_or_else(|_| "null".into(), |(entry, _)| entry.get().into())
}

fn user(value: &str) -> User {
    serde_json::from_str::<(&RawValue, Value)>(value).map_or(User::Nobody, |(_, user)| user.into())
}

impl Engine {
    /// Says that this server lives, tells its connections again where that is needed, and deals with users who are gone. To
    /// be called when [`Engine::presence_due`] says so; what it waits for is bounded by the store.
    pub async fn tend_presence(&self) {
        let inner = &self.inner;
        match inner.stores.presence.beat().await {
            Ok(epoch) => inner.tell_again(epoch).await,
            Err(error) => return tracing::warn!(%error, "the lease of this server could not be renewed"),
        }
        inner.deal_with_gone().await;
    }

    /// When [`Engine::tend_presence`] should next be called, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn presence_due(&self) -> Option<i64> {
        self.inner.stores.presence.due()
    }
}

impl Inner {
    /// Tells every connection again if the store may have forgotten them.
    async fn tell_again(&self, epoch: u64) {
        let known = self.presence_epoch.swap(epoch, std::sync::atomic::Ordering::Relaxed);
        if self.stores.cluster.is_some() {
            self.metrics.lives(epoch);
        }
        if known == epoch || known == 0 {
            return;
        }
        let sessions = self.sessions.all();
        tracing::info!(epoch, connections = sessions.len(), "presence is told again");
        let mut whole = true;
        for session in sessions {
            for name in session.rooms() {
                whole &= self.renew(&session, &name).await;
            }
        }
        let done = if whole { self.stores.presence.renewed().await.is_ok() } else { false };
        if !done {
            // The next beat begins anew.
            self.presence_epoch.store(u64::MAX, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// Yields whether the store has taken it.
    async fn renew(&self, session: &Arc<Session>, name: &Arc<str>) -> bool {
        let bound = self.live.current();
        let Some(served) = bound.namespace(&session.who.namespace) else { return true };
        let Some((room, params)) = served.room_named(name) else { return true };
        if !served.namespace().rooms[room].tracked {
            return true;
        }
        let scene = Scene { inner: self, bound: &bound, served, trace: self.traces.next() };
        let Ok(entry) = scene.presence_of(session, room, &params) else { return true };
        let value = remembered(entry.as_deref(), &session.user);
        let stored = presence_room(&session.who.namespace, name);
        match self.stores.presence.renew(&stored, &session.who.user, session.conn, value).await {
            Err(_) => false,
            Ok(came) => {
                if !session.rooms.lock().contains(name) {
                    // It left while it was told again.
                    return self.stores.presence.leave(&stored, &session.who.user, session.conn).await.is_ok();
                }
                if came {
                    let place =
                        Place { room, name: Arc::clone(name), params, presence: entry, rule: None, recall: None };
                    scene.follow(change(session, place, None, true)).await;
                }
                true
            }
        }
    }

    async fn deal_with_gone(&self) {
        loop {
            let gone = match self.stores.presence.gone(GONE_AT_ONCE).await {
                Ok(gone) => gone,
                Err(error) => return tracing::warn!(%error, "who is gone could not be asked"),
            };
            if gone.is_empty() {
                return;
            }
            for one in gone {
                self.is_gone(&one).await;
                if let Err(error) = self.stores.presence.settle_gone(one.claim).await {
                    tracing::warn!(%error, "a leaving could not be settled; it may be told again");
                }
            }
        }
    }

    /// Runs `on_leave` for a user whose connections are gone.
    async fn is_gone(&self, gone: &Gone) {
        let bound = self.live.current();
        let Some((namespace, name)) = gone.room.split_once(' ') else { return };
        let Some(served) = bound.namespace(namespace) else { return };
        let Some((room, params)) = served.room_named(name) else { return };
        let user = user(&gone.value);
        let role = user.property("role").and_then(Value::as_str).and_then(|role| bound.role(role));
        let place = Place { room, name: name.into(), params, presence: None, rule: None, recall: None };
        let change = Change { place, user, role, conn: None, entry: Some(entry(&gone.value)), came: false };
        Scene { inner: self, bound: &bound, served, trace: self.traces.next() }.follow(change).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_and_its_user_are_kept_together() {
        let kept = remembered(Some(r#"{"a":[1, 2]}"#), &serde_json::json!({ "id": "u-1" }).into());
        assert_eq!(&*entry(&kept), r#"{"a":[1, 2]}"#);
        assert_eq!(user(&kept).tree(), serde_json::json!({ "id": "u-1" }));
        assert_eq!(&*entry(&remembered(None, &User::Nobody)), "null");
        assert_eq!(&*entry("no list"), "null");
    }
}
