//! Several servers as one: what is sent on one reaches the clients of all.
//!
//! A server delivers to its own clients first and never waits for the others. What others must hear goes onto the bus, on the
//! channel of the room it is for; a server listens to the channels of the rooms its clients are in, and to no others. Rooms
//! share channels, so that a server with many rooms listens to a bounded number of them.
//!
//! | promise | how |
//! |---|---|
//! | in order | one sender's emissions to a room are published in order, on the one channel of that room |
//! | once | an emission to rooms on several channels bears a number; a server that hears it again lets it be |
//! | from us | frames are sealed with a key of the cluster; others are counted and left unread |
//! | asked | an order goes to all servers that are known to be there; who has not answered in time is named |
//! | roles | travel by name: two servers may serve different definitions for a while |

mod asking;
mod channels;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod seal;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use homeroom_store::bus::{Bus, Frames};
use parking_lot::Mutex;

pub use self::asking::{Answers, Roll};
use self::asking::{Asked, Counted, Voices};
use self::channels::Channels;
use self::frame::{Manner, Said, Sent};
pub use self::seal::ClusterKey;
use crate::bind::Bound;
use crate::decisions::Reached;
use crate::delivery::Scene;
use crate::engine::{Engine, Inner};
use crate::history::{Came, Dispatched, Entry};
use crate::lane::run_here_first;
use crate::outcome::{Emission, Form, Place};
use crate::outlet::{Delivery, Parcel, Receivers};
use crate::session::Session;
use crate::spans::{Span, SpanKind};
use crate::trace::TraceId;

/// How many numbers of emissions are remembered, so that none is heard twice.
const HEARD_MAX: usize = 8192;

/// The other servers, as this one reaches them.
pub struct Cluster {
    bus: Arc<dyn Bus>,
    key: ClusterKey,
    /// Tells this server's numbers from those of others.
    server: u64,
    next: AtomicU64,
    channels: Channels,
    /// Held while the bus is told what is listened to, so that it is told in the order in which that came about.
    telling: Mutex<()>,
    heard: Mutex<Heard>,
    /// Frames that were no frames of ours.
    refused: AtomicU64,
    /// Who the other servers are.
    roll: Option<Arc<dyn Roll>>,
    /// Orders that were given and not answered by all yet.
    asked: Asked,
    /// The servers that were heard.
    voices: Voices,
    /// How many connections emissions of others reached here.
    counted: Mutex<Counted>,
}

/// Numbers of emissions that came on several channels.
#[derive(Default)]
struct Heard {
    known: std::collections::HashSet<(u64, u64)>,
    order: std::collections::VecDeque<(u64, u64)>,
}

impl Heard {
    /// Yields whether it is new.
    fn note(&mut self, number: (u64, u64)) -> bool {
        if !self.known.insert(number) {
            return false;
        }
        self.order.push_back(number);
        if self.order.len() > HEARD_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// What is kept in rooms has numbers of its own; told apart from those of frames by this.
pub(crate) fn kept_number(number: u64) -> u64 {
    number | 1 << 63
}

impl Cluster {
    /// A cluster over `bus`. `server`: a number that no other server of the cluster has. `key`: the same on all.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>, server: u64, key: ClusterKey) -> Self {
        Self {
            bus,
            key,
            server,
            next: AtomicU64::new(0),
            channels: Channels::default(),
            telling: Mutex::default(),
            heard: Mutex::default(),
            refused: AtomicU64::new(0),
            roll: None,
            asked: Asked::default(),
            voices: Voices::default(),
            counted: Mutex::default(),
        }
    }

    /// With somebody who knows which servers there are.
    #[must_use]
    pub fn among(self, roll: Arc<dyn Roll>) -> Self {
        Self { roll: Some(roll), ..self }
    }

    /// How the bus fares.
    #[must_use]
    pub fn status(&self) -> homeroom_store::bus::BusStatus {
        let mut status = self.bus.status();
        status.refused += self.refused.load(Ordering::Relaxed);
        status
    }

    /// The key of the cluster.
    pub(crate) fn key(&self) -> &ClusterKey {
        &self.key
    }

    /// This server's number.
    pub(crate) fn server(&self) -> u64 {
        self.server
    }

    pub(crate) fn entered(&self, namespace: &str, room: Option<&str>) {
        let _telling = self.telling.lock();
        if let Some(channel) = self.channels.entered(namespace, room) {
            self.bus.subscribe(&channel);
        }
    }

    pub(crate) fn left(&self, namespace: &str, room: Option<&str>) {
        let _telling = self.telling.lock();
        if let Some(channel) = self.channels.left(namespace, room) {
            self.bus.unsubscribe(&channel);
        }
    }

    /// Sends an emission to the other servers' clients. Yields the number of its frame, if there is one.
    fn emit(&self, bound: &Bound, namespace: &str, emission: &Emission, trace: TraceId) -> Option<u64> {
        let channels = match emission.to.everyone {
            true => vec![channels::of_all(namespace)],
            false => channels::of_rooms(namespace, &emission.to.rooms),
        };
        if channels.is_empty() {
            return None;
        }
        let said = Said::Emit { emission, roles: &bound.plan.roles };
        Some(self.publish(namespace, &channels, &said, trace))
    }

    /// Makes everyone in `who` leave `rooms` on the other servers.
    fn evict(&self, namespace: &str, who: &Arc<str>, rooms: &[Place], trace: TraceId) {
        let channels = channels::of_rooms(namespace, std::slice::from_ref(who));
        self.publish(namespace, &channels, &Said::Evict { who, rooms }, trace);
    }

    fn publish(&self, namespace: &str, channels: &[String], said: &Said<'_>, trace: TraceId) -> u64 {
        let number = self.next_number();
        self.publish_as(number, namespace, channels, said, trace);
        number
    }

    fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn publish_as(&self, number: u64, namespace: &str, channels: &[String], said: &Said<'_>, trace: TraceId) {
        let manner = Manner { is_single: channels.len() == 1, is_again: false };
        let sealed = self.written_as(number, manner, namespace, said, trace);
        tracing::debug!(namespace, %trace, channels = channels.len(), "told the other servers");
        self.publish_sealed(channels, &sealed);
    }

    fn written(&self, manner: Manner, namespace: &str, said: &Said<'_>, trace: TraceId) -> Bytes {
        self.written_as(self.next_number(), manner, namespace, said, trace)
    }

    fn written_as(&self, number: u64, manner: Manner, namespace: &str, said: &Said<'_>, trace: TraceId) -> Bytes {
        let from = frame::From { server: self.server, number, trace };
        Bytes::from(self.key.seal(frame::write(from, manner, namespace, said)))
    }

    /// A frame, on these channels.
    pub(crate) fn publish_sealed(&self, channels: &[String], sealed: &Bytes) {
        for channel in channels {
            self.bus.publish(channel, sealed.clone());
        }
    }

    /// What others are told of an entry of this server, and on which channels; `is_again`: not for the first time, so that
    /// it is only for rooms that keep it.
    pub(crate) fn kept_frame(&self, bound: &Bound, entry: &Entry, is_again: bool) -> (Bytes, Vec<String>) {
        let channels = channels::of_rooms(&entry.namespace, &entry.emission.to.rooms);
        let manner = Manner { is_single: channels.len() == 1, is_again };
        let said = Said::Kept { entry, roles: &bound.plan.roles };
        (self.written(manner, &entry.namespace, &said, entry.trace), channels)
    }

    /// An entry, from what others were told of it; `None` if that is none of ours.
    pub(crate) fn read_kept(&self, bound: &Bound, sealed: &Bytes) -> Option<Entry> {
        let frame = self.key.open(sealed).and_then(frame::read)?;
        let Sent::Kept(kept) = frame.sent else { return None };
        Some(kept.entry(bound, &frame.namespace, (frame.server, frame.trace), sealed.clone()))
    }

    /// What a frame says, if it is one of ours that was not heard yet.
    fn read(&self, bytes: &[u8]) -> Option<frame::Frame> {
        let frame = self.key.open(bytes).and_then(frame::read);
        if frame.is_none() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        frame.iter().for_each(|frame| self.voices.note(frame.server));
        frame.filter(|frame| frame.is_single || self.heard.lock().note((frame.server, frame.number)))
    }
}

impl Engine {
    /// How the bus to the other servers fares; `None` if this one stands alone.
    #[must_use]
    pub fn bus(&self) -> Option<homeroom_store::bus::BusStatus> {
        self.inner.stores.cluster.as_ref().map(|cluster| cluster.status())
    }

    /// Hears the other servers, for as long as this is polled.
    pub async fn hear(&self, mut frames: Frames) {
        while let Some(frame) = frames.next().await {
            self.heard(&frame.bytes);
        }
    }

    /// Hears what is here already. Yields whether there was anything.
    pub fn hear_now(&self, frames: &mut Frames) -> bool {
        let mut any = false;
        while let Some(frame) = frames.try_next() {
            self.heard(&frame.bytes);
            any = true;
        }
        any
    }

    fn heard(&self, bytes: &Bytes) {
        let inner = &self.inner;
        let Some(frame) = inner.stores.cluster.as_ref().and_then(|cluster| cluster.read(bytes)) else { return };
        let bound = inner.live.current();
        match frame.sent {
            Sent::Emit(sent) => {
                let began = inner.spans.wanting(frame.trace).map(|_| (SystemTime::now(), Instant::now()));
                let served = bound.namespace(&frame.namespace);
                let emission = sent.emission(&bound, served);
                let reached = inner.send_here(&frame.namespace, &emission, None, &[]);
                inner.count(frame.server, frame.number, reached.sum.reached);
                inner.was_heard(&bound, &Arc::from(&*frame.namespace), emission, reached, (frame.trace, began));
            }
            Sent::Kept(kept) => {
                let entry = kept.entry(&bound, &frame.namespace, (frame.server, frame.trace), bytes.clone());
                let came = if frame.is_again { Came::Late } else { Came::Fresh };
                inner.hear_kept(Arc::new(entry), came);
            }
            Sent::Evict { who, rooms } => {
                let inner = Arc::clone(inner);
                run_here_first(async move {
                    inner.evict_here(&bound, &frame.namespace, &who, &rooms, frame.trace).await;
                });
            }
            Sent::Ask { order } => {
                let engine = self.clone();
                run_here_first(async move { engine.answer(frame.server, frame.number, &order, frame.trace).await });
            }
            Sent::Tell { number, answer } => inner.told(frame.server, number, &answer),
        }
    }
}

impl Inner {
    /// Sends an emission to its audience on all servers, each view to those it is for.
    pub(crate) fn send(&self, scene: &Scene<'_>, emission: Emission, sender: Option<&Session>) -> Dispatched {
        let Scene { bound, served, trace, .. } = *scene;
        let namespace = &served.namespace().path;
        if !emission.kept.is_empty() {
            return self.send_kept(scene, emission, sender);
        }
        let reached = self.send_here(namespace, &emission, sender.map(|session| session.conn), &[]);
        let cluster = self.stores.cluster.as_ref();
        let number = cluster.and_then(|cluster| cluster.emit(bound, namespace, &emission, trace));
        let sum = reached.sum;
        served.meters.of_sent(emission.number).count(&served.meters.all, sum);
        self.remember_sent(bound, namespace, emission, reached, sender, trace);
        Dispatched { sockets: sum.reached, number, positions: Vec::new() }
    }

    /// An emission of another server was delivered here.
    pub(crate) fn was_heard(
        &self,
        bound: &Bound,
        namespace: &Arc<str>,
        emission: Emission,
        reached: Reached,
        (trace, began): (TraceId, Option<(SystemTime, Instant)>),
    ) {
        tracing::debug!(%namespace, event = %emission.event, %trace, reached = reached.sum.reached, "heard of another server");
        if let Some(served) = bound.namespace(namespace) {
            let meter = served.meters.of_sent(emission.number);
            meter.count(&served.meters.all, reached.sum);
            if let (Some((began, from)), Some(spans)) = (began, self.spans.wanting(trace)) {
                spans.tell(Span {
                    trace,
                    kind: SpanKind::Heard,
                    namespace: Arc::clone(namespace),
                    event: Arc::clone(meter.name()),
                    outcome: "ok".into(),
                    began,
                    took: from.elapsed(),
                    stages: Vec::new(),
                });
            }
        }
        self.remember_sent(bound, namespace, emission, reached, None, trace);
    }

    /// Sends an emission to its audience on this server; whoever is in one of the rooms that have a position is told it.
    pub(crate) fn send_here(
        &self,
        namespace: &str,
        emission: &Emission,
        sender: Option<u64>,
        positions: &[(Arc<str>, Arc<str>)],
    ) -> Reached {
        Reached::of(emission.forms.iter().map(|form| self.send_form(namespace, emission, form, sender, positions)))
    }

    fn send_form(
        &self,
        namespace: &str,
        emission: &Emission,
        form: &Form,
        sender: Option<u64>,
        positions: &[(Arc<str>, Arc<str>)],
    ) -> Delivery {
        let send = |to, except, positions| {
            let parcel = Parcel {
                event: &emission.event,
                args: &form.args,
                to,
                except,
                except_rooms: &emission.except_rooms,
                roles: form.roles.as_deref(),
                volatile: emission.volatile,
                positions,
            };
            self.outlet.send(namespace, parcel)
        };
        let alone = emission.to.sender && !emission.except_sender;
        let except = sender.filter(|_| emission.except_sender || alone);
        let mut reached = Delivery::default();
        if emission.to.everyone {
            reached = reached.and(send(Receivers::Everyone, except, &[]));
        } else if !emission.to.rooms.is_empty() {
            reached = reached.and(send(Receivers::Rooms(&emission.to.rooms), except, positions));
        }
        if let (true, Some(conn)) = (alone, sender) {
            let session = self.sessions.get(conn).filter(|_| !positions.is_empty());
            let is_in = |room: &Arc<str>| session.as_ref().is_some_and(|session| session.rooms.lock().contains(room));
            let positions: Vec<_> = positions.iter().filter(|(room, _)| is_in(room)).cloned().collect();
            reached = reached.and(send(Receivers::One(conn), None, &positions));
        }
        reached
    }

    /// A connection of this server entered a room, or with `None` the namespace.
    pub(crate) fn entered(&self, namespace: &str, room: Option<&str>) {
        if let Some(cluster) = &self.stores.cluster {
            cluster.entered(namespace, room);
        }
    }

    /// Until what other servers send to the rooms that were entered here is heard, as far as they can be heard at all.
    pub(crate) async fn listening(&self) {
        if let Some(cluster) = &self.stores.cluster {
            cluster.bus.subscribed().await;
        }
    }

    /// It left.
    pub(crate) fn left(&self, namespace: &str, room: Option<&str>) {
        if let Some(cluster) = &self.stores.cluster {
            cluster.left(namespace, room);
        }
    }

    /// Tells the other servers that everyone in a room leaves others.
    pub(crate) fn evict_elsewhere(&self, namespace: &str, who: &Arc<str>, rooms: &[Place], trace: TraceId) {
        if let Some(cluster) = &self.stores.cluster {
            cluster.evict(namespace, who, rooms, trace);
        }
    }

    async fn evict_here(&self, bound: &Bound, namespace: &str, who: &str, rooms: &[Arc<str>], trace: TraceId) {
        let Some(served) = bound.namespace(namespace) else { return };
        let place = |name: &Arc<str>| {
            let (room, params) = served.room_named(name)?;
            Some(Place { room, name: Arc::clone(name), params, presence: None, rule: None, recall: None })
        };
        let places: Vec<Place> = rooms.iter().filter_map(place).collect();
        Scene { inner: self, bound, served, trace }.evict_and_follow(who, &places).await;
    }
}
