//! Definitions with one mistake each, and beside them what their author is told.
//!
//! `UPDATE_EXPECT=1 cargo test -p homeroom-tests cases` writes those texts anew; read each as its author would: does it
//! name the place, and the remedy?

use std::path::{Path, PathBuf};

use homeroom_cli::load::{Files, load};
use homeroom_cli::settings::Environment;
use homeroom_definition::render::{self, Look};
use homeroom_runtime::Hooks;

/// The one without a mistake, from which all others differ in one place.
const SOUND: &str = "none";

const SETTINGS: &str = "identity:
  fields: { id: string, role: { enum: [TEACHER, STUDENT, PARENT, COUNSELOR, ADMIN, DISTRICT_ADMIN] } }
database: { demo: lessons.sql }
";

const SCRIPT: &str = "create table class_teachers (class_id text, teacher_id text);
create table lessons (id text, class_id text, title text, note text, at text);";

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let entries = std::fs::read_dir(folder).expect("the folder of cases");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut cases: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "yaml")).collect();
    cases.sort();
    cases
}

/// What the author of a case is told.
async fn told(case: &Path) -> String {
    let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(case).expect("a case is text");
    let files = Files::embedded(&[("homeroom.yaml", SETTINGS), ("lessons.sql", SCRIPT), (&name, &text)]);
    let loaded = load(&files, None, &Environment::default(), &Hooks::new()).await;
    let sorted = loaded.diagnostics.sorted();
    format!("{}\n{}\n", render::text(&sorted, &loaded.sources, Look::Plain), render::summary(&sorted))
}

#[tokio::test]
async fn authors_are_told_what_is_expected() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let told = told(&case).await;
        let expected = case.with_extension("txt");
        if update {
            std::fs::write(&expected, &told).expect("the text can be written");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        if told != expected {
            wrong.push(format!("{}\n--- expected\n{expected}\n--- told\n{told}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_mistake_is_told_and_what_is_sound_is_not() {
    let cases = cases();
    assert!(cases.len() > 60, "only {} cases", cases.len());
    for case in cases {
        let is_sound = case.file_stem().is_some_and(|name| name == SOUND);
        let told = told(&case).await;
        assert_eq!(told.contains("no mistakes"), is_sound, "{}:\n{told}", case.display());
        assert!(is_sound || told.contains("-->"), "{} names no place", case.display());
    }
}
