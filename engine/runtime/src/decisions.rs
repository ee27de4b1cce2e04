//! What was decided lately: who was let in, refused or reached, by which rule. Asked by operators; it never has a value of
//! a payload in it.
//!
//! Bounded in number and bytes, oldest first out. What is remembered of an event that goes well is made of texts that are
//! shared already, so that it costs one short lock and no allocation.

mod ring;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use self::ring::Decisions;
use crate::bind::Bound;
use crate::engine::Inner;
use crate::explain::Note;
use crate::outcome::{Emission, Names};
use crate::session::{Session, Who};
use crate::{Delivery, Engine, Refusal, TraceId};
use homeroom_plan::program::{Code, Place};

/// Something that was decided.
#[derive(Debug, Clone)]
pub struct Decision {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// In which namespace, and about whom.
    pub who: Arc<Who>,
    /// About what.
    pub about: About,
    /// The code of a refusal; `None`: it was allowed.
    pub code: Option<Code>,
    /// The rule, or the step, that decided: `file:line`. `None` where nothing of the author's did.
    pub place: Option<Place>,
    /// How long it took to decide, in microseconds; of something that was sent, 0.
    pub took_us: u32,
    /// What it was part of.
    pub trace: TraceId,
}

/// What a decision is about.
#[derive(Debug, Clone)]
pub enum About {
    /// A connect.
    Connect,
    /// An event of a client.
    Event(Arc<str>),
    /// An event of a service.
    Backend(Arc<str>),
    /// A room that somebody enters.
    Join(Arc<str>),
    /// Something that was sent.
    Sent(Sent),
}

/// Something that was sent, and whom it reached.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The server event.
    pub event: Arc<str>,
    /// The rooms it was sent to.
    pub rooms: Names,
    /// It was sent to its sender.
    pub sender: bool,
    /// It was sent to everyone in the namespace.
    pub everyone: bool,
    /// It was kept from its sender.
    pub except_sender: bool,
    /// How many connections it reached in its first form, or its only one.
    pub sockets: u32,
    seldom: Option<Box<Seldom>>,
}

/// What few emissions have. Of the others there are many, and each is to be small.
#[derive(Debug, Clone, Default)]
struct Seldom {
    except_rooms: Vec<Arc<str>>,
    /// The numbers of the roles that the first form is for.
    roles: Option<Vec<usize>>,
    /// What it reached in the forms for others, where it has views.
    views: Vec<Reach>,
}

/// How many connections a form of an emission reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The numbers of the roles it is for; `None`: all.
    pub roles: Option<Vec<usize>>,
    /// How many connections.
    pub sockets: usize,
}

/// Which decisions are asked for; what is `None` is not asked.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// About this user.
    pub user: Option<String>,
    /// In this namespace.
    pub namespace: Option<String>,
    /// About this event: sent by a client or a service, or sent to clients.
    pub event: Option<String>,
    /// With this code; `OK` for what was allowed.
    pub code: Option<String>,
}

/// The code by which [`Wanted::code`] asks for what was allowed.
pub const OK: &str = "OK";

impl About {
    /// The event it is about.
    #[must_use]
    pub fn event(&self) -> Option<&str> {
        match self {
            Self::Event(event) | Self::Backend(event) => Some(event),
            Self::Sent(sent) => Some(&sent.event),
            Self::Connect => Some("connect"),
            Self::Join(_) => None,
        }
    }
}

impl Sent {
    /// It was kept from the members of these rooms.
    #[must_use]
    pub fn except_rooms(&self) -> &[Arc<str>] {
        self.seldom.as_ref().map_or(&[], |seldom| &seldom.except_rooms)
    }

    /// What it reached in each of its forms.
    pub fn forms(&self) -> impl Iterator<Item = Reach> {
        let seldom = self.seldom.as_deref();
        let roles = seldom.and_then(|seldom| seldom.roles.clone());
        let views = seldom.into_iter().flat_map(|seldom| seldom.views.iter().cloned());
        std::iter::once(Reach { roles, sockets: self.sockets as usize }).chain(views)
    }
}

/// How many connections an emission reached in its first form, and in each further one; and what came of all.
pub(crate) struct Reached {
    pub(crate) first: usize,
    pub(crate) others: Vec<usize>,
    pub(crate) sum: Delivery,
}

impl Reached {
    /// Of what came of each form.
    pub(crate) fn of(forms: impl IntoIterator<Item = Delivery>) -> Self {
        let mut sum = Delivery::default();
        let mut counts = forms.into_iter().map(|came| {
            sum = sum.and(came);
            came.reached
        });
        let (first, others) = (counts.next().unwrap_or(0), counts.collect());
        Self { first, others, sum }
    }
}

impl Inner {
    /// An emission was sent to the connections of this server.
    pub(crate) fn remember_sent(
        &self,
        bound: &Bound,
        namespace: &Arc<str>,
        emission: Emission,
        reached: Reached,
        sender: Option<&Session>,
        trace: TraceId,
    ) {
        bound.note(|| Note::Sent(&emission, reached.first, &reached.others));
        let who = sender.map_or_else(|| Who::nobody(namespace), |session| Arc::clone(&session.who));
        let about = About::Sent(Sent::of(emission, reached));
        let at_ms = self.clock.now_ms();
        self.decisions.remember(Decision { at_ms, who, about, code: None, place: None, took_us: 0, trace });
    }
}

/// When something came, on the engine's clock, and how long ago that is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came {
    at_ms: i64,
    at: Instant,
    trace: TraceId,
}

impl Came {
    pub(crate) fn now(at_ms: i64, trace: TraceId) -> Self {
        Self { at_ms, at: Instant::now(), trace }
    }

    /// What it is part of.
    pub(crate) fn trace(self) -> TraceId {
        self.trace
    }

    /// How long ago that is.
    pub(crate) fn took(self) -> Duration {
        self.at.elapsed()
    }

    /// A decision about something that has come; allowed.
    pub(crate) fn decided(self, who: &Arc<Who>, about: About) -> Decision {
        let took_us = u32::try_from(self.took().as_micros()).unwrap_or(u32::MAX);
        let (at_ms, who, trace) = (self.at_ms, Arc::clone(who), self.trace);
        Decision { at_ms, who, about, code: None, place: None, took_us, trace }
    }
}

impl Decision {
    /// Decided by this rule.
    pub(crate) fn by(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// Refused.
    pub(crate) fn refused(self, refusal: &Refusal) -> Self {
        Self { code: Some(Arc::clone(&refusal.code)), place: refusal.place.clone(), ..self }
    }
}

impl Sent {
    /// What is left of an emission once it was sent: everything but what it carried.
    fn of(emission: Emission, reached: Reached) -> Self {
        let mut forms = emission.forms.into_iter().map(|form| form.roles);
        let roles = forms.next().flatten();
        let is_plain = roles.is_none() && reached.others.is_empty() && emission.except_rooms.is_empty();
        let seldom = (!is_plain).then(|| Seldom {
            except_rooms: emission.except_rooms,
            roles,
            views: forms.zip(reached.others).map(|(roles, sockets)| Reach { roles, sockets }).collect(),
        });
        Self {
            event: emission.event,
            rooms: emission.to.rooms,
            sender: emission.to.sender,
            everyone: emission.to.everyone,
            except_sender: emission.except_sender,
            sockets: u32::try_from(reached.first).unwrap_or(u32::MAX),
            seldom: seldom.map(Box::new),
        }
    }
}

impl Engine {
    /// The latest decisions that are wanted, newest first, `limit` at most.
    #[must_use]
    pub fn decisions(&self, wanted: &Wanted, limit: usize) -> Vec<Decision> {
        self.inner.decisions.latest(wanted, limit)
    }

    /// This user's connections to this server; those to one namespace, if it is named.
    #[must_use]
    pub fn sessions_of(&self, user: &str, namespace: Option<&str>) -> Vec<Arc<Session>> {
        let mut sessions = self.inner.sessions.all();
        sessions.retain(|session| {
            &*session.who.user == user && namespace.is_none_or(|namespace| &*session.who.namespace == namespace)
        });
        sessions.sort_by_key(|session| session.conn);
        sessions
    }

    /// How the definitions that are served now spell the name of this room; `None` if they have no such room.
    #[must_use]
    pub fn pattern_of(&self, namespace: &str, room: &str) -> Option<String> {
        let bound = self.current();
        let served = bound.namespace(namespace)?;
        let (room, _) = served.room_named(room)?;
        Some(served.namespace().rooms[room].pattern.text.clone())
    }
}
