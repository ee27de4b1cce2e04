//! AsyncAPI 3.1: every namespace a channel, every event a message.
//!
//! The application described is the server, so what clients send it *receives*. Schemas are JSON Schema 2020-12, which is
//! said of each, since AsyncAPI's own is older. What Socket.IO has and AsyncAPI lacks stands under `x-socketio`.

use homeroom_plan::contract::{ClientTerms, ServerTerms, in_one_word, positions};
use serde_json::{Map, Value, json};

use crate::contract::{Told, answer, as_one, referring};

const FORMAT: &str = "application/schema+json;version=draft-2020-12";

/// The document of all namespaces.
pub(crate) fn document(all: &[Told<'_>], digest: &str) -> Value {
    let (mut channels, mut operations, mut schemas) = (Map::new(), Map::new(), Map::new());
    for told in all {
        let word = told.word();
        for (name, schema) in &told.types {
            schemas.insert(format!("{word}.{name}"), formatted(schema, &word));
        }
        channels.insert(word.clone(), channel(told, &word));
        told.terms.client_events.iter().for_each(|event| receive(&mut operations, &word, event));
        told.terms.server_events.iter().for_each(|event| send(&mut operations, &word, event));
    }
    json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": "Homeroom",
            "version": digest,
            "description": "What clients send to and receive from each Socket.IO namespace.",
        },
        "defaultContentType": "application/json",
        "servers": { "local": {
            "host": "127.0.0.1:3000", "pathname": "/socket.io", "protocol": "ws",
            "description": "Socket.IO 5 over Engine.IO 4.",
        } },
        "channels": channels,
        "operations": operations,
        "components": { "schemas": schemas },
    })
}

fn formatted(schema: &Value, word: &str) -> Value {
    let to = |name: &str| format!("#/components/schemas/{word}.{name}/schema");
    json!({ "schemaFormat": FORMAT, "schema": referring(schema, &to) })
}

fn channel(told: &Told<'_>, word: &str) -> Value {
    let mut messages = Map::new();
    for event in &told.terms.client_events {
        let one = in_one_word(&event.name);
        let said = json!({ "who": event.who, "limit": event.limit });
        let payload = formatted(&as_one(&event.carries), word);
        messages.insert(sent_name(&one), message(&event.name, event.description.as_deref(), &payload, &said));
        let answered = formatted(&answer(event.success.as_deref(), &event.failure), word);
        messages.insert(
            ack_name(&one),
            message(&format!("ack of {}", event.name), None, &answered, &json!({ "ack": true })),
        );
    }
    for event in &told.terms.server_events {
        let payload = formatted(&as_one(&event.carries), word);
        let views: Vec<Value> = event
            .views
            .iter()
            .map(
                |view| json!({ "roles": view.roles.iter().map(|role| &**role).collect::<Vec<_>>(), "omit": view.omit }),
            )
            .collect();
        let mut said = json!({ "to": event.to, "views": views });
        if event.tells_positions {
            said["lastArgument"] = positions();
        }
        messages.insert(
            told_name(&in_one_word(&event.name)),
            message(&event.name, event.description.as_deref(), &payload, &said),
        );
    }
    let mut channel = json!({ "address": told.path, "messages": messages });
    if let Some(description) = &told.terms.description {
        channel["description"] = description.as_str().into();
    }
    channel
}

fn message(name: &str, summary: Option<&str>, payload: &Value, said: &Value) -> Value {
    let mut message = json!({ "name": name, "title": name, "payload": payload, "x-socketio": said });
    if let Some(summary) = summary {
        message["summary"] = summary.into();
    }
    message
}

fn receive(operations: &mut Map<String, Value>, word: &str, event: &ClientTerms) {
    let one = in_one_word(&event.name);
    let channel = json!({ "$ref": format!("#/channels/{word}") });
    let message = |name: String| json!([{ "$ref": format!("#/channels/{word}/messages/{name}") }]);
    operations.insert(
        format!("{word}.receive.{one}"),
        json!({
            "action": "receive", "channel": channel, "messages": message(sent_name(&one)),
            "reply": { "channel": channel, "messages": message(ack_name(&one)) },
        }),
    );
}

fn send(operations: &mut Map<String, Value>, word: &str, event: &ServerTerms) {
    let one = in_one_word(&event.name);
    operations.insert(
        format!("{word}.send.{one}"),
        json!({
            "action": "send", "channel": { "$ref": format!("#/channels/{word}") },
            "messages": [{ "$ref": format!("#/channels/{word}/messages/{}", told_name(&one)) }],
        }),
    );
}

// An event may have one name in both directions.
fn sent_name(one: &str) -> String {
    format!("Client{one}")
}

fn ack_name(one: &str) -> String {
    format!("Client{one}Ack")
}

fn told_name(one: &str) -> String {
    format!("Server{one}")
}
