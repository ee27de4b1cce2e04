//! From what was found out to what is told: each thing as it stands, and what to do where it does not stand well.

mod database;
mod redis;
mod servers;
mod settings;

use std::time::Duration;

use super::facts::Facts;
use super::finding::Finding;

/// Everything there is to tell, by area.
#[must_use]
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut all = settings::findings(&facts.settings, facts.files_max);
    if let Some(redis) = &facts.redis {
        all.extend(redis::findings(redis, &facts.settings));
    }
    let is_known = facts.redis.as_ref().is_some_and(|redis| redis.unreachable.is_none());
    if is_known || !facts.servers.asked.is_empty() {
        all.extend(servers::findings(facts));
    }
    if let Some(database) = &facts.database {
        all.extend(database::findings(database, facts));
    }
    all
}

/// A time as people write it.
fn time(duration: Duration) -> String {
    match duration {
        _ if duration < Duration::from_millis(1) => format!("{} us", duration.as_micros()),
        _ if duration < Duration::from_secs(10) => format!("{:.1} ms", duration.as_secs_f64() * 1000.0),
        _ => format!("{} s", duration.as_secs()),
    }
}

/// Bytes as people write them.
fn bytes(bytes: u64) -> String {
    match bytes {
        ..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

/// A count and what is counted.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// So much of a digest as tells it from others.
fn short(digest: &str) -> String {
    // What servers write into Redis may be anything.
    digest.chars().filter(char::is_ascii_alphanumeric).take(12).collect()
}
