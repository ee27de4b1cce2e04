//! What every store of state holds to. The cases are a function over "a way to make one", so that another store runs them.

use std::sync::Arc;

use homeroom_store::state::{At, Entry, Only, Rules, StateLimits, Which, Written};
use homeroom_store::{Clock, ManualClock, MemoryState, StateStore};
use proptest::prelude::*;

const T0: i64 = 1_000_000;

struct House {
    store: Arc<dyn StateStore>,
    clock: Arc<ManualClock>,
}

fn memory() -> House {
    let clock = Arc::new(ManualClock::at(T0));
    House { store: Arc::new(MemoryState::new(clock.clone() as Arc<dyn Clock>, StateLimits::default())), clock }
}

fn rules(ttl_ms: i64, max: usize) -> Rules {
    Rules { ttl_ms, max, max_bytes: 100, drop_oldest: false, watch: None }
}

fn watched(ttl_ms: i64) -> Rules {
    Rules { watch: Some("w".into()), ..rules(ttl_ms, 10) }
}

impl House {
    async fn put(&self, rules: &Rules, field: &str, value: &str, only: Only, ttl_ms: Option<i64>) -> Written {
        self.store.put(At { key: "k", rules }, field, value, only, ttl_ms).await.expect("written")
    }

    async fn names(&self) -> Vec<String> {
        let all = self.store.all("k", None).await.expect("read");
        all.into_iter().map(|entry| entry.name.to_string()).collect()
    }

    async fn get(&self, name: &str) -> Option<String> {
        self.store.get("k", name).await.expect("read").map(|value| value.to_string())
    }

    async fn expired(&self) -> Vec<String> {
        let claimed = self.store.claim_expired(100).await.expect("claimed");
        let mut names = Vec::new();
        for expired in claimed {
            names.push(expired.entry.name.to_string());
            self.store.settle(expired.claim).await.expect("settled");
        }
        names
    }
}

#[tokio::test]
async fn values_come_back_as_they_went_in_and_in_order_of_arrival() {
    let house = memory();
    let rules = rules(1000, 10);
    for (name, value) in [("c", "[]"), ("a", "{}"), ("b", "9007199254740993"), ("odd :<>*\u{1F600}", "\"\"")] {
        assert_eq!(house.put(&rules, name, value, Only::Any, None).await, Written::Done);
        assert_eq!(house.get(name).await.as_deref(), Some(value));
    }
    house.put(&rules, "c", "1", Only::Any, None).await;
    assert_eq!(house.names().await, ["c", "a", "b", "odd :<>*\u{1F600}"], "what is written again keeps its place");
    let last = house.store.all("k", Some(2)).await.expect("read");
    assert_eq!(last.iter().map(|entry| &*entry.name).collect::<Vec<_>>(), ["b", "odd :<>*\u{1F600}"]);
    assert_eq!(house.store.len("k").await, Ok(4));
}

#[tokio::test]
async fn each_entry_ends_by_itself_and_a_write_renews_it() {
    let house = memory();
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

#[tokio::test]
async fn conditions_ask_what_is_there_now() {
    let house = memory();
    let rules = rules(1000, 10);
    assert_eq!(house.put(&rules, "a", "1", Only::Existing, None).await, Written::Not);
    assert_eq!(house.put(&rules, "a", "1", Only::New, None).await, Written::Done);
    assert_eq!(house.put(&rules, "a", "2", Only::New, None).await, Written::Not);
    assert_eq!(house.put(&rules, "a", "3", Only::Existing, None).await, Written::Done);
    assert_eq!(house.get("a").await.as_deref(), Some("3"));
    house.clock.advance(1000);
    assert_eq!(house.put(&rules, "a", "4", Only::New, None).await, Written::Done, "what ran out is not there");
}

#[tokio::test]
async fn what_is_full_refuses_or_drops_the_oldest_and_what_ran_out_makes_room() {
    let house = memory();
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

#[tokio::test]
async fn sets_lists_and_counters() {
    let house = memory();
    let rules = rules(1000, 10);
    let at = At { key: "k", rules: &rules };
    assert_eq!(house.store.add(at, "m", None).await, Ok(Written::Done));
    house.clock.advance(600);
    assert_eq!(house.store.add(at, "m", None).await, Ok(Written::Not));
    house.clock.advance(400);
    assert_eq!(house.names().await, Vec::<String>::new(), "adding again does not renew");

    let list = At { key: "l", rules: &rules };
    assert_eq!(house.store.push(list, "1", Some("t"), None).await, Ok(Written::Done));
    assert_eq!(house.store.push(list, "2", Some("t"), None).await, Ok(Written::Not));
    assert_eq!(house.store.push(list, "3", None, None).await, Ok(Written::Done));
    assert_eq!(house.store.push(list, "3", None, None).await, Ok(Written::Done), "the same twice is two");
    let values = house.store.all("l", None).await.expect("read");
    assert_eq!(values.iter().map(|entry| &*entry.value).collect::<Vec<_>>(), ["1", "3", "3"]);

    let counter = At { key: "c", rules: &rules };
    assert_eq!(house.store.increment(counter, 2, None).await, Ok(2));
    assert_eq!(house.store.increment(counter, -5, None).await, Ok(-3));
    assert_eq!(house.store.increment(counter, i64::MIN, None).await, Ok(i64::MIN), "within 64 bits");
    house.clock.advance(1000);
    assert_eq!(house.store.increment(counter, 1, None).await, Ok(1));
}

#[tokio::test]
async fn what_is_taken_is_gone() {
    let house = memory();
    let rules = rules(1000, 10);
    for name in ["a", "b", "c"] {
        house.put(&rules, name, name, Only::Any, None).await;
    }
    let take = async |which| house.store.take("k", which).await.expect("taken").map(|entry| entry.name.to_string());
    assert_eq!(take(Which::First).await.as_deref(), Some("a"));
    assert_eq!(take(Which::Named("a")).await, None);
    let stale = Entry { name: "b".into(), value: "old".into() };
    assert_eq!(take(Which::Exact(&stale)).await, None);
    let fresh = Entry { name: "b".into(), value: "b".into() };
    assert_eq!(take(Which::Exact(&fresh)).await.as_deref(), Some("b"));
    assert_eq!(house.store.clear("k").await, Ok(1));
    assert_eq!(house.store.clear("k").await, Ok(0));
    assert_eq!(take(Which::First).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_takes_it_and_one_of_many_is_first() {
    let house = Arc::new(memory());
    let rules = Arc::new(rules(1000, 10));
    house.put(&rules, "a", "1", Only::Any, None).await;
    let race = |kind: u8| {
        let tasks = (0..50).map(|_| {
            let (house, rules) = (Arc::clone(&house), Arc::clone(&rules));
            tokio::spawn(async move {
                match kind {
                    0 => house.store.take("k", Which::Named("a")).await.expect("taken").is_some(),
                    _ => house.store.add(At { key: "s", rules: &rules }, "m", None).await == Ok(Written::Done),
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

#[tokio::test]
async fn what_runs_out_is_told_once_oldest_first_unless_it_was_renewed_or_taken() {
    let house = memory();
    let rules = watched(1000);
    house.put(&rules, "late", "1", Only::Any, None).await;
    house.put(&rules, "early", "1", Only::Any, Some(500)).await;
    house.put(&rules, "renewed", "1", Only::Any, None).await;
    house.put(&rules, "taken", "1", Only::Any, None).await;
    house.put(&self::rules(1000, 10), "unwatched", "1", Only::Any, None).await;
    assert_eq!(house.store.due(), Some(T0 + 500));
    house.clock.advance(900);
    house.put(&rules, "renewed", "2", Only::Any, None).await;
    house.store.take("k", Which::Named("taken")).await.expect("taken");
    house.clock.advance(100);
    assert_eq!(house.expired().await, ["early", "late"]);
    assert_eq!(house.expired().await, Vec::<String>::new());
    house.clock.advance(1000);
    assert_eq!(house.expired().await, ["renewed"]);
    assert_eq!(house.store.due(), None, "nothing is left that could run out");
}

#[tokio::test]
async fn what_was_claimed_and_not_settled_is_told_again() {
    let house = memory();
    house.put(&watched(1000), "a", "1", Only::Any, None).await;
    house.clock.advance(1000);
    let claimed = house.store.claim_expired(10).await.expect("claimed");
    assert_eq!((claimed.len(), &*claimed[0].key, &*claimed[0].watch, claimed[0].deadline_ms), (1, "k", "w", T0 + 1000));
    assert!(house.store.claim_expired(10).await.expect("claimed").is_empty(), "it is being dealt with");
    house.clock.advance(30_000);
    assert_eq!(house.expired().await, ["a"]);
    house.clock.advance(60_000);
    assert_eq!(house.expired().await, Vec::<String>::new());
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
    store.claim_expired(10).await.expect("claimed");
    assert_eq!(store.bytes(), 0, "abandoned keys do not stay");
    assert_eq!(store.put(At { key: "d", rules: &rules }, "f", "1", Only::Any, None).await, Ok(Written::Done));
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

proptest! {
    /// Against the plainest model there is: a list of names, values and deadlines.
    #[test]
    fn it_is_what_a_list_would_be(acts in proptest::collection::vec(act(), 1..60)) {
        let house = memory();
        let rules = rules(1000, 4);
        let mut model: Vec<(String, String, i64)> = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            for act in acts {
                let now = house.clock.now_ms();
                model.retain(|(_, _, deadline)| *deadline > now);
                let find = |model: &[(String, String, i64)], name: &str| model.iter().position(|one| one.0 == name);
                match act {
                    Act::Put(name, value, ttl) => {
                        let (name, value) = (name.to_string(), value.to_string());
                        let deadline = now + ttl.unwrap_or(1000).min(1000);
                        let expected = match find(&model, &name) {
                            Some(at) => { model[at] = (name.clone(), value.clone(), deadline); Written::Done }
                            None if model.len() == 4 => Written::Full,
                            None => { model.push((name.clone(), value.clone(), deadline)); Written::Done }
                        };
                        assert_eq!(house.put(&rules, &name, &value, Only::Any, ttl).await, expected);
                    }
                    Act::Add(name) => {
                        let name = name.to_string();
                        let expected = match find(&model, &name) {
                            Some(_) => Written::Not,
                            None if model.len() == 4 => Written::Full,
                            None => { model.push((name.clone(), String::new(), now + 1000)); Written::Done }
                        };
                        assert_eq!(house.store.add(At { key: "k", rules: &rules }, &name, None).await, Ok(expected));
                    }
                    Act::Take(name) => {
                        let expected = find(&model, &name.to_string()).map(|at| model.remove(at).1);
                        let taken = house.store.take("k", Which::Named(&name.to_string())).await.expect("taken");
                        assert_eq!(taken.map(|entry| entry.value.to_string()), expected);
                    }
                    Act::First => {
                        let expected = (!model.is_empty()).then(|| model.remove(0).0);
                        let taken = house.store.take("k", Which::First).await.expect("taken");
                        assert_eq!(taken.map(|entry| entry.name.to_string()), expected);
                    }
                    Act::Pass(ms) => house.clock.advance(ms),
                }
                let now = house.clock.now_ms();
                model.retain(|(_, _, deadline)| *deadline > now);
                assert_eq!(house.names().await, model.iter().map(|one| one.0.clone()).collect::<Vec<_>>());
            }
        });
    }
}
