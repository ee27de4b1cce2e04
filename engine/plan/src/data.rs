//! Values and texts with holes: `data:`, `ack:`, `value:`, and templates such as `class:<classId>`.

mod written;

use std::borrow::Cow;

use homeroom_definition::Few;
use indexmap::IndexMap;
use serde_json::{Map, Number, Value};

use crate::expr::{EvalError, Expr, Root};
use crate::frame::Frame;
use crate::json::{self, push_display};
use crate::program::Slot;

use written::{Written, write_expr};

/// A value with holes.
#[derive(Debug, Clone)]
pub enum Data {
    /// No hole inside.
    Const(Box<Value>),
    /// Exactly one `<...>`: keeps its type; absent stays absent.
    Expr(Expr),
    /// Text around holes.
    Text(Template),
    /// A list; absent items are left out.
    List(Vec<Data>),
    /// An object; absent properties are left out.
    Object(Object),
}

/// An object with holes: its properties, and how it is written.
#[derive(Debug, Clone)]
pub struct Object {
    properties: Box<IndexMap<Box<str>, Data>>,
    written: Written,
}

/// A text with holes. A hole that is absent makes the whole text absent.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// The parts, in order.
    pub parts: Few<Part>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone)]
pub enum Part {
    /// As it stands.
    Literal(Box<str>),
    /// A hole.
    Hole(Expr),
}

/// A value that cannot be written inside a text.
#[derive(Debug)]
pub(crate) struct NotScalar;

impl Data {
    /// The value; `None` if it is absent.
    ///
    /// # Errors
    /// If an expression in it has no value; see [`Expr::eval`].
    pub fn eval(&self, frame: &Frame<'_>) -> Result<Option<Value>, EvalError> {
        match self {
            Self::Const(value) => Ok(Some((**value).clone())),
            Self::Expr(expr) => Ok(expr.eval(frame)?.map(Cow::into_owned)),
            Self::Text(template) => Ok(template.text(frame)?.map(Value::String)),
            Self::List(items) => {
                let items = items.iter().filter_map(|item| item.eval(frame).transpose());
                items.collect::<Result<_, _>>().map(|items| Some(Value::Array(items)))
            }
            Self::Object(object) => {
                let mut map = Map::with_capacity(object.properties.len());
                for (name, data) in &*object.properties {
                    if let Some(value) = data.eval(frame)? {
                        map.insert(name.to_string(), value);
                    }
                }
                Ok(Some(Value::Object(map)))
            }
        }
    }

    /// The same with `held` in the place of a slot, over the frame of `held`. `None` if anything else here looks into slots,
    /// or this looks into that one.
    pub(crate) fn holding(&self, slot: Slot, held: &Data) -> Option<Data> {
        Some(match self {
            Self::Const(value) => Self::Const(value.clone()),
            Self::Expr(Expr::Path(path)) if path.root == Root::slot(slot) && path.is_bare() => held.clone(),
            Self::List(items) => Self::List(items.iter().map(|item| item.holding(slot, held)).collect::<Option<_>>()?),
            Self::Object(object) => {
                let properties = object.properties.iter();
                let filled = properties.map(|(name, data)| Some((name.clone(), data.holding(slot, held)?)));
                Self::Object(filled.collect::<Option<_>>()?)
            }
            Self::Expr(_) | Self::Text(_) => return None,
        })
    }

    /// Appends the value as JSON text, the same that [`Data::eval`] would be written as; says whether it is there. An
    /// absent value appends nothing.
    ///
    /// # Errors
    /// As [`Data::eval`]; what was appended until then is left in `out`.
    pub fn write_json(&self, frame: &Frame<'_>, out: &mut String) -> Result<bool, EvalError> {
        match self {
            Self::Const(value) => json::write(value, out),
            Self::Expr(expr) => return write_expr(expr, frame, out),
            Self::Text(template) => return template.write_json(frame, out),
            Self::List(items) => {
                out.push('[');
                json::separated(items, out, |item, out| item.write_json(frame, out))?;
                out.push(']');
            }
            Self::Object(object) => object.written.write(frame, out)?,
        }
        Ok(true)
    }
}

impl Object {
    /// What a property is; `None` if there is none of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Data> {
        self.properties.get(name)
    }
}

impl FromIterator<(Box<str>, Data)> for Object {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Data)>>(properties: I) -> Self {
        let properties = properties.into_iter().collect();
        Self { written: Written::of(&properties), properties: Box::new(properties) }
    }
}

impl Template {
    /// These parts, in order.
    pub fn new(parts: impl Into<Few<Part>>) -> Self {
        Self { parts: parts.into() }
    }

    /// The text; `None` if a hole is absent.
    ///
    /// # Errors
    /// If an expression in it has no value, or one that cannot be written inside a text: a list, an object, null.
    pub fn text(&self, frame: &Frame<'_>) -> Result<Option<String>, EvalError> {
        let mut text = String::new();
        Ok(self.write(frame, &mut text)?.then_some(text))
    }

    /// Appends the text; says whether it is there. An absent text appends nothing.
    ///
    /// # Errors
    /// As [`Template::text`]; what was appended until then is left in `out`.
    pub fn write(&self, frame: &Frame<'_>, out: &mut String) -> Result<bool, EvalError> {
        let before = out.len();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Hole(expr) => {
                    let Some(value) = expr.eval(frame)? else {
                        out.truncate(before);
                        return Ok(false);
                    };
                    write_scalar(&value, out).map_err(|NotScalar| not_scalar(expr))?;
                }
            }
        }
        Ok(true)
    }

    fn write_json(&self, frame: &Frame<'_>, out: &mut String) -> Result<bool, EvalError> {
        match self.text(frame)? {
            Some(text) => json::write_text(&text, out),
            None => return Ok(false),
        }
        Ok(true)
    }
}

fn not_scalar(expr: &Expr) -> EvalError {
    EvalError::new(expr.to_string(), "only texts, numbers and booleans can be written inside a text")
}

/// Appends a value as it stands inside a text: texts as they are, numbers in their shortest form.
pub(crate) fn write_scalar(value: &Value, out: &mut String) -> Result<(), NotScalar> {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => match whole(number) {
            Some(whole) => push_display(whole, out),
            None => push_display(number, out),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(NotScalar),
    }
    Ok(())
}

/// The whole number that a float stands for exactly, such as 1 for `1.0`.
fn whole(number: &Number) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|_| number.is_f64())?;
    (float.fract() == 0.0 && float.abs() <= EXACT_MAX).then_some(float as i64)
}
