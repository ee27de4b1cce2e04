//! Changes for programs. The shape is a promise: keys are added, never renamed.

use homeroom_definition::{Sources, Span};
use serde_json::{Value, json};

use crate::diff::change::{Act, Change, Detail, Effect, Place};

/// All changes as one document:
///
/// ```json
/// { "changes": [{ "namespace": "/gradebook", "thing": "room", "name": "class:<classId>", "act": "changed", "place": {},
///     "details": [{ "effect": "wider", "words": "...", "place": { "side": "new", "path": "...", "line": 1, "column": 3 } }]
///   }], "summary": { "added": 0, "changed": 1, "removed": 0, "wider": 1, "narrower": 0, "unclear": 0 } }
/// ```
///
/// Lines and columns count from 1, columns in characters; `place` is null where there is none.
#[must_use]
pub fn json(changes: &[Change], old: &Sources, new: &Sources) -> Value {
    let acts = |act: Act| changes.iter().filter(|change| change.act == act).count();
    let effects = |effect: Effect| {
        changes.iter().flat_map(|change| &change.details).filter(|detail| detail.effect == effect).count()
    };
    json!({
        "changes": changes.iter().map(|change| one(change, old, new)).collect::<Vec<_>>(),
        "summary": {
            "added": acts(Act::Added), "changed": acts(Act::Changed), "removed": acts(Act::Removed),
            "wider": effects(Effect::Wider), "narrower": effects(Effect::Narrower), "unclear": effects(Effect::Unclear),
        },
    })
}

fn one(change: &Change, old: &Sources, new: &Sources) -> Value {
    let act = match change.act {
        Act::Added => "added",
        Act::Removed => "removed",
        Act::Changed => "changed",
    };
    json!({
        "namespace": &*change.namespace,
        "thing": change.noun.word(),
        "name": change.name,
        "act": act,
        "place": place(change.place, old, new),
        "details": change.details.iter().map(|detail| said(detail, old, new)).collect::<Vec<_>>(),
    })
}

fn said(detail: &Detail, old: &Sources, new: &Sources) -> Value {
    json!({ "effect": detail.effect.word(), "words": detail.words, "place": place(detail.place, old, new) })
}

fn place(place: Option<Place>, old: &Sources, new: &Sources) -> Value {
    let at = |side: &str, sources: &Sources, span: Span| {
        let position = sources.position(span.source, span.start);
        json!({ "side": side, "path": sources.path(span.source), "line": position.line, "column": position.column })
    };
    match place {
        Some(Place::Old(span)) => at("old", old, span),
        Some(Place::New(span)) => at("new", new, span),
        None => Value::Null,
    }
}
