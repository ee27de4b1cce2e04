//! Who may send what, several events at once, and what is sent again.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use homeroom_http::{Api, router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{TELL, api, posted};

/// Sends with a key for what is sent; yields whether the answer is one of before, too.
async fn once(api: &Api, path: &str, key: &str, name: &str, body: &str) -> (StatusCode, Value, bool) {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("idempotency-key", name);
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let answer = router(api.clone()).oneshot(request).await.expect("an answer");
    let (status, replayed) = (answer.status(), answer.headers().contains_key("idempotency-replayed"));
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"), replayed)
}

async fn with_key(key: &str, path: &str, body: &str) -> (StatusCode, Value) {
    posted(path, Some(&format!("Bearer {key}")), "application/json", body).await
}

#[tokio::test]
async fn a_service_sends_what_its_key_is_for_and_of_its_tenant() {
    for key in ["key-grades", "key-grades-next"] {
        assert_eq!(with_key(key, TELL, r#"{"id":"mine"}"#).await.0, StatusCode::OK, "any of its keys");
    }
    let (status, body) = with_key("key-grades", TELL, r#"{"id":"yours"}"#).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(body["errors"], json!([{ "path": "/id", "message": "is not one that this key may send of" }]));
    let close = "/v1/namespaces/a/events/close";
    assert_eq!(with_key("key-grades", close, "").await.0, StatusCode::FORBIDDEN, "another event");
    assert_eq!(with_key("key-eyes", TELL, r#"{"id":"mine"}"#).await.0, StatusCode::FORBIDDEN, "nothing at all");
}

#[tokio::test]
async fn what_is_sent_again_is_answered_the_same_and_done_once() {
    let api = api();
    let sent = || api.engine.decisions(&Default::default(), 100).len();
    let (status, first, replayed) = once(&api, TELL, "key-one", "k-1", r#"{"id":"r"}"#).await;
    assert_eq!((status, replayed), (StatusCode::OK, false));
    let before = sent();
    let (status, again, replayed) = once(&api, TELL, "key-one", "k-1", r#"{"id":"r"}"#).await;
    assert_eq!((status, &again, replayed), (StatusCode::OK, &first, true));
    assert_eq!(sent(), before, "nothing was done");
    let (status, body, _) = once(&api, TELL, "key-one", "k-1", r#"{"id":"s"}"#).await;
    assert_eq!((status, &body["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("IDEMPOTENCY_KEY_REUSED")));
    let (_, _, replayed) = once(&api, TELL, "key-two", "k-1", r#"{"id":"r"}"#).await;
    assert!(!replayed, "another service's keys are its own");
}

#[tokio::test]
async fn what_was_refused_may_be_sent_again_and_names_are_bounded() {
    let api = api();
    for _ in 0..2 {
        let (status, _, replayed) = once(&api, TELL, "key-one", "k-2", r#"{"id":"far too long"}"#).await;
        assert_eq!((status, replayed), (StatusCode::UNPROCESSABLE_ENTITY, false));
    }
    let (status, _, replayed) = once(&api, TELL, "key-one", "k-2", r#"{"id":"r"}"#).await;
    assert_eq!((status, replayed), (StatusCode::OK, false), "put right");
    for name in ["k".repeat(129), "two words".into()] {
        let (status, body, _) = once(&api, TELL, "key-one", &name, r#"{"id":"r"}"#).await;
        assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("INVALID_HEADER")), "{name}");
    }
}

#[tokio::test]
async fn several_events_have_a_result_each() {
    let event = |namespace: &str, event: &str, payload: Value| json!({ "namespace": namespace, "event": event, "payload": payload });
    let all =
        json!({ "events": [event("/a", "tell", json!({ "id": "r" })), event("a", "tell", json!({ "id": "s" }))] });
    let (status, body) = with_key("key-one", "/v1/events", &all.to_string()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        body["results"][1],
        json!({ "status": 200, "reached": { "sockets": 3, "rooms": ["room:s"], "moreRooms": 0 } })
    );

    let some = json!({ "events": [event("/a", "tell", json!({ "id": 1 })), { "namespace": "/a", "event": "close" }, event("/b", "tell", json!({})), event("/a", "tell", json!({ "id": "r" }))] });
    let (status, body) = with_key("key-one", "/v1/events", &some.to_string()).await;
    assert_eq!(status, StatusCode::MULTI_STATUS);
    let each: Vec<(u64, &str)> = body["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|one| (one["status"].as_u64().unwrap_or(0), one["code"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(each, [(422, "INVALID_PAYLOAD"), (422, "CLOSED"), (404, "NOT_FOUND"), (200, "")]);
    assert_eq!(body["results"][0]["errors"][0]["path"], "/id");
}

#[tokio::test]
async fn several_events_that_cannot_be_read_are_told_with_every_place_and_none_is_sent() {
    let body =
        json!({ "events": [{ "namespace": "/a", "event": "tell", "paylod": {} }, 7, { "event": "tell" }], "more": 1 });
    let (status, body) = with_key("key-one", "/v1/events", &body.to_string()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let paths: Vec<&str> =
        body["errors"].as_array().expect("errors").iter().filter_map(|one| one["path"].as_str()).collect();
    assert_eq!(
        paths,
        ["/more", "/events/0/paylod", "/events/1", "/events/1/namespace", "/events/1/event", "/events/2/namespace"]
    );
    assert_eq!(body["errors"][1]["message"], "did you mean `payload`?");
    let many = json!({ "events": vec![json!({ "namespace": "/a", "event": "tell" }); 101] });
    let (status, body) = with_key("key-one", "/v1/events", &many.to_string()).await;
    assert_eq!(
        (status, &body["errors"][0]["message"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("must have 1 to 100 items"))
    );
    for empty in ["", "[]", "{}", r#"{"events":[]}"#] {
        assert_eq!(with_key("key-one", "/v1/events", empty).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{empty}");
    }
}
