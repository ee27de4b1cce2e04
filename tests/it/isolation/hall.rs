//! One namespace with everyone of the demo district in it, on the real engine.

use std::sync::Arc;

use homeroom_cli::load::Loaded;
use homeroom_cli::scenario::Theatre;
use homeroom_cli::scenario::stage::{Received, Seat, Stage};
use homeroom_definition::values::duration_of;
use homeroom_plan::program::Namespace;
use homeroom_tests::bundled;
use serde_json::Value;

use super::payloads::{Case, Payloads};
use super::people::Person;
use super::plan::joining_events;

/// Who stands in `before:` for whoever sends the event.
const SENDER: &str = "sender";

/// What all namespaces have in common.
pub(super) struct World {
    /// The definitions.
    pub(super) loaded: Loaded,
    /// The script of the demo district.
    pub(super) script: String,
    /// Everyone in it.
    pub(super) people: Vec<Person>,
    /// What events are sent with.
    pub(super) payloads: Payloads,
}

/// What came of sending an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// It was taken, and answered with this.
    Taken(Value),
    /// It was refused with this code.
    Refused(String),
}

/// A namespace of the world, and what is known of it before anything is tried.
pub(super) struct Ground {
    /// The world.
    pub(super) world: Arc<World>,
    /// The namespace.
    pub(super) namespace: Arc<Namespace>,
    /// Who enters rooms, by which event and which of its cases. Whoever is refused changes nothing and is not here.
    entrances: Vec<(usize, String, usize)>,
}

/// A namespace with people connected to it. People go by their place in [`World::people`].
pub(super) struct Hall<'g> {
    ground: &'g Ground,
    stage: Stage,
    seats: Vec<Result<Seat, String>>,
    /// The other device of whoever sends the event.
    second: Option<Seat>,
    acks: u64,
}

impl World {
    /// Where somebody stands among the people.
    fn place(&self, id: &str) -> usize {
        let place = self.people.iter().position(|person| person.id == id);
        place.unwrap_or_else(|| panic!("payloads.yaml speaks of `{id}`, who is not in the demo district"))
    }
}

impl Ground {
    /// A namespace, after everyone has tried every way into its rooms.
    pub(super) async fn of(world: Arc<World>, namespace: Arc<Namespace>) -> Self {
        let bare = Self { world, namespace, entrances: Vec::new() };
        let mut entrances = Vec::new();
        let mut hall = Hall::open(&bare).await;
        for event in joining_events(&bare.namespace) {
            for (at, case) in bare.cases(event).iter().enumerate() {
                for who in bare.everyone() {
                    if let Answer::Taken(_) = hall.send(who, event, &case.data).await {
                        entrances.push((who, event.to_owned(), at));
                    }
                }
            }
        }
        Self { entrances, ..bare }
    }

    /// The cases of an event.
    pub(super) fn cases(&self, event: &str) -> &[Case] {
        let cases = self.world.payloads.get(&*self.namespace.path);
        cases.and_then(|cases| cases.get(event)).map_or(&[], Vec::as_slice)
    }

    /// Everyone, by their places.
    pub(super) fn everyone(&self) -> std::ops::Range<usize> {
        0..self.world.people.len()
    }
}

impl<'g> Hall<'g> {
    /// Everyone is connected, as far as they may be.
    pub(super) async fn open(ground: &'g Ground) -> Self {
        let world = &ground.world;
        let plan = world.loaded.plan.clone().expect("there is a plan");
        let settings = world.loaded.settings.as_ref().expect("there are settings").limits.clone();
        let theatre = Theatre::new(plan, bundled::hooks(), settings, &world.loaded.sources);
        let known = world.people.iter().map(|person| (person.id.clone(), person.user.clone())).collect();
        let stage = Stage::new(&theatre, &ground.namespace.path, known, Some(&world.script)).await;
        let stage = stage.expect("the script runs");
        let mut seats = Vec::new();
        for person in &world.people {
            seats.push(stage.connect(&person.id, None).await);
        }
        Self { ground, stage, seats, second: None, acks: 0 }
    }

    /// Everyone is connected, and all but one have entered every room that they may.
    pub(super) async fn joined(ground: &'g Ground, except: Option<usize>) -> Self {
        let mut hall = Self::open(ground).await;
        for (who, event, at) in &ground.entrances {
            if Some(*who) != except {
                hall.send(*who, event, &ground.cases(event)[*at].data).await;
            }
        }
        hall
    }

    /// The code somebody's connect was refused with.
    pub(super) fn turned_away(&self, who: usize) -> Option<&str> {
        self.seats[who].as_ref().err().map(String::as_str)
    }

    /// The rooms somebody is in.
    pub(super) fn rooms(&self, who: usize) -> Vec<String> {
        let seat = self.seats[who].as_ref();
        seat.map_or_else(|_| Vec::new(), |seat| seat.session.rooms().iter().map(ToString::to_string).collect())
    }

    /// What must have happened before an event is sent; where that is refused, it has not happened.
    pub(super) async fn prepare(&mut self, case: &Case, sender: Option<usize>) {
        for before in &case.before {
            let who = match before.by.as_str() {
                SENDER => sender.expect("somebody sends the event"),
                id => self.ground.world.place(id),
            };
            let data = self.ground.cases(&before.send).first().map(|case| case.data.clone());
            let data = data.unwrap_or_else(|| panic!("payloads.yaml has no `{}` to send before", before.send));
            self.send(who, &before.send, &data).await;
        }
    }

    /// Somebody sends an event.
    pub(super) async fn send(&mut self, who: usize, event: &str, data: &Value) -> Answer {
        let seat = match &self.seats[who] {
            Ok(seat) => seat,
            Err(code) => return Answer::Refused(code.clone()),
        };
        self.acks += 1;
        self.stage.emit(seat, event, std::slice::from_ref(data), Some(self.acks)).await;
        let acks = seat.tape.acks.lock();
        let (_, answer) = acks.iter().find(|(id, _)| *id == self.acks).expect("every event is answered");
        let answer = answer.first().cloned().unwrap_or_default();
        match answer.get("code").and_then(Value::as_str) {
            Some(code) => Answer::Refused(code.to_owned()),
            None => Answer::Taken(answer),
        }
    }

    /// A service sends an event. How many it reached, or the code it was refused with.
    pub(super) async fn serve(&self, event: &str, data: &Value) -> Result<usize, String> {
        let came = self.stage.backend(event, Some(data.clone())).await;
        came.map(|reached| reached.sockets).map_err(|refusal| refusal.code.to_string())
    }

    /// Somebody's connection ends.
    pub(super) async fn disconnect(&mut self, who: usize) {
        if let Ok(seat) = std::mem::replace(&mut self.seats[who], Err(String::new())) {
            self.stage.disconnect(seat).await;
        }
    }

    /// Time passes.
    pub(super) async fn wait(&self, time: &str) {
        let time = duration_of(time).unwrap_or_else(|| panic!("`{time}` of payloads.yaml is no length of time"));
        let seats: Vec<&Seat> = self.seats.iter().flatten().collect();
        self.stage.advance(time.as_millis() as i64, &seats).await;
    }

    /// Somebody takes up another device, which joins nothing.
    pub(super) async fn second_device(&mut self, who: usize) {
        self.second = self.second_of(who, None).await;
    }

    /// Somebody comes back on another device, and hands over the positions they were told: none.
    pub(super) async fn comes_back(&mut self, who: usize) {
        self.second = self.second_of(who, Some(serde_json::json!({ "since": {} }))).await;
    }

    async fn second_of(&self, who: usize, auth: Option<Value>) -> Option<Seat> {
        let name = format!("{}#2", self.ground.world.people[who].id);
        self.stage.connect(&name, auth).await.ok()
    }

    /// What everyone has received since this was last asked; last of all the second device, if there is one.
    pub(super) fn received(&self) -> Vec<Vec<Received>> {
        let drained = |seat: &Seat| seat.tape.events.lock().drain(..).collect();
        let people = self.seats.iter().map(|seat| seat.as_ref().map_or_else(|_| Vec::new(), drained));
        people.chain(self.second.as_ref().map(drained)).collect()
    }
}
