//! Diagnostics for programs. The shape is a promise: keys are added, never renamed.

use serde_json::{Value, json};

use super::{Region, region};
use crate::diagnostic::{Diagnostic, Fix, Severity};
use crate::source::{Position, Sources, Span};

/// All of `diagnostics` as one document:
///
/// ```json
/// { "errors": 1, "warnings": 0, "diagnostics": [{
///     "code": "HR0110", "severity": "error", "message": "...", "label": "...",
///     "path": "a.yaml", "range": { "start": { "line": 1, "column": 3 }, "end": { "line": 1, "column": 9 } },
///     "bytes": { "start": 2, "end": 8 },
///     "related": [{ "path": "...", "range": {}, "bytes": {}, "message": "..." }],
///     "helps": ["..."],
///     "fix": { "path": "...", "range": {}, "bytes": {}, "replacement": "...", "title": "..." }
/// }] }
/// ```
///
/// Lines and columns count from 1, columns in characters; `end` is exclusive. `fix` is null where there is none.
pub fn json(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let errors = diagnostics.iter().filter(|item| item.is_error()).count();
    let told: Vec<Value> = diagnostics.iter().map(|item| diagnostic(item, sources)).collect();
    json!({ "errors": errors, "warnings": diagnostics.len() - errors, "diagnostics": told })
}

fn diagnostic(item: &Diagnostic, sources: &Sources) -> Value {
    let related: Vec<Value> =
        item.related.iter().map(|(span, words)| with_place(json!({ "message": words }), sources, *span)).collect();
    let told = json!({
        "code": item.code,
        "severity": severity(item.severity),
        "message": item.message,
        "label": item.label,
        "related": related,
        "helps": item.helps,
        "fix": item.fix.as_ref().map(|fix| self::fix(fix, sources)),
    });
    with_place(told, sources, item.span)
}

fn fix(fix: &Fix, sources: &Sources) -> Value {
    with_place(json!({ "replacement": fix.replacement, "title": fix.title }), sources, fix.span)
}

fn with_place(mut value: Value, sources: &Sources, span: Span) -> Value {
    let Region { path, start, end, span } = region(sources, span);
    value["path"] = path.into();
    value["range"] = json!({ "start": position(start), "end": position(end) });
    value["bytes"] = json!({ "start": span.start, "end": span.end });
    value
}

fn position(position: Position) -> Value {
    json!({ "line": position.line, "column": position.column })
}

/// The word for a severity, the same in every format.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
