//! What keeps this server's histories and the shared one alike: saving what was sent here, reading what others sent.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use homeroom_store::StoreError;
use homeroom_store::history::{Appended, Kept};

use super::hear::Came;
use super::room::Waiting;
use super::{Entry, Histories, Room, Seen, State};
use crate::engine::{Engine, Inner};

/// How many rooms are saved, or read, at one time.
const ROOMS_AT_ONCE: usize = 64;
/// How many entries of a room are saved at once, and how many bytes.
const ENTRIES_AT_ONCE: usize = 128;
const BYTES_AT_ONCE: usize = 1024 * 1024;
/// How long nothing is asked after the shared history could not be asked, in milliseconds.
const REST_MS: i64 = 250;
/// How long an event waits for what comes before it, in milliseconds. Then that is lost.
const WAITING_MAX_MS: i64 = 5_000;
/// What is saved so long after it was sent is sent once more, for those who read the history meanwhile, in milliseconds.
const LATE_MS: i64 = 1_000;
/// When a room that was opened is read once more, in milliseconds: what was on its way then has arrived, or is late.
const SETTLED_MS: i64 = 4_000;
/// What was sent so long before the bus was last seen to be well may have been lost with it, in milliseconds.
const UNSURE_MS: i64 = 2_000;
/// How long it is waited until this server has come as far as a client, in milliseconds.
const AHEAD_MAX_MS: i64 = 10_000;
/// How often what is too old is forgotten, in milliseconds.
const SWEEP_MS: i64 = 1_000;

impl Histories {
    /// A room has entries that the shared history lacks.
    pub(super) fn unsaved(&self, room: &Arc<Room>, state: &mut State) {
        if self.store.is_some() && !std::mem::replace(&mut state.is_unsaved, true) {
            self.work.lock().unsaved.push_back(Arc::clone(room));
            self.wanted.notify_one();
        }
    }

    /// Others may know more of a room.
    pub(super) fn behind(&self, room: &Arc<Room>, state: &mut State) {
        if self.store.is_some() && !std::mem::replace(&mut state.is_behind, true) {
            self.work.lock().behind.push_back(Arc::clone(room));
            self.wanted.notify_one();
        }
    }

    pub(super) fn settle_later(&self, room: &Arc<Room>) {
        self.work.lock().settling.push_back((self.now_ms() + SETTLED_MS, Arc::clone(room)));
    }

    pub(super) fn stranded(&self, waiting: impl Iterator<Item = Waiting>) {
        self.work.lock().stranded.extend(waiting);
        self.wanted.notify_one();
    }

    fn all(&self) -> Vec<Arc<Room>> {
        self.rooms.read().values().flat_map(std::collections::HashMap::values).cloned().collect()
    }

    /// Whatever makes it doubtful that others know what was told, or that this server heard what they told. Yields what is
    /// to be told again.
    fn doubt(&self) -> Vec<Arc<Entry>> {
        let (Some(store), Some(cluster)) = (&self.store, &self.cluster) else { return Vec::new() };
        let (bus, now_ms) = (cluster.status(), self.now_ms());
        if !bus.connected {
            return Vec::new();
        }
        let now = Seen { epoch: bus.epoch, missed: bus.missed, dropped: bus.dropped, store: store.epoch() };
        let (before, sure_ms) = {
            let mut work = self.work.lock();
            (std::mem::replace(&mut work.seen, now), std::mem::replace(&mut work.sure_ms, now_ms))
        };
        let mut again = Vec::new();
        if now == before {
            return again;
        }
        let bus_failed = Seen { store: 0, ..now } != Seen { store: 0, ..before };
        for room in self.all() {
            let mut state = room.state.lock();
            if bus_failed {
                if state.holders > 0 {
                    self.behind(&room, &mut state);
                }
                let is_unsure = |entry: &&Arc<Entry>| entry.origin == self.server && entry.at_ms + UNSURE_MS > sure_ms;
                again.extend(state.kept().filter(is_unsure).cloned());
            }
            if now.store != before.store && state.kept().next().is_some() {
                state.is_doubted = true;
                self.unsaved(&room, &mut state);
            }
        }
        again.sort_by_key(|entry| entry.number);
        again.dedup_by_key(|entry| entry.number);
        again
    }

    /// Forgets what is too old, and what nobody needs.
    fn sweep(&self, now_ms: i64) {
        for room in self.all() {
            let mut state = room.state.lock();
            self.count(-(state.expire(now_ms) as isize));
            let State { ahead, heads, .. } = &mut *state;
            ahead.retain(|ahead| {
                let is_late = ahead.since_ms + AHEAD_MAX_MS <= now_ms;
                for (origin, number) in ahead.seen.iter().filter(|_| is_late) {
                    // Who sent that is gone, and nobody else has it.
                    let head = heads.entry(*origin).or_insert(super::room::Head { number: 0, at_ms: now_ms });
                    head.number = head.number.max(*number);
                }
                !is_late
            });
        }
        let is_needed = |room: &Arc<Room>| {
            Arc::strong_count(room) > 1 || !room.state.lock().is_idle(self.server, self.store.is_some(), now_ms)
        };
        self.rooms.write().retain(|_, rooms| {
            rooms.retain(|_, room| is_needed(room));
            !rooms.is_empty()
        });
    }

    /// How many rooms have entries that the shared history lacks.
    fn unsaved_rooms(&self) -> usize {
        let is_unsaved = |state: &State| state.is_unsaved || !unsaved_of(self, state, false).is_empty();
        self.all().iter().filter(|room| is_unsaved(&room.state.lock())).count()
    }
}

impl Engine {
    /// Keeps the histories of rooms, for as long as this is polled.
    pub async fn keep_history(&self) {
        loop {
            self.tend_history().await;
            let history = &self.inner.history;
            let rest = Duration::from_millis(u64::try_from(REST_MS).unwrap_or(0));
            let is_resting = history.work.lock().rests_until_ms > history.now_ms();
            if is_resting {
                tokio::time::sleep(rest).await;
            } else {
                let _ = tokio::time::timeout(rest, history.wanted.notified()).await;
            }
        }
    }

    /// Does what is to be done for the histories of rooms now. Yields whether there was anything.
    pub async fn tend_history(&self) -> bool {
        Box::pin(self.inner.tend_history()).await
    }

    /// Waits until everything that was sent here is in the shared history.
    pub async fn saved_history(&self) {
        while self.inner.history.store.is_some() && self.inner.history.unsaved_rooms() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Inner {
    async fn tend_history(&self) -> bool {
        let history = &self.history;
        let now_ms = history.now_ms();
        let is_due = {
            let mut work = history.work.lock();
            let is_due = work.sweeps_at_ms <= now_ms;
            if is_due {
                work.sweeps_at_ms = now_ms + SWEEP_MS;
            }
            is_due
        };
        if is_due {
            history.sweep(now_ms);
        }
        self.tell_others_again(&history.doubt());
        let stranded = std::mem::take(&mut history.work.lock().stranded);
        let mut any = !stranded.is_empty();
        for waiting in stranded {
            self.give_up_waiting(&waiting);
        }
        if history.work.lock().rests_until_ms > now_ms {
            return any;
        }
        let (unsaved, behind) = {
            let mut work = history.work.lock();
            let settled = work.settling.iter().take_while(|(at_ms, _)| *at_ms <= now_ms).count();
            let mut behind = std::mem::take(&mut work.behind);
            behind.extend(work.settling.drain(..settled).map(|(_, room)| room));
            (std::mem::take(&mut work.unsaved), behind)
        };
        any |= !unsaved.is_empty() || !behind.is_empty();
        let saving = on_each(unsaved, |room| async move { self.save(&room).await });
        let reading = on_each(behind, |room| async move { self.catch_up(&room).await });
        let (saved, read) = tokio::join!(saving, reading);
        if !(saved && read) {
            history.work.lock().rests_until_ms = history.now_ms() + REST_MS;
        }
        any
    }

    /// Puts what was sent here into the shared history. Yields whether that could be asked.
    async fn save(&self, room: &Arc<Room>) -> bool {
        let history = &self.history;
        let Some(store) = &history.store else { return true };
        let (entries, keeping, is_doubted) = {
            let mut state = room.state.lock();
            state.is_unsaved = false;
            let is_doubted = std::mem::take(&mut state.is_doubted);
            (unsaved_of(history, &state, is_doubted), state.keeping, is_doubted)
        };
        if entries.is_empty() {
            return true;
        }
        let own = entries.iter().filter(|entry| entry.origin == history.server);
        let last = own.map(|entry| entry.number).max().unwrap_or(0);
        let kept: Vec<Kept> = entries.iter().map(|entry| as_kept(entry, &room.name)).collect();
        let saved = match store.append(&room.full, keeping, &kept, is_doubted).await {
            Ok(Appended::Lacks(_)) => {
                let all = unsaved_of(history, &room.state.lock(), true);
                let kept: Vec<Kept> = all.iter().map(|entry| as_kept(entry, &room.name)).collect();
                let again = store.append(&room.full, keeping, &kept, true).await;
                again.map(|_| self.tell_others_again(&all))
            }
            Ok(Appended::Done) => {
                let late = history.now_ms() - LATE_MS;
                let is_late = |entry: &&Arc<Entry>| is_doubted || entry.at_ms <= late;
                let late: Vec<Arc<Entry>> = entries.iter().filter(is_late).cloned().collect();
                self.tell_others_again(&late);
                Ok(())
            }
            Err(error) => Err(error),
        };
        let mut state = room.state.lock();
        match &saved {
            Ok(()) => state.saved = state.saved.max(last),
            Err(error) => {
                tracing::debug!(room = %room.name, %error, "a history could not be saved");
                // What became of it is not known.
                state.is_doubted = true;
            }
        }
        if saved.is_err() || !unsaved_of(history, &state, false).is_empty() {
            history.unsaved(room, &mut state);
        }
        saved.is_ok()
    }

    /// Sends entries of this server to the others once more. Who has heard them lets them be.
    fn tell_others_again(&self, entries: &[Arc<Entry>]) {
        let Some(cluster) = &self.history.cluster else { return };
        let bound = self.live.current();
        for entry in entries.iter().filter(|entry| entry.origin == self.history.server) {
            let (sealed, channels) = cluster.kept_frame(&bound, entry, true);
            cluster.publish_sealed(&channels, &sealed);
        }
    }

    /// Reads what others sent to a room, and gives up on what did not come in time. Yields whether it could be read.
    async fn catch_up(&self, room: &Arc<Room>) -> bool {
        room.state.lock().is_behind = false;
        let read = self.read_past(room).await;
        let now_ms = self.history.now_ms();
        let late: Vec<Waiting> = {
            let mut state = room.state.lock();
            let is_late = |waiting: &Waiting| waiting.since_ms + WAITING_MAX_MS <= now_ms;
            let mut late: Vec<(u64, u64)> =
                state.waiting.iter().filter(|(_, waiting)| is_late(waiting)).map(|(at, _)| *at).collect();
            if let Ok(there) = &read {
                late.extend(hopeless(&room.name, &state, there));
            }
            let late = late.iter().filter_map(|at| state.waiting.remove(at)).collect();
            if !state.waiting.is_empty() || read.is_err() {
                self.history.behind(room, &mut state);
            }
            late
        };
        for waiting in late {
            self.give_up_waiting(&waiting);
        }
        // What waits has not been saved by its sender yet: that is looked at again soon, not at once.
        let waits = room.state.lock().is_behind;
        if waits && read.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        read.is_ok()
    }

    /// Reads what the shared history has of a room, and delivers what was not heard. Yields what there is: of which server,
    /// and which number.
    pub(super) async fn read_past(&self, room: &Arc<Room>) -> Result<HashSet<(u64, u64)>, StoreError> {
        let history = &self.history;
        let Some(store) = &history.store else { return Ok(HashSet::new()) };
        let keeping = {
            let state = room.state.lock();
            if state.holders == 0 {
                return Ok(HashSet::new());
            }
            state.keeping
        };
        let past = store.read(&room.full, keeping).await?;
        let there = past.entries.iter().map(|kept| (kept.origin, kept.number)).collect();
        let bound = self.live.current();
        let read = |kept: &Kept| history.cluster.as_ref()?.read_kept(&bound, &kept.bytes);
        let mut state = room.state.lock();
        if state.holders == 0 {
            return Ok(there);
        }
        if !state.is_open {
            let own = |kept: &&Kept| state.kept().find(|entry| is(entry, kept)).cloned();
            let entries = past.entries.iter().filter_map(|kept| own(&kept).or_else(|| read(kept).map(Arc::new)));
            let entries = entries.collect();
            let more = state.begin(&past, entries);
            history.count(more);
            let came = |one: &Waiting| if one.is_fresh { Came::Fresh } else { Came::Late };
            let waiting: Vec<_> = state.waiting.values().map(|one| (Arc::clone(&one.entry), came(one))).collect();
            drop(state);
            for (entry, came) in waiting {
                self.hear_kept(entry, came);
            }
            return Ok(there);
        }
        let is_new = |kept: &&Kept| state.heads.get(&kept.origin).is_none_or(|head| kept.number > head.number);
        let new: Vec<Entry> = past.entries.iter().filter(is_new).filter_map(read).collect();
        drop(state);
        for entry in new {
            self.hear_kept(Arc::new(entry), Came::Late);
        }
        Ok(there)
    }
}

/// What waits for something that will not come: a server's events are saved in their order, so where it, or something after
/// it, is saved without what comes before it, that is no longer kept. What went to several rooms may wait for another of them.
fn hopeless(room: &str, state: &State, there: &HashSet<(u64, u64)>) -> Vec<(u64, u64)> {
    let mut firsts: Vec<(u64, u64)> = Vec::new();
    for (at, waiting) in &state.waiting {
        let is_first = firsts.last().is_none_or(|(origin, _)| *origin != at.0);
        let is_of_one_room = waiting.entry.links.len() == 1 && waiting.entry.prev(room).is_some();
        if is_first && is_of_one_room && state.is_open {
            firsts.push(*at);
        }
    }
    firsts.retain(|first| there.iter().any(|saved| saved.0 == first.0 && saved.1 >= first.1));
    firsts
}

/// Does something for each of some rooms, some at a time. Yields whether all went well.
async fn on_each<F: Future<Output = bool>>(rooms: VecDeque<Arc<Room>>, act: impl Fn(Arc<Room>) -> F) -> bool {
    stream::iter(rooms.into_iter().map(act))
        .buffer_unordered(ROOMS_AT_ONCE)
        .fold(true, async |all, one| all && one)
        .await
}

fn is(entry: &Entry, kept: &Kept) -> bool {
    entry.origin == kept.origin && entry.number == kept.number
}

fn as_kept(entry: &Entry, room: &str) -> Kept {
    Kept {
        origin: entry.origin,
        number: entry.number,
        prev: entry.prev(room).unwrap_or(0),
        bytes: entry.sealed.clone(),
    }
}

/// What is to be saved of a room: what was sent here since it was last, or everything that is kept.
fn unsaved_of(history: &Histories, state: &State, all: bool) -> Vec<Arc<Entry>> {
    let is_unsaved = |entry: &&Arc<Entry>| all || (entry.origin == history.server && entry.number > state.saved);
    let mut bytes = 0;
    let fits = |entry: &&Arc<Entry>| {
        let fits = all || bytes <= BYTES_AT_ONCE;
        bytes += entry.sealed.len();
        fits
    };
    let most = if all { usize::MAX } else { ENTRIES_AT_ONCE };
    state.kept().filter(is_unsaved).take_while(fits).take(most).cloned().collect()
}
