//! The bundled namespaces, read from their folder as `homeroom check` and `homeroom test` read them.

use std::path::{Path, PathBuf};

use homeroom_cli::load::{Files, Loaded, Purpose, load_for};
use homeroom_cli::settings::Environment;
use homeroom_runtime::Hooks;

/// Files with their texts, by path.
pub type Texts = Vec<(String, String)>;

/// A path from the root of the repository.
#[must_use]
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(relative)
}

/// The hooks that the bundled namespaces call.
#[must_use]
pub fn hooks() -> Hooks {
    crate::hooks::hooks()
}

/// Definitions, settings, scenarios and scripts of the bundled namespaces; paths are relative to their folder.
///
/// # Errors
/// If a file cannot be read.
pub fn texts() -> std::io::Result<Texts> {
    below(&path("namespaces"))
}

/// Loads files to play on them; variables of the environment count for nothing.
pub async fn load(texts: &Texts) -> Loaded {
    let borrowed: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    load_for(Purpose::Test, &Files::embedded(&borrowed), None, &Environment::default(), &hooks()).await
}

/// The files below a folder, in order of their paths.
fn below(folder: &Path) -> std::io::Result<Texts> {
    let mut texts = Vec::new();
    collect(folder, folder, &mut texts)?;
    texts.sort();
    Ok(texts)
}

fn collect(root: &Path, folder: &Path, texts: &mut Texts) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, texts)?;
        } else if path.extension().is_some_and(|kind| kind == "yaml" || kind == "sql") {
            let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            texts.push((shown, std::fs::read_to_string(&path)?));
        }
    }
    Ok(())
}
