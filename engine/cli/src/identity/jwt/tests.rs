//! Tokens that are good, and all that are not.

mod kinds;

use std::time::Duration;

use futures_util::FutureExt;
use homeroom_definition::{Diagnostics, Sources};
use serde_json::json;

use super::*;
use crate::settings::{self, Claims, Environment};

const SECRET: &str = "a secret of some length, for tests only";
/// Nowhere near the machine's clock, which must not matter.
const NOW_S: i64 = 4_000_000_000;
const NOW_MS: i64 = NOW_S * 1000;

fn claims_of(text: &str) -> Claims {
    let mut sources = Sources::new();
    let source = sources.add("homeroom.yaml", text);
    let mut diagnostics = Diagnostics::new();
    let settings = settings::read(&mut sources, Some(source), &Environment::default(), &mut diagnostics);
    settings.unwrap_or_else(|| panic!("{:?}", diagnostics.sorted())).claims
}

fn issuer(algorithms: &[Algorithm], keys: Keys) -> Issuer {
    let text = "identity: { fields: { id: { type: string, minLength: 1 }, role: { enum: [TEACHER] } } }";
    Issuer {
        name: Some("us".into()),
        audience: Some("them".into()),
        algorithms: algorithms.to_vec(),
        keys,
        claims: claims_of(text),
    }
}

fn trusting(issuers: Vec<Issuer>, leeway: Duration) -> Jwt {
    Jwt::new(&Auth { issuers, leeway, is_development: false }).expect("keys")
}

fn jwt(leeway: Duration) -> Jwt {
    trusting(vec![issuer(&[Algorithm::HS256], Keys::Secret(SECRET.into()))], leeway)
}

/// What comes of a token, now.
fn now(jwt: &Jwt, token: Option<&str>) -> Result<Verified, Refusal> {
    at(jwt, token, NOW_MS)
}

/// What comes of a token then; keys are here, so that nothing is waited for.
fn at(jwt: &Jwt, token: Option<&str>, now_ms: i64) -> Result<Verified, Refusal> {
    jwt.verify(token, now_ms).now_or_never().expect("nothing to wait for")
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
    mint(SECRET, Algorithm::HS256, &claims(changes)).expect("a token")
}

fn refusal(token: Option<&str>) -> Refusal {
    now(&jwt(Duration::ZERO), token).map(|verified| verified.user).expect_err("a refusal")
}

/// A good token with another header, and the signature it had.
fn forged(header: &str) -> String {
    let good = token(&json!({}));
    let rest = good.split_once('.').map(|(_, rest)| rest).expect("three parts");
    format!("{header}.{rest}")
}

#[test]
fn a_good_token_tells_who_it_is_and_when_it_ends() {
    let verified = now(&jwt(Duration::ZERO), Some(&token(&json!({})))).expect("verified");
    assert_eq!(verified.user, json!({ "id": "t-1", "role": "TEACHER" }));
    assert_eq!(verified.expires_at_ms, Some(NOW_MS + 60_000));
    for good in [json!({ "aud": ["others", "them"] }), json!({ "nbf": NOW_S }), json!({ "exp": NOW_S as f64 + 0.5 })] {
        assert!(now(&jwt(Duration::ZERO), Some(&token(&good))).is_ok(), "{good}");
    }
}

#[test]
fn it_ends_by_the_engine_s_clock_to_the_millisecond() {
    let token = token(&json!({}));
    let at = |now_ms| at(&jwt(Duration::ZERO), Some(&token), now_ms).map_err(|refusal| refusal.code.to_string());
    assert!(at(NOW_MS + 59_999).is_ok());
    assert_eq!(at(NOW_MS + 60_000).err().as_deref(), Some("TOKEN_EXPIRED"));
}

#[test]
fn clocks_may_differ_by_the_leeway() {
    let lenient = jwt(Duration::from_secs(5));
    let verified = now(&lenient, Some(&token(&json!({ "exp": NOW_S - 3 })))).expect("verified");
    assert_eq!(verified.expires_at_ms, Some(NOW_MS + 2000), "it does not end the moment it begins");
    assert!(now(&lenient, Some(&token(&json!({ "nbf": NOW_S + 5 })))).is_ok());
    assert!(now(&lenient, Some(&token(&json!({ "nbf": NOW_S + 6 })))).is_err());
    assert!(now(&lenient, Some(&token(&json!({ "exp": NOW_S - 5 })))).is_err());
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
    let other = mint("another secret, of some length as well", Algorithm::HS256, &claims(&expired)).expect("a token");
    assert_eq!(&*refusal(Some(&other)).code, "UNAUTHENTICATED");
}

#[test]
fn garbage_is_refused() {
    let huge = format!("{}{}", token(&json!({})), "a".repeat(TOKEN_BYTES_MAX));
    let other = mint("another secret, of some length as well", Algorithm::HS256, &claims(&json!({}))).expect("a token");
    let good = token(&json!({}));
    let unsigned = good.rsplit_once('.').map(|(body, _)| format!("{body}.")).unwrap_or_default();
    for garbage in ["", ".", "..", "a.b.c", "a.b.c.d", "\u{0}\u{1F600}", &other, &huge, &unsigned, &format!("{good}.x")]
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
            Some("the token is not accepted: its algorithm is not one that is set")
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
