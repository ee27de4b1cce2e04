//! Redis killed, restarted, paused and full: what holds, and what mends itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use homeroom_store::bus::{BusLimits, Frames};
use homeroom_store::presence::Left;
use homeroom_store::redis::{Redis, RedisBus, RedisConfig, RedisLimits, RedisPresence, RedisState};
use homeroom_store::state::{At, Only, Rules, Which, Written};
use homeroom_store::{
    Bus, Clock, ManualClock, Presence, PresenceRules, Quota, SharedLimits, StateStore, StoreError, SystemClock,
};

use crate::bus::listened;
use crate::house::{connected, eventually};
use crate::servers::{RedisServer, everlasting};

pub(crate) const ROOM: &str = "/gradebook class:math-101";

pub(crate) fn rules(ttl_ms: i64) -> Rules {
    Rules { ttl_ms, max: 100, max_bytes: 100_000, drop_oldest: false, watch: Some("w".into()) }
}

pub(crate) fn soon(url: impl Into<String>) -> RedisConfig {
    RedisConfig { call_timeout: Duration::from_millis(500), ..RedisConfig::new(url) }
}

pub(crate) async fn put(state: &dyn StateStore, key: &str) -> Result<Written, StoreError> {
    state.put(At { key, rules: &rules(60_000) }, "f", "1", Only::Any, None).await
}

pub(crate) fn bus(redis: &Redis) -> (Arc<dyn Bus>, Frames) {
    let (bus, frames) = RedisBus::new(redis.clone(), BusLimits::default());
    (Arc::new(bus), frames)
}

/// A call comes back, well or not, long before anybody would call it hanging.
pub(crate) async fn bounded<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), call).await.expect("a call hangs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_and_started_again_empty_it_is_whole_again_by_itself() {
    let server = RedisServer::start(&[]);
    let [a, b] = [connected(soon(server.url())).await, connected(soon(server.url())).await];
    let state = RedisState::new(a.clone());
    let rules = PresenceRules { lease_ms: 900, grace_ms: 0 };
    let presence = RedisPresence::new(a.clone(), rules);
    let [(bus_a, _at_a), (bus_b, mut at_b)] = [bus(&a), bus(&b)];
    let epoch = presence.beat().await.expect("a beat");
    presence.enter(ROOM, "ann", 1, "1".into()).await.expect("entered");
    presence.enroll("/x ann", 1, 1).await.expect("counted");
    put(&state, "k").await.expect("written");
    bus_b.subscribe("x");
    listened(&bus_a, "x", &mut at_b).await;
    let heard = bus_b.status().epoch;

    let ghost = server.kill();
    eventually("calls fail", async || bounded(put(&state, "k")).await.is_err()).await;
    assert!(bounded(presence.enter(ROOM, "bob", 2, "1".into())).await.is_err());
    assert!(bounded(state.claim_expired(10)).await.is_err());
    assert!(state.due() > Some(0));
    eventually("the bus knows", async || !bus_b.status().connected && !bus_a.status().connected).await;
    bus_a.publish("x", "lost".into());
    eventually("what cannot leave is counted", async || bus_a.status().dropped > 0).await;

    let server = ghost.start_again();
    eventually("state is back", async || bounded(put(&state, "k")).await.is_ok()).await;
    eventually("presence must be told again", async || {
        bounded(presence.beat()).await.is_ok_and(|beaten| beaten != epoch)
    })
    .await;
    assert_eq!(presence.renew(ROOM, "ann", 1, "1".into()).await, Ok(false), "nobody was told that she left");
    presence.renewed().await.expect("all told");
    assert_eq!(presence.count(ROOM).await, Ok(1));
    assert_eq!(presence.enroll("/x ann", 2, 1).await, Ok(false), "her connection is still counted");
    listened(&bus_a, "x", &mut at_b).await;
    assert!(bus_b.status().epoch > heard, "the gap is told");
    assert!(presence.gone(10).await.expect("asked").is_empty());
    assert_eq!(everlasting(&mut server.connection(), ""), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_it_hangs_nobody_and_presence_is_right_afterwards() {
    let server = RedisServer::start(&[]);
    let [a, b] = [connected(soon(server.url())).await, connected(soon(server.url())).await];
    let state = RedisState::new(a.clone());
    let rules = PresenceRules { lease_ms: 900, grace_ms: 0 };
    let [mine, other] = [RedisPresence::new(a.clone(), rules), RedisPresence::new(b.clone(), rules)];
    let epoch = mine.beat().await.expect("a beat");
    for (user, conn) in [("ann", 1), ("bob", 2)] {
        mine.enter(ROOM, user, conn, "1".into()).await.expect("entered");
    }
    let [(bus_a, _at_a), (bus_b, mut at_b)] = [bus(&a), bus(&b)];
    bus_b.subscribe("x");
    listened(&bus_a, "x", &mut at_b).await;

    server.signal("-STOP");
    assert!(bounded(put(&state, "k")).await.is_err());
    assert!(bounded(mine.leave(ROOM, "bob", 2)).await.is_err(), "whether he left is not known");
    eventually("it is known to be away", async || match bounded(put(&state, "k")).await {
        Err(StoreError::Unavailable(why)) => why.contains("is away"),
        Ok(_) => false,
    })
    .await;
    eventually("the bus knows", async || !bus_b.status().connected).await;
    server.signal("-CONT");

    eventually("state is back", async || bounded(put(&state, "k")).await.is_ok()).await;
    eventually("everything must be told again", async || mine.beat().await.is_ok_and(|beaten| beaten != epoch)).await;
    eventually("she is told again", async || {
        mine.renew(ROOM, "ann", 1, "1".into()).await.is_ok() && mine.renewed().await.is_ok()
    })
    .await;
    let mut gone = Vec::new();
    eventually("only she is there", async || {
        if mine.beat().await.is_ok() && other.beat().await.is_ok() {
            for server in [&mine, &other] {
                gone.extend(server.gone(10).await.unwrap_or_default());
            }
        }
        mine.count(ROOM).await == Ok(1)
    })
    .await;
    assert_eq!(mine.get(ROOM, "ann").await, Ok(Some("1".into())));
    assert!(gone.iter().filter(|one| &*one.user == "bob").count() <= 1, "at most once");
    listened(&bus_a, "x", &mut at_b).await;
    assert_eq!(everlasting(&mut server.connection(), ""), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn away_for_longer_than_a_lease_it_is_nobodys_death() {
    let server = RedisServer::start(&[]);
    let [a, b] = [connected(soon(server.url())).await, connected(soon(server.url())).await];
    let rules = PresenceRules { lease_ms: 1500, grace_ms: 0 };
    let [first, second] = [RedisPresence::new(a, rules), RedisPresence::new(b, rules)];
    for (presence, user) in [(&first, "ann"), (&second, "bob")] {
        presence.beat().await.expect("a beat");
        presence.enter(ROOM, user, 1, "1".into()).await.expect("entered");
    }
    server.signal("-STOP");
    let paused = Instant::now();
    while paused.elapsed() < Duration::from_millis(4000) {
        for presence in [&first, &second] {
            let _ = bounded(presence.beat()).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.signal("-CONT");
    eventually("the first is back", async || first.beat().await.is_ok()).await;
    for _ in 0..5 {
        assert_eq!(first.gone(10).await.expect("asked"), [], "the second is about to come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eventually("the second is back", async || second.beat().await.is_ok()).await;
    let back = Instant::now();
    while back.elapsed() < Duration::from_millis(3000) {
        for presence in [&first, &second] {
            presence.beat().await.expect("a beat");
            assert_eq!(presence.gone(10).await.expect("asked"), []);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(first.count(ROOM).await, Ok(2));
    let mut gone = Vec::new();
    eventually("whoever does not come back is told gone", async || {
        first.beat().await.expect("a beat");
        gone.extend(first.gone(10).await.expect("asked"));
        gone.iter().any(|one| &*one.user == "bob")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_long_as_nobody_may_be_buried_nobody_is_looked_for() {
    let server = RedisServer::start(&[]);
    let redis = connected(soon(server.url())).await;
    let rules = PresenceRules { lease_ms: 60_000, grace_ms: 0 };
    let presence = RedisPresence::new(redis, rules);
    let ghost = server.kill();
    eventually("a beat fails", async || bounded(presence.beat()).await.is_err()).await;
    let _server = ghost.start_again();
    eventually("a beat comes through", async || bounded(presence.beat()).await.is_ok()).await;
    assert_eq!(presence.gone(10).await, Ok(Vec::new()));
    let wait_ms = presence.due().expect("the next beat") - SystemClock.now_ms();
    assert!(wait_ms > rules.lease_ms / 6, "the next beat is due, and nothing before it: {wait_ms} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_it_refuses_what_adds_and_permits_what_asks_and_removes() {
    let server = RedisServer::start(&[]);
    let clock = Arc::new(ManualClock::at(1_000_000_000));
    let redis = connected(RedisConfig { now: Some(clock.clone()), ..RedisConfig::new(server.url()) }).await;
    let (state, limits) = (RedisState::new(redis.clone()), RedisLimits::new(redis.clone()));
    let presence = RedisPresence::new(redis.clone(), PresenceRules::default());
    presence.beat().await.expect("a beat");
    presence.enter(ROOM, "ann", 1, "1".into()).await.expect("entered");
    let at = At { key: "k", rules: &rules(60_000) };
    for (field, ttl_ms) in [("a", 60_000), ("b", 60_000), ("short", 1000)] {
        state.put(at, field, "1", Only::Any, Some(ttl_ms)).await.expect("written");
    }
    let mut connection = server.connection();
    let mut bound = |bytes: &str| {
        redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).exec(&mut connection).expect("set");
    };
    bound("1");
    assert!(matches!(put(&state, "other").await, Err(StoreError::Unavailable(_))));
    assert!(limits.take("k", Quota::new(1, 1000)).await.is_err());
    assert!(presence.enter(ROOM, "bob", 2, "1".into()).await.is_err());
    assert_eq!((state.len("k").await, presence.count(ROOM).await), (Ok(3), Ok(1)));
    assert_eq!(state.all("k", None).await.expect("read").len(), 3);
    assert!(state.take("k", Which::Named("a")).await.expect("taken").is_some());
    clock.advance(1000);
    let told = state.claim_expired(10).await.expect("claimed");
    assert_eq!(told.iter().map(|one| &*one.entry.name).collect::<Vec<_>>(), ["short"]);
    state.settle(told[0].claim).await.expect("settled");
    assert_eq!(presence.leave(ROOM, "ann", 1).await, Ok(Left::Last("1".into())));
    bound("0");
    assert_eq!(put(&state, "other").await, Ok(Written::Done));
    assert_eq!(everlasting(&mut connection, ""), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_however_long_it_is_nobodys_death() {
    let server = RedisServer::start(&[]);
    let clock = Arc::new(ManualClock::at(1_000_000_000));
    let redis = connected(RedisConfig { now: Some(clock.clone()), ..RedisConfig::new(server.url()) }).await;
    let rules = PresenceRules::default();
    let [here, there] = [RedisPresence::new(redis.clone(), rules), RedisPresence::new(redis.clone(), rules)];
    for presence in [&here, &there] {
        presence.beat().await.expect("a beat");
    }
    here.enter(ROOM, "ann", 1, "1".into()).await.expect("entered");
    let mut connection = server.connection();
    let mut bound = |bytes: &str| {
        redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).exec(&mut connection).expect("set");
    };
    bound("1");
    // Of whom Redis is not told, it is to be told under another life.
    assert!(here.enter(ROOM, "bob", 2, "1".into()).await.is_err());
    for _ in 0..30 {
        clock.advance(rules.lease_ms / 3);
        for presence in [&here, &there] {
            presence.beat().await.expect("a beat");
        }
        assert_eq!(there.gone(10).await, Ok(Vec::new()), "she is here all along");
    }
    bound("0");
    for (user, conn) in [("ann", 1), ("bob", 2)] {
        here.renew(ROOM, user, conn, "1".into()).await.expect("told again");
    }
    here.renewed().await.expect("all told");
    clock.advance(rules.lease_ms / 3);
    for presence in [&here, &there] {
        presence.beat().await.expect("a beat");
        assert_eq!(presence.gone(10).await, Ok(Vec::new()));
    }
    assert_eq!(there.count(ROOM).await, Ok(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_were_forgotten_are_known_again() {
    let server = RedisServer::start(&[]);
    let state = RedisState::new(connected(RedisConfig::new(server.url())).await);
    for _ in 0..2 {
        assert_eq!(put(&state, "k").await, Ok(Written::Done));
        redis::cmd("SCRIPT").arg("FLUSH").exec(&mut server.connection()).expect("forgotten");
    }
}
