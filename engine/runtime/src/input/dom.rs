//! A payload as a tree, read with as few allocations as it takes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// For how many properties place is made at once, at most: what a text promises by its colons need not be there.
const AT_ONCE_MAX: usize = 16;

/// Reads a JSON text.
///
/// # Errors
/// If it is none.
pub(super) fn read(text: &str) -> serde_json::Result<Value> {
    let mut from = serde_json::Deserializer::from_str(text);
    let colons = text.bytes().filter(|byte| *byte == b':').count();
    let value = Tree { properties: colons.min(AT_ONCE_MAX) }.deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

/// A value whose outermost object has about so many properties. Serde's own would let the object grow step by step, and
/// hash what is there already with each.
struct Tree {
    properties: usize,
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut map = Map::with_capacity(self.properties);
        while let Some((name, value)) = from.next_entry()? {
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_json_is_refused() {
        for wrong in ["", "{", "{}{}", "nul", "[1,]", "1e999", r#"{"a" 1}"#, r#""\ud800""#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn it_is_read_as_serde_reads_it(text in r#"(\{("[a-c]":(1|-2|0\.5|"x\\n"|true|null|\[1,\{"b":2\}\]),){0,20}"[a-c]":3\}|[\[\]{}",:0-9a-z\.-]{0,12})"#) {
            prop_assert_eq!(read(&text).ok(), serde_json::from_str(&text).ok());
        }
    }
}
