//! Settings: one YAML file, read as definitions are, every key with a default, every key overridden by the environment.

mod environment;
mod file;
mod identity;

use std::net::SocketAddr;
use std::time::Duration;

use homeroom_definition::{
    Diagnostic, Diagnostics, Many, Node, SourceId, Sources, Text, parse_count, parse_duration, yaml,
};
use homeroom_plan::Identity;
use homeroom_runtime::RuntimeSettings;
use homeroom_socket::settings::SocketSettings;
use homeroom_store::state::StateLimits;
use serde_json::Value;

pub use environment::Environment;
pub use file::SettingsFile;
pub use identity::Claims;

use crate::codes;

/// What the development secret is: on loopback, and there only, anyone may mint tokens with it.
pub const DEVELOPMENT_SECRET: &str = "homeroom-development-secret-do-not-use-in-production";

/// The development API key, for loopback only.
pub const DEVELOPMENT_KEY: &str = "homeroom-development-key";

/// Settings, complete.
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
    pub database: Option<String>,
    /// A script, among the files, that fills a database in memory where no URL is given.
    pub demo: Option<Text>,
    /// The keys of services.
    pub api_keys: Vec<String>,
    /// Users for whom tokens are printed where the development secret is used.
    pub demo_tokens: Vec<Value>,
}

/// How tokens are verified.
pub struct Auth {
    /// The secret of HS256; absent: the development secret, on loopback only.
    pub secret: Option<String>,
    /// What `iss` must be.
    pub issuer: Option<String>,
    /// What `aud` must have.
    pub audience: Option<String>,
    /// How far clocks may differ.
    pub leeway: Duration,
}

/// Reads settings; `source` is their file, if there is one. What is wrong is told at its place, also in the environment.
pub fn read(
    sources: &mut Sources,
    source: Option<SourceId>,
    environment: &Environment,
    diagnostics: &mut Diagnostics,
) -> Option<Settings> {
    let node = source.and_then(|source| yaml::read(sources, source, diagnostics));
    let node = environment.over(node, sources);
    let file: SettingsFile =
        homeroom_definition::FromNode::from_node(&node, &mut homeroom_definition::Reader::new(diagnostics))?;
    Reading { diagnostics }.settings(&file)
}

struct Reading<'d> {
    diagnostics: &'d mut Diagnostics,
}

impl Reading<'_> {
    fn settings(&mut self, file: &SettingsFile) -> Option<Settings> {
        let (identity, claims) = identity::read(file.identity.as_ref(), file.span, self.diagnostics)?;
        Some(Settings {
            listen: self.listen(file)?,
            auth: self.auth(file),
            identity,
            claims,
            socket: self.socket(file),
            limits: self.limits(file),
            state: self.state(file),
            database: file.database.as_ref().and_then(|database| text(database.url.as_ref())),
            demo: file.database.as_ref().and_then(|database| database.demo.clone()),
            api_keys: file.api.as_ref().map(|api| texts(&api.keys)).unwrap_or_default(),
            demo_tokens: file.demo_tokens.iter().map(Node::to_json).collect(),
        })
    }

    fn listen(&mut self, file: &SettingsFile) -> Option<SocketAddr> {
        let listen = file.listen.as_ref();
        let host = listen.and_then(|listen| text(listen.host.as_ref())).unwrap_or_else(|| "127.0.0.1".into());
        let port = listen.and_then(|listen| listen.port.as_ref());
        let number = port.map_or(Some(3000), |port| port.value.parse::<u16>().ok());
        let Some(number) = number else {
            let port = port?;
            self.wrong(port, "this is no port", "a port is a number up to 65535; 0 picks a free one");
            return None;
        };
        match format!("{host}:{number}").parse() {
            Ok(address) => Some(address),
            Err(_) => {
                let host = listen.and_then(|listen| listen.host.as_ref())?;
                self.wrong(host, "this is no address to listen on", "such as `127.0.0.1`, `0.0.0.0` or `[::]`");
                None
            }
        }
    }

    fn auth(&mut self, file: &SettingsFile) -> Auth {
        let auth = file.auth.as_ref();
        let of = |pick: fn(&file::AuthSection) -> Option<&Text>| auth.and_then(|auth| text(pick(auth)));
        let mut leeway = Duration::from_secs(5);
        self.duration(auth.and_then(|auth| auth.leeway.as_ref()), &mut leeway);
        Auth {
            secret: of(|auth| auth.secret.as_ref()).filter(|secret| !secret.is_empty()),
            issuer: of(|auth| auth.issuer.as_ref()),
            audience: of(|auth| auth.audience.as_ref()),
            leeway,
        }
    }

    fn socket(&mut self, file: &SettingsFile) -> SocketSettings {
        let mut settings = SocketSettings::default();
        if let Some(cors) = &file.cors {
            settings.origins = texts(&cors.origins);
        }
        let Some(section) = &file.socket else { return settings };
        if !section.transports.is_empty() {
            settings.websocket = section.transports.iter().any(|name| name.value == "websocket");
            settings.polling = section.transports.iter().any(|name| name.value == "polling");
        }
        for name in section.transports.iter().filter(|name| !matches!(name.value.as_str(), "websocket" | "polling")) {
            self.wrong(name, "there is no such transport", "there are `websocket` and `polling`");
        }
        self.duration(section.ping_interval.as_ref(), &mut settings.ping_interval);
        self.duration(section.ping_timeout.as_ref(), &mut settings.ping_timeout);
        self.duration(section.connect_timeout.as_ref(), &mut settings.connect_timeout);
        self.duration(section.write_stall.as_ref(), &mut settings.write_stall);
        self.count(section.message_bytes_max.as_ref(), &mut settings.message_bytes_max);
        self.count(section.attachments_max.as_ref(), &mut settings.attachments_max);
        self.count(section.queue_packets_max.as_ref(), &mut settings.queue_packets_max);
        self.count(section.connections_max.as_ref(), &mut settings.connections_max);
        settings
    }

    fn limits(&mut self, file: &SettingsFile) -> RuntimeSettings {
        let mut settings = RuntimeSettings::default();
        let Some(section) = &file.limits else { return settings };
        self.duration(section.event_timeout.as_ref(), &mut settings.event_timeout);
        self.count(section.queue_events_max.as_ref(), &mut settings.queue_events_max);
        self.count(section.payload_bytes_max.as_ref(), &mut settings.payload_bytes_max);
        self.count(section.payload_depth_max.as_ref(), &mut settings.payload_depth_max);
        self.count(section.rooms_per_connection_max.as_ref(), &mut settings.rooms_per_connection_max);
        self.count(section.connections_per_user_max.as_ref(), &mut settings.connections_per_user_max);
        if let Some(rate) = &section.default_rate_limit
            && let Some(limit) = self.diagnostics.keep(homeroom_definition::parse_rate_limit(rate))
        {
            settings.default_rate_count = limit.count;
            settings.default_rate_per = limit.per;
        }
        settings
    }

    fn state(&mut self, file: &SettingsFile) -> StateLimits {
        let mut limits = StateLimits::default();
        let Some(section) = &file.state else { return limits };
        self.count(section.keys_max.as_ref(), &mut limits.keys_max);
        self.count(section.bytes_max.as_ref(), &mut limits.bytes_max);
        limits
    }

    fn duration(&mut self, written: Option<&Text>, into: &mut Duration) {
        if let Some(duration) = written.and_then(|text| self.diagnostics.keep(parse_duration(text))) {
            *into = duration;
        }
    }

    fn count(&mut self, written: Option<&Node>, into: &mut usize) {
        if let Some(count) = written.and_then(|node| self.diagnostics.keep(parse_count(node))) {
            *into = count;
        }
    }

    fn wrong(&mut self, at: &Text, message: &str, help: &str) {
        self.diagnostics.push(Diagnostic::error(codes::BAD_SETTING, at.span, message).help(help));
    }
}

fn text(written: Option<&Text>) -> Option<String> {
    written.map(|text| text.value.clone())
}

fn texts(written: &Many<Text>) -> Vec<String> {
    written.iter().map(|text| text.value.clone()).filter(|text| !text.is_empty()).collect()
}
