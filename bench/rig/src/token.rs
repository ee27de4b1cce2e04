//! Tokens as the product's users would have them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::peers::SECRET;

const VALID: Duration = Duration::from_secs(24 * 3600);

/// The token of a user: every other one teaches.
pub(crate) fn token(number: usize) -> String {
    let role = if number.is_multiple_of(2) { "TEACHER" } else { "STUDENT" };
    let ends = (SystemTime::now() + VALID).duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let head = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = BASE64URL_NOPAD.encode(format!(r#"{{"sub":"u-{number}","role":"{role}","exp":{ends}}}"#).as_bytes());
    let mut code = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    code.update(format!("{head}.{claims}").as_bytes());
    let code = BASE64URL_NOPAD.encode(&code.finalize().into_bytes());
    format!("{head}.{claims}.{code}")
}
