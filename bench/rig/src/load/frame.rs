//! Frames as a client reads and writes them.

use std::ops::Range;

/// Where the payload begins that is written next; the longest head of what a client here sends.
const HEAD: usize = 8;

pub(super) const TEXT: u8 = 1;
pub(super) const CLOSE: u8 = 8;

/// Appends a text frame with what `write` writes. The mask is zero, which is valid, and spares the client the masking; the
/// server unmasks all the same.
pub(super) fn text(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let from = out.len();
    out.extend_from_slice(&[0; HEAD]);
    write(out);
    let length = out.len() - from - HEAD;
    if length < 126 {
        out.copy_within(from + HEAD.., from + HEAD - 2);
        out.truncate(from + HEAD - 2 + length);
        out[from..from + 2].copy_from_slice(&[0x80 | TEXT, 0x80 | length as u8]);
    } else {
        let length = u16::try_from(length).expect("what is sent here is short");
        out[from..from + 2].copy_from_slice(&[0x80 | TEXT, 0x80 | 126]);
        out[from + 2..from + 4].copy_from_slice(&length.to_be_bytes());
    }
}

/// The first whole frame: its opcode, and where its payload is.
pub(super) fn next(bytes: &[u8]) -> Option<(u8, Range<usize>)> {
    let (opcode, short) = (*bytes.first()? & 15, *bytes.get(1)? & 127);
    let (head, length) = match short {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        length => (2, usize::from(length)),
    };
    (bytes.len() >= head + length).then_some((opcode, head..head + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_by_a_server_that_unmasks() {
        for length in [0, 1, 125, 126, 300, 65_000] {
            let mut out = b"before".to_vec();
            text(&mut out, |out| out.extend(std::iter::repeat_n(b'x', length)));
            let frame = &out[6..];
            let head = if length < 126 { 6 } else { 8 };
            assert_eq!(frame[0], 0x81);
            assert_eq!(frame[1] & 0x80, 0x80, "clients mask");
            assert_eq!(&frame[head - 4..head], &[0; 4], "by zero");
            assert_eq!(&frame[head..], "x".repeat(length).as_bytes());
        }
    }

    #[test]
    fn whole_frames_only_are_read() {
        let mut bytes = vec![0x81, 126, 1, 0];
        bytes.extend([b'y'; 256]);
        assert_eq!(next(&bytes), Some((TEXT, 4..260)));
        assert_eq!(next(&bytes[..259]), None);
        assert_eq!(next(&[0x81]), None);
    }
}
