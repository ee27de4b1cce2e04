//! What is measured, how often and how long.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::load::Pause;
use crate::peers::{Peer, Places};
use crate::scenario::Run;

/// A scenario, or a part of one that can be run by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Part {
    /// Request and ack.
    S1,
    /// The same with state in Redis.
    S1Redis,
    /// Fan-out to a thousand, as fast as it goes.
    S2Full,
    /// Fan-out to a thousand, 20,000 deliveries a second.
    S2Steady,
    /// Fan-out by a publisher that does not wait.
    S2Flood,
    /// Ten thousand connections: how they come in, what they take, how late things come.
    #[value(name = "s3-s4")]
    S3S4,
    /// The most connections.
    S4Most,
    /// Two servers over Redis.
    S5,
    /// More namespaces, events, rooms.
    S6,
}

/// Measures Homeroom beside its peers, and writes report.md and plots.
#[derive(Parser)]
#[command(name = "bench/run")]
pub(crate) struct Options {
    /// What to measure, separated by commas; everything by default.
    #[arg(long, value_delimiter = ',', value_name = "PARTS")]
    pub(crate) parts: Vec<Part>,
    /// Whom to measure, separated by commas; everyone by default.
    #[arg(long, value_delimiter = ',', value_name = "PEERS")]
    pub(crate) peers: Vec<Peer>,
    /// How often everyone has a turn.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// How long a window is, in seconds.
    #[arg(long, default_value_t = 3.0)]
    pub(crate) window: f64,
    /// How long it is warmed up before, in seconds.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) warm_up: f64,
    /// Connections of the crowd.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) crowd: usize,
    /// Connections that are aimed at in the end.
    #[arg(long, default_value_t = 50_000)]
    pub(crate) most: usize,
    /// Where to write the report and plots, instead of this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write the report again, of what was measured last.
    #[arg(long)]
    pub(crate) again: bool,
    /// Look for what comes without sleeping: what the others send then wakes nobody. Not where Redis has the same core.
    #[arg(long)]
    pub(crate) awake: bool,
    /// Instead of all this: hold so many connections to this server.
    #[arg(long, hide = true)]
    pub(crate) hold: Option<SocketAddr>,
    /// How many connections others hold.
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) first: usize,
    /// This folder.
    #[arg(long, hide = true, default_value = ".")]
    pub(crate) bench: PathBuf,
    /// The product.
    #[arg(long, hide = true, default_value = "../target/release/homeroom")]
    pub(crate) homeroom: PathBuf,
}

impl Options {
    pub(crate) fn run(&self) -> Run {
        Run {
            places: Places { bench: self.bench.clone(), homeroom: self.homeroom.clone() },
            warm_up: Duration::from_secs_f64(self.warm_up),
            window: Duration::from_secs_f64(self.window),
            crowd: self.crowd,
            most: self.most,
            pause: if self.awake { Pause::Awake } else { Pause::Asleep },
        }
    }

    pub(crate) fn parts(&self) -> Vec<Part> {
        if self.parts.is_empty() { Part::value_variants().to_vec() } else { self.parts.clone() }
    }

    pub(crate) fn peers(&self) -> Vec<Peer> {
        if self.peers.is_empty() { Peer::ALL.to_vec() } else { self.peers.clone() }
    }
}
