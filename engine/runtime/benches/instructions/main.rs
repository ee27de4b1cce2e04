//! How many instructions, and how many allocations, an event takes from its text to what leaves; counted by valgrind, so that
//! the figures are the same on a busy machine as on a quiet one.
//!
//! The product's crates are optimised, what they stand on is as the tests have it (`optimised.toml`): a release build takes fewer.
//! What stays of chance, the order in hash maps, moves a figure by a fifth of a hundredth.
//!
//! `check` compares with `figures.txt` and fails where an event costs more; `accept` writes what is found there.

mod counting;
mod events;
mod figures;
mod house;

use std::process::ExitCode;

use figures::Figures;

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`.
    let asked = std::env::args().nth(1).filter(|asked| asked != "--bench");
    let done = match asked.as_deref() {
        Some("run") => {
            events::run();
            Ok(())
        }
        Some("check") => counting::count().and_then(|found| Figures::accepted()?.hold(&found)),
        Some("accept") => counting::count().and_then(|found| found.accept()),
        _ => Err("one of `check` and `accept` is expected".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
