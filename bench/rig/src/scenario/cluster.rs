//! S5: two servers over Redis. Of the two in every class, one is on each; a thousand events a second cross.

use std::time::Duration;

use super::steady::{Stage, Unit};
use super::{ENTER, Measures, Run, people};
use crate::load::{Pause, Swarm};
use crate::peers::Peer;

const CLIENTS: usize = 200;
const SEATS: usize = 2;

/// How long servers may take to hear of each other.
const MEET: Duration = Duration::from_secs(1);

pub(crate) fn run(run: &Run, peer: Peer) -> Result<Measures, String> {
    let redis = run.places.start_redis()?;
    let servers = [run.places.start(peer, Some(&redis))?, run.places.start(peer, Some(&redis))?];
    let mut swarm = Swarm::new(Pause::Asleep)?;
    let who = people(CLIENTS, SEATS, servers[0].address, "/bench").enumerate().map(|(who, mut person)| {
        person.server = servers[who % SEATS].address;
        person
    });
    swarm.enter(who, ENTER)?;
    swarm.rest(MEET)?;
    Stage::measure(run, &servers.each_ref(), Some(&redis), &mut swarm, (SEATS, Unit::Event))
}
