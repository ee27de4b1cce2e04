//! Whether a value of one shape fits where another is asked for.

use serde_json::{Map, Value};

use crate::shape::{Object, Shape, spoken};

/// What the shapes alone can say.
#[derive(Clone, Debug, PartialEq)]
pub enum Fit {
    /// It always fits.
    Proven,
    /// Only the run can tell.
    Maybe,
    /// It never fits, or not always as far as its kind goes.
    No(Misfit),
}

/// Why something does not fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit {
    /// The properties that lead there.
    pub path: Vec<String>,
    /// What is wrong, as a clause: "`score` must be a number, and this is a text".
    pub reason: String,
}

impl Fit {
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No(misfit) => Self::No(misfit),
            Self::Proven => other(),
            Self::Maybe => match other() {
                Self::No(misfit) => Self::No(misfit),
                _ => Self::Maybe,
            },
        }
    }

    fn under(self, name: &str) -> Self {
        match self {
            Self::No(mut misfit) => {
                misfit.path.insert(0, name.to_owned());
                Self::No(misfit)
            }
            other => other,
        }
    }

    fn no(reason: impl Into<String>) -> Self {
        Self::No(Misfit { path: Vec::new(), reason: reason.into() })
    }

    fn when(proven: bool) -> Self {
        if proven { Self::Proven } else { Self::Maybe }
    }
}

/// Whether `value` fits `wanted`.
#[must_use]
pub fn fit(value: &Shape, wanted: &Shape) -> Fit {
    match (value, wanted) {
        (_, Shape::Any) => Fit::Proven,
        (value, wanted) if value == wanted && !has_opaque(wanted) => Fit::Proven,
        (Shape::Any | Shape::Opaque, _) | (_, Shape::Opaque) => Fit::Maybe,
        (Shape::Union(all), _) => all.iter().fold(Fit::Proven, |so_far, one| so_far.and(|| fit(one, wanted))),
        (_, Shape::Union(all)) => fit_any(value, all),
        (Shape::Const(constant), _) => fit_constant(constant, wanted),
        (_, Shape::Const(constant)) => fit_to_constant(value, constant),
        (Shape::Text(has), Shape::Text(wants)) => fit_text(has, wants),
        (Shape::Number { whole, limits }, Shape::Number { whole: wants_whole, limits: wants }) => {
            let kind = if *wants_whole && !*whole { Fit::Maybe } else { Fit::Proven };
            kind.and(|| Fit::when(within(limits, wants)))
        }
        (Shape::Boolean, Shape::Boolean) | (Shape::Binary, Shape::Binary) => Fit::Proven,
        (
            Shape::List { item, max, min, limits },
            Shape::List { item: wanted, max: most, min: least, limits: wants },
        ) => {
            let length = most.is_none_or(|most| max.is_some_and(|max| max <= most)) && least <= min;
            fit(item, wanted).under("items").and(|| Fit::when(length && no_more_is_asked(limits, wants)))
        }
        (Shape::Object(value), Shape::Object(wanted)) => {
            fit_object(value, wanted).and(|| Fit::when(no_more_is_asked(&value.limits, &wanted.limits)))
        }
        _ => Fit::no(format!("it must be {}, and this is {}", wanted.noun(), value.noun())),
    }
}

/// The properties of which only the run can tell, where all else of an object is proven to fit. `None` if more than that is
/// in doubt.
#[must_use]
pub fn doubts(value: &Shape, wanted: &Shape) -> Option<Vec<String>> {
    let (Shape::Object(value), Shape::Object(wanted)) = (value, wanted) else { return None };
    if value.others.is_some() || !no_more_is_asked(&value.limits, &wanted.limits) {
        return None;
    }
    let mut doubts = Vec::new();
    for (name, has) in &value.properties {
        let wants = wanted.properties.get(name);
        match fit(&has.shape, wants.map_or(wanted.others.as_deref(), |wants| Some(&wants.shape))?) {
            Fit::Proven => {}
            Fit::Maybe if wants.is_some() => doubts.push(name.clone()),
            Fit::Maybe | Fit::No(_) => return None,
        }
    }
    Some(doubts)
}

/// Of what else a schema asks, the shapes know only whether the value's own schema asks the same.
fn no_more_is_asked(has: &Map<String, Value>, wants: &Map<String, Value>) -> bool {
    wants.iter().all(|(word, wanted)| has.get(word) == Some(wanted))
}

fn has_opaque(shape: &Shape) -> bool {
    match shape {
        Shape::Opaque => true,
        Shape::List { item, .. } => has_opaque(item),
        Shape::Object(object) => {
            object.properties.values().any(|property| has_opaque(&property.shape))
                || object.others.as_deref().is_some_and(has_opaque)
        }
        Shape::Union(all) => all.iter().any(has_opaque),
        _ => false,
    }
}

fn fit_any(value: &Shape, all: &[Shape]) -> Fit {
    let fits: Vec<Fit> = all.iter().map(|wanted| fit(value, wanted)).collect();
    if fits.contains(&Fit::Proven) {
        return Fit::Proven;
    }
    if fits.contains(&Fit::Maybe) {
        return Fit::Maybe;
    }
    match fits.into_iter().next() {
        Some(only) if all.len() == 1 => only,
        _ => Fit::no(format!("it must be {}, and this is {}", Shape::Union(all.to_vec()).noun(), value.noun())),
    }
}

fn fit_to_constant(value: &Shape, constant: &Value) -> Fit {
    if value.comparable(&Shape::Const(constant.clone())) {
        return Fit::Maybe;
    }
    Fit::no(format!("it must be `{constant}`, and this is {}", value.noun()))
}

fn fit_constant(constant: &Value, wanted: &Shape) -> Fit {
    match (constant, wanted) {
        (Value::Bool(_), Shape::Boolean) => Fit::Proven,
        (Value::String(text), Shape::Text(limits)) => fit_constant_text(text, limits),
        (Value::Number(number), Shape::Number { whole, limits }) => fit_constant_number(number, *whole, limits),
        (Value::Array(values), Shape::List { item, max, min, limits }) => {
            if max.is_some_and(|max| values.len() > max) || values.len() < *min {
                return Fit::no("it has too many items or too few");
            }
            let items = values.iter().map(|one| fit(&Shape::Const(one.clone()), item));
            items.fold(Fit::when(limits.is_empty()), |so_far, one| so_far.and(|| one))
        }
        (Value::Object(map), Shape::Object(object)) => {
            let value =
                Shape::object(map.iter().map(|(name, value)| (name.clone(), Shape::Const(value.clone()), false)));
            fit(&value, &Shape::Object(object.clone()))
        }
        (left, Shape::Const(right)) if left == right => Fit::Proven,
        _ => Fit::no(format!("it must be {}, and this is `{constant}`", wanted.noun())),
    }
}

fn fit_constant_text(text: &str, limits: &Map<String, Value>) -> Fit {
    if let Some(Value::Array(all)) = limits.get("enum") {
        return match all.iter().any(|one| one == text) {
            true => Fit::Proven,
            false => Fit::no(format!(
                "it must be one of {}, and this is `{text}`",
                spoken(all.iter().filter_map(Value::as_str))
            )),
        };
    }
    let length = text.chars().count() as u64;
    let limit = |word: &str| limits.get(word).and_then(Value::as_u64);
    if limit("maxLength").is_some_and(|most| length > most) || limit("minLength").is_some_and(|least| length < least) {
        return Fit::no(format!("`{text}` is too long or too short"));
    }
    Fit::when(!limits.contains_key("pattern") && !limits.contains_key("format"))
}

fn fit_constant_number(number: &serde_json::Number, whole: bool, limits: &Map<String, Value>) -> Fit {
    let value = number.as_f64().unwrap_or(f64::NAN);
    let limit = |word: &str| limits.get(word).and_then(Value::as_f64);
    let outside = limit("minimum").is_some_and(|least| value < least)
        || limit("maximum").is_some_and(|most| value > most)
        || limit("exclusiveMinimum").is_some_and(|least| value <= least)
        || limit("exclusiveMaximum").is_some_and(|most| value >= most);
    if outside || (whole && value.fract() != 0.0) {
        return Fit::no(format!("`{number}` is outside of what is allowed"));
    }
    Fit::when(!limits.contains_key("multipleOf") && !limits.contains_key("enum"))
}

fn fit_text(has: &Map<String, Value>, wants: &Map<String, Value>) -> Fit {
    if let (Some(Value::Array(has)), Some(Value::Array(wants))) = (has.get("enum"), wants.get("enum")) {
        let kept = has.iter().filter(|one| wants.contains(one)).count();
        return match kept {
            0 => Fit::no(format!(
                "it must be one of {}, and this is one of {}",
                spoken(wants.iter().filter_map(Value::as_str)),
                spoken(has.iter().filter_map(Value::as_str))
            )),
            kept => Fit::when(kept == has.len()),
        };
    }
    Fit::when(wants.iter().all(|(word, wanted)| text_word_holds(has, word, wanted)))
}

fn text_word_holds(has: &Map<String, Value>, word: &str, wanted: &Value) -> bool {
    match (word, has.get(word)) {
        (_, Some(value)) if value == wanted => true,
        ("maxLength", value) => longest(has, value) <= wanted.as_u64(),
        ("minLength", Some(value)) => value.as_u64() >= wanted.as_u64(),
        ("minLength", None) => wanted == 0,
        _ => false,
    }
}

/// How long a text can be; `None` sorts first, so an unknown length is taken as the longest.
fn longest(has: &Map<String, Value>, stated: Option<&Value>) -> Option<u64> {
    let by_format = match has.get("format").and_then(Value::as_str) {
        Some("date-time") => Some(40),
        Some("uuid") => Some(36),
        Some("date") => Some(10),
        _ => None,
    };
    let by_enum = || {
        let all = has.get("enum")?.as_array()?;
        all.iter().filter_map(Value::as_str).map(|one| one.chars().count() as u64).max()
    };
    stated.and_then(Value::as_u64).or(by_format).or_else(by_enum).or(Some(u64::MAX))
}

fn within(has: &Map<String, Value>, wants: &Map<String, Value>) -> bool {
    let of = |map: &Map<String, Value>, word: &str| map.get(word).and_then(Value::as_f64);
    wants.iter().all(|(word, wanted)| {
        let Some(limit) = wanted.as_f64() else { return has.get(word) == Some(wanted) };
        match word.as_str() {
            "minimum" => of(has, "minimum").or(of(has, "exclusiveMinimum")).is_some_and(|least| least >= limit),
            "maximum" => of(has, "maximum").or(of(has, "exclusiveMaximum")).is_some_and(|most| most <= limit),
            "exclusiveMinimum" => {
                of(has, "exclusiveMinimum").is_some_and(|least| least >= limit)
                    || of(has, "minimum").is_some_and(|least| least > limit)
            }
            "exclusiveMaximum" => {
                of(has, "exclusiveMaximum").is_some_and(|most| most <= limit)
                    || of(has, "maximum").is_some_and(|most| most < limit)
            }
            word => has.get(word) == Some(wanted),
        }
    })
}

fn fit_object(value: &Object, wanted: &Object) -> Fit {
    let mut result = Fit::Proven;
    for (name, property) in &wanted.properties {
        result = result.and(|| match value.properties.get(name) {
            Some(has) if has.optional && !property.optional => {
                Fit::no(format!("`{name}` is required, and here it may be absent")).under(name)
            }
            Some(has) => fit(&has.shape, &property.shape).under(name),
            None if value.others.is_some() => Fit::Maybe,
            None if property.optional => Fit::Proven,
            None => Fit::no(format!("`{name}` is required, and is missing")).under(name),
        });
    }
    for (name, has) in value.properties.iter().filter(|(name, _)| !wanted.properties.contains_key(*name)) {
        result = result.and(|| match &wanted.others {
            Some(others) => fit(&has.shape, others).under(name),
            None => Fit::no(format!(
                "there is no property `{name}` in it; it has {}",
                spoken(wanted.properties.keys().map(String::as_str))
            ))
            .under(name),
        });
    }
    match (&value.others, &wanted.others) {
        (Some(has), Some(wants)) => result.and(|| fit(has, wants)),
        (Some(_), None) => result.and(|| Fit::Maybe),
        (None, _) => result,
    }
}
