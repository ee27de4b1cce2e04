//! What a server says of itself to those who operate it: written to Redis, sealed with the cluster's key.

use homeroom_runtime::ClusterKey;
use serde_json::{Value, json};

/// A server, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    /// The machine it runs on, as that is called, and where it listens.
    pub place: String,
    /// The version of the engine.
    pub version: String,
    /// The digest of the definitions it serves.
    pub digest: String,
    /// When it started, in milliseconds since the Unix epoch, by its own clock.
    pub since_ms: i64,
    /// Its clock when it said this.
    pub now_ms: i64,
    /// Connections it has, over all namespaces.
    pub connections: usize,
    /// Connections it admits at most.
    pub connections_max: usize,
    /// Files that its process may open; 0 if that is not known.
    pub files_max: u64,
    /// Frames that were to leave or arrive by the bus and did not, since it started.
    pub lost: u64,
    /// Frames on the bus that it left unread, since another key made them.
    pub refused: u64,
}

impl Card {
    /// The card as it is written.
    #[must_use]
    pub fn written(&self, key: &ClusterKey) -> String {
        let card = json!({
            "place": self.place,
            "version": self.version,
            "digest": self.digest,
            "since_ms": self.since_ms,
            "now_ms": self.now_ms,
            "connections": self.connections,
            "connections_max": self.connections_max,
            "files_max": self.files_max,
            "lost": self.lost,
            "refused": self.refused,
        });
        key.sign(&card.to_string())
    }

    /// The card that was written, and whether with this key; `None` for what is no card.
    #[must_use]
    pub fn read(written: &str, key: &ClusterKey) -> Option<(Self, bool)> {
        let (text, is_ours) = key.signed(written)?;
        let card: Value = serde_json::from_str(text).ok()?;
        let text = |name: &str| card.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |name: &str| card.get(name).and_then(Value::as_u64).unwrap_or(0);
        let size = |name: &str| usize::try_from(number(name)).unwrap_or(usize::MAX);
        let time = |name: &str| i64::try_from(number(name)).unwrap_or(i64::MAX);
        let card = Self {
            place: text("place"),
            version: text("version"),
            digest: text("digest"),
            since_ms: time("since_ms"),
            now_ms: time("now_ms"),
            connections: size("connections"),
            connections_max: size("connections_max"),
            files_max: number("files_max"),
            lost: number("lost"),
            refused: number("refused"),
        };
        Some((card, is_ours))
    }
}

/// How many files this process may open, where the system tells.
#[must_use]
pub fn files_max() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = line.split_whitespace().next()?;
    if soft == "unlimited" { Some(u64::MAX) } else { soft.parse().ok() }
}

/// The name of this machine, where it has one.
#[must_use]
pub fn host() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = named.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let named = named.trim();
    if named.is_empty() { "this machine".into() } else { named.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_read_as_it_was_written_and_tells_whose_it_is() {
        let card = Card { place: "a:3000".into(), digest: "d".into(), connections: 3, ..Card::default() };
        let key = ClusterKey::of("one secret");
        let written = card.written(&key);
        assert_eq!(Card::read(&written, &key), Some((card.clone(), true)));
        assert_eq!(Card::read(&written, &ClusterKey::of("another")), Some((card, false)));
        assert_eq!(Card::read("none", &key), None);
    }
}
