//! The API over HTTP: events of services, and whether the server is well.

mod admin;
pub mod definitions;
mod events;
mod health;
mod in_time;
mod keys;
mod problem;
mod schemas;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use homeroom_runtime::Engine;
use problem::Problem;

/// Routes over HTTP.
pub use axum::Router as Routes;
pub use definitions::{Definitions, Report, Verdict};
pub use in_time::in_time;
pub use keys::ApiKeys;
pub use schemas::Contracts;

/// How many bytes a request's body may have.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What the API needs.
#[derive(Clone)]
pub struct Api {
    /// The engine that events are given to.
    pub engine: Engine,
    /// The keys that are let in.
    pub keys: Arc<ApiKeys>,
    /// What other teams build on, made of what is served.
    pub contracts: Arc<Contracts>,
    /// Where what is served comes from.
    pub definitions: Arc<dyn Definitions>,
}

impl Api {
    /// Lets a request with a key in.
    fn allow(&self, headers: &HeaderMap) -> Result<(), Problem> {
        match self.keys.admit(headers) {
            true => Ok(()),
            false => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "UNAUTHENTICATED",
                "A valid API key is needed: `Authorization: Bearer KEY`.",
            )),
        }
    }
}

/// The routes of the API.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/healthz", get(health::health))
        .route("/metrics", get(health::metrics))
        .route("/v1/namespaces/{namespace}/events/{event}", post(events::event))
        .route("/v1/schemas", get(schemas::all))
        .route("/v1/schemas/{*path}", get(schemas::one))
        .merge(admin::routes())
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(api)
}
