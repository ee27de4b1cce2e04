//! `homeroom test`: plays scenarios; tells what they do not cover, and which changes of the definitions they do not notice.

mod coverage;
mod junit;
mod mutate;
mod session;
#[cfg(test)]
mod tests;
mod witness;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use homeroom_definition::render::Look;

use crate::watch::Watch;
use crate::{Deployable, fail, terminal};
use mutate::{Kind, Part};

/// How long files must be at rest before scenarios are played again, and how often they are looked at without being told.
const REST: Duration = Duration::from_millis(100);
const POLL: Duration = Duration::from_secs(5);

/// Which scenarios, and how much is asked of them.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder; without one, the definitions in this binary.
    dir: Option<PathBuf>,
    /// Settings from this file.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Only scenarios whose name has this in it.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How it is told.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Tell what no scenario makes happen: events, rules, steps, refusals, reactions, views.
    #[arg(long)]
    coverage: bool,
    /// Fail if less than this much of a hundred happens.
    #[arg(long, value_name = "PERCENT")]
    min_coverage: Option<f64>,
    /// Change the definitions, one thing at a time, and tell which changes nobody notices; fail if one of a rule or a
    /// target is among them. Of some kinds only, if they are named.
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',', num_args = 0.., require_equals = true)]
    mutate: Option<Vec<Kind>>,
    /// With `--mutate`: only changes whose description has this in it.
    #[arg(long, value_name = "TEXT", requires = "mutate")]
    only: Option<String>,
    /// With `--mutate`: a part of the changes, such as `2/7`; all parts together are all changes.
    #[arg(long, value_name = "N/M", requires = "mutate")]
    part: Option<Part>,
    /// Play again whenever a file changes.
    #[arg(long, requires = "dir")]
    watch: bool,
    /// Write what the scenarios came to as JUnit XML, too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Options {
    fn wants_coverage(&self) -> bool {
        self.coverage || self.min_coverage.is_some()
    }

    fn look(&self) -> Look {
        terminal::look()
    }
}

pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    if !options.watch {
        return session::run(deployable, options).await.unwrap_or_else(|error| fail(&error));
    }
    let paths = options.dir.iter().chain(&options.config).cloned().collect();
    let mut watch = Watch::new(paths);
    loop {
        if let Err(error) = session::run(deployable, options).await {
            terminal::print_aside(&format!("error: {error}\n"));
        }
        eprintln!("waiting for changes; end with Ctrl-C");
        watch.changed(REST, POLL).await;
    }
}
