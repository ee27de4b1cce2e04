//! API keys: who may send events over HTTP.

use std::sync::RwLock;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use subtle::ConstantTimeEq;

/// The keys that are let in. They show nowhere, not even in `Debug`.
pub struct ApiKeys {
    keys: RwLock<Vec<Box<str>>>,
}

impl std::fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiKeys({})", self.read().len())
    }
}

impl ApiKeys {
    /// These keys; blank ones count as none.
    pub fn new(keys: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        Self { keys: RwLock::new(useful(keys)) }
    }

    /// Lets in these from now on, and no others.
    pub fn replace(&self, keys: impl IntoIterator<Item = impl Into<Box<str>>>) {
        *self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner) = useful(keys);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Vec<Box<str>>> {
        self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether the request bears one of them. Takes the same time for each wrong key of a length.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(given) = bearer(headers) else { return false };
        self.read().iter().fold(false, |found, key| found | bool::from(key.as_bytes().ct_eq(given.as_bytes())))
    }
}

fn useful(keys: impl IntoIterator<Item = impl Into<Box<str>>>) -> Vec<Box<str>> {
    let mut keys: Vec<Box<str>> = keys.into_iter().map(Into::into).collect();
    keys.retain(|key| !key.trim().is_empty());
    keys
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
