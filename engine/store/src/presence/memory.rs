//! Presence in this server's memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::Mutex;

use super::{Left, Presence, Present};
use crate::Answer;
use crate::state::Stored;

/// How many parts the rooms are spread over.
const SHARDS: usize = 64;

/// Who is present on this server. Bounded by its connections: each counts once in each of its rooms.
#[derive(Default)]
pub struct MemoryPresence {
    hasher: RandomState,
    rooms: Vec<Mutex<HashMap<Box<str>, Room>>>,
    users: Mutex<HashMap<Box<str>, Vec<u64>>>,
}

type Room = IndexMap<Arc<str>, Member>;

struct Member {
    conns: Vec<u64>,
    value: Arc<str>,
}

impl MemoryPresence {
    /// Nobody there.
    #[must_use]
    pub fn new() -> Self {
        Self { rooms: (0..SHARDS).map(|_| Mutex::default()).collect(), ..Self::default() }
    }

    fn shard(&self, room: &str) -> &Mutex<HashMap<Box<str>, Room>> {
        &self.rooms[self.hasher.hash_one(room) as usize % SHARDS]
    }

    fn with<T>(&self, room: &str, read: impl FnOnce(&Room) -> T) -> Option<T> {
        self.shard(room).lock().get(room).map(read)
    }
}

impl Presence for MemoryPresence {
    fn enter<'a>(&'a self, room: &'a str, user: &'a str, conn: u64, value: Arc<str>) -> Stored<'a, bool> {
        let mut rooms = self.shard(room).lock();
        let members = rooms.entry(room.into()).or_default();
        let is_first = match members.get_mut(user) {
            Some(member) => {
                if !member.conns.contains(&conn) {
                    member.conns.push(conn);
                }
                member.value = value;
                false
            }
            None => {
                members.insert(user.into(), Member { conns: vec![conn], value });
                true
            }
        };
        Answer::now(Ok(is_first))
    }

    fn leave<'a>(&'a self, room: &'a str, user: &'a str, conn: u64) -> Stored<'a, Left> {
        let mut rooms = self.shard(room).lock();
        let Some(members) = rooms.get_mut(room) else { return Answer::now(Ok(Left::WasNot)) };
        let Some(member) = members.get_mut(user) else { return Answer::now(Ok(Left::WasNot)) };
        let Some(at) = member.conns.iter().position(|one| *one == conn) else { return Answer::now(Ok(Left::WasNot)) };
        member.conns.swap_remove(at);
        if !member.conns.is_empty() {
            return Answer::now(Ok(Left::Still));
        }
        let value = Arc::clone(&member.value);
        members.shift_remove(user);
        if members.is_empty() {
            rooms.remove(room);
        }
        Answer::now(Ok(Left::Last(value)))
    }

    fn all<'a>(&'a self, room: &'a str) -> Stored<'a, Vec<Present>> {
        let present =
            |(user, member): (&Arc<str>, &Member)| Present { user: Arc::clone(user), value: Arc::clone(&member.value) };
        Answer::now(Ok(self.with(room, |members| members.iter().map(present).collect()).unwrap_or_default()))
    }

    fn count<'a>(&'a self, room: &'a str) -> Stored<'a, usize> {
        Answer::now(Ok(self.with(room, IndexMap::len).unwrap_or(0)))
    }

    fn get<'a>(&'a self, room: &'a str, user: &'a str) -> Stored<'a, Option<Arc<str>>> {
        let value = self.with(room, |members| members.get(user).map(|member| Arc::clone(&member.value)));
        Answer::now(Ok(value.flatten()))
    }

    fn enroll<'a>(&'a self, user: &'a str, conn: u64, max: usize) -> Stored<'a, bool> {
        let mut users = self.users.lock();
        let conns = users.entry(user.into()).or_default();
        let has_place = conns.len() < max;
        if has_place {
            conns.push(conn);
        }
        Answer::now(Ok(has_place))
    }

    fn withdraw<'a>(&'a self, user: &'a str, conn: u64) -> Stored<'a, ()> {
        let mut users = self.users.lock();
        if let Some(conns) = users.get_mut(user) {
            conns.retain(|one| *one != conn);
            if conns.is_empty() {
                users.remove(user);
            }
        }
        Answer::now(Ok(()))
    }
}
