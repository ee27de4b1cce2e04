//! From files to a plan.

use homeroom_cli::load::{Files, load};
use homeroom_cli::settings::Environment;
use homeroom_definition::render::{Look, text};
use homeroom_runtime::Hooks;

const GOOD: &str = "namespace: /a\nimports: [../common.yaml]\nclient_events: { e: { allow: anyone, payload: T } }\n";
const COMMON: &str = "types: { T: { fields: { a: string } } }\n";

async fn told(files: &[(&str, &str)]) -> String {
    let loaded = load(&Files::embedded(files), None, &Environment::default(), &Hooks::new()).await;
    text(&loaded.diagnostics.sorted(), &loaded.sources, Look::Plain)
}

#[tokio::test]
async fn imports_are_found_beside_the_file_that_names_them() {
    assert_eq!(told(&[("n/common.yaml", COMMON), ("n/a/namespace.yaml", GOOD)]).await, "");
}

#[tokio::test]
async fn a_missing_import_is_told_with_what_was_meant() {
    let told = told(&[("n/commn.yaml", COMMON), ("n/a/namespace.yaml", GOOD)]).await;
    assert!(told.contains("there is no file `n/common.yaml`"), "{told}");
    assert!(told.contains("n/a/namespace.yaml:2:11") && told.contains("did you mean `../commn.yaml`?"), "{told}");
    assert!(told.contains("+ imports: [../commn.yaml]"), "what is proposed is what the author would write: {told}");
}

#[tokio::test]
async fn an_import_cannot_leave_the_folder() {
    for path in ["../../common.yaml", "../../../../etc/passwd", "/n/common.yaml"] {
        let leaving = format!("namespace: /a\nimports: [{path}]\nclient_events: {{ e: {{ allow: anyone }} }}\n");
        let told = told(&[("common.yaml", COMMON), ("a/namespace.yaml", &leaving)]).await;
        assert!(told.contains("this leads out of the folder that is served"), "{path}: {told}");
    }
}

#[tokio::test]
async fn the_database_looks_at_every_statement() {
    let settings = "identity: { fields: { id: string, role: { enum: [T] } } }\ndatabase: { demo: demo.sql }\n";
    let namespace = "namespace: /a\nqueries:\n  q: { sql: 'select 1 from no_such_table where id = :user.id' }\n  r: { sql: 'select id from t where id = :user.id', returns: { fields: { name: string } } }\n\
                     client_events: { e: { allow: anyone, do: [{ query: q }, { query: r }] } }\n";
    let told = told(&[
        ("homeroom.yaml", settings),
        ("demo.sql", "create table t (id text);"),
        ("a/namespace.yaml", namespace),
    ])
    .await;
    assert!(told.contains("no such table: no_such_table") && told.contains("a/namespace.yaml:3:13"), "{told}");
    assert!(told.contains("this statement yields no column `name`"), "{told}");
}

#[tokio::test]
async fn files_without_a_namespace_are_told() {
    assert!(told(&[("common.yaml", COMMON)]).await.contains("no file here defines a namespace"));
}
