//! Whether a change is noticed: by the compiler, warnings included, or by a scenario.

use std::collections::HashSet;
use std::sync::Arc;

use homeroom_definition::{Diagnostic, Node, SourceId};
use homeroom_plan::codes::UNUSED;
use serde_json::Value;

use super::mutant::{Concerns, Kind, Mutant};
use crate::load::Files;
use crate::scenario::{Scenario, TestFile, Theatre};
use crate::test::session::{Repertoire, Sheet};
use crate::test::witness::Seen;

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The compiler tells a mistake or doubt that it did not tell before.
    Check(String),
    /// A scenario fails.
    Scenario(String),
    /// It comes to no end.
    Endless,
    /// The compiler does not take it, which says nothing of the scenarios.
    Invalid,
    /// Nobody complains.
    Survived,
}

/// A file of definitions.
pub(super) struct Definition {
    pub(super) source: SourceId,
    pub(super) path: String,
    pub(super) root: Node,
    /// The file's namespace; without one, others import it.
    pub(super) namespace: Option<String>,
}

/// What changes are judged with.
pub(super) struct Judge<'a> {
    repertoire: &'a Repertoire,
    sheets: &'a [Sheet],
    definitions: &'a [Definition],
    /// What the compiler says of each file as it is, in the form in which changed ones are handed to it.
    before: Vec<HashSet<(String, String)>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(repertoire: &'a Repertoire, sheets: &'a [Sheet], definitions: &'a [Definition]) -> Self {
        let judge = Self { repertoire, sheets, definitions, before: Vec::new() };
        let untouched = definitions.iter().map(|definition| {
            let files = judge.files(definition, &definition.root.to_json());
            told(&repertoire.origin().compile(&files).diagnostics.sorted())
        });
        let before = untouched.collect();
        Self { before, ..judge }
    }

    /// The files that a change has a part in, with the change made.
    fn files(&self, changed: &Definition, file: &Value) -> Files {
        let is_other = |path: &str| {
            let known = self.definitions.iter().find(|definition| definition.path == path);
            known.is_some_and(|known| known.namespace.is_some() && known.path != changed.path)
        };
        let files = self.repertoire.files.clone();
        let files = if changed.namespace.is_some() { files.only(|path| !is_other(path)) } else { files };
        // JSON is YAML.
        files.replaced(&changed.path, file.to_string())
    }

    /// Makes a change, compiles, and plays the scenarios it has a part in, until one fails.
    pub(super) async fn judge(&self, mutant: &Mutant) -> Verdict {
        let Some(at) = self.definitions.iter().position(|definition| definition.source == mutant.source) else {
            return Verdict::Invalid;
        };
        let definition = &self.definitions[at];
        let mut file = definition.root.to_json();
        mutant.edits.iter().for_each(|edit| edit.apply(&mut file));
        let loaded = self.repertoire.origin().compile(&self.files(definition, &file));
        let new = |it: &&Diagnostic| !self.before[at].contains(&(it.code.to_owned(), it.message.clone()));
        let diagnostics = loaded.diagnostics.sorted();
        let complaint = diagnostics.iter().filter(|it| it.code != UNUSED).find(new);
        match (complaint, mutant.kind) {
            // Who may, the compiler proves; of all else it only knows whether it can be written.
            (Some(complaint), Kind::Rule) => {
                return Verdict::Check(format!("{}: {}", complaint.code, complaint.message));
            }
            (Some(complaint), _) if complaint.is_error() => return Verdict::Invalid,
            _ => {}
        }
        let Some(plan) = loaded.plan.clone() else { return Verdict::Invalid };
        let (hooks, settings) = (self.repertoire.hooks.clone(), self.repertoire.settings.clone());
        let theatre = Theatre::new(Arc::clone(&plan), hooks, settings, &self.repertoire.sources);
        for (source, file, scenario) in self.concerned(definition, mutant) {
            let played = theatre.play_one(source, file, scenario).await;
            if played.outcome.is_err() {
                return Verdict::Scenario(format!("{}: {}", file.namespace.value, played.name));
            }
        }
        Verdict::Survived
    }

    /// The scenarios that may notice a change, in their order.
    fn concerned(&self, definition: &Definition, mutant: &Mutant) -> Vec<(SourceId, &TestFile, &Scenario)> {
        let mut concerned = Vec::new();
        for ((source, file), sheet) in self.repertoire.tests.iter().zip(self.sheets) {
            let is_of_other = definition.namespace.as_ref().is_some_and(|path| *path != file.namespace.value);
            if is_of_other {
                continue;
            }
            for (played, seen) in sheet.played.iter().zip(&sheet.seen) {
                let scenario = file.scenarios.iter().find(|scenario| scenario.span == played.span);
                // One that changes the definitions itself would not find what it changes.
                let scenario = scenario.filter(|scenario| !scenario.reloads());
                concerned.extend(scenario.filter(|_| mutant.concerns.includes(seen)).map(|it| (*source, file, it)));
            }
        }
        concerned
    }
}

impl Concerns {
    fn includes(&self, seen: &Seen) -> bool {
        match self {
            Self::Reaching(spans) => spans.iter().any(|span| seen.reached.contains(span)),
            Self::Sending(event) => seen.sent.iter().any(|(_, sent)| sent == event),
            Self::All => true,
        }
    }
}

fn told(diagnostics: &[Diagnostic]) -> HashSet<(String, String)> {
    diagnostics.iter().map(|it| (it.code.to_owned(), it.message.clone())).collect()
}
