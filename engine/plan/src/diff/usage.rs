//! What a running server is used for now: what `GET /v1/admin/usage` answers, and `homeroom plan --live` asks.
//!
//! Counts alone, and names that stand in definitions: no user, no payload. Both sides share these types; keys are added,
//! never renamed, and what is missing counts as nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What one server serves, and to how many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The digest of what it serves ([`crate::Plan::digest`]).
    pub digest: String,
    /// The definitions that it serves, so that they can be compared; settings with their secrets struck out.
    #[serde(default)]
    pub sources: Vec<UsedSource>,
    /// Its namespaces.
    #[serde(default)]
    pub namespaces: Vec<UsedNamespace>,
}

/// A file that is served.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsedSource {
    /// Its path below the folder that is served.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// How a namespace is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsedNamespace {
    /// Its path, such as `/gradebook`.
    pub namespace: String,
    /// Connected sockets, by the role of their user.
    pub sockets: BTreeMap<String, usize>,
    /// Rooms that somebody is in.
    pub rooms: Vec<UsedRoom>,
    /// Events that were sent by sockets that are connected now.
    pub events: Vec<UsedEvent>,
}

/// How a room is used, or all rooms of a pattern together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsedRoom {
    /// The pattern, such as `class:<classId>`.
    pub pattern: String,
    /// The room, where each is told by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// Sockets in it, by the role of their user.
    pub sockets: BTreeMap<String, usize>,
}

/// How an event is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsedEvent {
    /// Its name.
    pub event: String,
    /// How many of the connected sockets have sent it since they connected.
    pub sockets: usize,
}

impl Usage {
    /// How a namespace is used, if it is served.
    #[must_use]
    pub fn namespace(&self, path: &str) -> Option<&UsedNamespace> {
        self.namespaces.iter().find(|used| used.namespace == path)
    }
}

impl UsedNamespace {
    /// How many sockets are connected.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.sockets.values().sum()
    }

    /// How many of the connected sockets have sent an event.
    #[must_use]
    pub fn senders(&self, event: &str) -> usize {
        self.events.iter().filter(|used| used.event == event).map(|used| used.sockets).sum()
    }
}
