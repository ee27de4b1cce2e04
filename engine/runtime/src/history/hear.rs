//! Hearing what other servers sent to rooms that keep it: each in its turn.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::MutexGuard;

use super::room::{Turn, Waiting};
use super::{Entry, Histories, Room, State, in_order, lock};
use crate::cluster::kept_number;
use crate::decisions::Reached;
use crate::engine::Inner;
use crate::outcome::Emission;

/// How many events may wait for their turn in a room.
const WAITING_MAX: usize = 1024;

/// How long those who ask whom an event reached are kept waiting for its turn: half of what they wait for an answer. How often it
/// is looked for meanwhile.
const TURN_WITHIN: Duration = Duration::from_millis(500);
const LOOKED_EVERY: Duration = Duration::from_millis(10);

/// How an entry came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// From its sender, just now: it is also for rooms that keep nothing.
    Fresh,
    /// From the history, or again.
    Late,
}

impl Histories {
    /// Whether one of these events of a server has come and not had its turn.
    fn is_waiting(&self, server: u64, numbers: &[u64]) -> bool {
        let rooms = self.rooms.read();
        let mut rooms = rooms.values().flat_map(HashMap::values);
        rooms.any(|room| {
            let state = room.state.lock();
            let mut waiting = state.waiting.range((server, 0)..=(server, u64::MAX));
            waiting.any(|((_, number), _)| numbers.contains(&kept_number(*number)))
        })
    }
}

impl Inner {
    /// Delivers an entry of another server here, and what waited for it, if it is its turn; otherwise it waits.
    pub(crate) fn hear_kept(&self, entry: Arc<Entry>, came: Came) {
        self.take_turns(entry, came, false);
    }

    /// Delivers what has waited for too long; what came before it is lost to those who are here.
    pub(super) fn give_up_waiting(&self, waiting: &Waiting) {
        let came = if waiting.is_fresh { Came::Fresh } else { Came::Late };
        self.take_turns(Arc::clone(&waiting.entry), came, true);
    }

    /// Waits until these events of a server have had their turn here, as far as they have come; not for long. `numbers`: as
    /// [`kept_number`] makes them.
    pub(crate) async fn had_their_turn(&self, server: u64, numbers: &[u64]) {
        let all = async {
            while self.history.is_waiting(server, numbers) {
                tokio::time::sleep(LOOKED_EVERY).await;
            }
        };
        let _ = tokio::time::timeout(TURN_WITHIN, all).await;
    }

    fn take_turns(&self, first: Arc<Entry>, came: Came, is_forced: bool) {
        let mut queue = VecDeque::new();
        let mut next = Some((first, came, is_forced));
        while let Some((entry, came, is_forced)) = next {
            let began = self.spans.wanting(entry.trace).map(|_| (SystemTime::now(), Instant::now()));
            if let Some((emission, reached)) = self.take_turn(&entry, came, is_forced, &mut queue) {
                self.count(entry.origin, kept_number(entry.number), reached.sum.reached);
                let bound = self.live.current();
                self.was_heard(&bound, &entry.namespace, emission, reached, (entry.trace, began));
            }
            next = queue.pop_front().map(|(entry, came)| (entry, came, false));
        }
    }

    /// Yields what was delivered, and whom it reached.
    fn take_turn(
        &self,
        entry: &Arc<Entry>,
        came: Came,
        is_forced: bool,
        queue: &mut VecDeque<(Arc<Entry>, Came)>,
    ) -> Option<(Emission, Reached)> {
        let history = &self.history;
        let known = entry.links.iter().filter_map(|link| history.room(&entry.namespace, &link.room));
        let rooms = in_order(known.collect());
        let states = lock(&rooms);
        // A room that nobody here is in is read when somebody comes.
        let (rooms, mut states): (Vec<Arc<Room>>, Vec<MutexGuard<'_, State>>) =
            rooms.iter().cloned().zip(states).filter(|(_, state)| state.holders > 0).unzip();
        let turns: Vec<Turn> = rooms.iter().zip(&states).map(|(room, state)| turn(entry, came, room, state)).collect();
        if turns.contains(&Turn::Later) {
            let too_many = states.iter().any(|state| state.waiting.len() >= WAITING_MAX);
            if !is_forced && !too_many {
                self.let_wait(entry, came, &rooms, &mut states, &turns);
                return None;
            }
            for (state, _) in states.iter_mut().zip(&turns).filter(|(_, turn)| **turn == Turn::Later) {
                state.missed |= state.members > 0;
                history.gaps.fetch_add(u64::from(state.members > 0), std::sync::atomic::Ordering::Relaxed);
            }
        }
        let (mut due, mut over) = (Vec::new(), Vec::new());
        for ((room, mut state), turn) in rooms.into_iter().zip(states).zip(turns) {
            state.waiting.remove(&(entry.origin, entry.number));
            match turn {
                Turn::Over => over.push(room),
                Turn::Now | Turn::Later => {
                    history.keep(&mut state, entry);
                    due.push((room, state));
                }
            }
        }
        let (due, mut states): (Vec<Arc<Room>>, Vec<MutexGuard<'_, State>>) = due.into_iter().unzip();
        let part = part_of(entry, came, &due, &over)?;
        let emission = part.unwrap_or_else(|| entry.emission.clone());
        let reached = self.deliver_kept(&due, &mut states, entry, &emission, None);
        for (room, state) in due.iter().zip(&mut states) {
            queue.extend(next_of(entry, room, state));
        }
        Some((emission, reached))
    }

    fn let_wait(
        &self,
        entry: &Arc<Entry>,
        came: Came,
        rooms: &[Arc<Room>],
        states: &mut [MutexGuard<'_, State>],
        turns: &[Turn],
    ) {
        let since_ms = self.history.now_ms();
        for ((room, state), turn) in rooms.iter().zip(states).zip(turns).filter(|(_, turn)| **turn != Turn::Over) {
            let waiting = Waiting { entry: Arc::clone(entry), is_fresh: came == Came::Fresh, since_ms };
            let there = state.waiting.entry((entry.origin, entry.number)).or_insert(waiting);
            there.is_fresh |= came == Came::Fresh;
            if *turn == Turn::Later {
                self.history.behind(room, state);
            }
        }
    }
}

fn turn(entry: &Entry, came: Came, room: &Room, state: &State) -> Turn {
    match entry.prev(&room.name).map_or(Turn::Over, |prev| state.turn(entry, prev)) {
        // It may have been sent before anybody here was in the room.
        Turn::Now if came == Came::Late && !state.is_open => Turn::Later,
        turn => turn,
    }
}

/// The part of an entry's audience that it is still for: all of it (`Some(None)`), some, or nobody (`None`).
fn part_of(entry: &Entry, came: Came, due: &[Arc<Room>], over: &[Arc<Room>]) -> Option<Option<Emission>> {
    if came == Came::Fresh && over.is_empty() {
        return Some(None);
    }
    let is_among = |rooms: &[Arc<Room>], name: &Arc<str>| rooms.iter().any(|room| room.name == *name);
    let mut part = entry.emission.clone();
    part.to.rooms.retain(|name| match came {
        Came::Fresh => !is_among(over, name),
        Came::Late => is_among(due, name),
    });
    // Whoever is in those has received it there.
    part.except_rooms.extend(over.iter().map(|room| Arc::clone(&room.name)));
    (!part.to.rooms.is_empty()).then_some(Some(part))
}

/// What waits in a room for this entry.
fn next_of(entry: &Entry, room: &Room, state: &State) -> Option<(Arc<Entry>, Came)> {
    let after = (entry.origin, entry.number + 1)..=(entry.origin, u64::MAX);
    let (_, next) = state.waiting.range(after).next()?;
    let came = if next.is_fresh { Came::Fresh } else { Came::Late };
    (next.entry.prev(&room.name)? <= entry.number).then(|| (Arc::clone(&next.entry), came))
}
