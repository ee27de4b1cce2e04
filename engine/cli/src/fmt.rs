//! `homeroom fmt`: YAML in one style, comments intact.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use homeroom_definition::format::{NotFormatted, format};
use homeroom_definition::render::{self, Look};
use homeroom_definition::{Diagnostics, Sources, yaml};

use crate::load::Files;
use crate::{fail, terminal};

/// Stands for the standard input, as editors use it.
const STDIN: &str = "-";

/// What is formatted.
#[derive(Args)]
pub(crate) struct Options {
    /// Folders and files; `-` reads one file from standard input and prints it.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Change nothing; fail if a file is not in the style, and name it.
    #[arg(long)]
    check: bool,
}

/// What became of files.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Formatted {
    /// Those that were not in the style; unless it was only a check, they are now.
    pub changed: Vec<String>,
    /// Those that are left as they are, and why.
    pub left: Vec<(String, String)>,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    if options.paths.iter().any(|path| path == Path::new(STDIN)) {
        return from_stdin();
    }
    let mut formatted = Formatted::default();
    for path in &options.paths {
        if let Err(error) = formatted.add(path, options.check) {
            return fail(&error);
        }
    }
    for path in &formatted.changed {
        println!("{} {path}", if options.check { "not in the style:" } else { "formatted" });
    }
    for (path, why) in &formatted.left {
        terminal::print_aside(&format!("left as it is: {path}: {why}\n"));
    }
    let is_bad = !formatted.left.is_empty() || (options.check && !formatted.changed.is_empty());
    if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn from_stdin() -> ExitCode {
    let mut text = String::new();
    if let Err(error) = std::io::stdin().read_to_string(&mut text) {
        return fail(&format!("the standard input cannot be read: {error}"));
    }
    match format(&text) {
        Ok(formatted) => {
            print!("{formatted}");
            ExitCode::SUCCESS
        }
        Err(why) => fail(&told("<stdin>", &text, why)),
    }
}

impl Formatted {
    /// Formats a file, or all YAML below a folder; `check`: changes nothing.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn add(&mut self, path: &Path, check: bool) -> Result<(), String> {
        let files = if path.is_dir() { Files::read(path)? } else { Files::default().with(path)? };
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".yaml") || path.ends_with(".yml")) {
            match format(text) {
                Ok(formatted) if formatted == text => {}
                Ok(formatted) => {
                    if !check {
                        std::fs::write(path, formatted)
                            .map_err(|error| std::format!("`{path}` cannot be written: {error}"))?;
                    }
                    self.changed.push(path.to_owned());
                }
                Err(why) => self.left.push((path.to_owned(), told(path, text, why))),
            }
        }
        Ok(())
    }
}

/// Why a file is left.
fn told(path: &str, text: &str, why: NotFormatted) -> String {
    if why == NotFormatted::Unsure {
        return "it could not be formatted without a change of what it says".to_owned();
    }
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add(path, text);
    yaml::read(&sources, source, &mut diagnostics);
    format!("it cannot be read\n{}", render::text(&diagnostics.sorted(), &sources, Look::Plain))
}
