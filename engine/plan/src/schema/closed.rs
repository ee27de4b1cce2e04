//! Payloads that are closed objects, which most are: read property by property, without a tree, and each checked by itself.
//!
//! Only what fits is read so. Whatever does not is left to [`Validator::check`], which knows how to say what is wrong.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::property::meant;
use super::simple::Simple;
use super::{Names, Validator};
use crate::payload::Fields;

/// With more properties than this a tree is quicker.
const PROPERTIES_MAX: usize = 24;

/// Words that say nothing of what fits.
pub(super) const SILENT: [&str; 5] = ["$defs", "title", "description", "examples", "$comment"];

/// A closed object, and what each of its properties must fit.
#[derive(Debug)]
pub struct Closed {
    names: Arc<Names>,
    properties: Box<[Property]>,
}

#[derive(Debug)]
struct Property {
    simple: Simple,
    is_required: bool,
    schema: Arc<Validator>,
}

impl Closed {
    /// The object that a schema describes, if it is closed and nothing is asked of it beyond its properties. `validator` makes
    /// what checks the property of a name.
    pub(crate) fn of(schema: &Value, mut validator: impl FnMut(&str) -> Option<Arc<Validator>>) -> Option<Self> {
        let object = meant(schema, schema.get("$defs").and_then(Value::as_object))?.as_object()?;
        let said = object.keys().filter(|word| !SILENT.contains(&word.as_str()));
        let is_plain =
            said.clone().all(|word| matches!(&**word, "type" | "properties" | "required" | "additionalProperties"));
        let is_closed = object.get("type")? == "object" && object.get("additionalProperties")? == false;
        let properties = object.get("properties")?.as_object()?;
        // An attachment's placeholder must be seen whole.
        let is_placeholder = properties.contains_key("_placeholder");
        if !is_plain || !is_closed || is_placeholder || properties.len() > PROPERTIES_MAX {
            return None;
        }
        let required = match object.get("required") {
            Some(names) => names.as_array()?.as_slice(),
            None => &[],
        };
        if !required.iter().all(|name| name.as_str().is_some_and(|name| properties.contains_key(name))) {
            return None;
        }
        let property = |name: &String| {
            let is_required = required.iter().any(|one| one == name.as_str());
            let schema = validator(name)?;
            Some(Property { simple: Simple::of(schema.schema()), is_required, schema })
        };
        Some(Self {
            properties: properties.keys().map(property).collect::<Option<_>>()?,
            names: Arc::new(properties.keys().map(String::as_str).collect()),
        })
    }

    /// What a JSON text carries, if it is such an object and all of it fits.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Fields> {
        let mut from = serde_json::Deserializer::from_str(text);
        let fields = Reading(self).deserialize(&mut from).ok()?;
        from.end().ok()?;
        let fits = fields.iter().all(|(number, value)| self.properties[*number].fits(value));
        let numbered = self.properties.iter().enumerate();
        let is_whole = numbered.clone().all(|(number, property)| !property.is_required || fields.has(number));
        (fits && is_whole).then_some(fields)
    }

    /// The number of a property.
    pub(crate) fn number_of(&self, name: &str) -> Option<usize> {
        self.names.number(name.as_bytes(), 0)
    }
}

impl Property {
    fn fits(&self, value: &Value) -> bool {
        self.simple.fits(value).unwrap_or_else(|| self.schema.fits(value))
    }
}

struct Reading<'c>(&'c Closed);

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Fields;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Fields, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of which every property is declared")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::new(&self.0.names);
        let mut guess = 0;
        while let Some(number) = from.next_key_seed(Name { closed: self.0, guess })? {
            let Some(number) = number else {
                from.next_value::<IgnoredAny>()?;
                return Err(A::Error::custom("it is not declared"));
            };
            fields.put(number, from.next_value()?);
            guess = number + 1;
        }
        Ok(fields)
    }
}

/// The name of a property, to its number.
struct Name<'c> {
    closed: &'c Closed,
    guess: usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<usize>, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a property")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        // Most come in the order in which they are declared.
        Ok(self.closed.names.number(name.as_bytes(), self.guess))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::payload::Payload;
    use crate::schema::property;

    fn closed(schema: &Value) -> Option<Closed> {
        Closed::of(schema, |name| Validator::new(property(schema, name)?).ok().map(Arc::new))
    }

    fn schema() -> Value {
        json!({
            "$ref": "#/$defs/Sent",
            "$defs": {
                "Short": { "type": "string", "maxLength": 3 },
                "Sent": {
                    "type": "object", "additionalProperties": false, "required": ["a", "b"], "description": "of words",
                    "properties": {
                        "a": { "$ref": "#/$defs/Short" },
                        "b": { "type": "integer", "minimum": 0 },
                        "c": { "type": "array", "items": { "$ref": "#/$defs/Short" } },
                        "\u{e9}\"": { "type": ["null", "number"] },
                    },
                },
            },
        })
    }

    #[test]
    fn only_closed_objects_are_read_so() {
        let with = |word: &str, value: Value| {
            let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": { "a": {} } });
            schema[word] = value;
            closed(&schema).is_some()
        };
        assert!(with("description", json!("x")) && with("required", json!(["a"])));
        assert!(!with("additionalProperties", json!({})) && !with("type", json!(["object", "null"])));
        assert!(!with("minProperties", json!(1)) && !with("allOf", json!([])) && !with("required", json!(["b"])));
        assert!(closed(&schema()).is_some() && closed(&json!({ "type": "string" })).is_none());
    }

    #[test]
    fn properties_are_found_by_name_however_it_is_written() {
        let read = |text: &str| closed(&schema()).expect("it is closed").read(text).map(Payload::Fields);
        let fields = read(r#"{"b":1,"\u0061":"x","b":2}"#).expect("it fits");
        assert_eq!((fields.property(b"a"), fields.property(b"c")), (Some(&json!("x")), None));
        assert_eq!(fields.whole().to_string(), r#"{"b":2,"a":"x"}"#);
        for wrong in [r#"{"a":"x"}"#, r#"{"a":"x","b":1,"d":1}"#, r#"{"a":"long","b":1}"#, "[]", r#"{"a":"x","b":1"#] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    proptest! {
        /// What is read is what the whole schema takes, and nothing else; and it is the same tree.
        #[test]
        fn it_takes_what_the_whole_schema_takes(
            text in r#"\{("(a|b|c|\\u00e9\\"|d|\\u0061)":("x"|"long"|1|-1|1\.0|null|\["x"\]|\["long"\]|\{\}),?){0,5}\}"#,
        ) {
            let (schema, tree) = (schema(), serde_json::from_str::<Value>(&text).ok());
            let whole = Validator::new(schema.clone()).expect("a schema");
            let fits = tree.filter(|tree| whole.check(tree).is_ok());
            let read = closed(&schema).expect("it is closed").read(&text).map(Payload::Fields);
            prop_assert_eq!(read.as_ref().map(Payload::whole), fits.as_ref());
            if let (Some(read), Some(fits)) = (&read, &fits) {
                prop_assert_eq!(read.whole().to_string(), fits.to_string());
                for name in ["a", "b", "c", "\u{e9}\"", "d"] {
                    prop_assert_eq!(read.property(name.as_bytes()), fits.get(name));
                }
            }
        }
    }
}
