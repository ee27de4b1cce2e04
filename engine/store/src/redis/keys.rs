//! How things are called in Redis.
//!
//! A collection lies under its own key, to the letter, so that `gradebook:math-101:typing` is found as just that. What
//! belongs to it lies beside it, under `{its key}:name`: Redis Cluster places a key by what stands in its first braces, so
//! a companion is where its collection is, and one script may touch both. A key that has braces itself would be placed by
//! them, so there they are written as `%7B` and `%7D`, and `%` as `%25`.

/// A key as Redis has it.
pub(super) fn bare(prefix: &str, key: &str) -> String {
    if prefix.is_empty() && key.is_empty() {
        // The empty tag is no tag. No other key is written so.
        return "%".into();
    }
    let has_sign = |text: &str| text.bytes().any(|byte| matches!(byte, b'{' | b'}' | b'%'));
    if !has_sign(prefix) && !has_sign(key) {
        return [prefix, key].concat();
    }
    let mut bare = String::with_capacity(prefix.len() + key.len());
    for sign in prefix.chars().chain(key.chars()) {
        match sign {
            '{' => bare.push_str("%7B"),
            '}' => bare.push_str("%7D"),
            '%' => bare.push_str("%25"),
            other => bare.push(other),
        }
    }
    bare
}

/// The key that was given, from the one Redis has; `None` for one that is none of ours.
pub(super) fn original(prefix: &str, bare: &str) -> Option<String> {
    if bare == "%" {
        return Some(String::new());
    }
    // `%25` last: what it stands for must not be read again.
    let text = bare.replace("%7B", "{").replace("%7D", "}").replace("%25", "%");
    text.strip_prefix(prefix).map(str::to_owned)
}

/// The key of something that belongs to `bare`.
pub(super) fn beside(bare: &str, name: &str) -> String {
    let mut beside = String::with_capacity(bare.len() + name.len() + 3);
    push_beside(&mut beside, bare, name);
    beside
}

/// Appends the key of something that belongs to `bare`.
pub(super) fn push_beside(to: &mut String, bare: &str, name: &str) {
    for part in ["{", bare, "}:", name] {
        to.push_str(part);
    }
}

/// The pattern that matches this text alone.
pub(super) fn pattern_of(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        if matches!(sign, '*' | '?' | '[' | ']' | '\\' | '^') {
            escaped.push('\\');
        }
        escaped.push(sign);
    }
    escaped
}

/// A number that every server computes alike (FNV-1a), by which keys are spread over `parts`.
pub(super) fn part(key: &str, parts: usize) -> usize {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    usize::try_from(hash % parts.max(1) as u64).unwrap_or(0)
}

/// The slot of Redis Cluster in which a key lies: CRC-16/XMODEM of its tag, or of all of it.
pub(super) fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        rest.iter().position(|byte| *byte == b'}').filter(|length| *length > 0).map(|length| &rest[..length])
    });
    let crc = tag.unwrap_or(key).iter().fold(0_u16, |crc, byte| {
        (0..8).fold(
            crc ^ (u16::from(*byte) << 8),
            |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 },
        )
    });
    crc % 16384
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(slot(b"123456789"), 0x31C3);
        assert_eq!(slot(b"{user1000}.following"), slot(b"user1000"));
        assert_eq!(slot(b"foo{}{bar}"), slot(b"foo{}{bar}"));
        assert_ne!(slot(b"foo{}{bar}"), slot(b"bar"));
        assert_eq!(slot(b"foo{{bar}}zap"), slot(b"{bar"));
    }

    #[test]
    fn a_pattern_means_its_text_alone() {
        assert_eq!(pattern_of("a*[b]^?\\"), "a\\*\\[b\\]\\^\\?\\\\");
    }

    #[test]
    fn a_companion_lies_where_its_collection_lies_and_keys_come_back() {
        for key in ["gradebook:math-101:typing", "{a}", "a}{b", "", "%", "%7B", "%257B", "a b\u{E9}"] {
            for prefix in ["", "staging:", "{x}%:"] {
                let bare = bare(prefix, key);
                assert_eq!(slot(bare.as_bytes()), slot(beside(&bare, "exp").as_bytes()), "{key:?}");
                assert_eq!(original(prefix, &bare).as_deref(), Some(key));
            }
        }
        assert_eq!(bare("", "gradebook:math-101:typing"), "gradebook:math-101:typing");
    }
}
