//! Checking payloads. What is wrong is told without any value of the payload: those are people's.

use homeroom_definition::did_you_mean;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, PatternOptions, ValidationError, ValidationOptions};
use serde_json::{Map, Value};

use super::{SchemaError, prune};

/// How many mistakes are told at once.
const ISSUES_MAX: usize = 10;

/// How large a compiled regular expression may be, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 16;

/// How long a property's name may be to be repeated in an answer, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Checks values against a schema.
#[derive(Debug)]
pub struct Validator {
    schema: Value,
    compiled: jsonschema::Validator,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// JSON pointer to it; empty: the whole.
    pub path: String,
    /// What was expected. Never a value that came.
    pub message: String,
}

impl Validator {
    /// Compiles a schema, as [`super::expand`] makes it.
    ///
    /// # Errors
    /// If it is no JSON Schema.
    pub fn new(schema: Value) -> Result<Self, SchemaError> {
        match pattern_options().build(&schema) {
            Ok(compiled) => Ok(Self { schema, compiled }),
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
    ///
    /// # Errors
    /// Everything that is wrong with it, up to ten.
    pub fn check(&self, value: &Value) -> Result<(), Vec<Issue>> {
        if self.compiled.is_valid(value) {
            return Ok(());
        }
        Err(self.compiled.iter_errors(value).flat_map(|error| self.issues(&error)).take(ISSUES_MAX).collect())
    }

    /// Leaves out what closed objects do not know.
    pub fn prune(&self, value: &mut Value) {
        prune::prune(&self.schema, &self.schema, value);
    }

    fn issues(&self, error: &ValidationError<'_>) -> Vec<Issue> {
        let path = error.instance_path().to_string();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.properties_at(&error.schema_path().to_string());
                unexpected.iter().map(|name| unknown_property(&path, name, &known)).collect()
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                vec![Issue { path: format!("{path}/{name}"), message: "is missing".into() }]
            }
            kind => vec![Issue { path, message: told(kind) }],
        }
    }

    /// The properties that stand beside the keyword at `pointer`.
    fn properties_at(&self, pointer: &str) -> Vec<String> {
        let object = pointer.rsplit_once('/').map_or("", |(object, _)| object);
        let found = self.schema.pointer(object).and_then(|object| object.get("properties"));
        let names = |map: &Map<String, Value>| map.keys().cloned().collect();
        found.and_then(Value::as_object).map(names).unwrap_or_default()
    }
}

/// How every schema is compiled: formats count, patterns run in linear time, nothing is fetched.
pub(super) fn pattern_options() -> ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX))
}

/// A name that a client made up is repeated only if it cannot be anything but a name.
fn unknown_property(path: &str, name: &str, known: &[String]) -> Issue {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(is_plain) {
        return Issue { path: path.to_owned(), message: "has a property that is not known here".into() };
    }
    let hint = did_you_mean(name, known.iter().map(String::as_str));
    let message = hint.map_or_else(|| "is not known here".to_owned(), |hint| format!("is not known here; {hint}"));
    Issue { path: format!("{path}/{name}"), message }
}

fn told(kind: &ValidationErrorKind) -> String {
    match kind {
        ValidationErrorKind::Type { kind } => format!("must be {}", kinds(kind)),
        ValidationErrorKind::Enum { options } => format!("must be one of {}", listed(options)),
        ValidationErrorKind::Constant { expected_value } => format!("must be {expected_value}"),
        ValidationErrorKind::MinLength { limit } => format!("must have at least {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("must have at most {limit} characters"),
        ValidationErrorKind::MinItems { limit } => format!("must have at least {limit} items"),
        ValidationErrorKind::MaxItems { limit } => format!("must have at most {limit} items"),
        ValidationErrorKind::MinProperties { limit } => format!("must have at least {limit} properties"),
        ValidationErrorKind::MaxProperties { limit } => format!("must have at most {limit} properties"),
        ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        ValidationErrorKind::Pattern { pattern } => format!("must match {pattern}"),
        ValidationErrorKind::Format { format } => format!("must be a {format}"),
        ValidationErrorKind::UniqueItems => "must not have the same item twice".into(),
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            "fits none of the alternatives".into()
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => "fits several alternatives, and must fit one".into(),
        ValidationErrorKind::AdditionalItems { limit } => format!("must have at most {limit} items"),
        ValidationErrorKind::FalseSchema => "must not be there".into(),
        other => format!("does not fit `{}`", other.keyword()),
    }
}

fn kinds(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => article(&kind.to_string()),
        TypeKind::Multiple(set) => set.iter().map(|kind| article(&kind.to_string())).collect::<Vec<_>>().join(" or "),
    }
}

fn article(kind: &str) -> String {
    match kind {
        "null" => "null".into(),
        "integer" => "a whole number".into(),
        "array" => "a list".into(),
        "object" => "an object".into(),
        "string" => "a text".into(),
        other => format!("a {other}"),
    }
}

fn listed(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    options
        .iter()
        .map(|option| option.as_str().map_or_else(|| option.to_string(), str::to_owned))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Types, expand};
    use super::*;

    fn validator(written: Value, types: &[(&str, Value)]) -> Validator {
        let types: Types = types.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut errors = Vec::new();
        let schema = expand(&written, &types, &mut errors);
        assert_eq!(errors, []);
        Validator::new(schema).expect("a schema")
    }

    fn issues(validator: &Validator, value: &Value) -> Vec<(String, String)> {
        let issues = validator.check(value).err().unwrap_or_default();
        issues.into_iter().map(|issue| (issue.path, issue.message)).collect()
    }

    #[test]
    fn what_is_wrong_is_told_without_what_came() {
        let types = [("Id", json!({ "type": "string", "maxLength": 4 })), ("Ref", json!({ "fields": { "id": "Id" } }))];
        let validator = validator(json!({ "fields": { "ref": "Ref" }, "optional": { "tags": ["Id"] } }), &types);
        assert_eq!(issues(&validator, &json!({ "ref": { "id": "a" } })), []);
        assert_eq!(
            issues(&validator, &json!({ "ref": { "id": "secret" }, "tags": [1] })),
            [("/ref/id".into(), "must have at most 4 characters".into()), ("/tags/0".into(), "must be a text".into())]
        );
        assert_eq!(issues(&validator, &json!({})), [("/ref".into(), "is missing".into())]);
        assert_eq!(
            issues(&validator, &json!({ "ref": { "id": "a" }, "tag": 1 })),
            [("/tag".into(), "is not known here; did you mean `tags`?".into())]
        );
    }

    #[test]
    fn formats_count_and_unknown_fields_can_be_left_out() {
        let validator = validator(json!({ "fields": { "on": { "type": "string", "format": "date" } } }), &[]);
        assert_eq!(issues(&validator, &json!({ "on": "2025-13-01" })), [("/on".into(), "must be a date".into())]);
        let mut value = json!({ "on": "2025-01-01", "else": 1 });
        validator.prune(&mut value);
        assert_eq!(value, json!({ "on": "2025-01-01" }));
    }
}
