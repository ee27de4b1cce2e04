//! Who got into which room, at connect and by each event that enters rooms; and who is out of it after leaving.

use std::collections::BTreeSet;

use homeroom_plan::program::{Namespace, RoomId};

use super::hall::{Answer, Ground, Hall};
use super::payloads::Case;
use super::plan::{joining_events, room_named, rooms_joined};
use super::table::{self, ABSENT, NOTHING, Table};
use super::trial::Trial;

/// What was found of the rooms of a namespace.
pub(super) struct Rooms {
    /// The table.
    pub(super) table: Table,
    entered: BTreeSet<RoomId>,
    /// The rooms that are entered by the first case of an event that joins, by name.
    own: BTreeSet<String>,
}

impl Rooms {
    /// What everyone enters by connecting.
    pub(super) async fn at_connect(ground: &Ground) -> Self {
        let mut rooms = Self { table: Table::new(&["way", "room"]), entered: BTreeSet::new(), own: BTreeSet::new() };
        let (hall, namespace) = (Hall::open(ground).await, &ground.namespace);
        let everyone = ground.everyone();
        let came = |who: usize| hall.turned_away(who).map_or_else(|| "ok".to_owned(), table::refused);
        rooms.table.row(&["connect", ""], everyone.clone().map(came));
        for room in rooms_joined(namespace, &namespace.connect) {
            let cells: Vec<String> = everyone.clone().map(|who| entered(&hall, namespace, room, who)).collect();
            if cells.iter().any(|cell| cell != NOTHING && cell != ABSENT) {
                rooms.entered.insert(room);
            }
            rooms.table.row(&["connect", &namespace.rooms[room].pattern.text], cells);
        }
        rooms
    }

    /// What a case of an event changed, for each who sent it; of an event that leaves rooms also what it did not leave.
    pub(super) fn changed(&mut self, namespace: &Namespace, way: &str, is_first: bool, trials: &[Option<Trial>]) {
        let present = trials.iter().flatten();
        let gained: BTreeSet<&String> =
            present.clone().flat_map(|trial| trial.after.difference(&trial.before)).collect();
        for room in &gained {
            self.entered.extend(room_named(namespace, room));
            self.row(way, room, trials, |trial| if trial.after.contains(*room) { "in" } else { NOTHING });
        }
        if is_first {
            self.own.extend(gained.into_iter().cloned());
        }
        let lost: BTreeSet<String> = present.flat_map(|trial| trial.before.difference(&trial.after)).cloned().collect();
        if !lost.is_empty() {
            for room in lost.union(&self.own.clone()) {
                self.row(way, room, trials, |trial| left(trial, room));
            }
        }
    }

    fn row(&mut self, way: &str, room: &str, trials: &[Option<Trial>], cell: impl Fn(&Trial) -> &'static str) {
        let cells = trials.iter().map(|trial| trial.as_ref().map_or(ABSENT, &cell).to_owned());
        self.table.row(&[way, room], cells);
    }

    /// The rooms that nothing enters, as they are written.
    pub(super) fn closed(&self, namespace: &Namespace) -> Vec<String> {
        let reachable = reachable(namespace);
        let mut closed: Vec<String> = (0..namespace.rooms.len())
            .filter(|room| !reachable.contains(room))
            .map(|room| format!("`{}`", namespace.rooms[room].pattern.text))
            .collect();
        closed.sort();
        closed
    }

    /// The rooms that there is a way into, and that nobody has entered.
    pub(super) fn untried(&self, namespace: &Namespace) -> Vec<String> {
        let untried = reachable(namespace).into_iter().filter(|room| !self.entered.contains(room));
        untried.map(|room| format!("{} {}", namespace.path, namespace.rooms[room].pattern.text)).collect()
    }
}

/// The cell of somebody who sent an event that leaves rooms.
fn left(trial: &Trial, room: &str) -> &'static str {
    match (trial.before.contains(room), trial.after.contains(room)) {
        (true, false) => "left",
        (true, true) if matches!(trial.answer, Answer::Taken(_)) => "stays",
        _ => NOTHING,
    }
}

/// The rooms that there is a way into.
fn reachable(namespace: &Namespace) -> BTreeSet<RoomId> {
    let events = joining_events(namespace).into_iter().map(|event| &namespace.client_events[event]);
    events.chain([&namespace.connect]).flat_map(|entry| rooms_joined(namespace, entry)).collect()
}

/// The parameters of the rooms of one kind that somebody is in.
fn entered(hall: &Hall<'_>, namespace: &Namespace, room: RoomId, who: usize) -> String {
    if hall.turned_away(who).is_some() {
        return ABSENT.to_owned();
    }
    let pattern = &namespace.rooms[room].pattern;
    let rooms = hall.rooms(who);
    let params: Vec<String> = rooms.iter().filter_map(|name| pattern.read(name)).map(|of| of.join(" ")).collect();
    if params.is_empty() { NOTHING.to_owned() } else { params.join(" ") }
}

/// An event, and which of its cases.
pub(super) fn labelled(event: &str, case: &Case) -> String {
    if case.of.is_empty() { event.to_owned() } else { format!("{event} ({})", case.of) }
}
