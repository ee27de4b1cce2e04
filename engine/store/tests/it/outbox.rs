//! The outbox: order by key, slots that are held by one, attempts, and the dead.

use std::time::Duration;

use homeroom_store::outbox::{Fate, Held, Outbox, OutboxSettings, SCHEMA, Settled};
use homeroom_store::sql::{Db, Migration, SqlError, SqlLimits};

use crate::databases::{server, sql};
use crate::house::eventually;

struct House {
    db: Db,
    url: String,
}

impl House {
    async fn new() -> Self {
        let url = server().await.own_url().await;
        let db = Db::open(&url, SqlLimits::default()).await.expect("a database");
        let migrations = [Migration { name: "outbox", script: SCHEMA }];
        assert_eq!(db.migrate(&migrations).await, Ok(vec!["outbox".to_owned()]));
        assert_eq!(db.migrate(&migrations).await, Ok(Vec::new()), "once is enough");
        Self { db, url }
    }

    async fn server(&self, name: &str, settings: OutboxSettings) -> Outbox {
        Outbox::open(&self.url, &SqlLimits::default(), settings, name).await.expect("an outbox")
    }

    /// Leaves letters of a key: a, b, c.
    async fn leaves(&self, key: &str, names: &str) {
        for name in names.chars() {
            let insert = format!(
                "insert into homeroom_outbox (id, namespace, event, key, payload) values ('{key}{name}', 'n', 'e', '{key}', '{{}}')"
            );
            self.db.script(&insert).await.expect("inserted");
        }
    }

    async fn is_so(&self, condition: &str) -> bool {
        self.db.found(&sql(&format!("select 1 where {condition}")), &[]).await.expect("an answer")
    }
}

fn settings() -> OutboxSettings {
    OutboxSettings { lease: Duration::from_millis(600), attempts_max: 2, ..OutboxSettings::default() }
}

fn names(held: &Held) -> Vec<&str> {
    held.letters.iter().map(|letter| letter.id.as_str()).collect()
}

fn all(held: &Held, fate: &Fate) -> Vec<(i64, Fate)> {
    held.letters.iter().map(|letter| (letter.seq, fate.clone())).collect()
}

#[tokio::test]
async fn a_key_is_in_one_hand_and_in_order() {
    let house = House::new().await;
    house.leaves("k", "abc").await;
    let long = OutboxSettings { lease: Duration::from_secs(30), ..settings() };
    let [one, other] = [house.server("one", long.clone()).await, house.server("other", long).await];
    let held = one.hold().await.expect("an answer").expect("a slot");
    assert_eq!(names(&held), ["ka", "kb", "kc"]);
    house.leaves("k", "d").await;
    assert!(other.hold().await.expect("an answer").is_none(), "what comes later waits, too");
    let settled = one.settle(&held, &all(&held, &Fate::Sent)).await.expect("settled");
    assert_eq!(settled, Settled { sent: 3, ..Settled::default() });
    let held = other.hold().await.expect("an answer").expect("a slot");
    assert_eq!(names(&held), ["kd"]);
}

#[tokio::test]
async fn several_servers_share_what_is_of_different_keys() {
    let house = House::new().await;
    for key in 0..40 {
        house.leaves(&format!("key-{key}-"), "ab").await;
    }
    let long = OutboxSettings { lease: Duration::from_secs(30), ..settings() };
    let servers = [house.server("one", long.clone()).await, house.server("other", long).await];
    let (mut sent, mut by) = (Vec::new(), [0, 0]);
    for turn in 0.. {
        let at = turn % 2;
        let Some(held) = servers[at].hold().await.expect("an answer") else { break };
        by[at] += 1;
        sent.extend(held.letters.iter().map(|letter| letter.id.clone()));
        // Every second slot is let go at once, the others are held until all is sent.
        servers[at].settle(&held, &all(&held, &Fate::Sent)).await.expect("settled");
    }
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 80, "each once");
    assert!(by[0] > 5 && by[1] > 5, "{by:?}");
    assert!(house.is_so("not exists (select 1 from homeroom_outbox)").await);
}

#[tokio::test]
async fn who_dies_lets_go_and_who_was_late_changes_nothing() {
    let house = House::new().await;
    house.leaves("k", "ab").await;
    let [dead, other] = [house.server("dead", settings()).await, house.server("other", settings()).await];
    let late = dead.hold().await.expect("an answer").expect("a slot");
    let mut held = None;
    eventually("the lease is over", async || {
        held = other.hold().await.expect("an answer");
        held.is_some()
    })
    .await;
    let held = held.expect("a slot");
    assert!(!late.is_held(), "it knows by its own clock, and before");
    assert_eq!(names(&held), ["ka", "kb"], "sent again");
    assert!(dead.settle(&late, &all(&late, &Fate::Sent)).await.expect("an answer").lost);
    assert_eq!(other.settle(&held, &all(&held, &Fate::Sent)).await.map(|settled| settled.sent), Ok(2));
}

#[tokio::test]
async fn what_fails_waits_with_its_key_and_then_is_dead_with_its_reason() {
    let house = House::new().await;
    house.leaves("k", "ab").await;
    house.leaves("l", "a").await;
    let outbox = house.server("one", settings()).await;
    let later = Fate::Later(true, "UNAVAILABLE".into());
    while let Some(held) = outbox.hold().await.expect("an answer") {
        let fates: Vec<_> = held.letters.iter().take(1).map(|letter| (letter.seq, later.clone())).collect();
        outbox.settle(&held, &fates).await.expect("settled");
    }
    assert!(
        house.is_so("(select count(*) from homeroom_outbox where attempts = 1 and reason = 'UNAVAILABLE') = 2").await
    );
    eventually("its second attempt", async || {
        if let Some(held) = outbox.hold().await.expect("an answer") {
            let first = held.letters.first().map(|letter| (letter.seq, later.clone()));
            outbox.settle(&held, &first.into_iter().collect::<Vec<_>>()).await.expect("settled");
        }
        house.is_so("(select count(*) from homeroom_outbox_dead where attempts = 2) = 2").await
    })
    .await;
    // What stood behind it goes on, and what can never be sent is dead at once.
    let mut next = None;
    eventually("its successor", async || {
        next = outbox.hold().await.expect("an answer");
        next.is_some()
    })
    .await;
    let held = next.expect("a slot");
    assert_eq!(names(&held), ["kb"]);
    outbox.settle(&held, &all(&held, &Fate::Never("INVALID_PAYLOAD".into()))).await.expect("settled");
    assert!(
        house.is_so("exists (select 1 from homeroom_outbox_dead where id = 'kb' and reason = 'INVALID_PAYLOAD')").await
    );
    assert!(house.is_so("not exists (select 1 from homeroom_outbox)").await);
    assert_eq!(outbox.forget_dead().await, Ok(0));
    let soon = house.server("two", OutboxSettings { dead_kept: Duration::ZERO, ..settings() }).await;
    assert_eq!(soon.forget_dead().await, Ok(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rows_are_told_once_they_are_committed() {
    let house = House::new().await;
    let outbox = house.server("one", settings()).await;
    let told = std::sync::Arc::new(tokio::sync::Notify::new());
    let ring = told.clone();
    let listening = tokio::spawn(async move { outbox.listen(|| ring.notify_one()).await });
    told.notified().await;
    house.leaves("k", "a").await;
    told.notified().await;
    listening.abort();
    let none = server().await.own_url().await;
    let absent = Outbox::open(&none, &SqlLimits::default(), settings(), "one").await;
    assert!(matches!(absent.map(|_| ()), Err(SqlError::Refused(why)) if why.contains("homeroom_outbox")));
}
