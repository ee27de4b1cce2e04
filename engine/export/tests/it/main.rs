//! The committed documents are what would be made today.

mod cases;

use std::path::Path;

use homeroom_export::{language, stale, write};

#[test]
fn the_documents_about_the_language_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let documents = language();
    let stale = stale(&root, &documents).expect("the documents can be read");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        write(&root, &stale).expect("the documents can be written");
        return;
    }
    let paths: Vec<_> = stale.iter().map(|document| &document.path).collect();
    assert!(paths.is_empty(), "stale: {paths:?}; run again with UPDATE_EXPECT=1");
}
