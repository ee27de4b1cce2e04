//! What an operator, or the engine for one, has done or wants to know on every server: the same act on each, in words that
//! travel on the bus.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Refusal;
use crate::cluster::Answers;
use crate::engine::Engine;
use crate::review::Reviewed;
use crate::revocation::Revoked;
use crate::session::Session;

/// How long other servers may take to tell something.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// How long they may take to do something.
const DONE_WITHIN: Duration = Duration::from_secs(5);

/// How many connections of a user are told of.
const SOCKETS_MAX: usize = 100;

/// An order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Order {
    /// Ends a user's connections, or one of them.
    Disconnect {
        /// The user's id.
        user: String,
        /// To this namespace alone.
        namespace: Option<String>,
        /// This connection alone.
        socket: Option<String>,
    },
    /// Takes a user's connections, or one of them, out of rooms.
    Leave {
        /// The user's id.
        user: String,
        /// The namespace.
        namespace: String,
        /// This connection alone.
        socket: Option<String>,
        /// The rooms' names.
        rooms: Vec<String>,
    },
    /// Asks whether those who are in rooms still may be.
    Recheck {
        /// This user alone.
        user: Option<String>,
        /// In this namespace alone.
        namespace: Option<String>,
        /// In this room alone.
        room: Option<String>,
    },
    /// Something was revoked: read what.
    LearnRevocations,
    /// Tells how many connections emissions reached, by their numbers.
    Count {
        /// The numbers.
        numbers: Vec<u64>,
    },
    /// Tells of namespaces and those who are connected.
    Namespaces,
    /// Tells of rooms and their size, by name.
    Rooms {
        /// The namespace.
        namespace: String,
        /// Names that begin so.
        prefix: String,
        /// Names behind this one.
        after: String,
        /// So many at most.
        limit: usize,
    },
    /// Tells of a user's connections and their rooms.
    User {
        /// The user's id.
        user: String,
    },
}

impl Order {
    pub(crate) fn within(&self) -> Duration {
        match self {
            Self::Count { .. } | Self::Namespaces | Self::Rooms { .. } | Self::User { .. } => TOLD_WITHIN,
            Self::Disconnect { .. } | Self::Leave { .. } | Self::Recheck { .. } | Self::LearnRevocations => DONE_WITHIN,
        }
    }
}

/// What came of an order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Obeyed {
    /// This server's answer.
    pub here: Value,
    /// The others'.
    pub others: Answers,
}

impl Obeyed {
    /// All answers.
    pub fn all(&self) -> impl Iterator<Item = &Value> {
        std::iter::once(&self.here).chain(&self.others.came)
    }

    /// The sum of a number that each answer has.
    #[must_use]
    pub fn sum(&self, name: &str) -> u64 {
        self.all().filter_map(|answer| answer.get(name)?.as_u64()).sum()
    }

    /// How many servers have answered, and which have not.
    #[must_use]
    pub fn servers(&self) -> Value {
        json!({
            "answered": 1 + self.others.came.len(),
            "silent": self.others.silent,
            "unknown": self.others.unknown,
        })
    }
}

impl Engine {
    /// Has an order done on every server, here first.
    pub async fn order(&self, order: &Order) -> Obeyed {
        let here = self.obey(order, None).await;
        Obeyed { here, others: self.ask_others(order, order.within()).await }
    }

    /// Refuses tokens from now on, for so long, and tells the other servers so; those that do not answer find it by
    /// themselves.
    ///
    /// # Errors
    /// As [`Engine::revoke`].
    pub async fn revoke_everywhere(&self, whose: &Revoked, lasts: Duration) -> Result<Obeyed, Refusal> {
        let here = json!({ "sockets": self.revoke(whose, lasts).await? });
        let order = Order::LearnRevocations;
        Ok(Obeyed { here, others: self.ask_others(&order, order.within()).await })
    }

    /// What an order comes to on this server; `from` is the number of the server that gave it.
    pub(crate) async fn obey(&self, order: &Order, from: Option<u64>) -> Value {
        match order {
            Order::Disconnect { user, namespace, socket } => {
                json!({ "sockets": self.disconnect(user, namespace.as_deref(), socket.as_deref()) })
            }
            Order::Leave { user, namespace, socket, rooms } => {
                came(self.take_out(user, namespace, socket.as_deref(), rooms).await)
            }
            Order::Recheck { user, namespace, room } => {
                came(self.recheck(user.as_deref(), namespace.as_deref(), room.as_deref()).await)
            }
            Order::LearnRevocations => json!({ "sockets": self.learn_revocations().await }),
            Order::Count { numbers } => {
                let Some(server) = from else { return json!({ "sockets": 0 }) };
                self.inner.had_their_turn(server, numbers).await;
                json!({ "sockets": self.inner.counted(server, numbers) })
            }
            Order::Namespaces => self.namespaces(),
            Order::Rooms { namespace, prefix, after, limit } => self.rooms(namespace, prefix, after, *limit),
            Order::User { user } => self.sockets(user),
        }
    }

    /// Ends connections of a user to this server; yields how many.
    pub fn disconnect(&self, user: &str, namespace: Option<&str>, socket: Option<&str>) -> usize {
        let mut sessions = self.sessions_of(user, namespace);
        sessions.retain(|session| socket.is_none_or(|socket| *session.who.socket == *socket));
        sessions.iter().for_each(|session| self.inner.end_told(session, &Refusal::code("UNAUTHORIZED")));
        sessions.len()
    }

    fn namespaces(&self) -> Value {
        let usage = self.usage();
        let told = usage.iter().map(|(path, used)| {
            let sockets: usize = used.sockets.values().sum();
            (path.to_string(), json!({ "sockets": sockets }))
        });
        json!({ "namespaces": told.collect::<serde_json::Map<_, _>>() })
    }

    fn rooms(&self, namespace: &str, prefix: &str, after: &str, limit: usize) -> Value {
        let mut sizes: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for session in self.inner.sessions.all().into_iter().filter(|session| *session.who.namespace == *namespace) {
            let rooms = session.rooms.lock();
            for room in rooms.iter().filter(|room| room.starts_with(prefix) && &***room > after) {
                *sizes.entry(Arc::clone(room)).or_default() += 1;
            }
        }
        let is_more = sizes.len() > limit;
        let rooms = sizes.into_iter().take(limit).map(|(name, sockets)| (name.to_string(), sockets.into()));
        json!({ "rooms": rooms.collect::<serde_json::Map<_, _>>(), "more": is_more })
    }

    fn sockets(&self, user: &str) -> Value {
        let roles = self.current();
        let told = |session: &Arc<Session>| {
            let rooms: Vec<String> = session.rooms().iter().map(ToString::to_string).collect();
            let role = session.role().and_then(|role| roles.plan.roles.get(role)).map(ToString::to_string);
            let ends_ms = session.token.lock().ends_ms();
            json!({
                "namespace": &*session.who.namespace,
                "socket": &*session.who.socket,
                "role": role,
                "server": self.server_name(),
                "tokenEndsAt": ends_ms.map(|ms| homeroom_plan::frame::Now::at(ms).value().clone()),
                "rooms": rooms,
            })
        };
        let sessions = self.sessions_of(user, None);
        let sockets: Vec<Value> = sessions.iter().take(SOCKETS_MAX).map(told).collect();
        json!({ "sockets": sockets, "more": sessions.len() > SOCKETS_MAX })
    }

    /// How other servers call this one; `None` if it stands alone.
    #[must_use]
    pub fn server_name(&self) -> Option<String> {
        self.inner.stores.cluster.as_ref().map(|cluster| cluster.name())
    }
}

fn came(reviewed: Reviewed) -> Value {
    json!({
        "sockets": reviewed.asked,
        "left": reviewed.left,
        "disconnected": reviewed.disconnected,
        "unasked": reviewed.unasked,
    })
}
