//! The API over HTTP: events of services, and whether the server is well.

mod events;
mod health;
mod keys;
mod problem;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use homeroom_runtime::Engine;

pub use keys::ApiKeys;

/// How many bytes a request's body may have.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What the API needs.
#[derive(Clone)]
pub struct Api {
    /// The engine that events are given to.
    pub engine: Engine,
    /// The keys that are let in.
    pub keys: Arc<ApiKeys>,
}

/// The routes of the API.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/healthz", get(health::health))
        .route("/v1/namespaces/{namespace}/events/{event}", post(events::event))
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(api)
}
