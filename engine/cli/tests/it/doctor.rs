//! What the doctor says of what it found, in `tests/doctor`.
//!
//! `UPDATE_EXPECT=1 cargo test -p homeroom-cli doctor` writes the answers anew; read each as somebody would who was woken by
//! it: does it say what is wrong, and what to do?

use std::path::Path;
use std::time::Duration;

use homeroom_cli::doctor::{
    AskedFacts, CardFacts, DatabaseFacts, Facts, RedisFacts, ServersFacts, SettingsFacts, findings, json, text,
};
use homeroom_cli::server::card::Card;
use homeroom_store::redis::{Everlasting, Leases, RoundTrips, ServerHealth, Where};

/// Two servers over one Redis, all of it well.
fn well() -> Facts {
    Facts {
        settings: SettingsFacts {
            digest: Some("75cfbc3eefac0000".into()),
            has_secret: true,
            is_shared: true,
            shares_state: true,
            connections_max: 10_000,
            event_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_millis(500),
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            lease: Duration::from_secs(10),
            leeway: Duration::from_secs(5),
            pool: 8,
            ..SettingsFacts::default()
        },
        files_max: Some(65_536),
        redis: Some(redis()),
        servers: ServersFacts { cards: vec![card("one 0.0.0.0:3000"), card("two 0.0.0.0:3000")], asked: Vec::new() },
        database: Some(DatabaseFacts {
            at: "postgres://db/town".into(),
            round_trips: trips(300, 900),
            ..DatabaseFacts::default()
        }),
    }
}

fn redis() -> RedisFacts {
    RedisFacts {
        at: Where { mode: "single", hosts: "cache:6379".into(), is_tls: true, has_password: true, is_here: false },
        has_prefix: true,
        unreachable: None,
        health: vec![health("cache:6379")],
        everlasting: Everlasting { looked_at: 41, is_complete: true, ..Everlasting::default() },
        leases: Leases { alive: 2, over: 0 },
    }
}

fn health(place: &str) -> ServerHealth {
    ServerHealth {
        place: place.into(),
        product: "Redis".into(),
        version: "7.2.4".into(),
        redis_version: "7.2.4".into(),
        round_trips: trips(250, 700),
        clock_ahead_ms: 2,
        memory_bytes: 10 << 20,
        memory_bytes_max: 100 << 20,
        when_full: "noeviction".into(),
        clients: 12,
        clients_max: 10_000,
        ..ServerHealth::default()
    }
}

fn trips(median: u64, worst: u64) -> RoundTrips {
    let micros = Duration::from_micros;
    RoundTrips { least: micros(median / 2), median: micros(median), worst: micros(worst), count: 20 }
}

fn card(place: &str) -> CardFacts {
    let card = Card {
        place: place.into(),
        version: "0.1.0".into(),
        digest: "75cfbc3eefac0000".into(),
        connections: 120,
        connections_max: 10_000,
        files_max: 65_536,
        ..Card::default()
    };
    CardFacts { card, is_ours: true, clock_ahead_ms: 1, runs_ms: 3 * 3_600_000 }
}

/// The facts of each case; what is told stands in the file of its name.
fn cases() -> Vec<(&'static str, Facts)> {
    let with = |change: &dyn Fn(&mut Facts)| {
        let mut facts = well();
        change(&mut facts);
        facts
    };
    let redis = |change: &dyn Fn(&mut RedisFacts)| with(&|facts| change(facts.redis.as_mut().expect("Redis")));
    vec![
        ("well", well()),
        (
            "alone",
            with(&|facts| {
                (facts.redis, facts.servers) = (None, ServersFacts::default());
                facts.settings.is_shared = false;
                facts.settings.is_loopback = true;
                facts.settings.has_secret = false;
                facts.database = Some(DatabaseFacts { is_demo: true, ..DatabaseFacts::default() });
            }),
        ),
        (
            "settings",
            with(&|facts| {
                facts.settings.mistakes = 2;
                facts.settings.first_mistake = "there is no room `clas:<classId>`".into();
                facts.settings.has_secret = false;
                facts.settings.polling = true;
                facts.settings.event_timeout = Duration::from_secs(5);
                facts.settings.lease = Duration::from_secs(1);
                facts.files_max = Some(1024);
            }),
        ),
        (
            "redis-away",
            redis(&|redis| redis.unreachable = Some("cache:6379: Connection refused (os error 111)".into())),
        ),
        (
            "redis-wrong-password",
            redis(&|redis| {
                redis.unreachable = Some("cache:6379: Password authentication failed - AuthenticationFailed".into());
            }),
        ),
        (
            "redis-forgets",
            redis(&|redis| {
                redis.health[0].when_full = "allkeys-lru".into();
                redis.health[0].evicted = 17;
                redis.health[0].memory_bytes = 95 << 20;
            }),
        ),
        (
            "redis-old-slow-and-open",
            redis(&|redis| {
                redis.health[0].redis_version = "6.0.16".into();
                redis.health[0].version = "6.0.16".into();
                redis.health[0].round_trips = trips(8_000, 400_000);
                redis.health[0].clock_ahead_ms = -7_000;
                redis.health[0].memory_bytes_max = 0;
                redis.health[0].clients = 9_000;
                (redis.at.is_tls, redis.at.has_password) = (false, false);
            }),
        ),
        (
            "redis-cluster-clocks",
            redis(&|redis| {
                redis.at.mode = "cluster";
                redis.health = vec![health("a:6379"), health("b:6379"), health("c:6379")];
                for server in &mut redis.health {
                    (server.product, server.version, server.is_cluster) = ("Valkey".into(), "8.1.0".into(), true);
                }
                redis.health[1].clock_ahead_ms = 1500;
            }),
        ),
        ("redis-node-taken-for-single", redis(&|redis| redis.health[0].is_cluster = true)),
        (
            "keys-without-expiry",
            redis(&|redis| {
                redis.everlasting = Everlasting {
                    looked_at: 100_000,
                    count: 2,
                    some: vec!["town:left".into(), "town:\u{1b}[31mred".into()],
                    is_complete: false,
                };
            }),
        ),
        (
            "keys-of-others",
            redis(&|redis| {
                redis.has_prefix = false;
                redis.everlasting =
                    Everlasting { looked_at: 3, count: 1, some: vec!["sessions".into()], is_complete: true };
                redis.leases.over = 1;
            }),
        ),
        (
            "servers-differ",
            with(&|facts| {
                let two = &mut facts.servers.cards[1];
                two.card.digest = "0badc0de00001111".into();
                two.card.version = "0.2.0".into();
                two.card.lost = 12;
                two.card.refused = 3;
                two.card.connections = 9_000;
                two.card.files_max = 1024;
                two.clock_ahead_ms = -3000;
                facts.servers.asked = vec![
                    AskedFacts { url: "http://one:3000".into(), digest: Ok("75cfbc3eefac0000".into()) },
                    AskedFacts {
                        url: "http://gone:3000".into(),
                        digest: Err("Connection refused (os error 111)".into()),
                    },
                ];
            }),
        ),
        ("another-secret", with(&|facts| facts.servers.cards[1].is_ours = false)),
        ("before-a-deployment", with(&|facts| facts.settings.digest = Some("ffff00000000".into()))),
        (
            "database-away",
            with(&|facts| {
                facts.database.as_mut().expect("a database").unreachable =
                    Some("password authentication failed".into());
            }),
        ),
        (
            "database-slow",
            with(&|facts| facts.database.as_mut().expect("a database").round_trips = trips(40_000, 4_000_000)),
        ),
    ]
}

#[test]
fn what_is_found_is_told_with_what_to_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor");
    let mut wrong = Vec::new();
    for (name, facts) in cases() {
        let path = folder.join(format!("{name}.txt"));
        let told = text(&findings(&facts));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &told).expect("written");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != told {
            wrong.push(format!("{name}:\n{told}"));
        }
        assert!(told.chars().all(|sign| !sign.is_control() || sign == '\n'), "{name} obeys what stands in Redis");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn programs_are_told_the_same() {
    let told = json(&findings(&well()));
    assert_eq!(told["level"], "ok");
    let all = told["findings"].as_array().expect("a list");
    assert!(all.iter().any(|one| one["code"] == "redis-eviction" && one["level"] == "ok" && one["help"].is_null()));
}
