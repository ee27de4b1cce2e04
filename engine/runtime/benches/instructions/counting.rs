//! Runs this program under valgrind, and reads what it counted.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::events::{NAMES, TIMES};
use crate::figures::{Cost, Figures};

/// The function whose calls are counted, each by itself.
const COUNTED: &str = "instructions::events::counted";

/// What each event takes.
///
/// # Errors
/// If valgrind is not there, or the events do not do what they should.
pub(crate) fn count() -> Result<Figures, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = this.with_file_name(format!("instructions-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let found = valgrind(&this, &folder.join("out")).and_then(|()| read_all(&folder));
    let _ = fs::remove_dir_all(&folder);
    found
}

fn valgrind(program: &Path, out: &Path) -> Result<(), String> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--dump-before={COUNTED}"))
        .arg(format!("--dump-after={COUNTED}"))
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .arg("run")
        .output()
        .map_err(|error| format!("valgrind: {error}; install it: apt-get install valgrind"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Two dumps for each event, in their order: of what came before it, and of itself.
fn read_all(folder: &Path) -> Result<Figures, String> {
    let path = |number: usize| -> PathBuf { folder.join(format!("out.{}", 2 * number + 2)) };
    let costs = NAMES.iter().enumerate().map(|(number, name)| {
        let dump =
            fs::read_to_string(path(number)).map_err(|error| format!("{name}: valgrind wrote nothing: {error}"))?;
        let cost = read(&dump).filter(|cost| cost.instructions > 0).ok_or(format!("{name}: nothing was counted"))?;
        Ok((*name, cost))
    });
    costs.collect::<Result<Vec<_>, String>>().map(Figures::new)
}

/// Instructions and allocations of one event, from callgrind's dump of many.
fn read(dump: &str) -> Option<Cost> {
    let total: u64 = dump.lines().find_map(|line| line.strip_prefix("totals:")?.trim().parse().ok())?;
    Some(Cost { instructions: total / TIMES, allocations: calls(dump, "malloc") as f64 / TIMES as f64 })
}

/// How often a function was called. Names are written once, behind a number in brackets, and told by that number then.
fn calls(dump: &str, function: &str) -> u64 {
    let mut names = HashMap::new();
    let (mut is_it, mut calls) = (false, 0);
    for line in dump.lines() {
        if let Some(named) = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")) {
            let (number, name) = named.split_once(") ").unwrap_or((named.trim_end_matches(')'), ""));
            if !name.is_empty() {
                names.insert(number, name);
            }
            is_it = names.get(number) == Some(&function);
        } else if let Some(count) = line.strip_prefix("calls=")
            && is_it
        {
            calls += count.split(' ').next().and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    calls
}
