//! How much one connection may send.

use homeroom_runtime::{HookError, Hooks, RuntimeSettings, hook};
use serde_json::json;
use std::time::Duration;

use crate::house::House;

const LIMITED: &str = r"
namespace: /a
queries: { known: { sql: select 1 from t where id = :user.id } }
rooms: { room:<id>: { allow: [{ roles: [TEACHER] }] } }
client_events:
  plain: { allow: anyone, rate_limit: 2 per 10s }
  user: { allow: anyone, rate_limit: 1 per 10s per user }
  quiet: { allow: anyone, rate_limit: '1 per 10s, drop' }
  newest:
    allow: anyone
    rate_limit: '1 per 10s, coalesce'
    payload: { fields: { n: integer } }
    do: [{ emit: seen, to: sender, data: { n: <n> } }]
  slow: { allow: anyone, do: [{ query: known }] }
  boom: { allow: anyone, do: [{ call: boom }] }
  enter: { do: [{ join: room:<user.id> }], ack: {} }
server_events: { seen: { payload: { fields: { n: integer } } } }
";

async fn house(settings: RuntimeSettings) -> House {
    let boom =
        hook("boom", |_: std::collections::BTreeMap<String, String>| -> Result<u32, HookError> { panic!("boom") });
    House::with(LIMITED, settings, Hooks::new().with(boom)).await
}

#[tokio::test]
async fn beyond_the_limit_the_sender_is_told_when_to_come_back() {
    let house = house(RuntimeSettings::default()).await;
    let (ann, tab) = (house.enter("ann", "TEACHER").await, house.enter("ann", "TEACHER").await);
    for _ in 0..2 {
        assert_eq!(house.ask(&ann, "plain", &[]).await, json!({ "success": true }));
    }
    let ack = house.ask(&ann, "plain", &[]).await;
    assert_eq!((&ack["code"], &ack["retryAfterMs"]), (&json!("RATE_LIMITED"), &json!(5000)));
    assert_eq!(house.ask(&tab, "plain", &[]).await["success"], true, "a limit is each connection's own");
    house.advance(5000).await;
    assert_eq!(house.ask(&ann, "plain", &[]).await["success"], true);
    assert_eq!(house.ask(&ann, "user", &[]).await["success"], true);
    assert_eq!(house.ask(&tab, "user", &[]).await["code"], "RATE_LIMITED", "unless it is the user's");
}

#[tokio::test]
async fn what_is_dropped_is_dropped_in_silence_unless_an_ack_was_asked_for() {
    let house = house(RuntimeSettings::default()).await;
    let ann = house.enter("ann", "TEACHER").await;
    house.ask(&ann, "quiet", &[]).await;
    house.send(&ann, "quiet", &[], false);
    assert_eq!(house.heard(&ann), Vec::<String>::new());
    assert_eq!(house.ask(&ann, "quiet", &[]).await["code"], "RATE_LIMITED");
}

#[tokio::test]
async fn of_what_is_held_only_the_newest_goes_when_there_is_room_again() {
    let house = house(RuntimeSettings::default()).await;
    let ann = house.enter("ann", "TEACHER").await;
    house.send(&ann, "newest", &[json!({ "n": 1 })], true);
    let (held, newest) = (
        house.send(&ann, "newest", &[json!({ "n": 2 })], true),
        house.send(&ann, "newest", &[json!({ "n": 3 })], true),
    );
    assert_eq!(house.acked(&ann, held).expect("an ack")["code"], "RATE_LIMITED");
    assert!(house.acked(&ann, newest).is_none());
    assert_eq!(house.engine.next_due().map(|due| due - crate::house::BEGINS_AT_MS), Some(10_000));
    house.advance(10_000).await;
    assert_eq!(house.acked(&ann, newest).expect("an ack")["success"], true);
    assert_eq!(house.heard(&ann), [r#"seen {"n":1}"#, r#"seen {"n":3}"#]);
}

#[tokio::test]
async fn names_that_are_not_declared_share_one_limit() {
    let settings = RuntimeSettings {
        default_rate_count: 3,
        default_rate_per: Duration::from_secs(1),
        ..RuntimeSettings::default()
    };
    let house = house(settings).await;
    let ann = house.enter("ann", "TEACHER").await;
    for turn in 0..3 {
        assert_eq!(house.ask(&ann, &format!("guess-{turn}"), &[]).await["code"], "UNKNOWN_EVENT");
    }
    assert_eq!(house.ask(&ann, "guess-3", &[]).await["code"], "RATE_LIMITED");
}

#[tokio::test]
async fn a_full_queue_is_told_at_once_and_nothing_queued_is_lost() {
    let house = house(RuntimeSettings { queue_events_max: 2, ..RuntimeSettings::default() }).await;
    let ann = house.enter("ann", "TEACHER").await;
    let sent: Vec<u64> = (0..5).map(|_| house.send(&ann, "slow", &[], true)).collect();
    ann.settled().await;
    let outcomes: Vec<bool> =
        sent.iter().map(|id| house.acked(&ann, *id).expect("an ack")["success"] == true).collect();
    assert_eq!(outcomes, [true, true, true, false, false], "one runs and two wait");
    assert_eq!(house.acked(&ann, sent[4]).expect("an ack")["code"], "BUSY");
}

#[tokio::test]
async fn what_waits_is_bounded_in_bytes_too() {
    let house = house(RuntimeSettings { queue_bytes_max: 3000, ..RuntimeSettings::default() }).await;
    let ann = house.enter("ann", "TEACHER").await;
    let long = json!("x".repeat(1000));
    house.send(&ann, "slow", &[], true);
    let sent: Vec<u64> = (0..5).map(|_| house.send(&ann, "slow", std::slice::from_ref(&long), true)).collect();
    ann.settled().await;
    let codes: Vec<_> = sent.iter().map(|id| house.acked(&ann, *id).expect("an ack")["code"].clone()).collect();
    assert_eq!(codes, ["INVALID_PAYLOAD", "INVALID_PAYLOAD", "BUSY", "BUSY", "BUSY"]);
    assert_eq!(house.ask(&ann, "plain", &[]).await["success"], true);
}

#[tokio::test]
async fn so_many_enter_at_once_and_whoever_finds_no_place_in_line_is_told_when_to_come_back() {
    let settings = RuntimeSettings { entering_max: 1, entering_waiting_max: 0, ..RuntimeSettings::default() };
    let house = house(settings).await;
    let ann = house.enter("ann", "TEACHER").await;
    let bob = json!({ "id": "bob", "role": "TEACHER" });
    let entering =
        house.engine.connect(house.knock(&bob, json!({}))).await.unwrap_or_else(|_| panic!("there is a place"));
    let refused = house.engine.connect(house.knock(&bob, json!({}))).await.err().expect("there is none");
    assert_eq!(&*refused.code, "BUSY");
    let ack = house.ask(&ann, "enter", &[]).await;
    assert!(ack["code"] == "BUSY" && ack["retryAfterMs"].as_u64().is_some_and(|ms| ms >= 1000), "{ack}");
    assert_eq!(house.ask(&ann, "plain", &[]).await["success"], true, "others go on");
    house.engine.connected(entering);
    assert_eq!(house.ask(&ann, "enter", &[]).await["success"], true);
    house.engine.has_room().await;
}

#[tokio::test]
async fn a_panic_is_one_event_s_affair() {
    let house = house(RuntimeSettings::default()).await;
    let ann = house.enter("ann", "TEACHER").await;
    assert_eq!(house.ask(&ann, "boom", &[]).await["code"], "INTERNAL");
    assert_eq!(house.ask(&ann, "plain", &[]).await["success"], true);
}
