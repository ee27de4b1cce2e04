//! `homeroom export`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use homeroom_definition::render;
use homeroom_export::{Document, contracts, stale, write};

use crate::check::drawn;
use crate::load::{Purpose, load_for};
use crate::settings::Environment;
use crate::{Deployable, fail, files, terminal};

/// What is written, and where.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the definitions; without one, those in this binary.
    dir: Option<PathBuf>,
    /// Settings from this file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder that documents are written to.
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    out: PathBuf,
    /// Write nothing, and fail if a document is not what it would be.
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    match export(deployable, options).await {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

async fn export(deployable: &Deployable, options: &Options) -> Result<ExitCode, String> {
    let files = files(deployable, options.dir.as_ref(), options.config.as_ref())?;
    let (config, environment) = (options.config.as_deref(), Environment::of_process());
    let loaded = load_for(Purpose::Check, &files, config, &environment, &deployable.hooks).await;
    let told: Vec<_> =
        loaded.diagnostics.sorted().into_iter().filter(homeroom_definition::Diagnostic::is_error).collect();
    let Some(plan) = loaded.plan.filter(|_| told.is_empty()) else {
        terminal::print_aside(&drawn(&told, &loaded.sources));
        eprintln!("{}", render::summary(&told));
        return Err("nothing is exported: the files above have mistakes".into());
    };
    let documents = contracts(&plan);
    let unreadable = |error: std::io::Error| format!("`{}` cannot be read: {error}", options.out.display());
    let old = stale(&options.out, &documents).map_err(unreadable)?;
    if options.check {
        return Ok(checked(&old, documents.len(), options));
    }
    write(&options.out, &old).map_err(|error| format!("`{}` cannot be written: {error}", options.out.display()))?;
    for document in &old {
        println!("wrote {}", options.out.join(&document.path).display());
    }
    println!("{} documents, {} of them new or changed", documents.len(), old.len());
    Ok(ExitCode::SUCCESS)
}

fn checked(old: &[&Document], all: usize, options: &Options) -> ExitCode {
    if old.is_empty() {
        println!("{all} documents, all fresh");
        return ExitCode::SUCCESS;
    }
    for document in old {
        eprintln!("stale: {}", options.out.join(&document.path).display());
    }
    let dir = options.dir.as_ref().map(|dir| format!(" {}", dir.display())).unwrap_or_default();
    eprintln!("{} of {all} documents are stale: run `homeroom export{dir} --out {}`", old.len(), options.out.display());
    ExitCode::FAILURE
}
