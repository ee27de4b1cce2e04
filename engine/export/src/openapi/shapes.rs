//! What is asked and answered, as schemas.

use serde_json::{Map, Value, json};

pub(super) fn schemas(schemas: &mut Map<String, Value>) {
    let mut add = |name: &str, schema: Value| schemas.insert(name.to_owned(), schema);
    let count = json!({ "type": "integer", "minimum": 0 });
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let text = json!({ "type": "string" });
    add("Problem", problem());
    add(
        "Servers",
        object(
            &[
                (
                    "answered",
                    json!({ "type": "integer", "minimum": 1, "description": "How many servers the answer is made of." }),
                ),
                ("silent", described(&texts, "Servers that are known to be there and did not answer in time.")),
                (
                    "unknown",
                    json!({ "type": "boolean", "description": "Which servers there are could not be asked, so that some may be missing that are not named." }),
                ),
            ],
            &[],
        ),
    );
    let servers = object(
        &[
            ("reached", described(&count, "How many servers it reached connections of.")),
            ("answered", count.clone()),
            ("silent", texts.clone()),
            ("unknown", json!({ "type": "boolean" })),
        ],
        &[],
    );
    let positions = json!({
        "type": "object", "additionalProperties": { "type": "string" }, "maxProperties": 20,
        "description": "With `positions=yes`: by room that has a `history:`, the first 20 of them, the position right after this event, as clients are told it. A client that joins the room `since:` it is sent what came after. A room is left out if its history could not be asked.",
    });
    let reached = object(
        &[
            (
                "sockets",
                described(
                    &count,
                    "Connections that it was sent to: of this server, or with `reach=cluster` of all that answered; one that several emissions of the event reached counts for each.",
                ),
            ),
            ("rooms", described(&texts, "The first of the rooms that it was sent to.")),
            ("moreRooms", described(&count, "How many more rooms there were.")),
            ("positions", positions),
            ("servers", servers),
        ],
        &["positions", "servers"],
    );
    add("Reached", reached);
    add("Sent", object(&[("reached", named("Reached"))], &[]));
    let event = json!({
        "type": "object", "additionalProperties": false, "required": ["namespace", "event"],
        "properties": {
            "namespace": { "type": "string", "description": "Such as `/gradebook`." },
            "event": { "type": "string" },
            "payload": { "description": "What the event carries." },
        },
    });
    add(
        "Batch",
        json!({
            "type": "object", "additionalProperties": false, "required": ["events"],
            "properties": { "events": { "type": "array", "minItems": 1, "maxItems": 100, "items": event } },
        }),
    );
    let result = json!({ "anyOf": [object(&[("status", json!({ "const": 200 })), ("reached", named("Reached"))], &[]), named("Problem")] });
    add("Results", object(&[("results", json!({ "type": "array", "items": result }))], &[]));
    let told = object(
        &[
            ("code", text.clone()),
            ("severity", json!({ "enum": ["error", "warning"] })),
            ("message", text.clone()),
            ("place", text.clone()),
            ("help", texts.clone()),
        ],
        &[],
    );
    add(
        "Report",
        object(
            &[
                ("verdict", json!({ "enum": ["served", "unchanged", "refused"] })),
                ("digest", text.clone()),
                ("at", text.clone()),
                ("took_ms", count.clone()),
                ("diagnostics", json!({ "type": "array", "items": told })),
                ("rooms_left", count.clone()),
                ("disconnected", count.clone()),
            ],
            &[],
        ),
    );
    add(
        "Health",
        json!({
            "type": "object", "required": ["status", "digest", "namespaces"],
            "properties": {
                "status": { "const": "ok" }, "digest": text, "namespaces": texts,
                "definitions": { "anyOf": [named("Report"), { "type": "null" }] },
                "redis": { "type": "object", "description": "How the bus to the other servers fares, where there are any." },
            },
        }),
    );
    add("Documents", object(&[("digest", text.clone()), ("documents", texts.clone())], &[]));
    add(
        "Decisions",
        json!({
            "type": "object", "required": ["digest", "decisions"],
            "properties": {
                "digest": text,
                "decisions": { "type": "array", "items": { "type": "object", "required": ["at", "namespace", "kind", "code"] } },
                "sockets": { "type": "array", "items": { "type": "object" } },
            },
        }),
    );
    let list = json!({ "type": "array", "items": { "type": "object" } });
    add("Usage", object(&[("digest", text.clone()), ("sources", list.clone()), ("namespaces", list)], &[]));
    let namespace = object(
        &[
            ("namespace", text.clone()),
            ("sockets", count.clone()),
            ("rooms", texts.clone()),
            ("backendEvents", texts.clone()),
        ],
        &[],
    );
    add(
        "Namespaces",
        object(
            &[
                ("digest", text.clone()),
                ("namespaces", json!({ "type": "array", "items": namespace })),
                ("servers", named("Servers")),
            ],
            &[],
        ),
    );
    let maybe = json!({ "type": ["string", "null"] });
    let room = object(
        &[
            ("room", text.clone()),
            ("pattern", described(&maybe, "How the definitions spell it.")),
            ("sockets", count.clone()),
        ],
        &[],
    );
    add(
        "Rooms",
        object(
            &[
                ("namespace", text.clone()),
                ("rooms", json!({ "type": "array", "items": room })),
                ("next", described(&maybe, "Where to go on; `null`: there are no more.")),
                ("servers", named("Servers")),
            ],
            &[],
        ),
    );
    let socket = object(
        &[
            ("namespace", text.clone()),
            ("socket", text.clone()),
            ("role", maybe.clone()),
            ("server", maybe.clone()),
            ("tokenEndsAt", maybe),
            ("rooms", texts),
        ],
        &[],
    );
    add(
        "User",
        object(
            &[
                ("user", text.clone()),
                ("sockets", json!({ "type": "array", "items": socket })),
                ("more", json!({ "type": "boolean" })),
                ("servers", named("Servers")),
            ],
            &[],
        ),
    );
    let entry = object(&[("name", text.clone()), ("value", json!({}))], &[]);
    add(
        "State",
        object(
            &[
                ("namespace", text.clone()),
                ("key", text.clone()),
                ("state", text),
                ("kind", json!({ "enum": ["hash", "set", "list", "counter"] })),
                ("count", count.clone()),
                ("entries", json!({ "type": "array", "items": entry })),
            ],
            &[],
        ),
    );
    let mut done = object(
        &[
            ("sockets", described(&count, "Connections that were ended, asked or taken out.")),
            ("servers", named("Servers")),
        ],
        &[],
    );
    done["properties"]["left"] = described(&count, "Rooms that they left.");
    done["properties"]["disconnected"] = described(&count, "Connections that were ended for it.");
    done["properties"]["unasked"] = described(&count, "Rooms whose rules could not be asked, and that are kept.");
    add("Done", done);
}

fn problem() -> Value {
    let issue = object(
        &[
            ("path", json!({ "type": "string", "description": "A JSON pointer." })),
            ("message", json!({ "type": "string" })),
        ],
        &[],
    );
    json!({
        "type": "object", "required": ["type", "title", "status", "code", "detail"],
        "description": "RFC 9457, with the code that clients know it by.",
        "properties": {
            "type": { "const": "about:blank" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "type": "string" },
            "detail": { "type": "string" },
            "errors": { "type": "array", "items": issue },
            "retryAfterMs": { "type": "integer", "minimum": 1 },
            "reached": named("Reached"),
            "done": named("Done"),
        },
    })
}

/// An object that has these properties, all of them but for some.
fn object(properties: &[(&str, Value)], optional: &[&str]) -> Value {
    let required: Vec<&str> =
        properties.iter().map(|(name, _)| *name).filter(|name| !optional.contains(name)).collect();
    let properties: Map<String, Value> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn described(schema: &Value, description: &str) -> Value {
    let mut schema = schema.clone();
    schema["description"] = description.into();
    schema
}

fn named(name: &str) -> Value {
    super::named(name)
}
