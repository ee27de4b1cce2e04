//! `homeroom new`: what it writes is whole, and what is there it leaves alone.

use std::fs;
use std::path::Path;

use homeroom_cli::load::{Files, Purpose, load_for};
use homeroom_cli::new::namespace;
use homeroom_cli::scenario::{self, Theatre};
use homeroom_cli::settings::Environment;
use homeroom_definition::render::{Look, text};
use homeroom_runtime::{Hooks, RuntimeSettings};

/// What is wrong with the definitions of a folder, and the scenarios that fail; how many were played.
async fn checked(folder: &Path) -> (String, usize) {
    let files = Files::read(folder).expect("files");
    let mut loaded = load_for(Purpose::Test, &files, None, &Environment::default(), &Hooks::new()).await;
    let plan = loaded.plan.clone().expect("a plan");
    let sources = std::mem::take(&mut loaded.tests);
    let mut tests = Vec::new();
    for source in sources {
        let file = scenario::read(&loaded.sources, source, &plan, &mut loaded.diagnostics);
        tests.extend(file.map(|file| (source, file)));
    }
    let mut told = text(&loaded.diagnostics.sorted(), &loaded.sources, Look::Plain);
    let theatre = Theatre::new(plan, Hooks::new(), RuntimeSettings::default(), &loaded.sources);
    let mut played = 0;
    for (source, file) in &tests {
        for one in theatre.play(*source, file).await {
            played += 1;
            if one.outcome.is_err() {
                told.push_str(&one.told(&loaded.sources, Look::Plain));
            }
        }
    }
    (told, played)
}

#[tokio::test]
async fn a_new_namespace_has_no_mistake_and_its_scenarios_play() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["garden", "/notes-2"] {
        namespace(name, folder.path()).unwrap_or_else(|error| panic!("{error}"));
    }
    let (told, played) = checked(folder.path()).await;
    assert_eq!(told, "");
    assert_eq!(played, 8, "both were played");
}

#[test]
fn what_is_there_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("garden");
    fs::create_dir(&own).expect("a folder");
    fs::write(own.join("tests.yaml"), "mine").expect("a file");
    let error = namespace("garden", folder.path()).expect_err("it is there");
    assert!(error.contains("tests.yaml` is there already"), "{error}");
    assert_eq!(fs::read_to_string(own.join("tests.yaml")).expect("text"), "mine");
    assert!(!own.join("namespace.yaml").exists(), "nothing beside it either");
}

#[test]
fn names_lead_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = "a".repeat(65);
    for name in ["", "/", "../up", "a/b", "Garden", "1st", "a b", "a:b", "é", ".", long.as_str()] {
        let error = namespace(name, folder.path()).expect_err(name);
        assert!(error.contains("cannot be the name of a namespace"), "{name}: {error}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
