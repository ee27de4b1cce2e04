//! JSON Web Tokens: verified by the keys and algorithms of the settings, whatever a token says of itself, and valid by the
//! engine's clock.
//!
//! A token chooses among what is set, and nothing more: its `iss` one of the issuers, its `kid` one of that issuer's keys,
//! its `alg` one of the algorithms that are allowed and that the key is for. Keys that it brings along (`jwk`, `jku`, `x5u`)
//! are not looked at.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, EncodingKey, Header, Validation, dangerous, decode, decode_header, encode};
use serde_json::{Map, Value};

use homeroom_runtime::identity::Verifying;
use homeroom_runtime::{Authenticator, Refusal, Verified};

use super::fetch::Http;
use super::jwks::Jwks;
use super::keys::{self, Key};
use crate::settings::{Auth, Issuer, Keys};

/// How long a token may be, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// How long the name of a token may be, in bytes; a longer one could not be remembered.
const TOKEN_ID_BYTES_MAX: usize = 256;

/// A token's claims.
type Claimed = Map<String, Value>;

/// Verifies tokens.
pub struct Jwt {
    issuers: Vec<Trusted>,
    leeway_ms: i64,
}

/// An issuer whose tokens are accepted.
struct Trusted {
    issuer: Issuer,
    keys: Source,
}

/// Where an issuer's keys are.
enum Source {
    Here(Arc<Vec<Key>>),
    Elsewhere(Arc<Jwks>),
}

impl Jwt {
    /// Verifies as the settings say.
    ///
    /// # Errors
    /// If a file of keys cannot be read, or a URL cannot be asked.
    pub fn new(auth: &Auth) -> Result<Self, String> {
        let leeway_ms = i64::try_from(auth.leeway.as_millis()).unwrap_or(i64::MAX);
        let issuers = auth.issuers.iter().map(Trusted::new).collect::<Result<_, _>>()?;
        Ok(Self { issuers, leeway_ms })
    }

    /// Asks for keys that are elsewhere before the first token comes; if they cannot be had, that is logged.
    pub async fn prepare(&self, now_ms: i64) {
        for trusted in &self.issuers {
            if let Source::Elsewhere(keys) = &trusted.keys {
                keys.prepare(now_ms).await;
            }
        }
    }

    /// Whose token it claims to be; of one issuer alone, every token.
    fn issuer(&self, token: &str) -> Result<&Trusted, Refusal> {
        if let [only] = &self.issuers[..] {
            return Ok(only);
        }
        let claims = dangerous::insecure_decode_claims::<Claimed>(token).map_err(|error| no(&cause(error.kind())))?;
        let name = claims.get("iss").and_then(Value::as_str).ok_or_else(|| no("it has no claim `iss`"))?;
        let known = self.issuers.iter().find(|trusted| trusted.issuer.name.as_deref() == Some(name));
        known.ok_or_else(|| no("its `iss` is another issuer"))
    }

    async fn verified(&self, token: Option<&str>, now_ms: i64) -> Result<Verified, Refusal> {
        let token = token.ok_or_else(|| no("there is none"))?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(no("it is too long"));
        }
        let trusted = self.issuer(token)?;
        let claims = trusted.claims(token, now_ms).await?;
        let expires_at_ms = Some(self.end(&claims, now_ms)?);
        let user = trusted.issuer.claims.user(&claims).map_err(|cause| no(&format!("its claims: {cause}")))?;
        let issued_at_ms = claims.get("iat").and_then(milliseconds);
        Ok(Verified { user, expires_at_ms, token_id: token_id(&claims)?, issued_at_ms })
    }

    /// When a token with these claims ends, in milliseconds since the Unix epoch; the leeway is on its side.
    fn end(&self, claims: &Claimed, now_ms: i64) -> Result<i64, Refusal> {
        let begins_ms = match claims.get("nbf") {
            None => i64::MIN,
            Some(begins) => milliseconds(begins).ok_or_else(|| no("its `nbf` is no time"))?,
        };
        if begins_ms > now_ms.saturating_add(self.leeway_ms) {
            return Err(no("it is not valid yet"));
        }
        let ends_ms = claims.get("exp").and_then(milliseconds).ok_or_else(|| no("its `exp` is no time"))?;
        let ends_ms = ends_ms.saturating_add(self.leeway_ms);
        if ends_ms <= now_ms {
            return Err(Refusal::code("TOKEN_EXPIRED"));
        }
        Ok(ends_ms)
    }
}

impl Authenticator for Jwt {
    fn verify<'a>(&'a self, token: Option<&'a str>, now_ms: i64) -> Verifying<'a> {
        Box::pin(self.verified(token, now_ms))
    }
}

impl Trusted {
    fn new(issuer: &Issuer) -> Result<Self, String> {
        let here = |keys| Source::Here(Arc::new(keys));
        let keys = match &issuer.keys {
            Keys::Secret(secret) => here(vec![Key::of_secret(secret)]),
            Keys::Pem(text) => here(keys::of_pem(text)?),
            Keys::PemFile(path) => {
                let told = |error: &dyn std::fmt::Display| format!("no keys in `{}`: {error}", path.display());
                let text = std::fs::read_to_string(path).map_err(|error| told(&error))?;
                here(keys::of_pem(&text).map_err(|error| told(&error))?)
            }
            Keys::Jwks(settings) => Source::Elsewhere(Jwks::new(settings, Arc::new(Http::new(settings)?))),
        };
        Ok(Self { issuer: issuer.clone(), keys })
    }

    /// The claims of a token, once its signature and what must be in it are verified.
    async fn claims(&self, token: &str, now_ms: i64) -> Result<Claimed, Refusal> {
        let header = decode_header(token).map_err(|error| no(&cause(error.kind())))?;
        if !self.issuer.algorithms.contains(&header.alg) {
            return Err(no("its algorithm is not one that is set"));
        }
        if header.crit.is_some() {
            return Err(no("it asks for something (`crit`) that is not known here"));
        }
        let id = header.kid.as_deref();
        let keys = match &self.keys {
            Source::Here(keys) => Arc::clone(keys),
            Source::Elsewhere(jwks) => jwks.keys(header.alg, id, now_ms).await?,
        };
        let fitting: Vec<&Key> = keys.iter().filter(|key| key.is_for(header.alg, id)).collect();
        if id.is_none() && fitting.len() > 1 && fitting.iter().any(|key| key.id.is_some()) {
            return Err(no("it does not say by its `kid` which key it is signed with"));
        }
        let mut refused = no("it is signed with a key that is not known");
        for key in fitting {
            match decode::<Claimed>(token, &key.key, &self.validation(header.alg)) {
                Ok(decoded) => return Ok(decoded.claims),
                Err(error) => refused = no(&cause(error.kind())),
            }
        }
        Err(refused)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        // Times are compared here, with the engine's clock; the library knows only the machine's.
        validation.validate_exp = false;
        validation.validate_aud = self.issuer.audience.is_some();
        let mut required = vec!["exp"];
        if let Some(name) = &self.issuer.name {
            validation.set_issuer(&[name]);
            required.push("iss");
        }
        if let Some(audience) = &self.issuer.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

fn no(cause: &str) -> Refusal {
    Refusal::because("UNAUTHENTICATED", format!("the token is not accepted: {cause}"))
}

/// What the token is called, so that it can be revoked.
fn token_id(claims: &Claimed) -> Result<Option<Arc<str>>, Refusal> {
    match claims.get("jti") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if id.len() <= TOKEN_ID_BYTES_MAX => Ok(Some(id.as_str().into())),
        Some(_) => Err(no("its `jti` is no text of 256 bytes at most")),
    }
}

/// Seconds since the Unix epoch, as claims have them, in milliseconds.
fn milliseconds(claim: &Value) -> Option<i64> {
    claim.as_f64().map(|seconds| (seconds * 1000.0) as i64)
}

/// What the library objects to, for the log: never a part of the token, as some of its own texts have.
fn cause(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidSignature => "its signature is not made with the key it should be".into(),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => {
            "its algorithm is not one that is set".into()
        }
        ErrorKind::MissingRequiredClaim(name) => format!("it has no claim `{name}`, or not of the right type"),
        ErrorKind::InvalidIssuer => "its `iss` is another issuer".into(),
        ErrorKind::InvalidAudience => "its `aud` is another audience".into(),
        _ => "it is no JSON Web Token".into(),
    }
}

/// A token with these claims.
///
/// # Errors
/// If it cannot be signed, as with an algorithm that is not for secrets.
pub fn mint(secret: &str, algorithm: Algorithm, claims: &Map<String, Value>) -> Result<String, String> {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(algorithm), claims, &key).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
