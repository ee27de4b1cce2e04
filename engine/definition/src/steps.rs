//! Steps: the verb present decides what a step is read as.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::model::*;
use crate::read::{FromNode, Reader, Record};
use crate::records::list_of;
use crate::source::Span;
use crate::suggest::suggest;
use crate::tree::{Kind, Node, Text};

/// A verb: the key that makes a step what it is.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    read: fn(&Node, &mut Reader<'_>) -> Option<Step>,
    schema: fn(&mut SchemaGenerator) -> Schema,
    fields: fn() -> Vec<crate::read::Field>,
}

macro_rules! verbs {
    ($($name:literal $variant:ident($record:ident),)+) => {
        /// Every verb, in the order of the reference.
        pub(crate) const VERBS: &[Verb] = &[$(Verb {
            name: $name,
            read: |node, cx| $record::from_node(node, cx).map(Step::$variant),
            schema: |generator| verb_schema::<$record>(generator, $name),
            fields: $record::fields,
        }),+];

        impl Step {
            /// Where it stands.
            pub fn span(&self) -> Span {
                match self {
                    $(Self::$variant(step) => step.span,)+
                    Self::Block(step) => step.span,
                }
            }

            /// Its verb; a block has none and is told as `do`.
            pub fn verb(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                    Self::Block(_) => BLOCK_KEY,
                }
            }
        }
    };
}

/// The key that makes a step without a verb a block.
const BLOCK_KEY: &str = "do";

verbs! {
    "join" Join(JoinStep),
    "leave" Leave(LeaveStep),
    "emit" Emit(EmitStep),
    "put" Put(PutStep),
    "get" Get(GetStep),
    "add" Add(AddStep),
    "push" Push(PushStep),
    "increment" Increment(IncrementStep),
    "all" All(AllStep),
    "has" Has(HasStep),
    "count" Count(CountStep),
    "clear" Clear(ClearStep),
    "take" Take(TakeStep),
    "query" Query(QueryStep),
    "execute" Execute(ExecuteStep),
    "each" Each(EachStep),
    "let" Let(LetStep),
    "call" Call(CallStep),
    "refuse" Refuse(RefuseStep),
}

fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

fn verb_names() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|verb| verb.name)
}

/// The record's schema, with the verb's own key required.
fn verb_schema<R: Record>(generator: &mut SchemaGenerator, name: &str) -> Schema {
    let mut schema = R::json_schema(generator);
    schema.insert("required".to_owned(), vec![name].into());
    schema.insert("title".to_owned(), name.into());
    schema
}

impl FromNode for Step {
    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            cx.tell(not_a_step(node));
            return None;
        };
        let verbs: Vec<(&Text, &Verb)> =
            entries.iter().filter_map(|(key, _)| verb(key).map(|verb| (key, verb))).collect();
        match verbs.as_slice() {
            [] => block(node, entries, cx),
            [(_, verb)] => (verb.read)(&without_foreign_keys(node, entries, verb, cx), cx),
            [(first, _), (second, _), ..] => {
                cx.tell(several_verbs(first, second));
                None
            }
        }
    }

    fn expects() -> Cow<'static, str> {
        "a step".into()
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Self>()
    }
}

impl JsonSchema for Step {
    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut forms: Vec<Schema> = VERBS.iter().map(|verb| (verb.schema)(generator)).collect();
        forms.push(verb_schema::<BlockStep>(generator, BLOCK_KEY));
        json_schema!({ "description": "One step: a verb with what belongs to it, or a block.", "anyOf": forms })
    }
}

fn block(node: &Node, entries: &[(Text, Node)], cx: &mut Reader<'_>) -> Option<Step> {
    if let Some((key, meant)) = entries.iter().find_map(|(key, _)| meant_verb(key).map(|meant| (key, meant))) {
        cx.tell(
            Diagnostic::error(codes::NO_VERB, key.span, format!("there is no verb `{key}`")).label("unknown verb").fix(
                key.span,
                meant,
                format!("did you mean `{meant}`?"),
            ),
        );
        return None;
    }
    if entries.iter().any(|(key, _)| key.value == BLOCK_KEY) {
        return BlockStep::from_node(node, cx).map(Step::Block);
    }
    let span = entries.first().map_or(node.span, |(key, _)| key.span);
    cx.tell(
        Diagnostic::error(codes::NO_VERB, span, "this step has no verb")
            .label("says nothing to do")
            .help(format!("the verbs are {}; several steps under one `when:` stand in a `do:`", list_of(verb_names()))),
    );
    None
}

/// The verb that a key of a step without verb most likely stands for.
fn meant_verb(key: &str) -> Option<&'static str> {
    let is_known = BlockStep::fields().iter().any(|field| field.key == key) || !owners_of(key).is_empty();
    if is_known {
        return None;
    }
    let synonym = SYNONYMS.iter().find(|(_, others)| others.contains(&key)).map(|(verb, _)| *verb);
    synonym.or_else(|| suggest(key, verb_names()))
}

/// What other systems call these verbs.
const SYNONYMS: [(&str, &[&str]); 12] = [
    ("emit", &["send", "broadcast", "publish"]),
    ("join", &["enter", "subscribe"]),
    ("leave", &["exit", "unsubscribe"]),
    ("put", &["set", "save", "store", "write"]),
    ("take", &["delete", "remove", "pop"]),
    ("get", &["read", "fetch"]),
    ("push", &["append"]),
    ("increment", &["incr", "decrement"]),
    ("each", &["for", "foreach", "loop"]),
    ("execute", &["insert", "update", "exec"]),
    ("call", &["run", "invoke"]),
    ("refuse", &["reject", "deny", "throw", "fail"]),
];

fn not_a_step(node: &Node) -> Diagnostic {
    let told = crate::read::wrong_kind(node, "a step");
    match node.as_str().and_then(verb) {
        Some(verb) => told.help(format!("write `- {}: ...`", verb.name)),
        None => told.help("a step is a verb with its object, such as `- emit: grade.posted`"),
    }
}

fn several_verbs(first: &Text, second: &Text) -> Diagnostic {
    Diagnostic::error(
        codes::SEVERAL_VERBS,
        second.span,
        format!("a step has one verb, and this has `{first}` and `{second}`"),
    )
    .label("a second verb")
    .related(first.span, "the first verb")
    .help(format!("begin a step of its own: `- {second}: ...`"))
}

/// Tells the keys that other verbs have and this one has not, and leaves them out.
fn without_foreign_keys<'n>(
    node: &'n Node,
    entries: &[(Text, Node)],
    verb: &Verb,
    cx: &mut Reader<'_>,
) -> Cow<'n, Node> {
    let own = (verb.fields)();
    let mut kept = entries.to_vec();
    kept.retain(|(key, _)| {
        let owners = if own.iter().any(|field| field.key == key.value) { vec![] } else { owners_of(key) };
        if !owners.is_empty() {
            cx.tell(foreign_key(key, verb, &owners, own.iter().map(|field| field.key)));
        }
        owners.is_empty()
    });
    if kept.len() == entries.len() {
        return Cow::Borrowed(node);
    }
    Cow::Owned(Node { kind: Kind::Map(kept), ..node.clone() })
}

fn owners_of(key: &str) -> Vec<&'static str> {
    let has_key = |verb: &&Verb| (verb.fields)().iter().any(|field| field.key == key);
    VERBS.iter().filter(has_key).map(|verb| verb.name).collect()
}

fn foreign_key<'k>(key: &Text, verb: &Verb, owners: &[&str], own: impl Iterator<Item = &'k str>) -> Diagnostic {
    let owners = list_of(owners.iter().copied());
    Diagnostic::error(codes::UNKNOWN_KEY, key.span, format!("`{key}:` belongs to {owners}, not to `{}`", verb.name))
        .label("of another verb")
        .help(format!("`{}` takes {}", verb.name, list_of(own)))
}
