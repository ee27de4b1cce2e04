//! `GET /v1/admin/usage`: what is served, and to how many; what `homeroom plan --live` asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::Api;
use crate::keys::Admin;
use crate::problem::Problem;

/// The definitions that are served, with their secrets struck out, and counts of those who are connected to this server.
pub(crate) async fn usage(State(api): State<Api>, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    api.admin(&headers, Admin::Read)?;
    let sources = api.definitions.sources();
    let sources: Vec<Value> = sources.iter().map(|(path, text)| json!({ "path": path, "text": text })).collect();
    let usage = api.engine.usage();
    let namespaces: Vec<Value> = usage
        .iter()
        .map(|(path, used)| {
            let rooms: Vec<Value> = used
                .rooms
                .iter()
                .map(|(pattern, sockets)| json!({ "pattern": pattern, "sockets": by_name(sockets) }))
                .collect();
            let events: Vec<Value> =
                used.events.iter().map(|(event, sockets)| json!({ "event": &**event, "sockets": sockets })).collect();
            json!({ "namespace": &**path, "sockets": by_name(&used.sockets), "rooms": rooms, "events": events })
        })
        .collect();
    let digest = &api.engine.current().plan.digest;
    Ok(Json(json!({ "digest": digest, "sources": sources, "namespaces": namespaces })))
}

fn by_name(counts: &BTreeMap<Arc<str>, usize>) -> Value {
    counts.iter().map(|(name, count)| (name.to_string(), Value::from(*count))).collect()
}
