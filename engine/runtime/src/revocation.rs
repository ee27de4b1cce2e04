//! Tokens that are refused before they end: by their name, or all that a user had at some moment.
//!
//! What is revoked stands in a store that servers share, and each server has a copy of all of it, so that a connect asks
//! nobody. A server lets nobody in before it has read all of it once. One that hears of a revocation takes it over at once;
//! one that does not hear finds it when it next looks, which is when the store's version is another
//! ([`Engine::learn_revocations`]). A store that has lost what it knew is told again by whoever still knows it: nothing is
//! ever taken back, so what is missing there was lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use homeroom_store::StoreError;
use homeroom_store::state::{At, Only, Rules, Written};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::Refusal;
use crate::engine::{Engine, Inner};
use crate::identity::Verified;
use crate::session::{Session, id_text};

/// How many revocations are kept at once; beyond, none is taken, rather than one forgotten.
pub const REVOCATIONS_MAX: usize = 100_000;

/// How long a revocation may be kept.
pub const REVOKED_FOR_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// How often a server looks whether there is something that it has not heard of.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);

const KEY: &str = "homeroom:revoked";
const VERSION_KEY: &str = "homeroom:revoked:version";
const VERSION: &str = "version";

/// What is over so soon need not be told again, in milliseconds.
const NEARLY_OVER_MS: i64 = 1000;

/// Whose tokens are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// The one of this name.
    Token(String),
    /// Those of this user that were made until now; one that does not say when it was made counts among them.
    User(String),
}

/// What is kept of a revocation; times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Kept {
    /// Until when it holds.
    until_ms: i64,
    /// Of a user: tokens made until then.
    before_ms: i64,
}

/// The copy of this server.
#[derive(Debug, Default)]
pub(crate) struct Revocations {
    known: RwLock<HashMap<Box<str>, Kept>>,
    /// The store's version that it is a copy of.
    version: Mutex<Option<Arc<str>>>,
    /// How many versions this server has made.
    made: AtomicU64,
    /// Set once the store was read.
    read: OnceCell<()>,
}

impl Revoked {
    fn field(&self) -> String {
        match self {
            Self::Token(id) => format!("token {id}"),
            Self::User(id) => format!("user {id}"),
        }
    }
}

impl Revocations {
    /// Whether a token is to be refused.
    fn has(&self, user: &str, token: Option<&str>, issued_at_ms: Option<i64>, now_ms: i64) -> bool {
        let known = self.known.read();
        if known.is_empty() {
            return false;
        }
        let holds = |field: String| known.get(&*field).filter(|kept| kept.until_ms > now_ms);
        let by_name = token.is_some_and(|id| holds(format!("token {id}")).is_some());
        by_name
            || holds(format!("user {user}"))
                .is_some_and(|kept| issued_at_ms.is_none_or(|issued_ms| issued_ms <= kept.before_ms))
    }
}

impl Revocations {
    /// Knows what was found; and still what was known and was not found, which is yielded.
    fn take_over(&self, found: HashMap<Box<str>, Kept>, now_ms: i64) -> Vec<(Box<str>, Kept)> {
        let mut known = self.known.write();
        let is_lost = |field: &str, kept: &Kept| {
            kept.until_ms > now_ms.saturating_add(NEARLY_OVER_MS) && !found.contains_key(field)
        };
        let lost = known.iter().filter(|(field, kept)| is_lost(field, kept));
        let lost: Vec<(Box<str>, Kept)> = lost.map(|(field, kept)| (field.clone(), *kept)).collect();
        *known = found;
        known.extend(lost.iter().cloned());
        lost
    }
}

impl Inner {
    /// Refuses a token that was revoked. A server that has begun just now finds out first what was.
    pub(crate) async fn unless_revoked(&self, verified: &Verified) -> Result<(), Refusal> {
        self.revocations.read.get_or_try_init(|| async { self.take_over_revocations().await.map(drop) }).await?;
        let (user, token) = (id_text(verified.user.get("id")), verified.token_id.as_deref());
        match self.revocations.has(&user, token, verified.issued_at_ms, self.clock.now_ms()) {
            true => Err(Refusal::because("UNAUTHENTICATED", "the token was revoked")),
            false => Ok(()),
        }
    }

    pub(crate) fn is_revoked(&self, session: &Session) -> bool {
        let token = session.token.lock().clone();
        // An open namespace has no tokens.
        session.enrolled
            && self.revocations.has(&session.who.user, token.id.as_deref(), token.issued_at_ms(), self.clock.now_ms())
    }

    /// Ends the connections whose tokens are revoked; yields how many.
    fn end_revoked(&self) -> usize {
        let ended = self.sessions.all().into_iter().filter(|session| self.is_revoked(session));
        ended.map(|session| self.end_told(&session, &Refusal::code("UNAUTHENTICATED"))).count()
    }

    /// Takes over what the store knows, if its version is another, and tells it what it has lost. Yields whether it was another.
    async fn take_over_revocations(&self) -> Result<bool, StoreError> {
        let version = self.stores.ledger.get(VERSION_KEY, VERSION).await?;
        if version == *self.revocations.version.lock() {
            return Ok(false);
        }
        let told = self.read_revocations().await?;
        *self.revocations.version.lock() = version;
        if told {
            self.make_version().await?;
        }
        Ok(true)
    }

    /// Takes over what the store knows, and tells it what it has lost. Yields whether there was something to tell.
    async fn read_revocations(&self) -> Result<bool, StoreError> {
        let entries = self.stores.ledger.all(KEY, None).await?;
        let read = |text: &str| serde_json::from_str::<Kept>(text).ok();
        let found: HashMap<Box<str>, Kept> =
            entries.iter().filter_map(|entry| Some((entry.name.as_ref().into(), read(&entry.value)?))).collect();
        let now_ms = self.clock.now_ms();
        let lost = self.revocations.take_over(found, now_ms);
        for (field, kept) in &lost {
            self.write_revocation(field, *kept, now_ms).await?;
        }
        Ok(!lost.is_empty())
    }

    async fn write_revocation(&self, field: &str, kept: Kept, now_ms: i64) -> Result<Written, StoreError> {
        let text = serde_json::to_string(&kept).unwrap_or_default();
        let lasts_ms = kept.until_ms.saturating_sub(now_ms).max(1);
        let rules = rules();
        self.stores.ledger.put(At { key: KEY, rules: &rules }, field, &text, Only::Any, Some(lasts_ms)).await
    }

    /// Tells that something was written, by a version that nobody else makes.
    async fn make_version(&self) -> Result<(), StoreError> {
        let server = self.stores.cluster.as_ref().map(|cluster| cluster.name()).unwrap_or_default();
        let number = self.revocations.made.fetch_add(1, Ordering::Relaxed);
        let version = format!("{} {server} {number}", self.clock.now_ms());
        let rules = rules();
        let at = At { key: VERSION_KEY, rules: &rules };
        self.stores.ledger.put(at, VERSION, &version, Only::Any, None).await.map(drop)
    }
}

impl Engine {
    /// Refuses tokens from now on, for so long, here and on every server that can be told; the others find it within
    /// [`LOOK_EVERY`]. Yields how many connections of this server it ended.
    ///
    /// # Errors
    /// UNAVAILABLE if it could not be written down; FULL if too many are kept.
    pub async fn revoke(&self, whose: &Revoked, lasts: Duration) -> Result<usize, Refusal> {
        let now_ms = self.inner.clock.now_ms();
        let lasts_ms = i64::try_from(lasts.min(REVOKED_FOR_MAX).as_millis()).unwrap_or(i64::MAX);
        let kept = Kept { until_ms: now_ms.saturating_add(lasts_ms), before_ms: now_ms };
        let inner = &self.inner;
        match inner.write_revocation(&whose.field(), kept, now_ms).await? {
            Written::Done => {}
            Written::Full => return Err(Refusal::because("FULL", "too many revocations are kept")),
            Written::Not | Written::TooLarge => return Err(Refusal::internal("a revocation could not be kept")),
        }
        inner.make_version().await?;
        inner.revocations.known.write().insert(whose.field().into(), kept);
        Ok(inner.end_revoked())
    }

    /// Takes over what was revoked elsewhere, and ends the connections that it is about; to be called every
    /// [`LOOK_EVERY`], and when another server says that there is something. Yields how many connections it ended.
    pub async fn learn_revocations(&self) -> usize {
        let inner = &self.inner;
        match inner.take_over_revocations().await {
            Ok(is_other) => {
                // Somebody who is let in meanwhile may have set it.
                let _ = inner.revocations.read.set(());
                if is_other { inner.end_revoked() } else { 0 }
            }
            Err(error) => {
                tracing::debug!(%error, "what is revoked could not be asked");
                0
            }
        }
    }

    /// How many revocations this server knows of.
    #[must_use]
    pub fn revocations(&self) -> usize {
        self.inner.revocations.known.read().len()
    }
}

fn rules() -> Rules {
    let ttl_ms = i64::try_from(REVOKED_FOR_MAX.as_millis()).unwrap_or(i64::MAX);
    Rules { ttl_ms, max: REVOCATIONS_MAX, max_bytes: 256, drop_oldest: false, watch: None }
}

impl Inner {
    /// Tells a client why, and ends its connection.
    pub(crate) fn end_told(&self, session: &Arc<Session>, why: &Refusal) {
        self.tell_end(session, why);
        self.outlet.end(session.conn, crate::Ending::Kicked);
    }
}
