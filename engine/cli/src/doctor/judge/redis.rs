//! Redis: whether it is reached, whether it keeps what it is given, how quick and how full it is, and what time it has.

use std::time::Duration;

use homeroom_store::redis::{Everlasting, ServerHealth};

use super::super::facts::{RedisFacts, SettingsFacts};
use super::super::finding::{Finding, Findings};
use super::{bytes, counted, time};

/// A median round trip from which on every event feels it.
const ROUND_TRIP_SLOW: Duration = Duration::from_millis(5);
/// Parts of the memory, and of the clients, in a hundred, that are worth a word.
const USED_WARNING: u64 = 75;
const USED_ERROR: u64 = 90;
/// How far this machine's clock may be from that of Redis.
const SKEW_WARNING_MS: u64 = 1000;
/// How far the clocks of a cluster's nodes may differ.
const NODE_SKEW_WARNING_MS: u64 = 100;
/// How many keys are named.
const KEYS_NAMED: usize = 5;

pub(super) fn findings(redis: &RedisFacts, settings: &SettingsFacts) -> Vec<Finding> {
    let mut told = Findings::about("redis");
    if let Some(cause) = &redis.unreachable {
        told.error("redis-unreachable", format!("Redis cannot be asked: {cause}"), remedy(cause));
        return told.told();
    }
    for server in &redis.health {
        version(server, redis, &mut told);
        round_trips(server, settings, &mut told);
        memory(server, &mut told);
        clients(server, &mut told);
        clock(server, settings, &mut told);
    }
    clocks_among(&redis.health, settings, &mut told);
    privacy(redis, &mut told);
    if settings.shares_state {
        everlasting(&redis.everlasting, redis.has_prefix, &mut told);
        leases(redis, &mut told);
    } else {
        told.ok("redis-state", "each server has a state of its own: `use_state: false`; only what is sent travels");
    }
    told.told()
}

fn remedy(cause: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    match cause {
        _ if has(&["WRONGPASS", "NOAUTH", "uthentication", "invalid username-password"]) => {
            "the user or the password in `REDIS_URL` is wrong; its signs such as `@` are percent-encoded"
        }
        _ if has(&["NOPERM"]) => "the user may not do what servers do: give it `+@all ~* &*`, or of its prefix",
        _ if has(&["refused", "lookup", "resolve"]) => "is the address in `REDIS_URL` right, and does Redis run there?",
        _ if has(&["certificate", "tls", "TLS"]) => "the certificate is not trusted, or the other end speaks no TLS",
        _ => "is the address in `REDIS_URL` right, and is nothing between, such as a firewall?",
    }
}

fn version(server: &ServerHealth, redis: &RedisFacts, told: &mut Findings) {
    let at = &redis.at;
    let over = if at.is_tls { " over TLS" } else { "" };
    let message = format!("{} {} at {}, {}{over}", server.product, server.version, server.place, at.mode);
    let number =
        |part: usize| server.redis_version.split('.').nth(part).and_then(|text| text.parse().ok()).unwrap_or(0_u32);
    let (major, minor) = (number(0), number(1));
    let is_cluster = at.mode == "cluster";
    match () {
        () if (major, minor) < (6, 2) => {
            told.error("redis-version", message, "Redis 6.2 or later is needed, or Valkey");
        }
        () if server.is_cluster && !is_cluster => told.error(
            "redis-mode",
            format!("{message}; it is a node of a cluster, and has only some of the keys"),
            "write `redis-cluster://` in place of `redis://`",
        ),
        () if is_cluster && major < 7 => told.warning(
            "redis-version",
            format!("{message}; its nodes pass on every frame to each other"),
            "Redis 7 and Valkey spread what servers say over the nodes",
        ),
        () => told.ok("redis-version", message),
    }
}

fn round_trips(server: &ServerHealth, settings: &SettingsFacts, told: &mut Findings) {
    let trips = server.round_trips;
    let message = format!(
        "{} answers in {} (median), {} (worst of {})",
        server.place,
        time(trips.median),
        time(trips.worst),
        trips.count
    );
    if trips.worst > settings.call_timeout / 2 {
        let message = format!("{message}; a call is given up after {:?}", settings.call_timeout);
        told.error("redis-round-trip", message, "look for what holds it up: `SLOWLOG GET`, `LATENCY DOCTOR`, swap");
    } else if trips.median > ROUND_TRIP_SLOW {
        told.warning("redis-round-trip", message, "place servers in the same zone as Redis");
    } else {
        told.ok("redis-round-trip", message);
    }
}

fn memory(server: &ServerHealth, told: &mut Findings) {
    if server.when_full == "noeviction" {
        told.ok(
            "redis-eviction",
            format!("{} refuses writes when its memory is full, and forgets nothing", server.place),
        );
    } else {
        let message = format!(
            "{} forgets keys silently when its memory is full: `{}`",
            server.place,
            printable(&server.when_full)
        );
        told.warning(
            "redis-eviction",
            message,
            "`maxmemory-policy noeviction`, in its configuration and by `CONFIG SET`",
        );
    }
    if server.evicted > 0 {
        let message =
            format!("{} has forgotten {} keys for want of memory since it started", server.place, server.evicted);
        told.warning("redis-evicted", message, "if some were ours, presence and state were wrong; give it more memory");
    }
    let (used, max) = (server.memory_bytes, server.memory_bytes_max);
    if max == 0 {
        let message = format!("{} uses {}, without a bound of its own", server.place, bytes(used));
        told.warning("redis-memory", message, "set `maxmemory` below what the machine has, or the system ends it");
        return;
    }
    let share = used.saturating_mul(100) / max;
    let message = format!("{} uses {} of {}, {share} %", server.place, bytes(used), bytes(max));
    let help = "raise `maxmemory`; when it is reached, what needs shared state is refused with UNAVAILABLE";
    match share {
        ..USED_WARNING => told.ok("redis-memory", message),
        USED_WARNING..USED_ERROR => told.warning("redis-memory", message, help),
        _ => told.error("redis-memory", message, help),
    }
}

fn clients(server: &ServerHealth, told: &mut Findings) {
    let share = (server.clients * 100).checked_div(server.clients_max);
    if share.is_some_and(|share| share >= USED_WARNING) {
        let message = format!("{} has {} of {} clients", server.place, server.clients, server.clients_max);
        told.warning("redis-clients", message, "raise `maxclients`; a server needs two connections");
    }
}

fn clock(server: &ServerHealth, settings: &SettingsFacts, told: &mut Findings) {
    let skew_ms = server.clock_ahead_ms.unsigned_abs();
    let way = if server.clock_ahead_ms < 0 { "behind" } else { "ahead of" };
    let message = format!("the clock of {} is {skew_ms} ms {way} this machine's", server.place);
    let help = "let NTP set the clocks of all machines; state ends by the clock of Redis, tokens by that of servers";
    let leeway_ms = u64::try_from(settings.leeway.as_millis()).unwrap_or(u64::MAX).max(SKEW_WARNING_MS);
    match skew_ms {
        _ if skew_ms > leeway_ms => told.error("clock", message, help),
        _ if skew_ms > SKEW_WARNING_MS => told.warning("clock", message, help),
        _ => told.ok("clock", message),
    }
}

/// Leases and what ends lie on different nodes.
fn clocks_among(health: &[ServerHealth], settings: &SettingsFacts, told: &mut Findings) {
    let ahead = || health.iter().map(|server| server.clock_ahead_ms);
    let (Some(least), Some(most)) = (ahead().min(), ahead().max()) else { return };
    if health.len() < 2 {
        return;
    }
    let apart_ms = most.abs_diff(least);
    let message = format!("the clocks of the {} nodes are {apart_ms} ms apart", health.len());
    let slack_ms = u64::try_from(settings.lease.as_millis() / 10).unwrap_or(u64::MAX).min(1000);
    let help = "let NTP set the clocks of all nodes";
    match apart_ms {
        _ if apart_ms > slack_ms => {
            told.error("clock-nodes", format!("{message}; leases allow for {slack_ms} ms"), help);
        }
        _ if apart_ms > NODE_SKEW_WARNING_MS => told.warning("clock-nodes", message, help),
        _ => told.ok("clock-nodes", message),
    }
}

fn privacy(redis: &RedisFacts, told: &mut Findings) {
    let at = &redis.at;
    if at.is_here {
        return;
    }
    if !at.is_tls {
        told.warning(
            "redis-tls",
            format!("what servers share travels to {} in clear", at.hosts),
            "`rediss://` in place of `redis://`, unless the network between is yours alone",
        );
    }
    if !at.has_password {
        told.warning(
            "redis-password",
            format!("{} asks for no password", at.hosts),
            "`requirepass`, or a user of its own",
        );
    }
}

fn everlasting(found: &Everlasting, has_prefix: bool, told: &mut Findings) {
    let of = if found.is_complete { "" } else { ", not all there are" };
    let looked = format!("{} looked at{of}", counted(found.looked_at, "key"));
    if found.count == 0 {
        told.ok("redis-everlasting", format!("every key has an expiry; {looked}"));
        return;
    }
    let some: Vec<String> = found.some.iter().take(KEYS_NAMED).map(|key| format!("`{}`", printable(key))).collect();
    let verb = if found.count == 1 { "has" } else { "have" };
    let message = format!("{} {verb} no expiry, such as {}; {looked}", counted(found.count, "key"), some.join(", "));
    if has_prefix {
        let help = "no server writes such; whoever did with this prefix should use another: `redis: prefix:`";
        told.error("redis-everlasting", message, help);
    } else {
        let help = "no server writes such, so others use this Redis, too: set `redis: prefix:` to tell them apart";
        told.warning("redis-everlasting", message, help);
    }
}

fn leases(redis: &RedisFacts, told: &mut Findings) {
    let (alive, over) = (redis.leases.alive, redis.leases.over);
    if over == 0 {
        told.ok("leases", format!("{} alive, none over", counted(alive, "lease")));
        return;
    }
    told.warning(
        "leases",
        format!("{} alive, and {over} over whose users were not told gone yet", counted(alive, "lease")),
        "a server that is alive does it within seconds; if this stays, none is",
    );
}

/// Text of others, without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { '?' } else { sign }).take(120).collect()
}
