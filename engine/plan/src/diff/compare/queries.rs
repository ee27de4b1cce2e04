//! SQL statements, then and now.

use std::collections::BTreeSet;

use homeroom_definition::model::{Allow, Query};
use homeroom_definition::{Text, parse_count, parse_duration};

use super::{Both, described, place, small};
use crate::diff::change::{Act, Aspect, Change, Detail, Effect, Noun, Place};
use crate::diff::read::{House, Noun as Renamed};
use crate::diff::words::and;

impl Both<'_, '_> {
    pub(super) fn queries(&self, changes: &mut Vec<Change>) {
        let deciding = deciding(self.new);
        for (name, was) in &self.old.names.queries {
            let Some(is) = self.new.names.queries.get(self.old.name(Renamed::Query, name)) else {
                let place = Some(Place::Old(was.name.span));
                changes.push(self.change(Noun::Query, name, Act::Removed, place, Vec::new()));
                continue;
            };
            let users: Vec<String> =
                deciding.iter().filter(|(query, _)| *query == is.name.value).map(|(_, user)| user.clone()).collect();
            let details = self.query(was.item, is.item, &users);
            if !details.is_empty() {
                changes.push(self.change(Noun::Query, is.name, Act::Changed, Some(Place::New(is.name.span)), details));
            }
        }
        for (name, is) in &self.new.names.queries {
            if !self.old.names.queries.keys().any(|was| self.old.name(Renamed::Query, was) == *name) {
                let place = Some(Place::New(is.name.span));
                changes.push(self.change(Noun::Query, name, Act::Added, place, Vec::new()));
            }
        }
    }

    fn query(&self, was: &Query, is: &Query, deciding: &[String]) -> Vec<Detail> {
        let mut details: Vec<Detail> =
            described(was.description.as_ref(), is.description.as_ref()).into_iter().collect();
        if statement(&was.sql) != statement(&is.sql) {
            let decides = !deciding.is_empty();
            let mut words = "its statement is written differently".to_owned();
            if decides {
                words.push_str(&format!("; it decides who may use {}", and(deciding)));
            }
            let effect = if decides { Effect::Unclear } else { Effect::Plain };
            details.push(Detail::new(Aspect::Statement { decides }, effect, words, Some(Place::New(is.sql.span))));
        }
        match (&was.returns, &is.returns) {
            (None, None) => {}
            (Some(before), Some(after)) => details.extend(
                self.type_details(before, after)
                    .into_iter()
                    .map(|detail| Detail { words: format!("of what it returns, {}", detail.words), ..detail }),
            ),
            (before, after) => {
                let words = match after {
                    Some(_) => "it returns something now; it only found or did not",
                    None => "it only finds or does not now; it returned something",
                };
                let spans = [before, after].map(|node| node.as_ref().map(|node| node.span));
                details.push(Detail::other(words, place(spans[0], spans[1])));
            }
        }
        details.extend(cache(was.cache.as_ref(), is.cache.as_ref()));
        let rows = |query: &Query| query.max_rows.as_ref().and_then(|node| parse_count(node).ok()).unwrap_or(1000);
        if rows(was) != rows(is) {
            let effect = if rows(is) < rows(was) { Effect::Narrower } else { Effect::Wider };
            let words = format!("it returns at most {} rows now; it was {}", rows(is), rows(was));
            details.push(Detail::new(Aspect::Other, effect, words, Some(Place::New(is.span))));
        }
        details
    }
}

/// A statement without its comments and blanks.
pub(super) fn statement(sql: &Text) -> String {
    match crate::sql::parse(&sql.value) {
        Ok(statement) => {
            let names: Vec<&str> = statement.names().collect();
            format!("{} {}", crate::sql::plain(&sql.value), names.join(" "))
        }
        Err(_) => sql.value.clone(),
    }
}

fn cache(old: Option<&Text>, new: Option<&Text>) -> Option<Detail> {
    let read = |text: Option<&Text>| text.and_then(|text| parse_duration(text).ok()).unwrap_or_default();
    let (was, is) = (read(old), read(new));
    let words = match (was.is_zero(), is.is_zero()) {
        _ if was == is => return None,
        (true, _) => format!("an answer is reused for {} now; it was not", small::duration(is)),
        (_, true) => format!("an answer is not reused now; it was for {}", small::duration(was)),
        _ => format!("an answer is reused for {} now; it was {}", small::duration(is), small::duration(was)),
    };
    Some(Detail::other(words, place(old.map(|text| text.span), new.map(|text| text.span))))
}

/// The queries that rules ask, each with what it decides about.
fn deciding(house: &House<'_>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut add = |checks: &[Text], user: &str| {
        found.extend(checks.iter().map(|check| (check.value.clone(), format!("`{user}`"))));
    };
    let rules = |allow: &Option<Allow>| match allow {
        Some(Allow::Rules(rules)) => rules.iter().flat_map(|rule| rule.check.iter().cloned()).collect(),
        _ => Vec::new(),
    };
    for (name, room) in &house.names.rooms {
        room.parts.iter().for_each(|part| add(&rules(&part.allow), name));
    }
    for (name, event) in &house.unit.file.client_events {
        add(&event.check, name);
        add(&rules(&event.allow), name);
    }
    if let Some(connect) = &house.unit.file.connect {
        add(&connect.check, "connect");
        add(&rules(&connect.allow), "connect");
    }
    found
}
