//! What operators see and do.

use serde_json::{Map, Value, json};

use super::{BODY, named, ok, refusals};

/// The statuses of what is looked at.
const LOOKED: &[(&str, &str)] =
    &[("400", "Unreadable"), ("401", "Unauthenticated"), ("403", "Forbidden"), ("405", "WrongMethod")];

pub(super) fn paths(paths: &mut Map<String, Value>) {
    let mut add = |path: &str, method: &str, operation: Value| {
        paths.insert(format!("/v1/admin/{path}"), json!({ method: operation }));
    };
    let reloaded = ok("They are served, or are what is served already.", &named("Report"));
    let mut reload = look("reload", "Reads the definitions anew and serves them, if they are whole.", reloaded);
    reload["responses"]["422"] = ok("They have mistakes; nothing has changed.", &named("Report"));
    if let Some(responses) = reload["responses"].as_object_mut() {
        responses.remove("400");
    }
    add("reload", "post", reload);
    let decided = ok("The latest, newest first.", &named("Decisions"));
    let mut decisions = look(
        "decisions",
        "What this server decided lately: who was let in, refused or reached, by which rule.",
        decided,
    );
    decisions["parameters"] = json!([
        query("user", "About this user; also tells of the user's connections to this server.", &text()),
        query("namespace", "In this namespace.", &text()),
        query("event", "About this event.", &text()),
        query("code", "With this code; `OK` for what was allowed.", &text()),
        limit(),
    ]);
    add("decisions", "get", decisions);
    let mut usage = look(
        "usage",
        "What this server is used for now, and the definitions that it serves.",
        ok("Counts.", &named("Usage")),
    );
    if let Some(responses) = usage["responses"].as_object_mut() {
        responses.remove("400");
    }
    add("usage", "get", usage);
    let namespaces =
        ok("The namespaces that are served, and how many are connected over all servers.", &named("Namespaces"));
    add("namespaces", "get", look("namespaces", "Namespaces.", namespaces));
    let mut rooms = look(
        "rooms",
        "Rooms that somebody is in and their size, over all servers, by name.",
        ok("Some of them.", &named("Rooms")),
    );
    rooms["parameters"] = json!([
        needed(query("namespace", "The namespace.", &text())),
        query("prefix", "Rooms whose names begin so.", &text()),
        query("after", "Rooms whose names come after this one: `next` of the answer before.", &text()),
        limit(),
    ]);
    add("rooms", "get", or(rooms, &[("404", "NotFound")]));
    let mut state = look("state", "What a key holds, its last entries.", ok("It.", &named("State")));
    state["parameters"] = json!([
        needed(query("namespace", "The namespace whose state it is.", &text())),
        needed(query("key", "The key, as the state spells it.", &text())),
        limit(),
    ]);
    add("state", "get", or(state, &[("404", "NotFound"), ("503", "Unavailable")]));
    let mut user = look("user", "A user's connections and their rooms, over all servers.", ok("They.", &named("User")));
    user["parameters"] = id();
    add("users/{id}", "get", user);

    let namespace = ("namespace", text());
    let socket = ("socket", text());
    let lasts = (
        "for",
        json!({ "type": "string", "pattern": "^[1-9][0-9]{0,5}(ms|s|m)$", "description": "How long the tokens would be valid at most, such as `90m`; the settings' `api.revoked_for` otherwise." }),
    );
    add(
        "users/{id}/disconnect",
        "post",
        act(
            "disconnect",
            "Ends a user's connections, on all servers; with `revoke` refuses the tokens that the user has until now, too.",
            &[namespace.clone(), socket.clone(), ("revoke", json!({ "type": "boolean" })), lasts.clone()],
            &[],
        ),
    );
    let rooms = ("rooms", json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": { "type": "string" } }));
    add(
        "users/{id}/leave",
        "post",
        or(
            act(
                "leave",
                "Takes a user's connections out of rooms, on all servers. Whom the rules admit may come back.",
                &[namespace.clone(), rooms, socket],
                &["namespace", "rooms"],
            ),
            &[("404", "NotFound")],
        ),
    );
    add(
        "users/{id}/recheck",
        "post",
        or(
            act(
                "recheckUser",
                "Asks on all servers whether a user may still be in the rooms they are in, whatever was answered before.",
                std::slice::from_ref(&namespace),
                &[],
            ),
            &[("404", "NotFound")],
        ),
    );
    let mut room = act(
        "recheckRoom",
        "Asks on all servers whether those in a room may still be there, whatever was answered before.",
        &[namespace, ("room", text())],
        &["namespace", "room"],
    );
    if let Some(room) = room.as_object_mut() {
        room.remove("parameters");
    }
    add("rooms/recheck", "post", or(room, &[("404", "NotFound")]));
    add(
        "tokens/{id}/revoke",
        "post",
        act(
            "revokeToken",
            "Refuses the token whose claim `jti` is this, and ends connections with it: at once on servers that answer, within two seconds on others.",
            &[lasts],
            &[],
        ),
    );
}

fn look(name: &str, summary: &str, found: Value) -> Value {
    let mut responses = Map::from_iter([("200".to_owned(), found)]);
    responses.extend(refusals(LOOKED));
    json!({ "operationId": name, "summary": summary, "tags": ["admin"], "responses": responses })
}

fn act(name: &str, summary: &str, fields: &[(&str, Value)], required: &[&str]) -> Value {
    let done = ok("It was done, on all servers.", &named("Done"));
    let mut responses = Map::from_iter([("200".to_owned(), done)]);
    responses.extend(refusals(BODY));
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let schema =
        json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties });
    json!({
        "operationId": name, "summary": summary, "tags": ["admin"], "parameters": id(),
        "requestBody": { "required": !required.is_empty(), "content": { "application/json": { "schema": schema } } },
        "responses": responses,
    })
}

fn or(mut operation: Value, names: &[(&str, &str)]) -> Value {
    if let Some(responses) = operation["responses"].as_object_mut() {
        responses.extend(refusals(names));
    }
    operation
}

fn id() -> Value {
    json!([{ "$ref": "#/components/parameters/Id" }])
}

fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

fn needed(mut parameter: Value) -> Value {
    parameter["required"] = true.into();
    parameter["schema"]["minLength"] = 1.into();
    parameter
}

fn limit() -> Value {
    let schema = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 });
    query("limit", "How many at most.", &schema)
}

fn text() -> Value {
    json!({ "type": "string" })
}
