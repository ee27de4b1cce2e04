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
    assert!(
        told.contains("there is no file `n/common.yaml`") && told.contains("did you mean `n/commn.yaml`?"),
        "{told}"
    );
}

#[tokio::test]
async fn an_import_cannot_leave_the_folder() {
    let outside = "namespace: /a\nimports: [../../../../etc/passwd]\nclient_events: { e: { allow: anyone } }\n";
    assert!(told(&[("n/a/namespace.yaml", outside)]).await.contains("there is no file `etc/passwd`"));
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
