//! Connecting and leaving, with several tabs.

use homeroom_runtime::RuntimeSettings;
use serde_json::json;

use crate::house::House;

const PRESENCE: &str = r"
namespace: /a
connect:
  roles: [TEACHER, STUDENT]
  payload: { optional: { room: string } }
  do:
    - { join: room:<room>, else: continue }
    - { emit: hello, to: sender, data: { id: <user.id> } }
rooms:
  room:<id>:
    allow: [{ roles: [TEACHER, STUDENT] }]
    presence: { id: <user.id> }
    on_join: [{ emit: came, to: room:<id>, except: sender, data: { id: <user.id> } }]
    on_leave: [{ emit: went, to: room:<id>, data: { id: <user.id> } }]
disconnect: { do: [{ emit: went, to: room:lobby, data: { id: <user.id> } }] }
client_events:
  enter: { allow: anyone, payload: { fields: { id: string } }, do: [{ join: room:<id> }, { all: room:<id>, as: there }], ack: { there: <there> } }
  leave: { allow: anyone, payload: { fields: { id: string } }, do: [{ leave: room:<id> }] }
backend_events:
  empty: { payload: { fields: { id: string } }, do: [{ leave: room:<id>, who: room:<id> }] }
  tell: { payload: { fields: { id: string } }, do: [{ emit: came, to: room:<id> }] }
server_events:
  hello: { payload: { fields: { id: string } } }
  came: { payload: { fields: { id: string } } }
  went: { payload: { fields: { id: string } } }
";

#[tokio::test]
async fn a_user_comes_with_the_first_tab_and_goes_with_the_last() {
    let house = House::of(PRESENCE).await;
    let ann = house.enter("ann", "TEACHER").await;
    house.ask(&ann, "enter", &[json!({ "id": "r" })]).await;
    house.heard(&ann);
    let (one, two) = (house.enter("bob", "STUDENT").await, house.enter("bob", "STUDENT").await);
    let ack = house.ask(&one, "enter", &[json!({ "id": "r" })]).await;
    assert_eq!(ack["data"]["there"], json!([{ "id": "ann" }, { "id": "bob" }]), "a step sees its own event's joins");
    house.ask(&two, "enter", &[json!({ "id": "r" })]).await;
    assert_eq!(house.heard(&ann), [r#"came {"id":"bob"}"#]);
    house.ask(&one, "leave", &[json!({ "id": "r" })]).await;
    assert_eq!(house.heard(&ann), Vec::<String>::new());
    house.engine.closed(&two);
    two.settled().await;
    assert_eq!(house.heard(&ann), [r#"went {"id":"bob"}"#]);
    house.engine.closed(&two);
    assert_eq!(house.engine.connections(), 2);
}

#[tokio::test]
async fn what_a_connect_does_happens_when_its_client_knows() {
    let house = House::of(PRESENCE).await;
    let knock = house.knock(&json!({ "id": "ann", "role": "TEACHER" }), json!({ "room": "r" }));
    let admitted = house.engine.connect(knock).await.unwrap_or_else(|rejected| panic!("{rejected:?}"));
    let session = admitted.session.clone();
    let early = house.send(&session, "enter", &[json!({ "id": "s" })], true);
    assert!(house.heard(&session).is_empty() && house.acked(&session, early).is_none());
    house.engine.connected(admitted);
    session.settled().await;
    assert_eq!(house.heard(&session), [r#"hello {"id":"ann"}"#]);
    assert_eq!(session.rooms().len(), 2);
    assert!(house.acked(&session, early).is_some());
}

#[tokio::test]
async fn one_that_dies_before_it_knows_leaves_nothing_behind() {
    let house = House::of(PRESENCE).await;
    let knock = house.knock(&json!({ "id": "ann", "role": "TEACHER" }), json!({ "room": "r" }));
    let admitted = house.engine.connect(knock).await.unwrap_or_else(|rejected| panic!("{rejected:?}"));
    house.engine.closed(&admitted.session);
    admitted.session.settled().await;
    house.engine.connected(admitted);
    assert_eq!(house.engine.connections(), 0);
    assert!(house.edge.sent.lock().is_empty());
}

#[tokio::test]
async fn a_connect_is_refused_with_a_code() {
    let house = House::with(
        PRESENCE,
        RuntimeSettings { connections_per_user_max: 1, ..RuntimeSettings::default() },
        homeroom_runtime::Hooks::new(),
    )
    .await;
    let code = async |user, auth| {
        house.engine.connect(house.knock(&user, auth)).await.err().map(|rejected| rejected.code.to_string())
    };
    assert_eq!(code(json!(7), json!({})).await.as_deref(), Some("UNAUTHORIZED"));
    assert_eq!(code(json!({ "id": "a", "role": "JANITOR" }), json!({})).await.as_deref(), Some("UNAUTHORIZED"));
    assert_eq!(
        code(json!({ "id": "a", "role": "TEACHER" }), json!({ "room": 7 })).await.as_deref(),
        Some("INVALID_PAYLOAD")
    );
    house.enter("ann", "TEACHER").await;
    assert_eq!(
        code(json!({ "id": "ann", "role": "TEACHER" }), json!({})).await.as_deref(),
        Some("TOO_MANY_CONNECTIONS")
    );
    assert_eq!(house.engine.connections(), 1, "refused ones do not count");
}

#[tokio::test]
async fn services_reach_rooms_and_empty_them() {
    let house = House::of(PRESENCE).await;
    let (ann, bob) = (house.enter("ann", "TEACHER").await, house.enter("bob", "STUDENT").await);
    for one in [&ann, &bob] {
        house.ask(one, "enter", &[json!({ "id": "r" })]).await;
    }
    let reached = house.engine.backend("/a", "tell", Some(json!({ "id": "r" }))).await;
    assert_eq!(reached.map(|reached| reached.sockets).ok(), Some(2));
    house.engine.backend("/a", "empty", Some(json!({ "id": "r" }))).await.expect("emptied");
    assert!(ann.rooms().is_empty() && bob.rooms().is_empty());
    let refused = house.engine.backend("/a", "tell", Some(json!({ "no": 1 }))).await.expect_err("refused");
    assert_eq!(&*refused.code, "INVALID_PAYLOAD");
}
