//! SkillCore's realtime service: six namespaces in YAML and two hooks in Rust.

use std::process::ExitCode;

use homeroom_cli::{Deployable, run};

mod files;
mod hooks;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    run(&Deployable { name: "homeroom", files: files::FILES, hooks: hooks::hooks() })
}
