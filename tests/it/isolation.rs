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

use hall::{Answer, Ground, World};
use received::Log;
use rooms::{Rooms, labelled};
use table::{ABSENT, Table};
use trial::{Heard, Trial};

/// The table that people review.
const EXPECTED: &str = "tests/isolation/matrix.md";

#[tokio::test(flavor = "multi_thread")]
async fn isolation_is_as_reviewed() {
    let world = Arc::new(world().await);
    let plan = world.loaded.plan.clone().expect("the bundled namespaces compile");
    let mut gaps = payloads::misfits(&world.payloads, &plan);
    gaps.extend(roles_without_people(&world, &plan));
    covered(&gaps);

    let tried = in_order(&plan).into_iter().map(|namespace| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { section(&Ground::of(world, namespace).await).await })
    });
    let mut text = table::preface(&world);
    for section in tried.collect::<Vec<_>>() {
        let (written, missing) = section.await.expect("everything could be tried");
        text.push_str(&written);
        gaps.extend(missing);
    }
    covered(&gaps);
    compare(&text);
}

fn covered(gaps: &[String]) {
    assert!(gaps.is_empty(), "the matrix does not cover everything:\n{}", gaps.join("\n"));
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

/// What was tried in one namespace, written down; and what could not be tried.
async fn section(ground: &Ground) -> (String, Vec<String>) {
    let namespace = &*ground.namespace;
    let mut rooms = Rooms::at_connect(ground).await;
    let mut events = Table::new(&["event"]);
    let mut log = Log::new(ground).await;
    // Events that join come first, so that it is known what there is to leave.
    let joining = plan::joining_events(namespace);
    let mut names: Vec<&str> = namespace.client_events.keys().map(|event| &**event).collect();
    names.sort_by_key(|event| (!joining.contains(event), *event));
    for event in names {
        for (at, case) in ground.cases(event).iter().enumerate() {
            let label = labelled(event, case);
            let trials = trial::by_each(ground, event, case).await;
            let torn = trials.iter().flatten().find(|trial| !trial.is_whole_or_nothing());
            assert!(torn.is_none(), "{} {label} was refused, and yet something came of it", namespace.path);
            let told = trials.iter().map(|trial| trial.as_ref().map(|trial| &trial.answer));
            events.row(&[&label], answers(&ground.world, told));
            rooms.changed(namespace, &label, at == 0, &trials);
            log.of_people(&label, &heard(&trials, |trial| &trial.now));
            if let Some(time) = &case.then {
                log.of_people(&format!("{label}, then {time}"), &heard(&trials, |trial| &trial.later));
            }
        }
    }
    for (event, tried) in trial::by_strangers(ground).await {
        events.row(&[&format!("{event}, not joined")], answers(&ground.world, tried.iter().map(Option::as_ref)));
    }
    services(ground, &mut log).await;
    partings(ground, &mut log).await;
    returns(ground, &mut log).await;
    let gaps = gaps(namespace, &rooms, &log);
    (written(ground, &rooms, &events, &log), gaps)
}

async fn services(ground: &Ground, log: &mut Log<'_>) {
    let mut names: Vec<&str> = ground.namespace.backend_events.keys().map(|event| &**event).collect();
    names.sort_unstable();
    for event in names {
        for case in ground.cases(event) {
            let label = labelled(event, case);
            match trial::by_service(ground, event, case).await {
                Err(code) => log.refused(&label, &code),
                Ok((now, later)) => {
                    log.of_service(&label, &now);
                    log.of_service(&format!("{label}, then {}", case.then.as_deref().unwrap_or("nothing")), &later);
                }
            }
        }
    }
}

async fn partings(ground: &Ground, log: &mut Log<'_>) {
    if plan::tells_of_leaving(&ground.namespace) {
        log.of_people("disconnect", &tried(&trial::by_disconnecting(ground).await));
    }
}

async fn returns(ground: &Ground, log: &mut Log<'_>) {
    log.of_people("coming back", &tried(&trial::by_coming_back(ground).await));
}

/// Who could be tried, with what everyone received of it.
fn tried(trials: &[Option<Heard>]) -> Vec<(usize, &Heard)> {
    trials.iter().enumerate().filter_map(|(who, heard)| Some((who, heard.as_ref()?))).collect()
}

/// The rooms that nobody has entered, and the events that nobody has received.
fn gaps(namespace: &Namespace, rooms: &Rooms, log: &Log<'_>) -> Vec<String> {
    let untried = rooms.untried(namespace).into_iter().map(|room| format!("nobody has entered {room}"));
    let unheard = namespace.server_events.iter().filter(|event| !log.seen.contains(&*event.name));
    untried.chain(unheard.map(|event| format!("nobody has received {} {}", namespace.path, event.name))).collect()
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

fn written(ground: &Ground, rooms: &Rooms, events: &Table, log: &Log<'_>) -> String {
    let world = &ground.world;
    let mut text = format!("\n## {}\n", ground.namespace.path);
    text.push_str(&rooms.table.markdown("Rooms", world));
    let closed = rooms.closed(&ground.namespace);
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
