//! Coming back to a room: what was missed is found while the event runs, and sent as the room is entered.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use homeroom_plan::program;
use homeroom_store::history::Past;
use parking_lot::MutexGuard;
use serde_json::Value;

use super::position::{self, OWN, Position, Vector};
use super::room::Ahead;
use super::send::Positions;
use super::{Entry, Histories, Room, State, in_order, lock};
use crate::engine::Inner;
use crate::outlet::WireArgs;
use crate::session::Session;

/// How long a join waits for what others know of a room. After that the room is entered, and nothing is recovered.
const OPEN_MAX: Duration = Duration::from_secs(2);
/// How many characters of a text are read as a position.
const CHARS_MAX: usize = homeroom_plan::contract::POSITION_CHARS_MAX;

/// The positions that a client hands over.
pub(crate) enum Since {
    /// By room.
    ByRoom(serde_json::Map<String, Value>),
    /// Of the one room that it was made for.
    One(String),
}

impl Since {
    /// `None` if nothing is handed over, or nothing that could be a position.
    pub(crate) fn of(value: Option<Value>) -> Option<Self> {
        match value? {
            Value::Object(map) => Some(Self::ByRoom(map)),
            Value::String(text) => Some(Self::One(text)),
            _ => None,
        }
    }

    fn of_room(&self, room: &str) -> Option<&str> {
        let text = match self {
            Self::ByRoom(map) => map.get(room)?.as_str()?,
            Self::One(text) => text,
        };
        (text.len() <= CHARS_MAX).then_some(text)
    }
}

/// What one who enters a room is sent, and where they stand in it.
pub(crate) struct Recall {
    hold: Hold,
    /// What the client had received, where nothing since then is lost.
    since: Option<Vector>,
    /// What it has missed by the time the event ran.
    missing: Vec<Arc<Entry>>,
    /// How far that goes.
    seen: Vector,
    /// The position that the event's answer tells; it is told anew as the answer leaves.
    told: Option<Arc<str>>,
    /// Which entries are the client's own.
    own: u64,
}

/// A room that a connection is in.
#[derive(Debug)]
pub(crate) struct KeptStay {
    hold: Hold,
    /// What it had received before it entered; it has received everything since.
    since: Vector,
}

/// While there is one, the room is listened to.
pub(crate) struct Hold {
    histories: Arc<Histories>,
    room: Arc<Room>,
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hold({})", self.room.name)
    }
}

impl std::fmt::Debug for Recall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recall({}, {} missing)", self.hold.room.name, self.missing.len())
    }
}

impl Hold {
    pub(super) fn room(&self) -> &Arc<Room> {
        &self.room
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.histories.release(&self.room);
    }
}

impl Recall {
    /// Whether nothing is missing that was sent since the client's position.
    pub(crate) fn is_recovered(&self) -> bool {
        self.since.is_some()
    }

    /// How many entries it has missed.
    pub(crate) fn missing(&self) -> usize {
        self.missing.len()
    }

    /// Nothing is sent after all.
    pub(crate) fn give_up(&mut self) {
        self.since = None;
        self.missing.clear();
    }

    /// The position that an answer tells; from then on it is made sure that it holds when the answer leaves.
    pub(crate) fn tell(&mut self) -> Arc<str> {
        let position = self.hold.room.state.lock().position(self.hold.histories.now_ms());
        let told = self.hold.histories.sealed(&self.hold.room, &position);
        self.told = Some(Arc::clone(&told));
        told
    }
}

impl Histories {
    pub(super) fn hold(self: &Arc<Self>, room: Arc<Room>) -> Hold {
        let is_first = {
            let mut state = room.state.lock();
            state.holders += 1;
            state.holders == 1
        };
        if let (true, Some(cluster)) = (is_first, &self.cluster) {
            cluster.entered(&room.namespace, Some(&room.name));
        }
        Hold { histories: Arc::clone(self), room }
    }

    fn release(&self, room: &Arc<Room>) {
        let stranded = {
            let mut state = room.state.lock();
            state.holders -= 1;
            if state.holders > 0 {
                return;
            }
            state.is_open = false;
            state.missed = false;
            std::mem::take(&mut state.waiting)
        };
        if let Some(cluster) = &self.cluster {
            cluster.left(&room.namespace, Some(&room.name));
        }
        if !stranded.is_empty() {
            self.stranded(stranded.into_values());
        }
    }

    /// A number by which a client's own entries are known from here on.
    pub(crate) fn new_own(&self) -> u64 {
        self.owns.fetch_add(1, std::sync::atomic::Ordering::Relaxed).max(1)
    }

    /// Which entries are a client's own, as it says by what it kept.
    pub(crate) fn own_of(&self, namespace: &str, since: Option<&Since>) -> Option<u64> {
        match since? {
            Since::ByRoom(map) => position::open_own(&self.key, namespace, map.get(OWN)?.as_str()?),
            Since::One(_) => None,
        }
    }

    /// What a client keeps to say so.
    pub(crate) fn tell_own(&self, namespace: &str, own: u64) -> (String, Value) {
        (OWN.to_owned(), Value::from(&*position::seal_own(&self.key, namespace, own)))
    }
}

impl Inner {
    /// Finds what one has missed who is about to enter a room.
    pub(crate) async fn recall(
        &self,
        namespace: &Arc<str>,
        room: &Arc<str>,
        history: program::History,
        since: Option<&Since>,
        own: u64,
        session: Option<&Session>,
    ) -> Recall {
        let histories = &self.history;
        let hold = histories.hold(histories.room_or_new(namespace, room, history));
        let is_in = session.is_some_and(|session| session.rooms.lock().contains(room));
        if !is_in {
            self.open(&hold.room).await;
        }
        let since = since.and_then(|since| position::open(&histories.key, namespace, room, since.of_room(room)?));
        let now_ms = histories.now_ms();
        let (missing, seen) = {
            let state = hold.room.state.lock();
            let missing = since.as_ref().and_then(|since| match is_in {
                true => Some(Vec::new()),
                false => state.missing(room, since, now_ms),
            });
            (missing, state.position(now_ms).seen)
        };
        let since = since.filter(|_| missing.is_some()).map(|since| since.seen);
        Recall { hold, since, missing: missing.unwrap_or_default(), seen, told: None, own }
    }

    /// Learns what others know of a room, once it is listened to.
    pub(super) async fn open(&self, room: &Arc<Room>) {
        if room.state.lock().is_open {
            return;
        }
        let _one_at_a_time = room.opening.lock().await;
        if room.state.lock().is_open {
            return;
        }
        if self.history.store.is_none() {
            let past = Past { known_ms: self.history.born_ms, ..Past::default() };
            let _ = room.state.lock().begin(&past, Vec::new());
            return;
        }
        let opening = async {
            self.listening().await;
            self.read_past(room).await
        };
        match tokio::time::timeout(OPEN_MAX, opening).await {
            Ok(Ok(_)) => self.history.settle_later(room),
            Ok(Err(error)) => tracing::warn!(namespace = %room.namespace, room = %room.name, %error, "no history"),
            Err(_) => tracing::warn!(namespace = %room.namespace, room = %room.name, "no history in time"),
        }
        let mut state = room.state.lock();
        if !state.is_open {
            self.history.behind(room, &mut state);
        }
    }

    /// A connection enters rooms that keep what is sent to them, of which it is in none yet: it is sent what it missed, and
    /// receives from then on what is sent there.
    pub(crate) fn enter_kept(&self, session: &Session, recalls: &[(&Arc<str>, &Recall)]) {
        let rooms = in_order(recalls.iter().map(|(_, recall)| Arc::clone(&recall.hold.room)).collect());
        let mut states = lock(&rooms);
        let of = |room: &Arc<Room>| recalls.iter().find(|(_, recall)| Arc::ptr_eq(&recall.hold.room, room));
        let mut entering: Vec<Entering<'_, '_>> = rooms
            .iter()
            .zip(&mut states)
            .filter_map(|(room, state)| {
                let (_, recall) = of(room)?;
                let reached = recall.since.clone().unwrap_or_default();
                Some(Entering { room, state, recall, reached })
            })
            .collect();
        if let Some(first) = entering.first() {
            session.set_own(first.recall.own);
        }
        self.send_missing(session, &mut entering);
        for Entering { room, state, recall, reached } in entering {
            let position = state.position(0).seen;
            if recall.is_recovered() && reached.iter().any(|(origin, last)| position.get(origin) < Some(last)) {
                state.ahead.push(Ahead { conn: session.conn, seen: reached, since_ms: self.history.now_ms() });
            }
            state.members += 1;
            self.outlet.join(session.conn, &room.name);
            let since = recall.since.clone().unwrap_or(position);
            let hold = self.history.hold_again(room, state);
            session.kept.lock().push(KeptStay { hold, since });
        }
    }

    fn send_missing(&self, session: &Session, entering: &mut [Entering<'_, '_>]) {
        let recovered = entering.iter().filter(|one| one.recall.is_recovered());
        let missing = recovered.map(|one| {
            let is_new =
                |entry: &&Arc<Entry>| one.recall.seen.get(&entry.origin).is_none_or(|last| entry.number > *last);
            one.recall.missing.iter().chain(one.state.kept().filter(is_new)).cloned().collect()
        });
        for entry in merged(missing.collect()) {
            let mut positions: Positions = Vec::new();
            for one in entering.iter_mut().filter(|one| one.recall.is_recovered()) {
                let last = one.reached.entry(entry.origin).or_default();
                if entry.prev(&one.room.name).is_some() && entry.number > *last {
                    *last = entry.number;
                    let position =
                        Position { at_ms: self.history.now_ms(), missed: one.state.missed, seen: one.reached.clone() };
                    positions.push((Arc::clone(&one.room.name), self.history.sealed(one.room, &position)));
                }
            }
            if !positions.is_empty() && session.is_meant_by(&entry) {
                for form in &entry.emission.forms {
                    self.send_one(&session.who.namespace, &entry.emission, form, session.conn, &positions);
                }
            }
        }
    }

    /// Answers with positions that hold as the answer leaves.
    pub(crate) fn with_positions(
        &self,
        session: &Session,
        recalls: &[Arc<Recall>],
        args: &WireArgs,
        send: impl FnOnce(&WireArgs),
    ) {
        let told: Vec<_> =
            recalls.iter().filter_map(|recall| Some((&recall.hold.room, recall.told.as_ref()?))).collect();
        if !told.iter().any(|(_, told)| args.text.contains(&***told)) {
            return send(args);
        }
        let rooms = in_order(told.iter().map(|(room, _)| Arc::clone(room)).collect());
        let states = lock(&rooms);
        let mut text = args.text.to_string();
        for (room, told) in told {
            let place = rooms.iter().position(|one| Arc::ptr_eq(one, room));
            let Some(state) = place.and_then(|place| states.get(place)) else { continue };
            let position = state.position_of(session.conn, self.history.now_ms());
            text = text.replace(&**told, &self.history.sealed(room, &position));
        }
        send(&WireArgs { text: text.into(), attachments: Arc::clone(&args.attachments) });
    }

    /// A connection has left a room. Nothing happens if the room keeps nothing.
    pub(crate) fn left_kept(&self, session: &Session, room: &str) {
        let stay = {
            let mut kept = session.kept.lock();
            let place = kept.as_slice().iter().position(|stay| &*stay.hold.room.name == room);
            place.and_then(|place| kept.swap_remove(place))
        };
        let Some(stay) = stay else { return };
        let mut state = stay.hold.room.state.lock();
        state.members -= 1;
        state.ahead.retain(|ahead| ahead.conn != session.conn);
        state.missed &= state.members > 0;
    }
}

/// What is missing in several rooms, each entry once and in the order of every room it is in.
fn merged(mut rooms: Vec<VecDeque<Arc<Entry>>>) -> Vec<Arc<Entry>> {
    let key = |entry: &Arc<Entry>| (entry.at_ms, entry.origin, entry.number);
    let all: Vec<BTreeSet<_>> = rooms.iter().map(|room| room.iter().map(key).collect()).collect();
    let mut order = Vec::new();
    loop {
        let firsts: Vec<&Arc<Entry>> = rooms.iter().filter_map(VecDeque::front).collect();
        let is_first_everywhere = |entry: &&&Arc<Entry>| {
            let others = all.iter().zip(&rooms).filter(|(all, _)| all.contains(&key(entry)));
            others.into_iter().all(|(_, room)| room.front().is_some_and(|first| key(first) == key(entry)))
        };
        // Servers may have heard others in different orders; then time decides.
        let ready = firsts.iter().filter(is_first_everywhere).min_by_key(|entry| key(entry));
        let next = ready.or_else(|| firsts.iter().min_by_key(|entry| key(entry)));
        let Some(next) = next.map(|entry| Arc::clone(entry)) else { return order };
        rooms.iter_mut().for_each(|room| {
            if room.front().is_some_and(|first| key(first) == key(&next)) {
                room.pop_front();
            } else if room.iter().any(|entry| key(entry) == key(&next)) {
                room.retain(|entry| key(entry) != key(&next));
            }
        });
        order.push(next);
    }
}

/// A room while it is entered.
struct Entering<'s, 'g> {
    room: &'s Arc<Room>,
    state: &'s mut MutexGuard<'g, State>,
    recall: &'s Recall,
    /// How far the client has come.
    reached: Vector,
}

impl Histories {
    /// One more hold of a room that is held and locked.
    fn hold_again(self: &Arc<Self>, room: &Arc<Room>, state: &mut State) -> Hold {
        state.holders += 1;
        Hold { histories: Arc::clone(self), room: Arc::clone(room) }
    }
}

impl Session {
    /// Whether an entry is sent to this connection as it enters one of its rooms: it has not received it in another, and
    /// it is not its own.
    fn is_meant_by(&self, entry: &Entry) -> bool {
        if entry.own != 0 && entry.own == self.own() {
            return false;
        }
        let stays = self.kept.lock();
        let has_received = |stay: &KeptStay| {
            entry.prev(&stay.hold.room.name).is_some()
                && stay.since.get(&entry.origin).is_none_or(|last| entry.number > *last)
        };
        let rooms = self.rooms.lock();
        !stays.as_slice().iter().any(has_received)
            && !entry.emission.except_rooms.iter().any(|room| rooms.contains(room))
    }
}
