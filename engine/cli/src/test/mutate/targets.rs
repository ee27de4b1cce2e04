//! Changes of who is sent something, and of how much of it they see.

use homeroom_definition::names::{Piece, split};
use serde_json::{Value, json};

use super::mutant::{Concerns, Draft, Kind, Mutant};
use super::steps;
use super::tree::Spot;

/// All changes of the targets of a file. `patterns`: how rooms are spelt.
pub(super) fn mutants(file: &Spot<'_>, patterns: &[String]) -> Vec<Mutant> {
    let emits = steps::all(file).into_iter().filter(|step| step.has("emit"));
    let mut mutants: Vec<Mutant> = emits.flat_map(|emit| of_emit(&emit, patterns)).collect();
    for (name, event) in file.get("server_events").iter().flat_map(Spot::entries) {
        let draft = Draft::at(Kind::Target, &event).concerning(Concerns::Sending(name.value.clone()));
        mutants.extend(of_targets(&draft, &event, "to", patterns));
        mutants.extend(of_views(&event, &name.value));
    }
    mutants
}

fn of_emit(emit: &Spot<'_>, patterns: &[String]) -> Vec<Mutant> {
    let draft = Draft::at(Kind::Target, emit);
    let mut mutants = of_targets(&draft, emit, "to", patterns);
    mutants.push(draft.made("not sent", vec![emit.removed()]));
    for key in ["except", "roles"] {
        if emit.has(key) {
            mutants.push(draft.made(format!("without `{key}`"), vec![emit.without(key)]));
        }
        mutants.extend(each_dropped(&draft, emit, key));
    }
    mutants
}

/// Without each of several targets, and with each swapped for another.
fn of_targets(draft: &Draft<'_, '_>, owner: &Spot<'_>, key: &str, patterns: &[String]) -> Vec<Mutant> {
    let Some(to) = owner.get(key) else { return Vec::new() };
    let mut mutants = each_dropped(draft, owner, key);
    for target in to.one_or_many() {
        let Some(written) = target.text() else { continue };
        for other in others(&written, patterns) {
            let change = format!("to `{other}` instead of `{written}`");
            mutants.push(draft.made_to(target.span(), change, vec![target.replaced(other)]));
        }
    }
    mutants
}

fn each_dropped(draft: &Draft<'_, '_>, owner: &Spot<'_>, key: &str) -> Vec<Mutant> {
    let items = owner.get(key).map(|list| list.items()).unwrap_or_default();
    if items.len() < 2 {
        return Vec::new();
    }
    let dropped = items.iter().enumerate().map(|(at, item)| {
        let rest = items.iter().enumerate().filter(|(other, _)| *other != at);
        let rest: Vec<Value> = rest.map(|(_, other)| other.node.to_json()).collect();
        let change = format!("`{key}` without `{}`", item.text().unwrap_or_default());
        draft.made_to(item.span(), change, vec![owner.with(key, json!(rest))])
    });
    dropped.collect()
}

/// What a target is swapped for: everyone, and rooms of the same parameters that begin alike.
fn others(target: &str, patterns: &[String]) -> Vec<String> {
    match target {
        "everyone" => vec!["sender".into()],
        "others" => vec!["everyone".into(), "sender".into()],
        "sender" => vec!["others".into()],
        room => {
            let holes = holes(room);
            let begin = beginning(room);
            let alike = patterns.iter().filter(|pattern| beginning(pattern) == begin);
            let filled = alike.filter_map(|pattern| filled(pattern, &holes)).filter(|other| other != room);
            filled.chain(["everyone".to_owned()]).collect()
        }
    }
}

fn beginning(text: &str) -> &str {
    text.split(['<', ':']).next().unwrap_or_default()
}

/// The `<...>` of a text, in order.
fn holes(text: &str) -> Vec<String> {
    let pieces = split(text).unwrap_or_default();
    let holes = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Hole(range) => text.get(range).map(|hole| format!("<{hole}>")),
        Piece::Literal(_) => None,
    });
    holes.collect()
}

/// A pattern with these in the place of its parameters; `None` if there are not as many.
fn filled(pattern: &str, values: &[String]) -> Option<String> {
    let mut values = values.iter();
    let mut text = String::new();
    for piece in split(pattern).ok()? {
        match piece {
            Piece::Literal(range) => text.push_str(&pattern[range]),
            Piece::Hole(_) => text.push_str(values.next()?),
        }
    }
    values.next().is_none().then_some(text)
}

/// Without each property that a view leaves out.
fn of_views(event: &Spot<'_>, name: &str) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for view in event.get("views").iter().flat_map(Spot::items) {
        let draft = Draft::at(Kind::View, &view).concerning(Concerns::Sending(name.to_owned()));
        let omitted = view.get("omit").map(|omit| omit.one_or_many()).unwrap_or_default();
        for (at, property) in omitted.iter().enumerate() {
            let rest = omitted.iter().enumerate().filter(|(other, _)| *other != at);
            let rest: Vec<Value> = rest.map(|(_, other)| other.node.to_json()).collect();
            let edit = if rest.is_empty() { view.without("omit") } else { view.with("omit", json!(rest)) };
            mutants.push(draft.made(format!("`{}` shown", property.text().unwrap_or_default()), vec![edit]));
        }
    }
    mutants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_swapped_for_those_that_begin_alike_and_have_as_many_parameters() {
        let patterns: Vec<String> =
            ["class:<classId>", "class:<classId>:staff", "class:<a>:<b>", "user:<userId>"].map(String::from).into();
        assert_eq!(others("class:<c.id>:staff", &patterns), ["class:<c.id>", "everyone"]);
        assert_eq!(others("user:<user.id>", &patterns), ["everyone"]);
        assert_eq!(others("others", &patterns), ["everyone", "sender"]);
    }
}
