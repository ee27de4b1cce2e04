//! S1: a typing event of each of 200 clients, and another as soon as it is answered.

use std::io::Write;
use std::time::{Duration, Instant};

use super::meter::Meter;
use super::{Counted, ENTER, Measures, Run, drain, people};
use crate::load::{Client, Packet, Pause, Scene, Swarm};
use crate::peers::Peer;
use crate::process::Server;
use crate::tally::{Tally, millis};

pub(crate) const CLIENTS: usize = 200;
pub(crate) const SEATS: usize = 2;

/// Runs it; with Redis, what types is remembered there, and broadcasts pass it.
pub(crate) fn run(run: &Run, peer: Peer, redis: Option<&Server>) -> Result<Measures, String> {
    let server = run.places.start(peer, redis)?;
    let pause = if redis.is_some() { Pause::Asleep } else { run.pause };
    let mut swarm = Swarm::new(pause)?;
    swarm.enter(people(CLIENTS, SEATS, server.address, "/bench"), ENTER)?;
    let mut loops = Loops::new(CLIENTS, SEATS);
    measure(run, &server, redis, &mut swarm, &mut loops)
}

/// Warms up, measures a window, and waits for what is under way.
pub(crate) fn measure(
    run: &Run,
    server: &Server,
    redis: Option<&Server>,
    swarm: &mut Swarm,
    loops: &mut Loops,
) -> Result<Measures, String> {
    loops.begin(swarm);
    swarm.play(loops, run.warm_up)?;
    loops.tally.begin_window();
    let meter = Meter::start(vec![server], redis);
    swarm.play(loops, run.window)?;
    let mut measures = Measures::new();
    meter.stop(loops.tally.acked, &mut measures);
    loops.tally.report(&mut measures);
    loops.is_over = true;
    drain(swarm, loops)?;
    loops.tally.report_faults(swarm, &mut measures);
    Ok(measures)
}

/// Clients that send an event as soon as their last one was answered.
pub(crate) struct Loops {
    pub(crate) tally: Tally,
    /// The event's name, by client.
    events: Vec<String>,
    is_over: bool,
}

impl Loops {
    pub(crate) fn new(clients: usize, seats: usize) -> Self {
        Self::of(clients, seats, |_| "typing".into())
    }

    pub(crate) fn of(clients: usize, seats: usize, event: impl Fn(usize) -> String) -> Self {
        let events = (0..clients).map(event).collect();
        Self { tally: Tally::new(clients, seats), events, is_over: false }
    }

    fn begin(&mut self, swarm: &mut Swarm) {
        for who in 0..swarm.len() {
            let number = self.tally.send(who);
            emit_typing(swarm.client(who), &self.events[who], number);
        }
    }
}

impl Counted for Loops {
    fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl Scene for Loops {
    fn heard(&mut self, who: usize, client: &mut Client, packet: &Packet<'_>, at: Instant) {
        match packet {
            Packet::Ack { id, body } => {
                self.tally.ack(who, *id, Packet::is_success(body), at);
                if !self.is_over {
                    let number = self.tally.send(who);
                    emit_typing(client, &self.events[who], number);
                }
            }
            Packet::Event(body) => {
                if let Some(number) = Packet::seq(body) {
                    self.tally.hear(who, number, at);
                }
            }
            _ => {}
        }
    }

    fn turn(&mut self, _: &mut Swarm, _: Instant) -> Duration {
        Duration::from_millis(50)
    }
}

/// Sends a typing event to the client's first class.
pub(crate) fn emit_typing(client: &mut Client, event: &str, number: u64) {
    let class = client.person.classes.start;
    emit_typing_in(client, event, class, number);
}

/// Sends a typing event to a class.
pub(crate) fn emit_typing_in(client: &mut Client, event: &str, class: u32, number: u64) {
    client.emit(number, |out| {
        let _ = write!(
            out,
            r#"["{event}",{{"classId":"class-{class}","studentId":"s-456","assignmentId":"a-1001","isTyping":true,"seq":{number}}}]"#
        );
    });
}

impl Tally {
    /// How late things came.
    pub(crate) fn report(&self, into: &mut Measures) {
        into.insert("reads".into(), self.reads_each());
        for (name, histogram) in [("ack", &self.ack), ("delivery", &self.delivery)] {
            if !histogram.is_empty() {
                into.insert(format!("{name}_p50"), millis(histogram, 50.0));
                into.insert(format!("{name}_p99"), millis(histogram, 99.0));
                into.insert(format!("{name}_p999"), millis(histogram, 99.9));
            }
        }
    }

    /// What went wrong.
    pub(crate) fn report_faults(&self, swarm: &mut Swarm, into: &mut Measures) {
        let is_gone: Vec<bool> = (0..swarm.len()).map(|who| swarm.client(who).is_gone()).collect();
        into.insert("lost".into(), self.lost(|who| !is_gone[who]) as f64);
        into.insert("doubled".into(), self.doubled as f64);
        into.insert("disordered".into(), self.disordered as f64);
        into.insert("refused".into(), self.refused as f64);
        into.insert("ended".into(), swarm.gone() as f64);
    }
}
