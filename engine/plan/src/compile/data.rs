//! Values with holes: `data:`, `ack:`, `value:` and their like.

use std::sync::Arc;

use homeroom_definition::{Kind, Node, Text};
use indexmap::IndexMap;
use serde_json::Value;

use super::Compiler;
use super::expressions::Cut;
use super::scope::{Known, Scope};
use crate::data::Data;
use crate::shape::Shape;

impl Compiler<'_, '_> {
    /// A value with holes, and what is known of it.
    pub(crate) fn data(&mut self, node: &Node, scope: &Scope) -> Option<(Data, Known)> {
        match &node.kind {
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => {
                let value = node.to_json();
                Some((Data::Const(Box::new(value.clone())), Known::made(Shape::Const(value))))
            }
            Kind::Str(_) => self.text_data(&node.text()?, scope),
            Kind::Seq(items) => self.list_data(items, scope),
            Kind::Map(entries) => self.object_data(entries, scope),
        }
    }

    fn text_data(&mut self, text: &Text, scope: &Scope) -> Option<(Data, Known)> {
        match self.cut(text)? {
            Cut::Plain => {
                let value = Value::from(text.value.as_str());
                Some((Data::Const(Box::new(value.clone())), Known::made(Shape::Const(value))))
            }
            Cut::Whole(range) => {
                let compiled = self.expression(text, range, scope)?;
                Some((Data::Expr(compiled.expr), compiled.known))
            }
            Cut::Mixed(pieces) => {
                let (template, known) = self.pieces(text, &pieces, scope)?;
                self.must_be_there(&known, text.span, &text.value);
                Some((Data::Text(template), Known { shape: Shape::text(), ..known }))
            }
        }
    }

    fn list_data(&mut self, items: &[Node], scope: &Scope) -> Option<(Data, Known)> {
        let all: Vec<_> = items.iter().map(|item| self.data(item, scope)).collect();
        let all = all.into_iter().collect::<Option<Vec<_>>>()?;
        let proven = all.iter().any(|(_, known)| known.proven) || all.is_empty();
        let shape = all.iter().map(|(_, known)| known.shape.clone()).reduce(Shape::or).unwrap_or(Shape::Any);
        let min = all.iter().filter(|(_, known)| !known.absent).count();
        let shape = Shape::List { item: Box::new(shape), max: Some(all.len()), min, limits: Arc::default() };
        let data = constant_list(all.into_iter().map(|(data, _)| data).collect());
        Some((data, Known::made(shape).with_proof(proven)))
    }

    fn object_data(&mut self, entries: &[(Text, Node)], scope: &Scope) -> Option<(Data, Known)> {
        let all: Vec<_> = entries.iter().map(|(key, node)| (key, self.data(node, scope))).collect();
        let (mut object, mut parts) = (IndexMap::<Box<str>, Data>::new(), IndexMap::new());
        for (key, compiled) in all {
            let (data, known) = compiled?;
            object.insert(key.value.as_str().into(), data);
            parts.insert(key.value.clone(), known);
        }
        Some((constant_object(object), object_known(parts)))
    }
}

/// What is known of an object whose properties are known.
pub(crate) fn object_known(parts: IndexMap<String, Known>) -> Known {
    let shape = Shape::object(parts.iter().map(|(name, known)| (name.clone(), known.shape.clone(), known.absent)));
    let proven = parts.values().any(|known| known.proven) || parts.is_empty();
    Known { shape, absent: false, proven, parts: Some(parts), path: None }
}

fn constant_list(items: Vec<Data>) -> Data {
    let constants: Option<Vec<Value>> = items.iter().map(as_constant).collect();
    constants.map_or(Data::List(items), |values| Data::Const(Box::new(Value::Array(values))))
}

fn constant_object(object: IndexMap<Box<str>, Data>) -> Data {
    let constants: Option<serde_json::Map<_, _>> =
        object.iter().map(|(name, data)| Some((name.to_string(), as_constant(data)?))).collect();
    match constants {
        Some(map) => Data::Const(Box::new(Value::Object(map))),
        None => Data::Object(object.into_iter().collect()),
    }
}

fn as_constant(data: &Data) -> Option<Value> {
    match data {
        Data::Const(value) => Some((**value).clone()),
        _ => None,
    }
}
