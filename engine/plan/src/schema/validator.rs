//! Checks payloads against a schema, compiled once.

use std::collections::HashSet;

use jsonschema::{Draft, PatternOptions, ValidationOptions};
use serde_json::Value;

use super::issues::{Issue, Issues};
use super::{SchemaError, prune};

/// How many mistakes are told at once.
const ISSUES_MAX: usize = 10;

/// How large a compiled regular expression may be, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 16;

/// Checks values against a schema.
#[derive(Debug)]
pub struct Validator {
    schema: Value,
    compiled: jsonschema::Validator,
    /// The names of all properties anywhere in the schema.
    names: HashSet<Box<str>>,
}

impl Validator {
    /// Compiles a schema, as [`super::expand`] makes it.
    ///
    /// # Errors
    /// If it is no JSON Schema, or refers to anything outside of itself.
    pub fn new(schema: Value) -> Result<Self, SchemaError> {
        match compiler().build(&schema) {
            Ok(compiled) => {
                let mut names = HashSet::new();
                property_names(&schema, &mut names);
                Ok(Self { schema, compiled, names })
            }
            Err(error) => Err(SchemaError {
                pointer: error.instance_path().to_string(),
                on_key: false,
                message: format!("this is no JSON Schema: {}", error.masked()),
                help: None,
            }),
        }
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether a value fits.
    pub(super) fn fits(&self, value: &Value) -> bool {
        self.compiled.is_valid(value)
    }

    /// What is wrong with a value, if it does not fit.
    ///
    /// # Errors
    /// What is wrong with it, up to ten issues.
    pub fn check(&self, value: &Value) -> Result<(), Vec<Issue>> {
        if self.compiled.is_valid(value) {
            return Ok(());
        }
        let issues = Issues { schema: &self.schema, names: &self.names };
        let mut told = Vec::new();
        for issue in self.compiled.iter_errors(value).flat_map(|error| issues.of(&error)) {
            if told.len() < ISSUES_MAX && !told.contains(&issue) {
                told.push(issue);
            }
            if told.len() == ISSUES_MAX {
                break;
            }
        }
        Err(told)
    }

    /// Leaves out what closed objects do not know.
    pub fn prune(&self, value: &mut Value) {
        prune::prune(&self.schema, &self.schema, value);
    }
}

/// How every schema is compiled: formats count, patterns run in linear time, nothing is fetched.
pub(super) fn compiler() -> ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX))
        .offline()
}

fn property_names(schema: &Value, names: &mut HashSet<Box<str>>) {
    match schema {
        Value::Object(map) => {
            let properties = map.get("properties").and_then(Value::as_object);
            names.extend(
                properties.into_iter().flat_map(|properties| properties.keys()).map(|name| name.as_str().into()),
            );
            map.values().for_each(|value| property_names(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| property_names(item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
