//! What is remembered, then and now.

use homeroom_definition::model::State;
use homeroom_definition::{Node, Pattern, Text, parse_count, parse_duration};

use super::{Both, described, place, small};
use crate::diff::change::{Act, Aspect, Change, Detail, Effect, Noun, Place};
use crate::diff::read::{Noun as Renamed, Scope, shape};

/// Bytes an entry may have where nothing is said.
const ENTRY_BYTES_MAX: usize = 65_536;

impl Both<'_, '_> {
    pub(super) fn states(&self, changes: &mut Vec<Change>) {
        for (name, was) in &self.old.names.states {
            let Some(is) = self.new.names.states.get(self.old.name(Renamed::State, name)) else {
                let place = Some(Place::Old(was.name.span));
                let words = "what it has remembered is no longer read, and ends by itself";
                let details = vec![Detail::other(words, place)];
                changes.push(self.change(Noun::State, name, Act::Removed, place, details));
                continue;
            };
            let details = self.state(was.item, is.item, is.name);
            if !details.is_empty() {
                changes.push(self.change(Noun::State, is.name, Act::Changed, Some(Place::New(is.name.span)), details));
            }
        }
        for (name, is) in &self.new.names.states {
            if !self.old.names.states.keys().any(|was| self.old.name(Renamed::State, was) == *name) {
                let place = Some(Place::New(is.name.span));
                let details = vec![Detail::other(described_state(is.item), place)];
                changes.push(self.change(Noun::State, name, Act::Added, place, details));
            }
        }
    }

    fn state(&self, was: &State, is: &State, name: &Text) -> Vec<Detail> {
        let mut details: Vec<Detail> =
            described(was.description.as_ref(), is.description.as_ref()).into_iter().collect();
        let at = Some(Place::New(name.span));
        let ((kind_was, key_was), (kind_is, key_is)) = (key(was), key(is));
        if kind_was != kind_is {
            let words = format!("it is a {kind_is} now, and was a {kind_was}: what it has remembered is lost");
            details.push(Detail::other(words, at));
        } else if key_was.as_ref().map(shape) != key_is.as_ref().map(shape) {
            let text = |key: &Option<Pattern>| key.as_ref().map(|key| key.text.clone()).unwrap_or_default();
            let words = format!(
                "its key is `{}` now, and was `{}`: what it has remembered is no longer found",
                text(&key_is),
                text(&key_was)
            );
            details.push(Detail::other(words, at));
        }
        details.extend(duration_detail(was.ttl.as_ref(), is.ttl.as_ref()));
        details.extend(count_detail("it holds at most {} entries", (&was.max, None), (&is.max, None)));
        let default = Some(ENTRY_BYTES_MAX);
        details.extend(count_detail(
            "an entry has at most {} bytes",
            (&was.max_bytes, default),
            (&is.max_bytes, default),
        ));
        details.extend(when_full(was, is, at));
        let unique = |state: &State| state.unique.as_ref().map(|text| text.value.clone());
        if unique(was) != unique(is) {
            let words = match unique(is) {
                Some(property) => format!("each `{property}` may be there only once now"),
                None => "the same value may be there more than once now".to_owned(),
            };
            details.push(Detail::other(words, at));
        }
        let scope = |key: &Option<Pattern>| Scope::with_params(key.iter().flat_map(Pattern::params));
        let mut found = Vec::new();
        self.steps((&was.on_expire, &scope(&key_was)), (&is.on_expire, &scope(&key_is)), &mut found);
        let prefixed = found
            .into_iter()
            .map(|detail| Detail { words: format!("when an entry runs out, {}", detail.words), ..detail });
        details.extend(prefixed);
        details
    }
}

/// Its kind, and its key.
pub(super) fn key(state: &State) -> (&'static str, Option<Pattern>) {
    let all = [("hash", &state.hash), ("set", &state.set), ("list", &state.list), ("counter", &state.counter)];
    let found = all.into_iter().find_map(|(kind, text)| Some((kind, text.as_ref()?)));
    found.map_or(("state", None), |(kind, text)| (kind, Pattern::parse(text).ok()))
}

fn described_state(state: &State) -> String {
    let (kind, key) = key(state);
    let key = key.map(|key| format!(" under `{}`", key.text)).unwrap_or_default();
    let ttl = state.ttl.as_ref().map(|ttl| format!(", an entry lives {ttl}")).unwrap_or_default();
    format!("a {kind}{key}{ttl}")
}

fn duration_detail(old: Option<&Text>, new: Option<&Text>) -> Option<Detail> {
    let read = |text: Option<&Text>| text.and_then(|text| parse_duration(text).ok());
    let (was, is) = (read(old)?, read(new)?);
    let effect = if is < was { Effect::Narrower } else { Effect::Wider };
    let words = format!("an entry lives {} now; it was {}", small::duration(is), small::duration(was));
    let at = place(old.map(|text| text.span), new.map(|text| text.span));
    (was != is).then(|| Detail::new(Aspect::Other, effect, words, at))
}

fn count_detail(
    words: &str,
    (old, old_default): (&Option<Node>, Option<usize>),
    (new, new_default): (&Option<Node>, Option<usize>),
) -> Option<Detail> {
    let read = |node: &Option<Node>| node.as_ref().and_then(|node| parse_count(node).ok());
    let (was, is) = (read(old).or(old_default)?, read(new).or(new_default)?);
    let effect = if is < was { Effect::Narrower } else { Effect::Wider };
    let words = format!("{} now; it was {was}", words.replace("{}", &is.to_string()));
    let at = place(old.as_ref().map(|node| node.span), new.as_ref().map(|node| node.span));
    (was != is).then(|| Detail::new(Aspect::Other, effect, words, at))
}

fn when_full(was: &State, is: &State, at: Option<Place>) -> Option<Detail> {
    let drops = |state: &State| state.when_full.as_ref().is_some_and(|word| word.value == "drop_oldest");
    let words = match (drops(was), drops(is)) {
        (false, true) => "when it is full, the oldest entry makes room now; it was refused with FULL",
        (true, false) => "when it is full, a further entry is refused with FULL now; the oldest made room",
        _ => return None,
    };
    Some(Detail::other(words, at))
}
