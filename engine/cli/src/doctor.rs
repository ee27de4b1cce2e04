//! `homeroom doctor`: what an operator asks before a deployment, and at night.
//!
//! It reads the settings and the environment that `serve` reads, asks Redis, the database and servers, and changes nothing.
//! Facts are found out in `ask`, judged in `judge` and told in `finding`; so what is told of which facts is tested without
//! any of them being there.

mod ask;
mod facts;
mod finding;
mod judge;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

pub use facts::{AskedFacts, CardFacts, DatabaseFacts, Facts, RedisFacts, ServersFacts, SettingsFacts};
pub use finding::{Finding, Level, json, text};
pub use judge::findings;

use crate::load::{Purpose, load_for};
use crate::settings::Environment;
use crate::{Deployable, fail, files, terminal};

/// What is looked at, and how it is told.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the definitions; without one, those in this binary.
    #[arg(value_name = "PATH")]
    dir: Option<PathBuf>,
    /// Settings from this file; otherwise `homeroom.yaml` beside the definitions.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Servers to ask what they serve, beside those that Redis knows of.
    #[arg(long, value_name = "URL", num_args = 1..)]
    server: Vec<String>,
    /// How many keys of each Redis server are looked at for an expiry.
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    keys: usize,
    /// How it is told.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Ends with 0 if all is well, 1 if there are warnings, 2 if there are errors.
pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    let files = match files(deployable, options.dir.as_ref(), options.config.as_ref()) {
        Ok(files) => files,
        Err(error) => {
            fail(&error);
            return ExitCode::from(Level::Error.exit_code());
        }
    };
    let (config, environment) = (options.config.as_deref(), Environment::of_process());
    let loaded = load_for(Purpose::Check, &files, config, &environment, &deployable.hooks).await;
    let found = findings(&ask::facts(&loaded, &options.server, options.keys).await);
    match options.format {
        Format::Text => terminal::print(&text(&found)),
        Format::Json => println!("{:#}", json(&found)),
    }
    ExitCode::from(finding::worst(&found).exit_code())
}
