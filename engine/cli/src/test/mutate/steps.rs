//! Changes of what steps do, when, and for how long; of limits, and of how long things are remembered.

use homeroom_definition::values::duration_of;

use super::mutant::{Concerns, Draft, Kind, Mutant};
use super::tree::Spot;

/// Steps that do something and can be left out; what others yield is used.
const ACTS: [&str; 11] =
    ["join", "leave", "put", "add", "push", "increment", "clear", "take", "execute", "call", "refuse"];

/// All steps of a file, those within others included.
pub(super) fn all<'n>(file: &Spot<'n>) -> Vec<Spot<'n>> {
    let mut steps = Vec::new();
    for owner in ["connect", "disconnect"] {
        below(file.get(owner).and_then(|owner| owner.get("do")).as_ref(), &mut steps);
    }
    let tables: [(&str, &[&str]); 5] = [
        ("rooms", &["on_join", "on_leave"]),
        ("state", &["on_expire"]),
        ("steps", &["do"]),
        ("client_events", &["do"]),
        ("backend_events", &["do"]),
    ];
    for (table, keys) in tables {
        for (_, owner) in file.get(table).iter().flat_map(Spot::entries) {
            keys.iter().for_each(|key| below(owner.get(key).as_ref(), &mut steps));
        }
    }
    steps
}

fn below<'n>(list: Option<&Spot<'n>>, steps: &mut Vec<Spot<'n>>) {
    for step in list.iter().flat_map(|list| list.items()) {
        let inner = step.get("do");
        steps.push(step);
        below(inner.as_ref(), steps);
    }
}

/// All changes of the steps of a file, but for those of whom is sent what.
pub(super) fn mutants(file: &Spot<'_>) -> Vec<Mutant> {
    let mut mutants: Vec<Mutant> = all(file).iter().flat_map(of_step).collect();
    for (_, state) in file.get("state").iter().flat_map(Spot::entries) {
        let draft = Draft::at(Kind::Step, &state).concerning(Concerns::All);
        mutants.extend(of_life(&draft, &state));
        if state.has("unique") {
            mutants.push(draft.made("without `unique`", vec![state.without("unique")]));
        }
    }
    for (_, event) in file.get("client_events").iter().flat_map(Spot::entries) {
        if event.has("rate_limit") {
            let draft = Draft::at(Kind::Step, &event).concerning(Concerns::All);
            let span = event.get("rate_limit").map_or(event.span(), |limit| limit.span());
            mutants.push(draft.made_to(span, "without `rate_limit`", vec![event.without("rate_limit")]));
        }
    }
    mutants
}

fn of_step(step: &Spot<'_>) -> Vec<Mutant> {
    let draft = Draft::at(Kind::Step, step);
    let mut mutants = Vec::new();
    if ACTS.iter().any(|verb| step.has(verb)) {
        mutants.push(draft.made("left out", vec![step.removed()]));
    }
    if let Some(when) = step.get("when").and_then(|when| when.text()) {
        mutants.push(draft.made("`when` negated", vec![step.with("when", format!("not ({when})"))]));
        mutants.push(draft.made("without `when`", vec![step.without("when")]));
    }
    let is_join = step.has("join");
    match step.get("else").and_then(|otherwise| otherwise.text()).as_deref() {
        Some("continue") if is_join => {
            mutants.push(draft.made("without `else: continue`", vec![step.without("else")]));
        }
        Some("continue") | None => {}
        Some(word) => {
            let change = format!("`else: continue` instead of `{word}`");
            mutants.push(draft.made(change, vec![step.with("else", "continue")]));
        }
    }
    if step.has("only") {
        mutants.push(draft.made("without `only`", vec![step.without("only")]));
    }
    mutants.extend(of_life(&draft, step));
    mutants
}

/// Twice and half as long.
fn of_life(draft: &Draft<'_, '_>, owner: &Spot<'_>) -> Vec<Mutant> {
    let Some(ttl) = owner.get("ttl") else { return Vec::new() };
    let Some(written) = ttl.text() else { return Vec::new() };
    let Some(life) = duration_of(&written) else { return Vec::new() };
    let other = |change: &str, ms: u128| {
        draft.made_to(ttl.span(), format!("`ttl` {change}: {ms}ms"), vec![owner.with("ttl", format!("{ms}ms"))])
    };
    vec![other("doubled", life.as_millis() * 2), other("halved", (life.as_millis() / 2).max(1))]
}
