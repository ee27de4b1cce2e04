//! What operators look at, over all servers: namespaces, rooms and their size, a user's connections, what a key holds.
//! Each answer says how many servers it is made of, and which did not answer in time.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use homeroom_runtime::Order;
use serde_json::{Map, Value, json};

use crate::keys::Admin;
use crate::problem::Problem;
use crate::{Api, body, query};

/// How many rooms, or entries, are told of where nothing is said, and at most.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1000;

/// `GET /v1/admin/namespaces`
pub(super) async fn namespaces(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    api.admin(&headers, Admin::Read)?;
    let _ = Asked::of(query.as_deref(), &[])?;
    let obeyed = api.engine.order(&Order::Namespaces).await;
    let bound = api.engine.current();
    let sum =
        |path: &str| -> u64 { obeyed.all().filter_map(|answer| answer["namespaces"][path]["sockets"].as_u64()).sum() };
    let told = bound.paths().into_iter().filter_map(|path| {
        let namespace = bound.namespace(&path)?.namespace();
        let patterns: Vec<&str> = namespace.rooms.iter().map(|room| &*room.pattern.text).collect();
        let mut events: Vec<&str> = namespace.backend_events.keys().map(|name| &**name).collect();
        events.sort_unstable();
        Some(json!({
            "namespace": &*path,
            "sockets": sum(&path),
            "rooms": patterns,
            "backendEvents": events,
        }))
    });
    let told: Vec<Value> = told.collect();
    Ok(Json(json!({ "digest": bound.plan.digest, "namespaces": told, "servers": obeyed.servers() })))
}

/// `GET /v1/admin/rooms?namespace=&prefix=&after=&limit=`: rooms that somebody is in, by name.
pub(super) async fn rooms(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    api.admin(&headers, Admin::Read)?;
    let asked = Asked::of(query.as_deref(), &["namespace", "prefix", "after", "limit"])?;
    let namespace = asked.namespace(&api)?;
    let limit = asked.limit()?;
    let (prefix, after) = (asked.take("prefix"), asked.take("after"));
    let obeyed = api.engine.order(&Order::Rooms { namespace: namespace.clone(), prefix, after, limit }).await;
    // The first so many of all are among the first so many of each.
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, size) in obeyed.all().filter_map(|answer| answer["rooms"].as_object()).flatten() {
        *sizes.entry(name).or_default() += size.as_u64().unwrap_or(0);
    }
    let more = sizes.len() > limit || obeyed.all().any(|answer| answer["more"] == true);
    let told = |(name, sockets): (&str, u64)| json!({ "room": name, "pattern": api.engine.pattern_of(&namespace, name), "sockets": sockets });
    let rooms: Vec<Value> = sizes.into_iter().take(limit).map(told).collect();
    let next = rooms.last().filter(|_| more).map(|room| room["room"].clone());
    Ok(Json(json!({ "namespace": namespace, "rooms": rooms, "next": next, "servers": obeyed.servers() })))
}

/// `GET /v1/admin/users/{id}`: a user's connections and the rooms they are in.
pub(super) async fn user(
    State(api): State<Api>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    api.admin(&headers, Admin::Read)?;
    let user = body::name(id)?;
    let _ = Asked::of(query.as_deref(), &[])?;
    let obeyed = api.engine.order(&Order::User { user: user.clone() }).await;
    let sockets: Vec<Value> =
        obeyed.all().filter_map(|answer| answer["sockets"].as_array()).flatten().cloned().collect();
    let more = obeyed.all().any(|answer| answer["more"] == true);
    Ok(Json(json!({ "user": user, "sockets": sockets, "more": more, "servers": obeyed.servers() })))
}

/// `GET /v1/admin/state?namespace=&key=&limit=`: what a key holds, its last entries.
pub(super) async fn state(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    api.admin(&headers, Admin::Read)?;
    let asked = Asked::of(query.as_deref(), &["namespace", "key", "limit"])?;
    let namespace = asked.namespace(&api)?;
    let limit = asked.limit()?;
    let key = asked.take("key");
    if key.is_empty() {
        return Err(query::wrong("`key` is needed, as a state of the namespace spells it.".into()));
    }
    let looked = api.engine.look(&namespace, &key, limit).await;
    let looked = looked.map_err(|refusal| Problem::refused(&refusal, "The store could not be asked."))?;
    let none = || Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "No state of that namespace has such a key.");
    let looked = looked.ok_or_else(none)?;
    let entries: Vec<Value> =
        looked.entries.iter().map(|(name, value)| json!({ "name": &**name, "value": value })).collect();
    Ok(Json(json!({
        "namespace": namespace,
        "key": key,
        "state": &*looked.state,
        "kind": looked.kind,
        "count": looked.count,
        "entries": entries,
    })))
}

/// What was asked for, by name.
struct Asked(Map<String, Value>);

impl Asked {
    fn of(query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut asked = Map::new();
        for (name, value) in query::pairs(query.unwrap_or_default()) {
            if !known.contains(&name.as_str()) {
                return Err(query::unknown(&name, known));
            }
            asked.insert(name, value.into());
        }
        Ok(Self(asked))
    }

    fn take(&self, name: &str) -> String {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn limit(&self) -> Result<usize, Problem> {
        let text = self.take("limit");
        if text.is_empty() { Ok(LIMIT) } else { query::limit(&text, LIMIT_MAX) }
    }

    fn namespace(&self, api: &Api) -> Result<String, Problem> {
        let text = self.take("namespace");
        if text.is_empty() {
            return Err(query::wrong("`namespace` is needed.".into()));
        }
        let path = body::namespace(&text);
        match api.engine.current().namespace(&path) {
            Some(_) => Ok(path),
            None => Err(Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is no such namespace.")),
        }
    }
}
