//! Frames as a server reads and writes them.

use data_encoding::BASE64;
use sha1::{Digest, Sha1};

/// A text frame, in front of whose payload is what the length takes.
pub(crate) fn text(into: &mut Vec<u8>, payload: &[&[u8]]) {
    let length: usize = payload.iter().map(|part| part.len()).sum();
    into.push(0x81);
    match length {
        0..126 => into.push(length as u8),
        126..65536 => {
            into.push(126);
            into.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            into.push(127);
            into.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    payload.iter().for_each(|part| into.extend_from_slice(part));
}

/// The first frame, unmasked where it lies: its opcode, where its payload begins and where it ends.
pub(crate) fn next(bytes: &mut [u8]) -> Option<(u8, usize, usize)> {
    let (opcode, short) = (*bytes.first()? & 15, usize::from(*bytes.get(1)? & 127));
    let (head, length) = match short {
        126 => (8, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (14, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        length => (6, length),
    };
    let mask: [u8; 4] = bytes.get(head - 4..head)?.try_into().ok()?;
    let payload = bytes.get_mut(head..head + length)?;
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Some((opcode, head, head + length))
}

/// The answer to a request to speak WebSocket.
pub(crate) fn upgraded(request: &str) -> Option<String> {
    let key = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    })?;
    let accept = BASE64.encode(&Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    ))
}
