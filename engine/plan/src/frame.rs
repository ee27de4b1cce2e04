//! What an expression can see while an event runs.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde_json::Value;

use crate::expr::{Path, Root};
use crate::payload::Payload;
use crate::program::Slot;
use crate::socket::Socket;
use crate::user::User;

/// The values in scope: what the engine lends, and the slots of one handler.
///
/// A slot that is `None` is *absent*: an optional property that is not there, the name of a skipped step, or a look-up
/// that found nothing.
#[derive(Debug)]
pub struct Frame<'a> {
    user: Cow<'a, User>,
    /// `user` as a tree, once somebody has asked for it.
    whole_user: OnceLock<Box<Value>>,
    /// `payload`, for events that have one.
    pub payload: Option<&'a Payload>,
    /// `args`, for events with several arguments; always an array.
    pub args: Option<&'a Value>,
    /// `socket`: `{id, vars}`; absent where there is no connection.
    pub socket: Option<Socket>,
    /// `entry`, in `on_expire` and `on_leave`.
    pub entry: Option<&'a Value>,
    /// `now`
    pub now: &'a Now,
    /// Room and key parameters, then bound names.
    pub slots: Vec<Option<Value>>,
}

/// The moment an event runs at, from the engine's clock; written out when first asked for.
#[derive(Debug)]
pub struct Now {
    ms: i64,
    text: OnceLock<Value>,
}

impl Now {
    /// The moment `ms` milliseconds after the Unix epoch.
    #[must_use]
    pub fn at(ms: i64) -> Self {
        Self { ms, text: OnceLock::new() }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn ms(&self) -> i64 {
        self.ms
    }

    /// RFC 3339 in UTC with milliseconds, as a JSON string.
    pub fn value(&self) -> &Value {
        self.text.get_or_init(|| Value::String(written_lately(self.ms)))
    }
}

/// The same of a moment by its milliseconds since the Unix epoch. Of those that follow each other closely only the last digits
/// differ.
fn written_lately(ms: i64) -> String {
    thread_local! {
        /// The second that was last written, and how: without its milliseconds.
        static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    let (second, rest) = (ms.div_euclid(1000), ms.rem_euclid(1000));
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second {
            let moment = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
            *text = written(moment).trim_end_matches("000Z").to_owned();
            *last = second;
        }
        let digits = [rest / 100, rest / 10 % 10, rest % 10].map(|digit| char::from(b'0' + digit as u8));
        let mut written = String::with_capacity(MOMENT_BYTES);
        written.push_str(text);
        written.extend(digits);
        written.push('Z');
        written
    })
}

/// How long a moment usually is: `2026-01-01T00:00:00.000Z`.
const MOMENT_BYTES: usize = 24;

/// A moment as the engine writes every moment: RFC 3339 in UTC with milliseconds.
pub(crate) fn written(moment: Timestamp) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let mut text = String::with_capacity(MOMENT_BYTES);
    // A text takes whatever is written.
    let _ = PRINTER.print_timestamp(&moment, &mut text);
    text
}

impl<'a> Frame<'a> {
    /// A frame with so many slots, all absent.
    #[must_use]
    pub fn new(user: &'a User, now: &'a Now, slots: usize) -> Self {
        Self {
            user: Cow::Borrowed(user),
            whole_user: OnceLock::new(),
            payload: None,
            args: None,
            socket: None,
            entry: None,
            now,
            slots: vec![None; slots],
        }
    }

    /// `user`
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Somebody else is the user from now on.
    pub fn name_user(&mut self, user: User) {
        self.user = Cow::Owned(user);
        self.whole_user = OnceLock::new();
    }

    /// Binds a slot.
    pub fn set(&mut self, slot: Slot, value: Option<Value>) {
        self.slots[slot] = value;
    }

    /// The value at the end of a path; `None` if it is absent.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&Value> {
        let (from, done) = match (path.root, path.first()) {
            (Root::Property(number), Some(name)) => (self.payload?.numbered(number.into(), name)?, 1),
            (Root::Payload, Some(name)) => (self.payload?.property(name)?, 1),
            (Root::User, Some(name)) => (self.user.named(name)?, 1),
            (root, _) => (self.root(root)?, 0),
        };
        path.walk(from, done)
    }

    fn root(&self, root: Root) -> Option<&Value> {
        match root {
            Root::User => Some(self.whole_user.get_or_init(|| Box::new(self.user.tree()))),
            Root::Payload | Root::Property(_) => self.payload.map(Payload::whole),
            Root::Args => self.args,
            Root::Socket => self.socket.as_ref().map(Socket::value),
            Root::Now => Some(self.now.value()),
            Root::Entry => self.entry,
            Root::Slot(slot) => self.slots.get(slot as usize)?.as_ref(),
        }
    }
}

/// A property of an object by its name, or an item of a list by its number; either as the bytes of a text.
pub(crate) fn inside<'v>(value: &'v Value, step: &[u8]) -> Option<&'v Value> {
    // In small objects looking at each is quicker than hashing the name.
    const SMALL: usize = 12;
    match value {
        Value::Object(map) if map.len() <= SMALL => {
            map.iter().find_map(|(own, value)| (own.as_bytes() == step).then_some(value))
        }
        Value::Object(map) => map.get(str::from_utf8(step).ok()?),
        Value::Array(items) => items.get(str::from_utf8(step).ok()?.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn moments_are_written_alike(ms in prop_oneof![-100_000_000_000_000_i64..253_402_300_800_000, -2000..2000_i64], later in 0..1500_i64) {
            for ms in [ms, ms + later, ms] {
                let moment = Timestamp::from_millisecond(ms).expect("a moment");
                prop_assert_eq!(written_lately(ms), written(moment));
            }
        }
    }
}
