//! From a JSON Schema to the shape of the values it admits.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::shape::{Object, Property, Shape};

/// How deep named types are followed before a shape is left open; types may refer to themselves.
const DEPTH_MAX: usize = 12;

/// The shape of the values that `schema` admits; `$ref`s are looked up in its own `$defs`.
#[must_use]
pub fn shape_of(schema: &Value) -> Shape {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    Reader { definitions }.shape(schema, 0)
}

struct Reader<'a> {
    definitions: Option<&'a Map<String, Value>>,
}

impl Reader<'_> {
    fn shape(&self, schema: &Value, depth: usize) -> Shape {
        let Some(schema) = schema.as_object() else { return Shape::Any };
        if depth > DEPTH_MAX {
            return Shape::Opaque;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return self.named(target, depth);
        }
        if is_attachment(schema) {
            return Shape::Binary;
        }
        if let Some(constant) = schema.get("const") {
            return Shape::Const(constant.clone());
        }
        if let Some(alternatives) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
            return self.alternatives(schema, alternatives, depth);
        }
        if ["allOf", "not", "if", "dependentSchemas"].iter().any(|word| schema.contains_key(*word)) {
            return Shape::Opaque;
        }
        match schema.get("type") {
            Some(Value::String(kind)) => self.of_kind(kind, schema, depth),
            Some(Value::Array(kinds)) => {
                let shapes = kinds.iter().filter_map(Value::as_str).map(|kind| self.of_kind(kind, schema, depth));
                shapes.reduce(Shape::or).unwrap_or(Shape::Any)
            }
            _ => self.untyped(schema, depth),
        }
    }

    fn named(&self, target: &str, depth: usize) -> Shape {
        let name = target.strip_prefix("#/$defs/");
        let found = name.zip(self.definitions).and_then(|(name, all)| all.get(name));
        found.map_or(Shape::Opaque, |schema| self.shape(schema, depth + 1))
    }

    fn alternatives(&self, schema: &Map<String, Value>, alternatives: &[Value], depth: usize) -> Shape {
        let only = schema.keys().all(|word| matches!(word.as_str(), "oneOf" | "anyOf" | "description" | "$defs"));
        let shapes = alternatives.iter().map(|one| self.shape(one, depth));
        if only { shapes.reduce(Shape::or).unwrap_or(Shape::Any) } else { Shape::Opaque }
    }

    fn of_kind(&self, kind: &str, schema: &Map<String, Value>, depth: usize) -> Shape {
        match kind {
            "null" => Shape::Const(Value::Null),
            "boolean" => Shape::Boolean,
            "integer" | "number" => {
                Shape::Number { whole: kind == "integer", limits: Arc::new(constraints(schema, NUMBER_WORDS)) }
            }
            "string" => Shape::Text(Arc::new(constraints(schema, TEXT_WORDS))),
            "array" => self.list(schema, depth),
            "object" => self.object(schema, depth),
            _ => Shape::Opaque,
        }
    }

    fn untyped(&self, schema: &Map<String, Value>, depth: usize) -> Shape {
        if let Some(Value::Array(values)) = schema.get("enum") {
            if values.iter().all(Value::is_string) {
                return Shape::Text(Arc::new(constraints(schema, TEXT_WORDS)));
            }
            return values.iter().cloned().map(Shape::Const).reduce(Shape::or).unwrap_or(Shape::Any);
        }
        if schema.contains_key("properties") {
            return self.object(schema, depth);
        }
        let plain = schema
            .keys()
            .all(|word| matches!(word.as_str(), "description" | "title" | "$defs" | "examples" | "default"));
        if plain { Shape::Any } else { Shape::Opaque }
    }

    fn list(&self, schema: &Map<String, Value>, depth: usize) -> Shape {
        let item = schema.get("items").map_or(Shape::Any, |items| self.shape(items, depth + 1));
        let item = if schema.contains_key("prefixItems") { Shape::Opaque } else { item };
        let bound = |word| schema.get(word).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        Shape::List { item: Box::new(item), max: bound("maxItems"), min: bound("minItems").unwrap_or(0) }
    }

    fn object(&self, schema: &Map<String, Value>, depth: usize) -> Shape {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let properties: IndexMap<_, _> = schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, schema)| {
                let optional = !required.contains(&name.as_str());
                (name.clone(), Property { shape: self.shape(schema, depth + 1), optional })
            })
            .collect();
        let others = match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => None,
            Some(schema @ Value::Object(_)) => Some(Box::new(self.shape(schema, depth + 1))),
            _ => Some(Box::new(Shape::Any)),
        };
        Shape::Object(Object { properties, others })
    }
}

const TEXT_WORDS: &[&str] = &["enum", "pattern", "minLength", "maxLength", "format"];
const NUMBER_WORDS: &[&str] = &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum"];

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
