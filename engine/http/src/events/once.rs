//! `Idempotency-Key`: what is sent again under the same key is answered as the first time, and done once.

use std::future::Future;

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use homeroom_runtime::receipts::{Claimed, Receipt};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Api;
use crate::keys::ApiKey;
use crate::problem::Problem;

/// How long a key may be, in bytes.
const KEY_BYTES_MAX: usize = 128;

/// By which a request names what it sends.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Set where an answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Does something once, if the request names it; `what` tells it from anything else.
pub(super) async fn once(
    api: &Api,
    key: &ApiKey,
    headers: &HeaderMap,
    what: &[&[u8]],
    doing: impl Future<Output = Result<(StatusCode, Value), Problem>>,
) -> Result<Response, Problem> {
    let Some(name) = named(headers)? else {
        return doing.await.map(|(status, answer)| (status, Json(answer)).into_response());
    };
    let fingerprint = fingerprint(what);
    let receipt = Receipt { sender: &key.name, key: &name, fingerprint: &fingerprint };
    let claimed = api.engine.claim(receipt, api.keeping).await;
    let claimed = claimed.map_err(|refusal| {
        let detail = "It cannot be known whether this was sent before. It was not sent now.";
        tracing::warn!(cause = refusal.cause.as_deref().unwrap_or(""), "what was answered could not be asked");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail)
    })?;
    match claimed {
        Claimed::New => {}
        Claimed::Done(answer) => return replayed(&answer),
        Claimed::Begun => {
            let detail = "A request with this `Idempotency-Key` is under way.";
            return Err(Problem::new(StatusCode::CONFLICT, "BUSY", detail));
        }
        Claimed::Another => {
            let detail = "This `Idempotency-Key` was used for another request.";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED", detail));
        }
    }
    let done = doing.await;
    let answer = done.as_ref().ok().map(|(status, answer)| format!("{} {answer}", status.as_u16()));
    if let Err(refusal) = api.engine.settle(receipt, api.keeping, answer.as_deref()).await {
        tracing::warn!(cause = refusal.cause.as_deref().unwrap_or(""), "an answer could not be kept");
    }
    done.map(|(status, answer)| (status, Json(answer)).into_response())
}

/// What the request calls what it sends.
fn named(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(first) = all.next() else { return Ok(None) };
    let text = first.to_str().ok().filter(|_| all.next().is_none());
    let is_visible = |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let text = text.filter(|text| (1..=KEY_BYTES_MAX).contains(&text.len())).filter(is_visible);
    let told = || {
        let detail = format!("`Idempotency-Key` is 1 to {KEY_BYTES_MAX} visible ASCII characters, once.");
        Problem::new(StatusCode::BAD_REQUEST, "INVALID_HEADER", detail)
    };
    text.map(|text| Some(text.to_owned())).ok_or_else(told)
}

fn fingerprint(what: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in what {
        // With its length, so that no two requests read the same.
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn replayed(answer: &str) -> Result<Response, Problem> {
    let broken = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "What was kept cannot be read.");
    let (status, body) = answer.split_once(' ').ok_or_else(broken)?;
    let status = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok()).ok_or_else(broken)?;
    let body: Value = serde_json::from_str(body).map_err(|_| broken())?;
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
