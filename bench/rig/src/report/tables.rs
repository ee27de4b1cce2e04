//! One table for each scenario.

use std::fmt::Write;

use super::figures::Figures;
use super::plot::{Bar, Plot, bars, lines};
use crate::peers::Peer;

/// A column: the measure, its heading, how many decimals.
type Column = (&'static str, &'static str, usize);

pub(super) struct Table {
    /// What records bear.
    pub(super) id: &'static str,
    title: &'static str,
    text: &'static str,
    columns: &'static [Column],
    /// What ratios are made of, and what rows are drawn by.
    main: Column,
    over: &'static [Over],
}

/// What a ratio is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// The better of the two that are written by hand.
    Handwritten,
    Uws,
}

const CPU_EVENT: Column = ("cpu", "CPU µs/event", 1);
const CPU_DELIVERY: Column = ("cpu", "CPU µs/delivery", 2);
const LOST: Column = ("lost", "lost", 0);
const WRONG: Column = ("disordered", "out of order", 0);
const DOUBLED: Column = ("doubled", "doubled", 0);
const REFUSED: Column = ("refused", "refused, told", 0);
const ENDED: Column = ("ended", "ended, told", 0);
const BUSY: Column = ("busy", "server CPU %", 0);
const LOAD_BUSY: Column = ("load_busy", "load CPU %", 0);

const REQUEST: &[Column] = &[
    CPU_EVENT,
    ("rate", "events/s", 0),
    ("ack_p50", "ack p50 ms", 2),
    ("ack_p99", "p99 ms", 2),
    ("reads", "reads/message", 2),
    BUSY,
    LOAD_BUSY,
    LOST,
    DOUBLED,
    WRONG,
    REFUSED,
    ENDED,
];

const FANOUT: &[Column] = &[
    CPU_DELIVERY,
    ("rate", "deliveries/s", 0),
    ("delivery_p50", "p50 ms", 2),
    ("delivery_p99", "p99 ms", 2),
    ("reads", "reads/message", 2),
    BUSY,
    LOAD_BUSY,
    LOST,
    DOUBLED,
    WRONG,
    ENDED,
];

pub(super) const TABLES: &[Table] = &[
    Table {
        id: "S1",
        title: "S1: request and ack",
        text: "200 clients, two in a room. Each sends a typing event as soon as its last one was answered: schema, limit, room, state \
               that ends, a broadcast to the other, an ack.",
        columns: REQUEST,
        main: CPU_EVENT,
        over: &[Over::Handwritten],
    },
    Table {
        id: "S1Redis",
        title: "S1 with Redis",
        text: "The same; state is in Redis, and broadcasts pass it, as they must where there are several servers.",
        columns: &[
            CPU_EVENT,
            ("redis_cpu", "CPU µs/event of Redis", 1),
            ("rate", "events/s", 0),
            ("ack_p50", "ack p50 ms", 2),
            ("ack_p99", "p99 ms", 2),
            BUSY,
            LOAD_BUSY,
            LOST,
            DOUBLED,
            WRONG,
            REFUSED,
            ENDED,
        ],
        main: CPU_EVENT,
        over: &[Over::Handwritten],
    },
    Table {
        id: "S2Full",
        title: "S2: fan-out at full speed",
        text: "One of a room of 1,000 sends events of 300 bytes; four are under way at any time.",
        columns: FANOUT,
        main: CPU_DELIVERY,
        over: &[Over::Handwritten, Over::Uws],
    },
    Table {
        id: "S2Steady",
        title: "S2: fan-out at 20,000 deliveries a second",
        text: "The same room; 20 events a second.",
        columns: FANOUT,
        main: CPU_DELIVERY,
        over: &[Over::Handwritten, Over::Uws],
    },
    Table {
        id: "S2Flood",
        title: "S2: a publisher that does not wait",
        text: "3,000 events of 300 bytes to a room of 1,000, written at once. *Lost* is what nobody was told of: deliveries that \
               never came to somebody who is still connected.",
        columns: &[
            CPU_DELIVERY,
            ("delivered", "delivered", 0),
            ("due", "of", 0),
            LOST,
            ENDED,
            REFUSED,
            DOUBLED,
            WRONG,
            ("rate", "deliveries/s", 0),
        ],
        main: CPU_DELIVERY,
        over: &[],
    },
    Table {
        id: "S3",
        title: "S3: a crowd under a load that does not wait",
        text: "10,000 connections in 400 rooms of 25; 1,000 typing events a second, each heard by 24.",
        columns: &[
            CPU_DELIVERY,
            ("delivery_p50", "p50 ms", 2),
            ("delivery_p99", "p99 ms", 2),
            ("delivery_p999", "p99.9 ms", 2),
            ("rate", "deliveries/s", 0),
            BUSY,
            LOAD_BUSY,
            LOST,
            DOUBLED,
            WRONG,
            REFUSED,
            ENDED,
        ],
        main: CPU_DELIVERY,
        over: &[Over::Handwritten],
    },
    Table {
        id: "S4",
        title: "S4: connections, idle",
        text: "The same 10,000, two seconds after the last came in: growth of the resident memory. Coming in is a WebSocket, a \
               verified token, a room, and telling the room.",
        columns: &[
            ("kib", "KiB/connection", 1),
            ("rate", "connects and joins/s", 0),
            ("cpu", "CPU µs/connect and join", 0),
            ("empty_mib", "MiB when empty", 0),
            ("asked_again", "joins not answered", 0),
            ENDED,
        ],
        main: ("kib", "KiB/connection", 1),
        over: &[Over::Handwritten],
    },
    Table {
        id: "S4Most",
        title: "S4: the most that were held",
        text: "On as many servers as it takes where a process may have so many files open as on this machine; a server has no \
               other bound. Each has a process that holds its clients.",
        columns: &[
            ("held", "held", 0),
            ("servers", "by servers", 0),
            ("kib", "KiB/connection", 1),
            ("rate", "connects and joins/s", 0),
            ("cpu", "CPU µs/connect and join", 0),
        ],
        main: ("kib", "KiB/connection", 1),
        over: &[],
    },
    Table {
        id: "S5",
        title: "S5: two servers over Redis",
        text: "The two in a room are on two servers; 1,000 typing events a second. CPU is that of both servers.",
        columns: &[
            CPU_EVENT,
            ("redis_cpu", "CPU µs/event of Redis", 1),
            ("delivery_p50", "p50 ms", 2),
            ("delivery_p99", "p99 ms", 2),
            ("ack_p99", "ack p99 ms", 2),
            ("rate", "events/s", 0),
            LOST,
            DOUBLED,
            WRONG,
            REFUSED,
            ENDED,
        ],
        main: CPU_EVENT,
        over: &[Over::Handwritten],
    },
    Table {
        id: "S6",
        title: "S6: growth",
        text: "Homeroom alone. 2,000 clients, spread over what there is more of, do what they do in S1: so every event needs \
               another definition, which is no longer in the caches of the core. *Used* are fewer in some rows: there the same work is \
               done beside what lies idle. Where rooms grow, two events are under way at any time, each in the next room.",
        columns: &[
            CPU_EVENT,
            ("rate", "events/s", 0),
            ("ack_p50", "ack p50 ms", 2),
            ("ack_p99", "p99 ms", 2),
            LOST,
            REFUSED,
            ENDED,
        ],
        main: CPU_EVENT,
        over: &[],
    },
];

impl Table {
    pub(super) fn write(&self, text: &mut String, figures: &Figures<'_>) {
        let rows = self.rows(figures);
        let columns: Vec<&Column> = self
            .columns
            .iter()
            .filter(|(measure, ..)| rows.iter().any(|row| figures.spread(self.id, row, measure).is_some()))
            .collect();
        let over: Vec<(&str, &str)> = self.over.iter().filter_map(|over| self.other(figures, *over)).collect();
        let _ = writeln!(text, "## {}\n\n{}\n", self.title, self.text);
        let heads = columns.iter().map(|column| column.1.to_owned());
        let heads: Vec<String> = heads.chain(over.iter().map(|(heading, _)| (*heading).to_owned())).collect();
        let _ = writeln!(text, "| | {} |\n|---|{}", heads.join(" | "), "---|".repeat(heads.len()));
        for row in &rows {
            let mut cells: Vec<String> = columns
                .iter()
                .map(|(measure, _, decimals)| {
                    figures.spread(self.id, row, measure).map_or_else(|| "-".into(), |spread| spread.shown(*decimals))
                })
                .collect();
            for (_, other) in &over {
                let ratio = figures.ratio(self.id, row, other, self.main.0);
                cells.push(ratio.map_or_else(|| "-".into(), |ratio| ratio.shown(2)));
            }
            let _ = writeln!(text, "| {row} | {} |", cells.join(" | "));
        }
        text.push('\n');
    }

    /// The heading of a ratio, and the row that it is over.
    fn other(&self, figures: &Figures<'_>, over: Over) -> Option<(&'static str, &'static str)> {
        match over {
            Over::Handwritten => {
                Some(("ratio to the better hand-written", figures.least(self.id, &HANDWRITTEN, self.main.0)?))
            }
            Over::Uws => figures.has(self.id).then(|| ("ratio to uWebSockets", Peer::NodeUws.name())),
        }
    }

    /// Rows in the order of the peers, then others.
    fn rows<'a>(&self, figures: &Figures<'a>) -> Vec<&'a str> {
        let mut rows = figures.rows(self.id);
        rows.sort_by_key(|row| {
            let peer = Peer::ALL.iter().position(|peer| row.starts_with(peer.name()));
            (peer, if peer.is_some() { row.len() } else { 0 })
        });
        rows
    }

    pub(super) fn plots(&self, figures: &Figures<'_>) -> Vec<Plot> {
        let (measure, heading, decimals) = self.main;
        let rows = self.rows(figures);
        if self.id != "S6" {
            let bar =
                |row: &&str| Some(Bar { label: (*row).to_owned(), spread: figures.spread(self.id, row, measure)? });
            let all: Vec<Bar> = rows.iter().filter_map(bar).collect();
            let title = format!("{}: {heading}", self.title);
            return if all.len() < 2 { Vec::new() } else { vec![bars(self.id, &title, &all, decimals)] };
        }
        let of = |what: &'static str| {
            let mut points: Vec<(f64, _)> = rows
                .iter()
                .filter_map(|row| {
                    row.strip_suffix(what)?.trim().parse().ok().zip(figures.spread(self.id, row, measure))
                })
                .collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            (what, points)
        };
        let series = ["namespaces", "declared events", "rooms"].map(of);
        vec![lines(self.id, &format!("{}: {heading}", self.title), &series)]
    }
}

/// Those that are written by hand.
pub(super) const HANDWRITTEN: [&str; 2] =
    ["hand-written socketioxide, 1 worker", "hand-written socketioxide, current-thread"];
