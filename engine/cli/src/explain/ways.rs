//! Where definitions enter a room or send an event: what can bring something about.

use homeroom_plan::program::{EventId, Handler, Namespace, RoomId, Step, Verb};

/// What does something, and the place of the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) by: By,
    pub(super) place: String,
}

/// What brings something about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    Connect,
    Client(String),
    Backend(String),
    /// Something that nobody sends: in words.
    Itself(String),
}

impl By {
    /// In words, as the subject of a sentence.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Connect => "connecting".to_owned(),
            Self::Client(event) => event.clone(),
            Self::Backend(event) => format!("the backend event {event}"),
            Self::Itself(words) => words.clone(),
        }
    }
}

/// What enters a room.
pub(super) fn into_room(namespace: &Namespace, room: RoomId) -> Vec<Way> {
    ways(namespace, &|verb| matches!(verb, Verb::Join { rooms, .. } if rooms.iter().any(|one| one.room == room)))
}

/// What sends an event.
pub(super) fn to_send(namespace: &Namespace, event: EventId) -> Vec<Way> {
    ways(namespace, &|verb| matches!(verb, Verb::Emit(emit) if emit.event == event))
}

fn ways(namespace: &Namespace, wanted: &dyn Fn(&Verb) -> bool) -> Vec<Way> {
    let mut handlers: Vec<(By, &Handler)> = vec![(By::Connect, &namespace.connect.handler)];
    let named = |name: &str| name.to_owned();
    handlers.extend(namespace.client_events.iter().map(|(name, entry)| (By::Client(named(name)), &entry.handler)));
    handlers.extend(namespace.backend_events.iter().map(|(name, entry)| (By::Backend(named(name)), &entry.handler)));
    for room in &namespace.rooms {
        let by = |what| By::Itself(format!("{what} {}", room.pattern.text));
        handlers.extend(room.on_join.iter().map(|handler| (by("the first connection into"), handler)));
        handlers.extend(room.on_leave.iter().map(|handler| (by("the last connection out of"), handler)));
    }
    for state in &namespace.states {
        let by = By::Itself(format!("an entry of {} that runs out", state.name));
        handlers.extend(state.on_expire.iter().map(|handler| (by.clone(), handler)));
    }
    let gone = By::Itself("a connection that ends".to_owned());
    handlers.extend(namespace.disconnect.iter().map(|handler| (gone.clone(), handler)));
    let mut found = Vec::new();
    for (by, handler) in handlers {
        let mut places = Vec::new();
        walk(namespace, &handler.body, wanted, &mut places);
        found.extend(places.into_iter().map(|place| Way { by: by.clone(), place }));
    }
    found.sort_by(|one, other| rank(&one.by).cmp(&rank(&other.by)).then_with(|| one.place.cmp(&other.place)));
    found.dedup_by(|one, other| one.by == other.by);
    found
}

fn rank(by: &By) -> (u8, &str) {
    match by {
        By::Connect => (0, ""),
        By::Client(name) => (1, name),
        By::Backend(name) => (2, name),
        By::Itself(words) => (3, words),
    }
}

fn walk(namespace: &Namespace, steps: &[Step], wanted: &dyn Fn(&Verb) -> bool, places: &mut Vec<String>) {
    for step in steps {
        if wanted(&step.verb) {
            places.push(step.place.to_string());
        }
        match &step.verb {
            Verb::Block(body) | Verb::Each { body, .. } => walk(namespace, body, wanted, places),
            Verb::CallSteps { procedure, .. } => {
                walk(namespace, &namespace.procedures[*procedure].handler.body, wanted, places);
            }
            _ => {}
        }
    }
}
