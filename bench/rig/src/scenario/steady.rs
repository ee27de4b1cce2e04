//! A load that does not wait for answers: so many typing events a second, from one client after the other.

use std::time::{Duration, Instant};

use super::meter::Meter;
use super::request::emit_typing;
use super::{Counted, Measures, Run, drain};
use crate::load::{Client, Packet, Scene, Swarm};
use crate::process::Server;
use crate::tally::Tally;

/// Events a second.
const EVENTS: f64 = 1000.0;

/// A prime far from the sizes of classes, so that neighbours in time are none in the room.
const STRIDE: usize = 7919;

/// What a cost is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Delivery,
    Event,
}

pub(crate) struct Stage {
    tally: Tally,
    began: Instant,
    sent: usize,
    is_over: bool,
}

impl Stage {
    /// Warms up, measures a window, and waits for what is under way.
    pub(crate) fn measure(
        run: &Run,
        servers: &[&Server],
        redis: Option<&Server>,
        swarm: &mut Swarm,
        (seats, unit): (usize, Unit),
    ) -> Result<Measures, String> {
        let mut stage = Self { tally: Tally::new(swarm.len(), seats), began: Instant::now(), sent: 0, is_over: false };
        swarm.play(&mut stage, run.warm_up)?;
        stage.tally.begin_window();
        let meter = Meter::start(servers.to_vec(), redis);
        swarm.play(&mut stage, run.window)?;
        let mut measures = Measures::new();
        let done = if unit == Unit::Delivery { stage.tally.delivered } else { stage.tally.acked };
        meter.stop(done, &mut measures);
        stage.tally.report(&mut measures);
        stage.is_over = true;
        drain(swarm, &mut stage)?;
        stage.tally.report_faults(swarm, &mut measures);
        Ok(measures)
    }
}

impl Counted for Stage {
    fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl Scene for Stage {
    fn heard(&mut self, who: usize, _: &mut Client, packet: &Packet<'_>, at: Instant) {
        match packet {
            Packet::Event(body) => {
                if let Some(number) = Packet::seq(body) {
                    self.tally.hear(who, number, at);
                }
            }
            Packet::Ack { id, body } => self.tally.ack(who, *id, Packet::is_success(body), at),
            _ => {}
        }
    }

    fn turn(&mut self, swarm: &mut Swarm, at: Instant) -> Duration {
        let due = ((at - self.began).as_secs_f64() * EVENTS) as usize;
        while self.sent < due && !self.is_over {
            let who = self.sent * STRIDE % swarm.len();
            let number = self.tally.send(who);
            emit_typing(swarm.client(who), "typing", number);
            self.sent += 1;
        }
        Duration::from_millis(1)
    }
}
