//! The connections by number, in shards, so that look-ups from many threads do not share one lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use parking_lot::RwLock;

use super::member::Member;
use crate::seam::ConnId;

/// Shards of the slab; a power of two. More than the cores of most machines.
const SHARDS: u32 = 32;

/// Every connection, found by its number.
#[derive(Default)]
pub(super) struct Slab {
    shards: [RwLock<Shard>; SHARDS as usize],
    /// Where the next goes.
    turn: AtomicU32,
    held: AtomicUsize,
}

#[derive(Default)]
struct Shard {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

struct Slot {
    generation: u32,
    member: Option<Arc<Member>>,
}

impl Slab {
    pub(super) fn len(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes in what `make` makes of its number, or nothing if there are `max` already.
    pub(super) fn insert(&self, max: usize, make: impl FnOnce(ConnId) -> Member) -> Option<ConnId> {
        let one_more = |held| (held < max).then_some(held + 1);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        let number = self.turn.fetch_add(1, Ordering::Relaxed) % SHARDS;
        Some(self.shards[number as usize].write().insert(number, make))
    }

    pub(super) fn get(&self, conn: ConnId) -> Option<Arc<Member>> {
        let shard = self.shards[(conn.index % SHARDS) as usize].read();
        let slot = shard.slots.get((conn.index / SHARDS) as usize)?;
        slot.member.as_ref().filter(|_| slot.generation == conn.generation).cloned()
    }

    /// Takes a connection out; only one caller gets it.
    pub(super) fn remove(&self, conn: ConnId) -> Option<Arc<Member>> {
        let mut shard = self.shards[(conn.index % SHARDS) as usize].write();
        let place = conn.index / SHARDS;
        let slot = shard.slots.get_mut(place as usize).filter(|slot| slot.generation == conn.generation)?;
        let member = slot.member.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        shard.free.push(place);
        self.held.fetch_sub(1, Ordering::Relaxed);
        Some(member)
    }
}

impl Shard {
    fn insert(&mut self, number: u32, make: impl FnOnce(ConnId) -> Member) -> ConnId {
        let place = self.free.pop().unwrap_or_else(|| self.grow());
        let slot = &mut self.slots[place as usize];
        let conn = ConnId { index: place * SHARDS + number, generation: slot.generation };
        slot.member = Some(Arc::new(make(conn)));
        conn
    }

    fn grow(&mut self) -> u32 {
        self.slots.push(Slot { generation: 0, member: None });
        self.slots.len() as u32 - 1
    }
}
