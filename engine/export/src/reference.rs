//! A page for people about one namespace: what may be sent and received, by whom, how often, and what the answer may be.

use std::fmt::Write;

use homeroom_plan::contract::{Carries, ViewTerms};
use serde_json::Value;

use crate::contract::{Told, arguments};

/// The page.
pub(crate) fn page(told: &Told<'_>) -> String {
    let mut page = format!(
        "<!-- Made by `homeroom export`: change the definitions instead of this file. -->\n# `{}`\n",
        told.path
    );
    if let Some(description) = &told.terms.description {
        add(&mut page, &format!("\n{description}\n"));
    }
    add(&mut page, &format!("\nContract `{}`.", told.digest()));
    add(&mut page, if told.terms.open { " No token is asked for.\n" } else { " A token is asked for.\n" });
    rooms(told, &mut page);
    client_events(told, &mut page);
    server_events(told, &mut page);
    backend_events(told, &mut page);
    types(told, &mut page);
    refusals(told, &mut page);
    page
}

fn add(page: &mut String, text: &str) {
    page.push_str(text);
}

fn rooms(told: &Told<'_>, page: &mut String) {
    if told.terms.rooms.is_empty() {
        return;
    }
    add(page, "\n## Rooms\n\n| room | who may enter |\n|---|---|\n");
    for room in &told.terms.rooms {
        let who: Vec<String> = room.who.iter().map(|who| cell(who)).collect();
        let mut about = room.description.as_ref().map(|text| format!("<br>{}", cell(text))).unwrap_or_default();
        if let Some(history) = room.history {
            let _ = write!(about, "<br>keeps {} events for {} s", history.size, history.ttl.as_secs());
        }
        // Writing to a `String` does not fail.
        let _ = writeln!(page, "| `{}`{about} | {} |", room.pattern, who.join("; or<br>"));
    }
}

fn client_events(told: &Told<'_>, page: &mut String) {
    if told.terms.client_events.is_empty() {
        return;
    }
    add(page, "\n## What clients may send\n");
    for event in &told.terms.client_events {
        let _ = write!(page, "\n### `{}`\n", event.name);
        if let Some(description) = &event.description {
            let _ = write!(page, "\n{description}\n");
        }
        let who = if event.who.is_empty() {
            "whoever may enter the room that it joins first".to_owned()
        } else {
            event.who.join("; or ")
        };
        let _ = write!(page, "\n- Who: {who}\n");
        if let Some(limit) = &event.limit {
            let _ = writeln!(page, "- Limit: {limit}");
        }
        let codes: Vec<String> = event.codes.iter().map(|code| format!("`{code}`")).collect();
        let _ = writeln!(page, "- May be refused: {}", codes.join(", "));
        carries(&event.carries, page);
        if let Some([one]) = event.success.as_deref() {
            match one["properties"].get("data") {
                Some(data) => {
                    add(page, "\nAnswered, in `data`:\n");
                    table(data, page);
                }
                None if one["properties"].get("success").is_some() => add(page, "\nAnswered with `success` alone.\n"),
                None => {
                    add(page, "\nAnswered:\n");
                    table(one, page);
                }
            }
        }
    }
}

fn server_events(told: &Told<'_>, page: &mut String) {
    if told.terms.server_events.is_empty() {
        return;
    }
    add(page, "\n## What clients may receive\n");
    for event in &told.terms.server_events {
        let _ = write!(page, "\n### `{}`\n", event.name);
        if let Some(description) = &event.description {
            let _ = write!(page, "\n{description}\n");
        }
        if !event.to.is_empty() {
            let to: Vec<String> = event.to.iter().map(|to| format!("`{to}`")).collect();
            let _ = write!(page, "\n- Goes to: {}\n", to.join(", "));
        }
        for ViewTerms { roles, omit } in event.views.iter().filter(|view| !view.omit.is_empty()) {
            let omit: Vec<String> = omit.iter().map(|name| format!("`{name}`")).collect();
            let _ = writeln!(page, "- Without {} for {}", omit.join(", "), roles.join(", "));
        }
        carries(&event.carries, page);
        if event.tells_positions {
            add(page, "\nThe last argument may be positions by room, to come back with.\n");
        }
    }
}

fn backend_events(told: &Told<'_>, page: &mut String) {
    if told.terms.backend_events.is_empty() {
        return;
    }
    add(page, "\n## What services may send\n");
    for event in &told.terms.backend_events {
        let _ = write!(page, "\n### `POST /v1/namespaces{}/events/{}`\n", told.path, event.name);
        if let Some(description) = &event.description {
            let _ = write!(page, "\n{description}\n");
        }
        carries(&event.carries, page);
    }
}

fn types(told: &Told<'_>, page: &mut String) {
    if told.types.is_empty() {
        return;
    }
    add(page, "\n## Types\n");
    for (name, schema) in &told.types {
        let _ = write!(page, "\n### {name}\n");
        table(schema, page);
    }
}

fn refusals(told: &Told<'_>, page: &mut String) {
    if told.errors.is_empty() {
        return;
    }
    add(page, "\n## Refusals of this namespace\n\n| code | text |\n|---|---|\n");
    for (code, text) in &told.errors {
        let _ = writeln!(page, "| `{code}` | {} |", cell(text));
    }
}

fn carries(carries: &Carries, page: &mut String) {
    match arguments(carries).as_deref() {
        None => add(page, "\nCarries whatever is sent.\n"),
        Some([]) => add(page, "\nCarries nothing.\n"),
        Some([one]) => table(one, page),
        Some(all) => {
            for (at, one) in all.iter().enumerate() {
                let _ = writeln!(page, "\nArgument {}: {}", at + 1, kind(one));
            }
        }
    }
}

/// The properties of an object, or what else it is.
fn table(schema: &Value, page: &mut String) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|all| !all.is_empty()) else {
        let _ = write!(page, "\n{}\n", kind(schema));
        return;
    };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    add(page, "\n| property | type | |\n|---|---|---|\n");
    for (name, schema) in properties {
        let must = if required.contains(&name.as_str()) { "" } else { "optional" };
        let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let about = [must, about].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join("; ");
        let _ = writeln!(page, "| `{name}` | {} | {} |", cell(&kind(schema)), cell(&about));
    }
}

/// A schema in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return name.trim_start_matches("#/$defs/").to_owned();
    }
    if let Some(value) = schema.get("const") {
        return format!("`{value}`");
    }
    if let Some(Value::Array(all)) = schema.get("enum") {
        return all.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(all)) = schema.get(key) {
            return all.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let bounds: Vec<String> =
        ["minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "format", "pattern"]
            .iter()
            .filter_map(|key| schema.get(*key).map(|value| format!("{key} {value}")))
            .collect();
    let plain = match (schema.get("type"), schema.get("items")) {
        (Some(Value::String(kind)), Some(items)) if kind == "array" => format!("list of {}", self::kind(items)),
        (Some(Value::String(kind)), _) => kind.clone(),
        (Some(Value::Array(all)), _) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any value".into(),
    };
    if bounds.is_empty() { plain } else { format!("{plain} ({})", bounds.join(", ")) }
}

/// Text that stays within its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
