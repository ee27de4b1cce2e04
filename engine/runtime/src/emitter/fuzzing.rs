//! A door for `tests/fuzz`.

use super::{msgpack, read};
use crate::settings::RuntimeSettings;

/// What another service published: read as a message or refused, with no more in it than came, and JSON in any case.
pub fn published(bytes: &[u8]) {
    let depth_max = RuntimeSettings::default().payload_depth_max;
    if let Ok(message) = read(bytes, "/a", depth_max) {
        assert!(message.event.len() + message.rooms.len() + message.except.len() <= bytes.len());
    }
    if let Ok(value) = msgpack::read(bytes, depth_max) {
        let text = value.to_string();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).map(|again| again.to_string()).ok(), Some(text));
    }
}
