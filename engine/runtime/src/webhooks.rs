//! Webhooks: questions to a service, and news for it, for those who write no Rust. How they travel is for whoever is handed
//! in; what they say and how they are signed is here.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use homeroom_plan::program::Webhook;
use serde_json::{Value, json};
use sha2::Sha256;

/// The header with the signature: `t=SECONDS,v1=HEX`.
pub const SIGNATURE_HEADER: &str = "homeroom-signature";

/// A call of a webhook.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Which.
    pub webhook: &'a Webhook,
    /// The namespace whose event it belongs to.
    pub namespace: &'a str,
    /// Tells it from others; the same on each attempt.
    pub id: &'a str,
    /// What it is called with.
    pub data: &'a Value,
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing: 204.
    Nothing,
    /// Its `data`.
    Data(Value),
    /// That the event is to be refused, with this code.
    Refuse(String),
}

/// How webhooks travel.
pub trait Webhooks: Send + Sync {
    /// Asks, as often as the webhook may be tried. The error is for the log, and holds nothing of what was asked.
    fn ask<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, String>>;

    /// Leaves news to be told; never waits. What cannot be told is lost, and counted.
    fn tell(&self, call: Call<'_>);

    /// How many news were lost.
    fn lost(&self) -> u64 {
        0
    }
}

impl Call<'_> {
    /// What is sent, as JSON.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let body =
            json!({ "webhook": &*self.webhook.name, "namespace": self.namespace, "id": self.id, "data": self.data });
        body.to_string().into_bytes()
    }
}

impl Answer {
    /// Reads what came.
    ///
    /// # Errors
    /// If it is no answer.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        if body.is_empty() {
            return Ok(Self::Nothing);
        }
        let mut body: Value = serde_json::from_slice(body).map_err(|_| "it answers no JSON".to_owned())?;
        let answer = body.as_object_mut().ok_or("it answers no object")?;
        match (answer.remove("refuse"), answer.remove("data")) {
            (Some(Value::String(code)), None) => Ok(Self::Refuse(code)),
            (None, Some(data)) => Ok(Self::Data(data)),
            (None, None) => Ok(Self::Nothing),
            _ => Err("it answers neither `data` nor a code to `refuse` with".to_owned()),
        }
    }
}

/// The signature of a body at a time: HMAC-SHA256 with the secret over `SECONDS.BODY`, as `t=SECONDS,v1=HEX`. Whoever checks
/// it refuses times that are too old, so that nothing can be sent again later.
#[must_use]
pub fn signature(secret: &str, at_seconds: u64, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| unreachable!("any length will do"));
    mac.update(at_seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_seconds},v1={hex}")
}

/// The time for a signature.
#[must_use]
pub fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_any_other_would_make() {
        // printf '1736931600.{}' | openssl dgst -sha256 -hmac secret
        let signed = signature("secret", 1_736_931_600, b"{}");
        assert_eq!(signed, "t=1736931600,v1=c82fe0f4f404c8c2c26bc009757dd3bb2e64e44e50e75c2d4149a0fb17c98004");
        assert_ne!(signature("secret", 1_736_931_601, b"{}"), signed);
        assert_ne!(signature("other", 1_736_931_600, b"{}"), signed);
    }

    #[test]
    fn answers_are_read_and_nothing_else_is() {
        assert_eq!(Answer::read(b""), Ok(Answer::Nothing));
        assert_eq!(Answer::read(b"{}"), Ok(Answer::Nothing));
        assert_eq!(Answer::read(br#"{"data":{"a":1}}"#), Ok(Answer::Data(json!({ "a": 1 }))));
        assert_eq!(Answer::read(br#"{"refuse":"FULL"}"#), Ok(Answer::Refuse("FULL".into())));
        for wrong in [&b"yes"[..], b"[]", br#"{"refuse":1}"#, br#"{"refuse":"A","data":1}"#] {
            assert!(Answer::read(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }
}
