//! Where the histories of rooms are once a service has sent something to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::join::Hold;
use super::send::Positions;
use super::{Room, State};
use crate::engine::Inner;
use crate::outcome::Effect;

impl Inner {
    /// Learns what others know of the rooms that keep these emissions, the first so many by name, so that their positions
    /// can be told. They are listened to for as long as what it yields is kept.
    pub(crate) async fn hold_open(&self, namespace: &Arc<str>, effects: &[Effect], rooms_max: usize) -> Vec<Hold> {
        if rooms_max == 0 {
            return Vec::new();
        }
        let emissions = effects.iter().filter_map(|effect| match effect {
            Effect::Emit(emission) => Some(emission),
            Effect::Join(_) | Effect::Leave(_) | Effect::Evict { .. } | Effect::Tell { .. } => None,
        });
        let kept: BTreeMap<_, _> =
            emissions.flat_map(|emission| &emission.kept).map(|kept| (&kept.room, kept.history)).collect();
        let rooms = kept.into_iter().take(rooms_max);
        let holds: Vec<Hold> = rooms
            .map(|(room, history)| self.history.hold(self.history.room_or_new(namespace, room, history)))
            .collect();
        join_all(holds.iter().map(|hold| self.open(hold.room()))).await;
        holds
    }

    /// The positions of rooms of which it is known what others sent there. The rooms are locked.
    pub(super) fn known_positions<'s>(&self, rooms: impl Iterator<Item = (&'s Arc<Room>, &'s State)>) -> Positions {
        let now_ms = self.history.now_ms();
        let known = rooms.filter(|(_, state)| state.is_open);
        known
            .map(|(room, state)| (Arc::clone(&room.name), self.history.sealed(room, &state.position(now_ms))))
            .collect()
    }
}
