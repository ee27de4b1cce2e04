//! What stands before socketioxide: origins, and requests cut to what it needs.
//!
//! A connection keeps the request it began with for as long as it lives, and with it the whole buffer that the request was
//! read into: 16 KiB of the 41 a connection took. What is kept is therefore copied, and the rest let go.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use hyper::upgrade::OnUpgrade;
use tower::Service;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::handshakes::{Handshakes, come_again};
use crate::house::House;
use crate::link::{Link, Links};
use crate::native::{self, Native};
use crate::oxide::Answers;

/// The headers that the handshake, the upgrade and the definitions need.
const KEPT: [HeaderName; 9] = [
    header::HOST,
    header::ORIGIN,
    header::USER_AGENT,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONNECTION,
    header::UPGRADE,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
];

/// Stands for every origin.
const ANY_ORIGIN: &str = "*";

/// The routes of a Socket.IO service; WebSockets that `native` wants are its own.
pub(crate) fn router(
    service: impl Answers,
    house: &Arc<House>,
    native: Option<Arc<Native>>,
    handshakes: Arc<Handshakes>,
) -> Router {
    let settings = &house.settings;
    let path = settings.path.trim_end_matches('/');
    let origins = settings.origins.as_slice().into();
    let links = Arc::clone(&house.links);
    let front = Front { service, native, handshakes, links, origins, body_timeout: settings.ping_timeout };
    let router = Router::new().route_service(path, front.clone()).route_service(&format!("{path}/"), front);
    match cors(&settings.origins) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

fn cors(origins: &[String]) -> Option<CorsLayer> {
    let layer = CorsLayer::new().allow_methods([Method::GET, Method::POST]).allow_headers([header::CONTENT_TYPE]);
    if origins.is_empty() {
        return None;
    }
    if origins.iter().any(|origin| origin == ANY_ORIGIN) {
        return Some(layer.allow_origin(Any));
    }
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    Some(layer.allow_origin(AllowOrigin::list(origins)).allow_credentials(true))
}

#[derive(Clone)]
struct Front<S> {
    service: S,
    native: Option<Arc<Native>>,
    handshakes: Arc<Handshakes>,
    links: Arc<Links>,
    origins: Arc<[String]>,
    /// How long the body of a request may take; whoever is slower does not answer pings either.
    body_timeout: Duration,
}

impl<S> Front<S> {
    /// Browsers open WebSockets to anywhere, and only say from where: pages of other origins are turned away here.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let known = |known: &String| known == ANY_ORIGIN || known.as_bytes() == origin.as_bytes();
        self.origins.is_empty() || self.origins.iter().any(known)
    }
}

impl<S: Answers> Service<Request<Body>> for Front<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !self.admits(request.headers()) {
            return Box::pin(async { Ok((StatusCode::FORBIDDEN, "origin not allowed").into_response()) });
        }
        if session(request.uri()).is_some() {
            return self.answer(request);
        }
        let (mut front, handshakes) = (self.clone(), Arc::clone(&self.handshakes));
        Box::pin(async move {
            match handshakes.admit().await {
                Ok(()) => front.answer(request).await,
                Err(away) => Ok(come_again(away)),
            }
        })
    }
}

impl<S: Answers> Front<S> {
    fn answer(&mut self, request: Request<Body>) -> BoxFuture<'static, Result<Response, Infallible>> {
        if let Some(native) = self.native.as_ref().filter(|_| native::is_for_us(&request)) {
            let upgraded = native.upgrade(request);
            return Box::pin(async { Ok(upgraded) });
        }
        let request = cut(request);
        if let (Some(session), Some(link)) = (moving_session(&request), request.extensions().get::<Arc<Link>>()) {
            self.links.moved(session, link);
        }
        let has_body = request.method() == Method::POST;
        let served = self.service.call(request);
        let body_timeout = self.body_timeout;
        Box::pin(async move {
            if !has_body {
                return Ok(served.await?.into_response());
            }
            match tokio::time::timeout(body_timeout, served).await {
                Ok(served) => Ok(served?.into_response()),
                Err(_elapsed) => Ok(StatusCode::REQUEST_TIMEOUT.into_response()),
            }
        })
    }
}

/// The session that a WebSocket request says it takes over.
fn moving_session(request: &Request<Body>) -> Option<&str> {
    request.headers().get(header::UPGRADE)?;
    session(request.uri())
}

/// The session that a request is of; without one, it begins one.
fn session(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("sid="))
}

/// The request with copies of what is needed, and nothing that holds on to the buffer it was read into.
fn cut(request: Request<Body>) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    let mut kept = HeaderMap::with_capacity(KEPT.len());
    for name in KEPT {
        if let Some(value) = parts.headers.get(&name).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok()) {
            kept.insert(name, value);
        }
    }
    let mut fresh = Request::new(body);
    *fresh.method_mut() = parts.method;
    *fresh.version_mut() = parts.version;
    *fresh.headers_mut() = kept;
    *fresh.uri_mut() = parts.uri.to_string().parse().unwrap_or_else(|_| Uri::from_static("/"));
    if let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() {
        fresh.extensions_mut().insert(upgrade);
    }
    if let Some(link) = parts.extensions.remove::<Arc<Link>>() {
        fresh.extensions_mut().insert(link);
    }
    fresh
}
