//! Arguments as socketioxide wants them: something to serialise, with bytes where attachments go.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeTuple, Serializer};
use serde_json::value::RawValue;

use crate::seam::Args;

/// How deep placeholders are looked for.
const DEPTH_MAX: usize = 128;

/// Arguments on their way out. Their number is known only now, so they are a tuple of their own making. What holds no
/// attachment is passed on as it was written.
pub(super) struct Outgoing<'a>(pub(super) &'a Args);

impl Serialize for Outgoing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.0.each();
        let mut tuple = serializer.serialize_tuple(all.len())?;
        for value in all {
            tuple.serialize_element(&Filled { value, attachments: self.0.attachments(), depth: 0 })?;
        }
        tuple.end()
    }
}

/// A value with its attachments in their places; the parser takes them out again, in that order.
struct Filled<'a> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn written(text: &str, attachments: usize) -> String {
        let attachments: Arc<[Bytes]> = (0..attachments).map(|_| Bytes::from_static(b"\x01")).collect();
        serde_json::to_string(&Outgoing(&Args::new(text.into(), attachments))).expect("it can be written")
    }

    #[test]
    fn attachments_stand_where_their_placeholders_stood() {
        let placeholder = r#"{"_placeholder":true,"num":0}"#;
        assert_eq!(written(placeholder, 1), "[[1]]");
        assert_eq!(
            written(&format!(r#"{{"b":[2.50,{placeholder}],"a":1,"a":2}}"#), 1),
            r#"[{"b":[2.50,[1]],"a":1,"a":2}]"#
        );
        assert_eq!(written(placeholder, 0), format!("[{placeholder}]"));
    }

    #[test]
    fn what_only_looks_like_a_placeholder_stays() {
        for text in [r#"{"_placeholder":true,"num":7}"#, r#"{"_placeholder":false,"num":0}"#, r#""_placeholder""#] {
            assert_eq!(written(text, 1), format!("[{text}]"));
        }
    }

    #[test]
    fn depth_is_no_way_to_break_it() {
        let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
        let text = deep.replacen("[]", r#"[{"_placeholder":true,"num":0}]"#, 1);
        assert_eq!(written(&text, 1), format!("[{text}]"));
    }
}
