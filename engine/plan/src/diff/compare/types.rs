//! Types and refusal codes, then and now.

use std::collections::BTreeSet;

use homeroom_definition::Node;
use homeroom_definition::model::BackendEvent;

use super::{Both, place};
use crate::diff::change::{Act, Change, Detail, Noun, Place};
use crate::diff::read::House;

impl Both<'_, '_> {
    /// Types that came or went; one that changed is told at the events that carry it, and here only if there is none.
    pub(super) fn types(&self, changes: &mut Vec<Change>) {
        for (name, was) in &self.old.names.types {
            if !self.new.names.types.contains_key(name) {
                let place = Some(Place::Old(was.name.span));
                changes.push(self.change(Noun::Type, name, Act::Removed, place, Vec::new()));
            }
        }
        let carried = carried(self.new);
        for (name, is) in &self.new.names.types {
            let at = Some(Place::New(is.name.span));
            match self.old.names.types.get(name) {
                None => changes.push(self.change(Noun::Type, name, Act::Added, at, Vec::new())),
                Some(was) => {
                    let details = self.type_details(was.item, is.item);
                    if !details.is_empty() && !carried.contains(*name) {
                        changes.push(self.change(Noun::Type, name, Act::Changed, at, details));
                    }
                }
            }
        }
    }

    pub(super) fn codes(&self, changes: &mut Vec<Change>) {
        let (old, new) = (&self.old.names.errors, &self.new.names.errors);
        for (code, was) in old.iter().filter(|(code, _)| !new.contains_key(*code)) {
            changes.push(self.change(Noun::Code, code, Act::Removed, Some(Place::Old(was.name.span)), Vec::new()));
        }
        for (code, is) in new {
            let at = place(None, Some(is.name.span));
            match old.get(code) {
                None => changes.push(self.change(Noun::Code, code, Act::Added, at, Vec::new())),
                Some(was) if was.item.value != is.item.value => {
                    let words = format!("clients are told \"{}\" now; it was \"{}\"", is.item, was.item);
                    changes.push(self.change(Noun::Code, code, Act::Changed, at, vec![Detail::other(words, at)]));
                }
                Some(_) => {}
            }
        }
    }
}

/// The types that events of clients and services carry, and those that these are made of.
fn carried(house: &House<'_>) -> BTreeSet<String> {
    let file = house.unit.file;
    let mut nodes: Vec<&Node> = file.connect.iter().filter_map(|connect| connect.payload.as_ref()).collect();
    nodes.extend(file.client_events.iter().flat_map(|(_, event)| event.payload.iter().chain(&event.args)));
    nodes
        .extend(house.names.server_events.values().flat_map(|event| event.item.payload.iter().chain(&event.item.args)));
    for (_, event) in &file.backend_events {
        if let BackendEvent::Full(steps) = event {
            nodes.extend(steps.payload.iter().chain(&steps.args));
        }
    }
    let mut types = BTreeSet::new();
    for node in nodes {
        let each = node.as_seq().map_or_else(|| vec![node], |items| items.iter().collect());
        for schema in each.into_iter().map(|node| house.schema(node)) {
            let definitions = schema.get("$defs").and_then(serde_json::Value::as_object);
            types.extend(definitions.into_iter().flatten().map(|(name, _)| name.clone()));
        }
    }
    types
}
