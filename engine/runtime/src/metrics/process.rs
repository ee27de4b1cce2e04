//! What the system knows of this process, by the names that Prometheus gives it everywhere.

use std::fmt::Error;

use super::page::Page;

/// Ticks of the processor's clock in a second, as Linux tells them to all programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// What is known where `/proc` is; elsewhere nothing.
#[derive(Debug, Default)]
pub(super) struct Process {
    cpu_seconds: Option<f64>,
    resident_bytes: Option<i64>,
    threads: Option<i64>,
    files: Option<i64>,
    files_max: Option<i64>,
}

impl Process {
    pub(super) fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The second field is the program's name in brackets, which may have blanks in it.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().collect();
        let field = |at: usize| fields.get(at)?.parse::<u32>().ok();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let of_status = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_ascii_whitespace().next()?.parse::<i64>().ok()
        };
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let files_max = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
        Self {
            cpu_seconds: field(11)
                .zip(field(12))
                .map(|(user, system)| (f64::from(user) + f64::from(system)) / TICKS_PER_SECOND),
            resident_bytes: of_status("VmRSS:").map(|kilobytes| kilobytes * 1024),
            threads: of_status("Threads:"),
            files: std::fs::read_dir("/proc/self/fd").ok().and_then(|files| i64::try_from(files.count()).ok()),
            files_max: files_max.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok()),
        }
    }

    pub(super) fn write(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        if let Some(seconds) = &self.cpu_seconds {
            page.counters("process_cpu_seconds", "Time on processors")?.counter(&[], seconds)?;
        }
        let gauges = [
            ("process_resident_memory_bytes", "Memory that is held", self.resident_bytes),
            ("process_threads", "Threads", self.threads),
            ("process_open_fds", "Open files, connections among them", self.files),
            ("process_max_fds", "How many may be open", self.files_max),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                page.gauges(name, help)?.gauge(&[], &value)?;
            }
        }
        Ok(())
    }
}
