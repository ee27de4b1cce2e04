//! What every store of state holds to. The cases are a function over "a way to make one", so that another store runs them.

use std::sync::Arc;

use homeroom_store::state::{At, Entry, Only, Rules, StateLimits, Which, Written};
use homeroom_store::{Clock, ManualClock, MemoryState, StateStore};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::house::{House, T0, on_every_store};

on_every_store!(
    values_come_back_as_they_went_in_and_in_order_of_arrival,
    each_entry_ends_by_itself_and_a_write_renews_it,
    conditions_ask_what_is_there_now,
    what_is_full_refuses_or_drops_the_oldest_and_what_ran_out_makes_room,
    sets_lists_and_counters,
    what_is_taken_is_gone,
    one_of_many_takes_it_and_one_of_many_is_first,
    what_runs_out_is_told_once_oldest_first_unless_it_was_renewed_or_taken,
    what_was_claimed_and_not_settled_is_told_again,
    what_runs_out_is_told_to_one_of_the_servers,
    any_key_will_do,
    it_is_what_a_list_would_be,
);

fn rules(ttl_ms: i64, max: usize) -> Rules {
    Rules { ttl_ms, max, max_bytes: 100, drop_oldest: false, watch: None }
}

fn watched(ttl_ms: i64) -> Rules {
    Rules { watch: Some("w".into()), ..rules(ttl_ms, 10) }
}

impl House {
    fn store(&self) -> &Arc<dyn StateStore> {
        &self.states[0]
    }

    async fn put(&self, rules: &Rules, field: &str, value: &str, only: Only, ttl_ms: Option<i64>) -> Written {
        self.store().put(At { key: "k", rules }, field, value, only, ttl_ms).await.expect("written")
    }

    async fn names(&self) -> Vec<String> {
        let all = self.store().all("k", None).await.expect("read");
        all.into_iter().map(|entry| entry.name.to_string()).collect()
    }

    async fn get(&self, name: &str) -> Option<String> {
        self.store().get("k", name).await.expect("read").map(|value| value.to_string())
    }

    async fn expired(&self) -> Vec<String> {
        let claimed = self.store().claim_expired(100).await.expect("claimed");
        let mut names = Vec::new();
        for expired in claimed {
            names.push(expired.entry.name.to_string());
            self.store().settle(expired.claim).await.expect("settled");
        }
        names
    }
}

async fn values_come_back_as_they_went_in_and_in_order_of_arrival(house: &House) {
    let rules = rules(1000, 10);
    for (name, value) in [("c", "[]"), ("a", "{}"), ("b", "9007199254740993"), ("odd :<>*\u{1F600}", "\"\"")] {
        assert_eq!(house.put(&rules, name, value, Only::Any, None).await, Written::Done);
        assert_eq!(house.get(name).await.as_deref(), Some(value));
    }
    house.put(&rules, "c", "1", Only::Any, None).await;
    assert_eq!(house.names().await, ["c", "a", "b", "odd :<>*\u{1F600}"], "what is written again keeps its place");
    let last = house.store().all("k", Some(2)).await.expect("read");
    assert_eq!(last.iter().map(|entry| &*entry.name).collect::<Vec<_>>(), ["b", "odd :<>*\u{1F600}"]);
    assert_eq!(house.store().len("k").await, Ok(4));
}

async fn each_entry_ends_by_itself_and_a_write_renews_it(house: &House) {
    let rules = rules(1000, 10);
    house.put(&rules, "a", "1", Only::Any, None).await;
    house.clock.advance(600);
    house.put(&rules, "b", "1", Only::Any, None).await;
    house.put(&rules, "short", "1", Only::Any, Some(100)).await;
    house.put(&rules, "long", "1", Only::Any, Some(9999)).await;
    house.clock.advance(399);
    assert_eq!(house.names().await, ["a", "b", "long"]);
    house.put(&rules, "a", "2", Only::Any, None).await;
    house.clock.advance(601);
    assert_eq!(house.names().await, ["a"], "a longer life counts as the rules'");
    house.clock.advance(399);
    assert_eq!(house.names().await, Vec::<String>::new());
    assert_eq!(house.get("a").await, None);
}

async fn conditions_ask_what_is_there_now(house: &House) {
    let rules = rules(1000, 10);
    assert_eq!(house.put(&rules, "a", "1", Only::Existing, None).await, Written::Not);
    assert_eq!(house.put(&rules, "a", "1", Only::New, None).await, Written::Done);
    assert_eq!(house.put(&rules, "a", "2", Only::New, None).await, Written::Not);
    assert_eq!(house.put(&rules, "a", "3", Only::Existing, None).await, Written::Done);
    assert_eq!(house.get("a").await.as_deref(), Some("3"));
    house.clock.advance(1000);
    assert_eq!(house.put(&rules, "a", "4", Only::New, None).await, Written::Done, "what ran out is not there");
}

async fn what_is_full_refuses_or_drops_the_oldest_and_what_ran_out_makes_room(house: &House) {
    let full = rules(1000, 2);
    house.put(&full, "a", "1", Only::Any, Some(10)).await;
    house.put(&full, "b", "1", Only::Any, None).await;
    assert_eq!(house.put(&full, "c", "1", Only::Any, None).await, Written::Full);
    assert_eq!(house.put(&full, "b", "2", Only::Any, None).await, Written::Done, "what is there may change");
    house.clock.advance(10);
    assert_eq!(house.put(&full, "c", "1", Only::Any, None).await, Written::Done);
    let dropping = Rules { drop_oldest: true, watch: Some("w".into()), ..full };
    assert_eq!(house.put(&dropping, "d", "1", Only::Any, None).await, Written::Done);
    assert_eq!(house.names().await, ["c", "d"]);
    assert_eq!(house.put(&dropping, "e", &"x".repeat(101), Only::Any, None).await, Written::TooLarge);
    assert_eq!(house.expired().await, Vec::<String>::new(), "what was dropped is not told");
}

async fn sets_lists_and_counters(house: &House) {
    let rules = rules(1000, 10);
    let at = At { key: "k", rules: &rules };
    assert_eq!(house.store().add(at, "m", None).await, Ok(Written::Done));
    house.clock.advance(600);
    assert_eq!(house.store().add(at, "m", None).await, Ok(Written::Not));
    house.clock.advance(400);
    assert_eq!(house.names().await, Vec::<String>::new(), "adding again does not renew");

    let list = At { key: "l", rules: &rules };
    assert_eq!(house.store().push(list, "1", Some("t"), None).await, Ok(Written::Done));
    assert_eq!(house.store().push(list, "2", Some("t"), None).await, Ok(Written::Not));
    assert_eq!(house.store().push(list, "3", None, None).await, Ok(Written::Done));
    assert_eq!(house.store().push(list, "3", None, None).await, Ok(Written::Done), "the same twice is two");
    let values = house.store().all("l", None).await.expect("read");
    assert_eq!(values.iter().map(|entry| &*entry.value).collect::<Vec<_>>(), ["1", "3", "3"]);

    let counter = At { key: "c", rules: &rules };
    assert_eq!(house.store().increment(counter, 2, None).await, Ok(2));
    assert_eq!(house.store().increment(counter, -5, None).await, Ok(-3));
    assert_eq!(house.store().increment(counter, i64::MIN, None).await, Ok(i64::MIN), "within 64 bits");
    house.clock.advance(1000);
    assert_eq!(house.store().increment(counter, 1, None).await, Ok(1));
}

async fn what_is_taken_is_gone(house: &House) {
    let rules = rules(1000, 10);
    for name in ["a", "b", "c"] {
        house.put(&rules, name, name, Only::Any, None).await;
    }
    let take = async |which| house.store().take("k", which).await.expect("taken").map(|entry| entry.name.to_string());
    assert_eq!(take(Which::First).await.as_deref(), Some("a"));
    assert_eq!(take(Which::Named("a")).await, None);
    let stale = Entry { name: "b".into(), value: "old".into() };
    assert_eq!(take(Which::Exact(&stale)).await, None);
    let fresh = Entry { name: "b".into(), value: "b".into() };
    assert_eq!(take(Which::Exact(&fresh)).await.as_deref(), Some("b"));
    assert_eq!(house.store().clear("k").await, Ok(1));
    assert_eq!(house.store().clear("k").await, Ok(0));
    assert_eq!(take(Which::First).await, None);
}

async fn one_of_many_takes_it_and_one_of_many_is_first(house: &House) {
    let rules = Arc::new(rules(1000, 10));
    house.put(&rules, "a", "1", Only::Any, None).await;
    let race = |kind: u8| {
        let tasks = (0..50).map(|server| {
            let (store, rules) = (Arc::clone(&house.states[server % 2]), Arc::clone(&rules));
            tokio::spawn(async move {
                match kind {
                    0 => store.take("k", Which::Named("a")).await.expect("taken").is_some(),
                    _ => store.add(At { key: "s", rules: &rules }, "m", None).await == Ok(Written::Done),
                }
            })
        });
        futures_util::future::join_all(tasks.collect::<Vec<_>>())
    };
    for kind in [0, 1] {
        let won = race(kind).await.into_iter().filter(|won| *won.as_ref().expect("a task")).count();
        assert_eq!(won, 1);
    }
}

async fn what_runs_out_is_told_once_oldest_first_unless_it_was_renewed_or_taken(house: &House) {
    let rules = watched(1000);
    house.put(&rules, "late", "1", Only::Any, None).await;
    house.put(&rules, "early", "1", Only::Any, Some(500)).await;
    house.put(&rules, "renewed", "1", Only::Any, None).await;
    house.put(&rules, "taken", "1", Only::Any, None).await;
    house.put(&self::rules(1000, 10), "unwatched", "1", Only::Any, None).await;
    assert!(house.store().due().expect("something runs out") <= T0 + 500);
    house.clock.advance(900);
    house.put(&rules, "renewed", "2", Only::Any, None).await;
    house.store().take("k", Which::Named("taken")).await.expect("taken");
    house.clock.advance(100);
    assert_eq!(house.expired().await, ["early", "late"]);
    assert_eq!(house.expired().await, Vec::<String>::new());
    house.clock.advance(1000);
    assert_eq!(house.expired().await, ["renewed"]);
}

async fn what_was_claimed_and_not_settled_is_told_again(house: &House) {
    house.put(&watched(1000), "a", "1", Only::Any, None).await;
    house.clock.advance(1000);
    let claimed = house.store().claim_expired(10).await.expect("claimed");
    assert_eq!((claimed.len(), &*claimed[0].key, &*claimed[0].watch, claimed[0].deadline_ms), (1, "k", "w", T0 + 1000));
    assert!(house.store().claim_expired(10).await.expect("claimed").is_empty(), "it is being dealt with");
    house.clock.advance(30_000);
    assert_eq!(house.expired().await, ["a"]);
    house.clock.advance(60_000);
    assert_eq!(house.expired().await, Vec::<String>::new());
}

async fn what_runs_out_is_told_to_one_of_the_servers(house: &House) {
    let rules = Rules { max: 1000, ..watched(1000) };
    for name in 0..60 {
        house.store().push(At { key: &format!("k:{name}"), rules: &rules }, "1", None, None).await.expect("pushed");
    }
    house.clock.advance(1000);
    let claims = (0..20).map(|server| house.states[server % 2].claim_expired(7));
    let mut told = Vec::new();
    for claimed in futures_util::future::join_all(claims).await {
        let claimed = claimed.expect("claimed");
        assert!(claimed.len() <= 7);
        told.extend(claimed.into_iter().map(|one| one.key));
    }
    while let Ok(more @ [_, ..]) = house.states[1].claim_expired(7).await.as_deref() {
        told.extend(more.iter().map(|one| one.key.clone()));
    }
    assert_eq!(told.len(), 60, "each once");
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 60);
}

async fn any_key_will_do(house: &House) {
    let rules = watched(1000);
    let keys = ["a {b} c", "{b}", "}{", "%7Bb%7D", "{}", "\u{1F600}:\0", "a:exp", "{a}:exp", "100%"];
    for key in keys {
        let at = At { key, rules: &rules };
        assert_eq!(house.store().put(at, key, key, Only::New, None).await, Ok(Written::Done), "{key:?}");
    }
    house.clock.advance(1000);
    let mut told = Vec::new();
    for claimed in house.store().claim_expired(100).await.expect("claimed") {
        assert_eq!((&*claimed.entry.name, &*claimed.entry.value), (&*claimed.key, &*claimed.key));
        told.push(claimed.key.to_string());
    }
    told.sort();
    let mut keys = keys.map(String::from);
    keys.sort();
    assert_eq!(told, keys);
}

#[tokio::test]
async fn memory_is_bounded_and_given_back() {
    let clock = Arc::new(ManualClock::at(T0));
    let store = MemoryState::new(clock.clone(), StateLimits { keys_max: 3, bytes_max: 10_000 });
    let rules = Rules { max_bytes: 100_000, ..rules(1000, 100) };
    for key in ["a", "b", "c"] {
        assert_eq!(store.put(At { key, rules: &rules }, "f", "1", Only::Any, None).await, Ok(Written::Done));
    }
    assert!(store.put(At { key: "d", rules: &rules }, "f", "1", Only::Any, None).await.is_err(), "too many keys");
    let huge = "x".repeat(10_000);
    assert!(store.put(At { key: "a", rules: &rules }, "f", &huge, Only::Any, None).await.is_err(), "too many bytes");
    clock.advance(1000);
    assert_eq!(store.due(), Some(T0 + 1000));
    store.claim_expired(10).await.expect("claimed");
    assert_eq!(store.due(), None, "nothing is left that could run out");
    assert_eq!(store.bytes(), 0, "abandoned keys do not stay");
    assert_eq!(store.put(At { key: "d", rules: &rules }, "f", "1", Only::Any, None).await, Ok(Written::Done));
}

#[tokio::test]
async fn what_nobody_is_told_of_is_cleared_away_together_and_gone_before() {
    let clock = Arc::new(ManualClock::at(T0));
    let store = MemoryState::new(clock.clone(), StateLimits::default());
    let at = |key, rules| At { key, rules };
    let (silent, told) = (rules(1001, 10), watched(1103));
    for key in ["a", "b", "c"] {
        store.put(at(key, &silent), "f", "1", Only::Any, None).await.expect("written");
        clock.advance(10);
    }
    assert_eq!(store.due(), Some(T0 + 1250), "one look for all three");
    store.put(at("d", &told), "f", "1", Only::Any, None).await.expect("written");
    assert_eq!(store.due(), Some(T0 + 30 + 1103), "what is told is told in time");
    clock.advance(1001 - 20);
    assert_eq!(store.get("b", "f").await, Ok(None), "gone by itself for whoever asks");
    assert!(store.get("c", "f").await.is_ok_and(|found| found.is_some()), "and the next one not yet");
    clock.advance(30 + 1103 - 1011);
    let expired = store.claim_expired(10).await.expect("claimed");
    assert_eq!(expired.iter().map(|one| &*one.key).collect::<Vec<_>>(), ["d"]);
    store.settle(expired[0].claim).await.expect("settled");
    assert_eq!((store.due(), store.bytes() > 0), (Some(T0 + 1250), true));
    clock.advance(1250 - 1133);
    assert!(store.claim_expired(10).await.expect("claimed").is_empty());
    assert_eq!((store.due(), store.bytes()), (None, 0), "no place is taken any more");
}

#[derive(Debug, Clone)]
enum Act {
    Put(u8, u8, Option<i64>),
    Add(u8),
    Take(u8),
    First,
    Pass(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..5_u8, 0..9_u8, proptest::option::of(1..1500_i64)).prop_map(|(name, value, ttl)| Act::Put(name, value, ttl)),
        (0..5_u8).prop_map(Act::Add),
        (0..5_u8).prop_map(Act::Take),
        Just(Act::First),
        (1..900_i64).prop_map(Act::Pass),
    ]
}

/// Against the plainest model there is: a list of names, values and deadlines.
async fn it_is_what_a_list_would_be(house: &House) {
    let mut runner = TestRunner::deterministic();
    for run in 0..house.runs {
        let acts = proptest::collection::vec(act(), 1..60).new_tree(&mut runner).expect("acts").current();
        as_a_list_would(house, &format!("k{run}"), acts).await;
    }
}

async fn as_a_list_would(house: &House, key: &str, acts: Vec<Act>) {
    let (rules, told) = (rules(1000, 4), format!("{acts:?}"));
    let at = At { key, rules: &rules };
    let mut model: Vec<(String, String, i64)> = Vec::new();
    for act in acts {
        let store = &house.states[usize::from(matches!(act, Act::Take(_) | Act::First))];
        let now = house.clock.now_ms();
        model.retain(|(_, _, deadline)| *deadline > now);
        let find = |model: &[(String, String, i64)], name: &str| model.iter().position(|one| one.0 == name);
        match act {
            Act::Put(name, value, ttl) => {
                let (name, value) = (name.to_string(), value.to_string());
                let deadline = now + ttl.unwrap_or(1000).min(1000);
                let expected = match find(&model, &name) {
                    Some(at) => {
                        model[at] = (name.clone(), value.clone(), deadline);
                        Written::Done
                    }
                    None if model.len() == 4 => Written::Full,
                    None => {
                        model.push((name.clone(), value.clone(), deadline));
                        Written::Done
                    }
                };
                assert_eq!(store.put(at, &name, &value, Only::Any, ttl).await, Ok(expected), "{told}");
            }
            Act::Add(name) => {
                let name = name.to_string();
                let expected = match find(&model, &name) {
                    Some(_) => Written::Not,
                    None if model.len() == 4 => Written::Full,
                    None => {
                        model.push((name.clone(), String::new(), now + 1000));
                        Written::Done
                    }
                };
                assert_eq!(store.add(at, &name, None).await, Ok(expected), "{told}");
            }
            Act::Take(name) => {
                let expected = find(&model, &name.to_string()).map(|at| model.remove(at).1);
                let taken = store.take(key, Which::Named(&name.to_string())).await.expect("taken");
                assert_eq!(taken.map(|entry| entry.value.to_string()), expected, "{told}");
            }
            Act::First => {
                let expected = (!model.is_empty()).then(|| model.remove(0).0);
                let taken = store.take(key, Which::First).await.expect("taken");
                assert_eq!(taken.map(|entry| entry.name.to_string()), expected, "{told}");
            }
            Act::Pass(ms) => house.clock.advance(ms),
        }
        let now = house.clock.now_ms();
        model.retain(|(_, _, deadline)| *deadline > now);
        let all = store.all(key, None).await.expect("read");
        let names: Vec<&str> = all.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, model.iter().map(|one| &*one.0).collect::<Vec<_>>(), "{told}");
        assert_eq!(store.len(key).await, Ok(names.len()), "{told}");
    }
}
