//! The keywords of JSON Schema 2020-12, and what each takes.

use serde_json::Value;

/// What a keyword takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// A schema.
    Schema,
    /// A list of schemas.
    Schemas,
    /// A map from names to schemas.
    SchemaTable,
    /// The name of a kind of JSON value, or a list of them.
    Kind,
    /// A number.
    Number,
    /// A whole number that is not negative.
    Count,
    /// A text.
    Text,
    /// A regular expression.
    Pattern,
    /// The name of a format.
    Format,
    /// Yes or no.
    Flag,
    /// A list of texts.
    Texts,
    /// A list of anything.
    List,
    /// A map from names to lists of texts.
    TextsTable,
    /// Anything.
    Anything,
}

/// Every keyword that may be used. `$ref` and `$defs` are not among them: types are named.
pub(super) const KEYWORDS: &[(&str, Takes)] = &[
    ("type", Takes::Kind),
    ("enum", Takes::List),
    ("const", Takes::Anything),
    ("properties", Takes::SchemaTable),
    ("required", Takes::Texts),
    ("additionalProperties", Takes::Schema),
    ("patternProperties", Takes::SchemaTable),
    ("propertyNames", Takes::Schema),
    ("unevaluatedProperties", Takes::Schema),
    ("minProperties", Takes::Count),
    ("maxProperties", Takes::Count),
    ("dependentRequired", Takes::TextsTable),
    ("dependentSchemas", Takes::SchemaTable),
    ("items", Takes::Schema),
    ("prefixItems", Takes::Schemas),
    ("unevaluatedItems", Takes::Schema),
    ("contains", Takes::Schema),
    ("minContains", Takes::Count),
    ("maxContains", Takes::Count),
    ("minItems", Takes::Count),
    ("maxItems", Takes::Count),
    ("uniqueItems", Takes::Flag),
    ("minLength", Takes::Count),
    ("maxLength", Takes::Count),
    ("pattern", Takes::Pattern),
    ("format", Takes::Format),
    ("minimum", Takes::Number),
    ("maximum", Takes::Number),
    ("exclusiveMinimum", Takes::Number),
    ("exclusiveMaximum", Takes::Number),
    ("multipleOf", Takes::Number),
    ("oneOf", Takes::Schemas),
    ("anyOf", Takes::Schemas),
    ("allOf", Takes::Schemas),
    ("not", Takes::Schema),
    ("if", Takes::Schema),
    ("then", Takes::Schema),
    ("else", Takes::Schema),
    ("title", Takes::Text),
    ("description", Takes::Text),
    ("examples", Takes::List),
    ("default", Takes::Anything),
    ("deprecated", Takes::Flag),
    ("readOnly", Takes::Flag),
    ("writeOnly", Takes::Flag),
    ("$comment", Takes::Text),
];

/// What may stand beside `fields:` and `optional:`.
pub(super) const BESIDE_FIELDS: &[&str] = &[
    "fields",
    "optional",
    "title",
    "description",
    "examples",
    "default",
    "deprecated",
    "minProperties",
    "maxProperties",
    "$comment",
];

/// The kinds of JSON values.
pub(super) const KINDS: &[&str] = &["string", "number", "integer", "boolean", "object", "array", "null"];

/// The formats that are checked.
pub(super) const FORMATS: &[&str] = &[
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uri-template",
    "uuid",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// What takes what it takes, and how that is told.
pub(super) fn takes(keyword: &str) -> Option<Takes> {
    KEYWORDS.iter().find(|(known, _)| *known == keyword).map(|(_, takes)| *takes)
}

impl Takes {
    /// What is wrong with a value that is no schema; `None` if nothing is.
    pub(super) fn objection(self, value: &Value) -> Option<&'static str> {
        let texts = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
        let (fits, expected) = match self {
            Self::Number => (value.is_number(), "a number"),
            Self::Count => (value.as_u64().is_some(), "a whole number that is not negative"),
            Self::Text | Self::Pattern | Self::Format => (value.is_string(), "a text"),
            Self::Flag => (value.is_boolean(), "`true` or `false`"),
            Self::Texts => (texts(value), "a list of names"),
            Self::List => (value.as_array().is_some_and(|items| !items.is_empty()), "a list"),
            Self::TextsTable => {
                (value.as_object().is_some_and(|map| map.values().all(texts)), "names with lists of names")
            }
            Self::Schemas => (value.as_array().is_some_and(|items| !items.is_empty()), "a list of types"),
            Self::SchemaTable => (value.is_object(), "names with their types"),
            Self::Kind => (value.is_string() || texts(value), "the name of a kind of value"),
            Self::Schema | Self::Anything => (true, ""),
        };
        (!fits).then_some(expected)
    }
}
