//! What the doctor looks at, as plain data: judged apart from where it comes from.

use std::time::Duration;

use homeroom_store::redis::{Everlasting, Leases, RoundTrips, ServerHealth, Where};

use crate::server::card::Card;

/// All that was found out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// What the settings say.
    pub settings: SettingsFacts,
    /// Files that a process started from here may open, where the system tells.
    pub files_max: Option<u64>,
    /// Redis, if the settings name one.
    pub redis: Option<RedisFacts>,
    /// The servers that Redis knows of, and those that were asked.
    pub servers: ServersFacts,
    /// The database, if the settings name one.
    pub database: Option<DatabaseFacts>,
}

/// What the settings say that can be wrong together with something else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsFacts {
    /// Mistakes in settings and definitions; the first in words.
    pub mistakes: usize,
    /// The first of them.
    pub first_mistake: String,
    /// The digest of the definitions here, if there are any to be served.
    pub digest: Option<String>,
    /// Whether tokens are verified by something that not everybody knows.
    pub has_secret: bool,
    /// Whether only this machine is served.
    pub is_loopback: bool,
    /// Whether several servers are one.
    pub is_shared: bool,
    /// Whether state is kept in Redis.
    pub shares_state: bool,
    /// Whether clients may poll.
    pub polling: bool,
    /// Connections that are admitted.
    pub connections_max: usize,
    /// How long an event may run.
    pub event_timeout: Duration,
    /// How long a call of Redis may take.
    pub call_timeout: Duration,
    /// How long to wait for a connection to the database, and for a statement.
    pub acquire_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// How long after a server died its users are gone.
    pub lease: Duration,
    /// How far the clocks of tokens may differ.
    pub leeway: Duration,
    /// Connections to the database, of each server.
    pub pool: u32,
}

/// Redis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RedisFacts {
    /// Where it is.
    pub at: Where,
    /// Whether names of keys begin with something of ours.
    pub has_prefix: bool,
    /// Why it cannot be asked; then nothing below is known.
    pub unreachable: Option<String>,
    /// Each server of it.
    pub health: Vec<ServerHealth>,
    /// Keys without an end.
    pub everlasting: Everlasting,
    /// Leases of servers.
    pub leases: Leases,
}

/// The servers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServersFacts {
    /// What each says of itself by Redis.
    pub cards: Vec<CardFacts>,
    /// What each said that was asked by its URL.
    pub asked: Vec<AskedFacts>,
}

/// A server, as Redis has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CardFacts {
    /// What it says.
    pub card: Card,
    /// Whether its secret is that of the settings here.
    pub is_ours: bool,
    /// How far its clock was ahead of that of Redis, in milliseconds.
    pub clock_ahead_ms: i64,
    /// How long it has run, in milliseconds.
    pub runs_ms: i64,
}

/// A server that was asked at its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedFacts {
    /// The URL, without what nobody may see.
    pub url: String,
    /// The digest that it serves; or why it did not say.
    pub digest: Result<String, String>,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DatabaseFacts {
    /// What it is and where, without what nobody may see.
    pub at: String,
    /// Whether it is a script in memory, forgotten with the process.
    pub is_demo: bool,
    /// Why it cannot be asked.
    pub unreachable: Option<String>,
    /// How long asking it takes.
    pub round_trips: RoundTrips,
}
