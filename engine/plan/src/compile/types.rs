//! Types: the author's notation expanded to JSON Schema, once for each place it stands at.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use homeroom_definition::{Diagnostic, Node, SourceId, Span, Text};
use serde_json::Value;

use super::Compiler;
use super::names::Names;
use crate::codes;
use crate::from_schema::shape_of;
use crate::schema::{self, Closed, SchemaError, Types, Validator};
use crate::shape::Shape;

/// What has been expanded, by where it stands.
#[derive(Default)]
pub(crate) struct Expanded {
    schemas: HashMap<Span, Option<Arc<Value>>>,
    shapes: HashMap<Span, Shape>,
    validators: HashMap<Span, Option<Arc<Validator>>>,
}

/// What checks values, by the text of its schema: what looks alike is one for all namespaces, so that what many events ask of what
/// they carry stays near the processor.
#[derive(Default)]
pub(crate) struct Checks {
    validators: RefCell<HashMap<String, Arc<Validator>>>,
    closed: RefCell<HashMap<String, Option<Arc<Closed>>>>,
}

impl Checks {
    fn validator(&self, schema: &Value) -> Result<Arc<Validator>, SchemaError> {
        let text = schema.to_string();
        if let Some(known) = self.validators.borrow().get(&text) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(Validator::new(schema.clone())?);
        self.validators.borrow_mut().insert(text, Arc::clone(&made));
        Ok(made)
    }

    /// What reads such an object property by property. `None` if that cannot be done, or a property is wrong, or something is
    /// said of it that cannot be told apart from the rest.
    fn closed(&self, schema: &Value) -> Option<Arc<Closed>> {
        let text = schema.to_string();
        if let Some(known) = self.closed.borrow().get(&text) {
            return known.clone();
        }
        let property = |name: &str| self.validator(&schema::property(schema, name)?).ok();
        let made = Closed::of(schema, property).map(Arc::new);
        self.closed.borrow_mut().insert(text, made.clone());
        made
    }
}

impl Compiler<'_, '_> {
    /// Checks every type of the unit, used or not.
    pub(crate) fn check_types(&mut self) {
        let names = self.names;
        for declared in names.types.values() {
            self.check_type_name(declared.name);
            self.schema(declared.item);
        }
    }

    /// Exports make identifiers of it, and references to it.
    fn check_type_name(&mut self, name: &Text) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let message = match name.value.as_str() {
            built_in if schema::BUILT_IN.contains(&built_in) => format!("`{built_in}` is there already"),
            plain if plain.starts_with(|c: char| c.is_ascii_alphabetic()) && plain.chars().all(is_part) => return,
            other => format!("`{other}` cannot be the name of a type"),
        };
        let help = "give it another name: a letter, then letters, digits and `_`, such as `LineItem`";
        self.tell(Diagnostic::error(codes::BAD_SCHEMA, name.span, message).help(help));
    }

    /// The shape of the values of a type.
    pub(crate) fn type_shape(&mut self, node: &Node) -> Shape {
        if let Some(shape) = self.expanded.shapes.get(&node.span) {
            return shape.clone();
        }
        let shape = self.schema(node).map_or(Shape::Opaque, |schema| shape_of(&schema));
        self.expanded.shapes.insert(node.span, shape.clone());
        shape
    }

    /// What checks values of a type. `None` if the type is wrong, which has been told.
    pub(crate) fn validator(&mut self, node: &Node) -> Option<Arc<Validator>> {
        if let Some(validator) = self.expanded.validators.get(&node.span) {
            return validator.clone();
        }
        let validator = self.schema(node).and_then(|schema| self.compiled_schema(node, &schema));
        self.expanded.validators.insert(node.span, validator.clone());
        validator
    }

    /// What checks one property of such an object; the same for all properties of the same type. `None` if the type is wrong,
    /// or says of the property what cannot be told apart from the rest.
    pub(crate) fn property_validator(&mut self, node: &Node, name: &str) -> Option<Arc<Validator>> {
        let schema = self.schema(node)?;
        self.world.checks.validator(&schema::property(&schema, name)?).ok()
    }

    /// What reads such an object property by property, if that can be done.
    pub(crate) fn closed(&mut self, node: &Node) -> Option<Arc<Closed>> {
        let schema = self.schema(node)?;
        self.world.checks.closed(&schema)
    }

    fn compiled_schema(&mut self, node: &Node, schema: &Value) -> Option<Arc<Validator>> {
        match self.world.checks.validator(schema) {
            Ok(validator) => Some(validator),
            Err(error) => {
                self.tell_schema(node, &error);
                None
            }
        }
    }

    /// The JSON Schema of a type; mistakes are told once.
    pub(crate) fn schema(&mut self, node: &Node) -> Option<Arc<Value>> {
        if let Some(schema) = self.expanded.schemas.get(&node.span) {
            return schema.clone();
        }
        let types = self.type_table();
        let mut errors = Vec::new();
        let schema = schema::expand(&node.to_json(), &types, &mut errors);
        self.use_types(&schema);
        errors.iter().for_each(|error| self.tell_schema(node, error));
        let schema = errors.is_empty().then(|| Arc::new(schema));
        self.expanded.schemas.insert(node.span, schema.clone());
        schema
    }

    fn type_table(&mut self) -> Arc<Types> {
        let names = self.names;
        Arc::clone(self.types.get_or_insert_with(|| Arc::new(table(names))))
    }

    /// Whatever stands in its `$defs` is used.
    fn use_types(&mut self, schema: &Value) {
        let names = self.names;
        for name in schema.get("$defs").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name) {
            if let Some(declared) = names.types.get(name.as_str()) {
                let source: SourceId = declared.source;
                self.used.name("type", source, name);
            }
        }
    }

    fn tell_schema(&mut self, node: &Node, error: &SchemaError) {
        let span = pointed(node, error);
        self.tell(Diagnostic::error(codes::BAD_SCHEMA, span, error.message.clone()).help_if(error.help.clone()));
    }
}

fn table(names: &Names<'_>) -> Types {
    names.types.iter().map(|(name, declared)| ((*name).to_owned(), declared.item.to_json())).collect()
}

/// Where the key or value stands that an error points to, as far as its pointer can be followed.
fn pointed(node: &Node, error: &SchemaError) -> Span {
    let mut at = node;
    let mut span = node.span;
    for segment in error.pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        let next = match (at.as_seq(), at.as_map()) {
            (Some(items), _) => {
                segment.parse::<usize>().ok().and_then(|index| items.get(index)).map(|item| (item.span, item))
            }
            (_, Some(entries)) => {
                entries.iter().find(|(key, _)| key.value == segment).map(|(key, value)| (key.span, value))
            }
            _ => None,
        };
        let Some((key, next)) = next else { return span };
        let is_long = next.as_map().is_some() || next.as_seq().is_some();
        span = if error.on_key || is_long { key } else { next.span };
        at = next;
    }
    span
}
