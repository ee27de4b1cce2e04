//! Changes of rules: each asks for less, for more, for the opposite, or admits anyone or no one.

use homeroom_definition::Span;
use serde_json::{Value, json};

use super::mutant::{Concerns, Draft, Kind, Mutant};
use super::tree::{Edit, Spot};

/// What a rule may ask for.
const RULE_KEYS: [&str; 5] = ["in", "roles", "check", "when", "like"];

/// All changes of the rules of a file.
pub(super) fn mutants(file: &Spot<'_>) -> Vec<Mutant> {
    owners(file).iter().flat_map(|(name, owner)| rules_of(*name, owner)).collect()
}

/// Whatever has rules, with the place of its name: connect, rooms, clients' events.
fn owners<'n>(file: &Spot<'n>) -> Vec<(Span, Spot<'n>)> {
    let tables = ["rooms", "client_events"].into_iter().filter_map(|table| file.get(table));
    let named = tables.flat_map(|table| table.entries().into_iter().map(|(name, owner)| (name.span, owner)));
    let connect = file.get("connect").map(|connect| (connect.span(), connect));
    connect.into_iter().chain(named).collect()
}

fn rules_of(name: Span, owner: &Spot<'_>) -> Vec<Mutant> {
    let listed = owner.get("allow").filter(|allow| allow.text().is_none());
    let items = listed.iter().flat_map(Spot::one_or_many).collect::<Vec<_>>();
    let own = RULE_KEYS.iter().any(|key| owner.has(key)).then(|| owner.clone());
    let mut mutants: Vec<Mutant> = items.iter().flat_map(|rule| of_rule(rule.span(), rule, true)).collect();
    // The rule that an event has in its own keys stands at the event's name.
    mutants.extend(own.iter().flat_map(|rule| of_rule(name, rule, false)));
    let all: Vec<&Spot<'_>> = items.iter().chain(&own).collect();
    if !all.is_empty() {
        let mut edits: Vec<Edit> = RULE_KEYS.iter().map(|key| owner.without(key)).collect();
        edits.push(owner.with("allow", "anyone"));
        let spans = all.iter().map(|rule| rule.span()).chain([name]).collect();
        let draft = Draft::at(Kind::Rule, owner).concerning(Concerns::Reaching(spans));
        mutants.push(draft.made_to(name, "`allow: anyone` instead", edits));
    }
    mutants
}

fn of_rule(place: Span, rule: &Spot<'_>, is_listed: bool) -> Vec<Mutant> {
    let draft = Draft::at(Kind::Rule, rule).concerning(Concerns::Reaching(vec![place]));
    let mut mutants = Vec::new();
    let keys: Vec<&str> = RULE_KEYS.into_iter().filter(|key| rule.has(key)).collect();
    for key in &keys {
        let mut edits = vec![rule.without(key)];
        if is_listed && keys.len() == 1 {
            // A rule of a list that asks for nothing cannot be written.
            edits.push(rule.with("when", "true"));
        }
        let span = rule.get(key).map_or(place, |asked| asked.span());
        mutants.push(draft.made_to(span, format!("without `{key}`"), edits));
    }
    for key in ["in", "roles", "check"] {
        mutants.extend(each_dropped(&draft, rule, key));
    }
    if let Some((when, span)) = rule.get("when").and_then(|when| Some((when.text()?, when.span()))) {
        mutants.push(draft.made_to(span, "`when` negated", vec![rule.with("when", format!("not ({when})"))]));
    }
    mutants.push(draft.made_to(place, "never holds", vec![rule.with("when", "false")]));
    mutants
}

/// Without each of several rooms, roles or checks.
fn each_dropped(draft: &Draft<'_, '_>, rule: &Spot<'_>, key: &str) -> Vec<Mutant> {
    let items = rule.get(key).map(|list| list.items()).unwrap_or_default();
    if items.len() < 2 {
        return Vec::new();
    }
    let dropped = items.iter().enumerate().map(|(at, item)| {
        let others = items.iter().enumerate().filter(|(other, _)| *other != at);
        let others: Vec<Value> = others.map(|(_, other)| other.node.to_json()).collect();
        let name = item.text().unwrap_or_default();
        draft.made_to(item.span(), format!("`{key}` without `{name}`"), vec![rule.with(key, json!(others))])
    });
    dropped.collect()
}
