//! `allow:` and backend events, which may be a word or more.

use std::borrow::Cow;

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::model::{Allow, BackendEvent, BackendSteps, Rule};
use crate::read::{FromNode, Reader};
use crate::suggest::suggest;
use crate::tree::{Kind, Node, Text};

impl FromNode for Allow {
    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Str(word) if word == ANYONE => Some(Self::Anyone),
            Kind::Str(word) => {
                cx.tell(not_anyone(node, word));
                None
            }
            Kind::Map(_) => Rule::from_node(node, cx).map(|rule| Self::Rules(vec![rule])),
            Kind::Seq(items) => match items.iter().find(|item| item.as_str() == Some(ANYONE)) {
                Some(_) => {
                    cx.tell(anyone_in_list(node));
                    None
                }
                None => Vec::from_node(node, cx).map(Self::Rules),
            },
            _ => {
                cx.wrong_kind::<Self>(node);
                None
            }
        }
    }

    fn expects() -> Cow<'static, str> {
        "`anyone`, or a list of rules".into()
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = Rule::schema(generator);
        json_schema!({ "anyOf": [{ "const": ANYONE }, rule, { "type": "array", "items": rule }] })
    }
}

const ANYONE: &str = "anyone";

fn anyone_in_list(node: &Node) -> Diagnostic {
    let told = Diagnostic::error(codes::UNKNOWN_WORD, node.span, "`anyone` is not one rule among others");
    told.help("beside `anyone`, other rules would change nothing").fix(node.span, ANYONE, "write it alone")
}

fn not_anyone(node: &Node, word: &str) -> Diagnostic {
    let told =
        Diagnostic::error(codes::UNKNOWN_WORD, node.span, format!("`allow:` is `anyone` or rules, not `{word}`"));
    match suggest(word, [ANYONE, "everyone", "all", "any", "public"]) {
        Some(_) => told.fix(node.span, ANYONE, "did you mean `anyone`?"),
        None if ["everyone", "all", "any", "public"].contains(&word) => {
            told.fix(node.span, ANYONE, "did you mean `anyone`?")
        }
        None => told.help("a rule is a map, such as `{ roles: [TEACHER] }` or `{ check: teaches_class }`"),
    }
}

impl FromNode for BackendEvent {
    fn from_node(node: &Node, cx: &mut Reader<'_>) -> Option<Self> {
        match node.kind {
            Kind::Map(_) => BackendSteps::from_node(node, cx).map(|steps| Self::Full(Box::new(steps))),
            Kind::Seq(_) => {
                cx.wrong_kind::<Self>(node);
                None
            }
            _ => Text::from_node(node, cx).map(Self::Relay),
        }
    }

    fn expects() -> Cow<'static, str> {
        "the name of a server event, or a map with `do:`".into()
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, BackendSteps::schema(generator)] })
    }
}
