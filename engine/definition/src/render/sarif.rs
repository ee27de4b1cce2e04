//! Diagnostics as SARIF 2.1.0, which code hosts show beside the changed lines.

use serde_json::{Value, json};

use super::json::severity;
use super::{Region, region};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Fix};
use crate::source::{Sources, Span};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// All of `diagnostics` as a SARIF log with one run; `codes` are the lists of codes whose lines describe the rules.
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources, codes: &[&[Code]]) -> Value {
    let mut used: Vec<&str> = diagnostics.iter().map(|item| item.code).collect();
    used.sort_unstable();
    used.dedup();
    let rules: Vec<Value> = used.iter().map(|code| rule(code, codes)).collect();
    let results: Vec<Value> = diagnostics.iter().map(|item| result(item, &used, sources)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "homeroom", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &str, codes: &[&[Code]]) -> Value {
    let title = codes.iter().copied().flatten().find(|known| known.code == code).map_or(code, |known| known.title);
    json!({ "id": code, "shortDescription": { "text": title } })
}

fn result(item: &Diagnostic, used: &[&str], sources: &Sources) -> Value {
    let related: Vec<Value> = item
        .related
        .iter()
        .map(|(span, words)| {
            let mut place = location(sources, *span);
            place["message"] = json!({ "text": words });
            place
        })
        .collect();
    let mut told = json!({
        "ruleId": item.code,
        "ruleIndex": used.binary_search(&item.code).unwrap_or_default(),
        "level": severity(item.severity),
        "message": { "text": sentence(item) },
        "locations": [location(sources, item.span)],
    });
    if !related.is_empty() {
        told["relatedLocations"] = related.into();
    }
    if let Some(fix) = &item.fix {
        told["fixes"] = json!([change(fix, sources)]);
    }
    told
}

/// The message with its helps, since SARIF has no place of its own for them.
fn sentence(item: &Diagnostic) -> String {
    std::iter::once(&item.message).chain(&item.helps).cloned().collect::<Vec<_>>().join("; ")
}

fn location(sources: &Sources, span: Span) -> Value {
    let region = region(sources, span);
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri(region.path) }, "region": area(&region) } })
}

fn area(region: &Region<'_>) -> Value {
    json!({
        "startLine": region.start.line,
        "startColumn": region.start.column,
        "endLine": region.end.line,
        "endColumn": region.end.column,
        "byteOffset": region.span.start,
        "byteLength": region.span.len(),
    })
}

fn change(fix: &Fix, sources: &Sources) -> Value {
    let region = region(sources, fix.span);
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(region.path) },
            "replacements": [{ "deletedRegion": area(&region), "insertedContent": { "text": fix.replacement } }],
        }],
    })
}

/// A path as a URI reference: bytes that may not stand in one are written `%XX`.
fn uri(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut uri, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
        uri
    })
}
