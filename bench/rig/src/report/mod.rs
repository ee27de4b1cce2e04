//! What was measured, for people: Markdown, and plots beside it.

mod figures;
mod goals;
mod machine;
mod plot;
mod tables;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::options::Options;
use crate::rounds::{Fault, Record};
use figures::Figures;

/// Writes `report.md` and `plots/` into a folder.
pub(crate) fn write(options: &Options, records: &[Record], faults: &[Fault]) -> Result<(), String> {
    let out = options.out.as_deref().unwrap_or(&options.bench);
    let figures = Figures::new(records);
    let told = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let plots = out.join("plots");
    fs::create_dir_all(&plots).map_err(|error| told(&plots, error))?;
    let mut text = opening(options);
    goals::write(&mut text, &figures);
    for table in tables::TABLES.iter().filter(|table| figures.has(table.id)) {
        table.write(&mut text, &figures);
        for plot in table.plots(&figures) {
            let path = plots.join(&plot.file);
            fs::write(&path, &plot.svg).map_err(|error| told(&path, error))?;
            let _ = writeln!(text, "![{}](plots/{})\n", plot.title, plot.file);
        }
    }
    if !faults.is_empty() {
        text.push_str("## What could not be measured\n\n");
        for fault in faults {
            let _ = writeln!(text, "- {}, {}, round {}: {}", fault.table, fault.row, fault.round + 1, fault.error);
        }
    }
    let path = out.join("report.md");
    fs::write(&path, text).map_err(|error| told(&path, error))?;
    println!("wrote {}", path.display());
    Ok(())
}

fn opening(options: &Options) -> String {
    let Options { rounds, window, warm_up, crowd, .. } = options;
    format!(
        "# What it costs\n\n\
         Written by `bench/run`; [README.md](README.md) says what is measured and how. {rounds} rounds, everyone in turn in each; \
         windows of {window} s after {warm_up} s of warming up; a crowd of {crowd}. Servers on one core, what offers load (and Redis) on \
         the other. Figures are medians over the rounds, and (least-most). *CPU* is that of the server. A ratio is made \
         within each round, and then its median taken: below 1 is cheaper.\n\n\
         Machine: {}\n\n",
        machine::description()
    )
}
