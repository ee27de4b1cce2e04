//! From a folder, or files in the binary, to a plan: everything is read, and everything that is wrong told at once.

mod database;
mod files;
mod imports;

use std::path::Path;
use std::sync::Arc;

use homeroom_definition::{Diagnostic, Diagnostics, SourceId, Sources, Span, parse};
use homeroom_plan::{Input, Parsed, Plan, compile};
use homeroom_runtime::Hooks;
use homeroom_store::sql::Db;

pub use files::Files;
pub(crate) use files::{IGNORES_FILE, is_read};

use crate::codes;
use crate::settings::{self, Environment, Settings};

/// What files are loaded for, which decides the database that looks at their statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be served: on the database that the settings name; it must be there.
    Serve,
    /// To be checked: on that one if it can be reached, else on the demo script. Nothing is made that was not there.
    Check,
    /// To play scenarios, which bring their own data: on the demo script.
    Test,
}

/// Everything that was read.
pub struct Loaded {
    /// The texts; secrets are struck out of the settings.
    pub sources: Sources,
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// The settings, if they can be used.
    pub settings: Option<Settings>,
    /// The plan, if there is one; its digest tells it from others.
    pub plan: Option<Arc<Plan>>,
    /// The database, if there is one and it can be reached.
    pub db: Option<Db>,
    /// What to know of the check of statements, for people; absent where all went as the settings say.
    pub note: Option<String>,
    /// Files of scenarios.
    pub tests: Vec<SourceId>,
}

/// Reads everything to serve it, and lets the database look at every statement. `config`: the settings file, if it is not
/// the one in the folder; it must be among `files`.
pub async fn load(files: &Files, config: Option<&Path>, environment: &Environment, hooks: &Hooks) -> Loaded {
    load_for(Purpose::Serve, files, config, environment, hooks).await
}

/// Reads everything for a purpose.
pub async fn load_for(
    purpose: Purpose,
    files: &Files,
    config: Option<&Path>,
    environment: &Environment,
    hooks: &Hooks,
) -> Loaded {
    let (mut loaded, arranged, _) = compiled(files, config, environment, hooks);
    database::open(&mut loaded, arranged.settings, purpose).await;
    loaded
}

/// Reads everything again while it is served on `db`, which looks at every statement.
pub async fn load_again(
    files: &Files,
    config: Option<&Path>,
    environment: &Environment,
    hooks: &Hooks,
    db: Option<&Db>,
) -> Loaded {
    let (mut loaded, ..) = compiled(files, config, environment, hooks);
    if let Some(db) = db {
        database::ask(&mut loaded, db).await;
        loaded.db = Some(db.clone());
    }
    loaded
}

/// Compiles everything, and keeps what was parsed, to be compared; no database looks at the statements.
pub(crate) fn compile_parsed(
    files: &Files,
    config: Option<&Path>,
    environment: &Environment,
    hooks: &Hooks,
) -> (Loaded, Vec<Parsed>) {
    let (loaded, _, parsed) = compiled(files, config, environment, hooks);
    (loaded, parsed)
}

fn compiled(
    files: &Files,
    config: Option<&Path>,
    environment: &Environment,
    hooks: &Hooks,
) -> (Loaded, Arranged, Vec<Parsed>) {
    let (mut loaded, arranged) = read(files, config, environment);
    let parsed = parsed(files.root(), &loaded.sources, &arranged.definitions, &mut loaded.diagnostics);
    loaded.tell_if_empty(&parsed, arranged.first());
    if let Some(settings) = &loaded.settings {
        let signatures = hooks.signatures();
        let input =
            Input { sources: &loaded.sources, files: &parsed, hooks: &signatures, identity: &settings.identity };
        let plan = compile(&input, &mut loaded.diagnostics).map(Arc::new);
        let emitter = settings.redis.as_ref().and_then(|shared| shared.emitter.as_ref());
        if let (Some(plan), Some(emitter)) = (&plan, emitter) {
            emitter.check(plan, &mut loaded.diagnostics);
        }
        if let Some(plan) = &plan {
            settings.services.check(plan, &mut loaded.diagnostics);
        }
        loaded.plan = plan;
    }
    (loaded, arranged, parsed)
}

/// Compiles everything again; no database looks at the statements.
#[must_use]
pub fn compile_again(files: &Files, config: Option<&Path>, environment: &Environment, hooks: &Hooks) -> Loaded {
    compiled(files, config, environment, hooks).0
}

/// The settings alone, where definitions do not matter; the texts and what is wrong, to tell it.
#[must_use]
pub fn load_settings(files: &Files, config: Option<&Path>, environment: &Environment) -> Loaded {
    read(files, config, environment).0
}

/// Which file is what.
struct Arranged {
    settings: Option<SourceId>,
    definitions: Vec<SourceId>,
}

impl Arranged {
    /// A place for what is about no file in particular.
    fn first(&self) -> Span {
        let first = self.definitions.first().copied().or(self.settings);
        first.map(|source| Span::new(source, 0, 0)).unwrap_or_default()
    }
}

fn read(files: &Files, config: Option<&Path>, environment: &Environment) -> (Loaded, Arranged) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let settings_path = files.settings_path(config);
    let (mut settings, mut definitions, mut tests) = (None, Vec::new(), Vec::new());
    for (path, text) in files.iter() {
        let source = sources.add(path, text);
        match files::kind(path) {
            _ if settings_path.as_deref() == Some(path) => settings = Some(source),
            files::Kind::Definition => definitions.push(source),
            files::Kind::Tests => tests.push(source),
            files::Kind::Settings | files::Kind::Script | files::Kind::Ignores => {}
        }
    }
    let read = settings::read(&mut sources, settings, environment, &mut diagnostics);
    let loaded = Loaded { sources, diagnostics, settings: read, plan: None, db: None, note: None, tests };
    (loaded, Arranged { settings, definitions })
}

fn parsed(root: &str, sources: &Sources, definitions: &[SourceId], diagnostics: &mut Diagnostics) -> Vec<Parsed> {
    let mut parsed = Vec::new();
    for &source in definitions {
        if let Some(file) = parse(sources, source, diagnostics) {
            let imports = imports::resolve(root, sources, source, &file, definitions, diagnostics);
            parsed.push(Parsed { source, file, imports });
        }
    }
    parsed
}

impl Loaded {
    fn tell_if_empty(&mut self, parsed: &[Parsed], first: Span) {
        if !parsed.iter().any(|parsed| parsed.file.namespace.is_some()) && !self.diagnostics.has_errors() {
            let told = Diagnostic::error(codes::NO_NAMESPACE, first, "no file here defines a namespace");
            self.diagnostics.push(told.help("begin one with `namespace: /name`"));
        }
    }
}
