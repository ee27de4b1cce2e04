//! One message to many connections: who receives it, and what it came to.

use std::sync::Arc;

use super::member::{Member, Sent};
use super::room::{Held, Room};
use super::space::Space;
use crate::seam::{Delivered, Message, Packet, Target};

/// How many members are looked at before the first of them is sent to: what is read of so many stays in the nearest cache.
const ABREAST: usize = 32;

impl Space {
    /// Sends a message to a target. Rooms are looked up before any is held; connections with full queues are killed after
    /// all are free.
    pub(super) fn broadcast(&self, target: Target<'_>, message: &Message, volatile: bool) -> Delivered {
        let round = Round::new(target, Packet::Event { message, volatile });
        match target.rooms {
            None if target.except_rooms.is_empty() => round.through(self.everyone()),
            None => round.through_some(&[self.everyone()], &self.found(target.except_rooms)),
            Some([name]) if target.except_rooms.is_empty() => {
                self.room(name).map_or_else(Delivered::default, |room| round.through(&room))
            }
            Some(names) => {
                let rooms = self.found(names);
                let rooms: Vec<&Room> = rooms.iter().map(|room| &**room).collect();
                round.through_some(&rooms, &self.found(target.except_rooms))
            }
        }
    }

    pub(super) fn found(&self, names: &[Arc<str>]) -> Vec<Arc<Room>> {
        names.iter().filter_map(|name| self.room(name)).collect()
    }
}

/// One broadcast under way.
pub(super) struct Round<'a> {
    packet: Packet<'a>,
    target: Target<'a>,
    delivered: Delivered,
    overfull: Vec<Arc<Member>>,
}

impl<'a> Round<'a> {
    pub(super) fn new(target: Target<'a>, packet: Packet<'a>) -> Self {
        Self { packet, target, delivered: Delivered::default(), overfull: Vec::new() }
    }

    fn through(mut self, room: &Room) -> Delivered {
        self.offer_each(room.hold().iter(), |_| true);
        self.finish()
    }

    fn through_some(mut self, rooms: &[&Room], barred: &[Arc<Room>]) -> Delivered {
        let sides = sorted(rooms, barred);
        let held: Vec<(Held<'_>, Side)> = sides.iter().map(|(room, side)| (room.hold(), *side)).collect();
        for (place, (room, _)) in held.iter().enumerate().filter(|(_, (_, side))| *side == Side::Receives) {
            self.offer_each(room.iter(), |member| is_new(&held, place, member));
        }
        drop(held);
        self.finish()
    }

    /// Offers it to those of the members who are to have it.
    ///
    /// Of a crowd, what is read of a member is far away. To look at several of them first has all of it fetched side by side; each
    /// lock that is taken in between would have the next wait for it. (Of an event to 24 of ten thousand, this took a
    /// thirtieth off all that a delivery costs.)
    pub(super) fn offer_each<'m>(
        &mut self,
        mut members: impl Iterator<Item = &'m Arc<Member>> + Clone,
        has_it: impl Fn(&Member) -> bool,
    ) {
        while members.clone().next().is_some() {
            members.clone().take(ABREAST).for_each(|member| member.look());
            members.by_ref().take(ABREAST).filter(|member| has_it(member)).for_each(|member| self.offer(member));
        }
    }

    fn offer(&mut self, member: &Arc<Member>) {
        if !self.is_meant(member) {
            return;
        }
        match member.send(self.packet) {
            Sent::Queued => self.delivered.reached += 1,
            Sent::LeftOut => self.delivered.dropped += 1,
            Sent::Overfull => {
                self.delivered.dropped += 1;
                self.overfull.push(Arc::clone(member));
            }
            Sent::Gone => {}
        }
    }

    fn is_meant(&self, member: &Member) -> bool {
        self.target.except != Some(member.id()) && self.target.tags.is_none_or(|tags| member.has_tag(tags))
    }

    /// Ends the connections whose queues were full; to be called when no room is held.
    pub(super) fn finish(self) -> Delivered {
        self.overfull.iter().for_each(|member| member.wire().kill());
        self.delivered
    }
}

/// Whether a member of the room at this place is in no earlier one, and in none that is barred.
pub(super) fn is_new(held: &[(Held<'_>, Side)], place: usize, member: &Member) -> bool {
    !held
        .iter()
        .enumerate()
        .any(|(other, (room, side))| (*side == Side::Barred || other < place) && room.has(member.id()))
}

/// What a room of a target is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Barred,
    Receives,
}

/// Every room once, in the one order in which everybody holds several: two broadcasts that held theirs in different orders
/// could each wait for a writer that waits for the other.
pub(super) fn sorted<'r>(rooms: &[&'r Room], barred: &'r [Arc<Room>]) -> Vec<(&'r Room, Side)> {
    let barred = barred.iter().map(|room| (&**room, Side::Barred));
    let mut all: Vec<_> = rooms.iter().map(|room| (*room, Side::Receives)).chain(barred).collect();
    all.sort_by_key(|(room, side)| (std::ptr::from_ref(*room), *side));
    all.dedup_by_key(|(room, _)| std::ptr::from_ref(*room));
    all
}
