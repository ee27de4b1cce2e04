//! `POST /v1/namespaces/{name}/events/{event}`: a service sends an event; `POST /v1/events`: it sends several.

mod batch;
mod once;

use std::future::Future;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use homeroom_definition::did_you_mean;
use homeroom_runtime::{Command, Reached, Tenancy};
use serde_json::{Value, json};

pub(crate) use batch::batch;
use once::once;

use crate::keys::ApiKey;
use crate::problem::Problem;
use crate::{Api, body, query};

/// How many rooms are named that an event reached.
const ROOMS_TOLD_MAX: usize = 20;

/// Takes one event, and answers whom it reached.
pub(crate) async fn event(
    State(api): State<Api>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let key = api.bearer(&headers)?;
    let (namespace, event) = body::path(path)?;
    let namespace = body::namespace(&namespace);
    let wanted = Wanted::of(query.as_deref())?;
    may_send(&api, &key, &namespace, &event)?;
    let bytes = body::bytes(body)?;
    let payload = body::json(&headers, &bytes)?;
    to_the_end(async move {
        let what = [namespace.as_bytes(), event.as_bytes(), &bytes];
        let sending = async {
            let sent = send(&api, &key, &namespace, &event, payload, wanted).await;
            sent.map(|answer| (StatusCode::OK, answer))
        };
        once(&api, &key, &headers, &what, sending).await
    })
    .await
}

/// Goes on also where the caller hangs up, since an event happens whole or not at all.
async fn to_the_end(
    doing: impl Future<Output = Result<Response, Problem>> + Send + 'static,
) -> Result<Response, Problem> {
    let broken = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Something went wrong.");
    tokio::spawn(doing).await.map_err(broken)?
}

/// Sends one event for somebody who may; the answer, or why not.
async fn send(
    api: &Api,
    key: &ApiKey,
    namespace: &str,
    event: &str,
    body: Option<Value>,
    wanted: Wanted,
) -> Result<Value, Problem> {
    let tenancy = may_send(api, key, namespace, event)?;
    let positions_max = if wanted.positions { ROOMS_TOLD_MAX } else { 0 };
    let command = Command { namespace, event, body, tenancy: Some(&tenancy), positions_max };
    let sent = api.engine.send(command).await;
    let reached = sent.map_err(|refusal| Problem::refused(&refusal, &api.engine.text(namespace, &refusal)))?;
    let told = told(api, &reached, wanted).await;
    if reached.told_others {
        return Ok(json!({ "reached": told }));
    }
    // Those who are connected here have it; of the others nothing can be promised.
    let detail = "It was sent to the clients of this server. The other servers could not be told.";
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail).with("reached", told))
}

async fn told(api: &Api, reached: &Reached, wanted: Wanted) -> Value {
    let rooms: Vec<&str> = reached.rooms.iter().take(ROOMS_TOLD_MAX).map(|room| &**room).collect();
    let more = reached.rooms.len() - rooms.len();
    let mut told = json!({ "sockets": reached.sockets, "rooms": rooms, "moreRooms": more });
    if wanted.positions {
        told["positions"] = reached.positions.iter().take(ROOMS_TOLD_MAX).map(|(room, at)| (&**room, &**at)).collect();
    }
    if wanted.everywhere {
        let all = api.engine.count_reach(reached).await;
        told["sockets"] = all.sockets.into();
        told["servers"] = json!({
            "reached": all.servers,
            "answered": all.answered,
            "silent": all.silent,
            "unknown": all.unknown,
        });
    }
    told
}

/// What a service wants to be told of what it sends.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    /// `?reach=cluster` asks the other servers whom it reached; `?reach=server`, which is what is meant without it, does not.
    everywhere: bool,
    /// `?positions=yes`: where the histories of its rooms are then.
    positions: bool,
}

impl Wanted {
    fn of(query: Option<&str>) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        for (name, value) in query::pairs(query.unwrap_or_default()) {
            match (name.as_str(), value.as_str()) {
                ("reach", "cluster") => wanted.everywhere = true,
                ("reach", "server") => wanted.everywhere = false,
                ("reach", _) => return Err(query::wrong("`reach` is `server` or `cluster`.".into())),
                ("positions", "yes") => wanted.positions = true,
                ("positions", "no") => wanted.positions = false,
                ("positions", _) => return Err(query::wrong("`positions` is `yes` or `no`.".into())),
                (other, _) => return Err(query::unknown(other, &["reach", "positions"])),
            }
        }
        Ok(wanted)
    }
}

/// Whether this event is there and may be sent with this key; what binds it then. Names that are not there are told with
/// what is, as far as the key may send.
fn may_send(api: &Api, key: &ApiKey, namespace: &str, event: &str) -> Result<Tenancy, Problem> {
    let bound = api.engine.current();
    let Some(served) = bound.namespace(namespace) else {
        let paths = bound.paths();
        let hint = did_you_mean(namespace, paths.iter().map(|path| &**path)).unwrap_or_default();
        let error = format!("There is no namespace `{namespace}`.");
        return Err(Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", with_hint(error, &hint)));
    };
    let events = &served.namespace().backend_events;
    if !events.contains_key(event) {
        let hint = did_you_mean(event, events.keys().map(|name| &**name)).unwrap_or_default();
        let error = format!("`{namespace}` has no backend event `{event}`.");
        return Err(Problem::new(StatusCode::NOT_FOUND, "UNKNOWN_EVENT", with_hint(error, &hint)));
    }
    let told = || Problem::new(StatusCode::FORBIDDEN, "UNAUTHORIZED", "This key may not send this event.");
    key.sends.may_send(namespace, event).ok_or_else(told)
}

fn with_hint(error: String, hint: &str) -> String {
    if hint.is_empty() { error } else { format!("{error} {hint}") }
}
