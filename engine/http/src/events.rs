//! `POST /v1/namespaces/{name}/events/{event}`: a service sends an event.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use homeroom_definition::did_you_mean;
use serde_json::{Value, json};

use crate::Api;
use crate::problem::Problem;

/// Takes one event, and answers how many connections it reached.
pub(crate) async fn event(
    State(api): State<Api>,
    Path((namespace, event)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Problem> {
    api.allow(&headers)?;
    let namespace = format!("/{}", namespace.trim_start_matches('/'));
    known(&api, &namespace, &event)?;
    let body = read(&headers, body)?;
    match api.engine.backend(&namespace, &event, body).await {
        Ok(reached) => Ok(Json(json!({ "reached": { "sockets": reached.sockets } }))),
        Err(refusal) => Err(Problem::refused(&refusal, &api.engine.text(&namespace, &refusal))),
    }
}

/// Names that are not there are told with what is; the caller has shown a key.
fn known(api: &Api, namespace: &str, event: &str) -> Result<(), Problem> {
    let bound = api.engine.current();
    let Some(served) = bound.namespace(namespace) else {
        let paths = bound.paths();
        let hint = did_you_mean(namespace, paths.iter().map(|path| &**path)).unwrap_or_default();
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            told(format!("There is no namespace `{namespace}`."), &hint),
        ));
    };
    let events = &served.namespace().backend_events;
    if events.contains_key(event) {
        return Ok(());
    }
    let hint = did_you_mean(event, events.keys().map(|name| &**name)).unwrap_or_default();
    let error = format!("`{namespace}` has no backend event `{event}`.");
    Err(Problem::new(StatusCode::NOT_FOUND, "UNKNOWN_EVENT", told(error, &hint)))
}

fn told(error: String, hint: &str) -> String {
    if hint.is_empty() { error } else { format!("{error} {hint}") }
}

fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Option<Value>, Problem> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The body is too large.")
        }
        status => Problem::new(status, "INVALID_PAYLOAD", "The body could not be read."),
    })?;
    if body.is_empty() {
        return Ok(None);
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "The body must be JSON: `Content-Type: application/json`.",
        ));
    }
    serde_json::from_slice(&body).map(Some).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::new(StatusCode::BAD_REQUEST, "INVALID_PAYLOAD", format!("The body is not JSON: {place}."))
    })
}
