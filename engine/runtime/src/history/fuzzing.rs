//! A door for `tests/fuzz`.

use super::position::{ORIGINS_MAX, open, seal, sealed};
use crate::cluster::ClusterKey;

/// What a client hands in as its position: taken for none, whatever it is; and as if a server had sealed it, read in bounds and
/// told the same again.
pub fn position(bytes: &[u8]) {
    let key = ClusterKey::of("a secret");
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_eq!(open(&key, "/a", "class:m", text), None, "nobody can make one");
    }
    let text = sealed(&key, "/a", "class:m", bytes.to_vec());
    let Some(position) = open(&key, "/a", "class:m", &text) else { return };
    assert!(position.seen.len() <= bytes.len() / 9, "{position:?}");
    if position.seen.len() <= ORIGINS_MAX {
        assert_eq!(open(&key, "/a", "class:m", &seal(&key, "/a", "class:m", &position)), Some(position));
    }
}
