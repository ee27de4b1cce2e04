//! Packets of Engine.IO 4 and Socket.IO 5, as text.
//!
//! A packet on its way out is its WebSocket frames, complete and one after the other: they are queued, written and counted
//! as one.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::Formatter;

use super::frame::{Code, Draft, Opcode, append, frame};
use crate::filled::Filled;
use crate::seam::Args;

/// What an Engine.IO packet asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Control<'a> {
    /// It answers a ping.
    Pong,
    /// It carries a Socket.IO packet.
    Message(&'a str),
    /// The session ends.
    Close,
    /// Nothing.
    Nothing,
}

/// A Socket.IO packet of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard<'a> {
    pub(super) kind: Kind,
    /// How many attachments follow it.
    pub(super) attachments: usize,
    /// Without what came as its query.
    pub(super) namespace: &'a str,
    pub(super) id: Option<u64>,
    /// JSON, or nothing.
    pub(super) data: &'a str,
}

/// What a Socket.IO packet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
}

/// Takes an Engine.IO packet apart. Pings come from the server only, and a client that probes is no client of ours.
pub(super) fn control(text: &str) -> Result<Control<'_>, Code> {
    match text.as_bytes() {
        [b'4', ..] => Ok(Control::Message(&text[1..])),
        [b'3', ..] => Ok(Control::Pong),
        [b'1', ..] => Ok(Control::Close),
        [b'6', ..] => Ok(Control::Nothing),
        _ => Err(Code::PROTOCOL),
    }
}

/// Takes a Socket.IO packet apart. Whether its data is JSON is seen by whoever reads it; here only its shape is.
pub(super) fn heard(text: &str) -> Result<Heard<'_>, Code> {
    let (kind, has_attachments) = match text.as_bytes().first() {
        Some(b'0') => (Kind::Connect, false),
        Some(b'1') => (Kind::Disconnect, false),
        Some(b'2') => (Kind::Event, false),
        Some(b'3') => (Kind::Ack, false),
        Some(b'5') => (Kind::Event, true),
        Some(b'6') => (Kind::Ack, true),
        _ => return Err(Code::PROTOCOL),
    };
    let rest = &text[1..];
    let (attachments, rest) = if has_attachments { counted(rest)? } else { (0, rest) };
    let (namespace, rest) = namespace(rest);
    let (id, data) = number(rest)?;
    let heard = Heard { kind, attachments, namespace, id, data };
    if heard.is_sound() { Ok(heard) } else { Err(Code::PROTOCOL) }
}

impl Heard<'_> {
    fn is_sound(&self) -> bool {
        match self.kind {
            Kind::Connect => self.data.is_empty() || self.data.starts_with('{'),
            Kind::Disconnect => self.data.is_empty(),
            Kind::Event | Kind::Ack => self.data.starts_with('[') && self.data.ends_with(']'),
        }
    }
}

fn counted(text: &str) -> Result<(usize, &str), Code> {
    let (count, rest) = text.split_once('-').ok_or(Code::PROTOCOL)?;
    let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let count = if is_number { count.parse().ok() } else { None };
    Ok((count.ok_or(Code::PROTOCOL)?, rest))
}

fn namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    (namespace.split_once('?').map_or(namespace, |(path, _query)| path), rest)
}

fn number(text: &str) -> Result<(Option<u64>, &str), Code> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    match number {
        "" => Ok((None, rest)),
        number => Ok((Some(number.parse().map_err(|_| Code::PROTOCOL)?), rest)),
    }
}

/// What a session begins with.
pub(super) fn open(sid: &str, ping_interval: Duration, ping_timeout: Duration, message_bytes_max: usize) -> Bytes {
    let text = serde_json::json!({
        "sid": sid,
        "upgrades": [],
        "pingInterval": ping_interval.as_millis() as u64,
        "pingTimeout": ping_timeout.as_millis() as u64,
        "maxPayload": message_bytes_max,
    });
    frame(Opcode::Text, format!("0{text}").as_bytes())
}

/// A ping.
pub(super) fn ping() -> Bytes {
    frame(Opcode::Text, b"2")
}

/// A client is in, and this is its id there.
pub(super) fn connected(namespace: &str, id: &str) -> Bytes {
    frame(Opcode::Text, format!("40{}{{\"sid\":\"{id}\"}}", prefix(namespace)).as_bytes())
}

/// A client is not let in; its `connect_error` has this message, and the code as `data.code` if there is one.
pub(super) fn refused(namespace: &str, message: &str, code: Option<&str>) -> Bytes {
    let told = match code {
        Some(code) => serde_json::json!({ "message": message, "data": { "code": code } }),
        None => serde_json::json!({ "message": message }),
    };
    frame(Opcode::Text, format!("44{}{told}", prefix(namespace)).as_bytes())
}

/// A client is out of a namespace.
pub(super) fn disconnected(namespace: &str) -> Bytes {
    frame(Opcode::Text, format!("41{}", prefix(namespace)).as_bytes())
}

/// An event, with its attachments.
pub(super) fn event(namespace: &str, name: &str, args: &Args) -> Bytes {
    with_args(["2", "5"], namespace, None, Some(name), args)
}

/// An ack, with its attachments.
pub(super) fn ack(namespace: &str, id: u64, args: &Args) -> Bytes {
    with_args(["3", "6"], namespace, Some(id), None, args)
}

fn with_args(
    [plain, binary]: [&'static str; 2],
    namespace: &str,
    id: Option<u64>,
    name: Option<&str>,
    args: &Args,
) -> Bytes {
    let placed = (!args.attachments().is_empty()).then(|| Placed::new(args)).filter(|placed| placed.count > 0);
    let (text, attachments) = placed.as_ref().map_or((args.text(), &[][..]), |placed| (placed.text(), &placed.frames));
    let kind = placed.as_ref().map_or(Cow::Borrowed(plain), |placed| format!("{binary}{}-", placed.count).into());
    let [namespace, comma] = if namespace == "/" { ["", ""] } else { [namespace, ","] };
    let mut digits = itoa::Buffer::new();
    let id = id.map_or("", |id| digits.format(id));
    let name = name.map_or(Cow::Borrowed(""), quoted);
    let between = if name.is_empty() || text.is_empty() { "" } else { "," };
    let parts = ["4", &kind, namespace, comma, id, "[", &name, between, text, "]"];
    // Of a frame that fills its memory the bytes need no keeper until they are shared.
    let mut draft = Draft::for_about(parts.iter().map(|part| part.len()).sum::<usize>() + attachments.len());
    parts.iter().for_each(|part| draft.push(part.as_bytes()));
    draft.finish(Opcode::Text, attachments)
}

/// A name as JSON.
fn quoted(name: &str) -> Cow<'_, str> {
    Cow::Owned(serde_json::to_string(name).unwrap_or_default())
}

fn prefix(namespace: &str) -> String {
    if namespace == "/" { String::new() } else { format!("{namespace},") }
}

/// Arguments whose placeholders are numbered in the order of their places, and their attachments in that order.
struct Placed {
    /// `[arg,...]`
    array: String,
    /// The attachments as frames.
    frames: Vec<u8>,
    count: usize,
}

impl Placed {
    fn new(args: &Args) -> Self {
        let mut array = Vec::with_capacity(args.text().len() + 2);
        let mut places = Places::default();
        let filled: Vec<Filled<'_>> = args.each().iter().map(|value| Filled::new(value, args)).collect();
        let written = filled.serialize(&mut serde_json::Serializer::with_formatter(&mut array, &mut places));
        match (written, String::from_utf8(array)) {
            (Ok(()), Ok(array)) => Self { array, frames: places.frames, count: places.count },
            _ => Self { array: "[]".into(), frames: Vec::new(), count: 0 },
        }
    }

    /// Without the brackets.
    fn text(&self) -> &str {
        self.array.get(1..self.array.len() - 1).unwrap_or_default()
    }
}

/// Writes a placeholder wherever bytes are, and keeps the bytes.
#[derive(Default)]
struct Places {
    frames: Vec<u8>,
    count: usize,
}

impl Formatter for &mut Places {
    fn write_byte_array<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: &[u8]) -> io::Result<()> {
        write!(writer, r#"{{"_placeholder":true,"num":{}}}"#, self.count)?;
        append(&mut self.frames, Opcode::Binary, value);
        self.count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn event_of(text: &str) -> Heard<'_> {
        heard(text).expect("it is a packet")
    }

    /// The payload of a short text frame.
    fn text(frame: &Bytes) -> &str {
        std::str::from_utf8(&frame[2..]).expect("it is text")
    }

    fn args(text: &str, attachments: &[&'static [u8]]) -> Args {
        Args::new(text.into(), attachments.iter().map(|bytes| Bytes::from_static(bytes)).collect())
    }

    #[test]
    fn packets_are_taken_apart() {
        let plain = Heard { kind: Kind::Event, attachments: 0, namespace: "/", id: None, data: r#"["a"]"# };
        assert_eq!(event_of(r#"2["a"]"#), plain);
        let all = Heard { kind: Kind::Event, attachments: 2, namespace: "/room", id: Some(13), data: r#"["a,-1"]"# };
        assert_eq!(event_of(r#"52-/room,13["a,-1"]"#), all);
        assert_eq!(
            event_of("0/room?token=x,{}"),
            Heard { kind: Kind::Connect, attachments: 0, namespace: "/room", id: None, data: "{}" }
        );
        assert_eq!(event_of("1/room").namespace, "/room");
        assert_eq!(event_of("63-7[1]").attachments, 3);
    }

    #[test]
    fn what_is_no_packet_ends_the_connection() {
        for text in [
            "",
            "7",
            "4{}",
            "abc",
            "2",
            "2{}",
            "2abc[]",
            r#"2["a""#,
            "0[]",
            "1{}",
            "5[\"a\"]",
            "5-[\"a\"]",
            "5+1-[\"a\"]",
            "2-1[\"a\"]",
            "299999999999999999999[\"a\"]",
            "599999999999999999999-[\"a\"]",
        ] {
            assert_eq!(heard(text), Err(Code::PROTOCOL), "{text}");
        }
        for text in ["", "2", "2probe", "5", "0{}", "x", "é"] {
            assert_eq!(control(text), Err(Code::PROTOCOL), "{text}");
        }
    }

    #[test]
    fn what_goes_out_is_written() {
        assert_eq!(text(&event("/", "a\"b", &args("", &[]))), r#"42["a\"b"]"#);
        assert_eq!(text(&event("/room", "a", &args("1,{}", &[]))), r#"42/room,["a",1,{}]"#);
        assert_eq!(text(&ack("/", 7, &args("", &[]))), "437[]");
        assert_eq!(text(&connected("/room", "id")), r#"40/room,{"sid":"id"}"#);
        assert_eq!(text(&disconnected("/")), "41");
        assert_eq!(text(&refused("/", "A: b", Some("A"))), r#"44{"message":"A: b","data":{"code":"A"}}"#);
        assert_eq!(text(&refused("/x", "Invalid namespace", None)), r#"44/x,{"message":"Invalid namespace"}"#);
    }

    #[test]
    fn attachments_follow_in_the_order_of_their_places() {
        let swapped = args(r#"{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}"#, &[b"zero", b"one"]);
        let frames = ack("/", 3, &swapped);
        let text = r#"462-3[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
        assert_eq!(&frames[2..2 + text.len()], text.as_bytes());
        assert_eq!(&frames[2 + text.len()..], b"\x82\x03one\x82\x04zero");
        assert_eq!(&event("/", "a", &args("1", &[b"nowhere"]))[2..], br#"42["a",1]"#);
    }

    #[test]
    fn a_broadcast_is_encoded_once_for_a_namespace() {
        let message = crate::seam::Message { event: "a".into(), args: args("1", &[]) };
        let (room, other): (Arc<str>, Arc<str>) = ("/room".into(), "/other".into());
        let first = message.encoded(&room, event);
        assert_eq!(message.encoded(&room, event).as_ptr(), first.as_ptr());
        assert_eq!(text(&message.encoded(&other, event)), r#"42/other,["a",1]"#);
        let renamed = crate::seam::Message { event: "b".into(), ..message };
        assert_eq!(text(&renamed.encoded(&room, event)), r#"42/room,["b",1]"#);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in r#"[0-9]?[0-9/?,\-\[\]{}"aé]{0,20}"#) {
            let _ = (control(&text), heard(&text));
        }

        #[test]
        fn what_was_put_together_is_taken_apart(id: Option<u64>, namespace in "/[a-z]{1,9}", attachments in 0..9_usize) {
            let number = id.map_or_else(String::new, |id| id.to_string());
            let head = if attachments == 0 { "2".to_owned() } else { format!("5{attachments}-") };
            let packet = format!(r#"{head}{namespace},{number}["x",1]"#);
            let whole = Heard { kind: Kind::Event, attachments, namespace: &namespace, id, data: r#"["x",1]"# };
            prop_assert_eq!(heard(&packet), Ok(whole));
        }
    }
}
