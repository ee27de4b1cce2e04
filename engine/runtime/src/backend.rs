//! An event of a service: the same walk as a client's, without a connection; and whom it reached.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use homeroom_plan::frame::{Frame, Now};
use homeroom_plan::payload::Payload;
use homeroom_plan::schema::Issue;
use homeroom_plan::user::User;
use serde_json::Value;

use crate::Refusal;
use crate::act::Act;
use crate::bind::Served;
use crate::decisions::{About, Came, Decision};
use crate::delivery::{Reach, Scene};
use crate::engine::Engine;
use crate::explain::Note;
use crate::input;
use crate::metrics::CameTo;
use crate::orders::Order;
use crate::outcome::{Audience, Effect};
use crate::session::Who;
use crate::spans::{Span, SpanKind};
use crate::turns::Turns;

/// An event that a service sends.
#[derive(Debug, Clone, Default)]
pub struct Command<'a> {
    /// The namespace's path.
    pub namespace: &'a str,
    /// The backend event.
    pub event: &'a str,
    /// What it carries.
    pub body: Option<Value>,
    /// What its sender is bound to.
    pub tenancy: Option<&'a Tenancy>,
    /// Of how many of its rooms, at most, it is found out where their histories are then.
    pub positions_max: usize,
}

/// Whose affairs a service may send of: tenants, told by properties of the payload that must be one of some values.
///
/// What is sent may reach rooms whose names have each of these properties as a parameter, with one of its values; and
/// rooms that are spelt in one of the ways that are `trusted`, whose names say nothing of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenancy {
    /// Property, and the values that it may have.
    pub only: Vec<(String, Vec<String>)>,
    /// Rooms, as they are declared, that the service is trusted to name.
    pub trusted: Vec<String>,
}

/// What a backend event came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reached {
    /// How many connections of this server its emissions were sent to.
    pub sockets: usize,
    /// The rooms that it was sent to.
    pub rooms: BTreeSet<Arc<str>>,
    /// Whether all that the other servers must hear has left for them; `true` where there are none.
    pub told_others: bool,
    /// By room, where its history is right after this event, as clients are told it: whoever joins since there receives what
    /// was sent after it. Those that [`Command::positions_max`] asks for, and others where it is known anyway; not one whose
    /// history could not be asked.
    pub positions: BTreeMap<Arc<str>, Arc<str>>,
    /// The numbers by which [`Engine::count_reach`] asks the other servers.
    numbers: Vec<u64>,
}

impl Reached {
    pub(crate) fn here(reach: Reach) -> Self {
        let Reach { sockets, rooms, numbers, positions } = reach;
        Self { sockets, rooms, told_others: true, positions, numbers }
    }
}

/// Whom a backend event reached in the whole cluster, as far as is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReachedEverywhere {
    /// How many connections, of all servers that told.
    pub sockets: u64,
    /// How many servers it reached connections of.
    pub servers: usize,
    /// How many servers told, this one included.
    pub answered: usize,
    /// Servers that did not tell in time.
    pub silent: Vec<String>,
    /// Which servers there are could not be asked.
    pub unknown: bool,
}

impl Engine {
    /// An event of a service, which nothing binds.
    ///
    /// # Errors
    /// As [`Engine::send`].
    pub async fn backend(&self, namespace: &str, event: &str, body: Option<Value>) -> Result<Reached, Refusal> {
        self.send(Command { namespace, event, body, ..Command::default() }).await
    }

    /// An event of a service. It is delivered to the clients of this server in any case; whether the others could be told
    /// stands in what it yields.
    ///
    /// # Errors
    /// NOT_FOUND, UNKNOWN_EVENT, INVALID_PAYLOAD, UNAUTHORIZED with what its sender is bound to, or whatever its steps
    /// refuse with. Nothing was sent then.
    pub async fn send(&self, command: Command<'_>) -> Result<Reached, Refusal> {
        let Command { namespace, event, body, tenancy, positions_max } = command;
        let inner = &self.inner;
        let bound = inner.live.current();
        let served = bound.namespace(namespace).ok_or_else(|| Refusal::code("NOT_FOUND"))?;
        let entry = served.namespace().backend_events.get(event).ok_or_else(|| Refusal::code("UNKNOWN_EVENT"))?;
        let meter = &served.meters.backend[entry.number];
        let now = Now::at(inner.clock.now_ms());
        let trace = inner.traces.next();
        let came_in = Came::now(now.ms(), trace);
        let work = async {
            let carried = input::validate_value(&entry.input, body).map_err(|refusal| refusal.at(&entry.place))?;
            tenancy.map_or(Ok(()), |tenancy| tenancy.admits(carried.payload.as_ref().map(Payload::whole)))?;
            let mut turns = Turns::default();
            loop {
                let turn = async {
                    let mut frame = Frame::new(&User::Nobody, &now, entry.handler.slots);
                    frame.payload = carried.payload.as_ref();
                    frame.args = carried.args.as_ref();
                    let mut act = Act::new(inner.site(&bound, served, trace), &entry.handler);
                    act.run(&entry.handler.body, &mut frame).await?;
                    tenancy.map_or(Ok(()), |tenancy| tenancy.admits_to(act.effects(), served))?;
                    act.finish(entry, &frame, false).await
                };
                match turn.await {
                    Err(refusal) if turns.another(&refusal).await => {}
                    came => return came,
                }
            }
        };
        let came = tokio::time::timeout(inner.settings.event_timeout, work).await;
        let came = came.unwrap_or_else(|_| Err(Refusal::code("TIMEOUT")));
        let decided = came_in.decided(&Who::nobody(&served.plan.path), About::Backend(Arc::clone(&entry.name)));
        inner.decisions.remember(came.as_ref().err().into_iter().fold(decided, Decision::refused));
        let outcome = came.inspect_err(|refusal| {
            bound.note(|| Note::Refused(refusal));
            let (code, place) = (&*refusal.code, refusal.place.as_deref().unwrap_or(""));
            let cause = refusal.cause.as_deref().unwrap_or("");
            tracing::warn!(namespace, event, %trace, code, place, cause, "backend event refused");
            meter.count_timed(CameTo::Refused(&refusal.code), came_in.took());
        })?;
        let dropped = self.bus().map_or(0, |bus| bus.dropped);
        let scene = Scene { inner, bound: &bound, served, trace };
        let open = inner.hold_open(&served.plan.path, &outcome.effects, positions_max).await;
        let reached = Reached::here(scene.deliver(outcome, None, None).await);
        drop(open);
        meter.count_timed(CameTo::Done, came_in.took());
        if let Some(spans) = inner.spans.wanting(trace) {
            let (namespace, event) = (Arc::clone(&served.plan.path), Arc::clone(&entry.name));
            let (kind, outcome, took) = (SpanKind::Backend, "ok".into(), came_in.took());
            let began = SystemTime::now() - took;
            spans.tell(Span { trace, kind, namespace, event, outcome, began, took, stages: Vec::new() });
        }
        tracing::debug!(namespace, event, %trace, sockets = reached.sockets, "backend event done");
        let told_others = match &inner.stores.cluster {
            Some(cluster) => cluster.has_left(dropped).await,
            None => true,
        };
        Ok(Reached { told_others, ..reached })
    }

    /// Asks the other servers how many connections of theirs a backend event reached. Each answers for what has
    /// arrived, and waits a moment for the turn of what came out of turn.
    pub async fn count_reach(&self, reached: &Reached) -> ReachedEverywhere {
        let counted = |sockets: u64| usize::from(sockets > 0);
        let here = u64::try_from(reached.sockets).unwrap_or(u64::MAX);
        let mut all = ReachedEverywhere { sockets: here, servers: counted(here), answered: 1, ..Default::default() };
        if self.server_name().is_none() {
            return all;
        }
        let order = Order::Count { numbers: reached.numbers.clone() };
        let answers = self.ask_others(&order, order.within()).await;
        for answer in &answers.came {
            let sockets = answer.get("sockets").and_then(Value::as_u64).unwrap_or(0);
            all.sockets += sockets;
            all.servers += counted(sockets);
            all.answered += 1;
        }
        ReachedEverywhere { silent: answers.silent, unknown: answers.unknown, ..all }
    }
}

impl Tenancy {
    /// Whether a payload is of one of the tenants.
    fn admits(&self, payload: Option<&Value>) -> Result<(), Refusal> {
        let wrong = |(property, values): &(String, Vec<String>)| {
            let value = payload.and_then(|payload| payload.get(property)).and_then(Value::as_str);
            let message = match value {
                Some(value) if values.iter().any(|one| one == value) => return None,
                Some(_) => "is not one that this key may send of",
                None => "is missing, and tells whether this key may send it",
            };
            Some(Issue { path: format!("/{property}"), message: message.into() })
        };
        refused(self.only.iter().filter_map(wrong).collect())
    }

    /// Whether the rooms that an event would reach, or change, are of the tenants, or trusted.
    fn admits_to(&self, effects: &[Effect], served: &Served) -> Result<(), Refusal> {
        if self.only.is_empty() {
            return Ok(());
        }
        let mut rooms: BTreeSet<&str> = BTreeSet::new();
        for effect in effects {
            match effect {
                Effect::Emit(emission) => {
                    let Audience { everyone, rooms: to, .. } = &emission.to;
                    if *everyone {
                        return refused(vec![issue("it would reach everyone in the namespace".into())]);
                    }
                    rooms.extend(to.iter().map(|room| &**room));
                }
                Effect::Evict { who, rooms: out } => {
                    rooms.insert(who);
                    rooms.extend(out.iter().map(|place| &*place.name));
                }
                // What webhooks are told goes to the operator's own services.
                Effect::Join(_) | Effect::Leave(_) | Effect::Tell { .. } => {}
            }
        }
        let strange = rooms.into_iter().filter_map(|room| self.strange(room, served));
        refused(
            strange
                .map(|pattern| {
                    issue(format!("it would reach a room `{pattern}`, of which it is not known whose it is"))
                })
                .collect(),
        )
    }

    /// How a room is spelt that is neither of the tenants nor trusted.
    fn strange(&self, name: &str, served: &Served) -> Option<String> {
        let Some((room, values)) = served.room_named(name) else { return Some(name.to_owned()) };
        let pattern = &served.namespace().rooms[room].pattern;
        let is_ours = self.only.iter().all(|(property, allowed)| {
            let mut params = pattern.params().zip(&values);
            params.any(|(param, value)| param == property && allowed.contains(value))
        });
        let is_trusted = || self.trusted.contains(&pattern.text);
        (!is_ours && !is_trusted()).then(|| pattern.text.clone())
    }
}

fn issue(message: String) -> Issue {
    Issue { path: String::new(), message }
}

fn refused(issues: Vec<Issue>) -> Result<(), Refusal> {
    if issues.is_empty() {
        return Ok(());
    }
    Err(Refusal { issues, ..Refusal::because("UNAUTHORIZED", "its key is not for this tenant") })
}
