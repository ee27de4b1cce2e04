//! From a folder, or files in the binary, to a plan: everything is read, and everything that is wrong told at once.

use std::path::Path;
use std::sync::Arc;

use homeroom_definition::model::File;
use homeroom_definition::{Diagnostic, Diagnostics, SourceId, Sources, did_you_mean, parse};
use homeroom_plan::program::Returns;
use homeroom_plan::{Input, Parsed, Plan, compile};
use homeroom_runtime::Hooks;
use homeroom_store::sql::{Db, SqlError, SqlLimits};

use crate::codes;
use crate::scenario::beside;
use crate::settings::{self, Environment, Settings};

/// The file that settings stand in, beside the namespaces.
const SETTINGS_FILE: &str = "homeroom.yaml";

/// How files of scenarios are called.
const TESTS_FILE: &str = "tests.yaml";

/// How deep folders are searched.
const DEPTH_MAX: usize = 8;

/// Files by path.
#[derive(Debug, Clone, Default)]
pub struct Files {
    files: Vec<(String, String)>,
}

/// Everything that was read.
pub struct Loaded {
    /// The texts.
    pub sources: Sources,
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// The settings, if they can be used.
    pub settings: Option<Settings>,
    /// The plan, if there is one.
    pub plan: Option<Arc<Plan>>,
    /// The database, if there is one and it can be reached.
    pub db: Option<Db>,
    /// Files of scenarios.
    pub tests: Vec<SourceId>,
}

impl Files {
    /// Files in the binary.
    #[must_use]
    pub fn embedded(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    /// The YAML and SQL files below a folder; their paths begin with the folder's own.
    ///
    /// # Errors
    /// If the folder, or a file in it, cannot be read.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let mut files = Vec::new();
        collect(folder, 0, &mut files)?;
        files.sort();
        if files.is_empty() {
            return Err(format!("there is no YAML file in `{}`", folder.display()));
        }
        Ok(Self { files })
    }

    /// With one more file, such as settings from elsewhere.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn with(mut self, path: &Path) -> Result<Self, String> {
        self.files.push((shown(path), text(path)?));
        Ok(self)
    }
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<(String, String)>) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("`{}` cannot be read: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden && depth < DEPTH_MAX {
            collect(&path, depth + 1, files)?;
        } else if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "sql") && !hidden {
            files.push((shown(&path), text(&path)?));
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/").trim_start_matches("./").to_owned()
}

/// Reads everything and lets the database look at every statement. `config`: the settings file, if it is another one.
pub async fn load(files: &Files, config: Option<&Path>, environment: &Environment, hooks: &Hooks) -> Loaded {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let all: Vec<SourceId> = files.files.iter().map(|(path, text)| sources.add(path.clone(), text.clone())).collect();
    let settings_source = settings_of(&sources, &all, config);
    let settings = settings::read(&mut sources, settings_source, environment, &mut diagnostics);
    let (tests, definitions) = sorted(&sources, &all, settings_source);
    let parsed = parsed(&sources, &definitions, &mut diagnostics);
    let mut loaded = Loaded { sources, diagnostics, settings, plan: None, db: None, tests };
    let Some(settings) = &loaded.settings else { return loaded };
    let signatures = hooks.signatures();
    let input = Input { sources: &loaded.sources, files: &parsed, hooks: &signatures, identity: &settings.identity };
    loaded.plan = compile(&input, &mut loaded.diagnostics).map(Arc::new);
    if !parsed.iter().any(|parsed| parsed.file.namespace.is_some()) && !loaded.diagnostics.has_errors() {
        let first = all.first().copied().map(|source| homeroom_definition::Span::new(source, 0, 0)).unwrap_or_default();
        loaded.diagnostics.push(
            Diagnostic::error(codes::NO_NAMESPACE, first, "no file here defines a namespace")
                .help("begin one with `namespace: /name`"),
        );
    }
    loaded.open_database(settings_source).await;
    loaded
}

fn settings_of(sources: &Sources, all: &[SourceId], config: Option<&Path>) -> Option<SourceId> {
    let wanted = |source: &SourceId| match config {
        Some(config) => sources.path(*source) == shown(config),
        None => sources.path(*source).rsplit('/').next() == Some(SETTINGS_FILE),
    };
    all.iter().copied().rev().find(wanted)
}

/// Files of scenarios, and files of definitions.
fn sorted(sources: &Sources, all: &[SourceId], settings: Option<SourceId>) -> (Vec<SourceId>, Vec<SourceId>) {
    let name = |source: &SourceId| sources.path(*source).rsplit('/').next().unwrap_or_default().to_owned();
    let yaml =
        all.iter().copied().filter(|source| Some(*source) != settings && !sources.path(*source).ends_with(".sql"));
    yaml.filter(|source| name(source) != SETTINGS_FILE).partition(|source| name(source).ends_with(TESTS_FILE))
}

fn parsed(sources: &Sources, definitions: &[SourceId], diagnostics: &mut Diagnostics) -> Vec<Parsed> {
    let mut parsed = Vec::new();
    for &source in definitions {
        if let Some(file) = parse(sources, source, diagnostics) {
            let imports = imports(sources, source, &file, definitions, diagnostics);
            parsed.push(Parsed { source, file, imports });
        }
    }
    parsed
}

fn imports(
    sources: &Sources,
    source: SourceId,
    file: &File,
    all: &[SourceId],
    diagnostics: &mut Diagnostics,
) -> Vec<SourceId> {
    let mut found = Vec::new();
    for text in file.imports.iter() {
        let path = beside(sources.path(source), &text.value);
        match all.iter().find(|source| sources.path(**source) == path) {
            Some(import) => found.push(*import),
            None => diagnostics.push(
                Diagnostic::error(codes::NO_FILE, text.span, format!("there is no file `{path}`"))
                    .help_if(did_you_mean(&path, all.iter().map(|source| sources.path(*source))))
                    .help("paths are relative to this file, and stay within the folder that is served"),
            ),
        }
    }
    found
}

impl Loaded {
    /// Opens the database, and lets it look at every statement.
    async fn open_database(&mut self, settings_source: Option<SourceId>) {
        let Some(settings) = &self.settings else { return };
        let opened = match (&settings.database, &settings.demo) {
            (Some(url), _) => Db::open(url, SqlLimits::default()).await,
            (None, Some(demo)) => {
                let path = beside(settings_source.map_or("", |source| self.sources.path(source)), &demo.value);
                let Some(script) = self.sources.find(&path) else {
                    let message = format!("there is no file `{path}`");
                    self.diagnostics.push(Diagnostic::error(codes::NO_FILE, demo.span, message));
                    return;
                };
                Db::embedded(self.sources.text(script), SqlLimits::default()).await
            }
            (None, None) => return,
        };
        match opened {
            Ok(db) => {
                self.check_statements(&db).await;
                self.db = Some(db);
            }
            Err(error) => {
                let span = settings.demo.as_ref().map(|demo| demo.span).unwrap_or_default();
                self.diagnostics.push(Diagnostic::error(
                    codes::BAD_SETTING,
                    span,
                    format!("the database cannot be used: {error}"),
                ));
            }
        }
    }

    async fn check_statements(&mut self, db: &Db) {
        let Some(plan) = &self.plan else { return };
        for query in &plan.queries {
            match db.describe(query.statement.sqlite()).await {
                Ok(described) => {
                    let (Returns::Row(columns) | Returns::Rows(columns, _)) = &query.returns else { continue };
                    for column in columns.iter().filter(|column| column.required) {
                        if !described.columns.iter().any(|name| **name == *column.name) {
                            let message = format!("this statement yields no column `{}`", column.name);
                            let known = described.columns.iter().map(String::as_str);
                            self.diagnostics.push(
                                Diagnostic::error(homeroom_plan::codes::QUERY_REFUSED, query.span, message)
                                    .help_if(did_you_mean(&column.name, known))
                                    .help(format!("`returns:` needs it: select it `as \"{}\"`", column.name)),
                            );
                        }
                    }
                }
                Err(SqlError::Refused(objection) | SqlError::Unavailable(objection)) => self.diagnostics.push(
                    Diagnostic::error(
                        homeroom_plan::codes::QUERY_REFUSED,
                        query.span,
                        format!("the database refuses this statement: {objection}"),
                    )
                    .label(format!("of `{}`", query.name)),
                ),
            }
        }
    }
}
