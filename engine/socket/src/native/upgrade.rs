//! From an HTTP request to a WebSocket of ours.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::net::TcpStream;

use super::Native;
use crate::link::{Guarded, Hold, Link};

/// What the key is hashed with (RFC 6455, 1.3).
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const VERSION: &str = "13";

/// A WebSocket at its beginning.
pub(super) struct Upgraded {
    pub(super) stream: TcpStream,
    pub(super) hold: Hold,
    /// What came behind the request.
    pub(super) early: Bytes,
}

/// Whether a request begins a session on a WebSocket. All others, whatever is wrong with them, are socketioxide's.
pub(crate) fn is_for_us(request: &Request<Body>) -> bool {
    let headers = request.headers();
    request.method() == Method::GET
        && request.uri().query().is_some_and(begins_session)
        && has_token(headers, &header::UPGRADE, "websocket")
        && has_token(headers, &header::CONNECTION, "upgrade")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == VERSION)
        && headers.get(header::SEC_WEBSOCKET_KEY).is_some_and(|key| BASE64.decode_len(key.len()).is_ok())
        && request.extensions().get::<OnUpgrade>().is_some()
        && request.extensions().get::<Arc<Link>>().is_some()
}

fn begins_session(query: &str) -> bool {
    let has = |pair: &str| query.split('&').any(|other| other == pair);
    has("EIO=4") && has("transport=websocket") && !query.split('&').any(|pair| pair.starts_with("sid="))
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let texts = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
}

impl Native {
    /// Answers a request that [`is_for_us`], and serves the WebSocket it becomes.
    pub(crate) fn upgrade(self: &Arc<Self>, mut request: Request<Body>) -> Response {
        let extensions = request.extensions_mut();
        let (Some(upgrade), Some(link)) = (extensions.remove::<OnUpgrade>(), extensions.remove::<Arc<Link>>()) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let Some(accept) = request.headers().get(header::SEC_WEBSOCKET_KEY).and_then(accept) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let peer = self.house.peer(request.headers(), Some(&link));
        let native = Arc::clone(self);
        tokio::spawn(async move {
            match upgrade.await.ok().and_then(taken_apart) {
                Some(upgraded) => native.begin(upgraded, link, peer),
                None => tracing::debug!("a client was gone before its WebSocket began"),
            }
        });
        let head = [
            (header::CONNECTION, HeaderValue::from_static("Upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, head).into_response()
    }
}

fn accept(key: &HeaderValue) -> Option<HeaderValue> {
    let hash = Sha1::new().chain_update(key.as_bytes()).chain_update(MAGIC).finalize();
    HeaderValue::from_str(&BASE64.encode(&hash)).ok()
}

fn taken_apart(upgraded: hyper::upgrade::Upgraded) -> Option<Upgraded> {
    let parts = upgraded.downcast::<TokioIo<Guarded<TcpStream>>>().ok()?;
    let (stream, hold) = parts.io.into_inner().into_parts();
    Some(Upgraded { stream, hold, early: parts.read_buf })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_the_one_of_the_standard() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept(&key), Some(HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    }

    #[test]
    fn only_what_begins_on_a_websocket_is_ours() {
        assert!(begins_session("EIO=4&transport=websocket"));
        assert!(begins_session("token=x&transport=websocket&EIO=4&t=1"));
        for other in ["", "EIO=3&transport=websocket", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=x"] {
            assert!(!begins_session(other), "{other}");
        }
    }
}
