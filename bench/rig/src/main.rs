//! Offers load to Homeroom and to its peers, and writes what it cost them. `bench/run` builds and starts everything.

mod load;
mod options;
mod peers;
mod process;
mod redis;
mod report;
mod rounds;
mod scenario;
mod tally;
mod token;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match rounds::run(&options::Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
