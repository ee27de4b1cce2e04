//! Who someone is, once it has been verified.

use serde_json::Value;

use crate::Refusal;

/// A verified identity.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What definitions see as `user`: an object with `id`, `role` and whatever else the settings map.
    pub user: Value,
    /// When it ends, in milliseconds since the Unix epoch; the connection ends with it.
    pub expires_at_ms: Option<i64>,
}

/// Verifies tokens.
pub trait Authenticator: Send + Sync {
    /// Who the bearer of `token` is, at `now_ms` milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// UNAUTHENTICATED or TOKEN_EXPIRED, with the cause for the log.
    fn verify(&self, token: Option<&str>, now_ms: i64) -> Result<Verified, Refusal>;
}
