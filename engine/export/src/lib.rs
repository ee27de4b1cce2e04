//! Documents that are made from the engine's own types and from plans, and whether those on disk are still true.
//!
//! A document is made, never written by hand. A test makes each again and fails where the committed one differs, so that
//! none drifts; with `UPDATE_EXPECT=1` it writes them instead.

mod asyncapi;
mod contract;
mod openapi;
mod reference;
mod typescript;

use std::io;
use std::path::Path;
use std::sync::Arc;

use homeroom_plan::Plan;
use serde_json::{Map, Value, json};

use contract::Told;

/// A file that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it belongs, relative to the project.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// The documents about the language: the JSON Schema that editors complete and check definition files with, and the
/// reference that people read.
#[must_use]
pub fn language() -> Vec<Document> {
    let schema = homeroom_definition::schema::definition_schema();
    vec![
        Document { path: "schemas/namespace.schema.json".into(), text: pretty(&schema) },
        Document { path: "schemas/language.md".into(), text: homeroom_definition::reference::reference() },
    ]
}

/// What other teams build on, for everything in a plan: for each namespace its TypeScript, its JSON Schemas and a page to
/// read; for all of them AsyncAPI and OpenAPI. Paths are relative to the folder of documents.
#[must_use]
pub fn contracts(plan: &Plan) -> Vec<Document> {
    let all = told(plan);
    let digest = contracts_digest(&all);
    let mut documents = vec![
        Document { path: "asyncapi.json".into(), text: pretty(&asyncapi::document(&all, &digest)) },
        Document { path: "openapi.json".into(), text: pretty(&openapi::document(&all, &digest)) },
    ];
    for one in &all {
        let name = one.file_name();
        documents.push(Document { path: format!("{name}/{name}.ts"), text: typescript::module(one) });
        documents.push(Document { path: format!("{name}/schema.json"), text: pretty(&schemas(one)) });
        documents.push(Document { path: format!("{name}/README.md"), text: reference::page(one) });
    }
    documents
}

/// The digest of each namespace's contract, by path: what its generated clients announce.
#[must_use]
pub fn digests(plan: &Plan) -> Vec<(Arc<str>, String)> {
    plan.namespaces.values().map(|namespace| (Arc::clone(&namespace.path), Told::of(namespace).digest())).collect()
}

fn told(plan: &Plan) -> Vec<Told<'_>> {
    let mut all: Vec<Told<'_>> = plan.namespaces.values().map(|namespace| Told::of(namespace)).collect();
    all.sort_by_key(|told| told.path);
    all
}

/// A version that changes with any of the contracts.
fn contracts_digest(all: &[Told<'_>]) -> String {
    let digests: Vec<String> = all.iter().map(|told| told.digest()[..8].to_owned()).collect();
    if digests.is_empty() { "0".into() } else { digests.join("-") }
}

/// The JSON Schemas of a namespace: types under `$defs`, and what each event carries and is answered by its name.
fn schemas(told: &Told<'_>) -> Value {
    let client = told.terms.client_events.iter().map(|event| {
        let ack = contract::answer(event.success.as_deref(), &event.failure);
        (event.name.to_string(), json!({ "payload": contract::as_one(&event.carries), "ack": ack }))
    });
    let backend = told.terms.backend_events.iter();
    let backend = backend.map(|event| (event.name.to_string(), json!({ "payload": contract::as_one(&event.carries) })));
    let server = told.terms.server_events.iter();
    let server = server.map(|event| {
        let mut told = json!({ "payload": contract::as_one(&event.carries) });
        if event.tells_positions {
            told["lastArgument"] = homeroom_plan::contract::positions();
        }
        (event.name.to_string(), told)
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Made by `homeroom export`. What an event carries is found by its name; several arguments are a list.",
        "title": told.path,
        "contract": told.digest(),
        "client_events": client.collect::<Map<_, _>>(),
        "backend_events": backend.collect::<Map<_, _>>(),
        "server_events": server.collect::<Map<_, _>>(),
        "$defs": told.types,
    })
}

/// JSON as it is committed: indented, with a newline at the end.
#[must_use]
pub fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// The documents that differ from what is on disk below `root`, missing ones included.
///
/// # Errors
/// If a file is there and cannot be read.
pub fn stale<'a>(root: &Path, documents: &'a [Document]) -> io::Result<Vec<&'a Document>> {
    let mut stale = Vec::new();
    for document in documents {
        match std::fs::read_to_string(root.join(&document.path)) {
            Ok(text) if text == document.text => {}
            Ok(_) => stale.push(document),
            Err(error) if error.kind() == io::ErrorKind::NotFound => stale.push(document),
            Err(error) => return Err(error),
        }
    }
    Ok(stale)
}

/// Writes documents below `root`.
///
/// # Errors
/// If a file or its folder cannot be written.
pub fn write(root: &Path, documents: &[&Document]) -> io::Result<()> {
    for document in documents {
        let path = root.join(&document.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, &document.text)?;
    }
    Ok(())
}
