//! What definitions see as `user`, and how it is made of a token's claims.

use homeroom_definition::{Diagnostic, Diagnostics, Node, Span, Table, Text};
use homeroom_plan::Identity;
use homeroom_plan::schema::{Types, Validator, expand};
use serde_json::{Map, Value, json};

use super::file::IdentitySection;
use crate::codes;

/// Makes `user` of claims.
#[derive(Debug)]
pub struct Claims {
    /// Property and the claim it comes from.
    properties: Vec<(String, String)>,
    schema: Validator,
}

impl Claims {
    /// The user that a token's claims tell of.
    ///
    /// # Errors
    /// Which claim is missing or wrong; never its value.
    pub fn user(&self, claims: &Map<String, Value>) -> Result<Value, String> {
        let told = |(property, claim): &(String, String)| Some((property.clone(), claims.get(claim)?.clone()));
        let user =
            Value::Object(self.properties.iter().filter_map(told).filter(|(_, value)| !value.is_null()).collect());
        match self.schema.check(&user) {
            Ok(()) => Ok(user),
            Err(issues) => Err(issues
                .iter()
                .map(|issue| format!("{} {}", issue.path, issue.message))
                .collect::<Vec<_>>()
                .join("; ")),
        }
    }

    /// The claims that tell of a user: the other way round.
    #[must_use]
    pub fn of(&self, user: &Value) -> Map<String, Value> {
        let told = |(property, claim): &(String, String)| Some((claim.clone(), user.get(property)?.clone()));
        self.properties.iter().filter_map(told).collect()
    }
}

/// Reads the identity; without one it is an `id` from the claim `sub`, and a `role`, any text.
pub(super) fn read(
    section: Option<&IdentitySection>,
    at: Span,
    diagnostics: &mut Diagnostics,
) -> Option<(Identity, Claims)> {
    let mut properties = Vec::new();
    let (fields, optional) = match section {
        None => {
            properties.extend([("id".to_owned(), "sub".to_owned()), ("role".to_owned(), "role".to_owned())]);
            (json!({ "id": "string", "role": "string" }), json!({}))
        }
        Some(section) => (types(&section.fields, &mut properties), types(&section.optional, &mut properties)),
    };
    let mut errors = Vec::new();
    let schema = expand(&json!({ "fields": fields, "optional": optional }), &Types::default(), &mut errors);
    for error in &errors {
        let span = section.map_or(at, |section| place(section, &error.pointer));
        diagnostics
            .push(Diagnostic::error(codes::BAD_IDENTITY, span, error.message.clone()).help_if(error.help.clone()));
    }
    for needed in ["id", "role"] {
        if fields.get(needed).is_none() {
            let span = section.map_or(at, |section| section.span);
            diagnostics.push(
                Diagnostic::error(codes::BAD_IDENTITY, span, format!("every user needs `{needed}`"))
                    .help(format!("add `{needed}` to `fields:`")),
            );
            return None;
        }
    }
    if !errors.is_empty() {
        return None;
    }
    let roles = schema["properties"]["role"]["enum"].as_array();
    let roles = roles.map(|roles| roles.iter().filter_map(Value::as_str).map(Into::into).collect()).unwrap_or_default();
    match Validator::new(schema.clone()) {
        Ok(validator) => Some((Identity { schema, roles }, Claims { properties, schema: validator })),
        Err(error) => {
            diagnostics.push(Diagnostic::error(codes::BAD_IDENTITY, at, error.message));
            None
        }
    }
}

/// The types of a table's properties, their claims told apart; `id` comes from `sub` where nothing else is said.
fn types(table: &Table<Node>, properties: &mut Vec<(String, String)>) -> Value {
    let mut types = Map::new();
    for (name, node) in table {
        let mut written = node.to_json();
        let claim = written.as_object_mut().and_then(|written| written.shift_remove("claim"));
        let usual = if name.value == "id" { "sub" } else { &name.value };
        let claim = claim.and_then(|claim| claim.as_str().map(str::to_owned)).unwrap_or_else(|| usual.to_owned());
        properties.push((name.value.clone(), claim));
        types.insert(name.value.clone(), if written == json!({}) { "string".into() } else { written });
    }
    Value::Object(types)
}

fn place(section: &IdentitySection, pointer: &str) -> Span {
    let mut parts = pointer.split('/').skip(1);
    let table = if parts.next() == Some("optional") { &section.optional } else { &section.fields };
    let found = parts.next().and_then(|name| table.entry(name));
    found.map_or(section.span, |(name, _): &(Text, Node)| name.span)
}
