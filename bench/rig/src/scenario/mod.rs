//! What is measured. Each scenario starts a peer of its own, warms it up, and looks at one window of time.

pub(crate) mod cluster;
pub(crate) mod crowd;
pub(crate) mod fanout;
pub(crate) mod growth;
pub(crate) mod meter;
pub(crate) mod most;
pub(crate) mod request;
pub(crate) mod steady;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::load::{Pause, Person, Scene, Swarm};
use crate::peers::Places;
use crate::tally::Tally;
use crate::token::token;

/// What was measured, by name; what a name means is told in the report.
pub(crate) type Measures = BTreeMap<String, f64>;

/// How long things take.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) places: Places,
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
    /// Connections of the crowd, and those that the machine is to hold.
    pub(crate) crowd: usize,
    pub(crate) most: usize,
    /// What clients do as long as nothing comes for them.
    pub(crate) pause: Pause,
}

/// How long what is under way may take to arrive after a window, and after how long a silence it is taken for lost.
const DRAIN: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(1500);

/// A scene that counts what is sent and heard.
pub(crate) trait Counted: Scene {
    fn tally(&self) -> &Tally;
}

/// Waits until everything is heard that was sent, or nothing more comes.
pub(crate) fn drain(swarm: &mut Swarm, scene: &mut impl Counted) -> Result<(), String> {
    let until = Instant::now() + DRAIN;
    swarm.play_until(scene, until, |scene| scene.tally().is_all_heard() || scene.tally().silent_for() > SILENCE)
}

/// How many clients are on their way in at once, and how long all may take: where it is looked at how fast they come, and
/// where a thousand are told of each.
pub(crate) const ENTER: (usize, Duration) = (128, Duration::from_secs(180));
pub(crate) const ENTER_GENTLY: (usize, Duration) = (16, Duration::from_secs(180));

/// Clients of one server and namespace that sit in classes of that many seats.
pub(crate) fn people(
    count: usize,
    seats: usize,
    server: SocketAddr,
    namespace: &str,
) -> impl Iterator<Item = Person> + use<> {
    let namespace: Arc<str> = namespace.into();
    (0..count).map(move |who| Person {
        server,
        namespace: Arc::clone(&namespace),
        token: token(who),
        classes: class_of(who, seats),
    })
}

/// The one class where a client sits.
pub(crate) fn class_of(who: usize, seats: usize) -> Range<u32> {
    let class = (who / seats) as u32;
    class..class + 1
}
