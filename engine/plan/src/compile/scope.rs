//! What names mean at one point of a file: where each value is found, what it looks like, and what is proven of it.

use std::collections::HashSet;
use std::sync::Arc;

use homeroom_definition::Span;
use indexmap::IndexMap;

use crate::expr::{Path, Root};
use crate::program::Slot;
use crate::schema::Closed;
use crate::shape::{Found, Shape};

/// What the compiler knows of a value.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// What it looks like.
    pub(crate) shape: Shape,
    /// Whether it may be absent.
    pub(crate) absent: bool,
    /// Whether a client cannot have made it up: made by the server, part of `user`, or proven by a rule.
    pub(crate) proven: bool,
    /// The properties of an object that was written out in the file.
    pub(crate) parts: Option<IndexMap<String, Known>>,
    /// The path it was read by, if it is one.
    pub(crate) path: Option<PathKey>,
}

/// A path as text, such as `payload.classId` or `#3.id`: what guards and proofs are kept by.
pub(crate) type PathKey = String;

impl Known {
    /// Made by the server, and there.
    pub(crate) fn made(shape: Shape) -> Self {
        Self { shape, absent: false, proven: true, parts: None, path: None }
    }

    /// Sent by a client, and there.
    pub(crate) fn sent(shape: Shape) -> Self {
        Self { proven: false, ..Self::made(shape) }
    }

    /// The same, but it may be absent.
    pub(crate) fn maybe(self) -> Self {
        Self { absent: true, ..self }
    }

    /// The same, with whether it is proven.
    pub(crate) fn with_proof(self, proven: bool) -> Self {
        Self { proven, ..self }
    }

    /// Either this or that.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            shape: self.shape.or(other.shape),
            absent: self.absent || other.absent,
            proven: self.proven && other.proven,
            parts: None,
            path: None,
        }
    }

    fn property(&self, name: &str) -> Result<Self, NoProperty> {
        if let Some(part) = self.parts.as_ref().and_then(|parts| parts.get(name)) {
            return Ok(Self { absent: part.absent || self.absent, path: None, ..part.clone() });
        }
        let (shape, optional) = match self.shape.property(name) {
            Found::Present(shape) => (shape, false),
            Found::Optional(shape) => (shape, true),
            Found::Missing(known) => return Err(NoProperty { name: name.to_owned(), known: Some(known) }),
            Found::NotAnObject => return Err(NoProperty { name: name.to_owned(), known: None }),
        };
        Ok(Self { shape, absent: self.absent || optional, proven: self.proven, parts: None, path: None })
    }
}

/// A property that a value does not have.
#[derive(Debug)]
pub(crate) struct NoProperty {
    /// Its name.
    pub(crate) name: String,
    /// What the value has instead; `None`: it is no object.
    pub(crate) known: Option<Vec<String>>,
}

/// A name that steps have bound, or a parameter.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) name: String,
    pub(crate) slot: Slot,
    pub(crate) known: Known,
    /// The conditions of each step that binds it; it is there when all of one of them held.
    pub(crate) under: Vec<Vec<String>>,
    /// What is proven where it is true: the rooms that a `join` has entered.
    pub(crate) grants: Vec<PathKey>,
    /// Where it was bound; `None` for parameters.
    pub(crate) span: Option<Span>,
}

/// The names in reach.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) user: Option<Known>,
    pub(crate) payload: Option<Known>,
    /// How the payload is read property by property, if it is.
    pub(crate) closed: Option<Arc<Closed>>,
    pub(crate) args: Option<Known>,
    pub(crate) socket: Option<Known>,
    pub(crate) entry: Option<Known>,
    pub(crate) names: Vec<Name>,
    /// How many slots have been given out.
    pub(crate) slots: usize,
    /// Conditions that hold here, as the author wrote them.
    pub(crate) conditions: Vec<String>,
    /// Paths that a condition says are there.
    pub(crate) defined: HashSet<PathKey>,
    /// Paths that a rule proves.
    pub(crate) proofs: HashSet<PathKey>,
    /// Where the steps run.
    pub(crate) site: Site,
}

/// What kind of steps these are, which decides what they may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Site {
    /// A rule of a room.
    #[default]
    Rule,
    /// A client's event.
    Client,
    /// A service's event.
    Backend,
    /// A connect.
    Connect,
    /// After a connection has gone.
    Disconnect,
    /// `on_join`, `on_leave`: a user, and no event.
    Presence,
    /// `on_expire`: neither.
    Expire,
    /// A named list of steps.
    Procedure,
}

impl Site {
    /// Whether there is a connection that can enter and leave rooms.
    pub(crate) fn can_join(self) -> bool {
        matches!(self, Self::Client | Self::Connect | Self::Procedure)
    }

    /// Whether there is somebody who is `sender`.
    pub(crate) fn has_sender(self) -> bool {
        matches!(self, Self::Client | Self::Connect | Self::Procedure | Self::Presence)
    }

    /// Whether what comes in was made by a client.
    pub(crate) fn is_of_client(self) -> bool {
        matches!(self, Self::Client | Self::Connect)
    }
}

/// The engine's own names, which nothing may shadow.
pub(crate) const RESERVED: &[&str] = &["user", "payload", "args", "socket", "now", "entry"];

/// Why a path could not be found.
#[derive(Debug)]
pub(crate) enum NotFound {
    /// There is no such name here; these there are.
    Name(Vec<String>),
    /// The name is reserved, and there is no such thing here.
    NotHere(&'static str),
    /// It is there, but has no such property; the index of the segment.
    Property(usize, NoProperty),
}

impl Scope {
    /// Gives out a slot for a new name; a name that is bound already keeps its slot and may now be either.
    pub(crate) fn bind(&mut self, name: &str, known: Known, span: Option<Span>) -> Slot {
        let under = vec![self.conditions.clone()];
        if let Some(bound) = self.names.iter_mut().rev().find(|bound| bound.name == name && bound.span.is_some()) {
            bound.known = bound.known.clone().or(known);
            bound.under.extend(under);
            return bound.slot;
        }
        let slot = self.slots;
        self.slots += 1;
        self.names.push(Name { name: name.to_owned(), slot, known, under, grants: Vec::new(), span });
        slot
    }

    /// The name as bound by a step or as a parameter, the newest first.
    pub(crate) fn name(&self, name: &str) -> Option<&Name> {
        self.names.iter().rev().find(|bound| bound.name == name)
    }

    /// Where the value is found that a name and the properties behind it lead to, for the expression compiler.
    pub(crate) fn path(&self, names: &[&str]) -> Option<Path> {
        let (name, rest) = names.split_first()?;
        let from = |root| Path::new(root, rest.iter().copied());
        match *name {
            "user" => self.user.as_ref().map(|_| from(Root::User)),
            "payload" => self.payload_path(rest),
            "args" => self.args.as_ref().map(|_| from(Root::Args)),
            "socket" => self.socket.as_ref().map(|_| from(Root::Socket)),
            "entry" => self.entry.as_ref().map(|_| from(Root::Entry)),
            "now" => Some(from(Root::Now)),
            name => match self.name(name) {
                Some(bound) => Some(from(Root::slot(bound.slot))),
                None => self.payload_path(names),
            },
        }
    }

    fn payload_path(&self, steps: &[&str]) -> Option<Path> {
        self.payload.as_ref()?;
        let number = self.closed.as_ref().zip(steps.first()).and_then(|(closed, name)| closed.number_of(name));
        let root = number.and_then(|number| u16::try_from(number).ok()).map_or(Root::Payload, Root::Property);
        Some(Path::new(root, steps.iter().copied()))
    }

    /// What is known of the value that `segments` lead to.
    pub(crate) fn look_up(&self, segments: &[&str]) -> Result<Known, NotFound> {
        let (known, mut key, rest) = self.base(segments)?;
        let (mut known, mut proven) = (known, false);
        proven |= self.proofs.contains(&key);
        known.absent &= !self.defined.contains(&key);
        for (index, segment) in rest.iter().enumerate() {
            let at = segments.len() - rest.len() + index;
            known = known.property(segment).map_err(|missing| NotFound::Property(at, missing))?;
            key = format!("{key}.{segment}");
            known.absent &= !self.defined.contains(&key);
            proven |= self.proofs.contains(&key);
        }
        known.proven |= proven;
        known.path = Some(key);
        Ok(known)
    }

    fn base<'s>(&self, segments: &'s [&'s str]) -> Result<(Known, PathKey, &'s [&'s str]), NotFound> {
        let (first, rest) = segments.split_first().ok_or_else(|| NotFound::Name(Vec::new()))?;
        let reserved = |known: &Option<Known>, word: &'static str| {
            known.clone().map(|known| (known, word.to_owned(), rest)).ok_or(NotFound::NotHere(word))
        };
        match *first {
            "user" => reserved(&self.user, "user"),
            "payload" => reserved(&self.payload, "payload"),
            "args" => reserved(&self.args, "args"),
            "socket" => reserved(&self.socket, "socket"),
            "entry" => reserved(&self.entry, "entry"),
            "now" => Ok((Known::made(Shape::formatted("date-time")), "now".into(), rest)),
            name => self.bound(name, rest),
        }
    }

    fn bound<'s>(&self, name: &str, rest: &'s [&'s str]) -> Result<(Known, PathKey, &'s [&'s str]), NotFound> {
        if let Some(bound) = self.name(name) {
            let mut known = bound.known.clone();
            known.absent |= !self.certain(bound);
            return Ok((known, format!("#{}", bound.slot), rest));
        }
        let Some(payload) = &self.payload else { return Err(NotFound::Name(self.all_names())) };
        match payload.property(name) {
            Ok(known) => Ok((known, format!("payload.{name}"), rest)),
            Err(_) => Err(NotFound::Name(self.all_names())),
        }
    }

    /// Whether a step that binds the name has certainly run, since its conditions hold here too.
    fn certain(&self, bound: &Name) -> bool {
        bound.under.iter().any(|conditions| conditions.iter().all(|condition| self.conditions.contains(condition)))
    }

    /// Every name that could have been meant.
    pub(crate) fn all_names(&self) -> Vec<String> {
        let mut all: Vec<String> = self.names.iter().rev().map(|bound| bound.name.clone()).collect();
        if let Some(Shape::Object(object)) = self.payload.as_ref().map(|payload| &payload.shape) {
            all.extend(object.properties.keys().cloned());
        }
        let present = [&self.user, &self.payload, &self.args, &self.socket, &self.entry];
        let words = ["user", "payload", "args", "socket", "entry"];
        all.extend(present.iter().zip(words).filter(|(known, _)| known.is_some()).map(|(_, word)| word.to_owned()));
        all.push("now".into());
        all
    }
}

impl Scope {
    /// Binds a name in a slot of its own, even where it is bound already.
    pub(crate) fn bind_fresh(&mut self, name: &str, known: Known, span: Span) -> Slot {
        let slot = self.slots;
        self.slots += 1;
        let under = vec![self.conditions.clone()];
        self.names.push(Name { name: name.to_owned(), slot, known, under, grants: Vec::new(), span: Some(span) });
        slot
    }
}
