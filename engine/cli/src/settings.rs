//! Settings: one YAML file, read as definitions are, every key with a default, every key overridden by the environment.

pub(crate) mod auth;
mod emitter;
mod environment;
pub mod file;
mod identity;
mod reading;
mod secrets;
mod services;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use homeroom_definition::{Diagnostics, FromNode, Reader, SourceId, Sources, Text, yaml};
use homeroom_plan::Identity;
use homeroom_runtime::RuntimeSettings;
use homeroom_runtime::receipts::Keeping;
use homeroom_socket::settings::SocketSettings;
use homeroom_store::PresenceRules;
use homeroom_store::outbox::OutboxSettings;
use homeroom_store::redis::RedisConfig;
use homeroom_store::sql::SqlLimits;
use homeroom_store::state::StateLimits;
use serde_json::Value;

use crate::webhooks::WebhookSettings;

pub use auth::{Auth, Issuer, JwksSettings, Keys};
pub use emitter::Emitter;
pub use environment::Environment;
pub use file::SettingsFile;
pub use identity::Claims;
pub use services::Services;

/// What the development secret is: on loopback, and there only, anyone may mint tokens with it.
pub const DEVELOPMENT_SECRET: &str = "homeroom-development-secret-do-not-use-in-production";

/// The development API key, for loopback only.
pub const DEVELOPMENT_KEY: &str = "homeroom-development-key";

/// Settings, complete. Their `Debug` has no secrets.
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How tokens are verified.
    pub auth: Auth,
    /// What definitions see as `user`.
    pub identity: Identity,
    /// How `user` is made of a token's claims.
    pub claims: Claims,
    /// The edge.
    pub socket: SocketSettings,
    /// Bounds of events and connections.
    pub limits: RuntimeSettings,
    /// Bounds of state in memory.
    pub state: StateLimits,
    /// The URL of the database.
    pub database: Option<Text>,
    /// A script, beside the settings, that fills a database in memory where no URL is given.
    pub demo: Option<Text>,
    /// Bounds of the database.
    pub sql: SqlLimits,
    /// How the outbox is worked on, if it is.
    pub outbox: Option<OutboxSettings>,
    /// Where webhooks go, if anywhere.
    pub webhooks: Option<WebhookSettings>,
    /// Who may send and operate over HTTP.
    pub services: Services,
    /// How long answers to services are kept.
    pub keeping: Keeping,
    /// How long tokens are refused that are revoked, where nobody says it.
    pub revoked_for: Duration,
    /// When changed definitions are served.
    pub reload: Reload,
    /// The other servers, if this one does not stand alone.
    pub redis: Option<Shared>,
    /// Users for whom tokens are printed where the development secret is used.
    pub demo_tokens: Vec<Value>,
}

/// How several servers are one. Its `Debug` has no secrets.
#[derive(Clone)]
pub struct Shared {
    /// Where Redis is.
    pub redis: RedisConfig,
    /// Whether state, presence and limits are kept there.
    pub state: bool,
    /// What servers know each other by, if it is not the secret for tokens.
    pub secret: Option<String>,
    /// How long servers and users may be away.
    pub presence: PresenceRules,
    /// What other services may publish, if anything.
    pub emitter: Option<Emitter>,
}

impl Shared {
    /// What servers know each other by.
    #[must_use]
    pub fn known_by<'s>(&'s self, auth: &'s Auth) -> &'s str {
        let of_tokens = || auth.minting().map(|(_, secret)| secret);
        self.secret.as_deref().or_else(of_tokens).unwrap_or(DEVELOPMENT_SECRET)
    }
}

/// When changed definitions are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload {
    /// Whether the folder is watched.
    pub watch: bool,
    /// How long it must be at rest before it is read.
    pub debounce: Duration,
    /// How often files are looked at where the system tells of no change.
    pub poll: Duration,
}

impl Default for Reload {
    fn default() -> Self {
        Self { watch: true, debounce: Duration::from_millis(100), poll: Duration::from_secs(5) }
    }
}

/// Reads settings; `source` is their file, if there is one. What is wrong is told at its place, also in the environment.
/// Secrets that stand in the file are struck out of `sources`, so that no mistake beside one shows it.
///
/// `None` if there is nothing to go on with; `diagnostics` may also have errors where there is.
pub fn read(
    sources: &mut Sources,
    source: Option<SourceId>,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<Settings> {
    let node = source.and_then(|source| yaml::read(sources, source, diagnostics));
    if let Some(node) = &node {
        secrets::strike_out(sources, node);
    }
    environment.tell_slips(sources, diagnostics);
    let node = environment.over(node, sources);
    let file = SettingsFile::from_node(&node, &mut Reader::new(diagnostics))?;
    reading::settings(&file, diagnostics)
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("auth", &self.auth)
            .field("identity", &self.identity.schema)
            .field("socket", &self.socket)
            .field("limits", &self.limits)
            .field("state", &self.state)
            .field("database", &self.database.as_ref().map(|_| "***"))
            .field("demo", &self.demo.as_ref().map(|demo| &demo.value))
            .field("sql", &self.sql)
            .field("outbox", &self.outbox)
            .field("webhooks", &self.webhooks)
            .field("services", &self.services.keys.len())
            .field("keeping", &self.keeping)
            .field("revoked_for", &self.revoked_for)
            .field("demo_tokens", &self.demo_tokens.len())
            .field("redis", &self.redis)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("state", &self.state)
            .field("prefix", &self.redis.prefix)
            .field("call_timeout", &self.redis.call_timeout)
            .field("presence", &self.presence)
            .finish_non_exhaustive()
    }
}
