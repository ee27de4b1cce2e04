//! The isolation matrix: every person of the demo district against every room, every event that can be sent and every event
//! that comes of it, compared with a table that people review.

mod hall;
mod payloads;
mod people;
mod plan;
mod received;
mod rooms;
mod table;
mod trial;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use homeroom_plan::Plan;
use homeroom_plan::program::Namespace;
use homeroom_tests::bundled;

use hall::{Answer, Hall, World};
use received::Log;
use rooms::{Rooms, labelled};
use table::{ABSENT, Table};
use trial::{Heard, Trial};

/// The table that people review.
const EXPECTED: &str = "tests/isolation/matrix.md";

#[tokio::test]
async fn isolation_is_as_reviewed() {
    let world = world().await;
    let plan = world.loaded.plan.clone().expect("the bundled namespaces compile");
    let mut gaps = payloads::misfits(&world.payloads, &plan);
    gaps.extend(roles_without_people(&world, &plan));
    assert!(gaps.is_empty(), "the matrix does not cover everything:\n{}", gaps.join("\n"));

    let mut text = table::preface(&world);
    for namespace in in_order(&plan) {
        text.push_str(&section(&world, &namespace, &mut gaps).await);
    }
    assert!(gaps.is_empty(), "the matrix does not cover everything:\n{}", gaps.join("\n"));
    compare(&text);
}

async fn world() -> World {
    let texts = bundled::texts().expect("the bundled files can be read");
    let loaded = bundled::load(&texts).await;
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics.sorted());
    let script = texts.iter().find(|(path, _)| path == "district.sql").expect("there is a demo district").1.clone();
    let people = people::everyone(&script, loaded.plan.as_ref().expect("there is a plan")).await;
    World { loaded, script, people, payloads: payloads::read() }
}

fn in_order(plan: &Plan) -> Vec<Arc<Namespace>> {
    let mut namespaces: Vec<Arc<Namespace>> = plan.namespaces.values().cloned().collect();
    namespaces.sort_by(|a, b| a.path.cmp(&b.path));
    namespaces
}

/// Every role must be somebody's in at least two tenants, so that own and foreign both have a column.
fn roles_without_people(world: &World, plan: &Plan) -> Vec<String> {
    let tenants = |role: &str| -> BTreeSet<&str> {
        world.people.iter().filter(|person| person.role == role).map(|person| person.tenant.as_str()).collect()
    };
    let lonely = plan.roles.iter().filter(|role| tenants(role).len() < 2);
    lonely.map(|role| format!("the demo district has {role} in less than two tenants")).collect()
}

/// What was tried in one namespace; what could not be tried goes to `gaps`.
async fn section(world: &World, namespace: &Namespace, gaps: &mut Vec<String>) -> String {
    let hall = Hall::open(world, namespace).await;
    let absent = (0..world.people.len()).map(|who| hall.turned_away(who).is_some()).collect();
    let mut rooms = Rooms::at_connect(world, namespace).await;
    let mut events = Table::new(&["event"]);
    let mut log = Log::new(world, absent);

    let mut names: Vec<&str> = namespace.client_events.keys().map(|event| &**event).collect();
    names.sort_unstable();
    for event in names {
        for case in world.cases(namespace, event) {
            let label = labelled(event, case);
            let trials = trial::by_each(world, namespace, event, case).await;
            events.row(&[&label], answers(world, trials.iter().map(|trial| trial.as_ref().map(|trial| &trial.answer))));
            rooms.changed(namespace, &label, &trials);
            log.of_people(&label, &heard(&trials, |trial| &trial.now));
            if let Some(time) = &case.then {
                log.of_people(&format!("{label}, then {time}"), &heard(&trials, |trial| &trial.later));
            }
        }
    }
    for (event, tried) in trial::by_strangers(world, namespace).await {
        events.row(&[&format!("{event}, not joined")], answers(world, tried.iter().map(Option::as_ref)));
    }
    services(world, namespace, &mut log).await;
    if plan::tells_of_leaving(namespace) {
        let trials = trial::by_disconnecting(world, namespace).await;
        let heard: Vec<(usize, &Heard)> =
            trials.iter().enumerate().filter_map(|(who, heard)| Some((who, heard.as_ref()?))).collect();
        log.of_people("disconnect", &heard);
    }

    gaps.extend(rooms.untried(namespace).into_iter().map(|room| format!("nobody has entered {room}")));
    let unseen = namespace.server_events.iter().filter(|event| !log.seen.contains(&*event.name));
    gaps.extend(unseen.map(|event| format!("nobody has received {} {}", namespace.path, event.name)));
    written(world, namespace, &rooms, &events, &log)
}

async fn services(world: &World, namespace: &Namespace, log: &mut Log<'_>) {
    let mut names: Vec<&str> = namespace.backend_events.keys().map(|event| &**event).collect();
    names.sort_unstable();
    for event in names {
        for case in world.cases(namespace, event) {
            let label = labelled(event, case);
            let (now, later) = match trial::by_service(world, namespace, event, case).await {
                Ok(heard) => heard,
                Err(code) => {
                    log.refused(&label, &code);
                    continue;
                }
            };
            log.of_service(&label, &now);
            if let Some(time) = &case.then {
                log.of_service(&format!("{label}, then {time}"), &later);
            }
        }
    }
}

fn answers<'a>(world: &World, answers: impl Iterator<Item = Option<&'a Answer>>) -> Vec<String> {
    let cell = |(who, answer): (usize, Option<&Answer>)| {
        answer.map_or_else(|| ABSENT.to_owned(), |answer| table::answer(world, who, answer))
    };
    answers.enumerate().map(cell).collect()
}

/// Who was taken, with what everyone received of it.
fn heard(trials: &[Option<Trial>], heard: impl Fn(&Trial) -> &Heard) -> Vec<(usize, &Heard)> {
    let taken = trials.iter().enumerate().filter_map(|(who, trial)| Some((who, trial.as_ref()?)));
    let taken = taken.filter(|(_, trial)| matches!(trial.answer, Answer::Taken(_)));
    taken.map(|(who, trial)| (who, heard(trial))).collect()
}

fn written(world: &World, namespace: &Namespace, rooms: &Rooms, events: &Table, log: &Log<'_>) -> String {
    let mut text = format!("\n## {}\n", namespace.path);
    text.push_str(&rooms.table.markdown("Rooms", world));
    let closed = rooms.closed(namespace);
    if !closed.is_empty() {
        let _ = writeln!(text, "\nNothing enters {}.", closed.join(", "));
    }
    text.push_str(&events.markdown("Sent", world));
    text.push_str(&log.table.markdown("Received", world));
    text
}

/// Compares with the table that was reviewed, or writes it anew.
fn compare(text: &str) {
    let path = bundled::path(EXPECTED);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, text).expect("the table can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = text.lines().zip(expected.lines()).enumerate().find(|(_, (now, reviewed))| now != reviewed);
    if let Some((at, (now, reviewed))) = differs {
        panic!("{EXPECTED}:{} was reviewed as\n{reviewed}\nand is now\n{now}", at + 1);
    }
    assert_eq!(text.lines().count(), expected.lines().count(), "{EXPECTED} has other rows now");
}
