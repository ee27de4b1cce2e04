//! Packets of Socket.IO as a client reads them.

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// The session is open.
    Open,
    Ping,
    /// The client is in its namespace.
    Connected,
    /// It is not let in.
    Refused(&'a [u8]),
    Event(&'a [u8]),
    Ack {
        id: u64,
        body: &'a [u8],
    },
    /// The client is put out of its namespace, or the session is over.
    Ended,
    Other,
}

impl<'a> Packet<'a> {
    /// Reads a text frame's payload.
    pub(crate) fn read(text: &'a [u8]) -> Self {
        match text {
            [b'0', ..] => Self::Open,
            [b'2', ..] => Self::Ping,
            [b'1', ..] => Self::Ended,
            [b'4', kind, rest @ ..] => Self::message(*kind, after_namespace(rest)),
            _ => Self::Other,
        }
    }

    fn message(kind: u8, rest: &'a [u8]) -> Self {
        match kind {
            b'0' => Self::Connected,
            b'1' => Self::Ended,
            b'2' => Self::Event(rest),
            b'3' => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                Self::Ack { id: number(&rest[..digits]), body: &rest[digits..] }
            }
            b'4' => Self::Refused(rest),
            _ => Self::Other,
        }
    }

    /// The number behind `"seq":` in an event or ack.
    pub(crate) fn seq(body: &[u8]) -> Option<u64> {
        const KEY: &[u8] = br#""seq":"#;
        let from = find(body, KEY)? + KEY.len();
        let digits = body[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        (digits > 0).then(|| number(&body[from..from + digits]))
    }

    /// Whether an ack tells of success.
    pub(crate) fn is_success(body: &[u8]) -> bool {
        find(body, br#""success":true"#).is_some()
    }
}

fn after_namespace(rest: &[u8]) -> &[u8] {
    match rest.first() {
        Some(b'/') => rest.iter().position(|byte| *byte == b',').map_or(&[], |comma| &rest[comma + 1..]),
        _ => rest,
    }
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted[0];
    let last = bytes.len().checked_sub(wanted.len())?;
    let mut from = 0;
    while from <= last {
        from += bytes[from..=last].iter().position(|byte| *byte == first)?;
        if bytes[from..].starts_with(wanted) {
            return Some(from);
        }
        from += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_apart() {
        assert_eq!(Packet::read(br#"0{"sid":"x"}"#), Packet::Open);
        assert_eq!(Packet::read(b"2"), Packet::Ping);
        assert_eq!(Packet::read(br#"40/bench,{"sid":"x"}"#), Packet::Connected);
        assert_eq!(Packet::read(br#"44/bench,{"message":"no"}"#), Packet::Refused(br#"{"message":"no"}"#));
        assert_eq!(Packet::read(br#"42/bench,["a",1]"#), Packet::Event(br#"["a",1]"#));
        assert_eq!(Packet::read(br#"43/bench,170[{}]"#), Packet::Ack { id: 170, body: b"[{}]" });
        assert_eq!(Packet::read(b"41/bench,"), Packet::Ended);
    }

    #[test]
    fn numbers_are_found_and_success_is_noticed() {
        assert_eq!(Packet::seq(br#"["typing",{"a":"\"s","seq":1025,"b":2}]"#), Some(1025));
        assert_eq!(Packet::seq(br#"["joined",{}]"#), None);
        assert_eq!(Packet::seq(br#""seq":"#), None);
        assert!(Packet::is_success(br#"[{"success":true,"data":{}}]"#));
        assert!(!Packet::is_success(br#"[{"success":false,"code":"BUSY"}]"#));
    }
}
