//! What it was measured on: nothing that names a person's machine.

use std::fs;
use std::process::Command;

pub(super) fn description() -> String {
    let cpu_info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        cpu_info
            .lines()
            .find(|line| line.starts_with(name))
            .and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
    };
    let model = field("model name").unwrap_or_else(|| "unknown processor".into());
    let cores = cpu_info.lines().filter(|line| line.starts_with("processor")).count();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: f64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap_or(0.0);
    let is_virtual = if cpu_info.contains("hypervisor") { ", virtual" } else { "" };
    format!(
        "{model}, {cores} cores{is_virtual}, {:.0} GiB; Linux {}; {}; Node {}; {}.",
        kib / 1024.0 / 1024.0,
        fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        said("rustc", &["--version"]).split(" (").next().unwrap_or_default(),
        said("node", &["--version"]),
        said("redis-server", &["--version"]).split(" sha").next().unwrap_or_default()
    )
}

fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map_or_else(|_| format!("no {program}"), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
