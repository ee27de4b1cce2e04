//! Bodies that come in time. Whoever sends a byte now and then would hold a connection, and what has come so far, for ever.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use crate::BODY_BYTES_MAX;
use crate::problem::Problem;

/// Routes that are asked only when the body has come whole, which may take so long.
pub fn in_time(routes: Router, within: Duration) -> Router {
    routes.layer(from_fn(move |request: Request, next: Next| whole(request, next, within)))
}

async fn whole(request: Request, next: Next, within: Duration) -> Response {
    let (parts, body) = request.into_parts();
    let refused = match tokio::time::timeout(within, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => return next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(_)) => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The body is too large."),
        Err(_) => Problem::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", "The body took too long."),
    };
    refused.into_response()
}
