//! Whether a widening is noticed: by the compiler, warnings included, or by a scenario.

use homeroom_cli::scenario::{self, Theatre};
use homeroom_definition::{Diagnostics, Sources, yaml};
use homeroom_tests::bundled::{self, Texts};
use serde_json::Value;

use crate::mutants::Mutant;

/// The file that all namespaces import; where it is widened, the scenarios of all are played.
const SHARED: &str = "common.yaml";

/// What became of a widening.
pub(crate) enum Verdict {
    /// By which mistake, warning or scenario.
    Noticed(String),
    /// Neither complains.
    Survived,
}

/// The bundled files, to put a widened one among them.
pub(crate) struct Judge {
    texts: Texts,
    definitions: Vec<(String, Value)>,
}

impl Judge {
    /// Reads the definitions among the bundled files.
    pub(crate) fn new(texts: &Texts) -> Self {
        let is_definition =
            |path: &str| !path.starts_with(bundled::TENANTS) && (path == SHARED || path.ends_with("/namespace.yaml"));
        let definitions = texts.iter().filter(|(path, _)| is_definition(path));
        Self {
            texts: texts.clone(),
            definitions: definitions.map(|(path, text)| (path.clone(), tree(path, text))).collect(),
        }
    }

    /// The definitions, as trees, by path.
    pub(crate) fn definitions(&self) -> &[(String, Value)] {
        &self.definitions
    }

    /// Each definition as it is: what is noticed of these says nothing of a widening.
    pub(crate) fn untouched(&self) -> impl Iterator<Item = Mutant> {
        self.definitions.iter().map(|(path, file)| Mutant::untouched(path, file))
    }

    /// Puts a widened file in its place, compiles, and plays the scenarios it has a part in.
    pub(crate) async fn judge(&self, mutant: &Mutant) -> Verdict {
        let mut texts = self.texts.clone();
        for (path, text) in &mut texts {
            if *path == mutant.path {
                // JSON is YAML.
                *text = mutant.file.to_string();
            }
        }
        let mut loaded = bundled::load(&texts).await;
        if let Some(told) = loaded.diagnostics.sorted().first() {
            return Verdict::Noticed(format!("{}: {}", told.code, told.message));
        }
        let (Some(plan), Some(settings)) = (loaded.plan.clone(), &loaded.settings) else {
            return Verdict::Noticed("no plan".into());
        };
        let theatre = Theatre::new(plan.clone(), bundled::hooks(), settings.limits.clone(), &loaded.sources);
        for source in loaded.tests.clone() {
            let is_own = folder(loaded.sources.path(source)) == folder(&mutant.path);
            if mutant.path != SHARED && !is_own {
                continue;
            }
            let Some(file) = scenario::read(&loaded.sources, source, &plan, &mut loaded.diagnostics) else {
                return Verdict::Noticed("a file of scenarios cannot be read".into());
            };
            let played = theatre.play(source, &file).await;
            if let Some(failed) = played.into_iter().find(|played| played.outcome.is_err()) {
                return Verdict::Noticed(format!("the scenario `{}` of {}", failed.name, file.namespace));
            }
        }
        Verdict::Survived
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn tree(path: &str, text: &str) -> Value {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add(path, text);
    yaml::read(&sources, source, &mut diagnostics).expect("the bundled files are YAML").to_json()
}
