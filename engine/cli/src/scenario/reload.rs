//! `reload:`: definitions that are changed in the middle of a scenario.

use std::path::Path;
use std::sync::Arc;

use homeroom_definition::{Diagnostic, Many, SourceId, Table};
use homeroom_plan::Plan;
use homeroom_runtime::Hooks;

use super::file::Edit;
use super::{Failure, Theatre, beside};
use crate::load::{Files, Loaded, compile_again};
use crate::settings::Environment;

/// What definitions were compiled from, to compile them again with changes.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// The files.
    pub files: &'a Files,
    /// The settings file, if it is not the one in the folder.
    pub config: Option<&'a Path>,
    /// What lies over the settings.
    pub environment: &'a Environment,
    /// The hooks.
    pub hooks: &'a Hooks,
}

impl Origin<'_> {
    /// Compiles these files instead; no database looks at their statements.
    #[must_use]
    pub fn compile(&self, files: &Files) -> Loaded {
        compile_again(files, self.config, self.environment, self.hooks)
    }
}

/// What came of changed definitions.
pub(super) enum Changed {
    /// They can be served.
    Plan(Arc<Plan>),
    /// They cannot, for these mistakes.
    Mistakes(Vec<Diagnostic>),
}

impl Theatre<'_> {
    /// Definitions with changes made to them, over those of earlier steps in `files`.
    ///
    /// # Errors
    /// A change that does not fit its file.
    pub(super) fn changed(
        &self,
        tests: SourceId,
        edits: &Table<Many<Edit>>,
        files: &mut Option<Files>,
    ) -> Result<Changed, Failure> {
        let Some(origin) = &self.origin else {
            return Err(Failure::at(edits.span, "definitions cannot be changed here"));
        };
        let mut now = files.clone().unwrap_or_else(|| origin.files.clone());
        for (name, edits) in edits.iter() {
            let path = beside(self.sources.path(tests), &name.value);
            let missing = || Failure::at(name.span, format!("there is no file `{path}`"));
            let text = now.text_of(&path).ok_or_else(missing)?;
            let text = edits.iter().try_fold(text.to_owned(), |text, edit| edited(&text, edit))?;
            now = now.replaced(&path, text);
        }
        let mut loaded = origin.compile(&now);
        match loaded.plan.take().filter(|_| !loaded.diagnostics.has_errors()) {
            Some(plan) => {
                *files = Some(now);
                Ok(Changed::Plan(plan))
            }
            None => Ok(Changed::Mistakes(loaded.diagnostics.sorted())),
        }
    }
}

fn edited(text: &str, edit: &Edit) -> Result<String, Failure> {
    let told = |words: String| {
        Failure::at(edit.from.span, format!("this stands {words} in the file"))
            .label("what is replaced must stand there once")
    };
    match text.matches(edit.from.value.as_str()).count() {
        0 => Err(told("nowhere".into())),
        1 => Ok(text.replacen(edit.from.value.as_str(), &edit.to.value, 1)),
        times => Err(told(format!("{times} times"))),
    }
}
