//! One room: its users in order of arrival, each with their connections.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::{Left, Present};

/// A connection: its server's life, and its number there.
pub(super) type Conn = (u64, u64);

#[derive(Default)]
pub(super) struct Room {
    members: IndexMap<Arc<str>, Member>,
}

struct Member {
    conns: Vec<Conn>,
    value: Arc<str>,
    /// When the grace period ends; no connection is there then.
    leaves_ms: Option<i64>,
}

impl Room {
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn all(&self) -> Vec<Present> {
        let present =
            |(user, member): (&Arc<str>, &Member)| Present { user: Arc::clone(user), value: Arc::clone(&member.value) };
        self.members.iter().map(present).collect()
    }

    pub(super) fn value(&self, user: &str) -> Option<Arc<str>> {
        self.members.get(user).map(|member| Arc::clone(&member.value))
    }

    /// Yields whether the user was not there.
    pub(super) fn enter(&mut self, user: &str, conn: Conn, value: Arc<str>) -> bool {
        let Some(member) = self.members.get_mut(user) else {
            self.members.insert(user.into(), Member { conns: vec![conn], value, leaves_ms: None });
            return true;
        };
        if !member.conns.contains(&conn) {
            member.conns.push(conn);
        }
        member.value = value;
        member.leaves_ms = None;
        false
    }

    /// A connection leaves; the user stays until `leaves_ms`, if that is given.
    pub(super) fn leave(&mut self, user: &str, conn: Conn, leaves_ms: Option<i64>) -> Left {
        let Some(member) = self.members.get_mut(user) else { return Left::WasNot };
        let Some(at) = member.conns.iter().position(|one| *one == conn) else { return Left::WasNot };
        member.conns.swap_remove(at);
        if !member.conns.is_empty() {
            return Left::Still;
        }
        if leaves_ms.is_some() {
            member.leaves_ms = leaves_ms;
            return Left::Still;
        }
        self.members.shift_remove(user).map_or(Left::WasNot, |member| Left::Last(member.value))
    }

    /// Removes a user whose grace period has ended; yields what was remembered.
    pub(super) fn end_grace(&mut self, user: &str, now_ms: i64) -> Option<Arc<str>> {
        let member = self.members.get(user)?;
        let is_over = member.leaves_ms.is_some_and(|leaves_ms| leaves_ms <= now_ms);
        is_over.then(|| self.members.shift_remove(user)).flatten().map(|member| member.value)
    }

    /// Removes all connections of a server's life; yields the users who had no others.
    pub(super) fn bury(&mut self, life: u64) -> Vec<Present> {
        let mut gone = Vec::new();
        self.members.retain(|user, member| {
            let before = member.conns.len();
            member.conns.retain(|(of, _)| *of != life);
            let has_left = before > 0 && member.conns.is_empty();
            if has_left {
                gone.push(Present { user: Arc::clone(user), value: Arc::clone(&member.value) });
            }
            !has_left
        });
        gone
    }
}
