//! Who may no longer: revoked tokens, fresh ones on a live connection, members who are asked again.

use std::sync::Arc;
use std::time::Duration;

use homeroom_runtime::{Command, Hooks, Revoked, RuntimeSettings, Tenancy};
use homeroom_store::ManualClock;
use homeroom_store::sql::Sql;
use serde_json::{Value, json};

use crate::house::{BEGINS_AT_MS, House, stores};

const YAML: &str = "
namespace: /a
queries:
  member: { sql: 'select 1 from t where id = :id and n = 1', cache: 1h }
  set: { sql: 'update t set n = :n where id = :id' }
rooms:
  room:<id>: { allow: [{ check: member }], recheck: 30s }
  side:<id>: { allow: [{ in: room:<id> }] }
  free:<id>: { allow: [{ roles: [STUDENT, TEACHER] }] }
client_events:
  enter: { payload: { fields: { id: string } }, do: [{ join: room:<id> }, { join: side:<id> }] }
  stroll: { payload: { fields: { id: string } }, do: [{ join: free:<id> }] }
backend_events:
  tell: { payload: { fields: { id: string, school: string } }, do: [{ emit: told, to: [free:<id>, room:<school>], data: { id: <id> } }] }
  shout: { payload: { fields: { school: string } }, do: [{ emit: told, to: everyone, data: { id: <school> } }] }
server_events:
  told: { payload: { fields: { id: string } } }
";

fn tok(user: &str, more: &Value) -> Value {
    let mut token = json!({ "id": user, "role": "STUDENT" });
    for (name, value) in more.as_object().into_iter().flatten() {
        token[name] = value.clone();
    }
    token
}

async fn connect(house: &House, token: &Value) -> Result<std::sync::Arc<homeroom_runtime::Session>, String> {
    let admitted = house.engine.connect(house.knock(token, json!({}))).await;
    let admitted = admitted.map_err(|rejected| rejected.code.to_string())?;
    let session = std::sync::Arc::clone(&admitted.session);
    house.engine.connected(admitted);
    session.settled().await;
    Ok(session)
}

#[tokio::test]
async fn a_revoked_token_ends_its_connections_and_is_let_in_no_more_until_that_is_over() {
    let house = House::of(YAML).await;
    let (mine, other) = (tok("ann", &json!({ "jti": "t-1" })), tok("ann", &json!({ "jti": "t-2" })));
    let session = connect(&house, &mine).await.expect("let in");
    connect(&house, &other).await.expect("let in");
    let ended = house.engine.revoke(&Revoked::Token("t-1".into()), Duration::from_secs(60)).await.expect("revoked");
    assert_eq!((ended, &*house.edge.ended.lock()), (1, &vec![session.conn]));
    assert!(house.heard(&session)[0].contains("UNAUTHENTICATED"));
    assert_eq!(connect(&house, &mine).await.expect_err("revoked"), "UNAUTHENTICATED");
    connect(&house, &other).await.expect("another token");
    house.advance(60_000).await;
    connect(&house, &mine).await.expect("it is over");
}

#[tokio::test]
async fn a_revoked_user_needs_a_token_that_was_made_since() {
    let house = House::of(YAML).await;
    let old = connect(&house, &tok("ann", &json!({ "iat": BEGINS_AT_MS - 1 }))).await.expect("let in");
    let bob = connect(&house, &tok("bob", &json!({}))).await.expect("let in");
    let ended = house.engine.revoke(&Revoked::User("ann".into()), Duration::from_secs(60)).await.expect("revoked");
    assert_eq!((ended, &*house.edge.ended.lock()), (1, &vec![old.conn]), "{}", bob.conn);
    for refused in [json!({}), json!({ "iat": BEGINS_AT_MS })] {
        assert_eq!(connect(&house, &tok("ann", &refused)).await.expect_err("revoked"), "UNAUTHENTICATED");
    }
    connect(&house, &tok("ann", &json!({ "iat": BEGINS_AT_MS + 1 }))).await.expect("made since");
}

#[tokio::test]
async fn a_fresh_token_extends_the_connection_if_it_is_the_same_users() {
    let house = House::of(YAML).await;
    let (soon, later) = (BEGINS_AT_MS + 1000, BEGINS_AT_MS + 60_000);
    let session = connect(&house, &tok("ann", &json!({ "ends": soon }))).await.expect("let in");
    let hand = async |token: &Value| house.ask(&session, "homeroom:token", &[token.to_string().into()]).await;
    let refused = hand(&tok("bob", &json!({ "ends": later }))).await;
    assert_eq!(refused["code"], "UNAUTHORIZED");
    let refused = hand(&json!({ "id": "ann", "role": "TEACHER", "ends": later })).await;
    assert_eq!(refused["code"], "UNAUTHORIZED", "another role is another user");
    let refused = house.ask(&session, "homeroom:token", &["no token".into()]).await;
    assert_eq!(refused["code"], "UNAUTHENTICATED");
    let answer = hand(&tok("ann", &json!({ "ends": later, "jti": "t-9" }))).await;
    assert_eq!(answer, json!({ "success": true, "data": { "expiresAt": "2025-01-15T09:01:00.000Z" } }));
    house.advance(1000).await;
    assert!(house.edge.ended.lock().is_empty(), "it lasts as long as the fresh one");
    house.engine.revoke(&Revoked::Token("t-9".into()), Duration::from_secs(5)).await.expect("revoked");
    assert_eq!(*house.edge.ended.lock(), [session.conn], "and is revoked with it");
    house.edge.ended.lock().clear();
    house.advance(59_000).await;
    assert_eq!(*house.edge.ended.lock(), [session.conn], "and ends with it");
}

#[tokio::test]
async fn tokens_are_not_handed_in_without_end() {
    let house = House::of(YAML).await;
    let session = connect(&house, &tok("ann", &json!({}))).await.expect("let in");
    let mut last = json!(null);
    for _ in 0..11 {
        last = house.ask(&session, "homeroom:token", &["x".into()]).await;
    }
    assert_eq!(last["code"], "RATE_LIMITED");
}

async fn set(house: &House, n: i64) {
    // As another program would: the engine is not told.
    let db = house.db.clone().expect("a database");
    let mut tx = db.begin().await.expect("a transaction");
    tx.execute(&Sql::plain(&format!("update t set n = {n} where id = 'a'")), &[]).await.expect("written");
    tx.commit().await.expect("written");
}

#[tokio::test]
async fn members_are_asked_again_so_often_as_their_room_says_whatever_was_answered_before() {
    let house = House::of(YAML).await;
    let ann = house.enter("ann", "STUDENT").await;
    house.ask(&ann, "enter", &[json!({ "id": "a" })]).await;
    house.ask(&ann, "stroll", &[json!({ "id": "x" })]).await;
    assert_eq!(ann.rooms().len(), 3);
    house.advance(30_000).await;
    ann.settled().await;
    assert_eq!(ann.rooms().len(), 3, "still a member");
    set(&house, 0).await;
    house.advance(30_000).await;
    ann.settled().await;
    assert_eq!(ann.rooms().iter().map(|room| &**room).collect::<Vec<_>>(), ["free:x", "side:a"]);
    let heard = house.heard(&ann).pop().expect("told");
    assert_eq!(
        heard,
        r#"error {"event":"recheck","error":"You may not do this.","code":"UNAUTHORIZED","room":"room:a"}"#
    );
}

#[tokio::test]
async fn on_demand_all_rooms_of_a_user_are_asked_about_those_that_hang_on_others_too() {
    let house = House::of(YAML).await;
    let ann = house.enter("ann", "STUDENT").await;
    house.ask(&ann, "enter", &[json!({ "id": "a" })]).await;
    let came = house.engine.recheck(Some("ann"), None, None).await;
    assert_eq!((came.asked, came.left), (1, 0));
    set(&house, 0).await;
    let came = house.engine.recheck(Some("bob"), None, None).await;
    assert_eq!((came.asked, came.left), (0, 0));
    let came = house.engine.recheck(None, Some("/a"), Some("room:a")).await;
    assert_eq!((came.asked, came.left), (1, 1));
    let came = house.engine.recheck(Some("ann"), None, None).await;
    assert_eq!((came.asked, came.left, ann.rooms().len()), (1, 1, 0));
    assert_eq!(house.ask(&ann, "enter", &[json!({ "id": "a" })]).await["code"], "UNAUTHORIZED", "nor back in");
}

#[tokio::test]
async fn a_service_of_one_tenant_reaches_no_other() {
    let house = House::of(YAML).await;
    let only = vec![("school".to_owned(), vec!["a".to_owned()])];
    let bound = Tenancy { only: only.clone(), trusted: vec!["free:<id>".into(), "room:<id>".into()] };
    let send = async |event, body: Value, tenancy: &Tenancy| {
        let command =
            Command { namespace: "/a", event, body: Some(body), tenancy: Some(tenancy), ..Command::default() };
        house.engine.send(command).await.map_err(|refusal| {
            let issues = refusal.issues.iter().map(|issue| format!("{} {}", issue.path, issue.message));
            format!("{} {}", refusal.code, issues.collect::<Vec<_>>().join("; "))
        })
    };
    assert!(send("tell", json!({ "id": "x", "school": "a" }), &bound).await.is_ok());
    let wrong = send("tell", json!({ "id": "x", "school": "b" }), &bound).await.expect_err("another school");
    assert_eq!(wrong, "UNAUTHORIZED /school is not one that this key may send of");
    let strange = Tenancy { only: only.clone(), trusted: vec!["free:<id>".into()] };
    let wrong = send("tell", json!({ "id": "x", "school": "a" }), &strange).await.expect_err("a strange room");
    assert_eq!(wrong, "UNAUTHORIZED  it would reach a room `room:<id>`, of which it is not known whose it is");
    let wrong = send("shout", json!({ "school": "a" }), &bound).await.expect_err("everyone");
    assert_eq!(wrong, "UNAUTHORIZED  it would reach everyone in the namespace");
}

#[tokio::test]
async fn a_server_that_has_just_begun_lets_nobody_in_who_was_revoked_before() {
    let clock = Arc::new(ManualClock::at(BEGINS_AT_MS));
    let shared = stores(&clock).await;
    let house = || House::among(YAML, RuntimeSettings::default(), Hooks::new(), clock.clone(), shared.clone());
    house().engine.revoke(&Revoked::Token("t-1".into()), Duration::from_secs(60)).await.expect("revoked");
    let begun = house();
    let refused = connect(&begun, &tok("ann", &json!({ "jti": "t-1" }))).await;
    assert_eq!(refused.expect_err("revoked"), "UNAUTHENTICATED");
    connect(&begun, &tok("ann", &json!({ "jti": "t-2" }))).await.expect("another token");
}

#[tokio::test]
async fn what_the_store_has_lost_is_told_to_it_again() {
    let house = House::of(YAML).await;
    house.engine.revoke(&Revoked::Token("t-1".into()), Duration::from_secs(60)).await.expect("revoked");
    house.engine.learn_revocations().await;
    for key in ["homeroom:revoked", "homeroom:revoked:version"] {
        assert_eq!(house.ledger.clear(key).await, Ok(1));
    }
    house.engine.learn_revocations().await;
    assert_eq!(house.ledger.len("homeroom:revoked").await, Ok(1));
    assert!(connect(&house, &tok("ann", &json!({ "jti": "t-1" }))).await.is_err());
}
