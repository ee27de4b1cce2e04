//! One event to the members of several rooms, where what each is told depends on the rooms it is in.

use std::sync::Arc;

use super::broadcast::{Round, Side, is_new, sorted};
use super::member::Member;
use super::room::{Held, Room};
use super::space::Space;
use crate::seam::{ConnId, Delivered, Marked, Message, Packet, Target};

impl Space {
    /// Sends each member of the target's rooms what is told to those who are in the same rooms; made once for all of them.
    pub(super) fn broadcast_marked(&self, target: Target<'_>, marked: Marked<'_>, volatile: bool) -> Delivered {
        let (rooms, barred) = (self.found(target.rooms.unwrap_or_default()), self.found(target.except_rooms));
        let rooms: Vec<&Room> = rooms.iter().map(|room| &**room).collect();
        let sides = sorted(&rooms, &barred);
        let held: Vec<(Held<'_>, Side)> = sides.iter().map(|(room, side)| (room.hold(), *side)).collect();
        let place = |name: &Arc<str>| sides.iter().position(|(room, _)| room.name() == &**name);
        let marks: Vec<Option<usize>> = marked.rooms.iter().map(place).collect();
        let told = by_rooms(&held, &marks);
        let messages: Vec<Message> = told.iter().map(|(mask, _)| (marked.message)(*mask)).collect();
        let mut rounds = Vec::with_capacity(told.len());
        for ((_, members), message) in told.into_iter().zip(&messages) {
            let mut round = Round::new(target, Packet::Event { message, volatile });
            round.offer_each(members.into_iter(), |_| true);
            rounds.push(round);
        }
        drop(held);
        rounds.into_iter().map(Round::finish).fold(Delivered::default(), |sum, one| Delivered {
            reached: sum.reached + one.reached,
            dropped: sum.dropped + one.dropped,
        })
    }
}

/// Each receiver once, with those who are in the same of the rooms that count.
fn by_rooms<'h>(held: &'h [(Held<'_>, Side)], marks: &[Option<usize>]) -> Vec<(u64, Vec<&'h Arc<Member>>)> {
    let is_in = |place: &Option<usize>, conn: ConnId| place.is_some_and(|place| held[place].0.has(conn));
    let mut told: Vec<(u64, Vec<&Arc<Member>>)> = Vec::new();
    for (place, (room, _)) in held.iter().enumerate().filter(|(_, (_, side))| *side == Side::Receives) {
        for member in room.iter().filter(|member| is_new(held, place, member)) {
            let bits = marks.iter().zip(0..u64::BITS).filter(|(mark, _)| is_in(mark, member.id()));
            let mask = bits.fold(0, |mask, (_, bit)| mask | 1_u64 << bit);
            match told.iter_mut().find(|(known, _)| *known == mask) {
                Some((_, members)) => members.push(member),
                None => told.push((mask, vec![member])),
            }
        }
    }
    told
}
