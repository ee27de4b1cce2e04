//! An event sent by each person in turn, each time as if it were the first.

use std::collections::BTreeSet;

use homeroom_cli::scenario::stage::Received;

use super::hall::{Answer, Ground, Hall};
use super::payloads::Case;
use super::plan::{joining_events, rooms_joined};

/// Refusals that nothing that happened before has a part in, so that they need not be tried alone.
const FINAL: &[&str] = &["UNAUTHORIZED", "NOT_IN_ROOM"];

/// What everyone received, by person; last of all what the sender's other device did, where there is one.
pub(super) type Heard = Vec<Vec<Received>>;

/// What came of one sending.
pub(super) struct Trial {
    /// What the sender was answered.
    pub(super) answer: Answer,
    /// What everyone received at once,
    pub(super) now: Heard,
    /// and while the time passed that the case names.
    pub(super) later: Heard,
    /// The rooms the sender was in before,
    pub(super) before: BTreeSet<String>,
    /// and after.
    pub(super) after: BTreeSet<String>,
}

/// A case of a client event, sent by each person; `None`: they are not connected.
pub(super) async fn by_each(ground: &Ground, event: &str, case: &Case) -> Vec<Option<Trial>> {
    let joins = !rooms_joined(&ground.namespace, &ground.namespace.client_events[event]).is_empty();
    let mut together = if joins { Hall::open(ground).await } else { Hall::joined(ground, None).await };
    let mut trials = Vec::new();
    for who in ground.everyone() {
        if together.turned_away(who).is_some() {
            trials.push(None);
            continue;
        }
        let trial = watched(&mut together, event, case, who).await;
        let is_final = matches!(&trial.answer, Answer::Refused(code) if FINAL.contains(&code.as_str()));
        trials.push(Some(if is_final { trial } else { alone(ground, event, case, who, joins).await }));
    }
    trials
}

async fn alone(ground: &Ground, event: &str, case: &Case, who: usize, joins: bool) -> Trial {
    let mut hall = Hall::joined(ground, joins.then_some(who)).await;
    hall.second_device(who).await;
    hall.prepare(case, Some(who)).await;
    watched(&mut hall, event, case, who).await
}

async fn watched(hall: &mut Hall<'_>, event: &str, case: &Case, who: usize) -> Trial {
    hall.received();
    let before = hall.rooms(who).into_iter().collect();
    let answer = hall.send(who, event, &case.data).await;
    let now = hall.received();
    let after = hall.rooms(who).into_iter().collect();
    let later = match answer {
        Answer::Taken(_) => later(hall, case).await,
        Answer::Refused(_) => Heard::new(),
    };
    Trial { answer, now, later, before, after }
}

/// A case of a backend event: what everyone received at once, and later; or the code it was refused with.
pub(super) async fn by_service(ground: &Ground, event: &str, case: &Case) -> Result<(Heard, Heard), String> {
    let mut hall = Hall::joined(ground, None).await;
    hall.prepare(case, None).await;
    hall.received();
    let reached = hall.serve(event, &case.data).await;
    let now = hall.received();
    let heard: usize = now.iter().map(Vec::len).sum();
    assert!(heard >= reached.clone().unwrap_or(0), "{event} claims to have reached {reached:?}, and {heard} came");
    let later = later(&hall, case).await;
    reached.map(|_| (now, later))
}

/// Each connection in turn ends.
pub(super) async fn by_disconnecting(ground: &Ground) -> Vec<Option<Heard>> {
    let mut trials = Vec::new();
    for who in ground.everyone() {
        let mut hall = Hall::joined(ground, None).await;
        if hall.turned_away(who).is_some() {
            trials.push(None);
            continue;
        }
        hall.received();
        hall.disconnect(who).await;
        trials.push(Some(hall.received()));
    }
    trials
}

/// Each person in turn comes back, on another device and with positions.
pub(super) async fn by_coming_back(ground: &Ground) -> Vec<Option<Heard>> {
    let mut trials = Vec::new();
    let mut hall = Hall::open(ground).await;
    for who in ground.everyone() {
        if hall.turned_away(who).is_some() {
            trials.push(None);
            continue;
        }
        hall.received();
        hall.comes_back(who).await;
        trials.push(Some(hall.received()));
    }
    trials
}

/// The first case of each event, sent by each person who is connected and has joined nothing; none if nothing can be joined.
pub(super) async fn by_strangers(ground: &Ground) -> Vec<(String, Vec<Option<Answer>>)> {
    let joining = joining_events(&ground.namespace);
    let mut events: Vec<&str> = ground.namespace.client_events.keys().map(|event| &**event).collect();
    events.retain(|event| !joining.is_empty() && !joining.contains(event));
    events.sort_unstable();
    let mut tried = Vec::new();
    for event in events {
        let mut hall = Hall::open(ground).await;
        let mut answers = Vec::new();
        for who in ground.everyone() {
            let data = &ground.cases(event)[0].data;
            let is_there = hall.turned_away(who).is_none();
            answers.push(if is_there { Some(hall.send(who, event, data).await) } else { None });
        }
        tried.push((event.to_owned(), answers));
    }
    tried
}

async fn later(hall: &Hall<'_>, case: &Case) -> Heard {
    let Some(time) = &case.then else { return Heard::new() };
    hall.wait(time).await;
    hall.received()
}

impl Trial {
    /// Whether a refusal is without any effect, as it must be.
    pub(super) fn is_whole_or_nothing(&self) -> bool {
        let is_nothing = self.now.iter().all(Vec::is_empty) && self.before == self.after;
        is_nothing || matches!(self.answer, Answer::Taken(_))
    }
}
