//! What is answered when the answer is no: `application/problem+json` (RFC 9457), with the `code` that clients know it by,
//! and `errors` where a payload was wrong, each at a JSON pointer.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use homeroom_plan::schema::Issue;
use homeroom_runtime::Refusal;
use serde_json::{Value, json};

/// How problems are typed.
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// When to come back to a server that cannot promise something now, in seconds.
const RETRY_SECONDS: u64 = 1;

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    body: Value,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Refused");
        let body = json!({
            "type": "about:blank",
            "title": title,
            "status": status.as_u16(),
            "code": code,
            "detail": detail.into(),
        });
        Self { status, body }
    }

    /// A refusal of the engine, in the words clients get.
    pub(crate) fn refused(refusal: &Refusal, text: &str) -> Self {
        let mut problem = Self::new(status(&refusal.code), &refusal.code, text);
        if !refusal.issues.is_empty() {
            problem = problem.at(&refusal.issues);
        }
        if let Some(ms) = refusal.retry_after_ms {
            problem.body["retryAfterMs"] = ms.into();
        }
        problem
    }

    /// A body that is wrong at these places.
    pub(crate) fn invalid(issues: &[Issue]) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_PAYLOAD", "The body is not as it should be.").at(issues)
    }

    fn at(mut self, issues: &[Issue]) -> Self {
        let told = |issue: &Issue| json!({ "path": issue.path, "message": issue.message });
        self.body["errors"] = issues.iter().map(told).collect();
        self
    }

    /// With something more that is known.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.body[name] = value;
        self
    }

    /// As one result among several.
    pub(crate) fn into_body(self) -> Value {
        self.body
    }

    fn retry_after(&self) -> Option<u64> {
        let ms = self.body.get("retryAfterMs").and_then(Value::as_u64);
        let is_away = self.status == StatusCode::SERVICE_UNAVAILABLE || self.status == StatusCode::CONFLICT;
        ms.map(|ms| ms.div_ceil(1000)).or(is_away.then_some(RETRY_SECONDS))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after());
        let mut response = (status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
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
        "There is no such page. Events go to POST /v1/namespaces/{name}/events/{event}; all pages stand in /v1/openapi.json.",
    )
}

pub(crate) async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This page does not take that method.")
}
