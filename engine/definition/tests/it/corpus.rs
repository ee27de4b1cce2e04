//! Editors and the engine agree: the JSON Schema accepts what the reader accepts, and refuses the shapes it refuses.

use homeroom_definition::{Diagnostics, Sources, parse, schema, yaml};
use serde_json::Value;

use crate::accepted;

fn validator() -> jsonschema::Validator {
    jsonschema::options().build(&schema::definition_schema()).expect("the schema is one")
}

/// The file as an editor's checker sees it, and whether the reader told anything about it.
fn read(text: &str) -> (Value, bool) {
    let mut sources = Sources::new();
    let id = sources.add("file.yaml", text);
    let mut diags = Diagnostics::new();
    let tree = yaml::read(&sources, id, &mut diags).map(|tree| tree.to_json()).unwrap_or_default();
    let _ = parse(&sources, id, &mut diags);
    (tree, diags.is_empty())
}

#[test]
fn the_schema_is_valid_itself() {
    assert!(jsonschema::meta::is_valid(&schema::definition_schema()));
}

#[test]
fn good_files_are_accepted_by_both() {
    let validator = validator();
    for (name, text) in accepted::files() {
        let (tree, quiet) = read(&text);
        assert!(quiet, "{name}");
        let errors: Vec<String> = validator.iter_errors(&tree).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn small_forms_are_judged_alike() {
    let validator = validator();
    let forms = [
        ("namespace: /a", true),
        ("namspace: /a", false),
        ("namespace: [a]", false),
        ("imports: a.yaml", true),
        ("imports: [a.yaml, b.yaml]", true),
        ("imports: { a: b }", false),
        ("connect: { roles: TEACHER, when: true }", true),
        ("connect: { role: TEACHER }", false),
        ("queries: { q: { sql: select 1, max_rows: 5 } }", true),
        ("queries: { q: { cache: 5s } }", false),
        ("queries: { q: { sql: select 1, chache: 5s } }", false),
        ("rooms: { hall: { allow: anyone } }", true),
        ("rooms: { hall: { allow: anyon } }", false),
        ("rooms: { hall: { allow: { roles: [A] } } }", true),
        ("rooms: { hall: { allow: [{ roles: [A] }, { in: hall }] } }", true),
        ("rooms: { hall: { allow: [{ rolls: [A] }] } }", false),
        ("rooms: { hall: { allow: [anyone] } }", false),
        ("connect: { do: [{ emit: a, to: sender }] }", true),
        ("connect: { do: [{ emit: a, too: sender }] }", false),
        ("connect: { do: [{ put: a, to: sender }] }", false),
        ("connect: { do: [{ put: a, emit: b }] }", false),
        ("connect: { do: [{ to: sender }] }", false),
        ("connect: { do: { emit: a } }", false),
        ("connect: { do: [{ when: a, do: [{ refuse: NO }] }] }", true),
        ("connect: { do: [{ do: [] }] }", true),
        ("connect: { do: [{ when: a }] }", false),
        ("connect: { do: [emit] }", false),
        ("connect: { do: [{ let: { a: 1, b: <c> } }] }", true),
        ("backend_events: { a: a, b: { do: [{ emit: a }] } }", true),
        ("backend_events: { a: [a] }", false),
        ("server_events: { a: { views: [{ roles: A, omit: [b] }] } }", true),
        ("server_events: { a: { views: { roles: A } } }", false),
        ("types: { A: { type: string }, B: 5, C: null }", true),
        ("errors: { LATE: It is late, 404: Not there }", true),
        ("errors: { LATE: [a] }", false),
        ("errors: [a]", false),
    ];
    for (text, good) in forms {
        let (tree, quiet) = read(text);
        assert_eq!(quiet, good, "the reader on {text}");
        assert_eq!(validator.is_valid(&tree), good, "the schema on {text}");
    }
}
