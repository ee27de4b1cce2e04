//! `homeroom schema`

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use homeroom_definition::schema::{definition_schema, schema_of_file};
use serde_json::Value;

use crate::scenario::TestFile;
use crate::settings::SettingsFile;

/// Which schema.
#[derive(Args)]
pub(crate) struct Options {
    /// The kind of file.
    #[arg(value_enum, default_value = "namespace")]
    kind: Kind,
}

/// The kinds of files that are written by hand.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Definitions, `namespace.yaml` and what it imports.
    Namespace,
    /// Settings, `homeroom.yaml`.
    Settings,
    /// Scenarios, `tests.yaml`.
    Tests,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    println!("{:#}", schema(options.kind));
    ExitCode::SUCCESS
}

fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Namespace => definition_schema(),
        Kind::Settings => settings_schema(),
        Kind::Tests => tests_schema(),
    }
}

/// JSON Schema of a settings file.
#[must_use]
pub fn settings_schema() -> Value {
    schema_of_file::<SettingsFile>("Homeroom settings")
}

/// JSON Schema of a file of scenarios.
#[must_use]
pub fn tests_schema() -> Value {
    schema_of_file::<TestFile>("Homeroom scenarios")
}
