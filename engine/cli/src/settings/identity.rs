//! What definitions see as `user`, and how it is made of a token's claims.

use std::sync::Arc;

use homeroom_definition::{Diagnostic, Diagnostics, Node, Span, Table, Text};
use homeroom_plan::Identity;
use homeroom_plan::schema::{Issue, Types, Validator, expand};
use serde_json::{Map, Value, json};

use super::file::IdentitySection;
use crate::codes;

/// Makes `user` of claims.
#[derive(Clone)]
pub struct Claims {
    /// Property and the claim it comes from.
    properties: Vec<(String, String)>,
    /// Properties that every user has, whatever their claims say.
    fixed: Map<String, Value>,
    schema: Arc<Validator>,
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.properties, self.fixed)
    }
}

impl Claims {
    /// These, with other claims for some properties, and with some that are the same for every user.
    #[must_use]
    pub fn with<'a>(
        mut self,
        named: impl Iterator<Item = (&'a str, &'a str)>,
        fixed: impl Iterator<Item = (&'a str, Value)>,
    ) -> Self {
        for (property, claim) in named {
            if let Some((_, from)) = self.properties.iter_mut().find(|(name, _)| name == property) {
                claim.clone_into(from);
            }
        }
        self.fixed.extend(fixed.map(|(property, value)| (property.to_owned(), value)));
        self
    }

    /// Whether users may have this property.
    #[must_use]
    pub fn has(&self, property: &str) -> bool {
        self.properties().any(|name| name == property)
    }

    /// The properties that users may have.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().map(|(name, _)| name.as_str())
    }

    /// The user that a token's claims tell of.
    ///
    /// # Errors
    /// Which claim is missing or wrong; never its value.
    pub fn user(&self, claims: &Map<String, Value>) -> Result<Value, String> {
        let told = |(property, claim): &(String, String)| {
            let value = self.fixed.get(property).or_else(|| claims.get(claim))?;
            Some((property.clone(), value.clone()))
        };
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

    /// Whether this can be a user.
    ///
    /// # Errors
    /// What is wrong with which property.
    pub fn check(&self, user: &Value) -> Result<(), Vec<Issue>> {
        self.schema.check(user)
    }

    /// What a text stands for as a property: a number, a boolean, a list where the property is one, else the text.
    #[must_use]
    pub fn value(&self, property: &str, text: &str) -> Value {
        let kind = self.schema.schema()["properties"][property]["type"].as_str().unwrap_or("string");
        let read = if kind == "string" { None } else { serde_json::from_str(text).ok() };
        read.unwrap_or_else(|| text.into())
    }

    /// The claims that tell of a user: the other way round. What a user cannot have is left out.
    #[must_use]
    pub fn of(&self, user: &Value) -> Map<String, Value> {
        let told = |(property, claim): &(String, String)| Some((claim.clone(), user.get(property)?.clone()));
        self.properties.iter().filter_map(told).collect()
    }
}

/// The claims of where nothing is set.
pub(super) fn usual(at: Span) -> Option<Claims> {
    read(None, at, &mut Diagnostics::new()).map(|(_, claims)| claims)
}

/// Tells which of the users that tokens are printed for are none.
pub(super) fn tell_wrong_users(users: &[Node], claims: &Claims, diagnostics: &mut Diagnostics) {
    for user in users {
        for issue in claims.check(&user.to_json()).err().unwrap_or_default() {
            let property = issue.path.split('/').nth(1).unwrap_or_default();
            let is_known = claims.schema.schema()["properties"].get(property).is_some();
            let at = user.as_map().into_iter().flatten().find(|(name, _)| name.value == property);
            let span = at.map_or(user.span, |(name, value)| if is_known { value.span } else { name.span });
            let message = match property {
                "" => format!("this cannot be a user: it {}", issue.message),
                name => format!("this cannot be a user: `{name}` {}", issue.message),
            };
            diagnostics
                .push(Diagnostic::error(codes::BAD_IDENTITY, span, message).help("`identity:` says what a user has"));
        }
    }
}

/// Reads the identity; without one it is an `id` from the claim `sub`, and a `role`, any text.
pub(super) fn read(
    section: Option<&IdentitySection>,
    at: Span,
    diagnostics: &mut Diagnostics,
) -> Option<(Identity, Claims)> {
    let told = diagnostics.error_count();
    let mut properties = Vec::new();
    let (fields, optional) = match section {
        None => {
            properties.extend([("id".to_owned(), "sub".to_owned()), ("role".to_owned(), "role".to_owned())]);
            (json!({ "id": "string", "role": "string" }), json!({}))
        }
        Some(section) => {
            let fields = types(&section.fields, &mut properties, diagnostics);
            (fields, types(&section.optional, &mut properties, diagnostics))
        }
    };
    let mut errors = Vec::new();
    let schema = expand(&json!({ "fields": fields, "optional": optional }), &Types::default(), &mut errors);
    for error in &errors {
        let span = section.map_or(at, |section| place(section, &error.pointer));
        diagnostics
            .push(Diagnostic::error(codes::BAD_IDENTITY, span, error.message.clone()).help_if(error.help.clone()));
    }
    for name in ["id", "role"] {
        tell_unless_text(name, &schema, section, at, diagnostics);
    }
    if diagnostics.error_count() > told {
        return None;
    }
    let roles = schema["properties"]["role"]["enum"].as_array();
    let roles = roles.into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect();
    match Validator::new(schema.clone()) {
        Ok(validator) => {
            Some((Identity { schema, roles }, Claims { properties, fixed: Map::new(), schema: Arc::new(validator) }))
        }
        Err(error) => {
            diagnostics.push(Diagnostic::error(
                codes::BAD_IDENTITY,
                section.map_or(at, |section| section.span),
                error.message,
            ));
            None
        }
    }
}

/// Every user has an `id` and a `role`, and both are text: rooms and rules are made of them.
fn tell_unless_text(
    name: &str,
    schema: &Value,
    section: Option<&IdentitySection>,
    at: Span,
    diagnostics: &mut Diagnostics,
) {
    let span = section.map_or(at, |section| section.span);
    let needed = schema["required"].as_array().is_some_and(|required| required.iter().any(|needed| needed == name));
    if !needed {
        let told = Diagnostic::error(codes::BAD_IDENTITY, span, format!("every user needs `{name}`"));
        diagnostics.push(told.help(format!("add `{name}` to `fields:`")));
        return;
    }
    let of = &schema["properties"][name];
    let is_text = match of["enum"].as_array() {
        Some(values) => values.iter().all(Value::is_string),
        None => of["type"] == "string",
    };
    if !is_text {
        let span = section.map_or(span, |section| place(section, &format!("/fields/{name}")));
        diagnostics.push(Diagnostic::error(codes::BAD_IDENTITY, span, format!("the `{name}` of a user is text")));
    }
}

/// The types of a table's properties, their claims told apart; `id` comes from `sub` where nothing else is said.
fn types(table: &Table<Node>, properties: &mut Vec<(String, String)>, diagnostics: &mut Diagnostics) -> Value {
    let mut types = Map::new();
    for (name, node) in table {
        let mut written = node.to_json();
        let usual = if name.value == "id" { "sub" } else { &name.value };
        let claim = match written.as_object_mut().and_then(|written| written.shift_remove("claim")) {
            None => usual.to_owned(),
            Some(Value::String(claim)) => claim,
            Some(_) => {
                let told = Diagnostic::error(codes::BAD_IDENTITY, node.span, "the name of a claim is text");
                diagnostics.push(told.help(format!("such as `claim: {usual}`")));
                continue;
            }
        };
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
