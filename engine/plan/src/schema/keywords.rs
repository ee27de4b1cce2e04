//! The keywords of JSON Schema 2020-12: what each takes, and which values it says something about.

use serde_json::Value;

/// What a keyword takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// A schema for what is inside of the value.
    Schema,
    /// A list of them.
    Schemas,
    /// A map from names to them.
    SchemaTable,
    /// A further schema for the same value.
    Branch,
    /// A list of them.
    Branches,
    /// A map from names to them.
    BranchTable,
    /// The name of a kind of JSON value, or a list of them.
    Kind,
    /// A number.
    Number,
    /// A number above zero.
    Step,
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

/// The kind of values that a keyword says something about; of all others it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Values of every kind.
    All,
    Texts,
    Numbers,
    Lists,
    Objects,
}

/// A keyword.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) about: About,
}

const fn keyword(name: &'static str, takes: Takes, about: About) -> Keyword {
    Keyword { name, takes, about }
}

/// Every keyword that may be used. `$ref` and `$defs` are not among them: types are named.
pub(super) const KEYWORDS: &[Keyword] = &[
    keyword("type", Takes::Kind, About::All),
    keyword("enum", Takes::List, About::All),
    keyword("const", Takes::Anything, About::All),
    keyword("properties", Takes::SchemaTable, About::Objects),
    keyword("required", Takes::Texts, About::Objects),
    keyword("additionalProperties", Takes::Schema, About::Objects),
    keyword("patternProperties", Takes::SchemaTable, About::Objects),
    keyword("propertyNames", Takes::Schema, About::Objects),
    keyword("unevaluatedProperties", Takes::Schema, About::Objects),
    keyword("minProperties", Takes::Count, About::Objects),
    keyword("maxProperties", Takes::Count, About::Objects),
    keyword("dependentRequired", Takes::TextsTable, About::Objects),
    keyword("dependentSchemas", Takes::BranchTable, About::Objects),
    keyword("items", Takes::Schema, About::Lists),
    keyword("prefixItems", Takes::Schemas, About::Lists),
    keyword("unevaluatedItems", Takes::Schema, About::Lists),
    keyword("contains", Takes::Schema, About::Lists),
    keyword("minContains", Takes::Count, About::Lists),
    keyword("maxContains", Takes::Count, About::Lists),
    keyword("minItems", Takes::Count, About::Lists),
    keyword("maxItems", Takes::Count, About::Lists),
    keyword("uniqueItems", Takes::Flag, About::Lists),
    keyword("minLength", Takes::Count, About::Texts),
    keyword("maxLength", Takes::Count, About::Texts),
    keyword("pattern", Takes::Pattern, About::Texts),
    keyword("format", Takes::Format, About::Texts),
    keyword("contentEncoding", Takes::Text, About::Texts),
    keyword("contentMediaType", Takes::Text, About::Texts),
    keyword("contentSchema", Takes::Schema, About::Texts),
    keyword("minimum", Takes::Number, About::Numbers),
    keyword("maximum", Takes::Number, About::Numbers),
    keyword("exclusiveMinimum", Takes::Number, About::Numbers),
    keyword("exclusiveMaximum", Takes::Number, About::Numbers),
    keyword("multipleOf", Takes::Step, About::Numbers),
    keyword("oneOf", Takes::Branches, About::All),
    keyword("anyOf", Takes::Branches, About::All),
    keyword("allOf", Takes::Branches, About::All),
    keyword("not", Takes::Branch, About::All),
    keyword("if", Takes::Branch, About::All),
    keyword("then", Takes::Branch, About::All),
    keyword("else", Takes::Branch, About::All),
    keyword("title", Takes::Text, About::All),
    keyword("description", Takes::Text, About::All),
    keyword("examples", Takes::List, About::All),
    keyword("default", Takes::Anything, About::All),
    keyword("deprecated", Takes::Flag, About::All),
    keyword("readOnly", Takes::Flag, About::All),
    keyword("writeOnly", Takes::Flag, About::All),
    keyword("$comment", Takes::Text, About::All),
];

/// What may stand beside `fields:` and `optional:`: what describes the object, and what asks more of it.
pub(super) const BESIDE_FIELDS: &[&str] = &[
    "title",
    "description",
    "examples",
    "default",
    "deprecated",
    "$comment",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
];

/// The kinds of JSON values.
pub(super) const KINDS: &[&str] = &["string", "number", "integer", "boolean", "object", "array", "null"];

/// The formats that are checked. Those of names in all languages (`idn-email`) would take tables that nothing else needs.
pub(super) const FORMATS: &[&str] = &[
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "hostname",
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

/// The keyword of this name.
pub(super) fn known(name: &str) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

/// What to write instead of a word that people from elsewhere expect to be a keyword.
pub(super) fn instead_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "$ref" | "$defs" | "definitions" | "$id" | "$schema" | "$anchor" | "$dynamicRef" | "$dynamicAnchor"
        | "$vocabulary" => "types stand under `types:` and are named: `Grade`",
        "nullable" => "say `oneOf: [Grade, null]`, or `type: [string, null]`",
        "optional" => "a property that may be missing stands under `optional:`, beside `fields:`",
        "example" => "say `examples:`, a list",
        "dependencies" => "say `dependentRequired:` or `dependentSchemas:`",
        "additionalItems" => "say `items:`, with `prefixItems:` for the first ones",
        "regex" | "match" | "matches" => "say `pattern:`",
        "values" | "options" | "choices" => "say `enum:`",
        "min" => "say `minimum:`, `minLength:` or `minItems:`",
        "max" => "say `maximum:`, `maxLength:` or `maxItems:`",
        "length" => "say `minLength:` and `maxLength:`",
        _ => return None,
    })
}

impl Takes {
    /// What is expected instead of a value that cannot be taken; `None` if it can.
    pub(super) fn objection(self, value: &Value) -> Option<&'static str> {
        let texts = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
        let is_list = value.as_array().is_some_and(|items| !items.is_empty());
        let (fits, expected) = match self {
            Self::Number => (value.is_number(), "a number"),
            Self::Step => (value.as_f64().is_some_and(|step| step > 0.0), "a number above 0"),
            Self::Count => (value.as_u64().is_some(), "a whole number that is not negative"),
            Self::Text | Self::Pattern | Self::Format => (value.is_string(), "a text"),
            Self::Flag => (value.is_boolean(), "`true` or `false`"),
            Self::Texts => (texts(value), "a list of names"),
            Self::List => (is_list, "a list with something in it"),
            Self::TextsTable => {
                (value.as_object().is_some_and(|map| map.values().all(texts)), "names with lists of names")
            }
            Self::Schemas | Self::Branches => (is_list, "a list of types"),
            Self::SchemaTable | Self::BranchTable => (value.is_object(), "names with their types"),
            Self::Kind => (value.is_string() || (is_list && texts(value)), "the name of a kind of value"),
            Self::Schema | Self::Branch => (!value.is_null(), "a type"),
            Self::Anything => (true, ""),
        };
        (!fits).then_some(expected)
    }
}

impl About {
    /// Whether it says something about values of this kind, by the name that `type:` has for it.
    pub(super) fn covers(self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Texts => kind == "string",
            Self::Numbers => matches!(kind, "number" | "integer"),
            Self::Lists => kind == "array",
            Self::Objects => kind == "object",
        }
    }
}
