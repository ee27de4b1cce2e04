//! What operators see and do.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use homeroom_http::Api;
use homeroom_runtime::engine::Knock;
use serde_json::{Value, json};

use crate::{api, asked_of};

async fn get(api: &Api, key: &str, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).header("authorization", format!("Bearer {key}"));
    asked_of(api, request.body(Body::empty()).expect("a request")).await
}

async fn post(api: &Api, key: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let request =
        Request::post(path).header("authorization", format!("Bearer {key}")).header("content-type", "application/json");
    asked_of(api, request.body(Body::from(body.to_string())).expect("a request")).await
}

/// Somebody who is in a room.
async fn enter(api: &Api, conn: u64) {
    let auth = json!({ "token": "ann" });
    let knock = Knock { conn, public_id: format!("c{conn}").into(), namespace: "/a".into(), auth };
    let admitted = api.engine.connect(knock).await.unwrap_or_else(|rejected| panic!("{rejected:?}"));
    let session = Arc::clone(&admitted.session);
    api.engine.connected(admitted);
    session.settled().await;
}

#[tokio::test]
async fn namespaces_rooms_users_and_keys_are_shown_to_whoever_may_look() {
    let api = api();
    enter(&api, 1).await;
    enter(&api, 2).await;
    let alone = json!({ "answered": 1, "silent": [], "unknown": false });
    let (status, body) = get(&api, "key-eyes", "/v1/admin/namespaces").await;
    assert_eq!((status, &body["servers"]), (StatusCode::OK, &alone));
    let events = ["close", "remember", "tell"];
    assert_eq!(
        body["namespaces"],
        json!([{ "namespace": "/a", "sockets": 2, "rooms": ["room:<id>"], "backendEvents": events }])
    );
    let (_, body) = get(&api, "key-eyes", "/v1/admin/rooms?namespace=a&limit=1").await;
    assert_eq!(body["rooms"], json!([{ "room": "room:ann", "pattern": "room:<id>", "sockets": 2 }]));
    assert_eq!(body["next"], "room:ann");
    let (_, body) = get(&api, "key-eyes", "/v1/admin/rooms?namespace=a&limit=1&after=room:ann").await;
    assert_eq!((&body["rooms"][0]["room"], &body["next"]), (&json!("room:hall"), &json!(null)));
    let (_, body) = get(&api, "key-eyes", "/v1/admin/rooms?namespace=a&prefix=x").await;
    assert_eq!(body["rooms"], json!([]));
    let (_, body) = get(&api, "key-eyes", "/v1/admin/users/ann").await;
    assert_eq!(body["sockets"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["sockets"][0]["rooms"], json!(["room:ann", "room:hall"]));

    let (status, _) = post(&api, "key-one", "/v1/namespaces/a/events/remember", &json!({ "id": "r" })).await;
    assert_eq!(status, StatusCode::OK);
    let (_, body) = get(&api, "key-eyes", "/v1/admin/state?namespace=a&key=notes:r").await;
    assert_eq!((&body["state"], &body["kind"], &body["count"]), (&json!("notes"), &json!("hash"), &json!(1)));
    assert_eq!(body["entries"], json!([{ "name": "r", "value": { "id": "r" } }]));
    assert_eq!(get(&api, "key-eyes", "/v1/admin/state?namespace=a&key=other:r").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_cannot_be_asked_is_told() {
    let api = api();
    for (path, code) in [
        ("/v1/admin/rooms", "INVALID_QUERY"),
        ("/v1/admin/rooms?namespace=a&limt=1", "INVALID_QUERY"),
        ("/v1/admin/rooms?namespace=a&limit=1001", "INVALID_QUERY"),
        ("/v1/admin/state?namespace=a", "INVALID_QUERY"),
        ("/v1/admin/namespaces?x=1", "INVALID_QUERY"),
        ("/v1/admin/users/%ff", "INVALID_PATH"),
    ] {
        let (status, body) = get(&api, "key-eyes", path).await;
        assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{path}");
    }
    assert_eq!(get(&api, "key-eyes", "/v1/admin/rooms?namespace=b").await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(&api, "key-grades", "/v1/admin/namespaces").await.0, StatusCode::FORBIDDEN);
    assert_eq!(get(&api, "none", "/v1/admin/namespaces").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_user_is_taken_out_of_rooms_asked_again_and_disconnected() {
    let api = api();
    enter(&api, 1).await;
    enter(&api, 2).await;
    let user = "/v1/admin/users/ann";
    let leave = json!({ "namespace": "/a", "rooms": ["room:hall"], "socket": "c1" });
    let (status, body) = post(&api, "key-one", &format!("{user}/leave"), &leave).await;
    assert_eq!((status, &body["sockets"], &body["left"]), (StatusCode::OK, &json!(1), &json!(1)));
    let (_, body) = get(&api, "key-eyes", user).await;
    assert_eq!(body["sockets"][0]["rooms"], json!(["room:ann"]));
    let (_, body) = post(&api, "key-one", &format!("{user}/recheck"), &json!({})).await;
    assert_eq!((&body["sockets"], &body["left"], &body["unasked"]), (&json!(2), &json!(0), &json!(0)));
    let room = json!({ "namespace": "/a", "room": "room:hall" });
    let (_, body) = post(&api, "key-one", "/v1/admin/rooms/recheck", &room).await;
    assert_eq!((&body["sockets"], &body["left"]), (&json!(1), &json!(0)));
    let (_, body) = post(&api, "key-one", &format!("{user}/disconnect"), &json!({ "socket": "c2" })).await;
    assert_eq!(body["sockets"], 1);
    let (_, body) = post(&api, "key-one", "/v1/admin/tokens/t-1/revoke", &json!({})).await;
    assert_eq!(body["sockets"], 0);
    let (_, body) = post(&api, "key-one", &format!("{user}/disconnect"), &json!({ "revoke": true, "for": "1h" })).await;
    assert_eq!(body["sockets"], 2, "all of them, whose tokens say nothing of when they were made");
}

#[tokio::test]
async fn acts_need_a_key_for_them_and_a_body_that_can_be_read() {
    let api = api();
    let path = "/v1/admin/users/ann/leave";
    assert_eq!(post(&api, "key-eyes", path, &json!({})).await.0, StatusCode::FORBIDDEN);
    let (status, body) = post(&api, "key-one", path, &json!({ "rooms": [1], "nmespace": "/a" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let paths: Vec<&str> =
        body["errors"].as_array().expect("errors").iter().filter_map(|one| one["path"].as_str()).collect();
    assert_eq!(paths, ["/namespace", "/rooms/0", "/nmespace"]);
    let (_, body) = post(&api, "key-one", "/v1/admin/users/ann/disconnect", &json!({ "for": "soon" })).await;
    assert_eq!(body["errors"][0]["path"], "/for");
    let no_such = json!({ "namespace": "/b", "rooms": ["r"] });
    assert_eq!(post(&api, "key-one", path, &no_such).await.0, StatusCode::NOT_FOUND);
}
