//! Types that lead back to themselves without ever going inside of a value: they say nothing.

use serde_json::Value;

use super::Types;
use super::keywords::{Takes, known};

/// Whether the type `name` is described by nothing but itself: `A: B` with `B: A`, or `A: { allOf: [A, Other] }`. One that
/// holds itself inside, as a tree does, is none.
pub(super) fn is_circle(name: &str, types: &Types) -> bool {
    let (mut seen, mut waiting) = (Vec::new(), same_value(types.get(name)));
    while let Some(next) = waiting.pop() {
        if next == name {
            return true;
        }
        if !seen.contains(&next) {
            seen.push(next);
            waiting.extend(same_value(types.get(next)));
        }
    }
    false
}

/// The types that a type names for the same value.
fn same_value(written: Option<&Value>) -> Vec<&str> {
    match written {
        Some(Value::String(name)) => vec![name],
        Some(Value::Object(map)) => map
            .iter()
            .flat_map(|(key, value)| match (known(key).map(|keyword| keyword.takes), value) {
                (Some(Takes::Branch), _) => same_value(Some(value)),
                (Some(Takes::Branches), Value::Array(all)) => {
                    all.iter().flat_map(|one| same_value(Some(one))).collect()
                }
                (Some(Takes::BranchTable), Value::Object(all)) => {
                    all.values().flat_map(|one| same_value(Some(one))).collect()
                }
                _ => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}
