//! Which rooms admit by other rules than before: what a new plan must ask of those who are already in.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

use crate::Plan;
use crate::program::{Namespace, Room, RoomRef, Rule};

/// Rooms, by namespace and by how their names are spelt.
pub type Rooms = HashMap<Arc<str>, HashSet<Box<str>>>;

/// The rooms of `new` whose rules are not those they had in `old`, and those of `old` that are no more. Errs on the safe
/// side: rules that are written differently and mean the same count as changed.
#[must_use]
pub fn changed(old: &Plan, new: &Plan) -> Rooms {
    let mut changed = Rooms::new();
    for (path, before) in &old.namespaces {
        let Some(after) = new.namespaces.get(path) else { continue };
        let now: HashMap<&str, String> =
            after.rooms.iter().map(|room| (spelt(room), written(new, after, room))).collect();
        let differs = |room: &&Room| now.get(spelt(room)) != Some(&written(old, before, room));
        let rooms: HashSet<Box<str>> = before.rooms.iter().filter(differs).map(|room| spelt(room).into()).collect();
        if !rooms.is_empty() {
            changed.insert(Arc::clone(path), rooms);
        }
    }
    changed
}

fn spelt(room: &Room) -> &str {
    &room.pattern.text
}

/// A room's rules as a text that tells them apart from others: with the statements that they ask, and the rules that they
/// refer to, and without places, which any edit above moves.
fn written(plan: &Plan, namespace: &Namespace, room: &Room) -> String {
    let mut text = String::new();
    let mut seen = HashSet::new();
    write_room(plan, namespace, room, &mut seen, &mut text);
    text
}

fn write_room<'n>(
    plan: &Plan,
    namespace: &'n Namespace,
    room: &'n Room,
    seen: &mut HashSet<&'n str>,
    text: &mut String,
) {
    if seen.insert(spelt(room)) {
        for rule in &room.rules {
            write_rule(plan, namespace, rule, seen, text);
        }
    }
}

fn write_rule<'n>(plan: &Plan, namespace: &'n Namespace, rule: &Rule, seen: &mut HashSet<&'n str>, text: &mut String) {
    let roles: Vec<&str> = rule.roles.iter().filter_map(|role| plan.roles.get(*role)).map(|role| &**role).collect();
    let named = |reference: &RoomRef| format!("{} {:?}", spelt(&namespace.rooms[reference.room]), reference.params);
    let inside: Vec<String> = rule.inside.iter().map(named).collect();
    // Writing to a `String` does not fail.
    let _ = write!(text, "rule {roles:?} {inside:?} {:?} {:?}", rule.when_before, rule.when);
    for check in &rule.checks {
        let query = &plan.queries[check.call.query];
        let _ = write!(text, " check {:?} {:?} {:?}", query.sql, check.call.params, check.lends);
    }
    if let Some(like) = &rule.like {
        let _ = write!(text, " like {} ", named(like));
        write_room(plan, namespace, &namespace.rooms[like.room], seen, text);
    }
    text.push('\n');
}
