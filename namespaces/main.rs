//! SkillCore's realtime service: six namespaces in YAML and two hooks in Rust.

use std::process::ExitCode;

use homeroom_cli::{Deployable, run};

mod files;
mod hooks;

// It takes the place of `malloc` (feature `override`), which Rust asks where nothing else is said. `mimalloc::MiMalloc` always asks
// for aligned places, of which those of 48 and 96 bytes, and others that are no power of two, are made of the next larger size.
use mimalloc as _;

fn main() -> ExitCode {
    run(&Deployable { name: "homeroom", files: files::FILES, hooks: hooks::hooks() })
}
