//! The reference of the language as Markdown, from the doc comments of the records that read it.

use std::fmt::Write;

use crate::codes::Code;
use crate::model::*;
use crate::read::{Field, Record, prose};

/// A part of a reference: what it is called, what it is, and its keys.
pub struct Part {
    title: String,
    doc: String,
    fields: Vec<Field>,
}

/// The reference of a file of another kind: an introduction, then its parts.
pub fn reference_of(introduction: &str, parts: &[Part]) -> String {
    let mut page = introduction.to_owned();
    parts.iter().for_each(|part| write_part(&mut page, "##", part));
    page
}

/// The whole reference of a definition file.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    for part in parts() {
        write_part(&mut page, "##", &part);
    }
    page.push_str(STEPS);
    for part in steps() {
        write_part(&mut page, "###", &part);
    }
    page.push_str(VALUES);
    page
}

/// A table of codes, for the page of everything an author can be told.
pub fn code_table(codes: &[&[Code]]) -> String {
    let mut all: Vec<&Code> = codes.iter().copied().flatten().collect();
    all.sort_by_key(|code| code.code);
    let rows = all.iter().map(|code| format!("| `{}` | {} |\n", code.code, cell(code.title)));
    std::iter::once("| code | what it tells |\n|---|---|\n".to_owned()).chain(rows).collect()
}

const INTRODUCTION: &str = "# The language

A definition file is YAML. Keys that the language does not have are errors, and so are keys that stand twice. Where text
has `<...>` in it, an expression is put there; a value that is one `<...>` keeps its type.
";

const STEPS: &str = "
## Steps

A step is one verb with what belongs to it. Every step may have `when:`; the others say what they take. Steps run in order.
";

const VALUES: &str = "
## Small values

| value | written |
|---|---|
| a length of time | a whole number with its unit: `250ms`, `5s`, `2m`, `4h`, `7d` |
| a rate limit | `N per D`, then `per user` or `per room` (default: per connection), then `, drop` or `, coalesce` (default: refuse): `10 per 10s per user, drop` |
| a room or state key | segments divided by `:`, each with at most one parameter: `class:<classId>:staff` |
| text with expressions | `<` opens before a letter, `_`, a quote or `(`, and closes at the first `>` outside quotes and brackets; `<'<'>` is the sign itself |
";

/// The part about a record.
pub fn part<R: Record>(title: &str) -> Part {
    Part { title: title.to_owned(), doc: prose(R::DOC), fields: R::fields() }
}

fn parts() -> Vec<Part> {
    vec![
        part::<File>("The file"),
        part::<Connect>("`connect`"),
        part::<Disconnect>("`disconnect`"),
        part::<Rule>("A rule"),
        part::<Room>("`rooms`"),
        part::<RoomHistory>("`history`"),
        part::<Query>("`queries`"),
        part::<State>("`state`"),
        part::<Procedure>("`steps`"),
        part::<ClientEvent>("`client_events`"),
        part::<BackendSteps>("`backend_events`"),
        part::<ServerEvent>("`server_events`"),
        part::<View>("A view"),
    ]
}

fn steps() -> Vec<Part> {
    vec![
        part::<JoinStep>("`join`"),
        part::<LeaveStep>("`leave`"),
        part::<EmitStep>("`emit`"),
        part::<PutStep>("`put`"),
        part::<GetStep>("`get`"),
        part::<AddStep>("`add`"),
        part::<PushStep>("`push`"),
        part::<IncrementStep>("`increment`"),
        part::<AllStep>("`all`"),
        part::<HasStep>("`has`"),
        part::<CountStep>("`count`"),
        part::<ClearStep>("`clear`"),
        part::<TakeStep>("`take`"),
        part::<QueryStep>("`query`"),
        part::<ExecuteStep>("`execute`"),
        part::<EachStep>("`each`"),
        part::<LetStep>("`let`"),
        part::<CallStep>("`call`"),
        part::<RefuseStep>("`refuse`"),
        part::<BlockStep>("A block"),
    ]
}

/// Writing to a `String` cannot fail.
fn write_part(page: &mut String, level: &str, part: &Part) {
    let _ = write!(page, "\n{level} {}\n\n{}\n\n| key | takes | |\n|---|---|---|\n", part.title, part.doc);
    for field in &part.fields {
        let needed = if field.required { " (must be there)" } else { "" };
        let _ = writeln!(page, "| `{}` | {}{needed} | {} |", field.key, cell(&field.expects), cell(&prose(field.doc)));
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_its_part() {
        let titles: Vec<String> = steps().into_iter().map(|part| part.title).collect();
        for verb in crate::steps::VERBS {
            assert!(titles.contains(&format!("`{}`", verb.name)), "{}", verb.name);
        }
    }

    #[test]
    fn rows_have_three_cells() {
        let page = reference();
        let rows = page.lines().filter(|line| line.starts_with("| `") && !line.contains("written"));
        for row in rows {
            let bars = row.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 4, "{row}");
        }
        assert!(page.contains("| `sql` | text (must be there) | The statement."));
    }

    #[test]
    fn codes_are_listed_in_order() {
        let table = code_table(&[crate::codes::ALL]);
        assert!(table.contains("| `HR0102` | A key stands twice in one map. |"));
    }
}
