//! Small namespaces, and what is exported of them: the module, and the page to read.

use std::path::{Path, PathBuf};

use homeroom_definition::{Diagnostics, Sources, parse};
use homeroom_export::contracts;
use homeroom_plan::{Identity, Input, Parsed, Plan, compile};
use serde_json::json;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

pub(crate) fn plan(path: &str, text: &str) -> Plan {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add(path, text);
    let file = parse(&sources, source, &mut diagnostics);
    let identity = Identity {
        schema: json!({
            "type": "object", "required": ["id", "role"],
            "properties": { "id": { "type": "string" }, "role": { "enum": ["TEACHER", "STUDENT"] } }
        }),
        roles: vec!["TEACHER".into(), "STUDENT".into()],
    };
    let files: Vec<Parsed> = file.into_iter().map(|file| Parsed { source, file, imports: Vec::new() }).collect();
    let input = Input { sources: &sources, files: &files, hooks: &[], identity: &identity };
    let plan = compile(&input, &mut diagnostics);
    let told: Vec<String> = diagnostics.sorted().iter().map(|told| format!("{} {}", told.code, told.message)).collect();
    plan.unwrap_or_else(|| panic!("{path}: {told:#?}"))
}

#[test]
fn each_case_is_exported_as_it_stands_beside_it() {
    let is_update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 20, "{} cases", cases.len());
    let mut differing = Vec::new();
    for case in cases {
        let text = std::fs::read_to_string(&case).expect("a case");
        let plan = plan(&case.file_name().unwrap_or_default().to_string_lossy(), &text);
        for document in contracts(&plan) {
            let ending = match document.path.as_str() {
                "a/a.ts" => "ts",
                "a/README.md" => "md",
                _ => continue,
            };
            let beside = case.with_extension(ending);
            if is_update {
                std::fs::write(&beside, &document.text).expect("it can be written");
            } else if std::fs::read_to_string(&beside).ok().as_ref() != Some(&document.text) {
                differing.push(beside);
            }
        }
    }
    assert!(differing.is_empty(), "{differing:#?} differ; run again with UPDATE_EXPECT=1 and read them");
}

#[test]
fn a_contract_changes_with_what_clients_depend_on_and_with_nothing_else() {
    let digest = |text: &str| homeroom_export::digests(&plan("a.yaml", text))[0].1.clone();
    let one = "namespace: /a\nclient_events:\n  e: { roles: [TEACHER], payload: { fields: { a: integer } } }\n";
    let others = |from: &str, to: &str| digest(&one.replace(from, to));
    assert_eq!(others("[TEACHER]", "[TEACHER, STUDENT]"), digest(one), "who may is no part of it");
    assert_eq!(others("namespace: /a\n", "namespace: /a\n# a comment\n"), digest(one));
    assert_ne!(others("a: integer", "a: number"), digest(one));
    assert_ne!(others("a: integer", "b: integer"), digest(one));
    assert_ne!(others("} } }", "} }, ack: 1 }"), digest(one));
}
