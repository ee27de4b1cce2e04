//! The API as a service uses it: keys, bodies, answers.

mod admin;
mod sending;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use homeroom_definition::{Diagnostics, Sources, parse};
use homeroom_http::{Admin, Api, ApiKey, ApiKeys, KeyHash, MaySend, Sends, router};
use homeroom_plan::{Identity, Input, Parsed, compile};
use homeroom_runtime::{
    Authenticator, Bound, Delivery, Ending, Engine, Hooks, Outlet, Parcel, Refusal, RuntimeSettings, Stores, Tenancy,
    Verified, WireArgs, identity::Verifying, receipts::Keeping,
};
use homeroom_store::state::StateLimits;
use homeroom_store::{MemoryLimits, MemoryPresence, MemoryState, PresenceRules, SystemClock};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

const NAMESPACE: &str = r"
namespace: /a
errors: { CLOSED: It is closed. }
connect: { do: [{ join: [room:<user.id>, 'room:hall'] }] }
rooms: { room:<id>: { allow: [{ roles: [TEACHER] }] } }
state: { notes: { hash: 'notes:<id>', ttl: 1h, max: 10 } }
backend_events:
  tell: { payload: { fields: { id: { type: string, maxLength: 8 } } }, do: [{ emit: told, to: room:<id> }] }
  close: { do: [{ refuse: CLOSED }] }
  remember: { payload: { fields: { id: string } }, do: [{ put: notes, field: <id>, value: { id: <id> } }] }
server_events: { told: { payload: { fields: { id: string } } } }
";

/// An edge with three connections in every room.
struct Three;

impl Outlet for Three {
    fn join(&self, _: u64, _: &Arc<str>) {}
    fn leave(&self, _: u64, _: &str) {}
    fn role(&self, _: u64, _: Option<usize>) {}
    fn send(&self, _: &str, _: Parcel<'_>) -> Delivery {
        Delivery { reached: 3, dropped: 0 }
    }
    fn ack(&self, _: u64, _: u64, _: &WireArgs) {}
    fn members(&self, _: &str, _: &str) -> Vec<u64> {
        Vec::new()
    }
    fn end(&self, _: u64, _: Ending) {}
}

impl Authenticator for Three {
    /// Whoever names themselves is a teacher of that name.
    fn verify<'a>(&'a self, token: Option<&'a str>, _: i64) -> Verifying<'a> {
        let user = token.map(|id| Verified::lasting(json!({ "id": id, "role": "TEACHER" })));
        Box::pin(std::future::ready(user.ok_or_else(|| Refusal::code("UNAUTHENTICATED"))))
    }
}

fn api() -> Api {
    let mut sources = Sources::new();
    let source = sources.add("a.yaml", NAMESPACE);
    let mut diagnostics = Diagnostics::new();
    let file = parse(&sources, source, &mut diagnostics).expect("a file");
    let properties = json!({ "id": { "type": "string" }, "role": { "type": "string" } });
    let schema = json!({ "type": "object", "properties": properties, "required": ["id", "role"] });
    let identity = Identity { schema, roles: vec!["TEACHER".into()] };
    let files = [Parsed { source, file, imports: Vec::new() }];
    let input = Input { sources: &sources, files: &files, hooks: &[], identity: &identity };
    let plan = compile(&input, &mut diagnostics).unwrap_or_else(|| panic!("{:?}", diagnostics.sorted()));
    let clock = Arc::new(SystemClock);
    let stores = Stores {
        state: Arc::new(MemoryState::new(clock.clone(), StateLimits::default())),
        presence: Arc::new(MemoryPresence::new(clock.clone(), PresenceRules::default())),
        ledger: Arc::new(MemoryState::new(clock.clone(), StateLimits::default())),
        limits: Arc::new(MemoryLimits::new(clock.clone(), 10)),
        db: None,
        cluster: None,
        history: None,
    };
    let settings = RuntimeSettings::default();
    let bound = Bound::new(Arc::new(plan), Hooks::new(), &settings, clock.clone());
    let engine = Engine::new(bound, Arc::new(Three), stores, clock, Arc::new(Three), settings);
    Api {
        engine,
        keys: Arc::new(ApiKeys::new(keys())),
        contracts: Arc::new(homeroom_http::Contracts::new(|_| Default::default())),
        definitions: Arc::new(homeroom_http::definitions::Fixed),
        keeping: Keeping::default(),
        revoked_for: homeroom_http::REVOKED_FOR,
    }
}

/// Two who may everything, a service of one tenant, and one who may look.
fn keys() -> Vec<ApiKey> {
    let only = vec![("id".to_owned(), vec!["mine".to_owned()])];
    let may =
        MaySend { namespace: "/a".into(), events: vec!["tell".into()], tenancy: Tenancy { only, trusted: Vec::new() } };
    let service = |name: &str, key: &str, sends, admin| ApiKey {
        name: name.into(),
        hashes: vec![KeyHash::of(key), KeyHash::of(&format!("{key}-next"))],
        sends: Sends::Only(sends),
        admin,
    };
    vec![
        ApiKey::of_all("key-one"),
        ApiKey::of_all("key-two"),
        service("grades", "key-grades", vec![may], Admin::Nothing),
        service("eyes", "key-eyes", Vec::new(), Admin::Read),
    ]
}

async fn asked(request: Request<Body>) -> (StatusCode, Value) {
    asked_of(&api(), request).await
}

async fn asked_of(api: &Api, request: Request<Body>) -> (StatusCode, Value) {
    let answer = router(api.clone()).oneshot(request).await.expect("an answer");
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"))
}

async fn posted(path: &str, key: Option<&str>, kind: &str, body: &str) -> (StatusCode, Value) {
    let mut request = Request::post(path).header("content-type", kind);
    if let Some(key) = key {
        request = request.header("authorization", key);
    }
    asked(request.body(Body::from(body.to_owned())).expect("a request")).await
}

async fn sent(path: &str, body: &str) -> (StatusCode, Value) {
    posted(path, Some("Bearer key-two"), "application/json", body).await
}

const TELL: &str = "/v1/namespaces/a/events/tell";

#[tokio::test]
async fn an_event_is_taken_and_its_reach_told() {
    let reached = json!({ "reached": { "sockets": 3, "rooms": ["room:r"], "moreRooms": 0 } });
    assert_eq!(sent(TELL, r#"{"id":"r"}"#).await, (StatusCode::OK, reached));
    let (_, body) = sent(&format!("{TELL}?reach=cluster"), r#"{"id":"r"}"#).await;
    let alone = json!({ "reached": 1, "answered": 1, "silent": [], "unknown": false });
    assert_eq!((&body["reached"]["sockets"], &body["reached"]["servers"]), (&json!(3), &alone));
    assert_eq!(sent(&format!("{TELL}?reach=everywhere"), r#"{"id":"r"}"#).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn only_with_a_key() {
    for key in
        [None, Some("Bearer "), Some("Bearer key"), Some("Bearer key-three"), Some("Basic key-one"), Some("key-one")]
    {
        let (status, body) = posted(TELL, key, "application/json", r#"{"id":"r"}"#).await;
        assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("UNAUTHENTICATED")), "{key:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let (status, body) = sent(TELL, r#"{"id":"far too long"}"#).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["errors"], json!([{ "path": "/id", "message": "must have at most 8 characters" }]));
    let (status, body) = sent(TELL, "{").await;
    assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("INVALID_PAYLOAD")));
    assert_eq!(sent(TELL, "").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(posted(TELL, Some("bearer key-one"), "text/plain", "{}").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let huge = format!(r#"{{"id":"{}"}}"#, "x".repeat(homeroom_http::BODY_BYTES_MAX));
    assert_eq!(sent(TELL, &huge).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, body) = sent("/v1/namespaces/a/events/close", "").await;
    assert_eq!(
        (status, &body["code"], &body["detail"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("CLOSED"), &json!("It is closed."))
    );
    assert_eq!((&body["type"], &body["status"]), (&json!("about:blank"), &json!(422)));
}

#[tokio::test]
async fn names_that_are_not_there_are_told_with_what_is() {
    let (status, body) = sent("/v1/namespaces/a/events/tel", "{}").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body["detail"], "`/a` has no backend event `tel`. did you mean `tell`?");
    assert_eq!(sent("/v1/namespaces/b/events/tell", "{}").await.0, StatusCode::NOT_FOUND);
    let request = Request::get(TELL).body(Body::empty()).expect("a request");
    assert_eq!(asked(request).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn health_tells_what_is_served() {
    let (status, body) = asked(Request::get("/healthz").body(Body::empty()).expect("a request")).await;
    assert_eq!((status, &body["status"], &body["namespaces"]), (StatusCode::OK, &json!("ok"), &json!(["/a"])));
    assert_eq!(body["digest"].as_str().map(str::len), Some(64));
}

async fn decisions(api: &Api, query: &str) -> (StatusCode, Value) {
    let request = Request::get(format!("/v1/admin/decisions{query}")).header("authorization", "Bearer key-one");
    asked_of(api, request.body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn decisions_are_told_newest_first_and_without_what_was_carried() {
    let api = api();
    for (event, body) in [("tell", r#"{"id":"room-1"}"#), ("close", ""), ("tell", r#"{"id":"much too long"}"#)] {
        let request = Request::post(format!("/v1/namespaces/a/events/{event}"))
            .header("authorization", "Bearer key-one")
            .header("content-type", "application/json");
        asked_of(&api, request.body(Body::from(body)).expect("a request")).await;
    }
    let (status, body) = decisions(&api, "").await;
    assert_eq!(status, StatusCode::OK);
    let lines: Vec<String> = body["decisions"].as_array().expect("a list").iter().map(line).collect();
    assert_eq!(
        lines,
        ["backend tell INVALID_PAYLOAD a.yaml:8", "backend close CLOSED a.yaml:9", "sent told OK ", "backend tell OK "]
    );
    let sent = &body["decisions"][2];
    assert_eq!(sent["to"]["rooms"], json!([{ "room": "room:room-1", "pattern": "room:<id>" }]));
    assert_eq!(sent["reached"], json!([{ "roles": null, "sockets": 3 }]));
    assert!(!body.to_string().contains("much too long"));
}

fn line(decision: &Value) -> String {
    let text = |name: &str| decision[name].as_str().unwrap_or_default().to_owned();
    format!("{} {} {} {}", text("kind"), text("event"), text("code"), text("place"))
}

#[tokio::test]
async fn decisions_are_asked_for_by_known_names_only() {
    let api = api();
    assert_eq!(decisions(&api, "?user=s%2D1&limit=5").await.1["sockets"], json!([]));
    let (status, body) = decisions(&api, "?usr=s-1").await;
    assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("INVALID_QUERY")));
    assert_eq!(body["detail"], "`usr` cannot be asked: did you mean `user`?");
    assert_eq!(decisions(&api, "?limit=0").await.0, StatusCode::BAD_REQUEST);
    let request = Request::get("/v1/admin/decisions").body(Body::empty()).expect("a request");
    assert_eq!(asked(request).await.0, StatusCode::UNAUTHORIZED);
}
