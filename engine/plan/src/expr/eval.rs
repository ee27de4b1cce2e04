//! Running an [`Expr`] in a [`Frame`], with Jinja's own meaning of truth, equality, order and membership.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde_json::{Number, Value};

use super::json::to_jinja;
use super::{Comparison, Expr};
use crate::frame::Frame;

/// An expression that has no value, not even an absent one. It names what the author wrote and never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    source: Box<str>,
    reason: &'static str,
}

impl EvalError {
    pub(crate) fn new(source: impl Into<Box<str>>, reason: &'static str) -> Self {
        Self { source: source.into(), reason }
    }

    fn absent(expr: &Expr) -> Self {
        Self::new(expr.to_string(), "it is absent, and a value is needed")
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` has no value: {}", self.source, self.reason)
    }
}

impl std::error::Error for EvalError {}

impl Expr {
    /// Its value in `frame`; `None` if it is absent.
    ///
    /// # Errors
    /// If an absent value stands where a value is needed, or an operation does not fit its values.
    #[inline]
    pub fn eval<'f>(&'f self, frame: &'f Frame<'f>) -> Result<Option<Cow<'f, Value>>, EvalError> {
        match self {
            // Most are no more than that.
            Self::Path(path) => Ok(frame.get(path).map(Cow::Borrowed)),
            more => more.eval_more(frame),
        }
    }

    fn eval_more<'f>(&'f self, frame: &'f Frame<'f>) -> Result<Option<Cow<'f, Value>>, EvalError> {
        match self {
            Self::Const(value) => Ok(Some(Cow::Borrowed(value))),
            Self::Path(path) => Ok(frame.get(path).map(Cow::Borrowed)),
            Self::Default(both) => match frame.get(&both.0) {
                Some(value) => Ok(Some(Cow::Borrowed(value))),
                None => both.1.eval(frame),
            },
            Self::And(both) => {
                let [left, right] = &**both;
                let left = left.needed(frame)?;
                if truth(&left) { right.eval(frame) } else { Ok(Some(left)) }
            }
            Self::Or(both) => {
                let [left, right] = &**both;
                let left = left.needed(frame)?;
                if truth(&left) { Ok(Some(left)) } else { right.eval(frame) }
            }
            Self::Defined(_) | Self::Not(_) | Self::Compare(..) | Self::In(_) => {
                self.holds(frame).map(|holds| Some(Cow::Owned(Value::Bool(holds))))
            }
            Self::Jinja(jinja) => jinja.eval(frame).map(|value| value.map(Cow::Owned)),
        }
    }

    /// Whether it holds in `frame`, as `when:` asks.
    ///
    /// # Errors
    /// As [`Expr::eval`]; also if it is absent.
    pub fn holds(&self, frame: &Frame<'_>) -> Result<bool, EvalError> {
        match self {
            Self::Defined(path) => Ok(frame.get(path).is_some()),
            Self::Not(on) => Ok(!on.holds(frame)?),
            Self::And(both) => Ok(both[0].holds(frame)? && both[1].holds(frame)?),
            Self::Or(both) => Ok(both[0].holds(frame)? || both[1].holds(frame)?),
            Self::Compare(comparison, both) => {
                let [left, right] = &**both;
                Ok(compare(*comparison, &*left.needed(frame)?, &*right.needed(frame)?))
            }
            Self::In(both) => {
                let (left, right) = (both[0].needed(frame)?, both[1].needed(frame)?);
                member(&left, &right).ok_or_else(|| {
                    EvalError::new(self.to_string(), "only a text, a list or an object can hold something")
                })
            }
            Self::Const(_) | Self::Path(_) | Self::Default(_) | Self::Jinja(_) => Ok(truth(&*self.needed(frame)?)),
        }
    }

    fn needed<'f>(&'f self, frame: &'f Frame<'f>) -> Result<Cow<'f, Value>, EvalError> {
        self.eval(frame)?.ok_or_else(|| EvalError::absent(self))
    }
}

/// Whether a value counts as true: not null, not false, not zero, not empty.
#[must_use]
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// Whether two values stand in that relation. Nothing is converted, but `1 == 1.0`, and `true` counts as 1.
#[must_use]
pub fn compare(comparison: Comparison, left: &Value, right: &Value) -> bool {
    match comparison {
        Comparison::Eq => equal(left, right),
        Comparison::Ne => !equal(left, right),
        Comparison::Lt => order(left, right).is_lt(),
        Comparison::Le => order(left, right).is_le(),
        Comparison::Gt => order(left, right).is_gt(),
        Comparison::Ge => order(left, right).is_ge(),
    }
}

/// Whether `container` holds `item`: a text a part, a list an item, an object a property of that name. `None` if it
/// can hold nothing.
#[must_use]
pub fn member(item: &Value, container: &Value) -> Option<bool> {
    match (container, item) {
        (Value::String(text), Value::String(part)) => Some(text.contains(part.as_str())),
        (Value::String(text), other) => Some(text.contains(&to_jinja(other).to_string())),
        (Value::Array(items), item) => Some(items.iter().any(|one| equal(one, item))),
        (Value::Object(map), Value::String(name)) => Some(map.contains_key(name)),
        (Value::Object(_), _) => Some(false),
        (Value::Null | Value::Bool(_) | Value::Number(_), _) => None,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Null, Value::Null) => true,
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| equal(value, other)))
        }
        _ => match (Numeric::of(left), Numeric::of(right)) {
            (Some(left), Some(right)) => left.order(right).is_eq(),
            _ => false,
        },
    }
}

/// Values of different kinds stand in the order of their kinds: null, booleans, numbers, texts, lists, objects.
fn order(left: &Value, right: &Value) -> Ordering {
    if let (Some(left), Some(right)) = (Numeric::of(left), Numeric::of(right)) {
        return left.order(right);
    }
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => lexicographic(left.iter().zip(right).map(|(l, r)| order(l, r)))
            .unwrap_or_else(|| left.len().cmp(&right.len())),
        (Value::Object(left), Value::Object(right)) => {
            let pairs = left.iter().zip(right).map(|((l, left), (r, right))| l.cmp(r).then_with(|| order(left, right)));
            lexicographic(pairs).unwrap_or_else(|| left.len().cmp(&right.len()))
        }
        _ => rank(left).cmp(&rank(right)),
    }
}

fn lexicographic(mut orders: impl Iterator<Item = Ordering>) -> Option<Ordering> {
    orders.find(|order| order.is_ne())
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// A number to compare; booleans count as 0 and 1.
#[derive(Clone, Copy)]
enum Numeric {
    Whole(i128),
    Float(f64),
}

impl Numeric {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(Self::Whole(i128::from(*truth))),
            Value::Number(number) => Some(Self::of_number(number)),
            _ => None,
        }
    }

    fn of_number(number: &Number) -> Self {
        number.as_i128().map_or_else(|| Self::Float(number.as_f64().unwrap_or(f64::NAN)), Self::Whole)
    }

    fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => left.cmp(&right),
            (Self::Float(left), Self::Float(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
            (Self::Float(left), Self::Whole(right)) => order_float_whole(left, right),
            (Self::Whole(left), Self::Float(right)) => order_float_whole(right, left).reverse(),
        }
    }
}

/// Exact even where the whole number has no float of its own.
fn order_float_whole(float: f64, whole: i128) -> Ordering {
    let rounded = float.partial_cmp(&(whole as f64)).unwrap_or(Ordering::Equal);
    rounded
        .then_with(|| (float.trunc() as i128).cmp(&whole))
        .then_with(|| float.partial_cmp(&float.trunc()).unwrap_or(Ordering::Equal))
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Const(value) => write!(f, "{value}"),
            Self::Path(path) => write!(f, "{path}"),
            Self::Defined(path) => write!(f, "{path} is defined"),
            Self::Default(both) => write!(f, "{} | default({})", both.0, both.1),
            Self::Not(on) => write!(f, "not ({on})"),
            Self::And(both) => write!(f, "({}) and ({})", both[0], both[1]),
            Self::Or(both) => write!(f, "({}) or ({})", both[0], both[1]),
            Self::Compare(comparison, both) => write!(f, "{} {comparison} {}", both[0], both[1]),
            Self::In(both) => write!(f, "{} in {}", both[0], both[1]),
            Self::Jinja(jinja) => f.write_str(jinja.source()),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        })
    }
}
