//! API keys: who may send which events over HTTP, of whose affairs, and who may operate the servers.
//!
//! Only hashes of keys are held. What a request shows is hashed, and compared with every one of them in the same time
//! whatever it is, so that nothing can be learnt from how long an answer takes.

use std::sync::{Arc, PoisonError, RwLock};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use homeroom_runtime::Tenancy;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How a hash begins where it is written down.
const SHA256: &str = "sha256:";

/// The hash of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Of a key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// As it is written down: `sha256:` and 64 hexadecimal digits. `None` if it is no hash at all; an error if it begins
    /// like one.
    ///
    /// # Errors
    /// If what follows are not 64 hexadecimal digits.
    pub fn read(text: &str) -> Option<Result<Self, String>> {
        let digits = text.strip_prefix(SHA256)?;
        let byte = |at: usize| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok();
        let is_hex = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let mut bytes = [0; 32];
        let read = is_hex && bytes.iter_mut().enumerate().all(|(at, to)| byte(at).map(|byte| *to = byte).is_some());
        Some(if read { Ok(Self(bytes)) } else { Err(format!("`{SHA256}` is followed by 64 hexadecimal digits")) })
    }

    fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::fmt::Display for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(SHA256)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHash")
    }
}

/// Somebody who is let in, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Who it is; what it sends is remembered under this name.
    pub name: String,
    /// The hashes of its keys; any of them is as good.
    pub hashes: Vec<KeyHash>,
    /// What it may send.
    pub sends: Sends,
    /// What it may see and do of the servers.
    pub admin: Admin,
}

/// What somebody may send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Sends {
    /// Everything.
    #[default]
    Everything,
    /// What one of these says.
    Only(Vec<MaySend>),
}

/// Events that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaySend {
    /// The namespace's path.
    pub namespace: String,
    /// Its backend events; none: all.
    pub events: Vec<String>,
    /// Of whose affairs.
    pub tenancy: Tenancy,
}

/// What somebody may see and do of the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Admin {
    /// Nothing.
    Nothing,
    /// See.
    Read,
    /// See and do.
    Everything,
}

impl ApiKey {
    /// Somebody with one key, who may do everything.
    #[must_use]
    pub fn of_all(key: &str) -> Self {
        Self::with_all(KeyHash::of(key))
    }

    /// The same, of whose key only the hash is known.
    #[must_use]
    pub fn with_all(hash: KeyHash) -> Self {
        // What names it in the store says nothing of the key.
        let name = hash.to_string()[SHA256.len()..][..16].to_owned();
        Self { name, hashes: vec![hash], sends: Sends::Everything, admin: Admin::Everything }
    }
}

impl Sends {
    /// What binds whoever sends this event; `None`: it may not be sent.
    #[must_use]
    pub fn may_send(&self, namespace: &str, event: &str) -> Option<Tenancy> {
        match self {
            Self::Everything => Some(Tenancy::default()),
            Self::Only(all) => {
                let names = |may: &&MaySend| may.events.is_empty() || may.events.iter().any(|one| one == event);
                let found = all.iter().filter(|may| may.namespace == namespace).find(names);
                found.map(|may| may.tenancy.clone())
            }
        }
    }
}

/// Those who are let in.
#[derive(Debug, Default)]
pub struct ApiKeys {
    keys: RwLock<Vec<Arc<ApiKey>>>,
}

impl ApiKeys {
    /// These.
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Self {
        Self { keys: RwLock::new(keys.into_iter().map(Arc::new).collect()) }
    }

    /// Lets in these from now on, and no others.
    pub fn replace(&self, keys: impl IntoIterator<Item = ApiKey>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.into_iter().map(Arc::new).collect();
    }

    /// Whose key a request bears. Takes the same time for each, known or not.
    pub(crate) fn bearer(&self, headers: &HeaderMap) -> Option<Arc<ApiKey>> {
        let given = KeyHash::of(bearer(headers)?);
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for key in keys.iter() {
            let is_one = key.hashes.iter().fold(false, |is_one, hash| is_one | hash.is(&given));
            if is_one {
                found = Some(key);
            }
        }
        found.cloned()
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written_and_shows_no_key() {
        let hash = KeyHash::of("a key");
        assert_eq!(KeyHash::read(&hash.to_string()), Some(Ok(hash)));
        assert_eq!(KeyHash::read(&hash.to_string().to_uppercase().replace("SHA", "sha")), Some(Ok(hash)));
        assert_eq!(KeyHash::read("a key"), None);
        for wrong in ["sha256:", "sha256:12", &format!("{hash}0"), &format!("{}g", &hash.to_string()[..70])] {
            assert!(matches!(KeyHash::read(wrong), Some(Err(_))), "{wrong}");
        }
        let key = ApiKey::of_all("a key");
        assert!(!format!("{key:?}").contains("a key"));
    }

    #[test]
    fn the_first_that_names_an_event_says_what_binds_it() {
        let may = |events: &[&str], tenant: &str| MaySend {
            namespace: "/a".into(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            tenancy: Tenancy { only: vec![("school".into(), vec![tenant.into()])], trusted: Vec::new() },
        };
        let sends = Sends::Only(vec![may(&["tell"], "one"), may(&[], "two")]);
        let tenant = |namespace, event| Some(sends.may_send(namespace, event)?.only[0].1[0].clone());
        assert_eq!(tenant("/a", "tell").as_deref(), Some("one"));
        assert_eq!(tenant("/a", "close").as_deref(), Some("two"));
        assert_eq!(tenant("/b", "tell"), None);
    }
}
