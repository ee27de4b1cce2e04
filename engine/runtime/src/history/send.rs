//! Sending to rooms that keep it.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::MutexGuard;

use super::{Entry, Link, Room, State, in_order, lock};
use crate::cluster::kept_number;
use crate::decisions::Reached;
use crate::delivery::Scene;
use crate::engine::Inner;
use crate::outcome::{Emission, Form};
use crate::outlet::{Delivery, Parcel, Receivers};
use crate::session::Session;

/// By room, the position that its members are told.
pub(crate) type Positions = Vec<(Arc<str>, Arc<str>)>;

/// What became of an emission.
pub(crate) struct Dispatched {
    /// How many connections of this server it reached.
    pub(crate) sockets: usize,
    /// The number by which the other servers know it.
    pub(crate) number: Option<u64>,
    /// If no client sent it: where its rooms' histories are with it, as far as that is known here.
    pub(crate) positions: Positions,
}

impl Inner {
    /// Sends an emission to the clients of all servers, and keeps it in the rooms that keep what is sent to them.
    pub(crate) fn send_kept(&self, scene: &Scene<'_>, emission: Emission, sender: Option<&Session>) -> Dispatched {
        let Scene { bound, served, trace, .. } = *scene;
        let (namespace, history) = (&served.namespace().path, &self.history);
        let rooms = emission.kept.iter().map(|kept| history.room_or_new(namespace, &kept.room, kept.history));
        let rooms = in_order(rooms.collect());
        let mut states = lock(&rooms);
        let (number, at_ms) = history.next();
        let link = |(room, state): (&Arc<Room>, &MutexGuard<'_, State>)| Link {
            room: Arc::clone(&room.name),
            prev: state.prev(history.server, at_ms),
        };
        let links = rooms.iter().zip(&states).map(link).collect();
        let own = sender.filter(|_| emission.except_sender).map_or(0, Session::own);
        let (origin, namespace_of) = (history.server, Arc::clone(namespace));
        let mut entry =
            Entry { origin, trace, number, at_ms, namespace: namespace_of, links, emission, own, sealed: Bytes::new() };
        let frame = history.cluster.as_ref().map(|cluster| cluster.kept_frame(bound, &entry, false));
        if let Some((sealed, _)) = &frame {
            entry.sealed = sealed.clone();
        }
        let entry = Arc::new(entry);
        for state in &mut states {
            history.keep(state, &entry);
        }
        let reached = self.deliver_kept(&rooms, &mut states, &entry, &entry.emission, sender.map(|sender| sender.conn));
        // In the order of numbers, and after those who are here.
        if let (Some(cluster), Some((sealed, channels))) = (&history.cluster, &frame) {
            cluster.publish_sealed(channels, sealed);
        }
        for (room, state) in rooms.iter().zip(&mut states) {
            history.unsaved(room, state);
        }
        let positions = match sender {
            None => self.known_positions(rooms.iter().zip(states.iter().map(|state| &**state))),
            Some(_) => Positions::new(),
        };
        drop(states);
        let sum = reached.sum;
        served.meters.of_sent(entry.emission.number).count(&served.meters.all, sum);
        self.remember_sent(bound, namespace, entry.emission.clone(), reached, sender, trace);
        Dispatched { sockets: sum.reached, number: Some(kept_number(entry.number)), positions }
    }

    /// Delivers an entry to its audience here, or to the part of it that `emission` says, telling each the positions of
    /// the rooms they are in. The rooms are locked, and the entry is kept in them.
    pub(super) fn deliver_kept(
        &self,
        rooms: &[Arc<Room>],
        states: &mut [MutexGuard<'_, State>],
        entry: &Entry,
        emission: &Emission,
        sender: Option<u64>,
    ) -> Reached {
        let now_ms = self.history.now_ms();
        if states.iter().any(|state| !state.ahead.is_empty()) {
            let reached = self.deliver_one_by_one(rooms, states, entry, emission, sender, now_ms);
            states.iter_mut().for_each(|state| state.caught_up());
            return reached;
        }
        let told = rooms.iter().zip(states.iter()).filter(|(_, state)| state.members > 0);
        let positions: Positions = told
            .map(|(room, state)| (Arc::clone(&room.name), self.history.sealed(room, &state.position(now_ms))))
            .collect();
        self.send_here(&entry.namespace, emission, sender, &positions)
    }

    /// The same where some have received the entry already, or more of others than this server.
    fn deliver_one_by_one(
        &self,
        rooms: &[Arc<Room>],
        states: &[MutexGuard<'_, State>],
        entry: &Entry,
        emission: &Emission,
        sender: Option<u64>,
        now_ms: i64,
    ) -> Reached {
        let members = |names: &[Arc<str>]| -> std::collections::BTreeSet<u64> {
            names.iter().flat_map(|name| self.outlet.members(&entry.namespace, name)).collect()
        };
        let barred = members(&emission.except_rooms);
        let mut counts = vec![Delivery::default(); emission.forms.len()];
        let alone = sender.filter(|_| emission.to.sender && !emission.except_sender);
        for conn in members(&emission.to.rooms).into_iter().chain(alone.filter(|conn| !barred.contains(conn))) {
            let is_alone = alone == Some(conn);
            let has = states.iter().any(|state| state.has_received(conn, entry));
            if has || barred.contains(&conn) || (sender == Some(conn) && emission.except_sender && !is_alone) {
                continue;
            }
            let session = self.sessions.get(conn);
            let is_in = |name: &Arc<str>| session.as_ref().is_some_and(|session| session.rooms.lock().contains(name));
            let mine = rooms.iter().zip(states).filter(|(room, _)| is_in(&room.name));
            let positions: Positions = mine
                .map(|(room, state)| {
                    (Arc::clone(&room.name), self.history.sealed(room, &state.position_of(conn, now_ms)))
                })
                .collect();
            for (form, count) in emission.forms.iter().zip(&mut counts) {
                *count = count.and(self.send_one(&entry.namespace, emission, form, conn, &positions));
            }
        }
        Reached::of(counts)
    }

    /// Sends one form to one connection, if it is for its user's role.
    pub(crate) fn send_one(
        &self,
        namespace: &str,
        emission: &Emission,
        form: &Form,
        conn: u64,
        positions: &[(Arc<str>, Arc<str>)],
    ) -> Delivery {
        let parcel = Parcel {
            event: &emission.event,
            args: &form.args,
            to: Receivers::One(conn),
            except: None,
            except_rooms: &[],
            roles: form.roles.as_deref(),
            volatile: false,
            positions,
        };
        self.outlet.send(namespace, parcel)
    }
}

impl State {
    /// Forgets who was ahead, once this server has come as far.
    fn caught_up(&mut self) {
        let heads = &self.heads;
        self.ahead.retain(|ahead| {
            ahead.seen.iter().any(|(origin, number)| heads.get(origin).is_none_or(|head| head.number < *number))
        });
    }

    /// Whether a connection has received an entry before it came here.
    fn has_received(&self, conn: u64, entry: &Entry) -> bool {
        let has = |seen: &super::position::Vector| seen.get(&entry.origin).is_some_and(|last| *last >= entry.number);
        self.ahead.iter().any(|ahead| ahead.conn == conn && has(&ahead.seen))
    }
}
