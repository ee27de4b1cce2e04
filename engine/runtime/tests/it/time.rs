//! What time brings about.

use serde_json::json;

use crate::house::{BEGINS_AT_MS, House};

const TYPING: &str = r"
namespace: /a
rooms: { room:<id>: { allow: [{ roles: [TEACHER, STUDENT] }] } }
state:
  typing:
    hash: typing:<id>
    ttl: 5s
    max: 9
    on_expire: [{ emit: typing, to: room:<id>, data: { user: <entry.field>, on: false } }]
client_events:
  enter: { allow: anyone, payload: { fields: { id: string } }, do: [{ join: room:<id> }] }
  type:
    in: room:<id>
    payload: { fields: { id: string, on: boolean } }
    do:
      - { put: typing, field: <user.id>, value: 1, when: 'on' }
      - { take: typing, field: <user.id>, when: not on }
      - { emit: typing, to: room:<id>, except: sender, data: { user: <user.id>, on: <on> } }
server_events: { typing: { payload: { fields: { user: string, on: boolean } } } }
";

#[tokio::test]
async fn an_entry_ends_by_itself_once_and_not_if_it_was_renewed_or_taken() {
    let house = House::of(TYPING).await;
    let (ann, bob) = (house.enter("ann", "TEACHER").await, house.enter("bob", "STUDENT").await);
    for one in [&ann, &bob] {
        house.ask(one, "enter", &[json!({ "id": "r" })]).await;
    }
    let types = async |on| house.ask(&bob, "type", &[json!({ "id": "r", "on": on })]).await;
    types(true).await;
    house.advance(4000).await;
    types(true).await;
    house.advance(4000).await;
    assert_eq!(house.heard(&ann).len(), 2, "renewed, so nothing ended");
    house.advance(1000).await;
    assert_eq!(house.heard(&ann), [r#"typing {"user":"bob","on":false}"#]);
    house.advance(60_000).await;
    assert_eq!(house.heard(&ann), Vec::<String>::new(), "once");
    types(true).await;
    types(false).await;
    house.heard(&ann);
    house.advance(60_000).await;
    assert_eq!(house.heard(&ann), Vec::<String>::new(), "what was taken does not end");
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let house = House::of(TYPING).await;
    let user = json!({ "id": "ann", "role": "TEACHER", "ends": BEGINS_AT_MS + 1000 });
    let admitted =
        house.engine.connect(house.knock(&user, json!({}))).await.unwrap_or_else(|rejected| panic!("{rejected:?}"));
    let conn = admitted.session.conn;
    house.engine.connected(admitted);
    house.advance(999).await;
    assert!(house.edge.ended.lock().is_empty());
    house.advance(1).await;
    assert_eq!(*house.edge.ended.lock(), [conn]);
    let told = house
        .edge
        .sent
        .lock()
        .iter()
        .map(|(_, event, payload)| (event.clone(), payload["code"].clone()))
        .collect::<Vec<_>>();
    assert_eq!(told, [("error".to_owned(), json!("TOKEN_EXPIRED"))]);
}
