//! JSON text, written straight into a string.

use std::fmt::{Display, Write as _};

use serde_json::Value;

/// Appends `value` as JSON, letter for letter as `serde_json` writes it.
pub(crate) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => push_display(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (name, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    if is_plain(text) {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| must_be_escaped(*byte)) {
        out.push_str(&text[copied..at]);
        push_escaped(byte, out);
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
    out.push('"');
}

/// Whether nothing in `text` must be escaped. Looks at eight bytes at a time, by the tests for a byte that is zero or less than
/// another in <https://graphics.stanford.edu/~seander/bithacks.html>.
fn is_plain(text: &str) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let is = |bytes: u64, byte: u8| {
        let differs = bytes ^ (EACH * u64::from(byte));
        differs.wrapping_sub(EACH) & !differs
    };
    let marks = |bytes: [u8; 8]| {
        let bytes = u64::from_ne_bytes(bytes);
        let is_control = bytes.wrapping_sub(EACH * 0x20) & !bytes;
        (is_control | is(bytes, b'"') | is(bytes, b'\\')) & (EACH << 7)
    };
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    eights.iter().fold(marks(last), |found, bytes| found | marks(*bytes)) == 0
}

/// Appends each of `items` with commas between those that are there; `write` says whether it is, and what it wrote of
/// one that is not is taken back.
pub(crate) fn separated<I, E>(
    items: impl IntoIterator<Item = I>,
    out: &mut String,
    mut write: impl FnMut(I, &mut String) -> Result<bool, E>,
) -> Result<(), E> {
    let mut any = false;
    for item in items {
        let before = out.len();
        if any {
            out.push(',');
        }
        if write(item, out)? {
            any = true;
        } else {
            out.truncate(before);
        }
    }
    Ok(())
}

/// Appends what `value` displays as.
pub(crate) fn push_display(value: impl Display, out: &mut String) {
    // Writing into a string cannot fail.
    let _ = write!(out, "{value}");
}

fn must_be_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_escaped(byte: u8, out: &mut String) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        0x08 => out.push_str("\\b"),
        0x0c => out.push_str("\\f"),
        other => {
            let _ = write!(out, "\\u{other:04x}");
        }
    }
}
