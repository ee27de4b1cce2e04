//! `GET /healthz`

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::Api;

/// That the server serves, and what: the digest is the same on servers that serve the same definitions.
pub(crate) async fn health(State(api): State<Api>) -> Json<Value> {
    let bound = api.engine.current();
    let paths: Vec<String> = bound.paths().iter().map(ToString::to_string).collect();
    Json(json!({ "status": "ok", "digest": bound.plan.digest, "namespaces": paths }))
}
