//! What is wrong with a payload, told without any value of it: those are people's. Names that a client made up are
//! repeated only where they cannot be anything but names.

use std::collections::HashSet;

use homeroom_definition::did_you_mean;
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::at::escaped;

/// How long a property's name may be to be repeated in an answer, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// How many fixed values are listed.
const LISTED_MAX: usize = 20;

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// JSON pointer to it; empty: the whole.
    pub path: String,
    /// What was expected. Never a value that came.
    pub message: String,
}

/// Words the errors of one schema.
pub(super) struct Issues<'v> {
    pub(super) schema: &'v Value,
    /// Names of properties that may be repeated whatever they look like.
    pub(super) names: &'v HashSet<Box<str>>,
}

impl Issues<'_> {
    /// What an error comes to for the client.
    pub(super) fn of(&self, error: &ValidationError<'_>) -> Vec<Issue> {
        let path = error.instance_path().to_string();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.properties_beside(&error.schema_path().to_string());
                self.unknown(&path, unexpected, &known)
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().map(escaped).unwrap_or_default();
                vec![self.issue(&format!("{path}/{name}"), "is missing".into())]
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                match meant(context, &path) {
                    Some(errors) => errors.iter().flat_map(|error| self.of(error)).collect(),
                    None => vec![self.issue(&path, "fits none of the alternatives".into())],
                }
            }
            kind => vec![self.issue(&path, told(kind))],
        }
    }

    /// An issue at `path`, or at what holds the first property on the way there whose name may not be repeated.
    fn issue(&self, path: &str, message: String) -> Issue {
        let mut end = 0;
        for segment in path.split('/').skip(1) {
            let name = segment.replace("~1", "/").replace("~0", "~");
            if !is_plain(&name) && !self.names.contains(name.as_str()) {
                let message = format!("has a property that is wrong: it {message}");
                return Issue { path: path[..end].to_owned(), message };
            }
            end += 1 + segment.len();
        }
        Issue { path: path.to_owned(), message }
    }

    fn unknown(&self, path: &str, names: &[String], known: &[&str]) -> Vec<Issue> {
        let (plain, strange): (Vec<_>, Vec<_>) = names.iter().partition(|name| is_plain(name));
        let told = plain.into_iter().map(|name| {
            let hint = did_you_mean(name, known.iter().copied());
            let message =
                hint.map_or_else(|| "is not known here".to_owned(), |hint| format!("is not known here; {hint}"));
            self.issue(&format!("{path}/{name}"), message)
        });
        let counted = match strange.len() {
            0 => None,
            1 => Some("has a property that is not known here".to_owned()),
            count => Some(format!("has {count} properties that are not known here")),
        };
        told.chain(counted.map(|message| self.issue(path, message))).collect()
    }

    /// The properties that stand beside the keyword at `pointer`.
    fn properties_beside(&self, pointer: &str) -> Vec<&str> {
        let object = pointer.rsplit_once('/').map_or("", |(object, _)| object);
        let found = self.schema.pointer(object).and_then(|object| object.get("properties"));
        found.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }
}

/// Whether a name cannot be anything but one.
fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(is_plain)
}

/// What is wrong with the one alternative that was meant: the only one that does not fail at the kind of the value, nor at
/// a property with one fixed value, by which alternatives are told apart.
fn meant<'e>(
    alternatives: &'e [Vec<ValidationError<'static>>],
    path: &str,
) -> Option<&'e Vec<ValidationError<'static>>> {
    let excludes = |error: &ValidationError<'_>| match error.kind() {
        ValidationErrorKind::Type { .. } => error.instance_path().as_str() == path,
        ValidationErrorKind::Constant { .. } => true,
        _ => false,
    };
    let mut possible = alternatives.iter().filter(|errors| !errors.iter().any(excludes));
    possible.next().filter(|_| possible.next().is_none())
}

fn told(kind: &ValidationErrorKind) -> String {
    match kind {
        ValidationErrorKind::Type { kind } => format!("must be {}", kinds(kind)),
        ValidationErrorKind::Enum { options } => format!("must be one of {}", listed(options)),
        ValidationErrorKind::Constant { expected_value } => format!("must be {expected_value}"),
        ValidationErrorKind::MinLength { limit } => format!("must have at least {}", count(*limit, "character")),
        ValidationErrorKind::MaxLength { limit } => format!("must have at most {}", count(*limit, "character")),
        ValidationErrorKind::MinItems { limit } => format!("must have at least {}", count(*limit, "item")),
        ValidationErrorKind::MaxItems { limit } => format!("must have at most {}", count(*limit, "item")),
        ValidationErrorKind::AdditionalItems { limit } => format!("must have at most {}", count(*limit as u64, "item")),
        ValidationErrorKind::MinProperties { limit } if *limit == 1 => "must have at least one property".into(),
        ValidationErrorKind::MinProperties { limit } => format!("must have at least {limit} properties"),
        ValidationErrorKind::MaxProperties { limit } => format!("must have at most {limit} properties"),
        ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        ValidationErrorKind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        ValidationErrorKind::Pattern { pattern } => format!("must match {pattern}"),
        ValidationErrorKind::Format { format } => format!("must be {}", formatted(format)),
        ValidationErrorKind::UniqueItems => "must not have the same item twice".into(),
        ValidationErrorKind::Contains => "lacks an item that it must have, or has too many of them".into(),
        ValidationErrorKind::PropertyNames { .. } => "has a property whose name is not allowed".into(),
        ValidationErrorKind::OneOfMultipleValid { .. } => "fits several alternatives, and must fit one".into(),
        ValidationErrorKind::FalseSchema => "must not be there".into(),
        ValidationErrorKind::Not { .. } => "is one of the values that are not allowed".into(),
        other => format!("does not fit `{}`", other.keyword()),
    }
}

fn count(count: u64, noun: &str) -> String {
    if count == 1 { format!("one {noun}") } else { format!("{count} {noun}s") }
}

fn kinds(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => spoken_kind(&kind.to_string()),
        TypeKind::Multiple(set) => {
            let mut names: Vec<String> = set.iter().map(|kind| kind.to_string()).collect();
            names.sort_by_key(|name| name == "null");
            names.iter().map(|name| spoken_kind(name)).collect::<Vec<_>>().join(" or ")
        }
    }
}

fn spoken_kind(kind: &str) -> String {
    match kind {
        "null" => "null".into(),
        "integer" => "a whole number".into(),
        "array" => "a list".into(),
        "object" => "an object".into(),
        "string" => "a text".into(),
        other => format!("a {other}"),
    }
}

fn formatted(format: &str) -> String {
    match format {
        "date" => "a date, such as 2025-09-01".into(),
        "time" => "a time with its offset, such as 08:30:00Z".into(),
        "date-time" => "a date and time with its offset, such as 2025-09-01T08:30:00Z".into(),
        "duration" => "a duration, such as PT15M".into(),
        "email" => "an email address".into(),
        "uri" => "a whole URI, such as https://example.org/page".into(),
        "uuid" => "a UUID".into(),
        other => format!("of the format {other}"),
    }
}

fn listed(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let written = |option: &Value| option.as_str().map_or_else(|| option.to_string(), str::to_owned);
    let named: Vec<String> = options.iter().take(LISTED_MAX).map(written).collect();
    let more = options.len() - named.len();
    if more == 0 { named.join(", ") } else { format!("{} and {more} more", named.join(", ")) }
}
