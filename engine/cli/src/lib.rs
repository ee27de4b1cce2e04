//! The process: `homeroom serve`, `check`, `test`, `token`.
//!
//! A deployment is a `main.rs` of ten lines that hands its files and hooks to [`run`].

mod check;
mod codes;
pub mod identity;
pub mod load;
pub mod scenario;
mod serve;
pub mod server;
pub mod settings;
mod test;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use homeroom_runtime::Hooks;

use load::Files;

/// What is deployed.
pub struct Deployable {
    /// Its name, for the help.
    pub name: &'static str,
    /// Definitions, settings and scripts in the binary, by path.
    pub files: &'static [(&'static str, &'static str)],
    /// The hooks.
    pub hooks: Hooks,
}

/// Realtime namespaces for Socket.IO clients, written in YAML.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Serve namespaces (the default).
    Serve(serve::Options),
    /// Check definitions, and tell every mistake at its place.
    Check(check::Options),
    /// Play the scenarios that stand beside definitions.
    Test(test::Options),
    /// Print a token that this server would accept.
    Token(token::Options),
}

/// Runs the command line.
#[must_use]
pub fn run(deployable: &Deployable) -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the runtime cannot start: {error}")),
    };
    runtime.block_on(async {
        match cli.command {
            None => serve::run(deployable, &cli.serve).await,
            Some(Command::Serve(options)) => serve::run(deployable, &options).await,
            Some(Command::Check(options)) => check::run(deployable, &options).await,
            Some(Command::Test(options)) => test::run(deployable, &options).await,
            Some(Command::Token(options)) => token::run(deployable, &options).await,
        }
    })
}

/// The files of a folder, or those in the binary.
fn files(deployable: &Deployable, folder: Option<&PathBuf>, config: Option<&PathBuf>) -> Result<Files, String> {
    let files = match folder {
        Some(folder) => Files::read(folder)?.or_settings_of(deployable.files),
        None => Files::embedded(deployable.files),
    };
    match config {
        Some(config) => files.with(config),
        None => Ok(files),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::FAILURE
}
