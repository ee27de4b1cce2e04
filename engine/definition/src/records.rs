//! `record!`: a struct of the language, from which reading it, its JSON Schema and its page of the reference follow.

use schemars::{Schema, json_schema};
use serde_json::{Map, Value};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::read::{Field, FromNode, Reader, Record, missing_key, prose};
use crate::source::Span;
use crate::suggest::suggest;
use crate::tree::{Kind, Node, Text};

/// Makes a struct of the language: `"key" field: Type` for each key, with doc comments for the author.
///
/// The struct gets a `span`, [`FromNode`], [`Record`] and `JsonSchema`. A key whose type has no
/// [`absent`](FromNode::absent) value must be there.
#[macro_export]
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident {
            $($(#[doc = $field_doc:literal])+ $key:literal $field:ident: $type:ty,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[doc = $field_doc])+ pub $field: $type,)+
            /// Where it stands.
            pub span: $crate::Span,
        }

        impl $crate::read::FromNode for $name {
            fn from_node(node: &$crate::tree::Node, cx: &mut $crate::read::Reader<'_>) -> Option<Self> {
                let entries = $crate::records::Entries::new::<Self>(node, cx)?;
                $(let $field = entries.read::<$type>($key, cx);)+
                Some(Self { $($field: $field?,)+ span: node.span })
            }

            fn empty(span: $crate::Span) -> Option<Self> {
                Some(Self { $($field: <$type as $crate::read::FromNode>::absent()?,)+ span })
            }

            fn expects() -> std::borrow::Cow<'static, str> {
                $crate::records::words_of(<Self as $crate::read::Record>::NAME).into()
            }

            fn schema(generator: &mut $crate::schemars::SchemaGenerator) -> $crate::schemars::Schema {
                generator.subschema_for::<Self>()
            }
        }

        impl $crate::read::Record for $name {
            const NAME: &'static str = stringify!($name);
            const DOC: &'static [&'static str] = &[$($doc),+];

            fn fields() -> Vec<$crate::read::Field> {
                vec![$($crate::read::Field {
                    key: $key,
                    doc: &[$($field_doc),+],
                    expects: <$type as $crate::read::FromNode>::expects(),
                    required: <$type as $crate::read::FromNode>::absent().is_none(),
                }),+]
            }
        }

        impl $crate::schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut $crate::schemars::SchemaGenerator) -> $crate::schemars::Schema {
                let schemas = vec![$(<$type as $crate::read::FromNode>::schema(generator)),+];
                $crate::records::schema_of::<Self>(schemas)
            }
        }
    };
}

/// The entries of a map that is read as a record.
#[derive(Debug)]
pub struct Entries<'n> {
    entries: &'n [(Text, Node)],
    span: Span,
    name: String,
    fields: Vec<Field>,
}

impl<'n> Entries<'n> {
    /// The entries of `node`; tells if it is no map, and every key that `R` does not have.
    pub fn new<R: Record>(node: &'n Node, cx: &mut Reader<'_>) -> Option<Self> {
        let entries = match &node.kind {
            Kind::Map(entries) => entries.as_slice(),
            _ => {
                cx.wrong_kind::<R>(node);
                return None;
            }
        };
        let fields = R::fields();
        for (key, _) in entries {
            if !fields.iter().any(|field| field.key == key.value) {
                cx.tell(unknown_key(key, &R::expects(), &fields));
            }
        }
        let expects = R::expects();
        let name = expects.strip_prefix("a ").or_else(|| expects.strip_prefix("an ")).unwrap_or(&expects);
        Some(Self { entries, span: node.span, name: name.to_owned(), fields })
    }

    /// The value under `key`. What cannot be read is told, and is as if absent, so that the rest is still read.
    pub fn read<T: FromNode>(&self, key: &'static str, cx: &mut Reader<'_>) -> Option<T> {
        match self.entries.iter().find(|(name, _)| name.value == key) {
            Some((name, node)) => cx.value(name, node).or_else(T::absent),
            None => T::absent().or_else(|| {
                let doc = self.fields.iter().find(|field| field.key == key).map_or(&[][..], |field| field.doc);
                cx.tell(missing_key(self.span, &self.name, key, doc));
                None
            }),
        }
    }
}

fn unknown_key(key: &Text, record: &str, fields: &[Field]) -> Diagnostic {
    let keys = || fields.iter().map(|field| field.key);
    let told = Diagnostic::error(codes::UNKNOWN_KEY, key.span, format!("{record} has no key `{key}`"));
    match suggest(key, keys()) {
        Some(meant) => told.label("unknown key").fix(key.span, meant, format!("did you mean `{meant}`?")),
        None => told.label("unknown key").help(format!("the keys are {}", list_of(keys()))),
    }
}

/// "`a`, `b` and `c`"
pub(crate) fn list_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The name of a record in a sentence: `ClientEvent` is "a client event", `EmitStep` "an emit step".
#[doc(hidden)]
pub fn words_of(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    let article = if words.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {words}")
}

/// A closed object with a description on every key, from the schemas of the keys in order.
#[doc(hidden)]
pub fn schema_of<R: Record>(schemas: Vec<Schema>) -> Schema {
    let fields = R::fields();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    let properties: Map<String, Value> =
        fields.iter().zip(schemas).map(|(field, schema)| (field.key.to_owned(), described(schema, field))).collect();
    let mut schema = json_schema!({
        "description": prose(R::DOC),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

fn described(mut schema: Schema, field: &Field) -> Value {
    schema.insert("description".to_owned(), prose(field.doc).into());
    schema.to_value()
}
