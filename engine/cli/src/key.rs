//! `homeroom key`

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Args;
use homeroom_http::KeyHash;
use uuid::Uuid;

/// How keys begin, so that whoever finds one knows what it is.
const PREFIX: &str = "hrk_";

/// Nothing to choose: a key is random.
#[derive(Args)]
pub(crate) struct Options {
    /// Print the hash of the key that comes on standard input, instead of making one.
    #[arg(long)]
    hash: bool,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    if options.hash {
        return hash_of_input();
    }
    let key = new_key();
    println!("{key}");
    println!("{}", KeyHash::of(&key));
    if std::io::stdout().is_terminal() {
        eprintln!("\nThe first line is for the service, and is shown this once. The second is for the settings:");
        eprintln!("under `services:`, or `api: {{ keys: [...] }}` for one that may do everything.");
    }
    ExitCode::SUCCESS
}

fn hash_of_input() -> ExitCode {
    let mut key = String::new();
    match std::io::stdin().read_line(&mut key) {
        Ok(_) if !key.trim().is_empty() => {
            println!("{}", KeyHash::of(key.trim()));
            ExitCode::SUCCESS
        }
        _ => crate::fail("there is no key on standard input"),
    }
}

/// A key that nobody can guess.
fn new_key() -> String {
    // Two of version 4 have 244 random bits, from the system.
    format!("{PREFIX}{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_are_text() {
        let (one, other) = (new_key(), new_key());
        assert_ne!(one, other);
        assert_eq!(one.len(), PREFIX.len() + 64);
    }
}
