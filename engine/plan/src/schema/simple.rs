//! What most schemas of properties ask: a text of some length, a whole number, a yes or no. They are checked where they lie,
//! without going through a validator.

use serde_json::{Map, Value};

use super::closed::SILENT;

/// What a schema asks, as far as that is simple.
#[derive(Debug, Clone, Copy)]
pub(super) enum Simple {
    /// A text of so many characters.
    Text { min: u32, max: u32 },
    /// A whole number from one to the other.
    Whole { min: i64, max: i64 },
    /// `true` or `false`.
    Flag,
    /// More than that.
    No,
}

impl Simple {
    pub(super) fn of(schema: &Value) -> Self {
        schema.as_object().and_then(Self::read).unwrap_or(Self::No)
    }

    fn read(schema: &Map<String, Value>) -> Option<Self> {
        let only = |words: [&str; 2]| {
            let said = schema.keys().map(String::as_str).filter(|word| !SILENT.contains(word) && *word != "type");
            said.into_iter().all(|word| words.contains(&word)).then_some(())
        };
        match schema.get("type")?.as_str()? {
            "string" => {
                only(["minLength", "maxLength"])?;
                let length = |word: &str, or: u32| match schema.get(word) {
                    Some(length) => u32::try_from(length.as_u64()?).ok(),
                    None => Some(or),
                };
                Some(Self::Text { min: length("minLength", 0)?, max: length("maxLength", u32::MAX)? })
            }
            "integer" => {
                only(["minimum", "maximum"])?;
                let bound = |word: &str, or: i64| schema.get(word).map_or(Some(or), Value::as_i64);
                Some(Self::Whole { min: bound("minimum", i64::MIN)?, max: bound("maximum", i64::MAX)? })
            }
            "boolean" => {
                only(["", ""])?;
                Some(Self::Flag)
            }
            _ => None,
        }
    }

    /// Whether a value fits; `None` if only the validator can tell.
    pub(super) fn fits(self, value: &Value) -> Option<bool> {
        match (self, value) {
            (Self::No, _) => None,
            (Self::Text { min, max }, Value::String(text)) => Some(is_of_length(text, min as usize, max as usize)),
            // 1.0 is a whole number, too.
            (Self::Whole { min, max }, Value::Number(number)) => {
                number.as_i64().map(|number| (min..=max).contains(&number))
            }
            (Self::Flag, Value::Bool(_)) => Some(true),
            _ => Some(false),
        }
    }
}

/// Whether a text has so many characters. None of them has no byte of its own, and none has more than four.
fn is_of_length(text: &str, min: usize, max: usize) -> bool {
    let bytes = text.len();
    if bytes <= max && bytes.div_ceil(4) >= min {
        return true;
    }
    let characters = text.chars().count();
    min <= characters && characters <= max
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::schema::Validator;

    fn schema() -> impl Strategy<Value = Value> {
        let bounds = (prop::option::of(0..6_u64), prop::option::of(0..9_u64));
        let kinds = prop::sample::select(vec!["string", "integer", "boolean", "number"]);
        (kinds, bounds, prop::sample::select(vec!["", "pattern", "format", "enum"])).prop_map(
            |(kind, (min, max), more)| {
                let words = if kind == "string" { ["minLength", "maxLength"] } else { ["minimum", "maximum"] };
                let mut schema = json!({ "type": kind, "description": "of few words" });
                for (word, bound) in words.into_iter().zip([min, max]) {
                    bound.into_iter().for_each(|bound| schema[word] = bound.into());
                }
                match more {
                    "pattern" => schema["pattern"] = "^a".into(),
                    "format" => schema["format"] = "uuid".into(),
                    "enum" => schema["enum"] = json!(["a", 1, true]),
                    _ => {}
                }
                schema
            },
        )
    }

    fn value() -> impl Strategy<Value = Value> {
        let texts = "[a\u{e9}\u{1f600}]{0,9}".prop_map(Value::from);
        let numbers = prop::sample::select(vec![
            json!(0),
            json!(-1),
            json!(3),
            json!(7),
            json!(1.0),
            json!(1.5),
            json!(1e30),
            json!(u64::MAX),
            json!(i64::MIN),
        ]);
        let others = prop::sample::select(vec![json!(null), json!(true), json!(false), json!([]), json!({})]);
        prop_oneof![3 => texts, 2 => numbers, 1 => others]
    }

    proptest! {
        #[test]
        fn it_says_what_the_validator_says(schema in schema(), value in value()) {
            let said = Simple::of(&schema).fits(&value);
            let validator = Validator::new(schema).expect("a schema");
            prop_assert!(said.is_none_or(|said| said == validator.check(&value).is_ok()));
        }
    }

    #[test]
    fn what_is_simple_is_told_without_a_validator() {
        let fits = |schema: Value, value: Value| Simple::of(&schema).fits(&value);
        assert_eq!(fits(json!({ "type": "string", "maxLength": 2 }), json!("\u{e9}\u{e9}")), Some(true));
        assert_eq!(fits(json!({ "type": "string", "minLength": 1 }), json!("")), Some(false));
        assert_eq!(fits(json!({ "type": "integer", "minimum": 0 }), json!(-1)), Some(false));
        assert_eq!(fits(json!({ "type": "boolean" }), json!("x")), Some(false));
        assert_eq!(fits(json!({ "type": "string", "pattern": "^a" }), json!("a")), None);
        assert_eq!(fits(json!({ "type": "integer", "minimum": 0 }), json!(1.0)), None);
    }
}
