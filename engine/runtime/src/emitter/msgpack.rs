//! MessagePack as JSON: what `notepack.io` writes, and whatever else is well-formed.
//!
//! Times become what `JSON.stringify` makes of a `Date`. Bytes and other extensions are refused: a payload is JSON here.

use bytes::Buf;
use serde_json::{Map, Number, Value};

/// Why something is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is no MessagePack, is cut, nested too deep, or has something behind it.
    Broken,
    /// It has bytes in it, or an extension that is no time.
    Binary,
}

/// What the extension of times is called.
const TIMESTAMP: i8 = -1;

/// The one value that `bytes` are.
pub(super) fn read(bytes: &[u8], depth_max: usize) -> Result<Value, Unreadable> {
    let mut reader = Reader { rest: bytes, depth: depth_max };
    let value = reader.value()?;
    if reader.rest.is_empty() { Ok(value) } else { Err(Unreadable::Broken) }
}

struct Reader<'b> {
    rest: &'b [u8],
    /// How much deeper it may go.
    depth: usize,
}

type Read<T> = Result<T, Unreadable>;

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Read<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Unreadable::Broken)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A number of so many bytes, big-endian.
    fn uint(&mut self, bytes: usize) -> Read<u64> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn int(&mut self, bytes: usize) -> Read<i64> {
        Ok(self.take(bytes)?.get_int(bytes))
    }

    fn length(&mut self, bytes: usize) -> Read<usize> {
        usize::try_from(self.uint(bytes)?).map_err(|_| Unreadable::Broken)
    }

    fn value(&mut self) -> Read<Value> {
        let first = self.take(1)?[0];
        Ok(match first {
            0x00..=0x7f => first.into(),
            0x80..=0x8f => self.map(usize::from(first & 0x0f))?,
            0x90..=0x9f => self.list(usize::from(first & 0x0f))?,
            0xa0..=0xbf => self.text(usize::from(first & 0x1f))?.into(),
            0xc0 => Value::Null,
            0xc2 => false.into(),
            0xc3 => true.into(),
            0xca => float(f64::from(f32::from_bits(u32::try_from(self.uint(4)?).unwrap_or(0)))),
            0xcb => float(f64::from_bits(self.uint(8)?)),
            0xcc..=0xcf => self.uint(1 << (first - 0xcc))?.into(),
            0xd0..=0xd3 => self.int(1 << (first - 0xd0))?.into(),
            0xd4..=0xd8 => self.extension(1 << (first - 0xd4))?,
            0xc7..=0xc9 => {
                let length = self.length(1 << (first - 0xc7))?;
                self.extension(length)?
            }
            0xd9..=0xdb => {
                let length = self.length(1 << (first - 0xd9))?;
                self.text(length)?.into()
            }
            0xdc | 0xdd => {
                let length = self.length(2 << (first - 0xdc))?;
                self.list(length)?
            }
            0xde | 0xdf => {
                let length = self.length(2 << (first - 0xde))?;
                self.map(length)?
            }
            0xe0..=0xff => i64::from(first.cast_signed()).into(),
            0xc4..=0xc6 => return Err(Unreadable::Binary),
            0xc1 => return Err(Unreadable::Broken),
        })
    }

    fn text(&mut self, length: usize) -> Read<String> {
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| Unreadable::Broken)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.depth = self.depth.checked_sub(1).ok_or(Unreadable::Broken)?;
        let value = read(self);
        self.depth += 1;
        value
    }

    /// Each item takes a byte at least, so that a length cannot ask for more than there is.
    fn fits(&self, length: usize) -> Read<()> {
        if length > self.rest.len() { Err(Unreadable::Broken) } else { Ok(()) }
    }

    fn list(&mut self, length: usize) -> Read<Value> {
        self.fits(length)?;
        self.deeper(|from| (0..length).map(|_| from.value()).collect::<Read<Vec<Value>>>()).map(Value::Array)
    }

    fn map(&mut self, length: usize) -> Read<Value> {
        self.fits(length)?;
        self.deeper(|from| {
            let mut map = Map::new();
            for _ in 0..length {
                let Value::String(key) = from.value()? else { return Err(Unreadable::Broken) };
                map.insert(key, from.value()?);
            }
            Ok(Value::Object(map))
        })
    }

    fn extension(&mut self, length: usize) -> Read<Value> {
        let kind = self.take(1)?[0].cast_signed();
        let mut data = self.take(length)?;
        if kind != TIMESTAMP {
            return Err(Unreadable::Binary);
        }
        let (seconds, nanos) = match length {
            4 => (i64::from(data.get_u32()), 0),
            8 => {
                let both = data.get_u64();
                (i64::try_from(both & 0x3_ffff_ffff).unwrap_or(0), i64::try_from(both >> 34).unwrap_or(0))
            }
            12 => {
                let nanos = data.get_u32();
                (data.get_i64(), i64::from(nanos))
            }
            _ => return Err(Unreadable::Broken),
        };
        let ms =
            seconds.checked_mul(1000).and_then(|ms| ms.checked_add(nanos / 1_000_000)).ok_or(Unreadable::Broken)?;
        let time = jiff::Timestamp::from_millisecond(ms).map_err(|_| Unreadable::Broken)?;
        Ok(format!("{time:.3}").into())
    }
}

/// What is no number is `null`, as in JavaScript.
fn float(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn values_are_those_of_json() {
        let cases: [(&[u8], Value); 18] = [
            (b"\x07", json!(7)),
            (b"\xff", json!(-1)),
            (b"\xe0", json!(-32)),
            (b"\xcc\xc8", json!(200)),
            (b"\xcd\x01\x00", json!(256)),
            (b"\xce\x00\x01\x00\x00", json!(65536)),
            (b"\xcf\x00\x00\x00\x01\x00\x00\x00\x00", json!(4_294_967_296_u64)),
            (b"\xd0\x80", json!(-128)),
            (b"\xd1\xff\x00", json!(-256)),
            (b"\xd3\xff\xff\xff\xff\x00\x00\x00\x00", json!(-4_294_967_296_i64)),
            (b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", json!(1.5)),
            (b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", json!(null)),
            (b"\xa2hi", json!("hi")),
            (b"\xd9\x02hi", json!("hi")),
            (b"\x93\xc0\xc2\xc3", json!([null, false, true])),
            (b"\xdc\x00\x01\x01", json!([1])),
            (b"\x81\xa1a\x90", json!({ "a": [] })),
            (b"\xde\x00\x01\xa1a\x01", json!({ "a": 1 })),
        ];
        for (bytes, value) in cases {
            assert_eq!(read(bytes, 4), Ok(value), "{bytes:x?}");
        }
    }

    #[test]
    fn times_are_what_javascript_makes_of_them() {
        assert_eq!(read(b"\xd6\xff\x67\x87\x72\x90", 1), Ok(json!("2025-01-15T08:32:16.000Z")));
        assert_eq!(read(b"\xd7\xff\x1d\xcd\x65\x00\x67\x87\x72\x90", 1), Ok(json!("2025-01-15T08:32:16.125Z")));
    }

    #[test]
    fn what_is_not_json_or_not_whole_is_refused() {
        assert_eq!(read(b"\xc4\x01x", 4), Err(Unreadable::Binary));
        assert_eq!(read(b"\xd4\x05x", 4), Err(Unreadable::Binary));
        for broken in [
            &b""[..],
            b"\xc1",
            b"\xa2h",
            b"\x01\x02",
            b"\x81\x01\x01",
            b"\xdd\xff\xff\xff\xff",
            b"\x91\x91\x91\x91\x91",
        ] {
            assert_eq!(read(broken, 4), Err(Unreadable::Broken), "{broken:x?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, 8);
        }
    }
}
