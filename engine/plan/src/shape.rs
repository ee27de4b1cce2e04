//! Shapes: what is known of a value before anything runs, and whether it must fit where it goes.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// The limit of an object that says how many properties it has at most.
const MAX_PROPERTIES: &str = "maxProperties";

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// It may be anything, and anything may be read from it.
    Any,
    /// A schema we cannot see through: only the run can tell.
    Opaque,
    /// Known to the letter.
    Const(Value),
    /// `true` or `false`.
    Boolean,
    /// A number, with the constraints of its schema.
    Number {
        /// Whether it is whole.
        whole: bool,
        /// `minimum` and its kin.
        limits: Arc<Map<String, Value>>,
    },
    /// A text, with the constraints of its schema (`pattern`, `maxLength`, `format`, `enum`).
    Text(Arc<Map<String, Value>>),
    /// An attachment.
    Binary,
    /// A list.
    List {
        /// What each item is.
        item: Box<Shape>,
        /// How many there are at most.
        max: Option<usize>,
        /// How many there are at least.
        min: usize,
        /// What else its schema asks of it (`uniqueItems`, `contains`).
        limits: Arc<Map<String, Value>>,
    },
    /// An object.
    Object(Object),
    /// One of several.
    Union(Vec<Shape>),
}

/// What is known of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The properties that have names.
    pub properties: IndexMap<String, Property>,
    /// What further properties are; `None`: there are none.
    pub others: Option<Box<Shape>>,
    /// What else its schema asks of it (`minProperties`, `anyOf`).
    pub limits: Arc<Map<String, Value>>,
}

/// A property.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// What it is.
    pub shape: Shape,
    /// Whether it may be missing.
    pub optional: bool,
}

/// What a property of a shape is.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// It is there.
    Present(Shape),
    /// It may be missing.
    Optional(Shape),
    /// There is no such property; these there are.
    Missing(Vec<String>),
    /// The value has no properties at all.
    NotAnObject,
}

impl Shape {
    /// A text without constraints.
    #[must_use]
    pub fn text() -> Self {
        Self::Text(Arc::default())
    }

    /// A text of a format, such as `date-time`.
    #[must_use]
    pub fn formatted(format: &str) -> Self {
        Self::Text(Arc::new(Map::from_iter([("format".to_owned(), Value::from(format))])))
    }

    /// A whole number, at least `minimum` where that is given.
    #[must_use]
    pub fn integer(minimum: Option<i64>) -> Self {
        let limits = minimum.map(|least| ("minimum".to_owned(), Value::from(least)));
        Self::Number { whole: true, limits: Arc::new(limits.into_iter().collect()) }
    }

    /// A list with so many items at most.
    #[must_use]
    pub fn list(item: Self, max: Option<usize>) -> Self {
        Self::List { item: Box::new(item), max, min: 0, limits: Arc::default() }
    }

    /// An object with these properties and no others.
    #[must_use]
    pub fn object(properties: impl IntoIterator<Item = (String, Shape, bool)>) -> Self {
        let properties =
            properties.into_iter().map(|(name, shape, optional)| (name, Property { shape, optional })).collect();
        Self::Object(Object { properties, others: None, limits: Arc::default() })
    }

    /// An object whose every property is like this.
    #[must_use]
    pub fn map(of: Self) -> Self {
        Self::Object(Object { properties: IndexMap::new(), others: Some(Box::new(of)), limits: Arc::default() })
    }

    /// The same with so many properties at most.
    #[must_use]
    pub fn map_of(of: Self, max: Option<usize>) -> Self {
        let limits = max.map(|most| (MAX_PROPERTIES.to_owned(), Value::from(most))).into_iter().collect();
        Self::Object(Object { properties: IndexMap::new(), others: Some(Box::new(of)), limits: Arc::new(limits) })
    }

    /// Either this or that, simplified.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (left, right) if left == right => left,
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::Const(Value::Bool(_)), Self::Boolean | Self::Const(Value::Bool(_)))
            | (Self::Boolean, Self::Const(Value::Bool(_))) => Self::Boolean,
            (Self::Union(mut all), Self::Union(more)) => {
                more.into_iter().for_each(|shape| add_alternative(&mut all, shape));
                Self::Union(all)
            }
            (Self::Union(mut all), shape) | (shape, Self::Union(mut all)) => {
                add_alternative(&mut all, shape);
                Self::Union(all)
            }
            (left, right) => Self::Union(vec![left, right]),
        }
    }

    /// What the property `name` of this value is.
    #[must_use]
    pub fn property(&self, name: &str) -> Found {
        match self {
            Self::Any => Found::Present(Self::Any),
            Self::Opaque => Found::Present(Self::Opaque),
            Self::Const(Value::Object(map)) => match map.get(name) {
                Some(value) => Found::Present(Self::Const(value.clone())),
                None => Found::Missing(map.keys().cloned().collect()),
            },
            Self::List { item, .. } if name.parse::<usize>().is_ok() => Found::Optional((**item).clone()),
            Self::Object(object) => object.property(name),
            Self::Union(all) => union_property(all, name),
            Self::Const(_) | Self::Boolean | Self::Number { .. } | Self::Text(_) | Self::Binary | Self::List { .. } => {
                Found::NotAnObject
            }
        }
    }

    /// What an item of this list is, and how many there are at most; `None` if it is no list.
    #[must_use]
    pub fn items(&self) -> Option<(Shape, Option<usize>)> {
        match self {
            Self::Any => Some((Self::Any, None)),
            Self::Opaque => Some((Self::Opaque, None)),
            Self::List { item, max, .. } => Some(((**item).clone(), *max)),
            Self::Const(Value::Array(values)) => {
                let item = values.iter().cloned().map(Self::Const).reduce(Self::or).unwrap_or(Self::Any);
                Some((item, Some(values.len())))
            }
            Self::Union(all) => {
                let mut parts = all.iter().map(Self::items).collect::<Option<Vec<_>>>()?.into_iter();
                let first = parts.next()?;
                Some(
                    parts.fold(first, |(item, max), (other, more)| {
                        (item.or(other), max.zip(more).map(|(a, b)| a.max(b)))
                    }),
                )
            }
            Self::Const(_) | Self::Boolean | Self::Number { .. } | Self::Text(_) | Self::Binary | Self::Object(_) => {
                None
            }
        }
    }

    /// The texts this may be, if they are known.
    #[must_use]
    pub fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Self::Const(Value::String(text)) => Some(vec![text]),
            Self::Text(limits) => limits.get("enum")?.as_array()?.iter().map(Value::as_str).collect(),
            Self::Union(all) => {
                let parts = all.iter().map(Self::texts).collect::<Option<Vec<_>>>()?;
                Some(parts.into_iter().flatten().collect())
            }
            _ => None,
        }
    }

    /// The kind of value this is, in a word for the author.
    #[must_use]
    pub fn noun(&self) -> String {
        match self {
            Self::Any | Self::Opaque => "any value".into(),
            Self::Const(Value::Null) => "null".into(),
            Self::Const(value) => format!("`{value}`"),
            Self::Boolean => "a boolean".into(),
            Self::Number { whole: true, .. } => "an integer".into(),
            Self::Number { .. } => "a number".into(),
            Self::Text(limits) => match (limits.get("enum"), limits.get("format").and_then(Value::as_str)) {
                (Some(Value::Array(all)), _) => format!("one of {}", spoken(all.iter().filter_map(Value::as_str))),
                (_, Some(format)) => format!("a {format} text"),
                _ => "a text".into(),
            },
            Self::Binary => "an attachment".into(),
            Self::List { .. } => "a list".into(),
            Self::Object(_) => "an object".into(),
            Self::Union(all) => all.iter().map(Self::noun).collect::<Vec<_>>().join(" or "),
        }
    }

    /// Whether values of the two can ever be equal, as far as their kinds tell.
    #[must_use]
    pub fn comparable(&self, other: &Self) -> bool {
        let (left, right) = (self.kinds(), other.kinds());
        left.is_empty() || right.is_empty() || left.iter().any(|kind| right.contains(kind))
    }

    /// The JSON kinds a value may have; empty: any.
    fn kinds(&self) -> Vec<&'static str> {
        match self {
            Self::Any | Self::Opaque => Vec::new(),
            Self::Const(Value::Null) => vec!["null"],
            Self::Const(Value::Bool(_)) | Self::Boolean => vec!["boolean"],
            Self::Const(Value::Number(_)) | Self::Number { .. } => vec!["number"],
            Self::Const(Value::String(_)) | Self::Text(_) => vec!["text"],
            Self::Const(Value::Array(_)) | Self::List { .. } => vec!["list"],
            Self::Const(Value::Object(_)) | Self::Object(_) | Self::Binary => vec!["object"],
            Self::Union(all) => {
                let kinds: Vec<_> = all.iter().map(Self::kinds).collect();
                if kinds.iter().any(Vec::is_empty) { Vec::new() } else { kinds.concat() }
            }
        }
    }
}

impl Object {
    /// How many properties it has at most, if that is known.
    pub(crate) fn max(&self) -> Option<usize> {
        if self.others.is_none() {
            return Some(self.properties.len());
        }
        self.limits.get(MAX_PROPERTIES)?.as_u64().and_then(|most| usize::try_from(most).ok())
    }

    fn property(&self, name: &str) -> Found {
        match (self.properties.get(name), &self.others) {
            (Some(Property { shape, optional: false }), _) => Found::Present(shape.clone()),
            (Some(Property { shape, optional: true }), _) => Found::Optional(shape.clone()),
            (None, Some(others)) => Found::Optional((**others).clone()),
            (None, None) => Found::Missing(self.properties.keys().cloned().collect()),
        }
    }
}

/// `a`, `b` or `c`, for the author.
pub(crate) fn spoken<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn add_alternative(all: &mut Vec<Shape>, shape: Shape) {
    if !all.contains(&shape) {
        all.push(shape);
    }
}

fn union_property(all: &[Shape], name: &str) -> Found {
    let (mut shape, mut optional, mut known) = (None::<Shape>, false, Vec::new());
    for alternative in all {
        match alternative.property(name) {
            Found::Present(found) => shape = Some(shape.map_or(found.clone(), |before| before.or(found))),
            Found::Optional(found) => {
                optional = true;
                shape = Some(shape.map_or(found.clone(), |before| before.or(found)));
            }
            Found::Missing(names) => {
                optional = true;
                known.extend(names);
            }
            Found::NotAnObject => optional = true,
        }
    }
    match shape {
        Some(shape) if optional => Found::Optional(shape),
        Some(shape) => Found::Present(shape),
        None if known.is_empty() => Found::NotAnObject,
        None => Found::Missing(known),
    }
}
