//! Between JSON and minijinja's values.

use minijinja::value::{Value as Jinja, ValueKind};
use serde_json::{Map, Number, Value};

/// How deep a result may be nested.
const DEPTH_MAX: usize = 128;

/// A value that JSON cannot hold.
#[derive(Debug)]
pub(super) struct NotJson;

/// A JSON value as minijinja sees it. Numbers keep their kind, objects their order.
pub(super) fn to_jinja(value: &Value) -> Jinja {
    match value {
        Value::Null => Jinja::from(()),
        Value::Bool(truth) => Jinja::from(*truth),
        Value::Number(number) => number_to_jinja(number),
        Value::String(text) => Jinja::from(text.as_str()),
        Value::Array(items) => Jinja::from(items.iter().map(to_jinja).collect::<Vec<_>>()),
        Value::Object(map) => Jinja::from_pairs(map.iter().map(|(name, value)| (name.as_str(), to_jinja(value)))),
    }
}

fn number_to_jinja(number: &Number) -> Jinja {
    if let Some(whole) = number.as_u64() {
        return Jinja::from(whole);
    }
    match number.as_i64() {
        Some(whole) => Jinja::from(whole),
        None => Jinja::from(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// A minijinja value as JSON; `None` if it is undefined.
pub(super) fn from_jinja(value: &Jinja) -> Result<Option<Value>, NotJson> {
    if value.is_undefined() { Ok(None) } else { defined(value, DEPTH_MAX).map(Some) }
}

fn defined(value: &Jinja, depth: usize) -> Result<Value, NotJson> {
    let depth = depth.checked_sub(1).ok_or(NotJson)?;
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => Ok(Value::Null),
        ValueKind::Bool => Ok(Value::Bool(value.is_true())),
        ValueKind::Number => number(value).map(Value::Number),
        ValueKind::String => value.as_str().map(Value::from).ok_or(NotJson),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|_| NotJson)?;
            items.map(|item| defined(&item, depth)).collect::<Result<_, _>>().map(Value::Array)
        }
        ValueKind::Map => object(value, depth),
        _ => Err(NotJson),
    }
}

fn object(value: &Jinja, depth: usize) -> Result<Value, NotJson> {
    let mut map = Map::new();
    for key in value.try_iter().map_err(|_| NotJson)? {
        let item = value.get_item(&key).map_err(|_| NotJson)?;
        if !item.is_undefined() {
            map.insert(key_text(&key)?, defined(&item, depth)?);
        }
    }
    Ok(Value::Object(map))
}

fn key_text(key: &Jinja) -> Result<String, NotJson> {
    match key.kind() {
        ValueKind::String => key.as_str().map(str::to_owned).ok_or(NotJson),
        ValueKind::Number if key.is_integer() => Ok(key.to_string()),
        _ => Err(NotJson),
    }
}

fn number(value: &Jinja) -> Result<Number, NotJson> {
    if !value.is_integer() {
        let float = f64::try_from(value.clone()).map_err(|_| NotJson)?;
        return Number::from_f64(float).ok_or(NotJson);
    }
    match u64::try_from(value.clone()) {
        Ok(whole) => Ok(whole.into()),
        Err(_) => i64::try_from(value.clone()).map(Number::from).map_err(|_| NotJson),
    }
}
