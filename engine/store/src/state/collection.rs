//! One collection in memory: entries in order of arrival, found by name, each with its deadline.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Entry, Rules};
use crate::Keyed;

/// What an entry takes beside its texts, in bytes; an estimate of two map nodes and three pointers.
pub(super) const ENTRY_OVERHEAD: usize = 160;

/// How often that is cleared away of which nobody is told that it ran out, in milliseconds. Whoever asks finds it gone at
/// once; it only takes place until then. (A timer for each costs a server nearly as much as to handle the events of a crowd
/// by which something is remembered for a short time.)
const CLEARED_EVERY_MS: i64 = 250;

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) entry: Entry,
    pub(super) deadline_ms: i64,
    pub(super) watch: Option<Arc<str>>,
    /// The time under which it stands in the queue of deadlines; never later than it must be looked at.
    queued_ms: i64,
}

#[derive(Debug)]
pub(super) struct Collection {
    key: Arc<str>,
    slots: BTreeMap<u64, Slot>,
    by_name: Keyed<Arc<str>, u64>,
    next: u64,
    /// No entry runs out before this.
    earliest_ms: i64,
}

impl Slot {
    pub(super) fn bytes(&self) -> usize {
        ENTRY_OVERHEAD + self.entry.name.len() + self.entry.value.len()
    }

    /// When it must be looked at.
    fn due_ms(&self) -> i64 {
        let over = self.deadline_ms.rem_euclid(CLEARED_EVERY_MS);
        if self.watch.is_some() || over == 0 {
            return self.deadline_ms;
        }
        self.deadline_ms.saturating_add(CLEARED_EVERY_MS - over)
    }
}

impl Collection {
    /// An empty one of this key.
    pub(super) fn new(key: Arc<str>) -> Self {
        Self { key, slots: BTreeMap::new(), by_name: Keyed::default(), next: 0, earliest_ms: 0 }
    }

    pub(super) fn key(&self) -> &Arc<str> {
        &self.key
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn named(&self, name: &str) -> Option<&Slot> {
        self.slots.get(self.by_name.get(name)?)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Slot> {
        self.slots.values()
    }

    /// A name for an entry that has none of its own.
    pub(super) fn number(&self) -> String {
        self.next.to_string()
    }

    /// Writes an entry; one of that name keeps its place. Yields what was there, and under which time the collection must be
    /// queued, if it is not yet.
    pub(super) fn write(&mut self, entry: Entry, deadline_ms: i64, rules: &Rules) -> (Option<Slot>, Option<i64>) {
        self.earliest_ms = if self.slots.is_empty() { deadline_ms } else { self.earliest_ms.min(deadline_ms) };
        let mut slot = Slot { entry, deadline_ms, watch: rules.watch.clone(), queued_ms: deadline_ms };
        slot.queued_ms = slot.due_ms();
        self.insert(slot)
    }

    fn insert(&mut self, mut slot: Slot) -> (Option<Slot>, Option<i64>) {
        let due_ms = slot.queued_ms;
        let Some(at) = self.by_name.get(&slot.entry.name).copied() else {
            self.by_name.insert(Arc::clone(&slot.entry.name), self.next);
            self.slots.insert(self.next, slot);
            self.next += 1;
            return (None, Some(due_ms));
        };
        let queued_ms = self.slots.get(&at).map_or(i64::MAX, |old| old.queued_ms);
        slot.queued_ms = due_ms.min(queued_ms);
        (self.slots.insert(at, slot), (due_ms < queued_ms).then_some(due_ms))
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Slot> {
        let at = self.by_name.remove(name)?;
        self.slots.remove(&at)
    }

    pub(super) fn remove_first(&mut self) -> Option<Slot> {
        let (_, slot) = self.slots.pop_first()?;
        self.by_name.remove(&slot.entry.name);
        Some(slot)
    }

    /// Removes what has run out, oldest deadline first.
    pub(super) fn purge(&mut self, now_ms: i64) -> Vec<Slot> {
        if now_ms < self.earliest_ms {
            return Vec::new();
        }
        let gone: Vec<u64> =
            self.slots.iter().filter(|(_, slot)| slot.deadline_ms <= now_ms).map(|(at, _)| *at).collect();
        let mut gone: Vec<Slot> = gone.into_iter().filter_map(|at| self.slots.remove(&at)).collect();
        gone.sort_by_key(|slot| slot.deadline_ms);
        for slot in &gone {
            self.by_name.remove(&slot.entry.name);
        }
        self.earliest_ms = self.slots.values().map(|slot| slot.deadline_ms).min().unwrap_or(i64::MAX);
        gone
    }

    /// When it must next be looked at; everything in it stands in the queue of deadlines under that time from now on.
    pub(super) fn requeue(&mut self) -> Option<i64> {
        let due_ms = self.slots.values().map(Slot::due_ms).min()?;
        for slot in self.slots.values_mut() {
            slot.queued_ms = due_ms;
        }
        Some(due_ms)
    }
}
