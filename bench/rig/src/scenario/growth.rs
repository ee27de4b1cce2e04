//! S6: the same work where more is declared: namespaces, events, rooms. Homeroom alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::request::{self, Loops, emit_typing_in};
use super::{Counted, ENTER, Measures, Run, class_of, drain};
use crate::load::{Client, Packet, Person, Scene, Swarm};
use crate::peers::Peer;
use crate::scenario::meter::Meter;
use crate::tally::Tally;
use crate::token::token;

const CLIENTS: usize = 2000;
const SEATS: usize = 2;

/// Rooms that a pair of clients shares where there are 100,000.
const ROOMS_EACH_MAX: usize = 100;

/// How many events a file of definitions declares; more of them would be too large for one.
const EVENTS_EACH_MAX: usize = 2500;

/// What there is more of, and how many. *Unused*: beside the one namespace, or the ten events, that all the work is done in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    Namespaces(usize),
    UnusedNamespaces(usize),
    Events(usize),
    UnusedEvents(usize),
    Rooms(usize),
}

/// How many events are used where others are not.
const USED_EVENTS: usize = 10;

impl Growth {
    /// In the order in which they are measured: what is compared comes close together, as machines change by the minute.
    pub(crate) const ALL: [Self; 15] = [
        Self::Namespaces(1),
        Self::UnusedNamespaces(1000),
        Self::Namespaces(1000),
        Self::Namespaces(10),
        Self::Namespaces(100),
        Self::Events(10),
        Self::UnusedEvents(10_000),
        Self::Events(10_000),
        Self::Events(1000),
        Self::Rooms(1),
        Self::Rooms(10),
        Self::Rooms(100),
        Self::Rooms(1000),
        Self::Rooms(10_000),
        Self::Rooms(100_000),
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Namespaces(_) => "namespaces",
            Self::UnusedNamespaces(_) => "namespaces, one used",
            Self::Events(_) => "declared events",
            Self::UnusedEvents(_) => "declared events, ten used",
            Self::Rooms(_) => "rooms",
        }
    }

    pub(crate) fn count(self) -> usize {
        match self {
            Self::Namespaces(count)
            | Self::UnusedNamespaces(count)
            | Self::Events(count)
            | Self::UnusedEvents(count)
            | Self::Rooms(count) => count,
        }
    }
}

pub(crate) fn run(run: &Run, growth: Growth) -> Result<Measures, String> {
    let folder = match growth {
        Growth::Rooms(_) => run.places.bench.join("namespaces"),
        _ => write(&run.places.bench.join("namespaces"), &run.places.scratch(), growth)?,
    };
    let server = run.places.start_with(Peer::Homeroom, None, &folder)?;
    let mut swarm = Swarm::new(run.pause)?;
    let person = |who: usize, namespace: Arc<str>, classes| Person {
        server: server.address,
        namespace,
        token: token(who),
        classes,
    };
    match growth {
        Growth::Namespaces(_) | Growth::UnusedNamespaces(_) => {
            let count = if let Growth::Namespaces(count) = growth { count } else { 1 };
            let namespace = |who: usize| format!("/bench-{}", who / SEATS % count).into();
            swarm.enter((0..CLIENTS).map(|who| person(who, namespace(who), class_of(who, SEATS))), ENTER)?;
            request::measure(run, &server, None, &mut swarm, &mut Loops::new(CLIENTS, SEATS))
        }
        Growth::Events(_) | Growth::UnusedEvents(_) => {
            let count = if let Growth::Events(count) = growth { count } else { USED_EVENTS };
            let files = count.div_ceil(EVENTS_EACH_MAX);
            let namespace = |who: usize| format!("/bench-{}", who / SEATS % files).into();
            swarm.enter((0..CLIENTS).map(|who| person(who, namespace(who), class_of(who, SEATS))), ENTER)?;
            let mut loops = Loops::of(CLIENTS, SEATS, |who| format!("typing-{}", who % (count / files)));
            request::measure(run, &server, None, &mut swarm, &mut loops)
        }
        Growth::Rooms(count) => {
            let each = count.div_ceil(CLIENTS / SEATS).min(ROOMS_EACH_MAX);
            let clients = count / each * SEATS;
            let classes = |who: usize| (who / SEATS * each) as u32..(who / SEATS * each + each) as u32;
            swarm.enter((0..clients).map(|who| person(who, "/bench".into(), classes(who))), ENTER)?;
            let mut rounds = Rounds { tally: Tally::new(clients, SEATS), next: 0, under_way: 0, is_over: false };
            swarm.play(&mut rounds, run.warm_up)?;
            rounds.tally.begin_window();
            let meter = Meter::start(vec![&server], None);
            swarm.play(&mut rounds, run.window)?;
            let mut measures = Measures::new();
            meter.stop(rounds.tally.acked, &mut measures);
            rounds.tally.report(&mut measures);
            rounds.is_over = true;
            drain(&mut swarm, &mut rounds)?;
            rounds.tally.report_faults(&mut swarm, &mut measures);
            Ok(measures)
        }
    }
}

/// Two events are under way at any time, whoever's turn it is, each in the next room: so that one room and a hundred
/// thousand are asked as often.
struct Rounds {
    tally: Tally,
    next: usize,
    under_way: usize,
    is_over: bool,
}

const UNDER_WAY: usize = 2;

impl Counted for Rounds {
    fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl Scene for Rounds {
    fn heard(&mut self, who: usize, _: &mut Client, packet: &Packet<'_>, at: Instant) {
        match packet {
            Packet::Ack { id, body } => {
                self.under_way -= 1;
                self.tally.ack(who, *id, Packet::is_success(body), at);
            }
            Packet::Event(body) => {
                if let Some(number) = Packet::seq(body) {
                    self.tally.hear(who, number, at);
                }
            }
            _ => {}
        }
    }

    fn turn(&mut self, swarm: &mut Swarm, _: Instant) -> Duration {
        while self.under_way < UNDER_WAY && !self.is_over {
            let who = self.next % swarm.len();
            let lap = (self.next / swarm.len()) as u32;
            let number = self.tally.send(who);
            let client = swarm.client(who);
            let classes = client.person.classes.clone();
            let class = classes.start + lap % (classes.end - classes.start);
            emit_typing_in(client, "typing", class, number);
            self.next += 1;
            self.under_way += 1;
        }
        Duration::from_millis(20)
    }
}

/// Writes definitions in which there is more, beside what they share with the others; yields their folder.
fn write(from: &Path, scratch: &Path, growth: Growth) -> Result<PathBuf, String> {
    let folder = scratch.join("growth");
    let told = |error: std::io::Error| error.to_string();
    let _ = fs::remove_dir_all(&folder);
    let (namespaces, events) = match growth {
        Growth::Namespaces(count) | Growth::UnusedNamespaces(count) => (count, 0),
        Growth::Events(count) | Growth::UnusedEvents(count) => {
            (count.div_ceil(EVENTS_EACH_MAX), count.min(EVENTS_EACH_MAX))
        }
        Growth::Rooms(_) => (0, 0),
    };
    let original = fs::read_to_string(from.join("bench/namespace.yaml")).map_err(told)?;
    for number in 0..namespaces {
        let folder = folder.join(format!("bench-{number}"));
        fs::create_dir_all(&folder).map_err(told)?;
        let text = original.replace("namespace: /bench\n", &format!("namespace: /bench-{number}\n"));
        let text = text.replace("class:<classId>:typing", &format!("bench-{number}:<classId>:typing"));
        fs::write(folder.join("namespace.yaml"), with_events(&text, events)).map_err(told)?;
    }
    for shared in ["common.yaml", "homeroom.yaml"] {
        fs::copy(from.join(shared), folder.join(shared)).map_err(told)?;
    }
    Ok(folder)
}

/// The definition with so many more events like `typing`.
fn with_events(text: &str, count: usize) -> String {
    let from = text.find("  typing:\n    in:").expect("there is such an event");
    let to = text.find("  announce:\n    in:").expect("there is such an event");
    let event = &text[from + "  typing:".len()..to];
    let mut events = String::new();
    for number in 0..count {
        let _ = write!(events, "  typing-{number}:{event}");
    }
    format!("{}{events}{}", &text[..to], &text[to..])
}
