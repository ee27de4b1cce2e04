//! A small district of files to compile, and what is told about them.

use std::sync::Arc;

use homeroom_definition::{Diagnostics, Severity, Sources, parse};
use homeroom_plan::{HookSignature, Identity, Input, Parsed, Plan, compile};
use serde_json::json;

/// What a compilation came to.
pub(crate) struct Compiled {
    pub(crate) plan: Option<Plan>,
    /// `code line:column message`, a line each, by place.
    pub(crate) told: Vec<String>,
}

impl Compiled {
    /// The plan; fails with what was told.
    pub(crate) fn plan(self) -> Plan {
        self.plan.unwrap_or_else(|| panic!("{}", self.told.join("\n")))
    }

    /// Fails unless exactly these codes were told, in the order of their places.
    pub(crate) fn tells(&self, codes: &[&str]) {
        let told: Vec<&str> = self.told.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(told, codes, "{}", self.told.join("\n"));
    }
}

/// The identity all tests have: id, role and name always, school and district perhaps.
pub(crate) fn identity() -> Identity {
    let text = json!({"type": "string", "maxLength": 64});
    let roles = ["TEACHER", "STUDENT", "ADMIN"];
    let schema = json!({
        "type": "object",
        "properties": {
            "id": text, "role": {"enum": roles}, "name": {"type": "string", "maxLength": 120}, "schoolId": text,
        },
        "required": ["id", "role", "name"],
        "additionalProperties": false,
    });
    Identity { schema, roles: roles.iter().map(|role| Arc::from(*role)).collect() }
}

fn hooks() -> Vec<HookSignature> {
    let input = json!({
        "type": "object", "properties": {"values": {"type": "array", "items": {"type": "number"}}}, "required": ["values"],
        "additionalProperties": false,
    });
    let output = json!({"type": "object", "properties": {"sum": {"type": "number"}}, "required": ["sum"]});
    vec![HookSignature { name: "add_up".into(), input, output }]
}

/// Compiles files that all import each other; the first line of each is its path after `# `.
pub(crate) fn compile_all(texts: &[&str]) -> Compiled {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let ids: Vec<_> = texts.iter().enumerate().map(|(n, text)| sources.add(format!("file{n}.yaml"), *text)).collect();
    let files: Vec<Parsed> = ids
        .iter()
        .filter_map(|&source| {
            let file = parse(&sources, source, &mut diagnostics)?;
            let shared = |&&other: &&_| other != source;
            Some(Parsed { source, file, imports: ids.iter().filter(shared).copied().collect() })
        })
        .collect();
    let identity = identity();
    let input = Input { sources: &sources, files: &files, hooks: &hooks(), identity: &identity };
    let plan = compile(&input, &mut diagnostics);
    let sorted = diagnostics.sorted();
    let told = sorted.iter().map(|told| {
        let at = sources.position(told.span.source, told.span.start);
        let sign = if told.severity == Severity::Warning { "~" } else { "" };
        format!("{}{sign} {}:{} {}", told.code, at.line, at.column, told.message)
    });
    Compiled { plan, told: told.collect() }
}

/// Compiles one file.
pub(crate) fn compiled(text: &str) -> Compiled {
    compile_all(&[text])
}
