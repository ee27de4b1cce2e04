//! What one server says to the others, as bytes: numbers big-endian, texts and lists with their length before them.
//!
//! `version, flags, server, number, trace, namespace, kind, ...`. A server that meets a version or kind it does not know leaves
//! the frame unread, so that servers of two versions can stand side by side.

use std::sync::Arc;

use bytes::{Buf, Bytes};

use crate::bind::{Bound, Served};
use crate::history::{Entry, Link};
use crate::outcome::{Audience, Emission, Form, Place};
use crate::outlet::WireArgs;
use crate::trace::TraceId;

const VERSION: u8 = 2;
const EMIT: u8 = 1;
const EVICT: u8 = 2;
const KEPT: u8 = 3;
const ASK: u8 = 4;
const TELL: u8 = 5;

/// Set where a frame is published on one channel alone.
const SINGLE: u8 = 1;
/// Set where it was published before.
const AGAIN: u8 = 2;
/// How many bytes a frame begins with place for; most have fewer.
const WRITTEN_BYTES: usize = 512;
/// Flags of an emission.
const EVERYONE: u8 = 1;
const VOLATILE: u8 = 2;

/// What is said.
pub(super) enum Said<'a> {
    /// An emission; roles by their numbers' names.
    Emit { emission: &'a Emission, roles: &'a [Arc<str>] },
    /// Everyone in one room leaves others.
    Evict { who: &'a str, rooms: &'a [Place] },
    /// An emission that rooms keep.
    Kept { entry: &'a Entry, roles: &'a [Arc<str>] },
    /// An order, as JSON, to every server.
    Ask { order: &'a str },
    /// What came of the order that bears a number, as JSON, to whoever gave it.
    Tell { number: u64, answer: &'a str },
}

/// A frame that was read.
#[derive(Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) server: u64,
    pub(super) number: u64,
    /// Whether it came on one channel alone.
    pub(super) is_single: bool,
    /// Whether it was published before.
    pub(super) is_again: bool,
    /// The event that it is part of.
    pub(super) trace: TraceId,
    pub(super) namespace: String,
    pub(super) sent: Sent,
}

/// What was said.
#[derive(Debug, PartialEq)]
pub(super) enum Sent {
    Emit(Emitted),
    Evict { who: String, rooms: Vec<Arc<str>> },
    Ask { order: String },
    Tell { number: u64, answer: String },
    Kept(Kept),
}

/// An emission of another server that rooms keep.
#[derive(Debug, PartialEq)]
pub(super) struct Kept {
    number: u64,
    at_ms: i64,
    own: u64,
    links: Vec<Link>,
    emitted: Emitted,
}

impl Kept {
    /// The entry; `from`: the server that sent it, and the event that it is part of.
    pub(super) fn entry(self, bound: &Bound, namespace: &str, from: (u64, TraceId), sealed: Bytes) -> Entry {
        let (origin, trace) = from;
        Entry {
            origin,
            trace,
            number: self.number,
            at_ms: self.at_ms,
            namespace: namespace.into(),
            links: self.links,
            emission: self.emitted.emission(bound, bound.namespace(namespace)),
            own: self.own,
            sealed,
        }
    }
}

/// An emission of another server.
#[derive(Debug, PartialEq)]
pub(super) struct Emitted {
    event: Arc<str>,
    flags: u8,
    rooms: Vec<Arc<str>>,
    except_rooms: Vec<Arc<str>>,
    forms: Vec<EmittedForm>,
}

#[derive(Debug, PartialEq)]
struct EmittedForm {
    /// Names of roles; `None`: all.
    roles: Option<Vec<String>>,
    text: String,
    attachments: Vec<Bytes>,
}

#[cfg(any(test, fuzzing))]
impl Kept {
    /// How many bytes of text it has.
    pub(super) fn texts(&self) -> usize {
        self.links.iter().map(|link| link.room.len()).sum::<usize>() + self.emitted.texts()
    }
}

#[cfg(any(test, fuzzing))]
impl Emitted {
    /// How many bytes of text it has.
    pub(super) fn texts(&self) -> usize {
        let of_form = |form: &EmittedForm| {
            let roles = form.roles.iter().flatten().map(String::len).sum::<usize>();
            roles + form.text.len() + form.attachments.iter().map(Bytes::len).sum::<usize>()
        };
        let rooms = self.rooms.iter().chain(&self.except_rooms).map(|room| room.len()).sum::<usize>();
        self.event.len() + rooms + self.forms.iter().map(of_form).sum::<usize>()
    }
}

impl Emitted {
    /// With the roles as this server numbers them; one that it does not know, nobody here has.
    pub(super) fn emission(self, bound: &Bound, served: Option<&Served>) -> Emission {
        let form = |form: EmittedForm| Form {
            roles: form.roles.map(|names| names.iter().filter_map(|name| bound.role(name)).collect()),
            args: WireArgs { text: form.text.into(), attachments: form.attachments.into() },
        };
        Emission {
            number: served.and_then(|served| served.server_event(&self.event)),
            event: self.event,
            forms: self.forms.into_iter().map(form).collect(),
            to: Audience { sender: false, everyone: self.flags & EVERYONE != 0, rooms: self.rooms.into() },
            except_sender: false,
            except_rooms: self.except_rooms,
            volatile: self.flags & VOLATILE != 0,
            kept: Vec::new(),
        }
    }
}

/// Where a frame comes from: a server, its number there, and what it is part of.
#[derive(Debug, Clone, Copy)]
pub(super) struct From {
    pub(super) server: u64,
    pub(super) number: u64,
    pub(super) trace: TraceId,
}

/// How a frame is published.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// On one channel alone.
    pub(super) is_single: bool,
    /// Not for the first time.
    pub(super) is_again: bool,
}

pub(super) fn write(from: From, manner: Manner, namespace: &str, said: &Said<'_>) -> Vec<u8> {
    let mut to = Writer(Vec::with_capacity(WRITTEN_BYTES));
    to.byte(VERSION);
    to.byte(if manner.is_single { SINGLE } else { 0 } | if manner.is_again { AGAIN } else { 0 });
    for number in [from.server, from.number, from.trace.0] {
        to.number(number);
    }
    to.text(namespace);
    match said {
        Said::Emit { emission, roles } => {
            to.byte(EMIT);
            to.emission(emission, roles);
        }
        Said::Kept { entry, roles } => {
            to.byte(KEPT);
            to.number(entry.number);
            to.number(entry.at_ms.unsigned_abs());
            to.number(entry.own);
            to.list(&entry.links, |to, link| {
                to.text(&link.room);
                to.number(link.prev);
            });
            to.emission(&entry.emission, roles);
        }
        Said::Evict { who, rooms } => {
            to.byte(EVICT);
            to.text(who);
            to.list(rooms, |to, place| to.text(&place.name));
        }
        Said::Ask { order } => {
            to.byte(ASK);
            to.text(order);
        }
        Said::Tell { number, answer } => {
            to.byte(TELL);
            to.0.extend_from_slice(&number.to_be_bytes());
            to.text(answer);
        }
    }
    to.0
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn length(&mut self, length: usize) {
        // Every payload and list is bounded far below this.
        self.0.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.length(items.len());
        items.iter().for_each(|item| write(self, item));
    }

    fn emission(&mut self, emission: &Emission, roles: &[Arc<str>]) {
        let everyone = if emission.to.everyone { EVERYONE } else { 0 };
        let volatile = if emission.volatile { VOLATILE } else { 0 };
        self.text(&emission.event);
        self.byte(everyone | volatile);
        self.list(&emission.to.rooms, |to, room| to.text(room));
        self.list(&emission.except_rooms, |to, room| to.text(room));
        self.list(&emission.forms, |to, form| {
            to.byte(u8::from(form.roles.is_some()));
            let numbers = form.roles.as_deref().unwrap_or_default();
            to.list(numbers, |to, number| to.text(roles.get(*number).map_or("", |role| role)));
            to.text(&form.args.text);
            to.list(&form.args.attachments, |to, bytes| to.bytes(bytes));
        });
    }
}

/// What a frame says; `None` if it is of another version, or broken.
pub(super) fn read(bytes: &[u8]) -> Option<Frame> {
    let mut from = Reader(bytes);
    (from.byte()? == VERSION).then_some(())?;
    let flags = from.byte()?;
    let (server, number, trace) = (from.number()?, from.number()?, TraceId(from.number()?));
    let namespace = from.text()?;
    let sent = match from.byte()? {
        EMIT => Sent::Emit(from.emission()?),
        EVICT => Sent::Evict { who: from.text()?, rooms: from.names()? },
        KEPT => Sent::Kept(from.kept()?),
        ASK => Sent::Ask { order: from.text()? },
        TELL => Sent::Tell { number: from.number()?, answer: from.text()? },
        _ => return None,
    };
    let (is_single, is_again) = (flags & SINGLE != 0, flags & AGAIN != 0);
    Some(Frame { server, number, is_single, is_again, trace, namespace, sent })
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn byte(&mut self) -> Option<u8> {
        self.0.try_get_u8().ok()
    }

    fn number(&mut self) -> Option<u64> {
        self.0.try_get_u64().ok()
    }

    fn length(&mut self) -> Option<usize> {
        self.0.try_get_u32().ok().map(|length| length as usize)
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let length = self.length()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.length()?;
        // Each item takes a byte at least, so that a length cannot ask for more than there is.
        if length > self.0.len() {
            return None;
        }
        (0..length).map(|_| read(self)).collect()
    }

    fn names(&mut self) -> Option<Vec<Arc<str>>> {
        self.list(|from| from.text().map(Into::into))
    }

    fn kept(&mut self) -> Option<Kept> {
        let (number, at_ms, own) = (self.number()?, i64::try_from(self.number()?).ok()?, self.number()?);
        let links = self.list(|from| Some(Link { room: from.text()?.into(), prev: from.number()? }))?;
        Some(Kept { number, at_ms, own, links, emitted: self.emission()? })
    }

    fn emission(&mut self) -> Option<Emitted> {
        let event = self.text()?.into();
        let flags = self.byte()?;
        let (rooms, except_rooms) = (self.names()?, self.names()?);
        let forms = self.list(|from| {
            let is_for_some = from.byte()? != 0;
            let names = from.list(Self::text)?;
            let text = from.text()?;
            let attachments = from.list(|from| from.bytes().map(Bytes::copy_from_slice))?;
            Some(EmittedForm { roles: is_for_some.then_some(names), text, attachments })
        })?;
        Some(Emitted { event, flags, rooms, except_rooms, forms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn emission() -> Emission {
        let args = WireArgs { text: r#"{"a":[]}"#.into(), attachments: Arc::new([Bytes::from_static(b"\0\xff")]) };
        Emission {
            event: "grade.posted".into(),
            number: None,
            forms: vec![Form { roles: Some(vec![1]), args: WireArgs::plain("1") }, Form { roles: None, args }],
            to: Audience { sender: true, everyone: false, rooms: vec!["class:a".into(), "class:b".into()].into() },
            except_sender: true,
            except_rooms: vec!["class:c".into()],
            volatile: true,
            kept: Vec::new(),
        }
    }

    const TWICE: Manner = Manner { is_single: false, is_again: false };

    #[test]
    fn an_emission_arrives_as_it_left() {
        let emission = emission();
        let said = Said::Emit { emission: &emission, roles: &["TEACHER".into(), "STUDENT".into()] };
        let from = From { server: 7, number: u64::MAX, trace: TraceId(9) };
        let frame = read(&write(from, TWICE, "/gradebook", &said)).expect("a frame");
        assert_eq!((frame.server, frame.number, frame.trace, frame.is_single), (7, u64::MAX, TraceId(9), false));
        assert_eq!(frame.namespace, "/gradebook");
        let Sent::Emit(sent) = frame.sent else { panic!("an emission") };
        assert_eq!(sent.forms[0].roles.as_deref(), Some(&["STUDENT".to_owned()][..]));
        assert_eq!(sent.forms[1].text, r#"{"a":[]}"#);
        assert_eq!(&sent.forms[1].attachments[0][..], b"\0\xff");
        assert_eq!(sent.rooms[..], emission.to.rooms[..]);
        assert_eq!(sent.except_rooms, emission.except_rooms);
        assert_eq!(sent.flags, VOLATILE);
    }

    #[test]
    fn what_rooms_keep_arrives_as_it_left() {
        let links = vec![Link { room: "class:a".into(), prev: 3 }, Link { room: "class:b".into(), prev: 0 }];
        let (namespace, sealed) = ("/gradebook".into(), Bytes::new());
        let trace = TraceId(9);
        let entry =
            Entry { origin: 7, number: 5, at_ms: 9, trace, namespace, links, emission: emission(), own: 4, sealed };
        let from = From { server: 7, number: 1, trace };
        let frame = read(&write(from, TWICE, "/gradebook", &Said::Kept { entry: &entry, roles: &[] }));
        let frame = frame.expect("a frame");
        let Sent::Kept(kept) = frame.sent else { panic!("one that is kept") };
        assert_eq!((kept.number, kept.at_ms, kept.own, &kept.links), (5, 9, 4, &entry.links));
        assert_eq!(kept.emitted.rooms[..], entry.emission.to.rooms[..]);
    }

    #[test]
    fn orders_and_answers_arrive_as_they_left() {
        let from = From { server: 7, number: 1, trace: TraceId(9) };
        let asked = read(&write(from, TWICE, "", &Said::Ask { order: "{}" })).expect("a frame");
        assert_eq!(asked.sent, Sent::Ask { order: "{}".into() });
        let told = read(&write(from, TWICE, "", &Said::Tell { number: u64::MAX, answer: "[]" })).expect("a frame");
        assert_eq!(told.sent, Sent::Tell { number: u64::MAX, answer: "[]".into() });
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            super::super::fuzzing::frame(&bytes);
        }

        #[test]
        fn a_frame_that_is_cut_or_changed_does_no_harm(at in 0_usize..400, byte in any::<u8>()) {
            let emission = emission();
            let from = From { server: 1, number: 2, trace: TraceId(3) };
            let manner = Manner { is_single: true, is_again: true };
            let mut bytes = write(from, manner, "/a", &Said::Emit { emission: &emission, roles: &[] });
            let at = at % bytes.len();
            prop_assert!(read(&bytes[..at]).is_none());
            bytes[at] = byte;
            super::super::fuzzing::frame(&bytes);
        }
    }
}
