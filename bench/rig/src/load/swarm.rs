//! All clients on one `epoll`.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::client::{Client, Person, Step};
use super::frame;
use super::packet::Packet;

/// What one read may yield, with what was left of the one before.
const BUFFER_BYTES: usize = 256 * 1024;

/// How long a client waits for the answer to its join before it asks again: a peer that drops packets drops answers, too.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// How long this process has looked for something to read, and found nothing.
static IDLE_NANOS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn idle() -> Duration {
    Duration::from_nanos(IDLE_NANOS.load(Ordering::Relaxed))
}

/// What clients do as long as nothing comes for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// They look again, so that nobody has to wake them. On one machine, whoever sends to a process that sleeps pays for that.
    Awake,
    /// They sleep.
    Asleep,
}

/// What clients are to say, and what is made of what they hear.
pub(crate) trait Scene {
    /// A client that is in its rooms heard something.
    fn heard(&mut self, who: usize, client: &mut Client, packet: &Packet<'_>, at: Instant);

    /// All that had come was heard; yields when to be asked again at the latest.
    fn turn(&mut self, swarm: &mut Swarm, at: Instant) -> Duration;
}

/// A scene in which nobody says anything.
struct Silence;

impl Scene for Silence {
    fn heard(&mut self, _: usize, _: &mut Client, _: &Packet<'_>, _: Instant) {}
    fn turn(&mut self, _: &mut Swarm, _: Instant) -> Duration {
        Duration::from_millis(20)
    }
}

pub(crate) struct Swarm {
    pause: Pause,
    /// The number of its first client among those of all processes.
    first: usize,
    poll: Poll,
    events: Option<Events>,
    clients: Vec<Client>,
    buffer: Vec<u8>,
    joined: usize,
    gone: usize,
}

impl Swarm {
    pub(crate) fn new(pause: Pause) -> Result<Self, String> {
        Self::beside(0, pause)
    }

    /// One of several that are at work; so many clients belong to those before it.
    pub(crate) fn beside(first: usize, pause: Pause) -> Result<Self, String> {
        let poll = Poll::new().map_err(|error| error.to_string())?;
        let buffer = vec![0; BUFFER_BYTES];
        let events = Some(Events::with_capacity(1024));
        Ok(Self { pause, first, poll, events, clients: Vec::new(), buffer, joined: 0, gone: 0 })
    }

    /// How many clients have gone, whoever ended them.
    pub(crate) fn gone(&self) -> usize {
        self.gone
    }

    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }

    pub(crate) fn client(&mut self, who: usize) -> &mut Client {
        &mut self.clients[who]
    }

    /// Brings these in, so many at a time; yields how often one had to ask again.
    pub(crate) fn enter(
        &mut self,
        people: impl IntoIterator<Item = Person>,
        (at_once, within): (usize, Duration),
    ) -> Result<usize, String> {
        let until = Instant::now() + within;
        let mut asked_again = 0;
        let mut progress = (self.joined, Instant::now());
        let mut people = people.into_iter();
        let mut is_more = true;
        while is_more || self.joined + self.gone < self.clients.len() {
            while is_more && self.clients.len() - self.joined - self.gone < at_once {
                match people.next() {
                    Some(person) => self.begin(person).map_err(|error| error.to_string())?,
                    None => is_more = false,
                }
            }
            self.once(&mut Silence, Duration::from_millis(100))?;
            if self.joined > progress.0 {
                progress = (self.joined, Instant::now());
            } else if progress.1.elapsed() > ASK_AGAIN {
                asked_again += self.clients.iter_mut().map(|client| usize::from(client.ask_again())).sum::<usize>();
                progress.1 = Instant::now();
            }
            if self.gone > 0 {
                return Err(format!("{} of {} clients were sent away on their way in", self.gone, self.clients.len()));
            }
            if Instant::now() > until {
                return Err(format!(
                    "only {} of {} clients came in within {within:?}",
                    self.joined,
                    self.clients.len()
                ));
            }
        }
        Ok(asked_again)
    }

    fn begin(&mut self, person: Person) -> io::Result<()> {
        let number = self.clients.len();
        let mut client = Client::new(self.first + number, person)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut client.stream, Token(number), interest)?;
        self.clients.push(client);
        Ok(())
    }

    /// Nothing is said for a while; pings are answered.
    pub(crate) fn rest(&mut self, length: Duration) -> Result<(), String> {
        self.play(&mut Silence, length)
    }

    /// Plays a scene for a while.
    pub(crate) fn play(&mut self, scene: &mut impl Scene, length: Duration) -> Result<(), String> {
        let until = Instant::now() + length;
        self.play_until(scene, until, |_| false)
    }

    /// Plays a scene until it is over, or the time is.
    pub(crate) fn play_until<S: Scene>(
        &mut self,
        scene: &mut S,
        until: Instant,
        is_over: impl Fn(&S) -> bool,
    ) -> Result<(), String> {
        loop {
            let now = Instant::now();
            if now >= until || is_over(scene) {
                return Ok(());
            }
            let wait = scene.turn(self, now).min(until - now);
            self.once(scene, wait)?;
        }
    }

    fn once(&mut self, scene: &mut impl Scene, wait: Duration) -> Result<(), String> {
        let mut events = self.events.take().unwrap_or_else(|| Events::with_capacity(1024));
        let began = Instant::now();
        let wait = if self.pause == Pause::Awake { Duration::ZERO } else { wait };
        match self.poll.poll(&mut events, Some(wait)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.to_string()),
            _ => {}
        }
        if events.is_empty() && self.pause == Pause::Awake {
            IDLE_NANOS.fetch_add(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        }
        for event in &events {
            let who = event.token().0;
            if self.clients[who].is_gone() {
                continue;
            }
            if event.is_writable() {
                self.clients[who].flush();
            }
            if event.is_readable() {
                self.read(who, scene)?;
            }
            if self.clients[who].is_gone() {
                self.gone += 1;
                let _ = self.poll.registry().deregister(&mut self.clients[who].stream);
            }
        }
        self.events = Some(events);
        Ok(())
    }

    fn read(&mut self, who: usize, scene: &mut impl Scene) -> Result<(), String> {
        let client = &mut self.clients[who];
        loop {
            let (length, is_more) = client.read(&mut self.buffer);
            let at = Instant::now();
            let bytes = &self.buffer[..length];
            let Some(mut taken) = client.upgraded(bytes) else {
                client.rest = bytes.to_vec();
                return Ok(());
            };
            while let Some((opcode, payload)) = frame::next(&bytes[taken..]) {
                if opcode == frame::CLOSE {
                    client.close();
                } else if opcode == frame::TEXT {
                    let packet = Packet::read(&bytes[taken..][payload.clone()]);
                    match client.step(&packet)? {
                        Step::Joined => self.joined += 1,
                        Step::Heard => scene.heard(who, client, &packet, at),
                        Step::Nothing => {}
                    }
                }
                taken += payload.end;
            }
            client.rest.extend_from_slice(&bytes[taken..]);
            if !is_more || client.is_gone() {
                return Ok(());
            }
        }
    }
}
