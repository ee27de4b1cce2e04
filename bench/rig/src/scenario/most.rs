//! S4: the most connections that this machine can hold. Every connection is a file of the server and one of whoever made it, and
//! a process may have only so many; so there are several servers, and for each a process of its own that holds its clients.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::crowd::SEATS;
use super::meter::Meter;
use super::{ENTER, Measures, Run, people};
use crate::load::{Pause, Swarm};
use crate::peers::Peer;
use crate::process::Server;

/// How long everybody is left alone before they are counted.
const SETTLE: Duration = Duration::from_secs(5);

/// How often it is looked whether to end.
const LOOK: Duration = Duration::from_millis(200);

/// After so long, whoever holds connections lets go of them in any case.
const HELD_MAX: Duration = Duration::from_secs(600);

/// Files that a process has open besides its connections.
const FILES_SPARED: usize = 200;

pub(crate) fn run(run: &Run, peer: Peer) -> Result<Measures, String> {
    let each = files_max().saturating_sub(FILES_SPARED).min(run.most).max(1);
    let count = run.most.div_ceil(each);
    let servers = (0..count).map(|_| run.places.start(peer, None)).collect::<Result<Vec<_>, _>>()?;
    let memory = |servers: &[Server]| servers.iter().map(Server::memory).sum::<f64>();
    thread::sleep(SETTLE);
    let empty = memory(&servers);
    let meter = Meter::start(servers.iter().collect(), None);
    let mut holders = Vec::new();
    for (number, server) in servers.iter().enumerate() {
        let share = (run.most - number * each).min(each);
        holders.push(Holder::start(server.address, number * each, share)?);
    }
    let mut measures = Measures::new();
    meter.stop(run.most as u64, &mut measures);
    thread::sleep(SETTLE);
    measures.insert("kib".into(), (memory(&servers) - empty) / run.most as f64 / 1024.0);
    let held = holders.into_iter().map(Holder::end).sum::<Result<usize, _>>()?;
    measures.insert("held".into(), held as f64);
    measures.insert("servers".into(), count as f64);
    Ok(measures)
}

/// How many files this process may have open, and so those that it starts.
fn files_max() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1024)
}

/// A process that brings clients in and holds them, until its input ends.
struct Holder {
    child: Child,
    told: BufReader<ChildStdout>,
}

impl Holder {
    /// Yields when all are in.
    fn start(server: SocketAddr, first: usize, count: usize) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(["--hold", &server.to_string(), "--first", &first.to_string(), "--most", &count.to_string()]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("what holds clients did not start: {error}"))?;
        let told = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut holder = Self { child, told };
        holder.number()?;
        Ok(holder)
    }

    /// Lets go of all; yields how many were still connected.
    fn end(mut self) -> Result<usize, String> {
        drop(self.child.stdin.take());
        self.number()
    }

    fn number(&mut self) -> Result<usize, String> {
        let mut line = String::new();
        self.told.read_line(&mut line).map_err(|error| error.to_string())?;
        line.trim().parse().map_err(|_| "what holds clients has ended".into())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What such a process does: says how many are in, and in the end how many still are.
pub(crate) fn hold(server: SocketAddr, first: usize, count: usize) -> Result<(), String> {
    let mut swarm = Swarm::beside(first, Pause::Asleep)?;
    swarm.enter(people(count, SEATS, server, "/bench"), ENTER)?;
    let tell = |number: usize| writeln!(std::io::stdout(), "{number}").map_err(|error| error.to_string());
    tell(swarm.len())?;
    let (end, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(end);
    });
    for _ in 0..HELD_MAX.as_millis() / LOOK.as_millis() {
        swarm.rest(LOOK)?;
        if ended.try_recv() == Err(mpsc::TryRecvError::Disconnected) {
            break;
        }
    }
    tell(swarm.len() - swarm.gone())
}
