//! The committed schemas are what would be made today.

use std::path::Path;

use homeroom_cli::schema::{settings_schema, tests_reference, tests_schema};
use homeroom_export::{Document, pretty, stale, write};

#[test]
fn the_schemas_of_settings_and_scenarios_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let documents = [
        Document { path: "schemas/settings.schema.json".into(), text: pretty(&settings_schema()) },
        Document { path: "schemas/tests.schema.json".into(), text: pretty(&tests_schema()) },
        Document { path: "schemas/tests.md".into(), text: tests_reference() },
    ];
    let stale = stale(&root, &documents).expect("the documents can be read");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        write(&root, &stale).expect("the documents can be written");
        return;
    }
    let paths: Vec<_> = stale.iter().map(|document| &document.path).collect();
    assert!(paths.is_empty(), "stale: {paths:?}; run again with UPDATE_EXPECT=1");
}
