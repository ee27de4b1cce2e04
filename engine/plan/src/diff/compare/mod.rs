//! Two sides compared: what the files said, and what they say now.

mod answers;
mod events;
mod handlers;
mod namespaces;
mod payloads;
mod queries;
mod renames;
mod rights;
mod rooms;
mod server_events;
mod small;
mod states;
mod types;
mod webhooks;

pub use small::duration;

use std::collections::BTreeSet;
use std::sync::Arc;

use homeroom_definition::{RateLimit, Span, Text};

use super::change::{Act, Change, Detail, Noun, Place};
use super::read::{House, houses};
use crate::compile::Input;
use crate::program::Plan;

/// One side: files that compile, and what of the settings decides what they mean.
#[derive(Debug)]
pub struct Side<'a> {
    /// The files.
    pub input: Input<'a>,
    /// What they compile to.
    pub plan: &'a Plan,
    /// The rate limit of events that state none.
    pub default_rate: RateLimit,
}

/// What has changed from `old` to `new`. Both must compile; what stands differently but means the same is no change.
#[must_use]
pub fn compare(old: &Side<'_>, new: &Side<'_>) -> Vec<Change> {
    let (mut before, after) = (houses(&old.input), houses(&new.input));
    let mut changes = Vec::new();
    for house in &mut before {
        if !after.iter().any(|other| other.path() == house.path()) {
            changes.push(namespaces::removed(house));
        }
    }
    for house in &after {
        match before.iter_mut().find(|other| other.path() == house.path()) {
            None => changes.push(namespaces::added(house)),
            Some(was) => {
                renames::learn(was, house);
                let both = Both {
                    old: was,
                    new: house,
                    rates: (old.default_rate, new.default_rate),
                    plans: (old.plan, new.plan),
                };
                both.compare(&mut changes);
            }
        }
    }
    changes.sort_by(|one, other| (&one.namespace, one.noun).cmp(&(&other.namespace, other.noun)));
    changes
}

/// A namespace on both sides.
pub(super) struct Both<'s, 'a> {
    pub(super) old: &'s House<'a>,
    pub(super) new: &'s House<'a>,
    pub(super) rates: (RateLimit, RateLimit),
    pub(super) plans: (&'s Plan, &'s Plan),
}

impl Both<'_, '_> {
    fn compare(&self, changes: &mut Vec<Change>) {
        self.namespace(changes);
        self.connect(changes);
        self.rooms(changes);
        self.client_events(changes);
        self.backend_events(changes);
        self.server_events(changes);
        self.states(changes);
        self.queries(changes);
        self.procedures(changes);
        self.webhooks(changes);
        self.codes(changes);
        self.types(changes);
    }

    pub(super) fn change(
        &self,
        noun: Noun,
        name: &str,
        act: Act,
        place: Option<Place>,
        details: Vec<Detail>,
    ) -> Change {
        Change { namespace: Arc::from(self.new.path()), noun, name: name.to_owned(), act, details, place }
    }

    /// Every role of either side.
    pub(super) fn roles(&self) -> Vec<Arc<str>> {
        let all: BTreeSet<Arc<str>> =
            self.old.roles.iter().filter(|role| !self.new.roles.contains(role)).cloned().collect();
        self.new.roles.iter().cloned().chain(all).collect()
    }
}

/// Where it is now, or was.
pub(super) fn place(old: Option<Span>, new: Option<Span>) -> Option<Place> {
    new.map(Place::New).or(old.map(Place::Old))
}

/// Whether a description was reworded.
pub(super) fn described(old: Option<&Text>, new: Option<&Text>) -> Option<Detail> {
    let words = |text: Option<&Text>| text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    (words(old) != words(new)).then(|| {
        let place = place(old.map(|text| text.span), new.map(|text| text.span));
        Detail::other("the description is reworded", place)
    })
}
