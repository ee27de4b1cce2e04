//! Keys that tokens are verified by: each knows its own name and the algorithms that it is for.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::Value;

/// How many keys a set may have; the rest is left out.
const KEYS_MAX: usize = 64;

/// How short the modulus of an RSA key may be, in bytes of base64url: 2048 bits.
const RSA_BASE64_MIN: usize = 342;

/// A key.
#[derive(Clone)]
pub(crate) struct Key {
    /// What tokens call it; a key without a name is for tokens with any, or none.
    pub(crate) id: Option<String>,
    /// What it can verify.
    pub(crate) algorithms: Vec<Algorithm>,
    /// The key.
    pub(crate) key: DecodingKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?}, {:?})", self.id, self.algorithms)
    }
}

impl Key {
    /// A secret.
    pub(crate) fn of_secret(secret: &str) -> Self {
        let algorithms = all_of(AlgorithmFamily::Hmac);
        Self { id: None, algorithms, key: DecodingKey::from_secret(secret.as_bytes()) }
    }

    /// Whether it is the one for a token of this algorithm and name.
    pub(crate) fn is_for(&self, algorithm: Algorithm, id: Option<&str>) -> bool {
        let is_named = self.id.is_none() || id.is_none() || self.id.as_deref() == id;
        is_named && self.algorithms.contains(&algorithm)
    }
}

fn all_of(family: AlgorithmFamily) -> Vec<Algorithm> {
    family.algorithms().to_vec()
}

/// The public keys of a PEM text.
///
/// # Errors
/// If there is none, or something else.
pub(crate) fn of_pem(text: &str) -> Result<Vec<Key>, String> {
    const BEGIN: &str = "-----BEGIN ";
    if text.contains("PRIVATE KEY-----") {
        return Err("this is a private key, which belongs to nobody but the issuer".into());
    }
    let blocks = text.match_indices(BEGIN).map(|(at, _)| &text[at..]);
    let keys: Vec<Key> = blocks.map(of_block).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err("there is no `-----BEGIN PUBLIC KEY-----` here".into());
    }
    Ok(keys)
}

/// The key that a text begins with.
fn of_block(text: &str) -> Result<Key, String> {
    let end = text.find("-----END ").and_then(|at| text[at + 9..].find("-----").map(|more| at + 9 + more + 5));
    let block = end.map_or(text, |end| &text[..end]).as_bytes();
    let made = DecodingKey::from_rsa_pem(block)
        .or_else(|_| DecodingKey::from_ec_pem(block))
        .or_else(|_| DecodingKey::from_ed_pem(block))
        .map_err(|_| "there is a block here that is no public key of RSA, P-256, P-384 or Ed25519".to_owned())?;
    let algorithms = match (made.family(), made.try_get_as_bytes().map_or(0, <[u8]>::len)) {
        // Uncompressed points: a byte, and two coordinates of 32 or 48.
        (AlgorithmFamily::Ec, 65) => vec![Algorithm::ES256],
        (AlgorithmFamily::Ec, 97) => vec![Algorithm::ES384],
        (AlgorithmFamily::Ec, _) => return Err("there is a key of a curve here that is neither P-256 nor P-384".into()),
        (family, _) => all_of(family),
    };
    Ok(Key { id: None, algorithms, key: made })
}

/// The keys of a JSON Web Key Set that tokens can be verified by. Others are left out, as one of an algorithm that is not
/// known here must not make the rest useless.
///
/// # Errors
/// If it is no such set, or has no key that can be used.
pub(crate) fn of_set(bytes: &[u8]) -> Result<Vec<Key>, String> {
    let set: Value = serde_json::from_slice(bytes).map_err(|_| "what came is not JSON")?;
    let listed = set.get("keys").and_then(Value::as_array).ok_or("what came is no JSON Web Key Set")?;
    let keys: Vec<Key> = listed.iter().take(KEYS_MAX).filter_map(of_jwk).collect();
    if keys.is_empty() {
        return Err("what came has no public key that tokens can be verified by".into());
    }
    Ok(keys)
}

fn of_jwk(value: &Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
    let common = &jwk.common;
    let is_to_verify = common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    let mut algorithms = if is_to_verify { fitting(&jwk) } else { Vec::new() };
    if let Some(stated) = value.get("alg").and_then(Value::as_str) {
        algorithms.retain(|algorithm| stated.parse() == Ok(*algorithm));
    }
    if algorithms.is_empty() {
        return None;
    }
    Some(Key { id: common.key_id.clone(), algorithms, key: DecodingKey::from_jwk(&jwk).ok()? })
}

/// What a key can verify by its type. A secret behind a URL is none.
fn fitting(jwk: &Jwk) -> Vec<Algorithm> {
    match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) if rsa.n.len() >= RSA_BASE64_MIN => all_of(AlgorithmFamily::Rsa),
        AlgorithmParameters::EllipticCurve(ec) => match ec.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
        _ => Vec::new(),
    }
}
