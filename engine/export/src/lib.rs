//! Documents that are made from the engine's own types and from plans, and whether those on disk are still true.
//!
//! A document is made, never written by hand. A test makes each again and fails where the committed one differs, so that
//! none drifts; with `UPDATE_EXPECT=1` it writes them instead.

use std::io;
use std::path::Path;

/// A file that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it belongs, relative to the project.
    pub path: &'static str,
    /// What stands in it.
    pub text: String,
}

/// The documents about the language: the JSON Schema that editors complete and check definition files with, and the
/// reference that people read.
#[must_use]
pub fn language() -> Vec<Document> {
    let schema = homeroom_definition::schema::definition_schema();
    vec![
        Document { path: "schemas/namespace.schema.json", text: pretty(&schema) },
        Document { path: "schemas/language.md", text: homeroom_definition::reference::reference() },
    ]
}

/// JSON as it is committed: indented, with a newline at the end.
#[must_use]
pub fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// The documents that differ from what is on disk below `root`, missing ones included.
///
/// # Errors
/// If a file is there and cannot be read.
pub fn stale<'a>(root: &Path, documents: &'a [Document]) -> io::Result<Vec<&'a Document>> {
    let mut stale = Vec::new();
    for document in documents {
        match std::fs::read_to_string(root.join(document.path)) {
            Ok(text) if text == document.text => {}
            Ok(_) => stale.push(document),
            Err(error) if error.kind() == io::ErrorKind::NotFound => stale.push(document),
            Err(error) => return Err(error),
        }
    }
    Ok(stale)
}

/// Writes documents below `root`.
///
/// # Errors
/// If a file or its folder cannot be written.
pub fn write(root: &Path, documents: &[&Document]) -> io::Result<()> {
    for document in documents {
        let path = root.join(document.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, &document.text)?;
    }
    Ok(())
}
