//! The process: `homeroom serve`, `check`, `test`, `explain`, `doctor`, `migrate`, `new`, `fmt`, `token`, `schema`.
//!
//! A deployment is a `main.rs` of ten lines that hands its files and hooks to [`run`].

mod breaking;
mod check;
mod codes;
pub mod diff;
pub mod doctor;
pub mod explain;
mod export;
pub mod fmt;
pub mod identity;
mod key;
pub mod load;
mod log;
mod migrate;
pub mod new;
#[cfg(feature = "otel")]
mod otel;
pub mod plan;
mod reload;
pub mod scenario;
pub mod schema;
mod serve;
pub mod server;
pub mod settings;
mod terminal;
mod test;
mod token;
mod watch;
pub mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
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
#[command(version, propagate_version = true, args_conflicts_with_subcommands = true)]
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
    /// Tell why somebody may, or may not, connect, join, send or receive.
    Explain(Box<explain::Options>),
    /// Tell what a change of definitions would do, in words, before it is done.
    Plan(plan::Options),
    /// Tell what a change of definitions would break for deployed clients, and which rights it widens.
    Breaking(breaking::Options),
    /// Ask Redis, the database and the servers whether all is well, before a deployment or at night.
    Doctor(doctor::Options),
    /// Make the engine's own tables in PostgreSQL, and those of the demo where that is wanted.
    Migrate(migrate::Options),
    /// Make a small namespace to begin with, commented and tested.
    New(new::Options),
    /// Bring YAML into one style, comments intact.
    Fmt(fmt::Options),
    /// Write what other teams build on: TypeScript, JSON Schema, AsyncAPI, OpenAPI, and pages to read.
    Export(export::Options),
    /// Print a token that this server would accept.
    Token(token::Options),
    /// Make a key for a service, and print it with the hash that stands in the settings.
    Key(key::Options),
    /// Print the JSON Schema of a kind of file, for editors.
    #[command(hide = true)]
    Schema(schema::Options),
}

/// Runs the command line.
#[must_use]
pub fn run(deployable: &Deployable) -> ExitCode {
    let command = Cli::command().name(deployable.name);
    let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let is_server = matches!(cli.command, None | Some(Command::Serve(_)));
    let runtime = match runtime(is_server) {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the runtime cannot start: {error}")),
    };
    runtime.block_on(async {
        match cli.command {
            None => serve::run(deployable, &cli.serve).await,
            Some(Command::Serve(options)) => serve::run(deployable, &options).await,
            Some(Command::Check(options)) => check::run(deployable, &options).await,
            Some(Command::Test(options)) => test::run(deployable, &options).await,
            Some(Command::Explain(options)) => explain::run(deployable, &options).await,
            Some(Command::Plan(options)) => plan::run(deployable, &options).await,
            Some(Command::Breaking(options)) => breaking::run(deployable, &options),
            Some(Command::Doctor(options)) => doctor::run(deployable, &options).await,
            Some(Command::Migrate(options)) => migrate::run(deployable, &options).await,
            Some(Command::New(options)) => new::run(&options),
            Some(Command::Fmt(options)) => fmt::run(&options),
            Some(Command::Export(options)) => export::run(deployable, &options).await,
            Some(Command::Token(options)) => token::run(deployable, &options),
            Some(Command::Key(options)) => key::run(&options),
            Some(Command::Schema(options)) => schema::run(&options),
        }
    })
}

/// What tasks run on: a thread for each core. A server that has one core runs them where it waits for the network: what one
/// turn brings about for a connection leaves in one write, and nothing is handed from thread to thread.
fn runtime(is_server: bool) -> std::io::Result<tokio::runtime::Runtime> {
    let has_one_core = std::thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
    let mut builder = match is_server && has_one_core {
        true => tokio::runtime::Builder::new_current_thread(),
        false => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}

/// The files of a folder, or those in the binary.
fn files(deployable: &Deployable, folder: Option<&PathBuf>, config: Option<&PathBuf>) -> Result<Files, String> {
    files_of(deployable.files, folder, config)
}

fn files_of(embedded: &[(&str, &str)], folder: Option<&PathBuf>, config: Option<&PathBuf>) -> Result<Files, String> {
    let files = match folder {
        Some(folder) => Files::read(folder)?.or_settings_of(embedded),
        None => Files::embedded(embedded),
    };
    match config {
        Some(config) => files.with(config),
        None => Ok(files),
    }
}

fn fail(message: &str) -> ExitCode {
    terminal::print_aside(&format!("error: {message}\n"));
    ExitCode::FAILURE
}
