//! From the settings file, the environment already in it, to settings.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use homeroom_definition::{Diagnostic, Diagnostics, Many, Node, Text, parse_count, parse_duration, parse_rate_limit};
use homeroom_http::REVOKED_FOR;
use homeroom_runtime::receipts::Keeping;
use homeroom_runtime::{OnDenied, RuntimeSettings};
use homeroom_socket::settings::{Carrier, SocketSettings};
use homeroom_store::PresenceRules;
use homeroom_store::outbox::OutboxSettings;
use homeroom_store::redis::RedisConfig;
use homeroom_store::sql::{SqlLimits, SqlTls};
use homeroom_store::state::StateLimits;

use super::file::SettingsFile;
use super::{Auth, Reload, Settings, Shared, auth, emitter, identity, services};
use crate::codes;
use crate::webhooks::{WebhookSettings, service};

/// The port where none is set.
const PORT: u16 = 3000;

/// Makes settings of the file.
pub(super) fn settings(file: &SettingsFile, diagnostics: &mut Diagnostics) -> Option<Settings> {
    let identity = identity::read(file.identity.as_ref(), file.span, diagnostics);
    let mut reading = Reading { diagnostics };
    let listen = reading.listen(file);
    let socket = reading.socket(file);
    let limits = reading.limits(file);
    let state = reading.state(file);
    let sql = reading.sql(file);
    let outbox = reading.outbox(file);
    let webhooks = reading.webhooks(file);
    let (keeping, revoked_for) = reading.keeping(file);
    let reload = reading.reload(file);
    let redis = reading.redis(file);
    let claims = identity.as_ref().map(|(_, claims)| claims.clone()).or_else(|| identity::usual(file.span))?;
    let auth = auth::read(file, &claims, diagnostics);
    let services = services::read(file, diagnostics);
    tell_guessable(file, &auth, redis.as_ref(), diagnostics);
    let (identity, claims) = identity?;
    identity::tell_wrong_users(&file.demo_tokens, &claims, diagnostics);
    Some(Settings {
        listen: listen?,
        auth,
        identity,
        claims,
        socket,
        limits,
        state,
        database: file.database.as_ref().and_then(|database| database.url.clone()),
        demo: file.database.as_ref().and_then(|database| database.demo.clone()),
        sql,
        outbox,
        webhooks,
        services,
        keeping,
        revoked_for,
        reload,
        redis,
        demo_tokens: file.demo_tokens.iter().map(Node::to_json).collect(),
    })
}

/// Servers know each other by a secret, which is that of tokens unless there is another.
fn tell_guessable(file: &SettingsFile, auth: &Auth, shared: Option<&Shared>, diagnostics: &mut Diagnostics) {
    let has_none = shared.is_some_and(|shared| shared.secret.is_none()) && auth.minting().is_none();
    if let (true, Some(url)) = (has_none, file.redis.as_ref().and_then(|redis| redis.url.as_ref())) {
        let told = Diagnostic::error(codes::BAD_SETTING, url.span, "servers have nothing to know each other by");
        diagnostics
            .push(told.help("tokens are verified by public keys alone here: set `redis.secret`, 32 bytes or more"));
    }
}

struct Reading<'d> {
    diagnostics: &'d mut Diagnostics,
}

impl Reading<'_> {
    fn listen(&mut self, file: &SettingsFile) -> Option<SocketAddr> {
        let listen = file.listen.as_ref();
        let host = listen
            .and_then(|listen| listen.host.as_ref())
            .map_or(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), |host| self.host(host));
        let port = listen.and_then(|listen| listen.port.as_ref()).map_or(Some(PORT), |port| self.port(port));
        Some(SocketAddr::new(host?, port?))
    }

    fn host(&mut self, host: &Text) -> Option<IpAddr> {
        let address = host.value.trim_start_matches('[').trim_end_matches(']').parse();
        if address.is_err() {
            self.wrong(
                host,
                "this is no address to listen on",
                "such as `127.0.0.1` for this machine alone, `0.0.0.0` or `::` for all",
            );
        }
        address.ok()
    }

    fn port(&mut self, port: &Text) -> Option<u16> {
        let number = port.value.parse();
        if number.is_err() {
            self.wrong(port, "this is no port", "a port is a number up to 65535; 0 picks a free one");
        }
        number.ok()
    }

    fn keeping(&mut self, file: &SettingsFile) -> (Keeping, Duration) {
        let (mut keeping, mut revoked_for) = (Keeping::default(), REVOKED_FOR);
        if let Some(section) = &file.api {
            self.duration(section.idempotency.as_ref(), &mut keeping.lasts);
            self.count(section.idempotency_max.as_ref(), &mut keeping.max);
            self.duration(section.revoked_for.as_ref(), &mut revoked_for);
        }
        (keeping, revoked_for)
    }

    fn socket(&mut self, file: &SettingsFile) -> SocketSettings {
        let mut settings = SocketSettings::default();
        if let Some(cors) = &file.cors {
            settings.origins = texts(&cors.origins);
        }
        // Clients of several servers cannot poll, since each request may reach another one.
        settings.polling = file.redis.as_ref().is_none_or(|redis| redis.url.is_none());
        let Some(section) = &file.socket else { return settings };
        self.transports(&section.transports, &mut settings);
        let carriers = [("own", Carrier::Own), ("socketioxide", Carrier::Socketioxide)];
        if let Some(carrier) = section.transport.as_ref().and_then(|transport| self.one_of(transport, &carriers)) {
            settings.transport = carrier;
        }
        if let Some(path) = section.path.as_ref().and_then(|path| self.path(path)) {
            settings.path = path;
        }
        self.duration(section.ping_interval.as_ref(), &mut settings.ping_interval);
        self.duration(section.ping_timeout.as_ref(), &mut settings.ping_timeout);
        self.duration(section.connect_timeout.as_ref(), &mut settings.connect_timeout);
        self.duration(section.head_timeout.as_ref(), &mut settings.head_timeout);
        self.duration(section.write_stall.as_ref(), &mut settings.write_stall);
        self.count(section.handshakes_per_second.as_ref(), &mut settings.handshakes_per_second);
        self.count(section.handshakes_waiting_max.as_ref(), &mut settings.handshakes_waiting_max);
        self.duration(section.handshake_wait.as_ref(), &mut settings.handshake_wait);
        self.duration(section.drain.as_ref(), &mut settings.drain);
        self.count(section.message_bytes_max.as_ref(), &mut settings.message_bytes_max);
        self.count(section.attachments_max.as_ref(), &mut settings.attachments_max);
        self.count(section.attachments_bytes_max.as_ref(), &mut settings.attachments_bytes_max);
        self.count(section.queue_packets_max.as_ref(), &mut settings.queue_packets_max);
        self.count(section.queue_bytes_max.as_ref(), &mut settings.queue_bytes_max);
        self.count(section.connections_max.as_ref(), &mut settings.connections_max);
        settings
    }

    fn redis(&mut self, file: &SettingsFile) -> Option<Shared> {
        let section = file.redis.as_ref()?;
        let use_state = section.use_state.as_ref();
        let state = use_state.and_then(|answer| self.one_of(answer, &[("true", true), ("false", false)]));
        let url = section.url.as_ref().filter(|url| !url.value.is_empty())?;
        let mut redis = RedisConfig::new(url.value.clone());
        redis.prefix = section.prefix.as_ref().map(|prefix| prefix.value.clone()).unwrap_or_default();
        self.duration(section.call_timeout.as_ref(), &mut redis.call_timeout);
        if let Err(error) = redis.check() {
            self.wrong(url, &error.to_string(), "such as `redis://user:password@host:6379/0`");
        }
        let (mut lease, mut grace) = (Duration::from_secs(10), Duration::ZERO);
        self.duration(section.lease.as_ref(), &mut lease);
        self.duration(section.grace.as_ref(), &mut grace);
        let presence = PresenceRules { lease_ms: whole_ms(lease), grace_ms: whole_ms(grace) };
        let secret = section.secret.as_ref().map(|secret| secret.value.clone());
        let emitter = section.emitter.as_ref().and_then(emitter::read);
        Some(Shared { redis, state: state.unwrap_or(true), secret, presence, emitter })
    }

    fn transports(&mut self, names: &Many<Text>, settings: &mut SocketSettings) {
        for name in names.iter().filter(|name| !matches!(name.value.as_str(), "websocket" | "polling")) {
            self.wrong(name, "there is no such transport", "there are `websocket` and `polling`");
        }
        if !names.is_empty() {
            settings.websocket = names.iter().any(|name| name.value == "websocket");
            settings.polling = names.iter().any(|name| name.value == "polling");
        }
    }

    fn path(&mut self, path: &Text) -> Option<String> {
        let is_path =
            path.value.len() > 1 && path.value.starts_with('/') && !path.value.contains(['?', '#', '{', '}', ' ']);
        if !is_path {
            self.wrong(path, "this is no path to serve Socket.IO at", "a path begins with `/`, such as `/socket.io`");
        }
        is_path.then(|| path.value.trim_end_matches('/').to_owned())
    }

    fn limits(&mut self, file: &SettingsFile) -> RuntimeSettings {
        let mut settings = RuntimeSettings::default();
        self.on_denied(file, &mut settings);
        let Some(section) = &file.limits else { return settings };
        self.duration(section.event_timeout.as_ref(), &mut settings.event_timeout);
        self.duration(section.hook_timeout.as_ref(), &mut settings.hook_timeout);
        self.count(section.queue_events_max.as_ref(), &mut settings.queue_events_max);
        self.count(section.entering_max.as_ref(), &mut settings.entering_max);
        self.count(section.entering_waiting_max.as_ref(), &mut settings.entering_waiting_max);
        self.duration(section.entering_wait.as_ref(), &mut settings.entering_wait);
        self.count(section.payload_bytes_max.as_ref(), &mut settings.payload_bytes_max);
        self.count(section.payload_depth_max.as_ref(), &mut settings.payload_depth_max);
        self.count(section.arguments_max.as_ref(), &mut settings.arguments_max);
        self.count(section.rooms_per_connection_max.as_ref(), &mut settings.rooms_per_connection_max);
        self.count(section.effects_per_event_max.as_ref(), &mut settings.effects_per_event_max);
        self.count(section.connections_per_user_max.as_ref(), &mut settings.connections_per_user_max);
        self.count(section.field_bytes_max.as_ref(), &mut settings.field_bytes_max);
        self.count(section.answers_max.as_ref(), &mut settings.answers_max);
        self.count(section.decisions_max.as_ref(), &mut settings.decisions_max);
        self.count(section.decisions_bytes_max.as_ref(), &mut settings.decisions_bytes_max);
        self.count(section.history_bytes_max.as_ref(), &mut settings.history_bytes_max);
        self.count(section.missed_max.as_ref(), &mut settings.missed_max);
        self.count(section.socket_vars_bytes_max.as_ref(), &mut settings.socket_vars_bytes_max);
        if let Some(rate) = &section.default_rate_limit {
            self.default_rate(rate, &mut settings);
        }
        settings
    }

    /// The limit of events that state none: so many, in so long, of a connection.
    fn default_rate(&mut self, rate: &Text, settings: &mut RuntimeSettings) {
        if rate.value.contains(" per user") || rate.value.contains(" per room") || rate.value.contains(',') {
            self.wrong(
                rate,
                "this limit is always one of each connection",
                "write how many in how long alone, such as `100 per 10s`",
            );
        } else if let Some(limit) = self.diagnostics.keep(parse_rate_limit(rate)) {
            settings.default_rate_count = limit.count;
            settings.default_rate_per = limit.per;
        }
    }

    fn reload(&mut self, file: &SettingsFile) -> Reload {
        let mut reload = Reload::default();
        let Some(section) = &file.reload else { return reload };
        if let Some(watch) = &section.watch {
            reload.watch = self.one_of(watch, &[("on", true), ("off", false)]).unwrap_or(reload.watch);
        }
        self.duration(section.debounce.as_ref(), &mut reload.debounce);
        self.duration(section.poll.as_ref(), &mut reload.poll);
        reload
    }

    fn on_denied(&mut self, file: &SettingsFile, settings: &mut RuntimeSettings) {
        const CHOICES: [(&str, OnDenied); 3] =
            [("keep", OnDenied::Keep), ("leave", OnDenied::Leave), ("disconnect", OnDenied::Disconnect)];
        if let Some(written) = file.reload.as_ref().and_then(|reload| reload.on_denied.as_ref()) {
            settings.on_denied = self.one_of(written, &CHOICES).unwrap_or(settings.on_denied);
        }
    }

    fn one_of<T: Copy>(&mut self, written: &Text, choices: &[(&str, T)]) -> Option<T> {
        let found = choices.iter().find(|(word, _)| *word == written.value).map(|(_, choice)| *choice);
        if found.is_none() {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.wrong(written, "this is none of the choices", &format!("write one of {}", words.join(", ")));
        }
        found
    }

    fn state(&mut self, file: &SettingsFile) -> StateLimits {
        let mut limits = StateLimits::default();
        let Some(section) = &file.state else { return limits };
        self.count(section.keys_max.as_ref(), &mut limits.keys_max);
        self.count(section.bytes_max.as_ref(), &mut limits.bytes_max);
        limits
    }

    fn sql(&mut self, file: &SettingsFile) -> SqlLimits {
        const TLS: [(&str, SqlTls); 5] = [
            ("off", SqlTls::Off),
            ("prefer", SqlTls::Prefer),
            ("require", SqlTls::Require),
            ("verify_ca", SqlTls::VerifyCa),
            ("verify_full", SqlTls::VerifyFull),
        ];
        let mut limits = SqlLimits::default();
        let Some(section) = &file.database else { return limits };
        self.count(section.connections_max.as_ref(), &mut limits.connections_max);
        self.duration(section.acquire_timeout.as_ref(), &mut limits.acquire_timeout);
        self.duration(section.statement_timeout.as_ref(), &mut limits.statement_timeout);
        self.count(section.breaker_failures.as_ref(), &mut limits.breaker_failures);
        self.duration(section.breaker_wait.as_ref(), &mut limits.breaker_wait);
        limits.tls = section.tls.as_ref().and_then(|tls| self.one_of(tls, &TLS));
        limits.tls_ca = section.tls_ca.as_ref().map(|file| file.value.as_str().into());
        limits
    }

    fn outbox(&mut self, file: &SettingsFile) -> Option<OutboxSettings> {
        let section = file.outbox.as_ref()?;
        let mut settings = OutboxSettings::default();
        self.duration(section.lease.as_ref(), &mut settings.lease);
        self.duration(section.poll.as_ref(), &mut settings.poll);
        self.count(section.batch.as_ref(), &mut settings.batch);
        self.count(section.workers.as_ref(), &mut settings.workers);
        self.count(section.attempts_max.as_ref(), &mut settings.attempts_max);
        self.duration(section.dead_kept.as_ref(), &mut settings.dead_kept);
        settings.id_as = section.id_as.as_ref().map(|property| property.value.clone());
        let enabled = section.enabled.as_ref()?;
        let url = file.database.as_ref().and_then(|database| database.url.as_ref());
        let is_on = self.one_of(enabled, &[("on", true), ("off", false)])?;
        if is_on && !url.is_some_and(|url| url.value.starts_with("postgres")) {
            self.wrong(
                enabled,
                "there is no PostgreSQL that an outbox could be in",
                "set `database.url`, or `DATABASE_URL`",
            );
        }
        is_on.then_some(settings)
    }

    fn webhooks(&mut self, file: &SettingsFile) -> Option<WebhookSettings> {
        let section = file.webhooks.as_ref()?;
        let url = section.url.as_ref().filter(|url| !url.value.is_empty())?;
        let allow = section.allow_private.as_ref();
        let allow_private =
            allow.and_then(|answer| self.one_of(answer, &[("on", true), ("off", false)])).unwrap_or(false);
        let Some(secret) = section.secret.as_ref() else {
            self.wrong(url, "webhooks are signed, and there is no secret", "set `webhooks.secret`, 32 bytes or more");
            return None;
        };
        if secret.value.len() < 32 {
            self.wrong(secret, "this secret is too short", "it takes 32 bytes or more");
        }
        let mut settings = WebhookSettings {
            url: url.value.clone(),
            secret: secret.value.clone(),
            allow_private,
            queue_max: 1000,
            answer_bytes_max: 65_536,
        };
        self.count(section.queue_max.as_ref(), &mut settings.queue_max);
        self.count(section.answer_bytes_max.as_ref(), &mut settings.answer_bytes_max);
        if let Err(why) = service(&settings) {
            self.wrong(url, &why, "such as `https://backend.example.org/hooks`");
        }
        Some(settings)
    }

    fn duration(&mut self, written: Option<&Text>, into: &mut Duration) {
        if let Some(duration) = written.and_then(|text| self.diagnostics.keep(parse_duration(text))) {
            *into = duration;
        }
    }

    fn count<N: TryFrom<usize>>(&mut self, written: Option<&Node>, into: &mut N) {
        let Some(node) = written else { return };
        let Some(count) = self.diagnostics.keep(parse_count(node)) else { return };
        match N::try_from(count) {
            Ok(count) => *into = count,
            Err(_) => {
                self.diagnostics.push(Diagnostic::error(codes::BAD_SETTING, node.span, "this is more than can be"));
            }
        }
    }

    fn wrong(&mut self, at: &Text, message: &str, help: &str) {
        self.diagnostics.push(Diagnostic::error(codes::BAD_SETTING, at.span, message).help(help));
    }
}

fn texts(written: &Many<Text>) -> Vec<String> {
    written.iter().map(|text| text.value.clone()).filter(|text| !text.is_empty()).collect()
}

fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
