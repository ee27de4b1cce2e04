//! One connection to one namespace, as the engine knows it.

use std::num::NonZeroI64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use homeroom_plan::socket::Socket;
use homeroom_plan::user::User;
use homeroom_store::{Decision, Gcra, Keyed, Quota};
use parking_lot::{Mutex, RwLock};
use serde_json::Value;

use crate::history::KeptStay;
use crate::identity::Verified;
use crate::input::Incoming;
use crate::lane::Lane;
use crate::metrics::Counted;
use crate::short::{Seldom, Short};

/// A connection that was admitted.
#[derive(Debug)]
pub struct Session {
    /// The edge's number for it.
    pub conn: u64,
    /// Where it is, whose, and how it is called.
    pub who: Arc<Who>,
    /// Who it is.
    pub user: User,
    /// The token that it lives by; another one once that was handed in.
    pub(crate) token: Mutex<Token>,
    /// The rooms for which it is noted when it is asked again whether it may be there.
    pub(crate) rechecks: Mutex<Option<Box<Rooms>>>,
    role: Option<u16>,
    /// Whether it counts among the user's connections.
    pub(crate) enrolled: bool,
    /// While it lasts, the connection is counted.
    pub(crate) counted: Option<Counted>,
    /// What `let: { socket: ... }` has named.
    pub(crate) vars: Mutex<Option<Arc<Value>>>,
    pub(crate) rooms: Mutex<Rooms>,
    /// Those of them that keep what is sent to them.
    pub(crate) kept: Mutex<Seldom<KeptStay>>,
    /// By which its own entries are known, also once it connects again; 0: not at all.
    own: AtomicU64,
    pub(crate) lane: Lane,
    rates: Mutex<Short<(Arc<str>, Gcra)>>,
    /// The newest of each event that waits for its limit.
    pub(crate) waiting: Mutex<Waiting>,
}

/// What tells connections apart; shared by all that is remembered of one.
#[derive(Debug, Default)]
pub struct Who {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The user's id, as a text; empty for a service, or for one who has not shown who they are.
    pub user: Arc<str>,
    /// The id of the connection, as clients are shown it; empty where there is none.
    pub socket: Arc<str>,
}

impl Who {
    /// Nobody, somewhere in a namespace.
    pub(crate) fn nobody(namespace: &Arc<str>) -> Arc<Self> {
        Arc::new(Self { namespace: Arc::clone(namespace), ..Self::default() })
    }
}

impl Session {
    pub(crate) fn new(conn: u64, public_id: Arc<str>, namespace: Arc<str>, user: User) -> Self {
        Self {
            who: Arc::new(Who { namespace, user: id_text(user.property("id")), socket: public_id }),
            conn,
            user,
            vars: Mutex::default(),
            role: None,
            token: Mutex::default(),
            rechecks: Mutex::default(),
            enrolled: false,
            counted: None,
            rooms: Mutex::default(),
            kept: Mutex::default(),
            own: AtomicU64::new(0),
            lane: Lane::default(),
            rates: Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    /// The number of the user's role, if it is one that is known.
    #[must_use]
    pub fn role(&self) -> Option<usize> {
        self.role.map(usize::from)
    }

    /// Says which role the user has. Of so many that a number is too large for its place, it is as if it were unknown.
    pub(crate) fn set_role(&mut self, role: Option<usize>) {
        self.role = role.and_then(|role| u16::try_from(role).ok());
    }

    /// By which its own entries are known; 0: not at all.
    pub(crate) fn own(&self) -> u64 {
        self.own.load(Ordering::Relaxed)
    }

    pub(crate) fn set_own(&self, own: u64) {
        self.own.store(own, Ordering::Relaxed);
    }

    /// The connection, as definitions see it.
    pub(crate) fn socket(&self) -> Socket {
        Socket::new(&self.who.socket, self.vars.lock().clone())
    }

    /// The rooms it is in.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        self.rooms.lock().iter().cloned().collect()
    }

    /// The names of the events that it has sent since it connected, as far as they are declared.
    #[must_use]
    pub fn sent(&self) -> Vec<Arc<str>> {
        self.rates.lock().as_slice().iter().map(|(name, _)| Arc::clone(name)).filter(|name| !name.is_empty()).collect()
    }

    /// Notes that an event was sent whose limit is counted elsewhere.
    pub(crate) fn note(&self, event: &Arc<str>) {
        let mut rates = self.rates.lock();
        if !rates.as_slice().iter().any(|(name, _)| name == event) {
            rates.push((Arc::clone(event), Gcra::default()));
        }
    }

    /// Counts an event of this connection, if it may pass.
    pub(crate) fn take(&self, event: &Arc<str>, quota: Quota, now_ms: i64) -> Decision {
        let mut rates = self.rates.lock();
        if let Some((_, cell)) = rates.as_mut_slice().iter_mut().find(|(name, _)| name == event) {
            return cell.take(quota, now_ms);
        }
        let mut cell = Gcra::default();
        let decision = cell.take(quota, now_ms);
        rates.push((Arc::clone(event), cell));
        decision
    }
}

/// The rooms of a connection, in order. Most are in a handful, and all are in few enough to be moved.
#[derive(Debug, Default)]
pub(crate) struct Rooms(Short<Arc<str>>);

impl Rooms {
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.as_slice().binary_search_by(|room| (**room).cmp(name))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<str>> {
        self.place(name).ok().map(|place| &self.0.as_slice()[place])
    }

    /// Yields whether it was not there yet.
    pub(crate) fn insert(&mut self, name: Arc<str>) -> bool {
        let place = self.place(&name);
        if let Err(place) = place {
            self.0.insert(place, name);
        }
        place.is_err()
    }

    /// Yields whether it was there.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.place(name).map(|place| self.0.remove(place)).is_ok()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.as_slice().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.as_slice().iter()
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = Arc<str>> {
        self.0.into_iter()
    }
}

/// Events by name, of which there are mostly none.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Seldom<(Arc<str>, Incoming)>);

impl Waiting {
    /// Yields the one whose place it takes.
    pub(crate) fn insert(&mut self, name: Arc<str>, incoming: Incoming) -> Option<Incoming> {
        match self.0.as_mut_slice().iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => Some(std::mem::replace(known, incoming)),
            None => {
                self.0.push((name, incoming));
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Incoming> {
        let place = self.0.as_slice().iter().position(|(known, _)| **known == *name)?;
        self.0.swap_remove(place).map(|(_, incoming)| incoming)
    }
}

/// What is kept of a token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Token {
    /// When it ends, and the connection with it.
    ends: Moment,
    /// What its issuer calls it.
    pub(crate) id: Option<Arc<str>>,
    /// When it was made.
    issued_at: Moment,
}

/// Milliseconds since the Unix epoch, if they are known. The epoch itself counts as the first of them: a token that ended then has
/// ended, too.
#[derive(Debug, Clone, Copy, Default)]
struct Moment(Option<NonZeroI64>);

impl Moment {
    fn at(ms: Option<i64>) -> Self {
        const FIRST: NonZeroI64 = NonZeroI64::new(1).expect("one is not zero");
        Self(ms.map(|ms| NonZeroI64::new(ms).unwrap_or(FIRST)))
    }

    fn ms(self) -> Option<i64> {
        self.0.map(NonZeroI64::get)
    }
}

impl Token {
    pub(crate) fn of(verified: &Verified) -> Self {
        let (ends, issued_at) = (Moment::at(verified.expires_at_ms), Moment::at(verified.issued_at_ms));
        Self { ends, id: verified.token_id.clone(), issued_at }
    }

    /// When it ends, in milliseconds since the Unix epoch.
    pub(crate) fn ends_ms(&self) -> Option<i64> {
        self.ends.ms()
    }

    /// When it was made, in milliseconds since the Unix epoch.
    pub(crate) fn issued_at_ms(&self) -> Option<i64> {
        self.issued_at.ms()
    }
}

/// A user's id as a text.
pub(crate) fn id_text(id: Option<&Value>) -> Arc<str> {
    match id {
        Some(Value::String(id)) => id.as_str().into(),
        Some(Value::Number(id)) => id.to_string().into(),
        _ => "".into(),
    }
}

/// Every connection, by the edge's number.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_conn: RwLock<Keyed<u64, Arc<Session>>>,
}

impl Sessions {
    pub(crate) fn insert(&self, session: &Arc<Session>) {
        self.by_conn.write().insert(session.conn, Arc::clone(session));
    }

    /// Yields whether it was there.
    pub(crate) fn remove(&self, conn: u64) -> bool {
        self.by_conn.write().remove(&conn).is_some()
    }

    pub(crate) fn get(&self, conn: u64) -> Option<Arc<Session>> {
        self.by_conn.read().get(&conn).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.by_conn.read().values().cloned().collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.by_conn.read().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_known_or_not() {
        let kept = [None, Some(0), Some(1), Some(-5), Some(i64::MAX)].map(|ms| Moment::at(ms).ms());
        assert_eq!(kept, [None, Some(1), Some(1), Some(-5), Some(i64::MAX)]);
    }

    #[test]
    fn a_session_is_small() {
        // With the counts of its `Arc` it is to fit into 320 bytes, a size that allocators have.
        assert!(size_of::<Session>() <= 304, "{}", size_of::<Session>());
    }
}
