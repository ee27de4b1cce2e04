//! What is answered when the answer is no: always `{code, error}`, with `errors` where a payload was wrong.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use homeroom_runtime::Refusal;
use serde_json::{Value, json};

/// A refused request.
pub(crate) struct Problem {
    status: StatusCode,
    body: Value,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &str, error: impl Into<String>) -> Self {
        Self { status, body: json!({ "code": code, "error": error.into() }) }
    }

    /// A refusal of the engine, in the words clients get.
    pub(crate) fn refused(refusal: &Refusal, text: &str) -> Self {
        let mut problem = Self::new(status(&refusal.code), &refusal.code, text);
        if !refusal.issues.is_empty() {
            let told = |issue: &homeroom_plan::schema::Issue| json!({ "path": issue.path, "message": issue.message });
            problem.body["errors"] = refusal.issues.iter().map(told).collect();
        }
        if let Some(ms) = refusal.retry_after_ms {
            problem.body["retryAfterMs"] = ms.into();
        }
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// The author's own codes are the caller's mistake.
fn status(code: &str) -> StatusCode {
    match code {
        "NOT_FOUND" | "UNKNOWN_EVENT" => StatusCode::NOT_FOUND,
        "PAYLOAD_TOO_LARGE" => StatusCode::PAYLOAD_TOO_LARGE,
        "RATE_LIMITED" => StatusCode::TOO_MANY_REQUESTS,
        "UNAVAILABLE" | "TIMEOUT" | "BUSY" => StatusCode::SERVICE_UNAVAILABLE,
        "INTERNAL" => StatusCode::INTERNAL_SERVER_ERROR,
        "UNAUTHORIZED" => StatusCode::FORBIDDEN,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

pub(crate) async fn no_such_page() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "There is no such page. Events go to POST /v1/namespaces/{name}/events/{event}.",
    )
}

pub(crate) async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This page does not take that method.")
}
