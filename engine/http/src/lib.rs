//! The API over HTTP: events of services, and whether the server is well.

mod admin;
mod body;
pub mod definitions;
mod events;
mod health;
mod in_time;
mod keys;
mod problem;
mod query;
mod schemas;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use homeroom_runtime::Engine;
use homeroom_runtime::receipts::Keeping;
use problem::Problem;

/// Routes over HTTP.
pub use axum::Router as Routes;
pub use definitions::{Definitions, Report, Verdict};
pub use in_time::in_time;
pub use keys::{Admin, ApiKey, ApiKeys, KeyHash, MaySend, Sends};
pub use schemas::Contracts;

/// How long tokens are refused that are revoked, where nobody says it.
pub const REVOKED_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

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
    /// How long answers to services are kept.
    pub keeping: Keeping,
    /// How long tokens are refused that are revoked, where nobody says it.
    pub revoked_for: Duration,
}

impl Api {
    /// Whose key a request bears.
    fn bearer(&self, headers: &HeaderMap) -> Result<Arc<ApiKey>, Problem> {
        let told = || {
            let detail = "A valid API key is needed: `Authorization: Bearer KEY`.";
            Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", detail)
        };
        self.keys.bearer(headers).ok_or_else(told)
    }

    /// Lets a request in whose key is for those who operate the servers.
    fn admin(&self, headers: &HeaderMap, asked: Admin) -> Result<(), Problem> {
        match self.bearer(headers)?.admin >= asked {
            true => Ok(()),
            false => Err(Problem::new(StatusCode::FORBIDDEN, "UNAUTHORIZED", "This key is not for that.")),
        }
    }
}

/// The routes of the API.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/healthz", get(health::health))
        .route("/metrics", get(health::metrics))
        .route("/v1/namespaces/{namespace}/events/{event}", post(events::event))
        .route("/v1/events", post(events::batch))
        .route("/v1/openapi.json", get(schemas::openapi))
        .route("/v1/schemas", get(schemas::all))
        .route("/v1/schemas/{*path}", get(schemas::one))
        .merge(admin::routes())
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(api)
}
