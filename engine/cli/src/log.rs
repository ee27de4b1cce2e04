//! The log of a server, on standard error.
//!
//! `HOMEROOM_LOG` says what is logged, as `tracing` has it: `debug`, or `info,homeroom_runtime=debug`. `HOMEROOM_LOG_FORMAT` says
//! how: `json`, one object a line, or `text`; without it text on a terminal and JSON elsewhere. Lines about one event
//! bear its id as `trace`, on every server.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What is logged where nothing is said.
const FILTER: &str = "info,socketioxide=off,engineioxide=off,sqlx=warn";

/// Begins to log.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("HOMEROOM_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match is_json() {
        true => drop(log.json().try_init()),
        false => drop(log.try_init()),
    }
}

fn is_json() -> bool {
    match std::env::var("HOMEROOM_LOG_FORMAT").as_deref() {
        Ok("json") => true,
        Ok("text") => false,
        _ => !std::io::stderr().is_terminal(),
    }
}
