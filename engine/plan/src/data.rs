//! Values and texts with holes: `data:`, `ack:`, `value:`, and templates such as `class:<classId>`.

use indexmap::IndexMap;
use serde_json::Value;

use crate::expr::Expr;

/// A value with holes.
#[derive(Debug, Clone)]
pub enum Data {
    /// No hole inside.
    Const(Value),
    /// Exactly one `<...>`: keeps its type; absent stays absent.
    Expr(Expr),
    /// Text around holes.
    Text(Template),
    /// A list; absent items are left out.
    List(Vec<Data>),
    /// An object; absent properties are left out.
    Object(IndexMap<Box<str>, Data>),
}

/// A text with holes. A hole that is absent makes the whole text absent.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// The parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone)]
pub enum Part {
    /// As it stands.
    Literal(Box<str>),
    /// A hole.
    Hole(Expr),
}
