//! Which channel a room is heard on, and which channels this server listens to.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// How many channels the rooms of a namespace share. Enough that servers hear little that is not for them, and few enough
/// that a server whose clients are in every room listens to a bounded number.
const SHARDS: u64 = 128;

/// The channel of what is for everyone in a namespace.
pub(super) fn of_all(namespace: &str) -> String {
    format!("{namespace} all")
}

/// The channel that every server listens to.
pub(super) const SERVERS: &str = "servers";

/// The channel of one server.
pub(super) fn of_server(server: u64) -> String {
    format!("server {server:016x}")
}

/// The channels of rooms, each once.
pub(super) fn of_rooms(namespace: &str, rooms: &[Arc<str>]) -> Vec<String> {
    let mut shards: Vec<u64> = rooms.iter().map(|room| shard(room)).collect();
    shards.sort_unstable();
    shards.dedup();
    shards.into_iter().map(|shard| of_shard(namespace, shard)).collect()
}

fn of_shard(namespace: &str, shard: u64) -> String {
    format!("{namespace} {shard}")
}

fn shard(room: &str) -> u64 {
    shard_of(room, SHARDS)
}

/// The same on every server, of whatever version: 64-bit FNV-1a.
fn shard_of(room: &str, shards: u64) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    room.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)) % shards
}

/// How many of this server's memberships each channel has.
#[derive(Default)]
pub(super) struct Channels {
    held: Mutex<HashMap<Key, usize>>,
}

/// A namespace, and a shard or all of it.
type Key = (Arc<str>, Option<u64>);

impl Channels {
    /// One more; the channel to listen to from now on, if it is the first.
    pub(super) fn entered(&self, namespace: &str, room: Option<&str>) -> Option<String> {
        let key = key(namespace, room);
        let mut held = self.held.lock();
        let count = held.entry(key).or_default();
        *count += 1;
        (*count == 1).then(|| name(namespace, room))
    }

    /// One less; the channel that is needed no more, if it was the last.
    pub(super) fn left(&self, namespace: &str, room: Option<&str>) -> Option<String> {
        let key = key(namespace, room);
        let mut held = self.held.lock();
        let count = held.get_mut(&key)?;
        *count -= 1;
        if *count > 0 {
            return None;
        }
        held.remove(&key);
        Some(name(namespace, room))
    }
}

fn key(namespace: &str, room: Option<&str>) -> Key {
    (namespace.into(), room.map(shard))
}

fn name(namespace: &str, room: Option<&str>) -> String {
    room.map_or_else(|| of_all(namespace), |room| of_shard(namespace, shard(room)))
}

#[cfg(test)]
mod saving;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_listened_to_while_somebody_is_in_one_of_its_rooms() {
        let channels = Channels::default();
        let first = channels.entered("/a", Some("room")).expect("the first");
        assert_eq!(of_rooms("/a", &["room".into(), "room".into()]), std::slice::from_ref(&first));
        assert_eq!(channels.entered("/a", Some("room")), None);
        assert_eq!(channels.left("/a", Some("room")), None);
        assert_eq!(channels.left("/a", Some("room")), Some(first));
        assert_eq!(channels.left("/a", Some("room")), None, "leaving once too often does no harm");
        assert_eq!(channels.entered("/a", None).as_deref(), Some("/a all"));
    }

    #[test]
    fn the_channel_of_a_room_never_changes() {
        assert_eq!(of_rooms("/gradebook", &["class:math-101".into()]), ["/gradebook 116"]);
    }
}
