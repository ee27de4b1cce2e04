//! One room: its members, densely kept, so that a broadcast is a walk over an array.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::{RwLock, RwLockReadGuard};

use super::member::Member;
use crate::seam::ConnId;

/// The members of a room by their number.
pub(super) type Members = IndexMap<u64, Arc<Member>, BuildHasherDefault<NumberHasher>>;

/// Connections that can be addressed together.
#[derive(Default)]
pub(super) struct Room {
    name: Arc<str>,
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    members: Members,
    /// It was emptied and is being taken out of the index; whoever wants to enter takes a new one.
    gone: bool,
}

/// The members of a room that stay as they are while this is held.
pub(super) struct Held<'a>(RwLockReadGuard<'a, Inner>);

impl Held<'_> {
    pub(super) fn has(&self, conn: ConnId) -> bool {
        self.0.members.contains_key(&conn.to_u64())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Member>> + Clone {
        self.0.members.values()
    }
}

impl Room {
    pub(super) fn new(name: &Arc<str>) -> Self {
        Self { name: Arc::clone(name), ..Self::default() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The name, as everyone who is in the room may keep it.
    pub(super) fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    /// Holds the members still. Whoever holds several rooms takes them in one order, see `broadcast`.
    pub(super) fn hold(&self) -> Held<'_> {
        Held(self.inner.read())
    }

    pub(super) fn len(&self) -> usize {
        self.hold().0.members.len()
    }

    pub(super) fn members(&self) -> Vec<ConnId> {
        self.hold().iter().map(|member| member.id()).collect()
    }

    /// Takes a member in; yields `false` if the room is gone.
    pub(super) fn insert(&self, member: &Arc<Member>) -> bool {
        let mut inner = self.inner.write();
        if !inner.gone {
            inner.members.insert(member.id().to_u64(), Arc::clone(member));
        }
        !inner.gone
    }

    /// Lets a member out.
    pub(super) fn remove(&self, conn: ConnId) {
        self.inner.write().members.swap_remove(&conn.to_u64());
    }

    /// Lets a member out; yields whether it was the last, and the room is gone.
    pub(super) fn remove_or_end(&self, conn: ConnId) -> bool {
        let mut inner = self.inner.write();
        inner.members.swap_remove(&conn.to_u64());
        inner.gone = inner.members.is_empty();
        inner.gone
    }
}

/// Hashes numbers that we give out ourselves: nobody outside can choose them to collide.
#[derive(Default)]
pub(super) struct NumberHasher(u64);

/// 2^64 divided by the golden ratio: neighbours land far apart.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let spread = (self.0 ^ number).wrapping_mul(SPREAD);
        self.0 = spread ^ (spread >> 32);
    }
}
