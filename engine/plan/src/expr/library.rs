//! What the engine's own functions and filters do, and the environment that all expressions run in.

use std::sync::LazyLock;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior};
use uuid::Uuid;

use super::json::{from_jinja, to_jinja};
use super::moments::{self, Wrong};

/// How much work one evaluation may do; about one unit for every step, item and byte made.
const FUEL: u64 = 100_000;
/// How many numbers `range` yields at most.
const RANGE_MAX: usize = 1000;
/// How many digits `random_hex` yields at most.
const RANDOM_DIGITS_MAX: usize = 128;
/// The name under which a context answers with the milliseconds of now.
pub(super) const NOW_MS: &str = "now_ms";

/// The one environment. It never changes, so that what was compiled in it lives as long as its plan.
pub(super) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(false);
    for refused in ["safe", "escape", "e", "pprint", "format", "tojson", "attr", "indent", "chain", "zip", "slice"] {
        environment.remove_filter(refused);
    }
    for refused in ["dict", "debug", "namespace"] {
        environment.remove_global(refused);
    }
    environment.add_function("uuid", || Uuid::new_v4().to_string());
    environment.add_function("random_hex", random_hex);
    environment.add_function("range", range);
    environment.add_filter("date", |moment: &str, zone: &str| moments::date(moment, zone).map_err(refusal));
    environment.add_filter("plus", plus);
    environment.add_filter("seconds_since", seconds_since);
    environment.add_filter("values", values);
    environment.add_filter("count_by", count_by);
    environment.add_filter("string", string);
    environment
}

/// A refusal in our own words, which hold no value; [`our_words`] finds it again.
#[derive(Debug)]
struct Refusal(Wrong);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Refusal {}

fn refusal(wrong: Wrong) -> Error {
    Error::new(ErrorKind::InvalidOperation, wrong).with_source(Refusal(wrong))
}

/// What an error says that surely holds no value of a payload.
pub(super) fn our_words(error: &Error) -> Wrong {
    let ours = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Refusal>());
    if let Some(Refusal(words)) = ours {
        return words;
    }
    match error.kind() {
        ErrorKind::UndefinedError => "a value in it is absent",
        ErrorKind::OutOfFuel => "it is too much work",
        ErrorKind::MissingArgument | ErrorKind::TooManyArguments => "a function in it was given the wrong arguments",
        _ => "an operation in it does not fit its values",
    }
}

fn random_hex(digits: usize) -> Result<String, Error> {
    if !(1..=RANDOM_DIGITS_MAX).contains(&digits) {
        return Err(refusal("`random_hex` yields 1 to 128 digits"));
    }
    let mut text = String::with_capacity(digits + 32);
    while text.len() < digits {
        let [a, b, c, d, e, f, _, h, _, rest @ ..] = Uuid::new_v4().into_bytes(); // the two left out say "version 4"
        for byte in [a, b, c, d, e, f, h].into_iter().chain(rest) {
            text.push_str(&format!("{byte:02x}"));
        }
    }
    text.truncate(digits);
    Ok(text)
}

fn range(first: i64, second: Option<i64>, step: Option<i64>) -> Result<Vec<i64>, Error> {
    let (from, to) = second.map_or((0, first), |to| (first, to));
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(refusal("`range` cannot go in steps of 0"));
    }
    let inside = move |at: &i64| if step > 0 { *at < to } else { *at > to };
    let numbers = std::iter::successors(Some(from), |at| at.checked_add(step)).take_while(inside);
    let numbers: Vec<i64> = numbers.take(RANGE_MAX + 1).collect();
    if numbers.len() > RANGE_MAX { Err(refusal("`range` yields at most 1000 numbers")) } else { Ok(numbers) }
}

fn plus(moment: &str, by: &Value) -> Result<String, Error> {
    let ms = match by.as_str() {
        Some(duration) => moments::duration_ms(duration),
        None => f64::try_from(by.clone()).map_err(|_| "a duration is a text or a number").and_then(moments::seconds_ms),
    };
    ms.and_then(|ms| moments::plus(moment, ms)).map_err(refusal)
}

fn seconds_since(state: &State<'_, '_>, moment: &str) -> Result<Value, Error> {
    let now = state.lookup(NOW_MS).and_then(|now| now.as_i64()).ok_or_else(|| refusal("there is no `now` here"))?;
    let seconds = moments::seconds_since(moment, now).map_err(refusal)?;
    Ok(to_jinja(&seconds.into()))
}

fn values(object: &Value) -> Result<Value, Error> {
    if object.kind() != ValueKind::Map {
        return Err(refusal("only an object has values"));
    }
    object.try_iter()?.map(|key| object.get_item(&key)).collect::<Result<Vec<_>, _>>().map(Value::from)
}

/// How many items have each of `keys` as their `property`; an item with another value counts for none.
fn count_by(items: &Value, property: &str, keys: &Value) -> Result<Value, Error> {
    if !matches!(items.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Err(refusal("only the items of a list can be counted"));
    }
    let mut counts: Vec<(Value, u64)> = keys.try_iter()?.map(|key| (key, 0)).collect();
    for item in items.try_iter()? {
        let found = item.get_attr(property).unwrap_or_default();
        if let Some((_, count)) = counts.iter_mut().find(|(key, _)| *key == found) {
            *count += 1;
        }
    }
    Ok(Value::from_pairs(counts))
}

/// A scalar as text, written as templates write it.
fn string(value: &Value) -> Result<String, Error> {
    let mut text = String::new();
    let written = from_jinja(value).ok().flatten().map(|value| crate::data::write_scalar(&value, &mut text));
    match written {
        Some(Ok(())) => Ok(text),
        _ => Err(refusal("only texts, numbers and booleans can be written as text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::functions::{FILTERS, FUNCTIONS, TESTS};

    #[test]
    fn everything_that_is_known_is_there() {
        let state = ENVIRONMENT.empty_state();
        let globals: Vec<&str> = ENVIRONMENT.globals().map(|(name, _)| name).collect();
        assert!(FUNCTIONS.iter().all(|known| globals.contains(&known.name)));
        assert_eq!(globals.len(), FUNCTIONS.len());
        for known in FILTERS {
            let error = ENVIRONMENT.compile_expression(&format!("0 | {}", known.name)).map(|e| e.eval(()).map(drop));
            assert!(!is_unknown(error), "{}", known.name);
        }
        for known in TESTS {
            let error = ENVIRONMENT.compile_expression(&format!("0 is {}", known.name)).map(|e| e.eval(()).map(drop));
            assert!(!is_unknown(error), "{}", known.name);
        }
        drop(state);
    }

    fn is_unknown(result: Result<Result<(), Error>, Error>) -> bool {
        let kind = result.and_then(|result| result).err().map(|error| error.kind());
        matches!(kind, Some(ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::SyntaxError))
    }

    #[test]
    fn random_digits_are_as_many_as_asked_for() {
        assert_eq!(random_hex(7).unwrap().len(), 7);
        assert_eq!(random_hex(128).unwrap().len(), 128);
        assert_ne!(random_hex(32).unwrap(), random_hex(32).unwrap());
        assert!(random_hex(0).is_err() && random_hex(129).is_err());
    }

    #[test]
    fn range_is_bounded() {
        assert_eq!(range(3, None, None).unwrap(), [0, 1, 2]);
        assert_eq!(range(3, Some(0), Some(-2)).unwrap(), [3, 1]);
        assert!(range(1001, None, None).is_err() && range(0, Some(1), Some(0)).is_err());
        assert_eq!(range(i64::MAX - 1, Some(i64::MAX), Some(5)).unwrap(), [i64::MAX - 1]);
    }
}
