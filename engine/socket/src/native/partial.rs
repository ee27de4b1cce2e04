//! A message that comes in several frames.

use super::frame::{Code, Opcode};

/// What has come of a message.
pub(super) struct Partial {
    opcode: Opcode,
    bytes: Vec<u8>,
    /// So many bytes of a text are known to be UTF-8.
    sound: usize,
}

impl Partial {
    /// The first frame.
    pub(super) fn begin(opcode: Opcode, payload: &[u8]) -> Result<Self, Code> {
        let mut partial = Self { opcode, bytes: payload.to_vec(), sound: 0 };
        partial.check()?;
        Ok(partial)
    }

    /// Another frame. Text that cannot become UTF-8 is not waited for.
    pub(super) fn push(&mut self, payload: &[u8], bytes_max: usize) -> Result<(), Code> {
        if self.bytes.len() + payload.len() > bytes_max {
            return Err(Code::TOO_LARGE);
        }
        self.bytes.extend_from_slice(payload);
        self.check()
    }

    pub(super) fn opcode(&self) -> Opcode {
        self.opcode
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn check(&mut self) -> Result<(), Code> {
        if self.opcode != Opcode::Text {
            return Ok(());
        }
        match std::str::from_utf8(&self.bytes[self.sound..]) {
            Ok(text) => self.sound += text.len(),
            Err(error) if error.error_len().is_some() => return Err(Code::NOT_UTF8),
            Err(cut) => self.sound += cut.valid_up_to(),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: usize = 1000;

    #[test]
    fn what_cannot_become_text_is_not_waited_for() {
        let mut text = Partial::begin(Opcode::Text, &[b'4', 0xce]).expect("more may come");
        text.push(&[0xba, 0xf4], MAX).expect("more may come");
        assert_eq!(text.push(&[0x90], MAX), Err(Code::NOT_UTF8));
        assert_eq!(Partial::begin(Opcode::Text, &[0xc0]).err(), Some(Code::NOT_UTF8));
        assert!(Partial::begin(Opcode::Binary, &[0xc0]).is_ok());
    }

    proptest! {
        #[test]
        fn text_may_be_cut_anywhere(text in "\\PC{0,40}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut partial = Partial::begin(Opcode::Text, &[]).expect("nothing is text");
            for cut in cuts.windows(2) {
                prop_assert_eq!(partial.push(&bytes[cut[0]..cut[1]], MAX), Ok(()));
            }
            prop_assert_eq!(partial.bytes(), bytes);
        }

        #[test]
        fn it_says_the_same_as_of_the_whole(bytes in prop::collection::vec(prop::sample::select(vec![0x41, 0x80, 0xbf, 0xc3, 0xe2, 0xed, 0xf0, 0xf4, 0x90]), 0..12)) {
            let mut partial = Partial::begin(Opcode::Text, &[]).expect("nothing is text");
            let pushed = bytes.iter().try_for_each(|byte| partial.push(&[*byte], MAX));
            let may_become_text = std::str::from_utf8(&bytes).err().is_none_or(|error| error.error_len().is_none());
            prop_assert_eq!(pushed.is_ok(), may_become_text);
        }
    }
}
