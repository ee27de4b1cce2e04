//! Several events at once: each happens whole or not at all, one after the other, and each has a result of its own.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use homeroom_plan::schema::Issue;
use serde_json::{Value, json};

use super::{Wanted, once, send, to_the_end};
use crate::Api;
use crate::body::{self, Fields};
use crate::keys::ApiKey;
use crate::problem::Problem;

/// How many events may come at once.
pub(crate) const BATCH_MAX: usize = 100;

/// How long all of them may take; those whose turn does not come are not sent, and are told so.
const BATCH_WITHIN: Duration = Duration::from_secs(30);

/// One of them.
struct Item {
    namespace: String,
    event: String,
    payload: Option<Value>,
}

/// Takes several events. Nothing is done if one of them cannot be read.
pub(crate) async fn batch(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let key = api.bearer(&headers)?;
    let wanted = Wanted::of(query.as_deref())?;
    let bytes = body::bytes(body)?;
    let items = items(body::json(&headers, &bytes)?)?;
    to_the_end(async move {
        let what: [&[u8]; 2] = [b"batch", &bytes];
        once(&api, &key, &headers, &what, async { Ok(each(&api, &key, items, wanted).await) }).await
    })
    .await
}

fn items(body: Option<Value>) -> Result<Vec<Item>, Problem> {
    let mut fields = Fields::of(body);
    let listed = fields.list("events", BATCH_MAX);
    let mut issues: Vec<Issue> = fields.issues();
    let mut items = Vec::with_capacity(listed.len());
    for (at, value) in listed.into_iter().enumerate() {
        let mut fields = Fields::at(format!("/events/{at}"), value);
        items.push(Item {
            namespace: body::namespace(&fields.needed("namespace")),
            event: fields.needed("event"),
            payload: fields.value("payload"),
        });
        issues.extend(fields.issues());
    }
    if issues.is_empty() { Ok(items) } else { Err(Problem::invalid(&issues)) }
}

/// Sends them, in order; 200 if all were, 207 if not.
async fn each(api: &Api, key: &ApiKey, items: Vec<Item>, wanted: Wanted) -> (StatusCode, Value) {
    let began = Instant::now();
    let (mut results, mut all) = (Vec::with_capacity(items.len()), true);
    for item in items {
        let sent = match began.elapsed() < BATCH_WITHIN {
            true => send(api, key, &item.namespace, &item.event, item.payload, wanted).await,
            false => Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "TIMEOUT",
                "Those before it took too long. It was not sent.",
            )),
        };
        results.push(match sent {
            Ok(mut sent) => {
                sent["status"] = StatusCode::OK.as_u16().into();
                sent
            }
            Err(problem) => {
                all = false;
                problem.into_body()
            }
        });
    }
    let status = if all { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    (status, json!({ "results": results }))
}
