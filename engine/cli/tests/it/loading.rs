//! From files to a plan.

use std::path::Path;

use homeroom_cli::load::{Files, Loaded, Purpose, load, load_for};
use homeroom_cli::settings::Environment;
use homeroom_definition::render::{Look, text};
use homeroom_runtime::Hooks;
use homeroom_store::sql::{Db, SqlLimits};

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

const SETTINGS: &str = "identity: { fields: { id: string, role: { enum: [T] } } }\ndatabase: { demo: demo.sql }\n";
const TABLES: &str = "create table t (id text, name text);";

/// A namespace with one query.
fn asking(query: &str) -> String {
    format!(
        "namespace: /a\nqueries:\n  q: {query}\nclient_events: {{ e: {{ allow: anyone, do: [{{ query: q }}] }} }}\n"
    )
}

async fn told_of(query: &str) -> String {
    told(&[("homeroom.yaml", SETTINGS), ("demo.sql", TABLES), ("a/namespace.yaml", &asking(query))]).await
}

/// Loaded for a purpose with the URL of a database, and what is told.
async fn for_purpose(purpose: Purpose, url: &str, settings: &str) -> (Loaded, String) {
    let files = Files::embedded(&[
        ("homeroom.yaml", settings),
        ("demo.sql", TABLES),
        ("a/namespace.yaml", &asking("{ sql: 'select 1 from t where id = :user.id' }")),
    ]);
    let environment = Environment::of([("DATABASE_URL".to_owned(), url.to_owned())]);
    let loaded = load_for(purpose, &files, None, &environment, &Hooks::new()).await;
    let told = text(&loaded.diagnostics.sorted(), &loaded.sources, Look::Plain);
    (loaded, told)
}

#[tokio::test]
async fn columns_that_are_not_yielded_are_told() {
    let query = |optional: &str| {
        format!(
            "{{ sql: 'select id, name from t where id = :user.id', returns: {{ fields: {{ id: string }}, optional: {{ {optional}: string }} }} }}"
        )
    };
    let told = told_of(&query("nam")).await;
    assert!(told.contains("warning[HR0803]: this statement yields no column `nam`"), "{told}");
    assert!(told.contains("did you mean `name`?"), "{told}");
    assert_eq!(told_of(&query("name")).await, "");
}

#[tokio::test]
async fn a_check_makes_no_database_and_is_content_with_the_demo() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("absent.db");
    let url = format!("sqlite:{}", path.display());
    let (loaded, told) = for_purpose(Purpose::Check, &url, SETTINGS).await;
    assert_eq!(told, "");
    assert!(loaded.note.is_some_and(|note| note.contains("`demo.sql`")));
    let (_, told) = for_purpose(Purpose::Test, &url, SETTINGS).await;
    assert_eq!(told, "");
    let (_, told) = for_purpose(Purpose::Check, &url, "identity: { fields: { id: string, role: string } }").await;
    assert!(told.contains("warning[HR1206]: no statement is checked"), "{told}");
    assert!(told.contains("environment variable DATABASE_URL") && !told.contains("absent.db"), "{told}");
    assert!(!path.exists(), "nothing was made");
}

#[tokio::test]
async fn a_check_asks_the_database_that_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("served.db").display());
    let db = Db::open(&url, SqlLimits::default()).await.expect("a database");
    db.script("create table other (id text)").await.expect("a table");
    let (loaded, told) = for_purpose(Purpose::Check, &url, SETTINGS).await;
    assert!(loaded.note.is_none());
    assert!(told.contains("the database refuses this statement") && told.contains("no such table: t"), "{told}");
}

#[tokio::test]
async fn what_is_served_needs_its_database() {
    let (loaded, told) = for_purpose(Purpose::Serve, "mysql://user:hush@there/it", SETTINGS).await;
    assert!(told.contains("error[HR1206]: the database cannot be opened") && told.contains("`mysql`"), "{told}");
    assert!(!told.contains("hush") && loaded.db.is_none(), "{told}");
}

#[tokio::test]
async fn a_demo_script_that_is_missing_or_wrong_is_told() {
    let namespace = asking("{ sql: 'select 1 where 1 = :user.id' }");
    let files = [("homeroom.yaml", SETTINGS), ("a/namespace.yaml", namespace.as_str())];
    let missing = told(&files).await;
    assert!(missing.contains("homeroom.yaml:2:19") && missing.contains("there is no file `demo.sql`"), "{missing}");
    let wrong = told(&[files[0], files[1], ("demo.sql", "create tabel t;")]).await;
    assert!(wrong.contains("the script `demo.sql` cannot be run") && wrong.contains("syntax error"), "{wrong}");
}

#[tokio::test]
async fn a_folder_without_settings_has_those_of_the_binary() {
    let folder = tempfile::tempdir().expect("a folder");
    let namespace = asking("{ sql: 'select 1 from nowhere where id = :user.id' }");
    std::fs::create_dir(folder.path().join("a")).expect("a folder");
    std::fs::write(folder.path().join("a/namespace.yaml"), &namespace).expect("a file");
    let embedded = [("homeroom.yaml", SETTINGS), ("demo.sql", TABLES), ("b/namespace.yaml", "namespace: /b")];
    let load_folder = async || {
        let files = Files::read(folder.path()).expect("files").or_settings_of(&embedded);
        load(&files, None, &Environment::default(), &Hooks::new()).await
    };
    let loaded = load_folder().await;
    let shown = text(&loaded.diagnostics.sorted(), &loaded.sources, Look::Plain);
    assert!(shown.contains("no such table: nowhere"), "the demo of the binary was asked: {shown}");
    assert_eq!(loaded.plan.map(|plan| plan.namespaces.len()), Some(1), "definitions do not come along");
    let own = "identity: { fields: { id: string, role: string } }";
    std::fs::write(folder.path().join("homeroom.yaml"), own).expect("a file");
    let loaded = load_folder().await;
    assert_eq!(text(&loaded.diagnostics.sorted(), &loaded.sources, Look::Plain), "", "its own are enough");
}

#[tokio::test]
async fn all_files_are_told_at_once() {
    let told = told(&[
        ("homeroom.yaml", "listn: {}\nidentity: { fields: { id: string, role: string } }"),
        ("a/namespace.yaml", "namespace: /a\nimports: [x.yaml]\nroms: {}\n"),
        ("b/namespace.yaml", "namespace: /b\ntypes: { T: sting }\n"),
    ])
    .await;
    let meant = ["`listen`", "`rooms`", "`string`"].map(|name| format!("did you mean {name}?"));
    for part in meant.iter().map(String::as_str).chain(["there is no file `a/x.yaml`"]) {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = |path: &Path| Files::read(path).err().unwrap_or_default();
    assert!(told(folder.path()).contains("there is no YAML file in"));
    assert!(told(&folder.path().join("absent")).contains("cannot be read"));
    std::fs::write(folder.path().join("bad.yaml"), [0xff, 0xfe]).expect("a file");
    assert!(told(folder.path()).contains("bad.yaml` cannot be read"));
}

#[tokio::test]
async fn what_services_may_publish_is_held_against_the_definitions() {
    let definition = "namespace: /a\nrooms: { class:<classId>: { allow: [{ when: 'true' }] } }\nclient_events: { e: { allow: anyone, do: \
                      [{ join: class:1 }] } }\nserver_events: { told: { to: class:<id>, payload: { fields: { id: string } } }, lost: {} }\n";
    let rules = |rules: &str| format!("redis: {{ url: 'redis://h', emitter: {{ allow: [{rules}] }} }}");
    let told = async |settings: String| told(&[("homeroom.yaml", &settings), ("a/namespace.yaml", definition)]).await;
    let good =
        told(rules("{ namespace: /a, events: told }, { namespace: /a, events: [lost], rooms: ['class:<classId>'] }"))
            .await;
    assert!(!good.contains("homeroom.yaml"), "{good}");
    for (wrong, message) in [
        ("{ namespace: /b, events: told }", "there is no namespace `/b`"),
        ("{ namespace: /a, events: tolt }", "`/a` has no server event `tolt`"),
        ("{ namespace: /a, events: told, rooms: 'clas:<classId>' }", "`/a` has no room `clas:<classId>`"),
        ("{ namespace: /a, events: lost }", "`lost` says of no room that it goes there"),
    ] {
        let told = told(rules(wrong)).await;
        assert!(told.contains(message) && told.contains("homeroom.yaml:1"), "{told}");
    }
}

#[tokio::test]
async fn what_services_may_send_is_held_against_the_definitions() {
    let definition = "namespace: /a\nrooms: { class:<classId>: { allow: [{ when: 'true' }] } }\nclient_events: { e: { allow: anyone, do: \
                      [{ join: class:1 }] } }\nbackend_events: { tell: { payload: { fields: { id: string } }, do: [{ emit: told, data: { id: <id> } }] } }\n\
                      server_events: { told: { to: class:<id>, payload: { fields: { id: string } } } }\n";
    let rule = |rule: &str| format!("services: [{{ name: s, key: a key in the clear, send: [{rule}] }}]");
    let told = async |settings: String| told(&[("homeroom.yaml", &settings), ("a/namespace.yaml", definition)]).await;
    let good = told(rule("{ namespace: /a, events: tell, only: { id: [x] }, rooms: ['class:<classId>'] }")).await;
    assert!(!good.contains("homeroom.yaml"), "{good}");
    for (wrong, message) in [
        ("{ namespace: /b }", "there is no namespace `/b`"),
        ("{ namespace: /a, events: tel }", "`/a` has no backend event `tel`"),
        ("{ namespace: /a, rooms: 'clas:<classId>' }", "`/a` has no room `clas:<classId>`"),
        ("{ namespace: /a, only: { schoolId: x } }", "`tell` of `/a` do not carry `schoolId`"),
    ] {
        let told = told(rule(wrong)).await;
        assert!(told.contains(message) && told.contains("homeroom.yaml:1"), "{told}");
    }
}
