//! `homeroom check`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use homeroom_definition::render;
use homeroom_definition::{Diagnostic, Sources};

use crate::load::{Purpose, load_for};
use crate::settings::Environment;
use crate::{Deployable, codes, fail, files, terminal};

/// What is checked, and how it is told.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder; without one, the definitions in this binary.
    dir: Option<PathBuf>,
    /// Settings from this file.
    #[arg(long)]
    config: Option<PathBuf>,
    /// How it is told.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Fail on warnings, too.
    #[arg(long)]
    deny_warnings: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For code hosts.
    Sarif,
}

pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    let files = match files(deployable, options.dir.as_ref(), options.config.as_ref()) {
        Ok(files) => files,
        Err(error) => return fail(&error),
    };
    let (config, environment) = (options.config.as_deref(), Environment::of_process());
    let mut loaded = load_for(Purpose::Check, &files, config, &environment, &deployable.hooks).await;
    if let Some(plan) = loaded.plan.clone() {
        for source in std::mem::take(&mut loaded.tests) {
            crate::scenario::read(&loaded.sources, source, &plan, &mut loaded.diagnostics);
        }
    }
    if let Some(note) = &loaded.note {
        terminal::print_aside(&format!("note: {note}\n"));
    }
    let told = loaded.diagnostics.sorted();
    match options.format {
        Format::Text => {
            terminal::print(&drawn(&told, &loaded.sources));
            println!("{}", render::summary(&told));
        }
        Format::Json => println!("{}", render::json(&told, &loaded.sources)),
        Format::Sarif => {
            let codes = [homeroom_definition::codes::ALL, homeroom_plan::codes::ALL, codes::ALL];
            println!("{}", render::sarif(&told, &loaded.sources, &codes));
        }
    }
    let is_bad = loaded.diagnostics.has_errors() || (options.deny_warnings && !told.is_empty());
    if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Diagnostics for people, coloured on a terminal.
pub(crate) fn drawn(told: &[Diagnostic], sources: &Sources) -> String {
    let mut drawn = render::text(told, sources, terminal::look());
    if !drawn.is_empty() {
        drawn.push('\n');
    }
    drawn
}
