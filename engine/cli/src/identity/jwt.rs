//! JSON Web Tokens: HS256, whatever a token says of itself, and valid by the engine's clock.

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
    leeway_ms: i64,
    claims: Claims,
}

impl Jwt {
    /// Verifies by `secret`, and what `auth` asks for beside.
    #[must_use]
    pub fn new(secret: &str, auth: &Auth, claims: Claims) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are compared here, with the engine's clock; the library knows only the machine's.
        validation.validate_exp = false;
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
        let leeway_ms = i64::try_from(auth.leeway.as_millis()).unwrap_or(i64::MAX);
        Self { key: DecodingKey::from_secret(secret.as_bytes()), validation, leeway_ms, claims }
    }

    /// When a token with these claims ends, in milliseconds since the Unix epoch; the leeway is on its side.
    fn end(&self, claims: &Map<String, Value>, now_ms: i64) -> Result<i64, Refusal> {
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
    fn verify(&self, token: Option<&str>, now_ms: i64) -> Result<Verified, Refusal> {
        let token = token.ok_or_else(|| no("there is none"))?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(no("it is too long"));
        }
        let decoded = decode::<Map<String, Value>>(token, &self.key, &self.validation);
        let claims = decoded.map_err(|error| no(&cause(error.kind())))?.claims;
        let ends_ms = self.end(&claims, now_ms)?;
        let user = self.claims.user(&claims).map_err(|cause| no(&format!("its claims: {cause}")))?;
        Ok(Verified { user, expires_at_ms: Some(ends_ms) })
    }
}

fn no(cause: &str) -> Refusal {
    Refusal::because("UNAUTHENTICATED", format!("the token is not accepted: {cause}"))
}

/// Seconds since the Unix epoch, as claims have them, in milliseconds.
fn milliseconds(claim: &Value) -> Option<i64> {
    claim.as_f64().map(|seconds| (seconds * 1000.0) as i64)
}

/// What the library objects to, for the log: never a part of the token, as some of its own texts have.
fn cause(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidSignature => "its signature is not made with this secret".into(),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => {
            "its algorithm is not HS256".into()
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
/// If it cannot be signed.
pub fn mint(secret: &str, claims: &Map<String, Value>) -> Result<String, String> {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use homeroom_definition::{Diagnostics, Sources};
    use serde_json::json;

    use super::*;
    use crate::settings::{self, Environment};

    const SECRET: &str = "a secret of some length, for tests only";
    /// Nowhere near the machine's clock, which must not matter.
    const NOW_S: i64 = 4_000_000_000;
    const NOW_MS: i64 = NOW_S * 1000;

    fn jwt(leeway: Duration) -> Jwt {
        let mut sources = Sources::new();
        let text = "identity: { fields: { id: { type: string, minLength: 1 }, role: { enum: [TEACHER] } } }";
        let source = sources.add("homeroom.yaml", text);
        let mut diagnostics = Diagnostics::new();
        let settings = settings::read(&mut sources, Some(source), &Environment::default(), &mut diagnostics);
        let settings = settings.unwrap_or_else(|| panic!("{:?}", diagnostics.sorted()));
        let auth = Auth { secret: None, issuer: Some("us".into()), audience: Some("them".into()), leeway };
        Jwt::new(SECRET, &auth, settings.claims)
    }

    /// Good claims with some of them changed; null takes one away.
    fn claims(changes: &Value) -> Map<String, Value> {
        let mut claims = json!({ "sub": "t-1", "role": "TEACHER", "iss": "us", "aud": "them", "exp": NOW_S + 60 });
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let claims = claims.as_object().cloned().unwrap_or_default();
        claims.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    fn token(changes: &Value) -> String {
        mint(SECRET, &claims(changes)).expect("a token")
    }

    fn refusal(token: Option<&str>) -> Refusal {
        jwt(Duration::ZERO).verify(token, NOW_MS).map(|verified| verified.user).expect_err("a refusal")
    }

    /// A good token with another header, and the signature it had.
    fn forged(header: &str) -> String {
        let good = token(&json!({}));
        let rest = good.split_once('.').map(|(_, rest)| rest).expect("three parts");
        format!("{header}.{rest}")
    }

    #[test]
    fn a_good_token_tells_who_it_is_and_when_it_ends() {
        let verified = jwt(Duration::ZERO).verify(Some(&token(&json!({}))), NOW_MS).expect("verified");
        assert_eq!(verified.user, json!({ "id": "t-1", "role": "TEACHER" }));
        assert_eq!(verified.expires_at_ms, Some(NOW_MS + 60_000));
        for good in
            [json!({ "aud": ["others", "them"] }), json!({ "nbf": NOW_S }), json!({ "exp": NOW_S as f64 + 0.5 })]
        {
            assert!(jwt(Duration::ZERO).verify(Some(&token(&good)), NOW_MS).is_ok(), "{good}");
        }
    }

    #[test]
    fn it_ends_by_the_engine_s_clock_to_the_millisecond() {
        let token = token(&json!({}));
        let at = |now_ms| jwt(Duration::ZERO).verify(Some(&token), now_ms).map_err(|refusal| refusal.code.to_string());
        assert!(at(NOW_MS + 59_999).is_ok());
        assert_eq!(at(NOW_MS + 60_000).err().as_deref(), Some("TOKEN_EXPIRED"));
    }

    #[test]
    fn clocks_may_differ_by_the_leeway() {
        let lenient = jwt(Duration::from_secs(5));
        let verified = lenient.verify(Some(&token(&json!({ "exp": NOW_S - 3 }))), NOW_MS).expect("verified");
        assert_eq!(verified.expires_at_ms, Some(NOW_MS + 2000), "it does not end the moment it begins");
        assert!(lenient.verify(Some(&token(&json!({ "nbf": NOW_S + 5 }))), NOW_MS).is_ok());
        assert!(lenient.verify(Some(&token(&json!({ "nbf": NOW_S + 6 }))), NOW_MS).is_err());
        assert!(lenient.verify(Some(&token(&json!({ "exp": NOW_S - 5 }))), NOW_MS).is_err());
    }

    #[test]
    fn what_is_missing_or_wrong_is_refused_and_named_in_the_log() {
        for (changes, cause) in [
            (json!({ "exp": null }), "no claim `exp`"),
            (json!({ "exp": "soon" }), "no claim `exp`"),
            (json!({ "exp": -1 }), "no claim `exp`"),
            (json!({ "nbf": NOW_S + 1 }), "not valid yet"),
            (json!({ "nbf": "soon" }), "its `nbf` is no time"),
            (json!({ "iss": "you" }), "its `iss`"),
            (json!({ "iss": 7 }), "no claim `iss`"),
            (json!({ "iss": null }), "no claim `iss`"),
            (json!({ "aud": "you" }), "its `aud`"),
            (json!({ "aud": ["you"] }), "its `aud`"),
            (json!({ "aud": null }), "no claim `aud`"),
            (json!({ "sub": null }), "id"),
            (json!({ "sub": "" }), "/id"),
            (json!({ "sub": 7 }), "/id"),
            (json!({ "role": null }), "role"),
            (json!({ "role": ["TEACHER"] }), "/role"),
            (json!({ "role": "JANITOR" }), "/role"),
        ] {
            let refusal = refusal(Some(&token(&changes)));
            assert_eq!(&*refusal.code, "UNAUTHENTICATED", "{changes}");
            let told = refusal.cause.unwrap_or_default();
            assert!(told.contains(cause), "{changes}: {told}");
            assert!(!told.contains("JANITOR") && !told.contains("soon"), "a value in the log: {told}");
        }
    }

    #[test]
    fn an_expired_token_of_someone_else_is_not_called_expired() {
        let expired = json!({ "exp": NOW_S - 60 });
        assert_eq!(&*refusal(Some(&token(&expired))).code, "TOKEN_EXPIRED");
        let other = mint("another secret, of some length as well", &claims(&expired)).expect("a token");
        assert_eq!(&*refusal(Some(&other)).code, "UNAUTHENTICATED");
    }

    #[test]
    fn garbage_is_refused() {
        let huge = format!("{}{}", token(&json!({})), "a".repeat(TOKEN_BYTES_MAX));
        let other = mint("another secret, of some length as well", &claims(&json!({}))).expect("a token");
        let good = token(&json!({}));
        let unsigned = good.rsplit_once('.').map(|(body, _)| format!("{body}.")).unwrap_or_default();
        for garbage in
            ["", ".", "..", "a.b.c", "a.b.c.d", "\u{0}\u{1F600}", &other, &huge, &unsigned, &format!("{good}.x")]
        {
            assert_eq!(&*refusal(Some(garbage)).code, "UNAUTHENTICATED");
        }
        assert_eq!(&*refusal(None).code, "UNAUTHENTICATED");
    }

    #[test]
    fn claims_that_are_no_object_are_refused_without_a_word_of_them() {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let token = encode(&Header::new(Algorithm::HS256), &"my private note", &key).expect("a token");
        let refusal = refusal(Some(&token));
        assert_eq!(&*refusal.code, "UNAUTHENTICATED");
        assert!(!refusal.cause.unwrap_or_default().contains("private"));
    }

    #[test]
    fn the_algorithm_is_never_the_token_s_choice() {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let other = encode(&Header::new(algorithm), &claims(&json!({})), &key).expect("a token");
            assert_eq!(
                refusal(Some(&other)).cause.as_deref(),
                Some("the token is not accepted: its algorithm is not HS256")
            );
        }
        // {"typ":"JWT","alg":"none"}, "None", and "RS256", each with and without the signature
        for header in [
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0",
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJOb25lIn0",
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9",
        ] {
            let signed = forged(header);
            let unsigned = signed.rsplit_once('.').map(|(body, _)| format!("{body}.")).unwrap_or_default();
            assert_eq!(&*refusal(Some(&signed)).code, "UNAUTHENTICATED");
            assert_eq!(&*refusal(Some(&unsigned)).code, "UNAUTHENTICATED");
        }
    }
}
