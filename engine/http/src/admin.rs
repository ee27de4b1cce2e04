//! `/v1/admin`: for those who operate the servers.

mod acts;
mod decisions;
mod looks;
mod usage;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::Api;
use crate::definitions::{Report, Verdict};
use crate::keys::Admin;
use crate::problem::Problem;

/// The routes below `/v1/admin`.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/admin/reload", post(reload))
        .route("/v1/admin/decisions", get(decisions::decisions))
        .route("/v1/admin/usage", get(usage::usage))
        .route("/v1/admin/namespaces", get(looks::namespaces))
        .route("/v1/admin/rooms", get(looks::rooms))
        .route("/v1/admin/state", get(looks::state))
        .route("/v1/admin/users/{id}", get(looks::user))
        .route("/v1/admin/users/{id}/disconnect", post(acts::disconnect))
        .route("/v1/admin/users/{id}/leave", post(acts::leave))
        .route("/v1/admin/users/{id}/recheck", post(acts::recheck_user))
        .route("/v1/admin/rooms/recheck", post(acts::recheck_room))
        .route("/v1/admin/tokens/{id}/revoke", post(acts::revoke_token))
}

/// Reads the definitions anew; 422 if they have mistakes, and then nothing has changed.
async fn reload(State(api): State<Api>, headers: HeaderMap) -> Result<(StatusCode, Json<Report>), Problem> {
    api.admin(&headers, Admin::Everything)?;
    let report = api.definitions.reload().await;
    let status = match report.verdict {
        Verdict::Served | Verdict::Unchanged => StatusCode::OK,
        Verdict::Refused => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok((status, Json(Report::clone(&report))))
}
