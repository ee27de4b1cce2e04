//! A file of definitions, compiled, and its mistakes told.
#![no_main]

use std::sync::Arc;

use homeroom_definition::render::{Look, text};
use homeroom_definition::{Diagnostics, Sources, parse};
use homeroom_plan::{Identity, Input, Parsed, compile};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fn identity() -> Identity {
    let id = json!({ "type": "string", "maxLength": 64 });
    let roles = ["TEACHER", "STUDENT", "ADMIN"];
    let schema = json!({
        "type": "object",
        "properties": { "id": id, "role": { "enum": roles }, "name": id, "schoolId": id },
        "required": ["id", "role", "name"],
        "additionalProperties": false,
    });
    Identity { schema, roles: roles.iter().map(|role| Arc::from(*role)).collect() }
}

fuzz_target!(|input: &str| {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("fuzzed.yaml", input);
    let files: Vec<Parsed> = parse(&sources, source, &mut diagnostics)
        .map(|file| Parsed { source, file, imports: Vec::new() })
        .into_iter()
        .collect();
    let plan =
        compile(&Input { sources: &sources, files: &files, hooks: &[], identity: &identity() }, &mut diagnostics);
    assert!(plan.is_some() || diagnostics.has_errors(), "no plan, and nobody is told why");
    text(&diagnostics.sorted(), &sources, Look::Plain);
});
