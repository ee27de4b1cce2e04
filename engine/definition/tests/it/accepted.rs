//! Files without a mistake: read without a word.

use std::path::Path;

use homeroom_definition::{Diagnostics, Sources, parse};

/// Every file of `tests/accepted`, with its text.
pub(crate) fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accepted");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of accepted files")
        .map(|entry| entry.expect("an entry of the folder").path())
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a file of text");
            (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn nothing_is_told_about_a_good_file() {
    for (name, text) in files() {
        let mut sources = Sources::new();
        let id = sources.add(name.clone(), text);
        let mut diags = Diagnostics::new();
        let file = parse(&sources, id, &mut diags);
        assert!(file.is_some(), "{name} was not read");
        assert!(diags.is_empty(), "{name}: {:#?}", diags.sorted());
    }
}
