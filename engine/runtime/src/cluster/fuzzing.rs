//! A door for `tests/fuzz`.

use super::frame::{Sent, read};

/// What claims to be a frame of another server: no length in it makes more of it than there is.
pub fn frame(bytes: &[u8]) {
    let Some(frame) = read(bytes) else { return };
    let texts = match &frame.sent {
        Sent::Evict { who, rooms } => who.len() + rooms.iter().map(|room| room.len()).sum::<usize>(),
        Sent::Ask { order } => order.len(),
        Sent::Tell { answer, .. } => answer.len(),
        Sent::Emit(emitted) => emitted.texts(),
        Sent::Kept(kept) => kept.texts(),
    };
    assert!(frame.namespace.len() + texts <= bytes.len(), "{frame:?}");
}
