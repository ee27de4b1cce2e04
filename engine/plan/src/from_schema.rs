//! From a JSON Schema to the shape of the values it admits.

use std::cell::Cell;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::shape::{Object, Property, Shape};

/// How deep types are followed before a shape is left open.
const DEPTH_MAX: usize = 24;

/// How often a type is followed inside of itself; what lies deeper in a tree is left open.
const SELF_MAX: usize = 1;

/// How many shapes one schema is read into; what is beyond is left open.
const SHAPES_MAX: usize = 10_000;

/// The shape of the values that `schema` admits; `$ref`s are looked up in its own `$defs`.
#[must_use]
pub fn shape_of(schema: &Value) -> Shape {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    Reader { definitions, left: Cell::new(SHAPES_MAX) }.shape(schema, &Trail::default())
}

struct Reader<'a> {
    definitions: Option<&'a Map<String, Value>>,
    /// How many more shapes may be read.
    left: Cell<usize>,
}

/// The way from the schema to where the reader is.
#[derive(Clone, Copy, Default)]
struct Trail<'t> {
    depth: usize,
    /// The type last entered, and the way to it.
    inside: Option<(&'t str, &'t Trail<'t>)>,
}

impl<'t> Trail<'t> {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    fn through(&'t self, name: &'t str) -> Self {
        Self { depth: self.depth + 1, inside: Some((name, self)) }
    }

    /// How often the way leads through a type.
    fn times(&self, name: &str) -> usize {
        self.inside.map_or(0, |(inside, before)| usize::from(inside == name) + before.times(name))
    }
}

impl Reader<'_> {
    fn shape(&self, schema: &Value, trail: &Trail<'_>) -> Shape {
        let Some(schema) = schema.as_object() else { return Shape::Any };
        let left = self.left.get();
        if trail.depth > DEPTH_MAX || left == 0 {
            return Shape::Opaque;
        }
        self.left.set(left - 1);
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return self.named(target, trail);
        }
        if is_attachment(schema) {
            return Shape::Binary;
        }
        if let Some(constant) = schema.get("const") {
            return Shape::Const(constant.clone());
        }
        if schema.get("type").is_some_and(|kind| kind == "object") {
            return self.object(schema, trail);
        }
        if let Some(alternatives) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
            return self.alternatives(schema, alternatives, trail);
        }
        if ["allOf", "not", "if"].iter().any(|word| schema.contains_key(*word)) {
            return Shape::Opaque;
        }
        match schema.get("type") {
            Some(Value::String(kind)) => self.of_kind(kind, schema, trail),
            Some(Value::Array(kinds)) => {
                let shapes = kinds.iter().filter_map(Value::as_str).map(|kind| self.of_kind(kind, schema, trail));
                shapes.reduce(Shape::or).unwrap_or(Shape::Any)
            }
            _ => self.untyped(schema, trail),
        }
    }

    fn named(&self, target: &str, trail: &Trail<'_>) -> Shape {
        let Some(name) = target.strip_prefix("#/$defs/") else { return Shape::Opaque };
        let found = self.definitions.and_then(|all| all.get(name)).filter(|_| trail.times(name) <= SELF_MAX);
        found.map_or(Shape::Opaque, |schema| self.shape(schema, &trail.through(name)))
    }

    fn alternatives(&self, schema: &Map<String, Value>, alternatives: &[Value], trail: &Trail<'_>) -> Shape {
        let only = schema.keys().all(|word| matches!(word.as_str(), "oneOf" | "anyOf") || says_nothing(word));
        let shapes = alternatives.iter().map(|one| self.shape(one, trail));
        if only { shapes.reduce(Shape::or).unwrap_or(Shape::Any) } else { Shape::Opaque }
    }

    fn of_kind(&self, kind: &str, schema: &Map<String, Value>, trail: &Trail<'_>) -> Shape {
        match kind {
            "null" => Shape::Const(Value::Null),
            "boolean" => Shape::Boolean,
            "integer" | "number" => {
                Shape::Number { whole: kind == "integer", limits: Arc::new(constraints(schema, NUMBER_WORDS)) }
            }
            "string" => Shape::Text(Arc::new(constraints(schema, TEXT_WORDS))),
            "array" => self.list(schema, trail),
            "object" => self.object(schema, trail),
            _ => Shape::Opaque,
        }
    }

    fn untyped(&self, schema: &Map<String, Value>, trail: &Trail<'_>) -> Shape {
        if let Some(Value::Array(values)) = schema.get("enum") {
            if values.iter().all(Value::is_string) {
                return Shape::Text(Arc::new(constraints(schema, TEXT_WORDS)));
            }
            return values.iter().cloned().map(Shape::Const).reduce(Shape::or).unwrap_or(Shape::Any);
        }
        if schema.contains_key("properties") {
            return self.object(schema, trail);
        }
        if schema.keys().all(|word| says_nothing(word)) { Shape::Any } else { Shape::Opaque }
    }

    fn list(&self, schema: &Map<String, Value>, trail: &Trail<'_>) -> Shape {
        let item = schema.get("items").map_or(Shape::Any, |items| self.shape(items, &trail.deeper()));
        let item = if schema.contains_key("prefixItems") { Shape::Opaque } else { item };
        let bound = |word| schema.get(word).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        let limits = Arc::new(constraints(schema, LIST_WORDS));
        Shape::List { item: Box::new(item), max: bound("maxItems"), min: bound("minItems").unwrap_or(0), limits }
    }

    fn object(&self, schema: &Map<String, Value>, trail: &Trail<'_>) -> Shape {
        let others = match schema.get("additionalProperties") {
            Some(Value::Bool(false)) if schema.contains_key("patternProperties") => Some(Box::new(Shape::Opaque)),
            Some(Value::Bool(false)) => None,
            Some(schema @ Value::Object(_)) => Some(Box::new(self.shape(schema, &trail.deeper()))),
            _ => Some(Box::new(Shape::Any)),
        };
        let required =
            || schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let named = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let mut properties: IndexMap<_, _> = named
            .map(|(name, schema)| {
                let optional = !required().any(|required| required == name);
                (name.clone(), Property { shape: self.shape(schema, &trail.deeper()), optional })
            })
            .collect();
        for name in required() {
            let shape = || others.as_deref().cloned().unwrap_or(Shape::Opaque);
            properties.entry(name.to_owned()).or_insert_with(|| Property { shape: shape(), optional: false });
        }
        Shape::Object(Object { properties, others, limits: Arc::new(constraints(schema, OBJECT_WORDS)) })
    }
}

/// Whether a keyword changes nothing in what a schema admits.
fn says_nothing(word: &str) -> bool {
    matches!(
        word,
        "description"
            | "title"
            | "$comment"
            | "$defs"
            | "examples"
            | "default"
            | "deprecated"
            | "readOnly"
            | "writeOnly"
    )
}

const TEXT_WORDS: &[&str] = &["enum", "pattern", "minLength", "maxLength", "format"];
const NUMBER_WORDS: &[&str] = &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum"];
const LIST_WORDS: &[&str] = &["enum", "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems"];
const OBJECT_WORDS: &[&str] = &[
    "enum",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "dependentRequired",
    "dependentSchemas",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
];

fn constraints(schema: &Map<String, Value>, words: &[&str]) -> Map<String, Value> {
    schema
        .iter()
        .filter(|(word, _)| words.contains(&word.as_str()))
        .map(|(word, value)| (word.clone(), value.clone()))
        .collect()
}

fn is_attachment(schema: &Map<String, Value>) -> bool {
    schema.get("properties").and_then(|properties| properties.get("_placeholder")).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn size(shape: &Shape) -> usize {
        1 + match shape {
            Shape::List { item, .. } => size(item),
            Shape::Object(object) => object.properties.values().map(|property| size(&property.shape)).sum(),
            Shape::Union(all) => all.iter().map(size).sum(),
            _ => 0,
        }
    }

    #[test]
    fn types_that_hold_each_other_many_times_stay_small() {
        let names: Vec<String> = (0..10).map(|n| format!("t{n}")).collect();
        let fields: Map<_, _> =
            names.iter().map(|name| (name.clone(), json!({ "$ref": format!("#/$defs/{name}") }))).collect();
        let definitions: Map<_, _> =
            names.iter().map(|name| (name.clone(), json!({ "type": "object", "properties": fields }))).collect();
        let shape = shape_of(&json!({ "$ref": "#/$defs/t0", "$defs": definitions }));
        assert!(size(&shape) < 20 * SHAPES_MAX);
    }

    #[test]
    fn a_tree_is_known_one_level_into_itself() {
        let tree = json!({ "type": "object", "properties": { "child": { "$ref": "#/$defs/T" }, "name": { "type": "string" } } });
        let shape = shape_of(&json!({ "$ref": "#/$defs/T", "$defs": { "T": tree } }));
        let property = |shape: &Shape, name: &str| match shape.property(name) {
            crate::shape::Found::Optional(found) | crate::shape::Found::Present(found) => found,
            other => panic!("{other:?}"),
        };
        let child = property(&shape, "child");
        assert_eq!(property(&child, "name"), Shape::text());
        assert_eq!(property(&child, "child"), Shape::Opaque);
    }
}
