//! One or many, and tables: the two containers in which authors write most things.

use std::borrow::Cow;

use schemars::{Schema, SchemaGenerator, json_schema};

use super::values::{list_item, plural};
use super::{FromNode, Reader};
use crate::source::Span;
use crate::tree::{Kind, Node, Text};

/// One value, or a list of them: `roles: TEACHER` is `roles: [TEACHER]`. Reads as a slice.
#[derive(Clone, Debug)]
pub struct Many<T> {
    items: Vec<T>,
    /// Where it stands; empty where it does not.
    pub span: Span,
    /// Whether it was written as a list.
    pub is_list: bool,
}

impl<T> Many<T> {
    /// These items, as if they had been written as a list at `span`.
    pub fn new(items: Vec<T>, span: Span) -> Self {
        Self { items, span, is_list: true }
    }
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self { items: Vec::new(), span: Span::default(), is_list: false }
    }
}

impl<T> std::ops::Deref for Many<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<'a, T> IntoIterator for &'a Many<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T: FromNode> FromNode for Many<T> {
    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        let is_list = matches!(node.kind, Kind::Seq(_));
        let items = match &node.kind {
            Kind::Seq(items) => items.iter().filter_map(|item| list_item(item, cx)).collect(),
            _ => vec![T::from_node(node, cx)?],
        };
        Some(Self { items, span: node.span, is_list })
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn expects() -> Cow<'static, str> {
        format!("{}, or a list of {}", T::expects(), plural(&T::expects())).into()
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let one = T::schema(generator);
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// Named things, in the author's order.
#[derive(Clone, Debug)]
pub struct Table<T> {
    entries: Vec<(Text, T)>,
    broken: Vec<Text>,
    /// Where it stands; empty where it does not.
    pub span: Span,
}

impl<T> Table<T> {
    /// What goes by `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.entry(name).map(|(_, value)| value)
    }

    /// What goes by `name`, with the name as it was written.
    pub fn entry(&self, name: &str) -> Option<&(Text, T)> {
        self.entries.iter().find(|(key, _)| key.value == name)
    }

    /// Whether something goes by `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether something was written under `name` that could not be read, which has been told already.
    pub fn is_broken(&self, name: &str) -> bool {
        self.broken.iter().any(|key| key.value == name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &Text> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// Names and what goes by them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, (Text, T)> {
        self.entries.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), broken: Vec::new(), span: Span::default() }
    }
}

impl<'a, T> IntoIterator for &'a Table<T> {
    type Item = &'a (Text, T);
    type IntoIter = std::slice::Iter<'a, (Text, T)>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: FromNode> FromNode for Table<T> {
    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        let mut table = Self { span: node.span, ..Self::default() };
        match &node.kind {
            Kind::Map(entries) => entries.iter().for_each(|(key, value)| match cx.value(key, value) {
                Some(value) => table.entries.push((key.clone(), value)),
                None => table.broken.push(key.clone()),
            }),
            _ => {
                cx.wrong_kind::<Self>(node);
                return None;
            }
        }
        Some(table)
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn expects() -> Cow<'static, str> {
        format!("a map from names to {}", plural(&T::expects())).into()
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": T::schema(generator) })
    }
}
