//! Settings of two versions compared, by what they come to: a default that is written out is no change.

use std::time::Duration;

use homeroom_definition::{SourceId, Sources, Span, yaml};
use homeroom_plan::diff::{Act, Aspect, Change, Detail, Effect, Noun, Place};
use homeroom_socket::settings::Carrier;

use super::Version;
use crate::settings::{Issuer, Keys, Settings};

/// A setting by its path, and its value in words.
type Said = (&'static str, String);

/// What settings have changed; secrets are told as changed, never shown.
pub(crate) fn changes(old: &Version, new: &Version) -> Vec<Change> {
    let (Some(before), Some(after)) = (&old.loaded.settings, &new.loaded.settings) else { return Vec::new() };
    let mut changes: Vec<Change> = Vec::new();
    for ((path, was), (_, is)) in said(before).into_iter().zip(said(after)) {
        let is_told = was != is && !(path == "api.keys" && old.is_of_server);
        if is_told {
            changes.push(change(path, format!("it is {is} now; it was {was}"), new));
        }
    }
    for (path, differs) in hidden(before, after) {
        if differs && !old.is_of_server {
            changes.push(change(path, "it is another now".to_owned(), new));
        }
    }
    changes.extend(roles(before, after, new));
    changes
}

fn change(path: &str, words: String, new: &Version) -> Change {
    let place = place(new, path);
    let detail = Detail { aspect: Aspect::Other, effect: Effect::Plain, words, place };
    let (namespace, name) = ("".into(), path.to_owned());
    Change { namespace, noun: Noun::Setting, name, act: Act::Changed, details: vec![detail], place }
}

fn said(settings: &Settings) -> Vec<Said> {
    let (socket, limits, sql) = (&settings.socket, &settings.limits, &settings.sql);
    let rate = format!("{} per {}", limits.default_rate_count, time(limits.default_rate_per));
    let text = |text: Option<&str>| text.map_or_else(|| "not set".to_owned(), |text| format!("`{text}`"));
    vec![
        ("listen.host", settings.listen.ip().to_string()),
        ("listen.port", settings.listen.port().to_string()),
        ("auth.issuer", issuers(settings, |issuer| issuer.name.clone())),
        ("auth.audience", issuers(settings, |issuer| issuer.audience.clone())),
        ("auth.algorithm", issuers(settings, |issuer| Some(format!("{:?}", issuer.algorithms)))),
        ("auth.jwks", issuers(settings, jwks)),
        ("auth.leeway", time(settings.auth.leeway)),
        ("socket.transports", transports(socket.websocket, socket.polling)),
        ("socket.transport", carrier(socket.transport)),
        ("socket.path", text(Some(&socket.path))),
        ("socket.ping_interval", time(socket.ping_interval)),
        ("socket.ping_timeout", time(socket.ping_timeout)),
        ("socket.connect_timeout", time(socket.connect_timeout)),
        ("socket.head_timeout", time(socket.head_timeout)),
        ("socket.write_stall", time(socket.write_stall)),
        ("socket.handshakes_per_second", socket.handshakes_per_second.to_string()),
        ("socket.handshakes_waiting_max", socket.handshakes_waiting_max.to_string()),
        ("socket.handshake_wait", time(socket.handshake_wait)),
        ("socket.message_bytes_max", socket.message_bytes_max.to_string()),
        ("socket.attachments_max", socket.attachments_max.to_string()),
        ("socket.attachments_bytes_max", socket.attachments_bytes_max.to_string()),
        ("socket.queue_packets_max", socket.queue_packets_max.to_string()),
        ("socket.queue_bytes_max", socket.queue_bytes_max.to_string()),
        ("socket.connections_max", socket.connections_max.to_string()),
        ("cors.origins", list(&socket.origins)),
        ("limits.event_timeout", time(limits.event_timeout)),
        ("limits.hook_timeout", time(limits.hook_timeout)),
        ("limits.queue_events_max", limits.queue_events_max.to_string()),
        ("limits.entering_max", limits.entering_max.to_string()),
        ("limits.entering_waiting_max", limits.entering_waiting_max.to_string()),
        ("limits.entering_wait", time(limits.entering_wait)),
        ("limits.payload_bytes_max", limits.payload_bytes_max.to_string()),
        ("limits.payload_depth_max", limits.payload_depth_max.to_string()),
        ("limits.arguments_max", limits.arguments_max.to_string()),
        ("limits.rooms_per_connection_max", limits.rooms_per_connection_max.to_string()),
        ("limits.effects_per_event_max", limits.effects_per_event_max.to_string()),
        ("limits.connections_per_user_max", limits.connections_per_user_max.to_string()),
        ("limits.field_bytes_max", limits.field_bytes_max.to_string()),
        ("limits.answers_max", limits.answers_max.to_string()),
        ("limits.decisions_max", limits.decisions_max.to_string()),
        ("limits.decisions_bytes_max", limits.decisions_bytes_max.to_string()),
        ("limits.socket_vars_bytes_max", limits.socket_vars_bytes_max.to_string()),
        ("limits.default_rate_limit", rate),
        ("state.keys_max", settings.state.keys_max.to_string()),
        ("state.bytes_max", settings.state.bytes_max.to_string()),
        ("database.connections_max", sql.connections_max.to_string()),
        ("database.acquire_timeout", time(sql.acquire_timeout)),
        ("database.statement_timeout", time(sql.statement_timeout)),
        ("database.breaker_failures", sql.breaker_failures.to_string()),
        ("database.breaker_wait", time(sql.breaker_wait)),
        ("database.tls", sql.tls.map_or_else(|| "what the URL says".to_owned(), |tls| format!("{tls:?}"))),
        ("outbox.enabled", if settings.outbox.is_some() { "on" } else { "off" }.to_owned()),
        ("database.demo", text(settings.demo.as_ref().map(|demo| demo.value.as_str()))),
        ("api.keys", format!("{} of them", keys(settings))),
        ("api.idempotency", time(settings.keeping.lasts)),
        ("api.idempotency_max", settings.keeping.max.to_string()),
        ("api.revoked_for", time(settings.revoked_for)),
        ("reload.watch", if settings.reload.watch { "on" } else { "off" }.to_owned()),
        ("reload.debounce", time(settings.reload.debounce)),
        ("reload.poll", time(settings.reload.poll)),
        ("reload.on_denied", format!("`{:?}`", limits.on_denied).to_lowercase()),
        ("redis", if settings.redis.is_some() { "used" } else { "not used" }.to_owned()),
    ]
}

/// How many services are let in.
fn keys(settings: &Settings) -> usize {
    settings.services.keys.len()
}

/// What is so of whose tokens are accepted.
fn issuers(settings: &Settings, what: fn(&Issuer) -> Option<String>) -> String {
    let said = settings
        .auth
        .issuers
        .iter()
        .map(|issuer| what(issuer).map_or_else(|| "not set".into(), |it| format!("`{it}`")));
    list(&said.collect::<Vec<_>>())
}

fn jwks(issuer: &Issuer) -> Option<String> {
    let Keys::Jwks(jwks) = &issuer.keys else { return None };
    Some(jwks.url.clone())
}

/// What is never shown, and whether it differs.
fn hidden(old: &Settings, new: &Settings) -> [(&'static str, bool); 3] {
    let database = |settings: &Settings| settings.database.as_ref().map(|url| url.value.clone());
    [
        ("auth.secret", !old.auth.secrets().eq(new.auth.secrets())),
        ("database.url", database(old) != database(new)),
        ("api.keys", keys(old) == keys(new) && old.services.keys != new.services.keys),
    ]
}

/// Roles and properties of `user` that came or went.
fn roles(old: &Settings, new: &Settings, version: &Version) -> Vec<Change> {
    let beyond = |one: &[std::sync::Arc<str>], other: &[std::sync::Arc<str>]| -> Vec<String> {
        one.iter().filter(|role| !other.contains(role)).map(ToString::to_string).collect()
    };
    let (before, after) = (&old.identity.roles, &new.identity.roles);
    let said = |role: &String, words: &str| change("identity.fields", format!("role {role} {words}"), version);
    let come = beyond(after, before).iter().map(|role| said(role, "is new")).collect::<Vec<_>>();
    let gone = beyond(before, after).iter().map(|role| said(role, "is gone")).collect::<Vec<_>>();
    let mut changes = [come, gone].concat();
    let is_listed = !changes.is_empty();
    if !is_listed && old.identity.schema != new.identity.schema {
        changes.push(change("identity", "what definitions see as `user` differs".to_owned(), version));
    }
    changes
}

/// Where a setting stands in the file; its section, or nothing, if it does not.
fn place(version: &Version, path: &str) -> Option<Place> {
    let sources = &version.loaded.sources;
    let source = sources.ids().find(|id| is_settings(sources, *id))?;
    let root = yaml::read(sources, source, &mut homeroom_definition::Diagnostics::new())?;
    let mut at = &root;
    let mut span: Option<Span> = None;
    for key in path.split('.') {
        let Some((name, value)) = at.as_map().and_then(|map| map.iter().find(|(name, _)| name.value == key)) else {
            break;
        };
        (span, at) = (Some(name.span), value);
    }
    span.map(Place::New)
}

fn is_settings(sources: &Sources, id: SourceId) -> bool {
    sources.path(id).rsplit('/').next() == Some("homeroom.yaml")
}

fn carrier(carrier: Carrier) -> String {
    match carrier {
        Carrier::Own => "own".to_owned(),
        Carrier::Socketioxide => "socketioxide".to_owned(),
    }
}

fn transports(websocket: bool, polling: bool) -> String {
    let names = [(websocket, "websocket"), (polling, "polling")];
    let used: Vec<String> = names.iter().filter(|(used, _)| *used).map(|(_, name)| (*name).to_owned()).collect();
    list(&used)
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn time(duration: Duration) -> String {
    homeroom_plan::diff::shown_duration(duration)
}
