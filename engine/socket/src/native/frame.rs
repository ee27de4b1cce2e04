//! WebSocket frames (RFC 6455), the server's side: client frames are unmasked where they lie, server frames are made once
//! and shared by all who receive them.

use std::ops::Range;

use bytes::Bytes;

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
    /// One for about so many bytes.
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
        Bytes::from(self.bytes).slice(from..)
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
