//! Where an expression finds a value. What a path is made of lies in one place: most of them are one name long.

use std::fmt;

use serde_json::Value;

use crate::frame::inside;
use crate::program::Slot;

/// Where a value is found: a root, then properties and list indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    steps: Steps,
}

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Root {
    /// `user`
    User,
    /// `payload`, or a property of it by its bare name, which is the first step.
    Payload,
    /// The same, of an object that can be read property by property: one with this number there.
    Property(u16),
    /// `args`
    Args,
    /// `socket`
    Socket,
    /// `now`
    Now,
    /// `entry`
    Entry,
    /// A room or key parameter, or a bound name; see [`Root::slot`].
    Slot(u32),
}

/// Properties, or indices written as numbers.
#[derive(Clone, PartialEq, Eq)]
enum Steps {
    /// One, so many bytes long.
    Short(u8, [u8; Steps::SHORT_BYTES_MAX]),
    Any(Box<[Box<str>]>),
}

impl Root {
    /// The value of a slot.
    #[must_use]
    pub fn slot(slot: Slot) -> Self {
        Self::Slot(u32::try_from(slot).unwrap_or(u32::MAX))
    }
}

impl Path {
    /// A path from `root` on.
    pub fn new<'s>(root: Root, steps: impl IntoIterator<Item = &'s str>) -> Self {
        Self { root, steps: steps.into_iter().collect() }
    }

    /// The same, one step further.
    #[must_use]
    pub fn below(&self, step: &str) -> Self {
        let steps = self.steps.iter().map(text).chain([step]);
        Self::new(self.root, steps.collect::<Vec<_>>())
    }

    /// Whether it leads no further than to its root.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        matches!(&self.steps, Steps::Any(steps) if steps.is_empty())
    }

    /// The first step, in bytes.
    pub(crate) fn first(&self) -> Option<&[u8]> {
        match &self.steps {
            Steps::Short(len, bytes) => Some(&bytes[..usize::from(*len)]),
            Steps::Any(steps) => steps.first().map(|step| step.as_bytes()),
        }
    }

    /// The value at the end of its steps behind the first `done`, from `value` on.
    pub(crate) fn walk<'v>(&self, value: &'v Value, done: usize) -> Option<&'v Value> {
        match &self.steps {
            Steps::Short(..) if done > 0 => Some(value),
            Steps::Short(len, bytes) => inside(value, &bytes[..usize::from(*len)]),
            Steps::Any(steps) => steps.iter().skip(done).try_fold(value, |value, step| inside(value, step.as_bytes())),
        }
    }
}

impl Steps {
    const SHORT_BYTES_MAX: usize = 22;

    /// Each, in bytes.
    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let (short, any) = match self {
            Self::Short(len, bytes) => (Some(&bytes[..usize::from(*len)]), [].as_slice()),
            Self::Any(steps) => (None, &**steps),
        };
        short.into_iter().chain(any.iter().map(|step| step.as_bytes()))
    }
}

impl<'s> FromIterator<&'s str> for Steps {
    fn from_iter<I: IntoIterator<Item = &'s str>>(steps: I) -> Self {
        let steps: Vec<&str> = steps.into_iter().collect();
        match &*steps {
            [only] if only.len() <= Self::SHORT_BYTES_MAX => {
                let mut bytes = [0; Self::SHORT_BYTES_MAX];
                bytes[..only.len()].copy_from_slice(only.as_bytes());
                Self::Short(only.len() as u8, bytes)
            }
            steps => Self::Any(steps.iter().map(|step| Box::from(*step)).collect()),
        }
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(text)).finish()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.root {
            Root::User => f.write_str("user"),
            Root::Payload | Root::Property(_) => f.write_str("payload"),
            Root::Args => f.write_str("args"),
            Root::Socket => f.write_str("socket"),
            Root::Now => f.write_str("now"),
            Root::Entry => f.write_str("entry"),
            Root::Slot(slot) => write!(f, "bound name {slot}"),
        }?;
        self.steps.iter().try_for_each(|step| write!(f, ".{}", text(step)))
    }
}

/// A step as it was written.
fn text(step: &[u8]) -> &str {
    str::from_utf8(step).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_and_long_steps_lead_alike() {
        let long = "a name that is longer than most of them";
        let value = json!({ "id": { "0": [7] }, long: 1, "\u{e9}": 2 });
        let found = |steps: &[&str]| {
            let path = Path::new(Root::User, steps.iter().copied());
            (path.to_string(), path.walk(&value, 0).cloned())
        };
        assert_eq!(found(&["id", "0", "0"]), ("user.id.0.0".into(), Some(json!(7))));
        assert_eq!(found(&[long]), (format!("user.{long}"), Some(json!(1))));
        assert_eq!(found(&["\u{e9}"]), ("user.\u{e9}".into(), Some(json!(2))));
        assert_eq!(found(&[]).1.as_ref(), Some(&value));
        assert_eq!(found(&["i"]).1, None);
        let path = Path::new(Root::Payload, []).below("id").below("0");
        assert_eq!((path.to_string().as_str(), path.walk(&value["id"], 1)), ("payload.id.0", Some(&json!([7]))));
        assert!(!path.is_bare() && Path::new(Root::Now, []).is_bare());
    }
}
