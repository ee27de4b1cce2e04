//! What operators do to users, rooms and tokens, on every server: disconnect, take out of rooms, ask again, revoke.
//!
//! | | takes effect |
//! |---|---|
//! | disconnect, leave, recheck | at once on the servers that answer; who has not answered in time is named, and the answer is 503 |
//! | revoke | at once on the servers that answer, within two seconds on any other that can ask Redis |

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use homeroom_runtime::{Obeyed, Order, Revoked};
use serde_json::{Value, json};

use crate::body::Fields;
use crate::keys::Admin;
use crate::problem::Problem;
use crate::{Api, body};

/// How many rooms may be left at once.
const ROOMS_MAX: usize = 100;

type Named = Result<Path<String>, PathRejection>;
type Body = Result<Bytes, BytesRejection>;
type Answer = Result<Json<Value>, Problem>;

/// `POST /v1/admin/users/{id}/disconnect`: `{namespace, socket, revoke, for}`, all optional. With `revoke` the tokens that
/// the user has until now are refused, too.
pub(super) async fn disconnect(State(api): State<Api>, id: Named, headers: HeaderMap, body: Body) -> Answer {
    let (user, mut fields) = read(&api, id, &headers, body)?;
    let (namespace, socket) = (fields.text("namespace"), fields.text("socket"));
    let (revoke, lasts) = (fields.flag("revoke"), fields.duration("for"));
    fields.done()?;
    if revoke {
        return revoked(&api, &Revoked::User(user), lasts).await;
    }
    let namespace = namespace.map(|text| body::namespace(&text));
    let obeyed = api.engine.order(&Order::Disconnect { user, namespace, socket }).await;
    done(&obeyed, &["sockets"])
}

/// `POST /v1/admin/users/{id}/leave`: `{namespace, rooms, socket?}`. Nothing keeps whom the rules admit from coming back.
pub(super) async fn leave(State(api): State<Api>, id: Named, headers: HeaderMap, body: Body) -> Answer {
    let (user, mut fields) = read(&api, id, &headers, body)?;
    let (namespace, rooms) = (fields.needed("namespace"), fields.texts("rooms", ROOMS_MAX));
    let socket = fields.text("socket");
    fields.done()?;
    let namespace = served(&api, &namespace)?;
    let obeyed = api.engine.order(&Order::Leave { user, namespace, socket, rooms }).await;
    done(&obeyed, &["sockets", "left"])
}

/// `POST /v1/admin/users/{id}/recheck`: `{namespace?}`. The user's rooms are asked, whatever was answered before.
pub(super) async fn recheck_user(State(api): State<Api>, id: Named, headers: HeaderMap, body: Body) -> Answer {
    let (user, mut fields) = read(&api, id, &headers, body)?;
    let namespace = fields.text("namespace");
    fields.done()?;
    let namespace = namespace.map(|text| served(&api, &text)).transpose()?;
    recheck(&api, Order::Recheck { user: Some(user), namespace, room: None }).await
}

/// `POST /v1/admin/rooms/recheck`: `{namespace, room}`. Everyone in the room is asked.
pub(super) async fn recheck_room(State(api): State<Api>, headers: HeaderMap, body: Body) -> Answer {
    api.admin(&headers, Admin::Everything)?;
    let bytes = body::bytes(body)?;
    let mut fields = Fields::of(body::json(&headers, &bytes)?);
    let (namespace, room) = (fields.needed("namespace"), fields.needed("room"));
    fields.done()?;
    let namespace = served(&api, &namespace)?;
    recheck(&api, Order::Recheck { user: None, namespace: Some(namespace), room: Some(room) }).await
}

async fn recheck(api: &Api, order: Order) -> Answer {
    let obeyed = api.engine.order(&order).await;
    done(&obeyed, &["sockets", "left", "disconnected", "unasked"])
}

/// `POST /v1/admin/tokens/{id}/revoke`: `{for?}`, how long it would have been valid. By its `jti`.
pub(super) async fn revoke_token(State(api): State<Api>, id: Named, headers: HeaderMap, body: Body) -> Answer {
    let (id, mut fields) = read(&api, id, &headers, body)?;
    let lasts = fields.duration("for");
    fields.done()?;
    revoked(&api, &Revoked::Token(id), lasts).await
}

/// Revokes, and tells the other servers. Those that do not answer find it by themselves, so that it is promised.
async fn revoked(api: &Api, whose: &Revoked, lasts: Option<std::time::Duration>) -> Answer {
    let obeyed = api.engine.revoke_everywhere(whose, lasts.unwrap_or(api.revoked_for)).await;
    let obeyed = obeyed.map_err(|refusal| {
        let full = &*refusal.code == "FULL";
        let detail = match full {
            true => "Too many revocations are kept; this one was not taken.",
            false => "It could not be written down, so nothing is promised. Try again.",
        };
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, if full { "FULL" } else { "UNAVAILABLE" }, detail)
    })?;
    Ok(Json(json!({ "sockets": obeyed.sum("sockets"), "servers": obeyed.servers() })))
}

/// Who is meant, and what is to be done.
fn read(api: &Api, id: Named, headers: &HeaderMap, body: Body) -> Result<(String, Fields), Problem> {
    api.admin(headers, Admin::Everything)?;
    let id = body::name(id)?;
    let bytes = body::bytes(body)?;
    Ok((id, Fields::of(body::json(headers, &bytes)?)))
}

/// The path of a namespace that is served.
fn served(api: &Api, text: &str) -> Result<String, Problem> {
    let path = body::namespace(text);
    match api.engine.current().namespace(&path) {
        Some(_) => Ok(path),
        None => Err(Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is no such namespace.")),
    }
}

/// The sums of what servers have done; 503 if some have not answered, with what the others did.
fn done(obeyed: &Obeyed, sums: &[&str]) -> Answer {
    let mut told = json!({});
    for name in sums {
        told[*name] = obeyed.sum(name).into();
    }
    told["servers"] = obeyed.servers();
    if obeyed.others.whole() {
        return Ok(Json(told));
    }
    let detail = "Not every server has answered. It was done on those that have.";
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail).with("done", told))
}
