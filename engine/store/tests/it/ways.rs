//! Ways in which Redis is reached and found: names, clocks, passwords, TLS, sentinels, clusters; and how it says it fares.

use std::sync::Arc;
use std::time::Duration;

use homeroom_store::redis::{Redis, RedisConfig, RedisLimits, RedisPresence, RedisState};
use homeroom_store::state::{At, Only, Rules, Written};
use homeroom_store::{Presence, PresenceRules, Quota, SharedLimits, StateStore, StoreError};

use crate::bus::listened;
use crate::faults::{bounded, bus, put, rules, soon};
use crate::house::{connected, eventually, own_prefix};
use crate::servers::{RedisCluster, RedisServer, everlasting, free_port};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_guide_names_is_found_under_that_name() {
    let server = RedisServer::start(&[]);
    let redis = connected(RedisConfig::new(server.url())).await;
    let (state, presence) = (RedisState::new(redis.clone()), RedisPresence::new(redis, PresenceRules::default()));
    let at = At { key: "gradebook:math-101:typing", rules: &rules(60_000) };
    state.put(at, "t-1", r#"{"userId":"t-1"}"#, Only::Any, None).await.expect("written");
    presence.enter("/live-class class:math-101", "s-456", 1, r#"{"role":"STUDENT"}"#.into()).await.expect("entered");
    let mut connection = server.connection();
    let hash = |key: &str, connection: &mut redis::Connection| -> Vec<(String, String)> {
        redis::cmd("HGETALL").arg(key).query(connection).expect("a hash")
    };
    assert_eq!(hash("gradebook:math-101:typing", &mut connection), [("t-1".into(), r#"{"userId":"t-1"}"#.into())]);
    assert_eq!(
        hash("class:math-101:presence", &mut connection),
        [("/live-class s-456".into(), r#"{"role":"STUDENT"}"#.into())]
    );
    assert_eq!(everlasting(&mut connection, ""), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_the_clock_of_redis_entries_end_and_are_told_once() {
    let server = RedisServer::start(&[]);
    let [one, other] =
        [connected(RedisConfig::new(server.url())).await, connected(RedisConfig::new(server.url())).await];
    let [one, other] = [RedisState::new(one), RedisState::new(other)];
    let unwatched = Rules { watch: None, ..rules(60_000) };
    // In this order: what was written first has run out when the other has, however long it is until that is written.
    one.put(At { key: "u", rules: &unwatched }, "a", "1", Only::Any, Some(150)).await.expect("written");
    one.put(At { key: "k", rules: &rules(60_000) }, "a", "1", Only::Any, Some(150)).await.expect("written");
    assert_eq!(other.len("k").await, Ok(1));
    let mut told = Vec::new();
    eventually("it ran out", async || {
        told.extend(other.claim_expired(10).await.expect("claimed"));
        !told.is_empty()
    })
    .await;
    assert_eq!((other.len("k").await, one.len("u").await), (Ok(0), Ok(0)));
    assert_eq!((&*told[0].key, &*told[0].entry.name), ("k", "a"));
    other.settle(told[0].claim).await.expect("settled");
    assert!(one.claim_expired(10).await.expect("claimed").is_empty());
    eventually("the keys are gone", async || {
        let keys: Vec<String> = redis::cmd("KEYS").arg("*[ku]*").query(&mut server.connection()).expect("keys");
        keys.iter().all(|key| !key.starts_with('u') && !key.starts_with("{u}"))
    })
    .await;
    let limits = RedisLimits::new(connected(RedisConfig::new(server.url())).await);
    assert!(limits.take("k", Quota::new(1, 60_000)).await.is_ok());
    assert_eq!(everlasting(&mut server.connection(), ""), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_end_with_their_last_entry_however_often_it_is_written() {
    let server = RedisServer::start(&[]);
    let state = RedisState::new(connected(RedisConfig::new(server.url())).await);
    let unwatched = Rules { watch: None, ..rules(60_000) };
    let mut connection = server.connection();
    let put = async |name: &str, ttl_ms: i64| {
        let at = At { key: "k", rules: &unwatched };
        assert_eq!(state.put(at, name, "1", Only::Any, Some(ttl_ms)).await, Ok(Written::Done));
    };
    let mut longest_is = |entry_ms: i64, told: &str| {
        for key in ["k", "{k}:exp", "{k}:order"] {
            let left_ms: i64 = redis::cmd("PTTL").arg(key).query(&mut connection).expect("a time");
            // A test that is held up sees less, and what is written again may have a slack.
            assert!(left_ms > entry_ms - 10_000 && left_ms <= entry_ms + 1000, "{told}: {key} has {left_ms} ms");
        }
    };
    put("a", 60_000).await;
    longest_is(60_000, "new");
    for _ in 0..3 {
        put("a", 60_000).await;
        longest_is(60_000, "again");
    }
    put("b", 30_000).await;
    put("b", 20_000).await;
    longest_is(60_000, "another ends later");
    put("a", 20_000).await;
    longest_is(20_000, "the last one ends earlier now");
    put("a", 40_000).await;
    longest_is(40_000, "and later");
    assert_eq!(state.all("k", None).await.expect("read").iter().map(|one| &*one.name).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(everlasting(&mut server.connection(), ""), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_and_an_account_are_shown_and_a_wrong_one_hangs_nobody() {
    let server = RedisServer::start(&["--requirepass", "s3cr:t@", "--user", "ann", "on", ">p@ss", "~*", "&*", "+@all"]);
    for login in [":s3cr%3At%40", "ann:p%40ss"] {
        let redis = connected(RedisConfig::new(format!("redis://{login}@127.0.0.1:{}", server.port))).await;
        assert_eq!(put(&RedisState::new(redis.clone()), "k").await, Ok(Written::Done));
        let [(bus_a, _at_a), (bus_b, mut at_b)] = [bus(&redis), bus(&redis)];
        bus_b.subscribe("x");
        listened(&bus_a, "x", &mut at_b).await;
    }
    let wrong = Redis::new(soon(format!("redis://:wrong@127.0.0.1:{}", server.port))).expect("an address");
    let refused = bounded(put(&RedisState::new(wrong), "k")).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if !why.contains("wrong")), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_goes_on_without_a_node_and_follows_slots_that_move() {
    let mut cluster = RedisCluster::start();
    let redis = connected(soon(cluster.url())).await;
    let state = RedisState::new(redis.clone());
    let [(bus_a, _at_a), (bus_b, mut at_b)] = [bus(&redis), bus(&redis)];
    let channels: Vec<String> = (0..12).map(|number| format!("c {number}")).collect();
    for channel in &channels {
        bus_b.subscribe(channel);
        listened(&bus_a, channel, &mut at_b).await;
    }
    // All that the first node had goes to the second; nothing lies there yet.
    let mut connections: Vec<redis::Connection> = cluster.nodes.iter().map(RedisServer::connection).collect();
    redis::cmd("FLUSHALL").exec(&mut connections[0]).expect("empty");
    let to: String = redis::cmd("CLUSTER").arg("MYID").query(&mut connections[1]).expect("its name");
    for slot in 0..5462 {
        for connection in [1, 0, 2] {
            let mut set = redis::cmd("CLUSTER");
            set.arg("SETSLOT").arg(slot).arg("NODE").arg(&to).exec(&mut connections[connection]).expect("moved");
        }
    }
    for key in 0..40 {
        eventually("state follows", async || bounded(put(&state, &format!("k{key}"))).await.is_ok()).await;
    }
    for channel in &channels {
        listened(&bus_a, channel, &mut at_b).await;
    }
    // A node is killed: what lies on the others goes on.
    cluster.nodes.remove(2).kill();
    let mut outcomes = Vec::new();
    for key in 0..40 {
        outcomes.push(bounded(put(&state, &format!("k{key}"))).await.is_ok());
    }
    assert!(outcomes.contains(&true), "the other nodes are asked as before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_sentinels_name_another_master_it_is_followed() {
    let master = RedisServer::start(&[]);
    let replica = RedisServer::start(&["--replicaof", "127.0.0.1", &master.port.to_string()]);
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let file = folder.path().join("sentinel.conf");
    let lines = [
        format!("port {port}"),
        format!("sentinel monitor main 127.0.0.1 {} 1", master.port),
        "sentinel down-after-milliseconds main 300".into(),
        "sentinel failover-timeout main 3000".into(),
    ];
    std::fs::write(&file, lines.join("\n")).expect("a file");
    let _sentinel = RedisServer::start_sentinel(port, &file);
    let url = format!("redis-sentinel://127.0.0.1:{port}/main");
    let redis = connected(soon(&url)).await;
    let state = RedisState::new(redis.clone());
    let [(bus_a, _at_a), (bus_b, mut at_b)] = [bus(&redis), bus(&redis)];
    bus_b.subscribe("x");
    listened(&bus_a, "x", &mut at_b).await;
    let sentinel = || redis::Client::open(format!("redis://127.0.0.1:{port}")).and_then(|one| one.get_connection());
    eventually("the sentinel knows the replica", async || {
        let mut ask = redis::cmd("SENTINEL");
        let known: redis::RedisResult<Vec<redis::Value>> =
            sentinel().and_then(|mut connection| ask.arg("replicas").arg("main").query(&mut connection));
        known.is_ok_and(|known| !known.is_empty())
    })
    .await;
    eventually("the replica follows", async || {
        let info: String = redis::cmd("INFO").arg("replication").query(&mut replica.connection()).expect("info");
        info.contains("master_link_status:up")
    })
    .await;
    assert_eq!(put(&state, "before").await, Ok(Written::Done));
    let _old = master.kill();
    eventually("the new master is written to", async || bounded(put(&state, "after")).await.is_ok()).await;
    let there: i64 = redis::cmd("EXISTS").arg("after").query(&mut replica.connection()).expect("asked");
    assert_eq!(there, 1);
    listened(&bus_a, "x", &mut at_b).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_tells_how_it_fares_and_which_keys_would_never_end() {
    let server = RedisServer::start(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    let prefix = own_prefix();
    let redis = connected(RedisConfig { prefix: prefix.clone(), ..RedisConfig::new(server.url()) }).await;
    put(&RedisState::new(redis.clone()), "k").await.expect("written");
    let health = redis.health().await.expect("asked");
    assert_eq!((health.len(), &*health[0].when_full, health[0].memory_bytes_max), (1, "allkeys-lru", 100 << 20));
    assert!(!health[0].version.is_empty() && health[0].clock_ahead_ms.abs() < 5000);
    let trips = health[0].round_trips;
    assert!(trips.count == 20 && trips.least <= trips.median && trips.median <= trips.worst);
    let found = redis.everlasting(1000).await.expect("asked");
    assert!(found.count == 0 && found.is_complete && found.looked_at >= 4, "{found:?}");
    for key in [format!("{prefix}left"), format!("{{{prefix}k}}:left"), "of others".into()] {
        redis::cmd("SET").arg(key).arg(1).exec(&mut server.connection()).expect("set");
    }
    let found = redis.everlasting(1000).await.expect("asked");
    assert_eq!((found.count, found.some.len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_known_while_they_say_so() {
    let server = RedisServer::start(&[]);
    let redis = connected(RedisConfig { prefix: "town:".into(), ..RedisConfig::new(server.url()) }).await;
    assert_eq!(redis.announced().await.expect("asked"), []);
    let (long, short) = (Duration::from_secs(60), Duration::from_millis(50));
    for (name, text, lasts) in [("a", "first", long), ("b", "one", short), ("a", "then more", long), ("c", "x", short)]
    {
        redis.announce(name, text, lasts).await.expect("said");
    }
    redis.unannounce("c").await.expect("said");
    let of = |all: Vec<homeroom_store::redis::Announced>| {
        let mut all: Vec<_> = all.into_iter().map(|one| (one.server, one.text)).collect();
        all.sort();
        all
    };
    let a = ("a".to_owned(), "then more".to_owned());
    while of(redis.announced().await.expect("asked")) != std::slice::from_ref(&a) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    redis.announce("d", "cleans up", long).await.expect("said");
    let left: Vec<String> =
        redis::cmd("HKEYS").arg("town:homeroom:register").query(&mut server.connection()).expect("keys");
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(everlasting(&mut server.connection(), ""), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_between_is_told() {
    let server = RedisServer::start(&["--requirepass", "hush"]);
    let told = async |url: String| Redis::new(RedisConfig::new(url)).expect("an address").reach().await;
    let wrong = told(server.url().replace("://", "://:wrong@")).await.expect_err("a wrong password").to_string();
    assert!(wrong.contains("uthentication") && !wrong.contains("wrong"), "{wrong}");
    told(server.url().replace("://", "://:hush@")).await.expect("let in");
    let port = server.port;
    drop(server);
    let away = told(format!("redis-cluster://127.0.0.1:{port}")).await.expect_err("nobody is there").to_string();
    assert!(away.contains(&format!("127.0.0.1:{port}: ")), "{away}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_its_certificate_is_verified() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let openssl = |args: &[&str]| {
        let ran = std::process::Command::new("openssl").args(args).output().expect("`openssl` is needed");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    let (ca, ca_key) = (path("ca.pem"), path("ca.key"));
    let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"];
    openssl(&[&new[..], &["-keyout", &ca_key, "-out", &ca]].concat());
    let (request, key, certificate, extension) = (path("a.csr"), path("a.key"), path("a.pem"), path("a.ext"));
    std::fs::write(&extension, "subjectAltName=DNS:localhost,IP:127.0.0.1").expect("a file");
    openssl(&["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", &key, "-out", &request]);
    let sign = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial", "-days", "2"];
    openssl(&[&sign[..], &["-extfile", &extension, "-out", &certificate]].concat());

    let port = free_port();
    let tls = port.to_string();
    let arguments = ["--port", "0", "--tls-port", &tls, "--tls-cert-file", &certificate, "--tls-key-file", &key];
    let arguments = [&arguments[..], &["--tls-ca-cert-file", &ca, "--tls-auth-clients", "no"]].concat();
    let _server = RedisServer::start_on(port, &arguments);
    let trusted = std::fs::read(&ca).expect("a certificate");
    let config = RedisConfig { ca: Some(trusted), ..RedisConfig::new(format!("rediss://localhost:{port}")) };
    let redis = connected(config).await;
    assert_eq!(put(&RedisState::new(redis.clone()), "k").await, Ok(Written::Done));
    let [(bus_a, _at_a), (bus_b, mut at_b)] = [bus(&redis), bus(&redis)];
    bus_b.subscribe("x");
    listened(&bus_a, "x", &mut at_b).await;

    let stranger = Redis::new(soon(format!("rediss://localhost:{port}"))).expect("an address");
    assert!(!stranger.ready(Duration::from_millis(500)).await, "who signed it is not trusted");
    assert!(bounded(put(&RedisState::new(stranger), "k")).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_come_before_the_first_beat() {
    let server = RedisServer::start(&[]);
    let redis = connected(RedisConfig::new(server.url())).await;
    let presence = Arc::new(RedisPresence::new(redis, PresenceRules::default()));
    let enters = (0..50_u64).map(|conn| {
        let presence = Arc::clone(&presence);
        tokio::spawn(async move { presence.enter("/x r", &format!("u{conn}"), conn, "1".into()).await })
    });
    for comes in futures_util::future::join_all(enters.collect::<Vec<_>>()).await {
        assert_eq!(comes.expect("a task"), Ok(true));
    }
    let epoch = presence.beat().await.expect("a beat");
    presence.renewed().await.expect("nothing to tell again");
    assert!(presence.gone(100).await.expect("asked").is_empty());
    assert_eq!((presence.beat().await, presence.count("/x r").await), (Ok(epoch), Ok(50)));
}
