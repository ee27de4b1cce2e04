//! The history of rooms: what every store holds to.

use bytes::Bytes;
use homeroom_store::History;
use homeroom_store::history::{Appended, Keeping, Kept, Past};
use homeroom_store::redis::{RedisConfig, RedisHistory};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::house::{House, T0, connected, eventually, on_every_store};
use crate::servers::{RedisServer, everlasting};

on_every_store!(
    entries_come_back_in_order_and_once,
    a_gap_is_told_and_not_made_silently,
    entries_are_few_and_not_old_and_last_numbers_outlive_them,
    rooms_are_apart_and_of_an_unknown_one_nothing_is_known,
    it_keeps_what_a_plain_list_would,
);

const ROOM: &str = "/a hall:{h} %";
const KEEPING: Keeping = Keeping { size: 3, ttl_ms: 60_000 };

fn kept(origin: u64, number: u64, prev: u64) -> Kept {
    // Bytes that are no text, with a space and a zero among them.
    Kept { origin, number, prev, bytes: Bytes::from(vec![0xff, 0, b' ', number as u8]) }
}

async fn append(history: &dyn History, entries: &[Kept]) -> Appended {
    history.append(ROOM, KEEPING, entries, false).await.expect("an answer")
}

async fn read(history: &dyn History) -> Past {
    history.read(ROOM, KEEPING).await.expect("an answer")
}

fn numbers(past: &Past) -> Vec<(u64, u64)> {
    past.entries.iter().map(|entry| (entry.origin, entry.number)).collect()
}

fn heads(past: &Past) -> Vec<(u64, u64)> {
    let mut heads: Vec<(u64, u64)> = past.heads.iter().map(|head| (head.origin, head.number)).collect();
    heads.sort_unstable();
    heads
}

async fn entries_come_back_in_order_and_once(house: &House) {
    let [one, other] = &house.histories;
    let high = u64::MAX;
    assert_eq!(append(&**one, &[kept(high, 1, 0), kept(high, 5, 1)]).await, Appended::Done);
    assert_eq!(append(&**other, &[kept(7, 1, 0)]).await, Appended::Done);
    assert_eq!(
        append(&**one, &[kept(high, 1, 0), kept(high, 5, 1)]).await,
        Appended::Done,
        "again is the same as once"
    );
    let past = read(&**other).await;
    assert_eq!(past.entries, [kept(high, 1, 0), kept(high, 5, 1), kept(7, 1, 0)]);
    assert_eq!(heads(&past), [(7, 1), (high, 5)]);
    assert!(past.known_ms <= T0 && past.heads.iter().all(|head| head.at_ms == T0));
}

async fn a_gap_is_told_and_not_made_silently(house: &House) {
    let history = &*house.histories[0];
    assert_eq!(append(history, &[kept(1, 4, 3)]).await, Appended::Lacks(0));
    assert_eq!(append(history, &[kept(1, 1, 0)]).await, Appended::Done);
    assert_eq!(append(history, &[kept(1, 2, 1), kept(1, 4, 3)]).await, Appended::Lacks(2), "what could be is kept");
    assert_eq!(numbers(&read(history).await), [(1, 1), (1, 2)]);
    let anyway = history.append(ROOM, KEEPING, &[kept(1, 2, 1), kept(1, 4, 3)], true).await;
    assert_eq!(anyway, Ok(Appended::Done));
    assert_eq!(numbers(&read(history).await), [(1, 1), (1, 2), (1, 4)]);
}

async fn entries_are_few_and_not_old_and_last_numbers_outlive_them(house: &House) {
    let history = &*house.histories[0];
    append(history, &[kept(1, 1, 0), kept(1, 2, 1)]).await;
    house.clock.advance(30_000);
    append(history, &[kept(2, 1, 0), kept(2, 2, 1)]).await;
    assert_eq!(numbers(&read(history).await), [(1, 2), (2, 1), (2, 2)], "three at most");
    house.clock.advance(30_000);
    assert_eq!(numbers(&read(history).await), [(2, 1), (2, 2)], "for a minute at most");
    house.clock.advance(KEEPING.heads_ms() - 60_000 - 1);
    let past = read(history).await;
    assert_eq!((numbers(&past), heads(&past)), (vec![], vec![(1, 2), (2, 2)]));
    house.clock.advance(1);
    assert_eq!(heads(&read(history).await), [(2, 2)]);
}

async fn rooms_are_apart_and_of_an_unknown_one_nothing_is_known(house: &House) {
    let history = &*house.histories[0];
    append(history, &[kept(1, 1, 0)]).await;
    let other = history.read("/a hall:h", KEEPING).await.expect("an answer");
    assert_eq!((other.entries.len(), other.heads.len()), (0, 0));
    assert!(other.known_ms <= T0);
}

/// Servers send, and tell again what they sent, in any order that keeps their own; what is read is what a list would have.
async fn it_keeps_what_a_plain_list_would(house: &House) {
    let acts = proptest::collection::vec((0..3_u64, 0..3_usize), 1..40);
    let mut runner = TestRunner::deterministic();
    for run in 0..house.runs.min(24) {
        let room = format!("/a run:{run}");
        let mut sent: [Vec<Kept>; 3] = Default::default();
        let mut expected: Vec<(u64, u64)> = Vec::new();
        for (origin, again) in acts.new_tree(&mut runner).expect("acts").current() {
            let of = &mut sent[origin as usize];
            let last = of.last().map_or(0, |entry| entry.number);
            of.push(kept(origin, last + 1 + again as u64, last));
            let from = of.len().saturating_sub(1 + again);
            let done = house.histories[again % 2].append(&room, KEEPING, &of[from..], false).await;
            assert_eq!(done, Ok(Appended::Done));
            expected.push((origin, last + 1 + again as u64));
        }
        let past = house.histories[1].read(&room, KEEPING).await.expect("an answer");
        assert_eq!(numbers(&past), expected[expected.len().saturating_sub(KEEPING.size)..]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_lost_everything_is_known_by_it() {
    let server = RedisServer::start(&[]);
    let history = RedisHistory::new(connected(RedisConfig::new(server.url())).await);
    append(&history, &[kept(1, 1, 0)]).await;
    let before = read(&history).await;
    assert!(everlasting(&mut server.connection(), "").is_empty());
    eventually("its clock goes on", async || {
        let _: () = ::redis::cmd("FLUSHALL").query(&mut server.connection()).expect("it is empty");
        read(&history).await.known_ms > before.known_ms
    })
    .await;
    assert_eq!(append(&history, &[kept(1, 2, 1)]).await, Appended::Lacks(0));
    let short = Keeping { size: 3, ttl_ms: 50 };
    let done = history.append("/a short", short, &[kept(1, 1, 0)], false).await;
    assert_eq!(done, Ok(Appended::Done));
    eventually("it has ended", async || {
        let past = history.read("/a short", short).await.expect("an answer");
        past.entries.is_empty() && past.heads.len() == 1
    })
    .await;
}
