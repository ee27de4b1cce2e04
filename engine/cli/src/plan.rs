//! `homeroom plan`: what this change would do, in words, before it is done.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use homeroom_definition::render::Look;
use homeroom_plan::diff::report;

use crate::diff::{Asked, compared, versions};
use crate::{Deployable, fail};

/// What the process ends with if `--exit-code` is given and something changes.
const SOMETHING_CHANGES: u8 = 2;

/// What is compared with what, and how it is told.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the definitions as they are now; without one, those in this binary.
    dir: Option<PathBuf>,
    /// A folder with the definitions as they were, or a commit of git; `HEAD` if the folder is in a work tree.
    #[arg(long, value_name = "DIR|COMMIT")]
    against: Option<String>,
    /// Settings from this file, on both sides.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How it is told.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// End with 2 if something changes, 0 if nothing does, 1 if it cannot be told.
    #[arg(long)]
    exit_code: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

pub(crate) fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    let asked =
        Asked { folder: options.dir.as_ref(), config: options.config.as_ref(), against: options.against.as_deref() };
    let (old, new) = match versions(deployable, &asked) {
        Ok(both) => both,
        Err(error) => return fail(&error),
    };
    let changes = compared(&old, &new);
    match options.format {
        Format::Text => {
            let look = if std::io::stdout().is_terminal() { Look::Coloured } else { Look::Plain };
            print!("{}", report::text(&changes, look));
        }
        Format::Json => println!("{:#}", report::json(&changes, &old.loaded.sources, &new.loaded.sources)),
    }
    let differs = options.exit_code && !changes.is_empty();
    if differs { ExitCode::from(SOMETHING_CHANGES) } else { ExitCode::SUCCESS }
}
