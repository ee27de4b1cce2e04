//! Whole or not at all, in order, and everything refused in one form.

use serde_json::json;

use crate::house::House;

const CHAT: &str = r"
namespace: /a
errors: { LOCKED: It is locked. }
rooms:
  room:<id>: { allow: [{ roles: [TEACHER, STUDENT] }] }
  staff:<id>: { allow: [{ roles: [TEACHER] }] }
queries:
  known: { sql: select 1 from t where id = :id }
  add: { sql: 'insert into t values (:id, 2)' }
  row: { sql: 'select id, n from t where id = :id', returns: { fields: { id: string, n: integer } } }
state:
  notes: { hash: notes:<id>, ttl: 1m, max: 2 }
client_events:
  enter: { allow: anyone, payload: { fields: { id: string } }, do: [{ join: room:<id> }] }
  staff: { allow: anyone, payload: { fields: { id: string } }, do: [{ join: staff:<id> }] }
  say:
    in: room:<id>
    payload: { fields: { id: string, text: { type: string, maxLength: 5 } } }
    do: [{ emit: said, to: room:<id>, except: sender }]
    ack: { length: <text | length> }
  said-then-refused:
    in: room:<id>
    payload: { fields: { id: string } }
    do:
      - { emit: said, to: room:<id>, data: { id: <id>, text: no } }
      - { execute: add, with: { id: late } }
      - { refuse: LOCKED }
  write:
    in: room:<id>
    payload: { fields: { id: string } }
    do:
      - { execute: add }
      - { query: row, as: row, else: NOT_FOUND }
    ack: { n: <row.n> }
  read:
    in: room:<id>
    payload: { fields: { id: string } }
    do: [{ query: row, as: row, else: NOT_FOUND }]
    ack: { n: <row.n> }
  note:
    in: room:<id>
    payload: { fields: { id: string, field: string } }
    do: [{ put: notes, field: <field>, value: 1 }, { all: notes, as: notes }]
    ack: { notes: <notes> }
server_events:
  said: { payload: { fields: { id: string, text: string } } }
";

#[tokio::test]
async fn an_event_is_acked_and_others_hear_of_it() {
    let house = House::of(CHAT).await;
    let (ann, bob) = (house.enter("ann", "TEACHER").await, house.enter("bob", "STUDENT").await);
    for one in [&ann, &bob] {
        assert_eq!(house.ask(one, "enter", &[json!({ "id": "r" })]).await, json!({ "success": true }));
    }
    let ack = house.ask(&ann, "say", &[json!({ "id": "r", "text": "hello" })]).await;
    assert_eq!(ack, json!({ "success": true, "data": { "length": 5 } }));
    assert_eq!(house.heard(&bob), [r#"said {"id":"r","text":"hello"}"#]);
    assert_eq!(house.heard(&ann), Vec::<String>::new());
}

const SAID_WRONG: &str = r"
namespace: /a
types: { Short: { type: string, maxLength: 4 } }
rooms: { room: { allow: [{ roles: [TEACHER, STUDENT] }] } }
client_events:
  enter: { allow: anyone, do: [{ join: room }] }
  part: { in: room, do: [{ emit: said, to: room, data: { by: <user.id>, sure: yes } }] }
  whole: { in: room, payload: { fields: { by: string, sure: string } }, do: [{ emit: said, to: room }] }
server_events: { said: { payload: { fields: { by: Short, sure: string } } } }
";

/// Whether one property of it is in doubt, or all of it.
#[tokio::test]
async fn what_would_be_sent_and_is_wrong_is_not() {
    let house = House::of(SAID_WRONG).await;
    let (ann, bernard) = (house.enter("ann", "TEACHER").await, house.enter("bernard", "STUDENT").await);
    for one in [&ann, &bernard] {
        house.ask(one, "enter", &[]).await;
    }
    let said = |by: &str| json!({ "by": by, "sure": "yes" });
    for ask in [(&ann, "part", vec![]), (&ann, "whole", vec![said("ann")])] {
        assert_eq!(house.ask(ask.0, ask.1, &ask.2).await, json!({ "success": true }));
        assert_eq!(house.heard(&bernard), [format!("said {}", said("ann"))]);
    }
    house.heard(&ann);
    for ask in [(&bernard, "part", vec![]), (&ann, "whole", vec![said("bernard")])] {
        assert_eq!(house.ask(ask.0, ask.1, &ask.2).await["code"], "INTERNAL", "{}", ask.1);
        assert_eq!(house.heard(&ann), Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_is_refused_sends_nothing_and_writes_nothing() {
    let house = House::of(CHAT).await;
    let ann = house.enter("ann", "TEACHER").await;
    house.ask(&ann, "enter", &[json!({ "id": "r" })]).await;
    let ack = house.ask(&ann, "said-then-refused", &[json!({ "id": "r" })]).await;
    assert_eq!(ack, json!({ "success": false, "error": "It is locked.", "code": "LOCKED" }));
    assert_eq!(house.heard(&ann), Vec::<String>::new());
    house.ask(&ann, "enter", &[json!({ "id": "late" })]).await;
    assert_eq!(house.ask(&ann, "read", &[json!({ "id": "late" })]).await["code"], "NOT_FOUND");
    let ack = house.ask(&ann, "write", &[json!({ "id": "late" })]).await;
    assert_eq!(ack["data"]["n"], 2, "nothing is in its way");
}

#[tokio::test]
async fn what_a_transaction_wrote_can_be_read_in_it_and_after() {
    let house = House::of(&CHAT.replace("values (:id, 2)", "values (:id, 7)")).await;
    let ann = house.enter("ann", "TEACHER").await;
    house.ask(&ann, "enter", &[json!({ "id": "z" })]).await;
    assert_eq!(house.ask(&ann, "write", &[json!({ "id": "z" })]).await["data"]["n"], 7);
    assert_eq!(house.ask(&ann, "read", &[json!({ "id": "z" })]).await["data"]["n"], 7);
}

#[tokio::test]
async fn each_refusal_has_its_code_and_its_place() {
    let house = House::of(CHAT).await;
    let bob = house.enter("bob", "STUDENT").await;
    let code = async |event, payload| house.ask(&bob, event, &[payload]).await["code"].clone();
    assert_eq!(code("say", json!({ "id": "r", "text": "a" })).await, "NOT_IN_ROOM");
    assert_eq!(code("staff", json!({ "id": "r" })).await, "UNAUTHORIZED");
    assert_eq!(code("nothing", json!({})).await, "UNKNOWN_EVENT");
    assert_eq!(code("enter", json!({ "id": "a:b" })).await, "INVALID_PAYLOAD");
    house.ask(&bob, "enter", &[json!({ "id": "r" })]).await;
    let ack = house.ask(&bob, "say", &[json!({ "id": "r", "text": "too long" })]).await;
    assert_eq!(ack["errors"], json!([{ "path": "/text", "message": "must have at most 5 characters" }]));
    let ack = house.ask(&bob, "say", &[json!({ "id": "r" }), json!(2)]).await;
    assert_eq!(ack["errors"][0]["message"], "one argument is needed, and 2 came");
    for field in ["a", "b"] {
        house.ask(&bob, "note", &[json!({ "id": "r", "field": field })]).await;
    }
    assert_eq!(code("note", json!({ "id": "r", "field": "c" })).await, "FULL");
}

#[tokio::test]
async fn a_refusal_without_an_ack_is_an_error_event_that_names_the_event() {
    let house = House::of(CHAT).await;
    let bob = house.enter("bob", "STUDENT").await;
    house.send(&bob, "say", &[json!({ "id": "r", "text": "a" })], false);
    bob.settled().await;
    assert_eq!(house.heard(&bob), [r#"error {"event":"say","error":"Join first.","code":"NOT_IN_ROOM"}"#]);
    house.send(&bob, "enter", &[json!({ "id": "r" })], false);
    bob.settled().await;
    assert_eq!(house.heard(&bob), Vec::<String>::new(), "what goes well says nothing");
}

#[tokio::test]
async fn events_of_one_connection_keep_their_order_also_when_some_must_wait() {
    let house = House::of(CHAT).await;
    let ann = house.enter("ann", "TEACHER").await;
    house.ask(&ann, "enter", &[json!({ "id": "a" })]).await;
    let sent: Vec<u64> = (0..100)
        .map(|turn| {
            // Every second one asks the database, and so has to wait.
            let event =
                if turn % 2 == 0 { ("read", json!({ "id": "a" })) } else { ("say", json!({ "id": "a", "text": "x" })) };
            house.send(&ann, event.0, &[event.1], true)
        })
        .collect();
    ann.settled().await;
    let acked: Vec<u64> = house.edge.acks.lock().iter().map(|ack| ack.1).filter(|id| sent.contains(id)).collect();
    assert_eq!(acked, sent);
}

#[tokio::test]
async fn huge_and_deep_payloads_are_refused() {
    let house = House::of(CHAT).await;
    let ann = house.enter("ann", "TEACHER").await;
    // The parser would take the first.
    for depth in [100, 200] {
        let deep = (0..depth).fold(json!(1), |inner, _| json!([inner]));
        let answer = house.ask(&ann, "enter", &[deep]).await;
        assert_eq!(answer["code"], "INVALID_PAYLOAD");
        assert!(answer.to_string().contains("nested"), "{depth}: {answer}");
    }
    assert_eq!(house.ask(&ann, "enter", &[json!({ "id": "x".repeat(300_000) })]).await["code"], "PAYLOAD_TOO_LARGE");
}
