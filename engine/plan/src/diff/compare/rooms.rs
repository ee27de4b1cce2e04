//! Rooms, then and now: told apart by their pattern, whatever its parameters are called.

use homeroom_definition::model::{Room, RoomHistory, Step};
use homeroom_definition::{Node, Text, parse_duration};

use super::rights::Said;
use super::{Both, described, place};
use crate::compile::names::DeclaredRoom;
use crate::diff::change::{Act, Change, Detail, Noun, Place, Right};
use crate::diff::read::{House, Scope, data, shape};
use crate::diff::rights::{Depth, Rights};

impl Both<'_, '_> {
    pub(super) fn rooms(&self, changes: &mut Vec<Change>) {
        let find = |house: &House<'_>, room: &DeclaredRoom<'_>| {
            house.names.rooms.values().position(|other| shape(&other.pattern) == shape(&room.pattern))
        };
        for was in self.old.names.rooms.values() {
            if find(self.new, was).is_none() {
                let place = Some(Place::Old(was.name.span));
                changes.push(self.change(Noun::Room, was.name, Act::Removed, place, Vec::new()));
            }
        }
        for is in self.new.names.rooms.values() {
            let place = Some(Place::New(is.name.span));
            let was = find(self.old, is).and_then(|index| self.old.names.rooms.get_index(index));
            let (act, details) = match was {
                None => (Act::Added, vec![self.new_room(is)]),
                Some((_, was)) => (Act::Changed, self.room(was, is)),
            };
            if !details.is_empty() {
                changes.push(self.change(Noun::Room, is.name, act, place, details));
            }
        }
    }

    fn new_room(&self, room: &DeclaredRoom<'_>) -> Detail {
        let rights = Rights::of_room(self.new, room, Depth::AsWritten);
        Detail::other(rights.words("join it", self.new.roles), Some(Place::New(room.name.span)))
    }

    fn room(&self, was: &DeclaredRoom<'_>, is: &DeclaredRoom<'_>) -> Vec<Detail> {
        let description = |room: &DeclaredRoom<'_>| room.parts.iter().find_map(|part| part.description.clone());
        let (before, after) = (description(was), description(is));
        let mut details: Vec<Detail> = described(before.as_ref(), after.as_ref()).into_iter().collect();
        let action = format!("join `{}`", is.name);
        let (before, after) = (said(self.old, was), said(self.new, is));
        details.extend(self.right(Right::Join, &action, &before, &after, is.name.span));
        self.presence(was, is, &mut details);
        details.extend(history(was, is));
        recheck(was, is, &mut details);
        self.presence_steps("on_join", was, is, |part| &part.on_join, &mut details);
        self.presence_steps("on_leave", was, is, |part| &part.on_leave, &mut details);
        details
    }

    fn presence(&self, was: &DeclaredRoom<'_>, is: &DeclaredRoom<'_>, details: &mut Vec<Detail>) {
        let node = |room: &DeclaredRoom<'_>| room.parts.iter().find_map(|part| part.presence.clone());
        let form = |room: &DeclaredRoom<'_>, node: &Option<Node>| {
            node.as_ref().map(|node| data::data(node, &Scope::with_params(room.pattern.params())))
        };
        let (before, after) = (node(was), node(is));
        if form(was, &before) != form(is, &after) {
            let words = match (&before, &after) {
                (None, _) => "who is in it is now remembered (`presence:`)",
                (_, None) => "who is in it is no longer remembered (`presence:`)",
                _ => "what is remembered of who is in it differs (`presence:`)",
            };
            details.push(Detail::other(words, place(before.map(|node| node.span), after.map(|node| node.span))));
        }
    }

    fn presence_steps(
        &self,
        key: &str,
        was: &DeclaredRoom<'_>,
        is: &DeclaredRoom<'_>,
        of: for<'r> fn(&'r Room) -> &'r Vec<Step>,
        details: &mut Vec<Detail>,
    ) {
        let steps = |room: &DeclaredRoom<'_>| -> Vec<Step> {
            room.parts.iter().map(|part| of(part)).find(|steps| !steps.is_empty()).cloned().unwrap_or_default()
        };
        let (before, after) = (Scope::with_params(was.pattern.params()), Scope::with_params(is.pattern.params()));
        let mut found = Vec::new();
        self.steps((&steps(was), &before), (&steps(is), &after), &mut found);
        let when = if key == "on_join" {
            "when a user's first connection enters"
        } else {
            "when a user's last connection has left"
        };
        details.extend(found.into_iter().map(|detail| Detail { words: format!("{when}, {}", detail.words), ..detail }));
    }
}

/// What becomes of what is sent to those who are away.
fn history(was: &DeclaredRoom<'_>, is: &DeclaredRoom<'_>) -> Option<Detail> {
    let of = |room: &DeclaredRoom<'_>| room.parts.iter().find_map(|part| part.history.clone());
    let form = |history: &RoomHistory| {
        let size = history.size.as_ref().and_then(Node::as_int);
        let ttl = history.ttl.as_ref().map(|ttl| ttl.value.trim().to_owned());
        (size, ttl)
    };
    let spoken = |history: &RoomHistory| {
        let (size, ttl) = form(history);
        format!("{} events for {}", size.unwrap_or_default(), ttl.unwrap_or_default())
    };
    let (before, after) = (of(was), of(is));
    if before.as_ref().map(form) == after.as_ref().map(form) {
        return None;
    }
    let words = match (&before, &after) {
        (None, Some(after)) => format!("what is sent to it is now kept: {} (`history:`)", spoken(after)),
        (Some(_), None) => "what is sent to it is no longer kept (`history:`)".to_owned(),
        (Some(before), Some(after)) => {
            format!("{} of what is sent to it are kept instead of {} (`history:`)", spoken(after), spoken(before))
        }
        (None, None) => return None,
    };
    Some(Detail::other(words, place(before.map(|part| part.span), after.map(|part| part.span))))
}

fn recheck(was: &DeclaredRoom<'_>, is: &DeclaredRoom<'_>, details: &mut Vec<Detail>) {
    let every = |room: &DeclaredRoom<'_>| room.parts.iter().find_map(|part| part.recheck.clone());
    let (before, after) = (every(was), every(is));
    let read = |text: &Option<Text>| text.as_ref().and_then(|text| parse_duration(text).ok());
    if read(&before) == read(&after) {
        return;
    }
    let words = match &after {
        None => "who is in it is no longer asked anew whether they may be (`recheck:`)".to_owned(),
        Some(every) => format!("who is in it is asked anew every {} whether they still may be", every.value),
    };
    details.push(Detail::other(words, place(before.map(|text| text.span), after.map(|text| text.span))));
}

fn said(house: &House<'_>, room: &DeclaredRoom<'_>) -> Said {
    let allow = room.parts.iter().find_map(|part| part.allow.as_ref());
    let scope = Scope::with_params(room.pattern.params());
    Said {
        written: Rights::of_room(house, room, Depth::AsWritten),
        through: Rights::of_room(house, room, Depth::Through),
        rules: allow.map(|allow| Rights::of_each_rule(house, allow, &scope)).unwrap_or_default(),
    }
}
