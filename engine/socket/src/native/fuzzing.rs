//! A door for `tests/fuzz`: the bytes of a whole connection, through all that takes them apart before anybody is asked.

use super::frame::{self, Code, Frame, Opcode};
use super::packet::{self, Control};
use super::partial::Partial;

/// How large a frame, or a message of several, may be.
const BYTES_MAX: usize = 1 << 10;
/// The longest head of a client's frame.
const HEAD: usize = 14;

/// What was taken of a connection, in order.
#[derive(Default)]
struct Taken {
    rest: Vec<u8>,
    partial: Option<Partial>,
    said: Vec<String>,
}

impl Taken {
    fn take(&mut self, piece: &[u8]) -> Result<(), Code> {
        self.rest.extend_from_slice(piece);
        while let Some(frame) = frame::next(&mut self.rest, BYTES_MAX)? {
            let payload = self.rest[frame.payload.clone()].to_vec();
            self.rest.drain(..frame.payload.end);
            self.framed(&frame, &payload)?;
        }
        assert!(self.rest.len() < HEAD + BYTES_MAX, "{} bytes wait", self.rest.len());
        assert!(self.partial.as_ref().is_none_or(|partial| partial.bytes().len() <= BYTES_MAX));
        Ok(())
    }

    fn framed(&mut self, frame: &Frame, payload: &[u8]) -> Result<(), Code> {
        match (frame.opcode, &mut self.partial) {
            (Opcode::Ping | Opcode::Pong, _) => {
                self.said.push(format!("{:?} {payload:?}", frame.opcode));
                Ok(())
            }
            (Opcode::Close, _) => Err(frame::answer_to_close(payload)),
            (Opcode::Continuation, Some(partial)) => {
                partial.push(payload, BYTES_MAX)?;
                match self.partial.take_if(|_| frame.is_last) {
                    Some(whole) => self.message(whole.opcode(), whole.bytes()),
                    None => Ok(()),
                }
            }
            (Opcode::Continuation, None) | (Opcode::Text | Opcode::Binary, Some(_)) => Err(Code::PROTOCOL),
            (opcode, None) if frame.is_last => self.message(opcode, payload),
            (opcode, None) => {
                self.partial = Some(Partial::begin(opcode, payload)?);
                Ok(())
            }
        }
    }

    fn message(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Code> {
        if opcode == Opcode::Binary {
            self.said.push(format!("{payload:?}"));
            return Ok(());
        }
        let text = std::str::from_utf8(payload).map_err(|_| Code::NOT_UTF8)?;
        let said = match packet::control(text)? {
            Control::Message(text) => format!("{:?}", packet::heard(text)?),
            control => format!("{control:?}"),
        };
        self.said.push(said);
        Ok(())
    }
}

/// What comes of a connection whose bytes come in these pieces.
fn taken<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> (Vec<String>, Result<usize, Code>) {
    let mut taken = Taken::default();
    let end = pieces.into_iter().try_for_each(|piece| taken.take(piece));
    (taken.said, end.map(|()| taken.rest.len()))
}

/// However the bytes of a connection are cut, the same is taken of them, and it ends for the same reason. `cuts`: how long each
/// piece is; the last is the rest.
pub fn connection(bytes: &[u8], cuts: &[u8]) {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, behind) = rest.split_at(usize::from(*cut).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    assert_eq!(taken(pieces), taken([bytes]));
    assert_eq!(taken(bytes.chunks(1)), taken([bytes]));
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::of_client;
    use super::*;

    #[test]
    fn a_connection_is_the_same_however_it_comes() {
        let texts: [(u8, &[u8]); 5] = [
            (0x81, b"40/a,{}"),
            (0x89, b"x"),
            (0x01, b"451-"),
            (0x80, br#"/a,7["e",{"_placeholder":true,"num":0}]"#),
            (0x82, b"\0"),
        ];
        let bytes: Vec<u8> = texts.iter().flat_map(|(first, payload)| of_client(*first, payload)).collect();
        let (said, end) = taken([&bytes[..]]);
        assert_eq!((said.len(), end), (4, Ok(0)), "{said:?}");
        connection(&bytes, &[1, 7, 30]);
    }
}
