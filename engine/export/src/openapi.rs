//! OpenAPI 3.1 of the API over HTTP: a path for every backend event, several at once, and what operators see and do. Every
//! status that can be answered stands here.

mod admin;
mod shapes;

use homeroom_plan::contract::{BackendTerms, in_one_word};
use serde_json::{Map, Value, json};

use crate::contract::{Told, as_one, referring};

/// The document of all namespaces.
pub(crate) fn document(all: &[Told<'_>], digest: &str) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for told in all {
        let word = told.word();
        let to = |name: &str| format!("#/components/schemas/{word}.{name}");
        for (name, schema) in &told.types {
            schemas.insert(format!("{word}.{name}"), referring(schema, &to));
        }
        for event in &told.terms.backend_events {
            let path = format!("/v1/namespaces{}/events/{}", told.path, event.name);
            paths.insert(path, json!({ "post": operation(told, event, &to) }));
        }
    }
    paths.insert("/v1/events".into(), json!({ "post": batch() }));
    documents(&mut paths);
    admin::paths(&mut paths);
    shapes::schemas(&mut schemas);
    json!({
        "openapi": "3.1.1",
        "info": { "title": "Homeroom", "version": digest, "description": "How services send events, and operators ask." },
        "servers": [{ "url": "http://127.0.0.1:3000" }],
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer", "description": "An API key." } },
            "parameters": parameters(),
            "responses": responses(),
            "schemas": schemas,
        },
    })
}

/// What events are sent with, beside what they carry.
fn parameters() -> Value {
    json!({
        "Reach": {
            "name": "reach", "in": "query", "schema": { "enum": ["server", "cluster"], "default": "server" },
            "description": "`cluster` asks every server how many connections it reached, and waits for the answers a second at most.",
        },
        "Positions": {
            "name": "positions", "in": "query", "schema": { "enum": ["yes", "no"], "default": "no" },
            "description": "`yes` tells where the histories of the rooms that keep it are right after it.",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
            "description": "Visible ASCII characters, without spaces. Sent again with the same key and body, it is answered as the first time and done once, for as long as answers are kept. The same key with another body is refused. An answer of 4xx or 5xx is not kept: nothing was promised, so it may be sent again.",
        },
        "Id": { "name": "id", "in": "path", "required": true, "schema": { "type": "string", "minLength": 1, "maxLength": 512 } },
    })
}

/// The answers that are a no.
fn responses() -> Value {
    json!({
        "Unreadable": problem("The body is not JSON, or the address or a header cannot be read."),
        "Unauthenticated": problem("No valid key was shown."),
        "Forbidden": problem("This key is not for that, or not for this tenant."),
        "NotFound": problem("There is no such thing."),
        "WrongMethod": problem("This page does not take that method."),
        "UnderWay": problem("A request with this `Idempotency-Key` is under way."),
        "TooLarge": problem("The body is too large."),
        "UnsupportedMediaType": problem("The body is of another type than JSON."),
        "Unprocessable": problem("What came is not as it should be, with the places, or the event was refused."),
        "TooMany": problem("It was refused for now: `retryAfterMs` says when to come again."),
        "Internal": problem("Something went wrong."),
        "Unavailable": problem("It could not be promised now. What was done all the same stands in it; else nothing was."),
    })
}

/// Answers by their status, each one of [`responses`].
pub(crate) fn refusals(names: &[(&str, &str)]) -> Map<String, Value> {
    let told = |(status, name): &(&str, &str)| {
        ((*status).to_owned(), json!({ "$ref": format!("#/components/responses/{name}") }))
    };
    names.iter().map(told).collect()
}

/// What can be answered wherever a body is taken.
pub(crate) const BODY: &[(&str, &str)] = &[
    ("400", "Unreadable"),
    ("401", "Unauthenticated"),
    ("403", "Forbidden"),
    ("405", "WrongMethod"),
    ("413", "TooLarge"),
    ("415", "UnsupportedMediaType"),
    ("422", "Unprocessable"),
    ("503", "Unavailable"),
];

/// What can be answered beside it where events are sent.
const SENT: &[(&str, &str)] = &[("404", "NotFound"), ("409", "UnderWay"), ("429", "TooMany"), ("500", "Internal")];

fn sent(success: Map<String, Value>) -> Value {
    let mut all = success;
    all.extend(refusals(BODY));
    all.extend(refusals(SENT));
    Value::Object(all)
}

fn operation(told: &Told<'_>, event: &BackendTerms, to: &dyn Fn(&str) -> String) -> Value {
    let success = Map::from_iter([("200".to_owned(), ok("It was sent.", &named("Sent")))]);
    let mut operation = json!({
        "operationId": format!("{}{}", told.word(), in_one_word(&event.name)),
        "tags": [told.path],
        "parameters": sending(),
        "responses": sent(success),
    });
    if let Some(description) = &event.description {
        operation["summary"] = description.as_str().into();
    }
    let schema = as_one(&event.carries);
    if schema != json!({ "type": "null" }) {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": referring(&schema, to) } } });
    }
    operation
}

fn sending() -> Value {
    let names = ["Reach", "Positions", "IdempotencyKey"];
    names.map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).into()
}

fn batch() -> Value {
    let success = Map::from_iter([
        ("200".to_owned(), ok("All were sent.", &named("Results"))),
        ("207".to_owned(), ok("Some were not sent: each result has its status.", &named("Results"))),
    ]);
    json!({
        "operationId": "sendEvents",
        "summary": "Sends several events, in order; each happens whole or not at all, and has a result of its own.",
        "parameters": sending(),
        "requestBody": { "required": true, "content": { "application/json": { "schema": named("Batch") } } },
        "responses": sent(success),
    })
}

/// Whether the server is well, and what is made of what it serves.
fn documents(paths: &mut Map<String, Value>) {
    let wrong = refusals(&[("405", "WrongMethod")]);
    let open = |name: &str, summary: &str, response: Value| {
        let mut responses = Map::from_iter([("200".to_owned(), response)]);
        responses.extend(wrong.clone());
        json!({ "operationId": name, "summary": summary, "security": [], "responses": responses })
    };
    let text = |kind: &str| json!({ "description": "It.", "content": { kind: { "schema": { "type": "string" } } } });
    let health = ok("The digest of what is served, and what became of the last change.", &named("Health"));
    paths.insert(
        "/healthz".into(),
        json!({ "get": open("health", "That the server serves, and which definitions.", health) }),
    );
    let metrics = text("application/openmetrics-text; version=1.0.0; charset=utf-8");
    paths.insert("/metrics".into(), json!({ "get": open("metrics", "What is counted, in OpenMetrics.", metrics) }));
    let all = ok("The paths of all documents.", &named("Documents"));
    paths.insert("/v1/schemas".into(), json!({ "get": open("schemas", "What is exported of what is served.", all) }));
    let this = ok("This document.", &json!({ "type": "object" }));
    let mut document = open("openapi", "This document, of what is served.", this);
    if let Some(responses) = document["responses"].as_object_mut() {
        responses.extend(refusals(&[("404", "NotFound")]));
    }
    paths.insert("/v1/openapi.json".into(), json!({ "get": document }));
    let one = json!({ "description": "It.", "content": {
        "application/json": { "schema": {} },
        "text/markdown; charset=utf-8": { "schema": { "type": "string" } },
        "text/plain; charset=utf-8": { "schema": { "type": "string" } },
    } });
    let mut document = open("schema", "One of the documents.", one);
    if let Some(responses) = document["responses"].as_object_mut() {
        responses.extend(refusals(&[("400", "Unreadable"), ("404", "NotFound")]));
    }
    document["parameters"] =
        json!([{ "name": "path", "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }]);
    paths.insert("/v1/schemas/{path}".into(), json!({ "get": document }));
}

/// A schema by its name.
pub(crate) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An answer that is a yes.
pub(crate) fn ok(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

fn problem(description: &str) -> Value {
    json!({ "description": description, "content": { "application/problem+json": { "schema": named("Problem") } } })
}
