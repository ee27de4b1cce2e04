//! A version of definitions: read from a folder, from git, from the binary or from a running server, and compiled.

use std::path::{Path, PathBuf};

use homeroom_definition::{LimitScope, OverLimit, RateLimit};
use homeroom_plan::diff::{Change, Side, compare};
use homeroom_plan::{HookSignature, Input, Parsed};
use homeroom_runtime::Hooks;

use super::git;
use crate::check::drawn;
use crate::load::{Files, Loaded, compile_parsed};
use crate::settings::Environment;
use crate::{Deployable, files};

/// A version that compiles.
pub struct Version {
    /// What was read.
    pub(crate) loaded: Loaded,
    /// Its secrets are not known.
    pub(super) is_of_server: bool,
    parsed: Vec<Parsed>,
    hooks: Vec<HookSignature>,
}

/// What a version is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Against {
    /// The definitions in a folder.
    Folder(PathBuf),
    /// The same folder at a commit.
    Commit(String),
}

impl Against {
    /// A folder if there is one of that name, else a commit.
    fn named(name: &str) -> Self {
        if Path::new(name).is_dir() { Self::Folder(name.into()) } else { Self::Commit(name.to_owned()) }
    }
}

impl Version {
    /// Compiles files.
    ///
    /// # Errors
    /// What is wrong with them, as `check` tells it.
    pub fn new(files: &Files, config: Option<&Path>, environment: &Environment, hooks: &Hooks) -> Result<Self, String> {
        let (loaded, parsed) = compile_parsed(files, config, environment, hooks);
        if loaded.diagnostics.has_errors() || loaded.plan.is_none() {
            let told: Vec<_> = loaded.diagnostics.sorted().into_iter().filter(|told| told.is_error()).collect();
            return Err(drawn(&told, &loaded.sources).trim_end().to_owned());
        }
        Ok(Self { loaded, is_of_server: false, parsed, hooks: hooks.signatures() })
    }

    /// The same, as a server told of it, its secrets struck out.
    pub(super) fn of_server(self) -> Self {
        Self { is_of_server: true, ..self }
    }

    /// This version, to be compared; `None` if its settings cannot be used.
    pub(crate) fn side(&self) -> Option<Side<'_>> {
        let (settings, plan) = (self.loaded.settings.as_ref()?, self.loaded.plan.as_ref()?);
        let input = Input {
            sources: &self.loaded.sources,
            files: &self.parsed,
            hooks: &self.hooks,
            identity: &settings.identity,
        };
        let default_rate = RateLimit {
            count: settings.limits.default_rate_count,
            per: settings.limits.default_rate_per,
            scope: LimitScope::Connection,
            over: OverLimit::Refuse,
        };
        Some(Side { input, plan, default_rate })
    }
}

/// What has changed from one version to another, settings among it.
#[must_use]
pub fn compared(old: &Version, new: &Version) -> Vec<Change> {
    let mut changes = super::settings_changes(old, new);
    if let (Some(old), Some(new)) = (old.side(), new.side()) {
        changes.extend(compare(&old, &new));
    }
    changes
}

/// What two versions are made of.
pub(crate) struct Asked<'a> {
    pub(crate) folder: Option<&'a PathBuf>,
    pub(crate) config: Option<&'a PathBuf>,
    pub(crate) against: Option<&'a str>,
}

impl Asked<'_> {
    /// What the files of the old version are shown under: `HEAD:`; nothing for those of a folder.
    pub(crate) fn old_name(&self) -> String {
        match against(self) {
            Ok(Against::Commit(commit)) => format!("{commit}:"),
            _ => String::new(),
        }
    }
}

/// The version to compare with, and the one as it is now.
///
/// # Errors
/// If one of them cannot be read, or has mistakes; which.
pub(crate) fn versions(deployable: &Deployable, asked: &Asked<'_>) -> Result<(Version, Version), String> {
    let new = now(deployable, asked)?;
    let old = match against(asked)? {
        Against::Folder(folder) => Files::read(&folder)?,
        Against::Commit(commit) => match asked.folder {
            Some(folder) => git::files(folder, &commit)?,
            None => {
                return Err(format!(
                    "`{commit}` is no folder; to compare with a commit, say which folder of the work tree is meant"
                ));
            }
        },
    };
    let mut old = old.or_settings_of(deployable.files);
    if let Some(config) = asked.config {
        old = old.with(config)?;
    }
    let old = Version::new(&old, asked.config.map(PathBuf::as_path), &Environment::of_process(), &deployable.hooks);
    Ok((old.map_err(|told| format!("the version to compare with has mistakes\n\n{told}"))?, new))
}

/// The version as it is now.
///
/// # Errors
/// If it cannot be read, or has mistakes.
pub(crate) fn now(deployable: &Deployable, asked: &Asked<'_>) -> Result<Version, String> {
    let files = files(deployable, asked.folder, asked.config)?;
    let config = asked.config.map(PathBuf::as_path);
    let new = Version::new(&files, config, &Environment::of_process(), &deployable.hooks);
    new.map_err(|told| format!("the definitions have mistakes\n\n{told}"))
}

fn against(asked: &Asked<'_>) -> Result<Against, String> {
    match (asked.against, asked.folder) {
        (Some(name), _) => Ok(Against::named(name)),
        (None, Some(folder)) if git::has_commit(folder)? => Ok(Against::Commit("HEAD".to_owned())),
        (None, Some(folder)) => Err(format!(
            "`{}` is in no work tree of git: say what to compare with: `--against` and a folder",
            folder.display()
        )),
        (None, None) => {
            Err("say what to compare: a folder of definitions, and `--against` a folder or a commit".into())
        }
    }
}
