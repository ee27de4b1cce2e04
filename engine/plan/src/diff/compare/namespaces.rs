//! Namespaces as a whole: there or not, open or not, the form of acks.

use std::sync::Arc;

use homeroom_definition::{Node, Table, parse_envelope};

use super::{Both, described, place};
use crate::diff::change::{Act, Aspect, Change, Detail, Effect, Noun, Place};
use crate::diff::read::{House, Scope, data};
use crate::diff::words::{and, counted};

/// A namespace that is new.
pub(super) fn added(house: &House<'_>) -> Change {
    whole(house, Act::Added, Place::New(house.unit.path.span))
}

/// A namespace that is gone.
pub(super) fn removed(house: &House<'_>) -> Change {
    whole(house, Act::Removed, Place::Old(house.unit.path.span))
}

fn whole(house: &House<'_>, act: Act, place: Place) -> Change {
    let file = house.unit.file;
    let parts = [
        (file.client_events.len(), "client event"),
        (file.backend_events.len(), "backend event"),
        (file.server_events.len(), "server event"),
        (file.rooms.len(), "room"),
    ];
    let counted: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(*count, noun)).collect();
    let words = match act {
        Act::Removed => "clients that are connected to it are told that it is gone".to_owned(),
        _ if counted.is_empty() => "it is empty".to_owned(),
        _ => format!("it has {}", and(&counted)),
    };
    let mut details = vec![Detail::other(words, Some(place))];
    if act == Act::Added && house.is_open() {
        details.push(Detail::other("anyone may connect without a token", Some(place)));
    }
    let namespace = Arc::from(house.path());
    Change { namespace, noun: Noun::Namespace, name: house.path().to_owned(), act, details, place: Some(place) }
}

impl Both<'_, '_> {
    pub(super) fn namespace(&self, changes: &mut Vec<Change>) {
        let (old, new) = (self.old.unit.file, self.new.unit.file);
        let mut details: Vec<Detail> =
            described(old.description.as_ref(), new.description.as_ref()).into_iter().collect();
        let here = self.new.unit.path.span;
        if self.old.is_open() != self.new.is_open() {
            let opened = self.new.is_open();
            let (effect, words) = match opened {
                true => (Effect::Wider, "anyone may now connect without a token"),
                false => (Effect::Narrower, "a token is now needed to connect"),
            };
            let place = place(old.auth.as_ref().map(|text| text.span), new.auth.as_ref().map(|text| text.span));
            details.push(Detail::new(Aspect::Auth { opened }, effect, words, place.or(Some(Place::New(here)))));
        }
        if envelope(old.envelope.as_ref()) != envelope(new.envelope.as_ref()) {
            let spans = (old.envelope.as_ref().map(|node| node.span), new.envelope.as_ref().map(|node| node.span));
            let words = "every ack has another form: `envelope:` was changed";
            details.push(Detail::new(Aspect::Envelope, Effect::Unclear, words, place(spans.0, spans.1)));
        }
        if !details.is_empty() {
            changes.push(self.change(Noun::Namespace, self.new.path(), Act::Changed, Some(Place::New(here)), details));
        }
    }

    pub(super) fn procedures(&self, changes: &mut Vec<Change>) {
        let noun = crate::diff::read::Noun::Steps;
        for (name, was) in &self.old.names.procedures {
            let Some(is) = self.new.names.procedures.get(self.old.name(noun, name)) else {
                let place = Some(Place::Old(was.name.span));
                changes.push(self.change(Noun::Steps, name, Act::Removed, place, Vec::new()));
                continue;
            };
            let mut details: Vec<Detail> =
                described(was.item.description.as_ref(), is.item.description.as_ref()).into_iter().collect();
            let params = |table: &Table<Node>| table.names().map(|name| name.value.clone()).collect::<Vec<_>>();
            let fields =
                |item: &homeroom_definition::model::Procedure| [params(&item.fields), params(&item.optional)].concat();
            let scope = |item| {
                let values = fields(item).into_iter().map(|name| (name.clone(), format!("field.{name}")));
                Scope::with_values(values.collect())
            };
            let (before, after) = (scope(was.item), scope(is.item));
            let scopes = self.steps((&was.item.body, &before), (&is.item.body, &after), &mut details);
            let gives = |node: &Option<Node>, scope: &Scope| node.as_ref().map(|node| data::data(node, scope));
            if gives(&was.item.gives, &scopes.0) != gives(&is.item.gives, &scopes.1) {
                details.push(Detail::other("they give their caller something else", Some(Place::New(is.name.span))));
            }
            let (mut before, mut after) = (fields(was.item), fields(is.item));
            before.sort();
            after.sort();
            if before != after {
                details.push(Detail::other("they are called with other fields", Some(Place::New(is.name.span))));
            }
            if !details.is_empty() {
                changes.push(self.change(Noun::Steps, is.name, Act::Changed, Some(Place::New(is.name.span)), details));
            }
        }
        for (name, is) in &self.new.names.procedures {
            let was = self.old.names.procedures.keys().any(|was| self.old.name(noun, was) == *name);
            if !was {
                let place = Some(Place::New(is.name.span));
                changes.push(self.change(Noun::Steps, name, Act::Added, place, Vec::new()));
            }
        }
    }
}

/// The form of acks, in one form.
pub(super) fn envelope(node: Option<&Node>) -> String {
    let success = "{\"data\":payload.ack,\"success\":true}";
    match node.map(parse_envelope) {
        None | Some(Ok(homeroom_definition::Envelope::Success)) => format!("{success} and its failure"),
        Some(Ok(homeroom_definition::Envelope::Pair { success, failure })) => {
            let scope = Scope::default();
            format!("{} and {}", data::data(&success, &scope), data::data(&failure, &scope))
        }
        Some(Ok(homeroom_definition::Envelope::Bare)) => "bare".to_owned(),
        Some(Err(_)) => node.map(|node| data::data(node, &Scope::default())).unwrap_or_default(),
    }
}
