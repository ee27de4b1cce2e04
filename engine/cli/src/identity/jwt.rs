//! JSON Web Tokens: HS256, whatever a token says of itself.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind};
use serde_json::{Map, Value};

use homeroom_runtime::{Authenticator, Refusal, Verified};

use crate::settings::{Auth, Claims};

/// How long a token may be, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Verifies tokens by a secret.
pub struct Jwt {
    key: DecodingKey,
    validation: Validation,
    claims: Claims,
}

impl Jwt {
    /// Verifies by `secret`, and what `auth` asks for beside.
    #[must_use]
    pub fn new(secret: &str, auth: &Auth, claims: Claims) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = auth.leeway.as_secs();
        validation.validate_nbf = true;
        validation.validate_aud = auth.audience.is_some();
        let mut required = vec!["exp"];
        if let Some(issuer) = &auth.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        if let Some(audience) = &auth.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        Self { key: DecodingKey::from_secret(secret.as_bytes()), validation, claims }
    }
}

impl Authenticator for Jwt {
    fn verify(&self, token: Option<&str>, _: i64) -> Result<Verified, Refusal> {
        let no = |cause: String| Refusal::because("UNAUTHENTICATED", cause);
        let token = token.ok_or_else(|| no("there is no token".into()))?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(no("the token is too long".into()));
        }
        let decoded =
            decode::<Map<String, Value>>(token, &self.key, &self.validation).map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => Refusal::code("TOKEN_EXPIRED"),
                kind => no(format!("the token is not valid: {kind:?}")),
            })?;
        let user = self.claims.user(&decoded.claims).map_err(|cause| no(format!("the token's claims: {cause}")))?;
        let expires_at_ms = decoded.claims.get("exp").and_then(Value::as_f64).map(|seconds| (seconds * 1000.0) as i64);
        Ok(Verified { user, expires_at_ms })
    }
}

/// A token with these claims.
///
/// # Errors
/// If it cannot be signed.
pub fn mint(secret: &str, claims: &Map<String, Value>) -> Result<String, String> {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use homeroom_definition::{Diagnostics, Sources};
    use serde_json::json;

    use super::*;
    use crate::settings::{self, Environment};

    const SECRET: &str = "a secret of some length, for tests only";

    fn jwt() -> Jwt {
        let mut sources = Sources::new();
        let text =
            "identity: { fields: { id: { type: string, claim: sub, minLength: 1 }, role: { enum: [TEACHER] } } }";
        let source = sources.add("homeroom.yaml", text);
        let mut diagnostics = Diagnostics::new();
        let settings = settings::read(&mut sources, Some(source), &Environment::default(), &mut diagnostics);
        let settings = settings.unwrap_or_else(|| panic!("{:?}", diagnostics.sorted()));
        let auth =
            Auth { secret: None, issuer: Some("us".into()), audience: Some("them".into()), leeway: Duration::ZERO };
        Jwt::new(SECRET, &auth, settings.claims)
    }

    fn seconds() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
    }

    fn claims(change: &Value) -> Map<String, Value> {
        let mut claims = json!({ "sub": "t-1", "role": "TEACHER", "iss": "us", "aud": "them", "exp": seconds() + 60 });
        for (name, value) in change.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    fn code(token: Option<&str>) -> String {
        jwt().verify(token, 0).err().map_or_else(|| "ok".into(), |refusal| refusal.code.to_string())
    }

    fn with(change: &Value) -> String {
        code(Some(&mint(SECRET, &claims(change)).expect("a token")))
    }

    #[test]
    fn a_good_token_tells_who_it_is_and_when_it_ends() {
        let token = mint(SECRET, &claims(&json!({}))).expect("a token");
        let verified = jwt().verify(Some(&token), 0).expect("verified");
        assert_eq!(verified.user, json!({ "id": "t-1", "role": "TEACHER" }));
        assert!(verified.expires_at_ms.is_some_and(|ms| ms > (seconds() * 1000) as i64));
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(with(&json!({ "exp": seconds() - 1 })), "TOKEN_EXPIRED");
        for change in [
            json!({ "exp": null }),
            json!({ "iss": "you" }),
            json!({ "iss": null }),
            json!({ "aud": "you" }),
            json!({ "aud": null }),
            json!({ "nbf": seconds() + 60 }),
            json!({ "sub": null }),
            json!({ "sub": "" }),
            json!({ "sub": 7 }),
            json!({ "role": "JANITOR" }),
        ] {
            assert_eq!(with(&change), "UNAUTHENTICATED", "{change}");
        }
        let other = mint("another secret, of some length as well", &claims(&json!({}))).expect("a token");
        let huge = "a".repeat(TOKEN_BYTES_MAX + 1);
        for token in [None, Some(""), Some("a.b.c"), Some(other.as_str()), Some(huge.as_str())] {
            assert_eq!(code(token), "UNAUTHENTICATED");
        }
    }

    #[test]
    fn the_algorithm_is_never_the_token_s_choice() {
        let token = mint(SECRET, &claims(&json!({}))).expect("a token");
        let (head, rest) = token.split_once('.').expect("a head");
        let (body, _) = rest.split_once('.').expect("a body");
        assert_eq!(head.len(), 36);
        // {"typ":"JWT","alg":"none"} without a signature
        assert_eq!(code(Some(&format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{body}."))), "UNAUTHENTICATED");
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let other = encode(&Header::new(Algorithm::HS512), &claims(&json!({})), &key).expect("a token");
        assert_eq!(code(Some(&other)), "UNAUTHENTICATED");
    }
}
