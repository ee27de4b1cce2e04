//! Every kind of key, and what happens when a token takes one for another.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair,
};
use jsonwebtoken::jwk::Jwk;

use super::*;
use crate::identity::keys::{of_pem, of_set};

/// A pair of keys: one to sign with, and the other as PEM and as JWK.
struct Pair {
    signing: EncodingKey,
    pem: String,
    jwk: Value,
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        let letters = (0..4).map(|at| char::from(LETTERS[bits >> (18 - 6 * at) & 63]));
        text.extend(letters.take(three.len() + 1));
        text.extend(std::iter::repeat_n('=', 3 - three.len()));
    }
    text
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = base64(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("letters")).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

fn public(key: &impl AsDer<PublicKeyX509Der<'static>>) -> String {
    pem("PUBLIC KEY", key.as_der().expect("a key").as_ref())
}

fn jwk(key: &EncodingKey, algorithm: Algorithm) -> Value {
    serde_json::to_value(Jwk::from_encoding_key(key, algorithm).expect("a key")).expect("JSON")
}

fn rsa_pair(size: rsa::KeySize) -> Pair {
    let key = rsa::KeyPair::generate(size).expect("a key");
    let private = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).expect("a key");
    let signing = EncodingKey::from_rsa_pem(pem("PRIVATE KEY", private.as_ref()).as_bytes()).expect("a key");
    Pair { jwk: jwk(&signing, Algorithm::RS256), signing, pem: public(key.public_key()) }
}

fn ec_pair(kind: &'static EcdsaSigningAlgorithm) -> Pair {
    let private = EcdsaKeyPair::generate_pkcs8(kind, &SystemRandom::new()).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(kind, private.as_ref()).expect("a key");
    Pair { signing: EncodingKey::from_ec_der(private.as_ref()), pem: public(key.public_key()), jwk: Value::Null }
}

fn ed_pair() -> Pair {
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let key = Ed25519KeyPair::from_pkcs8(private.as_ref()).expect("a key");
    let x = base64(key.public_key().as_ref()).replace('+', "-").replace('/', "_").replace('=', "");
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x });
    Pair { signing: EncodingKey::from_ed_der(private.as_ref()), pem: public(key.public_key()), jwk }
}

fn signed(algorithm: Algorithm, id: Option<&str>, key: &EncodingKey) -> String {
    let header = Header { kid: id.map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, &claims(&json!({})), key).expect("a token")
}

fn verifying(algorithms: &[Algorithm], pem: &str) -> Jwt {
    trusting(vec![issuer(algorithms, Keys::Pem(pem.to_owned()))], Duration::ZERO)
}

fn told(jwt: &Jwt, token: &str) -> String {
    now(jwt, Some(token)).err().and_then(|refusal| refusal.cause).map_or_else(String::new, |cause| cause.to_string())
}

const RSA: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

#[test]
fn every_algorithm_verifies_what_it_signed_and_no_other() {
    let (rsa, p256) = (rsa_pair(rsa::KeySize::Rsa2048), ec_pair(&ECDSA_P256_SHA256_FIXED_SIGNING));
    let (p384, ed) = (ec_pair(&ECDSA_P384_SHA384_FIXED_SIGNING), ed_pair());
    let public = RSA.map(|algorithm| (algorithm, &rsa)).into_iter().chain([
        (Algorithm::ES256, &p256),
        (Algorithm::ES384, &p384),
        (Algorithm::EdDSA, &ed),
    ]);
    let all: Vec<(Algorithm, &Pair)> = public.collect();
    for (algorithm, pair) in &all {
        let jwt = verifying(&[*algorithm], &pair.pem);
        for (other, signer) in &all {
            let came = now(&jwt, Some(&signed(*other, None, &signer.signing)));
            assert_eq!(came.is_ok(), algorithm == other, "{algorithm:?} by {other:?}");
        }
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let jwt = trusting(vec![issuer(&[algorithm], Keys::Secret(SECRET.into()))], Duration::ZERO);
        let token = mint(SECRET, algorithm, &claims(&json!({}))).expect("a token");
        assert!(now(&jwt, Some(&token)).is_ok());
        assert!(now(&jwt, Some(&super::token(&json!({})))).is_err(), "HS256 was not set");
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let rsa = rsa_pair(rsa::KeySize::Rsa2048);
    let key = of_pem(&rsa.pem).expect("a key").remove(0);
    for secret in [rsa.pem.as_bytes(), rsa.pem.trim().as_bytes(), key.key.try_get_as_bytes().expect("bytes")] {
        let forged = signed(Algorithm::HS256, None, &EncodingKey::from_secret(secret));
        assert!(told(&verifying(&[Algorithm::RS256], &rsa.pem), &forged).contains("algorithm"));
        // Even where somebody were to list an algorithm that the settings refuse beside such a key.
        let careless = verifying(&[Algorithm::RS256, Algorithm::HS256], &rsa.pem);
        assert!(told(&careless, &forged).contains("key that is not known"));
    }
}

#[test]
fn keys_that_a_token_brings_along_are_not_looked_at() {
    let (ours, theirs) = (ed_pair(), ed_pair());
    let jwk: Jwk = serde_json::from_value(theirs.jwk.clone()).expect("a key");
    let header = Header { jwk: Some(jwk), jku: Some("https://evil.example/".into()), ..Header::new(Algorithm::EdDSA) };
    let forged = encode(&header, &claims(&json!({})), &theirs.signing).expect("a token");
    assert!(told(&verifying(&[Algorithm::EdDSA], &ours.pem), &forged).contains("signature"));
    let header = Header { crit: Some(vec!["exp".into()]), ..Header::new(Algorithm::EdDSA) };
    let asking = encode(&header, &claims(&json!({})), &ours.signing).expect("a token");
    assert!(told(&verifying(&[Algorithm::EdDSA], &ours.pem), &asking).contains("crit"));
}

#[test]
fn several_keys_stand_side_by_side_while_one_follows_the_other() {
    let (old, new, other) = (ed_pair(), ed_pair(), ed_pair());
    let jwt = verifying(&[Algorithm::EdDSA], &format!("{}{}", old.pem, new.pem));
    assert!(now(&jwt, Some(&signed(Algorithm::EdDSA, Some("any"), &old.signing))).is_ok());
    assert!(now(&jwt, Some(&signed(Algorithm::EdDSA, None, &new.signing))).is_ok());
    assert!(now(&jwt, Some(&signed(Algorithm::EdDSA, None, &other.signing))).is_err());
}

#[test]
fn what_is_no_public_key_is_refused_with_a_word() {
    let private = pem("PRIVATE KEY", b"whatever");
    for (text, word) in [
        ("", "there is no `-----BEGIN PUBLIC KEY-----`"),
        ("a key", "there is no"),
        (private.as_str(), "private key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public key of"),
        ("-----BEGIN PUBLIC KEY-----", "no public key of"),
    ] {
        let told = of_pem(text).expect_err("no key");
        assert!(told.contains(word), "{text}: {told}");
    }
}

/// A set of these keys, with changes of what each says of itself.
fn set(keys: &[(&Value, Value)]) -> Vec<u8> {
    let key = |(jwk, changes): &(&Value, Value)| {
        let mut jwk = Value::clone(jwk);
        for (name, value) in changes.as_object().into_iter().flatten() {
            jwk[name] = value.clone();
        }
        jwk
    };
    serde_json::to_vec(&json!({ "keys": keys.iter().map(key).collect::<Vec<_>>() })).expect("JSON")
}

#[test]
fn a_set_yields_the_keys_that_can_verify_and_leaves_out_the_rest() {
    let (rsa, ed) = (rsa_pair(rsa::KeySize::Rsa2048), ed_pair());
    let secret = jwk(&EncodingKey::from_secret(SECRET.as_bytes()), Algorithm::HS256);
    let usable = of_set(&set(&[
        (&rsa.jwk, json!({ "kid": "any", "alg": null })),
        (&rsa.jwk, json!({ "kid": "one", "alg": "RS256" })),
        (&ed.jwk, json!({ "kid": "ed" })),
        (&rsa.jwk, json!({ "kid": "encrypts", "use": "enc" })),
        (&rsa.jwk, json!({ "kid": "wraps", "alg": "RSA-OAEP" })),
        (&rsa.jwk, json!({ "kid": "signs", "key_ops": ["sign"] })),
        (&rsa.jwk, json!({ "kid": "short", "n": "AQAB" })),
        (&secret, json!({ "kid": "secret" })),
        (&ed.jwk, json!({ "kid": "odd", "crv": "X25519" })),
        (&ed.jwk, json!({ "kid": "new", "kty": "XYZ" })),
    ]));
    let told: Vec<(Option<String>, usize)> =
        usable.expect("keys").into_iter().map(|key| (key.id, key.algorithms.len())).collect();
    assert_eq!(told, [(Some("any".into()), 6), (Some("one".into()), 1), (Some("ed".into()), 1)]);
    for bad in ["", "[]", "{}", r#"{"keys":[]}"#, r#"{"keys":[7,{}]}"#, r#"{"keys":{"kty":"RSA"}}"#] {
        assert!(of_set(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn a_key_is_for_tokens_that_name_it() {
    let (one, two) = (ed_pair(), ed_pair());
    let bytes = set(&[(&one.jwk, json!({ "kid": "one" })), (&two.jwk, json!({ "kid": "two" }))]);
    let keys = Source::Here(Arc::new(of_set(&bytes).expect("keys")));
    let issuer = issuer(&[Algorithm::EdDSA], Keys::Pem(String::new()));
    let jwt = Jwt { issuers: vec![Trusted { issuer, keys }], leeway_ms: 0 };
    let came = |id, pair: &Pair| told(&jwt, &signed(Algorithm::EdDSA, id, &pair.signing));
    assert_eq!(came(Some("one"), &one), "");
    assert!(came(Some("two"), &one).contains("signature"), "another's name");
    assert!(came(Some("ONE"), &one).contains("not known"));
    assert!(came(Some("../one"), &one).contains("not known"));
    assert!(came(None, &one).contains("kid"), "it might be either");
}

#[test]
fn each_issuer_has_its_own_keys_and_claims() {
    let (own, other) = (ed_pair(), ed_pair());
    let text = "identity: { fields: { id: string, role: { enum: [TEACHER, ADMIN] }, school: string } }";
    let claims_here = claims_of(text);
    let first = Issuer { claims: claims_here.clone(), ..issuer(&[Algorithm::EdDSA], Keys::Pem(own.pem.clone())) };
    let second = Issuer {
        name: Some("district".into()),
        audience: None,
        claims: claims_here.with([("role", "job")].into_iter(), [("school", json!("s-2"))].into_iter()),
        ..issuer(&[Algorithm::EdDSA], Keys::Pem(other.pem.clone()))
    };
    let jwt = trusting(vec![first, second], Duration::ZERO);
    let token = |changes: &Value, pair: &Pair| {
        encode(&Header::new(Algorithm::EdDSA), &claims(changes), &pair.signing).expect("a token")
    };
    let theirs = json!({ "iss": "district", "aud": null, "role": "ADMIN", "job": "TEACHER", "school": "s-1" });
    let verified = now(&jwt, Some(&token(&theirs, &other))).expect("verified");
    assert_eq!(verified.user, json!({ "id": "t-1", "role": "TEACHER", "school": "s-2" }));
    let ours = json!({ "school": "s-1" });
    assert_eq!(now(&jwt, Some(&token(&ours, &own))).expect("verified").user["school"], "s-1");
    assert!(told(&jwt, &token(&ours, &other)).contains("signature"), "in the name of the first");
    assert!(told(&jwt, &token(&theirs, &own)).contains("signature"), "in the name of the second");
    assert!(told(&jwt, &token(&json!({ "iss": "nobody" }), &own)).contains("another issuer"));
    assert!(told(&jwt, &token(&json!({ "iss": null }), &own)).contains("no claim `iss`"));
}

#[test]
fn a_token_s_name_is_kept_for_revocation() {
    let jwt = super::jwt(Duration::ZERO);
    let named = |jti: &Value| now(&jwt, Some(&super::token(&json!({ "jti": jti, "iat": NOW_S }))));
    let verified = named(&json!("n-1")).expect("verified");
    assert_eq!((verified.token_id.as_deref(), verified.issued_at_ms), (Some("n-1"), Some(NOW_MS)));
    assert!(named(&json!(7)).is_err());
    assert!(named(&json!("x".repeat(TOKEN_ID_BYTES_MAX + 1))).is_err());
}
