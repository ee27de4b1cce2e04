//! S2: an event of 300 bytes to a room of a thousand: as fast as it goes, at a steady rate, and by somebody who does not wait.

use std::collections::VecDeque;
use std::io::Write;
use std::time::{Duration, Instant};

use super::meter::Meter;
use super::{Counted, ENTER_GENTLY, Measures, Run, drain, people};
use crate::load::{Client, Packet, Scene, Swarm};
use crate::peers::Peer;
use crate::tally::Tally;

const CLIENTS: usize = 1000;

/// How many may be under way to a room of a thousand while the publisher waits.
const OUTSTANDING: usize = 4;

/// How many a publisher sends that does not wait.
const FLOOD: usize = 3000;

/// Deliveries a second at the steady rate.
const STEADY: f64 = 20_000.0;

/// When the publisher stops to wait for what somebody did not hear.
const GIVE_UP: Duration = Duration::from_secs(1);

/// When a flood is over of which nothing more is heard, and when at the latest.
const QUIET: Duration = Duration::from_secs(1);
const FLOOD_MAX: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// The next one when fewer than [`OUTSTANDING`] are under way.
    Full,
    Steady,
    /// All at once.
    Flood,
}

pub(crate) fn run(run: &Run, peer: Peer, pace: Pace) -> Result<Measures, String> {
    let server = run.places.start(peer, None)?;
    let mut swarm = Swarm::new(run.pause)?;
    swarm.enter(people(CLIENTS, CLIENTS, server.address, "/bench"), ENTER_GENTLY)?;
    let mut publisher = Publisher::new(pace);
    let mut measures = Measures::new();
    if pace == Pace::Flood {
        let meter = Meter::start(vec![&server], None);
        publisher.flood(&mut swarm);
        let until = Instant::now() + FLOOD_MAX;
        swarm.play_until(&mut publisher, until, |one| one.tally.is_all_heard() || one.tally.silent_for() > QUIET)?;
        if Instant::now() >= until {
            return Err(format!("the flood was still under way after {FLOOD_MAX:?}"));
        }
        meter.stop(publisher.tally.delivered, &mut measures);
        measures.insert("due".into(), (FLOOD * (CLIENTS - 1)) as f64);
        measures.insert("delivered".into(), publisher.tally.delivered as f64);
    } else {
        swarm.play(&mut publisher, run.warm_up)?;
        publisher.tally.begin_window();
        let meter = Meter::start(vec![&server], None);
        swarm.play(&mut publisher, run.window)?;
        meter.stop(publisher.tally.delivered, &mut measures);
        publisher.is_over = true;
        publisher.tally.report(&mut measures);
        drain(&mut swarm, &mut publisher)?;
    }
    publisher.tally.report_faults(&mut swarm, &mut measures);
    Ok(measures)
}

/// The first client, who announces things to its class.
struct Publisher {
    tally: Tally,
    pace: Pace,
    text: String,
    /// What is under way: its number, how many are still to hear it, and since when.
    under_way: VecDeque<(u32, usize, Instant)>,
    began: Instant,
    is_over: bool,
}

impl Publisher {
    fn new(pace: Pace) -> Self {
        let now = Instant::now();
        Self {
            tally: Tally::new(CLIENTS, CLIENTS),
            pace,
            text: "x".repeat(220),
            under_way: VecDeque::new(),
            began: now,
            is_over: false,
        }
    }

    fn publish(&mut self, swarm: &mut Swarm, at: Instant) {
        let count = self.tally.sent_by(0) as u32;
        self.under_way.push_back((count, CLIENTS - 1, at));
        let number = self.tally.send(0);
        let text = &self.text;
        swarm.client(0).queue(number, |out| {
            let _ = write!(out, r#"["announce",{{"classId":"class-0","seq":{number},"text":"{text}"}}]"#);
        });
    }

    fn flood(&mut self, swarm: &mut Swarm) {
        let now = Instant::now();
        (0..FLOOD).for_each(|_| self.publish(swarm, now));
        swarm.client(0).flush();
    }

    /// How many are to be sent by now.
    fn due(&self, at: Instant) -> usize {
        let rate = STEADY / (CLIENTS - 1) as f64;
        ((at - self.began).as_secs_f64() * rate) as usize
    }
}

impl Counted for Publisher {
    fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl Scene for Publisher {
    fn heard(&mut self, who: usize, _: &mut Client, packet: &Packet<'_>, at: Instant) {
        match packet {
            Packet::Event(body) => {
                let Some(number) = Packet::seq(body) else { return };
                let Some(count) = self.tally.hear(who, number, at) else { return };
                if let Some((first, ..)) = self.under_way.front()
                    && let Some(one) = count.checked_sub(*first).and_then(|at| self.under_way.get_mut(at as usize))
                {
                    one.1 -= 1;
                }
            }
            Packet::Ack { id, body } => self.tally.ack(who, *id, Packet::is_success(body), at),
            _ => {}
        }
    }

    fn turn(&mut self, swarm: &mut Swarm, at: Instant) -> Duration {
        while self.under_way.front().is_some_and(|one| one.1 == 0 || at > one.2 + GIVE_UP) {
            self.under_way.pop_front();
        }
        if self.is_over {
            return Duration::from_millis(20);
        }
        match self.pace {
            Pace::Full => {
                let left = self.under_way.iter().filter(|one| one.1 > 0).count();
                (left..OUTSTANDING).for_each(|_| self.publish(swarm, at));
            }
            Pace::Steady => {
                while self.tally.sent_by(0) < self.due(at) {
                    self.publish(swarm, at);
                }
            }
            Pace::Flood => {}
        }
        swarm.client(0).flush();
        Duration::from_millis(if self.pace == Pace::Steady { 1 } else { 20 })
    }
}
