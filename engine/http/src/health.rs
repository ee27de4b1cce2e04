//! `GET /healthz` and `GET /metrics`

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use homeroom_runtime::metrics;
use serde_json::{Value, json};

use crate::Api;

/// That the server serves, and what: the digest is the same on servers that serve the same definitions; and what became of
/// the last change of them; and how the bus to other servers fares, if there are any.
pub(crate) async fn health(State(api): State<Api>) -> Json<Value> {
    let bound = api.engine.current();
    let paths: Vec<String> = bound.paths().iter().map(ToString::to_string).collect();
    let last = api.definitions.last();
    let mut health =
        json!({ "status": "ok", "digest": bound.plan.digest, "namespaces": paths, "definitions": last.as_deref() });
    if let Some(bus) = api.engine.bus() {
        // Redis away is not an outage: what it says changes nothing of whether this server serves.
        health["redis"] = json!({
            "connected": bus.connected,
            "since_ms": bus.since_ms,
            "lost": bus.dropped + bus.missed,
            "refused": bus.refused,
            "queued": bus.queued,
            "channels": bus.channels,
        });
    }
    Json(health)
}

/// What is counted, in OpenMetrics.
pub(crate) async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    let metrics = api.engine.metrics();
    if let Some(history) = api.engine.history() {
        metrics.history(&history);
    }
    if let Some(bus) = api.engine.bus() {
        metrics.bus(&bus);
    }
    if let Some(lost) = api.engine.webhooks_lost() {
        metrics.webhooks_lost(lost);
    }
    if let Some(database) = api.engine.database() {
        metrics.database(&database);
    }
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], api.engine.metrics_text())
}
