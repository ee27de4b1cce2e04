//! `GET /v1/admin/decisions?user=&namespace=&event=&code=&limit=`: what was decided lately, newest first.
//!
//! Room names, user ids and the ids of connections are told; a value of a payload is not even known here.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use homeroom_plan::Plan;
use homeroom_plan::frame::Now;
use homeroom_runtime::decisions::{About, Decision, Reach, Sent, Wanted};
use homeroom_runtime::{Engine, Session};
use serde_json::{Map, Value, json};

use crate::keys::Admin;
use crate::problem::Problem;
use crate::{Api, body, query};

/// How many are told where nothing is said.
const LIMIT: usize = 100;

/// How many are told at most.
const LIMIT_MAX: usize = 1000;

/// What can be asked.
const KEYS: [&str; 5] = ["user", "namespace", "event", "code", "limit"];

/// The latest decisions that are asked for; of a user also the connections that are open now, with their rooms.
pub(crate) async fn decisions(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    api.admin(&headers, Admin::Read)?;
    let (wanted, limit) = asked(query.as_deref().unwrap_or_default())?;
    let bound = api.engine.current();
    let decided = api.engine.decisions(&wanted, limit);
    let decided: Vec<Value> = decided.iter().map(|decision| told(decision, &api.engine, &bound.plan)).collect();
    let mut answer = json!({ "digest": bound.plan.digest, "decisions": decided });
    if let Some(user) = &wanted.user {
        let sessions = api.engine.sessions_of(user, wanted.namespace.as_deref());
        answer["sockets"] = sessions.iter().map(|session| socket(session, &bound.plan)).collect();
    }
    Ok(Json(answer))
}

fn asked(text: &str) -> Result<(Wanted, usize), Problem> {
    let (mut wanted, mut limit) = (Wanted::default(), LIMIT);
    for (key, value) in query::pairs(text) {
        match key.as_str() {
            "limit" => limit = query::limit(&value, LIMIT_MAX)?,
            _ if value.is_empty() => {}
            "user" => wanted.user = Some(value),
            "namespace" => wanted.namespace = Some(body::namespace(&value)),
            "event" => wanted.event = Some(value),
            "code" => wanted.code = Some(value),
            other => return Err(query::unknown(other, &KEYS)),
        }
    }
    Ok((wanted, limit))
}

fn told(decision: &Decision, engine: &Engine, plan: &Plan) -> Value {
    let mut told = Map::new();
    told.insert("at".into(), Now::at(decision.at_ms).value().clone());
    told.insert("namespace".into(), text(&decision.who.namespace));
    about(&decision.about, &decision.who.namespace, engine, plan, &mut told);
    let known = [
        ("user", Some(&decision.who.user)),
        ("socket", Some(&decision.who.socket)),
        ("place", decision.place.as_ref()),
    ];
    let there = known.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    told.extend(there.map(|(name, value)| (name.to_owned(), text(value))));
    told.insert("code".into(), decision.code.as_ref().map_or("OK".into(), text));
    told.insert("trace".into(), decision.trace.to_string().into());
    told.insert("took_us".into(), decision.took_us.into());
    Value::Object(told)
}

fn text(text: &Arc<str>) -> Value {
    Value::from(&**text)
}

fn about(about: &About, namespace: &str, engine: &Engine, plan: &Plan, told: &mut Map<String, Value>) {
    let mut tell = |name: &str, value: Value| told.insert(name.to_owned(), value);
    match about {
        About::Connect => drop(tell("kind", "connect".into())),
        About::Event(event) => {
            tell("kind", "event".into());
            tell("event", text(event));
        }
        About::Backend(event) => {
            tell("kind", "backend".into());
            tell("event", text(event));
        }
        About::Join(room) => {
            tell("kind", "join".into());
            tell("room", text(room));
            tell("pattern", engine.pattern_of(namespace, room).into());
        }
        About::Sent(sent) => {
            tell("kind", "sent".into());
            tell("event", text(&sent.event));
            tell("to", to(sent, namespace, engine));
            tell("reached", sent.forms().map(|form| reached(&form, plan)).collect());
        }
    }
}

fn to(sent: &Sent, namespace: &str, engine: &Engine) -> Value {
    let room = |room: &Arc<str>| json!({ "room": &**room, "pattern": engine.pattern_of(namespace, room) });
    json!({
        "rooms": sent.rooms.iter().map(room).collect::<Vec<_>>(),
        "everyone": sent.everyone,
        "sender": sent.sender && !sent.except_sender,
        "except_sender": sent.except_sender,
        "except_rooms": sent.except_rooms().iter().map(room).collect::<Vec<_>>(),
    })
}

fn reached(form: &Reach, plan: &Plan) -> Value {
    let names = |roles: &Vec<usize>| roles.iter().filter_map(|role| plan.roles.get(*role)).map(text).collect();
    json!({ "roles": form.roles.as_ref().map(|roles| Value::Array(names(roles))), "sockets": form.sockets })
}

fn socket(session: &Session, plan: &Plan) -> Value {
    let rooms: Vec<Value> = session.rooms().iter().map(text).collect();
    json!({
        "namespace": &*session.who.namespace,
        "socket": &*session.who.socket,
        "role": session.role().and_then(|role| plan.roles.get(role)).map(text),
        "rooms": rooms,
    })
}
