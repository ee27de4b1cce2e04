//! Changes in words.

use std::fmt::Write;

use homeroom_definition::render::Look;

use super::groups::{Group, Section, sections};
use crate::diff::change::{Act, Aspect, Change, Detail, Effect};
use crate::diff::words::{and, counted};

/// All changes in words, each thing with what differs of it, then a line that counts them. Without changes the line alone.
#[must_use]
pub fn text(changes: &[Change], look: Look) -> String {
    let mut text = String::new();
    for section in sections(changes) {
        write_section(&section, look, &mut text);
    }
    text.push_str(&summary(changes));
    text.push('\n');
    text
}

/// "2 added, 1 changed, 1 removed; rights: 1 wider, 1 narrower".
#[must_use]
pub fn summary(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "Nothing changes.".to_owned();
    }
    let groups: Vec<Group<'_>> = sections(changes).into_iter().flat_map(|section| section.groups).collect();
    let count =
        |act: Act| groups.iter().filter(|group| group.first.act == act).map(|group| group.names.len()).sum::<usize>();
    let (added, changed, removed) = (count(Act::Added), count(Act::Changed), count(Act::Removed));
    let mut line = format!("{added} added, {changed} changed, {removed} removed.");
    let rights = |effect: Effect| {
        let details = groups.iter().flat_map(|group| &group.first.details);
        details.filter(|detail| is_right(detail) && detail.effect == effect).count()
    };
    let all = [(Effect::Wider, "widened"), (Effect::Narrower, "narrowed"), (Effect::Unclear, "changed otherwise")];
    let told: Vec<String> = all
        .into_iter()
        .filter(|(effect, _)| rights(*effect) > 0)
        .map(|(effect, word)| format!("{} {word}", counted(rights(effect), "right")))
        .collect();
    if !told.is_empty() {
        line.push_str(&format!(" {}.", and(&told)));
    }
    line
}

fn write_section(section: &Section<'_>, look: Look, text: &mut String) {
    let title = match section.namespaces.as_slice() {
        [] => "settings".to_owned(),
        many => and(&many.iter().map(ToString::to_string).collect::<Vec<_>>()),
    };
    // Writing to a `String` does not fail.
    let _ = writeln!(text, "{title}");
    for group in &section.groups {
        write_group(group, look, text);
    }
    text.push('\n');
}

fn write_group(group: &Group<'_>, look: Look, text: &mut String) {
    let change = group.first;
    let mark = match change.act {
        Act::Added => painted("+", 32, look),
        Act::Removed => painted("-", 31, look),
        Act::Changed => painted("~", 33, look),
    };
    let _ = write!(text, "  {mark} {}", subject(group));
    match (change.act, change.details.as_slice()) {
        (Act::Added | Act::Removed, [only]) => {
            let _ = writeln!(text, ": {}", only.words);
        }
        (_, details) => {
            text.push('\n');
            for detail in details {
                let _ = writeln!(text, "      {}{}", tag(detail, look), detail.words);
            }
        }
    }
}

fn subject(group: &Group<'_>) -> String {
    match group.names.as_slice() {
        [_] => group.first.subject(),
        many => {
            let names: Vec<String> = many.iter().map(|name| format!("`{name}`")).collect();
            let noun = group.first.noun.word();
            let plural =
                if noun == "query" { "queries".to_owned() } else { format!("{}s", noun.trim_end_matches('s')) };
            format!("{plural} {}", and(&names))
        }
    }
}

/// Whether it is about who may do or see something.
fn is_right(detail: &Detail) -> bool {
    matches!(
        detail.aspect,
        Aspect::Right { .. }
            | Aspect::Auth { .. }
            | Aspect::View { .. }
            | Aspect::Audience { .. }
            | Aspect::Statement { decides: true }
    )
}

fn tag(detail: &Detail, look: Look) -> String {
    let words = match (detail.effect, is_right(detail), &detail.aspect) {
        (Effect::Wider, true, _) => "wider",
        (Effect::Narrower, true, _) => "narrower",
        // It goes elsewhere, which the words say.
        (Effect::Unclear, true, Aspect::Audience { .. } | Aspect::View { .. }) => return String::new(),
        (Effect::Unclear, true, _) => "unclear",
        (Effect::Wider, false, Aspect::Rate | Aspect::Other) => "looser",
        (Effect::Narrower, false, Aspect::Rate | Aspect::Other) => "tighter",
        _ => return String::new(),
    };
    let colour = if matches!(detail.effect, Effect::Narrower) { 31 } else { 33 };
    format!("{}: ", painted(words, colour, look))
}

fn painted(words: &str, colour: u8, look: Look) -> String {
    match look {
        Look::Plain => words.to_owned(),
        Look::Coloured => format!("\u{1b}[{colour}m{words}\u{1b}[0m"),
    }
}
