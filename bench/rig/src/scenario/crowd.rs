//! S3 and S4: ten thousand connections in classes of 25: how fast they come in, what they take while nothing is said, and how
//! late things come at a load that does not wait for answers.

use std::time::Duration;

use super::meter::Meter;
use super::steady::{Stage, Unit};
use super::{ENTER, Measures, Run, people};
use crate::load::Swarm;
use crate::peers::Peer;
use crate::process::Server;

pub(crate) const SEATS: usize = 25;

/// How long a crowd is left alone before its memory is looked at.
const SETTLE: Duration = Duration::from_secs(2);

/// Brings them in, and looks at what they take; then loads them, where there is a load.
pub(crate) fn run(
    run: &Run,
    peer: Peer,
    namespace: &str,
    is_loaded: bool,
) -> Result<Vec<(&'static str, Measures)>, String> {
    let server = run.places.start(peer, None)?;
    let mut swarm = Swarm::new(run.pause)?;
    let idle = enter(&mut swarm, run.crowd, &server, namespace)?;
    if !is_loaded {
        return Ok(vec![("S4", idle)]);
    }
    let loaded = Stage::measure(run, &[&server], None, &mut swarm, (SEATS, Unit::Delivery))?;
    Ok(vec![("S4", idle), ("S3", loaded)])
}

fn enter(swarm: &mut Swarm, count: usize, server: &Server, namespace: &str) -> Result<Measures, String> {
    let mut measures = Measures::new();
    // It listens a little before all that it begins with is there.
    swarm.rest(SETTLE)?;
    let empty = server.memory();
    let who: Vec<_> = people(count, SEATS, server.address, namespace).collect();
    let meter = Meter::start(vec![server], None);
    let asked_again = swarm.enter(who, ENTER)?;
    meter.stop(count as u64, &mut measures);
    swarm.rest(SETTLE)?;
    measures.insert("kib".into(), (server.memory() - empty) / count as f64 / 1024.0);
    measures.insert("empty_mib".into(), empty / 1024.0 / 1024.0);
    measures.insert("ended".into(), swarm.gone() as f64);
    measures.insert("asked_again".into(), asked_again as f64);
    Ok(measures)
}
