//! What an author is shown of scenarios that do not come out as they say.

use std::path::Path;

use homeroom_cli::load::{Files, Purpose, load_for};
use homeroom_cli::scenario::{self, Origin, Theatre};
use homeroom_cli::settings::Environment;
use homeroom_definition::render::Look;
use homeroom_runtime::{Hooks, RuntimeSettings};

/// The report of the scenarios of a folder.
async fn told(folder: &Path) -> String {
    let texts = ["namespace.yaml", "tests.yaml"].map(|name| {
        let text = std::fs::read_to_string(folder.join(name)).expect("it is there");
        (name, text)
    });
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (files, environment, hooks) = (Files::embedded(&texts), Environment::default(), Hooks::new());
    let mut loaded = load_for(Purpose::Test, &files, None, &environment, &hooks).await;
    let plan = loaded.plan.clone().expect("a plan");
    let source = loaded.tests[0];
    let file = scenario::read(&loaded.sources, source, &plan, &mut loaded.diagnostics).expect("scenarios");
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics.sorted());
    let theatre = Theatre {
        origin: Some(Origin { files: &files, config: None, environment: &environment, hooks: &hooks }),
        ..Theatre::new(plan, hooks.clone(), RuntimeSettings::default(), &loaded.sources)
    };
    theatre.play(source, &file).await.iter().map(|played| played.told(&loaded.sources, Look::Plain)).collect()
}

#[tokio::test]
async fn what_was_expected_stands_beside_what_came_at_its_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let told = told(&folder).await;
    let expected = folder.join("told.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&expected, &told).expect("it can be written");
        return;
    }
    let expected = std::fs::read_to_string(expected).expect("it is there");
    assert_eq!(told, expected, "run again with UPDATE_EXPECT=1, and read what is told");
}
