//! What an event carries: a tree, or the properties of a closed object, side by side.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use crate::frame::inside;
use crate::schema::Names;

/// What an event carries.
#[derive(Debug)]
pub enum Payload {
    /// Whatever it is, as a tree.
    Whole(Value),
    /// The properties of an object whose names are declared; see [`crate::schema::Closed`].
    Fields(Fields),
}

/// Properties in the order in which they came.
#[derive(Debug)]
pub struct Fields {
    names: Arc<Names>,
    /// By the number of the name.
    found: Vec<(usize, Value)>,
    whole: OnceLock<Value>,
}

impl Payload {
    /// As a tree; made when it is first asked for.
    pub fn whole(&self) -> &Value {
        match self {
            Self::Whole(value) => value,
            Self::Fields(fields) => fields.whole.get_or_init(|| fields.tree()),
        }
    }

    /// The parts of it: its properties, or itself.
    pub fn parts(&self) -> impl Iterator<Item = &Value> {
        let (whole, fields) = match self {
            Self::Whole(value) => (Some(value), None),
            Self::Fields(fields) => (None, Some(fields.found.iter().map(|(_, value)| value))),
        };
        whole.into_iter().chain(fields.into_iter().flatten())
    }

    /// One of its properties.
    pub(crate) fn property(&self, name: &[u8]) -> Option<&Value> {
        match self {
            Self::Whole(value) => inside(value, name),
            Self::Fields(fields) => fields.get(name),
        }
    }

    /// The same, by its number where the names are declared.
    pub(crate) fn numbered(&self, number: usize, name: &[u8]) -> Option<&Value> {
        match self {
            Self::Whole(value) => inside(value, name),
            Self::Fields(fields) => fields.numbered(number),
        }
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::Whole(value)
    }
}

impl Fields {
    /// None yet, of an object with these names.
    pub(crate) fn new(names: &Arc<Names>) -> Self {
        Self { names: Arc::clone(names), found: Vec::with_capacity(names.len()), whole: OnceLock::new() }
    }

    /// Puts in a property by the number of its name. One that comes twice counts as it came last, and stands where it came first.
    pub(crate) fn put(&mut self, number: usize, value: Value) {
        match self.found.iter_mut().find(|(known, _)| *known == number) {
            Some((_, known)) => *known = value,
            None => self.found.push((number, value)),
        }
    }

    pub(crate) fn has(&self, number: usize) -> bool {
        self.found.iter().any(|(known, _)| *known == number)
    }

    /// Each with the number of its name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(usize, Value)> {
        self.found.iter()
    }

    fn get(&self, name: &[u8]) -> Option<&Value> {
        self.numbered(self.names.number(name, 0)?)
    }

    fn numbered(&self, number: usize) -> Option<&Value> {
        self.found.iter().find_map(|(known, value)| (*known == number).then_some(value))
    }

    fn tree(&self) -> Value {
        let named = self.found.iter().map(|(number, value)| (self.names.name(*number).to_owned(), value.clone()));
        Value::Object(named.collect::<Map<_, _>>())
    }
}
