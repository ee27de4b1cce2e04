//! Frames that only servers of the cluster can have made.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How many bytes of the code a frame bears; 128 bits cannot be guessed.
const SEAL_BYTES: usize = 16;

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
}
