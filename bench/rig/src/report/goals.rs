//! What was to be reached, and whether it was.

use std::fmt::Write;

use super::figures::{Figures, Spread};
use super::tables::HANDWRITTEN;
use crate::peers::Peer;

/// What a goal is about.
#[derive(Debug, Clone, Copy)]
enum Of {
    /// A measure itself.
    Measure(&'static str),
    /// Over the better hand-written row.
    Handwritten(&'static str),
    Uws(&'static str),
    Ws(&'static str),
    /// Over the hand-written row on the current-thread runtime.
    CurrentThread(&'static str),
}

struct Goal {
    table: &'static str,
    row: &'static str,
    what: &'static str,
    of: Of,
    bound: Bound,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

use Bound::{AtLeast, AtMost};

const HOMEROOM: &str = "Homeroom, own transport";
const PRESENT: &str = "Homeroom, own transport, presence";

const fn goal(table: &'static str, what: &'static str, of: Of, bound: Bound) -> Goal {
    Goal { table, row: HOMEROOM, what, of, bound }
}

const GOALS: &[Goal] = &[
    goal("S1", "S1: CPU, of the better hand-written", Of::Handwritten("cpu"), AtMost(0.9)),
    goal("S1", "S1: CPU, of Node on ws", Of::Ws("cpu"), AtMost(1.0 / 3.5)),
    goal("S1", "S1: ack p99, of hand-written current-thread", Of::CurrentThread("ack_p99"), AtMost(1.0)),
    goal("S1Redis", "S1 with Redis: CPU, of the better hand-written", Of::Handwritten("cpu"), AtMost(1.0)),
    goal("S2Steady", "S2 steady: CPU, of uWebSockets", Of::Uws("cpu"), AtMost(1.0)),
    goal("S2Full", "S2 full speed: CPU, of uWebSockets", Of::Uws("cpu"), AtMost(0.7)),
    goal("S2Flood", "S2 flood: deliveries lost in silence", Of::Measure("lost"), AtMost(0.0)),
    goal("S3", "S3: CPU, of the better hand-written", Of::Handwritten("cpu"), AtMost(0.7)),
    goal("S3", "S3: p99, ms", Of::Measure("delivery_p99"), AtMost(1.5)),
    Goal { row: PRESENT, ..goal("S4", "S4: KiB a connection, presence on", Of::Measure("kib"), AtMost(4.0)) },
    goal("S4", "S4: KiB a connection, presence off", Of::Measure("kib"), AtMost(3.0)),
    goal("S4", "S4: connects and joins a second", Of::Measure("rate"), AtLeast(7000.0)),
    goal("S4Most", "S4: connections held", Of::Measure("held"), AtLeast(50_000.0)),
    goal("S5", "S5: CPU of both, of the better hand-written", Of::Handwritten("cpu"), AtMost(1.0)),
    goal("S5", "S5: p99, ms", Of::Measure("delivery_p99"), AtMost(1.0)),
];

/// Growths, from and to.
const GROWTHS: &[(&str, &str)] = &[
    ("1 namespaces", "1000 namespaces, one used"),
    ("1 namespaces", "1000 namespaces"),
    ("10 declared events", "10000 declared events, ten used"),
    ("10 declared events", "10000 declared events"),
    ("1 rooms", "100000 rooms"),
];

/// How much more the work may cost where more is declared.
const GROWTH_MAX: f64 = 1.05;

pub(super) fn write(text: &mut String, figures: &Figures<'_>) {
    let mut lines = String::new();
    for goal in GOALS {
        if let Some(found) = goal.found(figures) {
            line(&mut lines, goal.what, goal.bound, found);
        }
    }
    for (from, to) in GROWTHS {
        if let Some(found) = figures.ratio("S6", to, from, "cpu") {
            let what = format!("S6: CPU with {to}, of that with {from}");
            // Rooms are told, and have no goal: each is memory that has to be fetched.
            let bound = if to.ends_with("rooms") { AtMost(f64::INFINITY) } else { AtMost(GROWTH_MAX) };
            line(&mut lines, &what, bound, found);
        }
    }
    if !lines.is_empty() {
        let _ = writeln!(text, "## Goals\n\n| | wanted | found | |\n|---|---|---|---|\n{lines}");
    }
}

fn line(lines: &mut String, what: &str, bound: Bound, found: Spread) {
    let (wanted, is_reached) = match bound {
        AtMost(most) if most.is_infinite() => ("-".into(), None),
        AtMost(most) => (format!("at most {}", number(most)), Some(found.median <= most)),
        AtLeast(least) => (format!("at least {}", number(least)), Some(found.median >= least)),
    };
    let told = is_reached.map_or("", |is_reached| if is_reached { "yes" } else { "**no**" });
    let decimals = if found.median >= 100.0 { 0 } else { 2 };
    let _ = writeln!(lines, "| {what} | {wanted} | {} | {told} |", found.shown(decimals));
}

fn number(value: f64) -> String {
    let decimals = if value.fract() == 0.0 { 0 } else { 2 };
    format!("{value:.decimals$}")
}

impl Goal {
    fn found(&self, figures: &Figures<'_>) -> Option<Spread> {
        let over = |other: &str, measure| figures.ratio(self.table, self.row, other, measure);
        match self.of {
            Of::Measure(measure) => figures.spread(self.table, self.row, measure),
            Of::Handwritten(measure) => over(figures.least(self.table, &HANDWRITTEN, measure)?, measure),
            Of::Uws(measure) => over(Peer::NodeUws.name(), measure),
            Of::Ws(measure) => over(Peer::NodeWs.name(), measure),
            Of::CurrentThread(measure) => over(Peer::HandwrittenCurrentThread.name(), measure),
        }
    }
}
