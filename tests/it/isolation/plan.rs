//! What the compiled definitions say of rooms, without anything being sent.

use std::collections::BTreeSet;

use homeroom_plan::program::{Entry, Namespace, RoomId, Step, Verb};

/// The events that enter rooms, in order of their names.
pub(super) fn joining_events(namespace: &Namespace) -> Vec<&str> {
    let joining = namespace.client_events.iter().filter(|(_, entry)| !rooms_joined(namespace, entry).is_empty());
    let mut names: Vec<&str> = joining.map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names
}

/// The rooms that an event may enter.
pub(super) fn rooms_joined(namespace: &Namespace, entry: &Entry) -> BTreeSet<RoomId> {
    let mut rooms = BTreeSet::new();
    each_step(namespace, &entry.handler.body, &mut |step| {
        if let Verb::Join { rooms: joined, .. } = &step.verb {
            rooms.extend(joined.iter().map(|room| room.room));
        }
    });
    rooms
}

/// Whether anybody is told that a connection came or went.
pub(super) fn tells_of_leaving(namespace: &Namespace) -> bool {
    namespace.disconnect.is_some() || namespace.rooms.iter().any(|room| room.on_leave.is_some())
}

/// The room whose name `text` is.
pub(super) fn room_named(namespace: &Namespace, text: &str) -> Option<RoomId> {
    namespace.rooms.iter().position(|room| room.pattern.read(text).is_some())
}

fn each_step(namespace: &Namespace, steps: &[Step], visit: &mut impl FnMut(&Step)) {
    for step in steps {
        visit(step);
        match &step.verb {
            Verb::Each { body, .. } | Verb::Block(body) => each_step(namespace, body, visit),
            // Named steps cannot call themselves, so this comes to an end.
            Verb::CallSteps { procedure, .. } => {
                each_step(namespace, &namespace.procedures[*procedure].handler.body, visit);
            }
            _ => {}
        }
    }
}
