//! One room: who enters, who leaves.

use super::super::keys;
use super::super::script::{Reply, Script, scripts, unexpected};
use super::{Left, RedisPresence, TTL_MS};
use crate::StoreError;
use crate::claims::CLAIM_LEASE_MS;

scripts! {
    ENTER = "time.lua" "fence.lua" "room.lua" "enter.lua";
    NOTE = "time.lua" "fence.lua" "note.lua";
    LEAVE = "time.lua" "room.lua" "leave.lua";
    SETTLE = "time.lua" "room.lua" "settle_gone.lua";
}

/// How many leavings wait to be settled at most; what is not settled is told again.
const SETTLED_MAX: usize = 100_000;

/// Somebody's leaving, as it is written in Redis.
#[derive(Debug, Clone)]
pub(super) struct Departure {
    pub(super) room: String,
    pub(super) user: String,
    pub(super) mark: String,
}

/// The keys of a room of one namespace.
pub(super) struct Room<'a> {
    presence: &'a RedisPresence,
    namespace: &'a str,
    keys: [String; 7],
}

impl<'a> Room<'a> {
    pub(super) fn of(presence: &'a RedisPresence, room: &'a str) -> Self {
        let (namespace, name) = room.split_once(' ').unwrap_or(("", room));
        let bare = presence.redis.bare(&format!("{name}:presence"));
        let beside = |what: &str| keys::beside(&bare, &format!("{namespace}:{what}"));
        let keys =
            [beside("order"), beside("conns"), beside("leaving"), beside("gone"), beside("leases"), beside("told")];
        let [order, conns, leaving, gone, leases, told] = keys;
        Self { presence, namespace, keys: [bare, order, conns, leaving, gone, leases, told] }
    }

    /// The key that says when a leaving may be claimed.
    pub(super) fn leases(&self) -> &str {
        let [.., leases, _] = &self.keys;
        leases
    }

    /// Runs a script on the room.
    pub(super) async fn run(&self, script: &Script, args: &[&str]) -> Result<Reply, StoreError> {
        self.run_with(script, &[], args).await
    }

    /// Runs a script on the room and keys that lie in its slot.
    async fn run_with(&self, script: &Script, others: &[&str], args: &[&str]) -> Result<Reply, StoreError> {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).chain(others.iter().copied()).collect();
        let ttl = TTL_MS.to_string();
        let args: Vec<&str> = [&*ttl, self.namespace].into_iter().chain(args.iter().copied()).collect();
        self.presence.redis.run(script, &keys, &args).await
    }
}

impl RedisPresence {
    /// Tells of a connection in a room, for the first time or again. A call that is not answered, or that comes when the
    /// lease is over, is made good by telling everything again after the next beat.
    pub(super) async fn told(
        &self,
        room: &str,
        user: &str,
        conn: u64,
        value: &str,
        again: bool,
    ) -> Result<bool, StoreError> {
        let life = self.living().await?;
        let told = self.tell(&life, room, [user, &conn.to_string(), value], again).await;
        match told {
            Ok(Some(comes)) => Ok(comes),
            Ok(None) => {
                self.lives.doubt();
                Err(StoreError::Unavailable("this server's lease is over".into()))
            }
            Err(error) => {
                self.lives.doubt();
                Err(error)
            }
        }
    }

    /// Yields whether the user comes; nothing if the life is over.
    async fn tell(
        &self,
        life: &str,
        room: &str,
        [user, conn, value]: [&str; 3],
        again: bool,
    ) -> Result<Option<bool>, StoreError> {
        let keys = self.life_keys(life);
        let (until, others) = if self.redis.is_cluster() {
            match self.note(life, room).await? {
                Some(until) => (until, Vec::new()),
                None => return Ok(None),
            }
        } else {
            (String::new(), keys.iter().map(String::as_str).collect())
        };
        let args = [user, life, conn, value, &until, room, if again { "1" } else { "" }];
        match Room::of(self, room).run_with(&ENTER, &others, &args).await?.int()? {
            0 => Ok(Some(false)),
            1 => Ok(Some(true)),
            2 => Ok(None),
            _ => Err(unexpected()),
        }
    }

    /// Puts a room into a life's list; yields until when the life lasts, nothing if it is over.
    pub(super) async fn note(&self, life: &str, room: &str) -> Result<Option<String>, StoreError> {
        let [lease, rooms] = self.life_keys(life);
        self.redis.run(&NOTE, &[&lease, &rooms], &[&TTL_MS.to_string(), room]).await?.maybe_text()
    }

    pub(super) async fn left(&self, room: &str, user: &str, conn: u64) -> Result<Left, StoreError> {
        let Some(life) = self.lives.current() else { return Ok(Left::WasNot) };
        let (grace, lease) = (self.rules.grace_ms.to_string(), CLAIM_LEASE_MS.to_string());
        let args = [user, &life, &conn.to_string(), &grace, &lease];
        let left = Room::of(self, room).run(&LEAVE, &args).await;
        // What became of it is not known: the life after this one will not tell of the connection.
        let mut reply = left.inspect_err(|_| self.lives.doubt())?;
        match reply.int()? {
            0 => {
                let (value, mark) = (reply.text()?, reply.text()?);
                self.agenda.remind(room, self.redis.local_ms().saturating_add(CLAIM_LEASE_MS));
                self.settle_soon(Departure { room: room.to_owned(), user: user.to_owned(), mark });
                Ok(Left::Last(value.into()))
            }
            1 => Ok(Left::Still),
            2 => Ok(Left::WasNot),
            3 => {
                self.agenda.remind(room, self.redis.local_ms().saturating_add(self.rules.grace_ms));
                Ok(Left::Still)
            }
            _ => Err(unexpected()),
        }
    }

    fn settle_soon(&self, departure: Departure) {
        let mut settled = self.settled.lock();
        if settled.len() < SETTLED_MAX {
            settled.push(departure);
        }
    }

    /// Nobody needs to be told of a leaving any more.
    pub(super) async fn settle(&self, departure: &Departure) -> Result<(), StoreError> {
        let Departure { room, user, mark } = departure;
        Room::of(self, room).run(&SETTLE, &[user, mark]).await.map(|_| ())
    }
}
