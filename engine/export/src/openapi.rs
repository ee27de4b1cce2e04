//! OpenAPI 3.1 of the API over HTTP: a path for every backend event, and what operators ask.

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
    paths.insert("/healthz".into(), json!({ "get": {
        "operationId": "health", "summary": "That the server serves, and which definitions.", "security": [],
        "responses": { "200": ok("The digest of what is served, and what became of the last change.", &json!({ "$ref": "#/components/schemas/Health" })) },
    } }));
    paths.insert("/metrics".into(), json!({ "get": {
        "operationId": "metrics", "summary": "What is counted, in OpenMetrics.", "security": [],
        "responses": { "200": { "description": "Metrics.", "content": { "application/openmetrics-text": { "schema": { "type": "string" } } } } },
    } }));
    paths.insert("/v1/admin/reload".into(), json!({ "post": {
        "operationId": "reload", "summary": "Reads the definitions anew and serves them, if they are whole.",
        "responses": {
            "200": ok("They are served, or are what is served already.", &json!({ "$ref": "#/components/schemas/Report" })),
            "401": problem("No valid key was shown."),
            "422": ok("They have mistakes; nothing has changed.", &json!({ "$ref": "#/components/schemas/Report" })),
        },
    } }));
    shared(&mut schemas);
    json!({
        "openapi": "3.1.1",
        "info": { "title": "Homeroom", "version": digest, "description": "How services send events, and operators ask." },
        "servers": [{ "url": "http://127.0.0.1:3000" }],
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer", "description": "An API key." } },
            "schemas": schemas,
        },
    })
}

fn operation(told: &Told<'_>, event: &BackendTerms, to: &dyn Fn(&str) -> String) -> Value {
    let mut operation = json!({
        "operationId": format!("{}{}", told.word(), in_one_word(&event.name)),
        "tags": [told.path],
        "responses": {
            "200": ok("It was sent.", &json!({ "$ref": "#/components/schemas/Reached" })),
            "400": problem("The body is not JSON."),
            "401": problem("No valid key was shown."),
            "413": problem("The body is too large."),
            "415": problem("The body is of another type than JSON."),
            "422": problem("The payload is not as it should be, or the event was refused."),
            "500": problem("Something went wrong."),
            "503": problem("It could not be done now: try again."),
        },
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

fn ok(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

fn problem(description: &str) -> Value {
    ok(description, &json!({ "$ref": "#/components/schemas/Problem" }))
}

fn shared(schemas: &mut Map<String, Value>) {
    let issue = json!({
        "type": "object", "required": ["path", "message"],
        "properties": { "path": { "type": "string", "description": "A JSON pointer." }, "message": { "type": "string" } },
    });
    schemas.insert(
        "Problem".into(),
        json!({
            "type": "object", "required": ["code", "error"],
            "properties": {
                "code": { "type": "string" }, "error": { "type": "string" },
                "errors": { "type": "array", "items": issue }, "retryAfterMs": { "type": "integer", "minimum": 1 },
            },
        }),
    );
    schemas.insert("Reached".into(), json!({
        "type": "object", "required": ["reached"],
        "properties": { "reached": {
            "type": "object", "required": ["sockets"],
            "properties": { "sockets": { "type": "integer", "minimum": 0, "description": "Connections of this server that it was sent to." } },
        } },
    }));
    let told = json!({
        "type": "object", "required": ["code", "severity", "message", "place", "help"],
        "properties": {
            "code": { "type": "string" }, "severity": { "enum": ["error", "warning"] }, "message": { "type": "string" },
            "place": { "type": "string" }, "help": { "type": "array", "items": { "type": "string" } },
        },
    });
    schemas.insert("Report".into(), json!({
        "type": "object", "required": ["verdict", "digest", "at", "took_ms", "diagnostics", "rooms_left", "disconnected"],
        "properties": {
            "verdict": { "enum": ["served", "unchanged", "refused"] }, "digest": { "type": "string" },
            "at": { "type": "string" }, "took_ms": { "type": "integer", "minimum": 0 },
            "diagnostics": { "type": "array", "items": told },
            "rooms_left": { "type": "integer", "minimum": 0 }, "disconnected": { "type": "integer", "minimum": 0 },
        },
    }));
    schemas.insert(
        "Health".into(),
        json!({
            "type": "object", "required": ["status", "digest", "namespaces"],
            "properties": {
                "status": { "const": "ok" }, "digest": { "type": "string" },
                "namespaces": { "type": "array", "items": { "type": "string" } },
                "definitions": { "anyOf": [{ "$ref": "#/components/schemas/Report" }, { "type": "null" }] },
            },
        }),
    );
}
