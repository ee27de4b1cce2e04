//! The matrix as a person reads it.

use std::fmt::Write as _;

use super::hall::{Answer, World};

/// What stands in a cell where nothing came of it.
pub(super) const NOTHING: &str = "·";

/// What stands in the cells of somebody whose connect was refused.
pub(super) const ABSENT: &str = "-";

/// Codes that are so frequent that a shorter word reads better.
const WORDS: &[(&str, &str)] = &[("UNAUTHORIZED", "no"), ("NOT_IN_ROOM", "out"), ("NOT_FOUND", "none")];

/// How a file begins, for its reader.
const PREFACE: &str = "\
# Who gets in, and who receives what

Written by the test `isolation` from the definitions, the people of `namespaces/district.sql`, and the payloads of
`payloads.yaml` beside this file; everything below was tried on the engine. A change of this file is a change of who sees
what: review it as such. `UPDATE_EXPECT=1 cargo test -p homeroom-tests isolation` writes it anew.

* `ok`: the event was taken; students named after it are named in its answer, beside the one who asked.
* `no`: refused with UNAUTHORIZED; `out`: with NOT_IN_ROOM; `none`: with NOT_FOUND; other codes stand as they are.
* `in`: entered the room; a name stands for the room's parameter. `left` and `stays`: of rooms, after leaving.
* `got`: received the event, whole; `x2`: twice; `less x`: without the field `x`.
* `2nd`: on a second device of the sender, which is connected and has joined nothing.
* `·`: nothing. `-`: not connected, as connecting is refused.

Before an event is sent, everyone has tried to enter every room that there is a way into, by every case of the joining
events. In *Received*, `by` are those who sent the event, each alone; where several did with the same result, they share a
row, `self` is what each received of their own event, and their column is what they received of the others'.
";

/// A table with a column for everyone.
pub(super) struct Table {
    /// The heads of the columns before those of people.
    pub(super) heads: &'static [&'static str],
    /// The rows: as many cells as heads, then one for each person.
    pub(super) rows: Vec<Vec<String>>,
}

/// The beginning of the file: how to read it, and who everyone is.
pub(super) fn preface(world: &World) -> String {
    let mut text = format!("{PREFACE}\n## People\n\n");
    let mut rows = vec![["who", "role", "of", "with"].map(String::from).to_vec()];
    for person in &world.people {
        rows.push(vec![person.id.clone(), person.role.clone(), person.tenant.clone(), person.with.clone()]);
    }
    write_rows(&mut text, &rows);
    text
}

/// The cell for an answer.
pub(super) fn answer(world: &World, who: usize, answer: &Answer) -> String {
    match answer {
        Answer::Refused(code) => refused(code),
        Answer::Taken(value) => {
            let told = value.to_string();
            let students = world.people.iter().enumerate().filter(|(_, person)| person.role == "STUDENT");
            let named = students.filter(|(at, person)| *at != who && told.contains(&format!("\"{}\"", person.id)));
            named.fold("ok".to_owned(), |cell, (_, person)| format!("{cell} {}", person.id))
        }
    }
}

/// The cell for a refusal.
pub(super) fn refused(code: &str) -> String {
    WORDS.iter().find(|(known, _)| *known == code).map_or(code, |(_, word)| word).to_owned()
}

impl Table {
    /// A table without rows.
    pub(super) fn new(heads: &'static [&'static str]) -> Self {
        Self { heads, rows: Vec::new() }
    }

    /// A row: what stands before the cells of people, and those.
    pub(super) fn row(&mut self, label: &[&str], cells: impl IntoIterator<Item = String>) {
        self.rows.push(label.iter().map(|text| (*text).to_owned()).chain(cells).collect());
    }

    /// As Markdown; nothing if there is no row.
    pub(super) fn markdown(&self, title: &str, world: &World) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut text = format!("\n### {title}\n\n");
        let heads = self.heads.iter().map(ToString::to_string);
        let mut rows = vec![heads.chain(world.people.iter().map(|person| person.id.clone())).collect()];
        rows.extend(self.rows.iter().cloned());
        write_rows(&mut text, &rows);
        text
    }
}

/// Rows of which the first is the head, each column as wide as it must be.
fn write_rows(text: &mut String, rows: &[Vec<String>]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    for (at, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if at == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
}
