//! What other services publish by `@socket.io/redis-emitter`, as if they were a Socket.IO server: let in as far as the settings
//! say, and in the same form in which a server's own events leave.
//!
//! A message names a server event, its rooms and one payload. It goes out if the settings allow that event there, if each
//! room is one that is declared and allowed, with parameters that could be a client's, and if the payload is what the event
//! carries; views apply as always. All else is counted by its reason, and told in the log now and then, without what it
//! carried. A message without a room would be for everyone in the namespace, and is refused.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod msgpack;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use homeroom_definition::is_param_value;
use homeroom_plan::program::ServerEvent;
use parking_lot::Mutex;
use serde_json::Value;

use self::msgpack::Unreadable;
use crate::act::forms_of;
use crate::backend::Reached;
use crate::bind::{Bound, Served};
use crate::delivery::Scene;
use crate::engine::Engine;
use crate::outcome::{Audience, Effect, Emission, KeptIn, Outcome};

/// How often a reason is told in the log.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// What the emitter calls itself, where a server would say which one it is.
const EMITTER: &str = "emitter";
/// The kind of a packet that is an event.
const EVENT: u64 = 2;
/// How much deeper than its payload a message is nested.
const DEPTH_AROUND: usize = 3;

/// What services may publish. Its `Clone`s share what was told in the log.
#[derive(Debug, Clone, Default)]
pub struct Emitters {
    allowed: Vec<Allowed>,
    told: Arc<Mutex<HashMap<Unwanted, Told>>>,
}

/// Events of a namespace that services may publish, and to which rooms.
#[derive(Debug, Clone)]
pub struct Allowed {
    /// The namespace.
    pub namespace: Arc<str>,
    /// Server events.
    pub events: Vec<Arc<str>>,
    /// Rooms, as they are declared; none: those that an event goes to by its own `to:`.
    pub rooms: Vec<String>,
}

/// Why something that was published goes to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unwanted {
    /// It would make servers act: join, leave, disconnect, or a message among servers.
    Control,
    /// It comes from a server of Socket.IO, not from an emitter.
    Foreign,
    /// It is no message of the emitter.
    Broken,
    /// It has bytes in it.
    Binary,
    /// It is larger than an event may be, or has more rooms than one may send to.
    TooLarge,
    /// The event is not declared, or not allowed there.
    Event,
    /// It has another number of arguments.
    Arguments,
    /// The payload is not what the event carries.
    Payload,
    /// It names no room.
    NoRoom,
    /// A room is not declared, not allowed, or has parameters that cannot be.
    Room,
}

#[derive(Debug)]
struct Told {
    at: Instant,
    since: u64,
}

/// A message, taken apart.
struct Message {
    event: String,
    args: Vec<Value>,
    rooms: Vec<Arc<str>>,
    except: Vec<Arc<str>>,
    volatile: bool,
}

impl Unwanted {
    /// The reason, as metrics and the log name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Foreign => "foreign",
            Self::Broken => "broken",
            Self::Binary => "binary",
            Self::TooLarge => "too_large",
            Self::Event => "event",
            Self::Arguments => "arguments",
            Self::Payload => "payload",
            Self::NoRoom => "no_room",
            Self::Room => "room",
        }
    }
}

impl Emitters {
    /// Those that may publish this, and nothing else.
    #[must_use]
    pub fn new(allowed: Vec<Allowed>) -> Self {
        Self { allowed, told: Arc::default() }
    }

    /// The namespaces for which something may be published, each once.
    #[must_use]
    pub fn namespaces(&self) -> Vec<Arc<str>> {
        let mut all: Vec<Arc<str>> = self.allowed.iter().map(|one| Arc::clone(&one.namespace)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Tells of something unwanted, unless that was told just now.
    fn tell(&self, namespace: &str, unwanted: Unwanted) {
        let now = Instant::now();
        let mut told = self.told.lock();
        let known = told.entry(unwanted).or_insert(Told { at: now, since: 0 });
        known.since += 1;
        let is_first = known.at == now;
        if is_first || now.duration_since(known.at) >= TELL_EVERY {
            let times = known.since;
            (known.at, known.since) = (now, 0);
            drop(told);
            tracing::warn!(namespace, reason = unwanted.as_str(), times, "what a service published goes to nobody");
        }
    }
}

impl Engine {
    /// Something that a service published for a namespace, to be called on one server of the cluster alone. `is_control`: it
    /// came where servers tell each other what to do.
    ///
    /// # Errors
    /// Why it goes to nobody; counted and told in the log by then.
    pub async fn published(
        &self,
        emitters: &Emitters,
        namespace: &str,
        is_control: bool,
        message: &[u8],
    ) -> Result<Reached, Unwanted> {
        let bound = self.inner.live.current();
        let sent = match self.admit_published(&bound, emitters, namespace, is_control, message) {
            Ok((served, emission)) => {
                let scene = Scene { inner: &self.inner, bound: &bound, served, trace: self.inner.traces.next() };
                let outcome = Outcome { effects: vec![Effect::Emit(emission)], ..Outcome::default() };
                Ok(Reached::here(scene.deliver(outcome, None, None).await))
            }
            Err(unwanted) => Err(unwanted),
        };
        self.inner.metrics.published(namespace, sent.as_ref().err().map_or("sent", |unwanted| unwanted.as_str()));
        sent.inspect_err(|unwanted| emitters.tell(namespace, *unwanted))
    }

    fn admit_published<'b>(
        &self,
        bound: &'b Bound,
        emitters: &Emitters,
        namespace: &str,
        is_control: bool,
        message: &[u8],
    ) -> Result<(&'b Served, Emission), Unwanted> {
        if is_control {
            return Err(Unwanted::Control);
        }
        let settings = &self.inner.settings;
        if message.len() > settings.payload_bytes_max {
            return Err(Unwanted::TooLarge);
        }
        let message = read(message, namespace, settings.payload_depth_max + DEPTH_AROUND)?;
        if message.rooms.len() + message.except.len() > settings.effects_per_event_max {
            return Err(Unwanted::TooLarge);
        }
        let served = bound.namespace(namespace).ok_or(Unwanted::Event)?;
        let event = served.namespace().server_events.iter().find(|event| *event.name == *message.event);
        let event = event.ok_or(Unwanted::Event)?;
        let rooms = emitters.rooms(served, namespace, &event.name).ok_or(Unwanted::Event)?;
        may_go_to(served, &rooms, &message)?;
        let forms = forms(served, event, message.args)?;
        let history = |room: &Arc<str>| {
            let (id, _) = served.room_named(room)?;
            Some(KeptIn { room: Arc::clone(room), history: served.namespace().rooms[id].history? })
        };
        let kept = if message.volatile { Vec::new() } else { message.rooms.iter().filter_map(history).collect() };
        let emission = Emission {
            event: Arc::clone(&event.name),
            number: served.server_event(&event.name),
            forms,
            to: Audience { rooms: message.rooms.into(), ..Audience::default() },
            except_sender: false,
            except_rooms: message.except,
            volatile: message.volatile,
            kept,
        };
        Ok((served, emission))
    }
}

impl Emitters {
    /// The shapes of rooms to which an event may be published; `None`: it may not be at all.
    fn rooms(&self, served: &Served, namespace: &str, event: &str) -> Option<Vec<String>> {
        let is_for = |one: &&Allowed| *one.namespace == *namespace && one.events.iter().any(|name| **name == *event);
        let mut rooms = None;
        for allowed in self.allowed.iter().filter(is_for) {
            let rooms = rooms.get_or_insert_with(Vec::new);
            if allowed.rooms.is_empty() {
                let terms = served.namespace().contract.server_events.iter().find(|terms| *terms.name == *event);
                rooms.extend(terms.iter().flat_map(|terms| &terms.to).map(|room| shape(room)));
            } else {
                rooms.extend(allowed.rooms.iter().map(|room| shape(room)));
            }
        }
        rooms
    }
}

/// A room's name without the names of its parameters, which are others where something is sent to it.
fn shape(room: &str) -> String {
    let mut shape = String::new();
    let mut depth = 0_usize;
    for sign in room.chars() {
        match sign {
            '<' => depth += 1,
            '>' => {
                depth = depth.saturating_sub(1);
                shape.push('*');
            }
            _ if depth > 0 => {}
            other => shape.push(other),
        }
    }
    shape
}

fn may_go_to(served: &Served, allowed: &[String], message: &Message) -> Result<(), Unwanted> {
    if message.rooms.is_empty() {
        return Err(Unwanted::NoRoom);
    }
    let declared = |name: &str| {
        let (room, params) = served.room_named(name)?;
        params.iter().all(|value| is_param_value(value)).then(|| &served.namespace().rooms[room].pattern.text)
    };
    let may_hear = |name: &Arc<str>| declared(name).is_some_and(|pattern| allowed.contains(&shape(pattern)));
    let is_sound = message.rooms.iter().all(may_hear) && message.except.iter().all(|name| declared(name).is_some());
    if is_sound { Ok(()) } else { Err(Unwanted::Room) }
}

fn forms(served: &Served, event: &ServerEvent, mut args: Vec<Value>) -> Result<Vec<crate::outcome::Form>, Unwanted> {
    use homeroom_plan::contract::Carries;
    let terms = served.namespace().contract.server_events.iter().find(|terms| terms.name == event.name);
    let value = match (terms.map(|terms| &terms.carries), &event.schema, args.len()) {
        (_, Some(schema), 1) => {
            let value = args.remove(0);
            schema.check(&value).map_err(|_| Unwanted::Payload)?;
            Some(value)
        }
        (Some(Carries::Nothing), None, 0) => None,
        _ => return Err(Unwanted::Arguments),
    };
    forms_of(event, value, None, &[]).map_err(|_| Unwanted::Payload)
}

/// `[who, {type, data: [event, ...], nsp}, {rooms, except, flags}]`
fn read(bytes: &[u8], namespace: &str, depth_max: usize) -> Result<Message, Unwanted> {
    let message = msgpack::read(bytes, depth_max).map_err(|unreadable| match unreadable {
        Unreadable::Broken => Unwanted::Broken,
        Unreadable::Binary => Unwanted::Binary,
    })?;
    let Value::Array(mut parts) = message else { return Err(Unwanted::Broken) };
    let [Value::String(who), packet, options] = parts.as_mut_slice() else { return Err(Unwanted::Broken) };
    if who != EMITTER {
        return Err(Unwanted::Foreign);
    }
    let is_event = packet["type"].as_u64() == Some(EVENT) && packet["nsp"].as_str() == Some(namespace);
    let Some(data) = packet.get_mut("data").filter(|_| is_event) else { return Err(Unwanted::Broken) };
    let Value::Array(mut args) = data.take() else { return Err(Unwanted::Broken) };
    if !matches!(args.first(), Some(Value::String(_))) {
        return Err(Unwanted::Broken);
    }
    let Value::String(event) = args.remove(0) else { return Err(Unwanted::Broken) };
    Ok(Message {
        event,
        args,
        rooms: names(&options["rooms"])?,
        except: names(&options["except"])?,
        volatile: options["flags"]["volatile"] == true,
    })
}

fn names(list: &Value) -> Result<Vec<Arc<str>>, Unwanted> {
    let Value::Array(list) = list else { return if list.is_null() { Ok(Vec::new()) } else { Err(Unwanted::Broken) } };
    let name = |name: &Value| name.as_str().map(Arc::from).ok_or(Unwanted::Room);
    list.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn rooms_are_alike_whatever_their_parameters_are_called() {
        assert_eq!(shape("class:<classId>:staff"), shape("class:<entry.id>:staff"));
        assert_ne!(shape("class:<classId>"), shape("class:<classId>:staff"));
    }
}
