//! What clients may receive, then and now.

use std::collections::BTreeSet;

use homeroom_definition::model::ServerEvent;
use homeroom_definition::{Node, Table, Text};

use super::handlers::effect;
use super::payloads::Carried;
use super::{Both, described, place};
use crate::diff::change::{Act, Aspect, Change, Detail, Direction, Effect, Noun, Place};
use crate::diff::read::{House, Scope};
use crate::diff::words::{and, counted};

impl Both<'_, '_> {
    pub(super) fn server_events(&self, changes: &mut Vec<Change>) {
        let (old, new) = (&self.old.names.server_events, &self.new.names.server_events);
        for (name, was) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
            let place = Some(Place::Old(was.name.span));
            changes.push(self.change(Noun::ServerEvent, name, Act::Removed, place, Vec::new()));
        }
        for (name, is) in new {
            let place = Some(Place::New(is.name.span));
            let (act, details) = match old.get(name) {
                None => (Act::Added, vec![Detail::other(goes(is.item), place)]),
                Some(was) => (Act::Changed, self.server_event(is.name, was.item, is.item)),
            };
            if !details.is_empty() {
                changes.push(self.change(Noun::ServerEvent, name, act, place, details));
            }
        }
    }

    fn server_event(&self, name: &Text, was: &ServerEvent, is: &ServerEvent) -> Vec<Detail> {
        let mut details: Vec<Detail> =
            described(was.description.as_ref(), is.description.as_ref()).into_iter().collect();
        let carried = |event| -> Carried<'_> {
            let event: &ServerEvent = event;
            Carried { payload: event.payload.as_ref(), args: event.args.as_ref(), drops: false }
        };
        self.carried(Direction::Received, carried(was), carried(is), &mut details);
        details.extend(self.audience(was, is, name));
        self.views(was, is, name, &mut details);
        let (before, after) = (stem(was), stem(is));
        if before != after {
            let words = match (&before, &after) {
                (Some(before), Some(after)) => format!("it is exported as `{after}` now; it was `{before}`"),
                (None, Some(after)) => format!("it is exported as `{after}` now"),
                (_, None) => "its type is exported without a name of its own now".to_owned(),
            };
            let spans = [&was.export, &is.export].map(|text| text.as_ref().map(|text| text.span));
            let at = place(None, spans[1]).unwrap_or(Place::New(name.span));
            details.push(Detail::new(Aspect::Export, Effect::Plain, words, Some(at)));
        }
        details
    }

    fn audience(&self, was: &ServerEvent, is: &ServerEvent, name: &Text) -> Option<Detail> {
        let rooms = |house: &House<'_>, event: &ServerEvent| -> Vec<(String, String)> {
            let (with, scope) = (Table::<Node>::default(), Scope::default());
            event.to.iter().map(|room| (house.room_form(room, &with, &scope), room.value.clone())).collect()
        };
        let (before, after) = (rooms(self.old, was), rooms(self.new, is));
        let beyond = |one: &[(String, String)], other: &[(String, String)]| -> Vec<String> {
            let is_new = |form: &String| !other.iter().any(|(known, _)| known == form);
            one.iter().filter(|(form, _)| is_new(form)).map(|(_, shown)| shown.clone()).collect()
        };
        let (gained, lost) = (beyond(&after, &before), beyond(&before, &after));
        if gained.is_empty() && lost.is_empty() {
            return None;
        }
        let quoted = |rooms: &[String]| and(&rooms.iter().map(|room| format!("`{room}`")).collect::<Vec<_>>());
        let words = match (gained.is_empty(), lost.is_empty()) {
            (false, true) => format!("it goes to {} too", quoted(&gained)),
            (true, false) => format!("it no longer goes to {}", quoted(&lost)),
            _ => format!("it goes to {} now, and no longer to {}", quoted(&gained), quoted(&lost)),
        };
        let at = is.to.iter().find(|room| gained.contains(&room.value)).map_or(name.span, |room| room.span);
        let effect = effect(&gained, &lost);
        Some(Detail::new(Aspect::Audience { gained, lost }, effect, words, Some(Place::New(at))))
    }

    fn views(&self, was: &ServerEvent, is: &ServerEvent, name: &Text, details: &mut Vec<Detail>) {
        let mut groups: Vec<(Vec<String>, Vec<String>, Vec<String>)> = Vec::new();
        for role in self.roles() {
            let (before, after) = (omitted(was, &role), omitted(is, &role));
            let shows: Vec<String> = before.difference(&after).cloned().collect();
            let hides: Vec<String> = after.difference(&before).cloned().collect();
            if shows.is_empty() && hides.is_empty() {
                continue;
            }
            match groups.iter_mut().find(|(_, shown, hidden)| *shown == shows && *hidden == hides) {
                Some((roles, ..)) => roles.push(role.to_string()),
                None => groups.push((vec![role.to_string()], shows, hides)),
            }
        }
        for (roles, shows, hides) in groups {
            let at = is.views.iter().find(|view| view.roles.iter().any(|role| roles.contains(&role.value)));
            let at = Some(Place::New(at.map_or(name.span, |view| view.span)));
            details.push(view_detail(&roles, shows, hides, at));
        }
    }
}

fn view_detail(roles: &[String], shows: Vec<String>, hides: Vec<String>, at: Option<Place>) -> Detail {
    let quoted = |names: &[String]| and(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>());
    let (who, see, do_not) = match roles {
        [one] => (format!("role {one}"), "sees", "no longer sees"),
        many => (format!("roles {}", and(many)), "see", "no longer see"),
    };
    let words = match (shows.is_empty(), hides.is_empty()) {
        (false, true) => format!("{who} now {see} {}", quoted(&shows)),
        (true, _) => format!("{who} {do_not} {}", quoted(&hides)),
        (false, false) => format!("{who} now {see} {}, and {do_not} {}", quoted(&shows), quoted(&hides)),
    };
    let effect = effect(&shows, &hides);
    Detail::new(Aspect::View { role: and(roles), shows, hides }, effect, words, at)
}

/// What a role does not see of an event.
fn omitted(event: &ServerEvent, role: &str) -> BTreeSet<String> {
    let view = event.views.iter().find(|view| view.roles.iter().any(|one| one.value == role));
    view.map(|view| view.omit.iter().map(|name| name.value.clone()).collect()).unwrap_or_default()
}

/// The stem of its exported names: what it says, else the name of its type.
fn stem(event: &ServerEvent) -> Option<String> {
    let own = event.export.as_ref().map(|text| text.value.clone());
    own.or_else(|| event.payload.as_ref().and_then(Node::as_str).map(str::to_owned))
}

fn goes(event: &ServerEvent) -> String {
    match event.to.len() {
        0 => "it goes where the steps that emit it say".to_owned(),
        1..=4 => format!("it goes to {}", and(&event.to.iter().map(|room| format!("`{room}`")).collect::<Vec<_>>())),
        many => format!("it goes to {}", counted(many, "room")),
    }
}
