//! Arguments with their attachments in their places: to be serialised, bytes and all.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

use crate::seam::Args;

/// How deep placeholders are looked for.
const DEPTH_MAX: usize = 128;

/// A value with its attachments in their places; the parser takes them out again, in that order.
pub(crate) struct Filled<'a> {
    value: &'a RawValue,
    attachments: &'a [Bytes],
    depth: usize,
}

/// Where an attachment goes.
#[derive(serde::Deserialize)]
struct Placeholder {
    _placeholder: bool,
    num: usize,
}

/// An object as it was written: also its order, and fields that are there twice.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Filled<'a> {
    /// One of the arguments.
    pub(crate) fn new(value: &'a RawValue, args: &'a Args) -> Self {
        Self { value, attachments: args.attachments(), depth: 0 }
    }

    fn inner(&self, value: &'a RawValue) -> Self {
        Filled { value, attachments: self.attachments, depth: self.depth + 1 }
    }

    fn has_none(&self) -> bool {
        self.attachments.is_empty() || self.depth > DEPTH_MAX || !self.value.get().contains("_placeholder")
    }

    fn attachment(&self) -> Option<&'a Bytes> {
        let placeholder: Placeholder = serde_json::from_str(self.value.get()).ok()?;
        self.attachments.get(placeholder.num).filter(|_| placeholder._placeholder)
    }
}

impl Serialize for Filled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.has_none() {
            return self.value.serialize(serializer);
        }
        if let Some(bytes) = self.attachment() {
            return serializer.serialize_bytes(bytes);
        }
        if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(self.value.get()) {
            let mut sequence = serializer.serialize_seq(Some(items.len()))?;
            for item in items {
                sequence.serialize_element(&self.inner(item))?;
            }
            return sequence.end();
        }
        let Ok(Entries(entries)) = serde_json::from_str(self.value.get()) else {
            return self.value.serialize(serializer);
        };
        let mut object = serializer.serialize_map(Some(entries.len()))?;
        for (name, value) in entries {
            object.serialize_entry(&name, &self.inner(value))?;
        }
        object.end()
    }
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
