//! Everyone in turn, round by round, so that what disturbs the machine disturbs all alike.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::options::{Options, Part};
use crate::peers::{Peer, Places, SECRET};
use crate::report;
use crate::scenario::growth::Growth;
use crate::scenario::{Measures, Run, cluster, crowd, fanout, fanout::Pace, growth, most, request};

/// What one peer cost in one round of one scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) table: String,
    pub(crate) row: String,
    pub(crate) round: usize,
    pub(crate) measures: Measures,
}

/// What went wrong in a turn.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) table: String,
    pub(crate) row: String,
    pub(crate) round: usize,
    pub(crate) error: String,
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    if let Some(server) = options.hold {
        return most::hold(server, options.first, options.most);
    }
    let run = options.run();
    let peers = options.peers();
    fs::create_dir_all(run.places.scratch()).map_err(|error| error.to_string())?;
    let kept = run.places.scratch().join("records.jsonl");
    if options.again {
        return report::write(options, &read(&kept)?, &[]);
    }
    for peer in &peers {
        check(&run.places, *peer)?;
        println!("{} does the work", peer.name());
    }
    let mut file = fs::File::create(&kept).map_err(|error| error.to_string())?;
    let (mut records, mut faults) = (Vec::new(), Vec::new());
    for part in options.parts() {
        let began = Instant::now();
        for round in 0..options.rounds {
            for turn in turns(part, &peers, round) {
                match turn.take(&run) {
                    Ok(told) => {
                        for (table, measures) in told {
                            let record = Record { table: table.into(), row: turn.row(), round, measures };
                            record.tell();
                            let line = serde_json::to_string(&record).map_err(|error| error.to_string())?;
                            writeln!(file, "{line}").map_err(|error| error.to_string())?;
                            records.push(record);
                        }
                    }
                    Err(error) => {
                        println!("{part:?}, {}: {error}", turn.row());
                        faults.push(Fault { table: format!("{part:?}"), row: turn.row(), round, error });
                    }
                }
            }
        }
        println!("{part:?} took {:.0} s", began.elapsed().as_secs_f64());
    }
    report::write(options, &records, &faults)
}

fn read(kept: &Path) -> Result<Vec<Record>, String> {
    let text = fs::read_to_string(kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| error.to_string())).collect()
}

impl Record {
    fn tell(&self) {
        let Self { table, row, round, measures } = self;
        let shown = |name: &str| measures.get(name).map(|value| format!(", {name} {value:.2}")).unwrap_or_default();
        let names = ["cpu", "rate", "kib", "ack_p99", "delivery_p99", "busy", "load_busy", "lost", "refused", "ended"];
        println!("{table} {}, {row}{}", round + 1, names.map(shown).concat());
    }
}

/// Asks a peer, with the official client, whether it does the work.
fn check(places: &Places, peer: Peer) -> Result<(), String> {
    let server = places.start(peer, None)?;
    let mut command = Command::new("node");
    command.arg(places.bench.join("peers/node/check.mjs")).arg(format!("http://{}", server.address)).arg(SECRET);
    if peer == Peer::Floor {
        command.arg("floor");
    }
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{} does not do the work", peer.name())),
    }
}

/// One peer's turn.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Peer(Part, Peer),
    Presence(Peer),
    Growth(Growth),
}

/// Whose turn it is in a round; the order is another in each.
fn turns(part: Part, peers: &[Peer], round: usize) -> Vec<Turn> {
    let of = |takes: fn(&Peer) -> bool| peers.iter().copied().filter(takes).map(move |peer| Turn::Peer(part, peer));
    let mut turns: Vec<Turn> = match part {
        Part::S1 | Part::S2Full | Part::S2Steady | Part::S2Flood => of(|_| true).collect(),
        Part::S1Redis | Part::S5 => of(|peer| peer.keeps_state()).collect(),
        Part::S3S4 => {
            let present = peers.iter().copied().filter(|peer| peer.is_homeroom()).map(Turn::Presence);
            of(|_| true).chain(present).collect()
        }
        Part::S4Most if round == 0 => of(|peer| *peer == Peer::Homeroom).collect(),
        Part::S4Most => Vec::new(),
        Part::S6 => Growth::ALL.into_iter().map(Turn::Growth).collect(),
    };
    if !turns.is_empty() {
        let by = round % turns.len();
        turns.rotate_left(by);
    }
    turns
}

impl Turn {
    fn row(self) -> String {
        match self {
            Self::Peer(_, peer) => peer.name().into(),
            Self::Presence(peer) => format!("{}, presence", peer.name()),
            Self::Growth(growth) => format!("{} {}", growth.count(), growth.name()),
        }
    }

    fn take(self, run: &Run) -> Result<Vec<(&'static str, Measures)>, String> {
        match self {
            Self::Peer(part, peer) => match part {
                Part::S1 => Ok(vec![("S1", request::run(run, peer, None)?)]),
                Part::S1Redis => {
                    let redis = run.places.start_redis()?;
                    Ok(vec![("S1Redis", request::run(run, peer, Some(&redis))?)])
                }
                Part::S2Full => Ok(vec![("S2Full", fanout::run(run, peer, Pace::Full)?)]),
                Part::S2Steady => Ok(vec![("S2Steady", fanout::run(run, peer, Pace::Steady)?)]),
                Part::S2Flood => Ok(vec![("S2Flood", fanout::run(run, peer, Pace::Flood)?)]),
                Part::S3S4 => crowd::run(run, peer, "/bench", true),
                Part::S4Most => Ok(vec![("S4Most", most::run(run, peer)?)]),
                Part::S5 => Ok(vec![("S5", cluster::run(run, peer)?)]),
                Part::S6 => Err("it is Homeroom's alone".into()),
            },
            Self::Presence(peer) => crowd::run(run, peer, "/present", false),
            Self::Growth(growth) => Ok(vec![("S6", growth::run(run, growth)?)]),
        }
    }
}
