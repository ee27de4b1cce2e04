//! A file's tree with the way to each of its values, and changes that are made along such ways.

use homeroom_definition::{Node, Span, Text};
use serde_json::Value;

/// The keys and numbers that lead to a value.
pub(super) type Way = Vec<Key>;

/// One step of a way.
#[derive(Debug, Clone)]
pub(super) enum Key {
    Name(String),
    At(usize),
}

/// A value of a file, and the way to it.
#[derive(Debug, Clone)]
pub(super) struct Spot<'n> {
    pub(super) node: &'n Node,
    pub(super) way: Way,
}

impl<'n> Spot<'n> {
    /// The whole file.
    pub(super) fn root(node: &'n Node) -> Self {
        Self { node, way: Way::new() }
    }

    fn below(&self, node: &'n Node, key: Key) -> Self {
        let mut way = self.way.clone();
        way.push(key);
        Self { node, way }
    }

    /// What stands under a key of a map.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        Some(self.below(self.node.get(name)?, Key::Name(name.to_owned())))
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<Self> {
        let items = self.node.as_seq().unwrap_or_default().iter().enumerate();
        items.map(|(at, item)| self.below(item, Key::At(at))).collect()
    }

    /// The items of a list, or the value itself if it is none.
    pub(super) fn one_or_many(&self) -> Vec<Self> {
        if self.node.as_seq().is_some() { self.items() } else { vec![self.clone()] }
    }

    /// The entries of a map.
    pub(super) fn entries(&self) -> Vec<(&'n Text, Self)> {
        let entries = self.node.as_map().unwrap_or_default().iter();
        entries.map(|(name, node)| (name, self.below(node, Key::Name(name.value.clone())))).collect()
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<String> {
        self.node.text().map(|text| text.value)
    }

    pub(super) fn span(&self) -> Span {
        self.node.span
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.node.get(name).is_some()
    }

    /// Without what stands under a key.
    pub(super) fn without(&self, name: &str) -> Edit {
        let mut way = self.way.clone();
        way.push(Key::Name(name.to_owned()));
        Edit::Remove(way)
    }

    /// With something under a key.
    pub(super) fn with(&self, name: &str, value: impl Into<Value>) -> Edit {
        let mut way = self.way.clone();
        way.push(Key::Name(name.to_owned()));
        Edit::Set(way, value.into())
    }

    /// Without this.
    pub(super) fn removed(&self) -> Edit {
        Edit::Remove(self.way.clone())
    }

    /// With something else in its place.
    pub(super) fn replaced(&self, value: impl Into<Value>) -> Edit {
        Edit::Set(self.way.clone(), value.into())
    }
}

/// A change of a file.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    Remove(Way),
    Set(Way, Value),
}

impl Edit {
    /// Makes the change, if its way is there.
    pub(super) fn apply(&self, file: &mut Value) {
        let (Self::Remove(way) | Self::Set(way, _)) = self;
        let Some((last, before)) = way.split_last() else { return };
        let parent = before.iter().try_fold(file, |value, key| match key {
            Key::Name(name) => value.get_mut(name),
            Key::At(at) => value.get_mut(*at),
        });
        match (self, parent, last) {
            (Self::Remove(_), Some(Value::Object(map)), Key::Name(name)) => drop(map.shift_remove(name)),
            (Self::Remove(_), Some(Value::Array(items)), Key::At(at)) if *at < items.len() => drop(items.remove(*at)),
            (Self::Set(_, value), Some(Value::Object(map)), Key::Name(name)) => {
                map.insert(name.clone(), value.clone());
            }
            (Self::Set(_, value), Some(Value::Array(items)), Key::At(at)) => {
                if let Some(there) = items.get_mut(*at) {
                    *there = value.clone();
                }
            }
            _ => {}
        }
    }
}
