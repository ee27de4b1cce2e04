//! Who received what: rows of one cause and one server event, over everyone who brought it about.

use std::collections::{BTreeMap, BTreeSet};

use homeroom_cli::scenario::stage::Received;
use serde_json::{Map, Value};

use super::hall::{Ground, Hall, World};
use super::table::{ABSENT, NOTHING, Table};
use super::trial::Heard;

/// What one sending of an event brought: for each server event, a cell for each person.
type Brought = BTreeMap<String, Vec<String>>;

/// A row in the making.
struct Row {
    by: Vec<usize>,
    /// What each of them received themselves.
    own: Option<String>,
    /// What everyone received of the others; `None` as long as there is no other.
    cells: Vec<Option<String>>,
}

/// What was received of the events of a namespace.
pub(super) struct Log<'w> {
    world: &'w World,
    /// Who is not connected at all.
    absent: Vec<bool>,
    /// The table.
    pub(super) table: Table,
    /// The server events that somebody received.
    pub(super) seen: BTreeSet<String>,
}

impl<'w> Log<'w> {
    /// Nothing was received yet.
    pub(super) async fn new(ground: &'w Ground) -> Self {
        let hall = Hall::open(ground).await;
        let absent = ground.everyone().map(|who| hall.turned_away(who).is_some()).collect();
        Self {
            world: &ground.world,
            absent,
            table: Table::new(&["cause", "event", "by", "self"]),
            seen: BTreeSet::new(),
        }
    }

    /// What a service's event brought.
    pub(super) fn of_service(&mut self, cause: &str, heard: &Heard) {
        for (event, cells) in self.brought(heard) {
            self.table.row(&[cause, &event, "service", ""], cells);
        }
    }

    /// A service's event was refused, so that it brought nothing.
    pub(super) fn refused(&mut self, cause: &str, code: &str) {
        let nothing = self.absent.iter().map(|absent| if *absent { ABSENT } else { NOTHING }.to_owned());
        self.table.row(&[cause, code, "service", ""], nothing);
    }

    /// What an event brought, for each who sent it.
    pub(super) fn of_people(&mut self, cause: &str, heard: &[(usize, &Heard)]) {
        let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for (sender, heard) in heard {
            for (event, cells) in self.brought(heard) {
                add(rows.entry(event).or_default(), self.world.people.len(), *sender, cells);
            }
        }
        for (event, rows) in rows {
            for row in rows {
                self.write(cause, &event, row);
            }
        }
    }

    fn write(&mut self, cause: &str, event: &str, row: Row) {
        let by: Vec<&str> = row.by.iter().map(|who| self.world.people[*who].id.as_str()).collect();
        let own = row.own.unwrap_or_default();
        let alone = row.by.len() == 1;
        let label = [cause, event, &by.join(" "), if alone { "" } else { &own }];
        self.table.row(&label, row.cells.into_iter().map(|cell| cell.unwrap_or_else(|| own.clone())));
    }

    fn brought(&mut self, heard: &Heard) -> Brought {
        let events: BTreeSet<&String> = heard.iter().flatten().map(|received| &received.event).collect();
        self.seen.extend(events.iter().map(ToString::to_string));
        let cells = |event: &String| {
            let whole = fields(heard.iter().flatten().filter(|received| received.event == *event));
            let cell = |who: usize| {
                let got: Vec<&Received> = heard[who].iter().filter(|received| received.event == *event).collect();
                if self.absent.get(who) == Some(&true) { ABSENT.to_owned() } else { cell(&got, &whole) }
            };
            (0..heard.len()).map(cell).collect()
        };
        events.into_iter().map(|event| (event.clone(), cells(event))).collect()
    }
}

/// Puts what one person brought about into the row of those who brought about the same, or into a new one.
fn add(rows: &mut Vec<Row>, people: usize, sender: usize, mut cells: Vec<String>) {
    let first = std::mem::take(&mut cells[sender]);
    let own = match cells.get(people).map(String::as_str) {
        None | Some(NOTHING) => first,
        Some(second) if first == NOTHING => format!("{second} 2nd"),
        Some(second) => format!("{first}, {second} 2nd"),
    };
    cells.truncate(people);
    let cells: Vec<Option<String>> =
        cells.into_iter().enumerate().map(|(who, cell)| (who != sender).then_some(cell)).collect();
    let same = |row: &Row| {
        let agree = |(a, b): (&Option<String>, &Option<String>)| a.is_none() || b.is_none() || a == b;
        row.own.as_ref() == Some(&own) && row.cells.iter().zip(&cells).all(agree)
    };
    match rows.iter().position(same) {
        None => rows.push(Row { by: vec![sender], own: Some(own), cells }),
        Some(at) => {
            let row = &mut rows[at];
            row.by.push(sender);
            for (known, cell) in row.cells.iter_mut().zip(cells) {
                *known = known.take().or(cell);
            }
        }
    }
}

/// What somebody received of an event, as against all of it.
fn cell(got: &[&Received], whole: &BTreeSet<String>) -> String {
    if got.is_empty() {
        return NOTHING.to_owned();
    }
    let there = fields(got.iter().copied());
    let missing: Vec<&str> = whole.difference(&there).map(String::as_str).collect();
    let what = if missing.is_empty() { "got".to_owned() } else { format!("less {}", missing.join(" ")) };
    if got.len() > 1 { format!("{what} x{}", got.len()) } else { what }
}

fn fields<'r>(received: impl IntoIterator<Item = &'r Received>) -> BTreeSet<String> {
    let objects = received.into_iter().flat_map(|received| &received.args).filter_map(Value::as_object);
    objects.flat_map(Map::keys).cloned().collect()
}
