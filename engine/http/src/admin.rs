//! `/v1/admin`: for those who operate the server.

mod decisions;
mod query;
mod usage;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::Api;
use crate::definitions::{Report, Verdict};
use crate::problem::Problem;

/// The routes below `/v1/admin`.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/admin/reload", post(reload))
        .route("/v1/admin/decisions", get(decisions::decisions))
        .route("/v1/admin/usage", get(usage::usage))
}

/// Reads the definitions anew; 422 if they have mistakes, and then nothing has changed.
async fn reload(State(api): State<Api>, headers: HeaderMap) -> Result<(StatusCode, Json<Report>), Problem> {
    api.allow(&headers)?;
    let report = api.definitions.reload().await;
    let status = match report.verdict {
        Verdict::Served | Verdict::Unchanged => StatusCode::OK,
        Verdict::Refused => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok((status, Json(Report::clone(&report))))
}
