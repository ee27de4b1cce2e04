//! `GET /v1/schemas`: what other teams build on, as `homeroom export` writes it, of what is served now.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use homeroom_plan::Plan;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::{Api, body};

/// The documents of a plan, by path.
type Made = BTreeMap<String, String>;

/// How the documents of a plan are made.
type Make = dyn Fn(&Plan) -> Made + Send + Sync;

/// The documents of what is served, made when they are first asked for.
pub struct Contracts {
    make: Box<Make>,
    /// Of the plan with this digest.
    made: Mutex<Option<(String, Arc<Made>)>>,
}

impl std::fmt::Debug for Contracts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contracts")
    }
}

impl Contracts {
    /// Documents that are made by `make`: path and text.
    pub fn new(make: impl Fn(&Plan) -> Made + Send + Sync + 'static) -> Self {
        Self { make: Box::new(make), made: Mutex::default() }
    }

    fn of(&self, plan: &Plan) -> Arc<Made> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some((digest, documents)) if *digest == plan.digest => Arc::clone(documents),
            _ => {
                let documents = Arc::new((self.make)(plan));
                *made = Some((plan.digest.clone(), Arc::clone(&documents)));
                documents
            }
        }
    }
}

/// The paths of all documents.
pub(crate) async fn all(State(api): State<Api>) -> Json<Value> {
    let documents = api.contracts.of(&api.engine.current().plan);
    let paths: Vec<String> = documents.keys().map(|path| format!("/v1/schemas/{path}")).collect();
    Json(json!({ "digest": api.engine.current().plan.digest, "documents": paths }))
}

/// The OpenAPI document.
pub(crate) async fn openapi(State(api): State<Api>) -> Result<impl IntoResponse, Problem> {
    one(State(api), Ok(Path("openapi.json".to_owned()))).await
}

/// One document.
pub(crate) async fn one(
    State(api): State<Api>,
    path: Result<Path<String>, PathRejection>,
) -> Result<impl IntoResponse, Problem> {
    let path = body::path(path)?;
    let documents = api.contracts.of(&api.engine.current().plan);
    let Some(text) = documents.get(&path) else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "There is no such document: see GET /v1/schemas.",
        ));
    };
    let kind = match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("md") => "text/markdown; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    };
    Ok(([(CONTENT_TYPE, kind)], text.clone()))
}
