//! Files with mistakes: beside each `tests/cases/*.yaml` lies what the author is told, as text.
//!
//! `UPDATE_EXPECT=1 cargo test` writes these texts anew.

use std::path::{Path, PathBuf};

use homeroom_definition::render::{self, Look};
use homeroom_definition::{Diagnostic, Diagnostics, Fix, Sources, parse};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let entries = std::fs::read_dir(folder).expect("the folder of cases");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    cases
}

/// What is told about `text` as the content of the file `case`.
fn read(case: &Path, text: String) -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new();
    let id = sources.add(case.file_name().unwrap_or_default().to_string_lossy(), text);
    let mut diags = Diagnostics::new();
    let _ = parse(&sources, id, &mut diags);
    (diags.sorted(), sources)
}

/// What the author of the file is told, as text.
fn told(case: &Path) -> String {
    let (sorted, sources) = read(case, std::fs::read_to_string(case).expect("a case is text"));
    format!("{}\n{}\n", render::text(&sorted, &sources, Look::Plain), render::summary(&sorted))
}

#[test]
fn authors_are_told_what_is_expected() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let expect_file = case.with_extension("txt");
        let told = told(&case);
        if update {
            std::fs::write(&expect_file, &told).expect("the text can be written");
        }
        let expected = std::fs::read_to_string(&expect_file).unwrap_or_default();
        if told != expected {
            wrong.push(format!("{}\n--- expected\n{expected}\n--- told\n{told}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_are_enough_cases_and_none_is_silent() {
    let cases = cases();
    assert!(cases.len() >= 30, "only {} cases", cases.len());
    for case in cases {
        assert!(!told(&case).contains("no mistakes"), "{} tells nothing", case.display());
    }
}

/// The text of the file with one fix applied.
fn mended(text: &str, fix: &Fix) -> String {
    format!("{}{}{}", &text[..fix.span.start], fix.replacement, &text[fix.span.end..])
}

#[test]
fn every_fix_mends_what_it_is_proposed_for() {
    for case in cases() {
        let text = std::fs::read_to_string(&case).expect("a case is text");
        let (told, _) = read(&case, text.clone());
        for (told, fix) in told.iter().filter_map(|told| told.fix.as_ref().map(|fix| (told, fix))) {
            let (after, _) = read(&case, mended(&text, fix));
            let again = after.iter().find(|other| other.span.start == told.span.start && other.message == told.message);
            assert!(again.is_none(), "{}: {:?} does not mend {}", case.display(), fix.replacement, told.message);
        }
    }
}
