//! One namespace with all that it can name.

use std::collections::HashMap;
use std::sync::Arc;

use homeroom_definition::{Node, Pattern, Piece, Table, Text, split};
use serde_json::Value;

use super::data;
use super::scope::Scope;
use crate::compile::names::{DeclaredRoom, Names, Unit};
use crate::compile::rooms::unify;
use crate::compile::{Input, named};
use crate::diff::schema::Declarations;
use crate::schema::{self, Types};

/// A namespace, with its declarations and those of the files it imports.
pub(crate) struct House<'a> {
    pub(crate) unit: Unit<'a>,
    pub(crate) names: Names<'a>,
    /// Every role there is.
    pub(crate) roles: &'a [Arc<str>],
    /// The types, where each stands.
    pub(crate) declared: Declarations<'a>,
    types: Types,
    /// Names that only this side has, and what the other side calls the same thing.
    pub(crate) renamed: HashMap<(Noun, String), String>,
}

/// What can be renamed without a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Noun {
    Query,
    State,
    Steps,
}

/// A room that a text names: which, and with what for its parameters.
pub(crate) struct RoomAt<'h, 'a> {
    pub(crate) room: &'h DeclaredRoom<'a>,
    /// The parameters, in one form.
    pub(crate) params: Vec<String>,
}

/// Every namespace of a set of files.
pub(crate) fn houses<'a>(input: &Input<'a>) -> Vec<House<'a>> {
    let roles = input.identity.roles.as_slice();
    named(input).into_iter().map(|(unit, names)| House::new(unit, names, roles)).collect()
}

impl<'a> House<'a> {
    fn new(unit: Unit<'a>, names: Names<'a>, roles: &'a [Arc<str>]) -> Self {
        let declared: Declarations<'a> = names.types.iter().map(|(name, declared)| (*name, declared.item)).collect();
        let types = declared.iter().map(|(name, node)| ((*name).to_owned(), node.to_json())).collect();
        Self { unit, names, roles, declared, types, renamed: HashMap::new() }
    }

    pub(crate) fn path(&self) -> &'a str {
        self.unit.path.as_str()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.unit.file.auth.as_ref().is_some_and(|auth| auth.value == "none")
    }

    /// The name of a thing, as the other side has it.
    pub(crate) fn name<'n>(&'n self, noun: Noun, name: &'n str) -> &'n str {
        self.renamed.get(&(noun, name.to_owned())).map_or(name, String::as_str)
    }

    /// The JSON Schema of a type.
    pub(crate) fn schema(&self, node: &Node) -> Value {
        schema::expand(&node.to_json(), &self.types, &mut Vec::new())
    }

    /// The room that a text names.
    pub(crate) fn room(&self, text: &Text, with: &Table<Node>, scope: &Scope) -> Option<RoomAt<'_, 'a>> {
        let pieces = split(&text.value).ok()?;
        let (room, holes) =
            self.names.rooms.values().find_map(|room| Some((room, unify(&text.value, &pieces, &room.pattern)?)))?;
        let params = holes.iter().map(|hole| parameter(text, hole, with, scope)).collect();
        Some(RoomAt { room, params })
    }

    /// A room that a text names, in one form; `sender`, `others` and `everyone` as they are.
    pub(crate) fn room_form(&self, text: &Text, with: &Table<Node>, scope: &Scope) -> String {
        match self.room(text, with, scope) {
            Some(at) => format!("{}({})", shape(&at.room.pattern), at.params.join(", ")),
            None => text.value.clone(),
        }
    }

    /// A query with what it is asked, in one form.
    pub(crate) fn query_form(&self, name: &Text, with: &Table<Node>, scope: &Scope) -> String {
        let own = self.name(Noun::Query, &name.value);
        let Some(declared) = self.names.queries.get(name.value.as_str()) else { return own.to_owned() };
        let statement = crate::sql::parse(&declared.item.sql.value).unwrap_or_default();
        let mut params: Vec<String> = statement
            .names()
            .map(|param| match with.get(param) {
                Some(node) => format!("{param}: {}", data::data(node, scope)),
                None => format!("{param}: {}", scope.path(&param.split('.').collect::<Vec<_>>())),
            })
            .collect();
        params.sort();
        format!("{own}({})", params.join(", "))
    }

    /// A state with the parameters of its key, in one form.
    pub(crate) fn state_form(&self, name: &Text, with: &Table<Node>, scope: &Scope) -> String {
        let own = self.name(Noun::State, &name.value);
        let Some(declared) = self.names.states.get(name.value.as_str()) else {
            return self.room_form(name, with, scope);
        };
        let state = declared.item;
        let key = [&state.hash, &state.set, &state.list, &state.counter].into_iter().flatten().next();
        let pattern = key.and_then(|key| Pattern::parse(key).ok());
        let params = pattern.iter().flat_map(Pattern::params).map(|param| match with.get(param) {
            Some(node) => data::data(node, scope),
            None => scope.meaning(param),
        });
        format!("{own}({})", params.collect::<Vec<_>>().join(", "))
    }

    /// The columns that a query lends to the rest of a rule.
    pub(crate) fn columns(&self, query: &str) -> Vec<String> {
        let declared = self.names.queries.get(query);
        let Some(returns) = declared.and_then(|declared| declared.item.returns.as_ref()) else { return Vec::new() };
        let schema = self.schema(returns);
        let target = schema.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|name| schema.pointer(name.strip_prefix('#')?)).unwrap_or(&schema);
        target
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    }
}

fn parameter(text: &Text, hole: &[Piece], with: &Table<Node>, scope: &Scope) -> String {
    if let [Piece::Hole(range)] = hole
        && let Some(node) = with.get(text.value[range.clone()].trim())
    {
        return data::data(node, scope);
    }
    data::pieces_form(&text.value, hole, scope)
}

/// A pattern without the names of its parameters.
pub(crate) fn shape(pattern: &Pattern) -> String {
    let segments = pattern.segments().iter().map(|segment| match segment.param() {
        Some(_) => format!("{}<>{}", segment.prefix(), segment.suffix()),
        None => segment.prefix().to_owned(),
    });
    segments.collect::<Vec<_>>().join(":")
}
