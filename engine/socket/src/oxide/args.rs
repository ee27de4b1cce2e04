//! Arguments as socketioxide wants them: something to serialise, with bytes where attachments go.

use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeTuple, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::seam::Args;

/// Arguments on their way out. Their number is known only now, so they are a tuple of their own making.
pub(super) struct Outgoing<'a>(pub(super) &'a Args);

impl Serialize for Outgoing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.0.each();
        let mut tuple = serializer.serialize_tuple(all.len())?;
        for one in all {
            if self.0.attachments().is_empty() {
                tuple.serialize_element::<RawValue>(one)?;
            } else {
                let value: Value = serde_json::from_str(one.get()).unwrap_or_default();
                tuple.serialize_element(&Filled { value: &value, attachments: self.0.attachments() })?;
            }
        }
        tuple.end()
    }
}

/// A value with its attachments in their places; the parser takes them out again, in that order.
struct Filled<'a> {
    value: &'a Value,
    attachments: &'a [Bytes],
}

impl<'a> Filled<'a> {
    fn inner(&self, value: &'a Value) -> Self {
        Filled { value, attachments: self.attachments }
    }

    fn attachment(&self) -> Option<&'a Bytes> {
        let map = self.value.as_object().filter(|map| map.get("_placeholder") == Some(&Value::Bool(true)))?;
        self.attachments.get(usize::try_from(map.get("num")?.as_u64()?).ok()?)
    }
}

impl Serialize for Filled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(bytes) = self.attachment() {
            return serializer.serialize_bytes(bytes);
        }
        match self.value {
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(&self.inner(item))?;
                }
                sequence.end()
            }
            Value::Object(map) => {
                let mut object = serializer.serialize_map(Some(map.len()))?;
                for (name, value) in map {
                    object.serialize_entry(name, &self.inner(value))?;
                }
                object.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}
