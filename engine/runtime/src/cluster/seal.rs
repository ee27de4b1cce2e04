//! Frames that only servers of the cluster can have made.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How many bytes of the code a frame bears; 128 bits cannot be guessed.
const SEAL_BYTES: usize = 16;

/// What is sealed before a text, so that no text can be taken for a frame, nor a frame for a text.
const TEXT: &[u8] = b"homeroom text 1";

/// What comes before something that a client keeps.
const KEPT: &[u8] = b"homeroom position 1";

/// The key of a cluster. Its `Debug` does not show it.
#[derive(Clone)]
pub struct ClusterKey {
    mac: Hmac<Sha256>,
}

impl ClusterKey {
    /// A key made of a secret that all servers share.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        // HMAC takes keys of any length.
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| unreachable!());
        mac.update(b"homeroom bus 1");
        let derived = mac.finalize().into_bytes();
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&derived).unwrap_or_else(|_| unreachable!());
        Self { mac }
    }

    /// A text with its seal before it, in hexadecimal digits, and a space between.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let mut signed = String::new();
        for byte in &self.mac_of(text).finalize().into_bytes()[..SEAL_BYTES] {
            signed.push_str(&format!("{byte:02x}"));
        }
        signed + " " + text
    }

    /// The text that was signed, and whether with this key. `None`: it was not signed at all.
    #[must_use]
    pub fn signed<'t>(&self, signed: &'t str) -> Option<(&'t str, bool)> {
        let (seal, text) = signed.split_at_checked(2 * SEAL_BYTES)?;
        let text = text.strip_prefix(' ')?;
        let pair = |at: usize| u8::from_str_radix(seal.get(2 * at..2 * at + 2)?, 16).ok();
        let seal: Vec<u8> = (0..SEAL_BYTES).map(pair).collect::<Option<_>>()?;
        Some((text, self.mac_of(text).verify_truncated_left(&seal).is_ok()))
    }

    fn mac_of(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(TEXT);
        mac.update(text.as_bytes());
        mac
    }

    /// A code over something that a client keeps of a room.
    pub(crate) fn code(&self, namespace: &str, room: &str, body: &[u8]) -> [u8; 32] {
        self.mac_of_kept(namespace, room, body).finalize().into_bytes().into()
    }

    /// Whether this is the beginning of that code. Takes the same time for each wrong one.
    pub(crate) fn has_code(&self, namespace: &str, room: &str, body: &[u8], code: &[u8]) -> bool {
        self.mac_of_kept(namespace, room, body).verify_truncated_left(code).is_ok()
    }

    fn mac_of_kept(&self, namespace: &str, room: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        // Neither a namespace nor a room has control characters.
        for part in [KEPT, namespace.as_bytes(), b"\0", room.as_bytes(), b"\0", body] {
            mac.update(part);
        }
        mac
    }

    /// The frame with its seal behind it.
    pub(super) fn seal(&self, mut frame: Vec<u8>) -> Vec<u8> {
        let mut mac = self.mac.clone();
        mac.update(&frame);
        frame.extend_from_slice(&mac.finalize().into_bytes()[..SEAL_BYTES]);
        frame
    }

    /// The frame without its seal, if that is ours. Takes the same time for each wrong seal.
    pub(super) fn open<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (frame, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL_BYTES)?)?;
        let mut mac = self.mac.clone();
        mac.update(frame);
        mac.verify_truncated_left(seal).is_ok().then_some(frame)
    }
}

impl std::fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClusterKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_with_the_key_is_opened() {
        let key = ClusterKey::of("one secret");
        let sealed = key.seal(b"frame".to_vec());
        assert_eq!(key.open(&sealed), Some(&b"frame"[..]));
        assert_eq!(ClusterKey::of("another").open(&sealed), None);
        for at in 0..sealed.len() {
            let mut wrong = sealed.clone();
            wrong[at] ^= 1;
            assert_eq!(key.open(&wrong), None);
        }
        assert_eq!(key.open(&sealed[1..]), None);
        assert_eq!(key.open(b""), None);
    }

    #[test]
    fn a_text_tells_whether_it_was_signed_with_the_key() {
        let key = ClusterKey::of("one secret");
        let signed = key.sign("é");
        assert_eq!(key.signed(&signed), Some(("é", true)));
        assert_eq!(ClusterKey::of("another").signed(&signed), Some(("é", false)));
        for broken in ["", "é", &signed[1..], &signed[..32]] {
            assert_eq!(key.signed(broken).filter(|(_, is_ours)| *is_ours), None);
        }
        let sealed = key.seal("é".into());
        let hex: String = sealed[2..].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(key.signed(&(hex + " é")), Some(("é", false)), "a frame is no text");
    }
}
