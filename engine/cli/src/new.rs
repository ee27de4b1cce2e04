//! `homeroom new namespace NAME`: a small namespace to begin with, commented, with scenarios that play.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::fail;

/// How long a name may be, in characters.
const NAME_CHARS_MAX: usize = 64;

/// What the templates call the namespace.
const PLACEHOLDER: &str = "NAME";

/// The files of a new namespace.
const FILES: [(&str, &str); 2] =
    [("namespace.yaml", include_str!("new/namespace.yaml")), ("tests.yaml", include_str!("new/tests.yaml"))];

/// What is made.
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A namespace and its scenarios, in a folder of that name.
    Namespace {
        /// Its name: letters, digits, `-` and `_`; clients connect to `/NAME`.
        name: String,
        /// The folder of the definitions.
        #[arg(long, value_name = "DIR", default_value = ".")]
        into: PathBuf,
    },
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let What::Namespace { name, into } = &options.what;
    match namespace(name, into) {
        Ok(paths) => {
            for path in paths {
                println!("made {}", path.display());
            }
            println!("\nNext:\n  homeroom check {0}\n  homeroom test {0}\n  homeroom --namespaces {0}", into.display());
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// Writes a namespace of this name into a folder below `into`. Yields what was written.
///
/// # Errors
/// If it cannot be the name of a namespace, if one of the files is there already, or if they cannot be written; then none
/// that was there is changed.
pub fn namespace(name: &str, into: &Path) -> Result<Vec<PathBuf>, String> {
    let name = name.strip_prefix('/').unwrap_or(name);
    usable(name)?;
    let folder = into.join(name);
    let paths: Vec<PathBuf> = FILES.iter().map(|(file, _)| folder.join(file)).collect();
    if let Some(there) = paths.iter().find(|path| path.exists()) {
        return Err(format!("`{}` is there already, and is not overwritten", there.display()));
    }
    fs::create_dir_all(&folder).map_err(|error| cannot(&folder, &error))?;
    for (path, (_, template)) in paths.iter().zip(FILES) {
        // Whoever made it in the meantime keeps it.
        let file = fs::OpenOptions::new().write(true).create_new(true).open(path);
        let text = template.replace(PLACEHOLDER, name);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| cannot(path, &error))?;
    }
    Ok(paths)
}

fn usable(name: &str) -> Result<(), String> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    if begins && rest && name.len() <= NAME_CHARS_MAX {
        return Ok(());
    }
    Err(format!(
        "`{name}` cannot be the name of a namespace: it begins with a small letter, and has small letters, digits, `-` and `_`, {NAME_CHARS_MAX} at most"
    ))
}

fn cannot(path: &Path, error: &std::io::Error) -> String {
    format!("`{}` cannot be written: {error}", path.display())
}
