//! Where in the author's files a part of a type stands.

use homeroom_definition::{Node, Span};
use indexmap::IndexMap;

use super::differences::Segment;

/// How many names of types are followed.
const FOLLOWED_MAX: usize = 32;

/// The types that are declared, by name.
pub(crate) type Declarations<'a> = IndexMap<&'a str, &'a Node>;

/// The place of what is at `path` of values of the type `node`: as near to it as the author's notation allows.
pub(crate) fn place(node: &Node, path: &[Segment], types: &Declarations<'_>) -> Span {
    let mut at = followed(node, types);
    let mut span = node.span;
    for segment in path {
        let Some((place, next)) = step(at, segment) else { return span };
        span = place;
        at = followed(next, types);
    }
    span
}

fn followed<'a>(mut node: &'a Node, types: &Declarations<'a>) -> &'a Node {
    for _ in 0..FOLLOWED_MAX {
        match node.as_str().and_then(|name| types.get(name)) {
            Some(declared) => node = declared,
            None => break,
        }
    }
    node
}

fn step<'a>(node: &'a Node, segment: &Segment) -> Option<(Span, &'a Node)> {
    match segment {
        Segment::Field(name) => ["fields", "optional", "properties"].iter().find_map(|table| {
            let (key, value) = node.get(table)?.as_map()?.iter().find(|(key, _)| key.value == *name)?;
            Some((key.span, value))
        }),
        Segment::Items => {
            let item = node.as_seq().and_then(<[Node]>::first).or_else(|| node.get("items"))?;
            Some((item.span, item))
        }
        Segment::Item(index) => {
            let item = node.get("prefixItems")?.as_seq()?.get(*index)?;
            Some((item.span, item))
        }
        Segment::Others => node.get("additionalProperties").map(|node| (node.span, node)),
    }
}
