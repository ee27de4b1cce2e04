//! Who someone is, once it has been verified.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use crate::Refusal;

/// A verified identity.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What definitions see as `user`: an object with `id`, `role` and whatever else the settings map.
    pub user: Value,
    /// When it ends, in milliseconds since the Unix epoch; the connection ends with it.
    pub expires_at_ms: Option<i64>,
    /// What its token is called by its issuer (`jti`), by which it can be revoked.
    pub token_id: Option<Arc<str>>,
    /// When its token was made (`iat`), in milliseconds since the Unix epoch.
    pub issued_at_ms: Option<i64>,
}

impl Verified {
    /// A user whose token never ends, and cannot be revoked apart from its user.
    #[must_use]
    pub fn lasting(user: Value) -> Self {
        Self { user, expires_at_ms: None, token_id: None, issued_at_ms: None }
    }
}

/// An identity in the making.
pub type Verifying<'a> = Pin<Box<dyn Future<Output = Result<Verified, Refusal>> + Send + 'a>>;

/// Verifies tokens.
pub trait Authenticator: Send + Sync {
    /// Who the bearer of `token` is, at `now_ms` milliseconds since the Unix epoch; what it waits for is bounded.
    ///
    /// Fails with UNAUTHENTICATED or TOKEN_EXPIRED, or UNAVAILABLE where it could not be verified, with the cause for the log.
    fn verify<'a>(&'a self, token: Option<&'a str>, now_ms: i64) -> Verifying<'a>;
}
