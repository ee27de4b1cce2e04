//! The figures that are held, and how far they may stray.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// How much more an event may cost than what was accepted, in hundredths.
const TOLERANCE: f64 = 3.0;

/// The same where another compiler made the program.
const TOLERANCE_OF_OTHERS: f64 = 15.0;

const HOW: &str = "cargo --config engine/runtime/benches/instructions/optimised.toml bench --profile dev --workspace --bench instructions -- accept";

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    pub(crate) allocations: f64,
}

pub(crate) struct Figures {
    compiler: String,
    costs: Vec<(String, Cost)>,
}

impl Figures {
    pub(crate) fn new<'a>(costs: impl IntoIterator<Item = (&'a str, Cost)>) -> Self {
        let costs = costs.into_iter().map(|(name, cost)| (name.to_owned(), cost)).collect();
        Self { compiler: compiler(), costs }
    }

    /// What was accepted.
    pub(crate) fn accepted() -> Result<Self, String> {
        let path = path();
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::read(&text).ok_or_else(|| format!("{} cannot be read; write it anew: {HOW}", path.display()))
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let compiler = lines.next()?.to_owned();
        let cost = |line: &str| {
            let (instructions, rest) = line.trim().split_once(' ')?;
            let (allocations, name) = rest.trim().split_once(' ')?;
            let cost = Cost { instructions: instructions.parse().ok()?, allocations: allocations.parse().ok()? };
            Some((name.trim().to_owned(), cost))
        };
        Some(Self { compiler, costs: lines.map(cost).collect::<Option<_>>()? })
    }

    /// Takes what was found as what is held.
    pub(crate) fn accept(&self) -> Result<(), String> {
        let mut text = "# Instructions and allocations of one event; see main.rs. Written by: ".to_owned();
        let _ = writeln!(text, "{HOW}\n{}", self.compiler);
        for (name, Cost { instructions, allocations }) in &self.costs {
            let _ = writeln!(text, "{instructions:>7} {allocations:>6.1}  {name}");
        }
        print!("{text}");
        fs::write(path(), text).map_err(|error| error.to_string())
    }

    /// Compares what was found with these.
    ///
    /// # Errors
    /// If an event costs more than it may.
    pub(crate) fn hold(&self, found: &Self) -> Result<(), String> {
        let is_same = self.compiler == found.compiler;
        let tolerance = if is_same { TOLERANCE } else { TOLERANCE_OF_OTHERS };
        if !is_same {
            println!("figures are of {}, and this is {}: {tolerance} % are allowed", self.compiler, found.compiler);
        }
        let (mut dearer, mut cheaper) = (String::new(), false);
        for (name, now) in &found.costs {
            let before = self.costs.iter().find(|(accepted, _)| accepted == name).map(|(_, cost)| cost.instructions);
            let Some(before) = before else {
                let _ = writeln!(dearer, "  {name}: {} instructions, and nothing was accepted", now.instructions);
                continue;
            };
            let change = (now.instructions as f64 / before as f64 - 1.0) * 100.0;
            println!(
                "{:>7} instructions ({change:+.1} %), {:.1} allocations: {name}",
                now.instructions, now.allocations
            );
            if change > tolerance {
                let _ = writeln!(dearer, "  {name}: {before} before, {} now, {change:+.1} %", now.instructions);
            }
            cheaper |= change < -tolerance;
        }
        if cheaper {
            println!("some are cheaper than what is held; hold that: {HOW}");
        }
        match dearer.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "events cost more than {tolerance} % above what was accepted:\n{dearer}\
                 If what was gained is worth it, accept it, and say so in the commit:\n  {HOW}"
            )),
        }
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/instructions/figures.txt")
}

fn compiler() -> String {
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version").output();
    output.map_or_else(|_| "rustc unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
