//! WebSocket frames (RFC 6455), the server's side: client frames are unmasked where they lie, server frames are made once
//! and shared by all who receive them.

use std::ops::Range;

use bytes::{Buf, Bytes};

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    /// More of the message that was begun.
    Continuation,
    /// The beginning, or all, of a text.
    Text,
    /// The beginning, or all, of bytes.
    Binary,
    /// The end.
    Close,
    /// To be answered by a pong.
    Ping,
    /// Nothing to be done about.
    Pong,
}

/// Why a connection is closed; what the other side is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(pub(super) u16);

impl Code {
    /// All is said.
    pub(super) const NORMAL: Self = Self(1000);
    /// The server stops.
    pub(super) const GOING_AWAY: Self = Self(1001);
    /// Frames, or packets in them, that are none.
    pub(super) const PROTOCOL: Self = Self(1002);
    /// Text that is no UTF-8.
    pub(super) const NOT_UTF8: Self = Self(1007);
    /// More bytes, or attachments, than there may be.
    pub(super) const TOO_LARGE: Self = Self(1009);
    /// Come again later.
    pub(super) const AGAIN: Self = Self(1013);
}

/// A whole frame of a client; its payload has been unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) is_last: bool,
    pub(super) opcode: Opcode,
    /// Where its payload is.
    pub(super) payload: Range<usize>,
}

/// Room for the longest head of a server's frame.
const HEAD: usize = 10;
const MASK: usize = 4;
const IS_LAST: u8 = 0x80;
const RESERVED: u8 = 0x70;
const IS_MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
const CONTROL_BYTES_MAX: usize = 125;
const LENGTH_OF_16: usize = 126;
const LENGTH_OF_64: usize = 127;

impl Opcode {
    fn read(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The first frame in `bytes` if all of it is there, unmasked in place. What is wrong with it, or too large, is said as soon
/// as its head is there.
pub(super) fn next(bytes: &mut [u8], payload_max: usize) -> Result<Option<Frame>, Code> {
    let &mut [first, second, ref rest @ ..] = bytes else { return Ok(None) };
    let is_last = first & IS_LAST != 0;
    let opcode = Opcode::read(first & 0x0f).filter(|_| first & RESERVED == 0 && second & IS_MASKED != 0);
    let opcode = opcode.ok_or(Code::PROTOCOL)?;
    let short = usize::from(second & LENGTH);
    if opcode.is_control() && (short > CONTROL_BYTES_MAX || !is_last) {
        return Err(Code::PROTOCOL);
    }
    let (extended, length) = match (short, rest) {
        (LENGTH_OF_16, &[a, b, ..]) => (2, u64::from(u16::from_be_bytes([a, b]))),
        (LENGTH_OF_64, &[a, b, c, d, e, f, g, h, ..]) => (8, u64::from_be_bytes([a, b, c, d, e, f, g, h])),
        (LENGTH_OF_16 | LENGTH_OF_64, _) => return Ok(None),
        (short, _) => (0, short as u64),
    };
    let length = usize::try_from(length).ok().filter(|length| *length <= payload_max).ok_or(Code::TOO_LARGE)?;
    let from = 2 + extended + MASK;
    let Some((head, payload)) = bytes.get_mut(..from + length).map(|frame| frame.split_at_mut(from)) else {
        return Ok(None);
    };
    if let Some(mask) = head.last_chunk::<MASK>() {
        unmask(payload, *mask);
    }
    Ok(Some(Frame { is_last, opcode, payload: from..from + length }))
}

fn unmask(payload: &mut [u8], [a, b, c, d]: [u8; MASK]) {
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip([a, b, c, d].into_iter().cycle()) {
        *byte ^= mask;
    }
}

/// A server's frame under construction: the payload is written behind room for the head.
pub(super) struct Draft {
    bytes: Vec<u8>,
}

impl Draft {
    /// One for about so many bytes; for exactly so many, its frame fills its memory.
    pub(super) fn for_about(bytes: usize) -> Self {
        let mut draft = Vec::with_capacity(HEAD + bytes);
        draft.extend_from_slice(&[0; HEAD]);
        Self { bytes: draft }
    }

    pub(super) fn push(&mut self, payload: &[u8]) {
        self.bytes.extend_from_slice(payload);
    }

    /// The frame, whole, with complete frames that follow it.
    pub(super) fn finish(mut self, opcode: Opcode, followers: &[u8]) -> Bytes {
        let (head, size) = head(opcode, self.bytes.len() - HEAD);
        let from = HEAD - size;
        self.bytes[from..HEAD].copy_from_slice(&head[..size]);
        self.bytes.extend_from_slice(followers);
        let mut frame = Bytes::from(self.bytes);
        frame.advance(from);
        frame
    }
}

/// A frame with this payload.
pub(super) fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut draft = Draft::for_about(payload.len());
    draft.push(payload);
    draft.finish(opcode, &[])
}

/// Appends a whole frame to others.
pub(super) fn append(frames: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let (head, size) = head(opcode, payload.len());
    frames.extend_from_slice(&head[..size]);
    frames.extend_from_slice(payload);
}

/// The close frame that says `code`.
pub(super) fn close(code: Code) -> Bytes {
    frame(Opcode::Close, &code.0.to_be_bytes())
}

/// What to answer a close frame with: the same, or that it is none.
pub(super) fn answer_to_close(payload: &[u8]) -> Code {
    match *payload {
        [] => Code::NORMAL,
        [_, _, ref reason @ ..] if std::str::from_utf8(reason).is_err() => Code::NOT_UTF8,
        [a, b, ..] => match u16::from_be_bytes([a, b]) {
            code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Code(code),
            _ => Code::PROTOCOL,
        },
        [_] => Code::PROTOCOL,
    }
}

fn head(opcode: Opcode, length: usize) -> ([u8; HEAD], usize) {
    let mut head = [0; HEAD];
    head[0] = IS_LAST | opcode.bits();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if usize::from(short) <= CONTROL_BYTES_MAX => {
            head[1] = short;
            (head, 2)
        }
        (_, Ok(length)) => {
            head[1] = LENGTH_OF_16 as u8;
            head[2..4].copy_from_slice(&length.to_be_bytes());
            (head, 4)
        }
        _ => {
            head[1] = LENGTH_OF_64 as u8;
            head[2..].copy_from_slice(&(length as u64).to_be_bytes());
            (head, HEAD)
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: usize = 1 << 20;
    const MASKED_WITH: [u8; MASK] = [0x37, 0xfa, 0x21, 0x3d];

    /// A client's frame: first byte as given, the shortest length, masked.
    pub(in crate::native) fn of_client(first: u8, payload: &[u8]) -> Vec<u8> {
        let (head, size) = head(Opcode::Text, payload.len());
        let mut bytes = vec![first];
        bytes.extend_from_slice(&head[1..size]);
        bytes[1] |= IS_MASKED;
        bytes.extend_from_slice(&MASKED_WITH);
        let from = bytes.len();
        bytes.extend_from_slice(payload);
        unmask(&mut bytes[from..], MASKED_WITH);
        bytes
    }

    /// All frames in what comes in these pieces, or what is wrong.
    fn read(pieces: impl Iterator<Item = Vec<u8>>) -> Result<Vec<(bool, Opcode, Vec<u8>)>, Code> {
        let (mut rest, mut frames) = (Vec::new(), Vec::new());
        for piece in pieces {
            rest.extend_from_slice(&piece);
            while let Some(frame) = next(&mut rest, MAX)? {
                frames.push((frame.is_last, frame.opcode, rest[frame.payload.clone()].to_vec()));
                rest.drain(..frame.payload.end);
            }
        }
        Ok(frames)
    }

    #[test]
    fn a_frame_of_the_standard_is_read() {
        let mut hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(next(&mut hello, MAX), Ok(Some(Frame { is_last: true, opcode: Opcode::Text, payload: 6..11 })));
        assert_eq!(&hello[6..], b"Hello");
    }

    #[test]
    fn frames_of_the_standard_are_written() {
        assert_eq!(&*frame(Opcode::Text, b"Hello"), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        assert_eq!(&frame(Opcode::Binary, &[0; 256])[..4], [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(&frame(Opcode::Binary, &[0; 65536])[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(&*close(Code::NORMAL), [0x88, 0x02, 0x03, 0xe8]);
    }

    #[test]
    fn what_is_no_frame_is_said_at_its_head() {
        for reserved in [0x40, 0x20, 0x10] {
            assert_eq!(next(&mut of_client(0x81 | reserved, b"x"), MAX), Err(Code::PROTOCOL));
        }
        for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            assert_eq!(next(&mut of_client(0x80 | opcode, b"x"), MAX), Err(Code::PROTOCOL));
        }
        assert_eq!(next(&mut [0x81, 0x01, b'x'], MAX), Err(Code::PROTOCOL), "not masked");
        assert_eq!(next(&mut of_client(0x09, b""), MAX), Err(Code::PROTOCOL), "control frames come whole");
        assert_eq!(next(&mut of_client(0x89, &[0; 126]), MAX), Err(Code::PROTOCOL), "control frames are short");
        assert_eq!(next(&mut of_client(0x81, &[0; 101])[..8], 100), Err(Code::TOO_LARGE), "before it is there");
        assert_eq!(next(&mut [0x82, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0], MAX), Err(Code::TOO_LARGE));
    }

    #[test]
    fn a_close_is_answered_with_what_it_says() {
        assert_eq!(answer_to_close(&[]), Code::NORMAL);
        assert_eq!(answer_to_close(&1001_u16.to_be_bytes()), Code::GOING_AWAY);
        assert_eq!(answer_to_close(&[0x0f, 0xa0, b'x']), Code(4000));
        for none in [&[3][..], &999_u16.to_be_bytes(), &1005_u16.to_be_bytes(), &5000_u16.to_be_bytes()] {
            assert_eq!(answer_to_close(none), Code::PROTOCOL);
        }
        assert_eq!(answer_to_close(&[0x03, 0xe8, 0xff]), Code::NOT_UTF8);
    }

    /// Bytes that are mostly frames.
    fn almost_frames() -> impl Strategy<Value = Vec<u8>> {
        let first =
            prop_oneof![9 => prop::sample::select(vec![0x81, 0x82, 0x01, 0x80, 0x00, 0x89, 0x8a]), 1 => any::<u8>()];
        let payload = prop_oneof![8 => prop::collection::vec(any::<u8>(), 0..20), 1 => prop::collection::vec(any::<u8>(), 120..400)];
        prop::collection::vec((first, payload), 0..8)
            .prop_map(|frames| frames.iter().flat_map(|(first, payload)| of_client(*first, payload)).collect())
    }

    proptest! {
        #[test]
        fn however_it_is_split_it_is_the_same(bytes in almost_frames(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10)) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|cut| bytes[cut[0]..cut[1]].to_vec());
            prop_assert_eq!(read(pieces), read(std::iter::once(bytes.clone())));
        }

        #[test]
        fn byte_by_byte_it_is_the_same(bytes in almost_frames()) {
            let by_byte = read(bytes.iter().map(|byte| vec![*byte]));
            prop_assert_eq!(by_byte, read(std::iter::once(bytes)));
        }

        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), max in 0..100_usize) {
            let mut bytes = bytes;
            if let Ok(Some(frame)) = next(&mut bytes, max) {
                prop_assert!(frame.payload.end <= bytes.len() && frame.payload.len() <= max);
            }
        }

        #[test]
        fn what_is_sent_is_what_is_read(payload in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let frames = read(std::iter::once(of_client(0x82, &payload)));
            prop_assert_eq!(frames, Ok(vec![(true, Opcode::Binary, payload)]));
        }
    }
}
