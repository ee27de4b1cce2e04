//! Positions, as clients are told them: which of each server's events of a room were received, sealed.
//!
//! `version, flags, time (6 bytes), then for each server its number and the last number received`, and a code over that, the
//! namespace and the room; in Base64 for URLs. Clients keep positions and hand them back; they can make none.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Buf, BufMut};

use crate::cluster::ClusterKey;

const VERSION: u8 = 1;
/// Its holder may have missed something already.
const MISSED: u8 = 1;
/// How many servers a position tells of; those heard of last.
pub(super) const ORIGINS_MAX: usize = 64;
/// How many bytes of the code are told; 96 bits cannot be guessed.
const CODE_BYTES: usize = 12;
/// Under this name a client keeps which entries are its own. No room can have it.
pub(crate) const OWN: &str = "<self>";

/// For each server, the last number received.
pub(crate) type Vector = BTreeMap<u64, u64>;

/// Where in a room's history a client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    /// When it was told, in milliseconds since the Unix epoch by the clock of the server that told it.
    pub(crate) at_ms: i64,
    /// Whether its holder may have missed something already.
    pub(crate) missed: bool,
    /// What was received.
    pub(crate) seen: Vector,
}

/// The position as a text that only servers of the cluster can have made.
pub(crate) fn seal(key: &ClusterKey, namespace: &str, room: &str, position: &Position) -> Arc<str> {
    let mut body = vec![VERSION, if position.missed { MISSED } else { 0 }];
    body.extend_from_slice(&position.at_ms.to_be_bytes()[2..]);
    for (origin, number) in position.seen.iter().take(ORIGINS_MAX) {
        body.put_u64(*origin);
        put_number(&mut body, *number);
    }
    sealed(key, namespace, room, body)
}

/// The position that a text is; `None` if it was made for another room, or by somebody else.
pub(crate) fn open(key: &ClusterKey, namespace: &str, room: &str, text: &str) -> Option<Position> {
    let body = opened(key, namespace, room, text)?;
    let mut from = &body[..];
    (from.try_get_u8().ok()? == VERSION).then_some(())?;
    let missed = from.try_get_u8().ok()? & MISSED != 0;
    let at_ms = i64::try_from(from.try_get_uint(6).ok()?).ok()?;
    let mut seen = Vector::new();
    while !from.is_empty() {
        seen.insert(from.try_get_u64().ok()?, get_number(&mut from)?);
    }
    Some(Position { at_ms, missed, seen })
}

/// Which entries are a client's own, as a text for it to keep.
pub(crate) fn seal_own(key: &ClusterKey, namespace: &str, own: u64) -> Arc<str> {
    sealed(key, namespace, OWN, own.to_be_bytes().to_vec())
}

/// Which entries are its own, by what it kept.
pub(crate) fn open_own(key: &ClusterKey, namespace: &str, text: &str) -> Option<u64> {
    let body = opened(key, namespace, OWN, text)?;
    Some(u64::from_be_bytes(body.try_into().ok()?))
}

pub(super) fn sealed(key: &ClusterKey, namespace: &str, room: &str, mut body: Vec<u8>) -> Arc<str> {
    let code = key.code(namespace, room, &body);
    body.extend_from_slice(&code[..CODE_BYTES]);
    base64(&body).into()
}

fn opened(key: &ClusterKey, namespace: &str, room: &str, text: &str) -> Option<Vec<u8>> {
    let mut body = unbase64(text)?;
    let code = body.split_off(body.len().checked_sub(CODE_BYTES)?);
    key.has_code(namespace, room, &body, &code).then_some(body)
}

/// Seven bits a byte, the lowest first.
fn put_number(to: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn get_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = from.try_get_u8().ok()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..=three.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]));
        }
    }
    text
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for four in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for digit in four {
            bits = bits << 6 | u32::try_from(DIGITS.iter().position(|known| known == digit)?).ok()?;
        }
        bits <<= 6 * (4 - four.len());
        bytes.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> ClusterKey {
        ClusterKey::of("a secret")
    }

    proptest! {
        #[test]
        fn a_position_comes_back_as_it_was_told(
            at_ms in 0..1_i64 << 47,
            missed: bool,
            seen in proptest::collection::btree_map(any::<u64>(), any::<u64>(), 0..ORIGINS_MAX),
        ) {
            let position = Position { at_ms, missed, seen };
            let text = seal(&key(), "/a", "class:m", &position);
            prop_assert!(text.len() <= homeroom_plan::contract::POSITION_CHARS_MAX);
            prop_assert_eq!(open(&key(), "/a", "class:m", &text), Some(position));
        }

        #[test]
        fn whatever_a_client_hands_over_is_refused_unless_it_was_told_it(text in "[A-Za-z0-9_=-]{0,80}", noise: String) {
            prop_assert_eq!(open(&key(), "/a", "class:m", &text), None);
            prop_assert_eq!(open(&key(), "/a", "class:m", &noise), None);
        }

        #[test]
        fn whatever_is_sealed_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            super::super::fuzzing::position(&body);
        }
    }

    #[test]
    fn a_position_is_of_one_room_and_one_cluster() {
        let position = Position { at_ms: 7, missed: false, seen: Vector::from([(1, 2), (3, 300)]) };
        let text = seal(&key(), "/a", "class:m", &position);
        for (namespace, room) in [("/a", "class:n"), ("/b", "class:m"), ("/ac", "lass:m"), ("/a", OWN)] {
            assert_eq!(open(&key(), namespace, room, &text), None);
        }
        assert_eq!(open(&ClusterKey::of("another"), "/a", "class:m", &text), None);
        for at in 0..text.len() {
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert_ne!(open(&key(), "/a", "class:m", &changed).map(|other| other.seen), Some(Vector::from([(1, 1)])));
            assert!(changed.len() == text.len() && open(&key(), "/a", "class:m", &text[..at]).is_none());
        }
        assert_eq!(open_own(&key(), "/a", &seal_own(&key(), "/a", 9)), Some(9));
        assert_eq!(open_own(&key(), "/a", &text), None);
    }
}
