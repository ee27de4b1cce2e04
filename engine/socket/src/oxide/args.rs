//! Arguments as socketioxide wants them: something to serialise, with bytes where attachments go.

use serde::ser::{Serialize, SerializeTuple, Serializer};

use crate::filled::Filled;
use crate::seam::Args;

/// Arguments on their way out. Their number is known only now, so they are a tuple of their own making. What holds no
/// attachment is passed on as it was written.
pub(super) struct Outgoing<'a>(pub(super) &'a Args);

impl Serialize for Outgoing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.0.each();
        let mut tuple = serializer.serialize_tuple(all.len())?;
        for value in all {
            tuple.serialize_element(&Filled::new(value, self.0))?;
        }
        tuple.end()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;

    fn written(text: &str, attachments: usize) -> String {
        let attachments: Arc<[Bytes]> = (0..attachments).map(|_| Bytes::from_static(b"\x01")).collect();
        serde_json::to_string(&Outgoing(&Args::new(text.into(), attachments))).expect("it can be written")
    }

    #[test]
    fn attachments_stand_where_their_placeholders_stood() {
        let placeholder = r#"{"_placeholder":true,"num":0}"#;
        assert_eq!(written(placeholder, 1), "[[1]]");
        assert_eq!(
            written(&format!(r#"{{"b":[2.50,{placeholder}],"a":1,"a":2}}"#), 1),
            r#"[{"b":[2.50,[1]],"a":1,"a":2}]"#
        );
        assert_eq!(written(placeholder, 0), format!("[{placeholder}]"));
    }

    #[test]
    fn what_only_looks_like_a_placeholder_stays() {
        for text in [r#"{"_placeholder":true,"num":7}"#, r#"{"_placeholder":false,"num":0}"#, r#""_placeholder""#] {
            assert_eq!(written(text, 1), format!("[{text}]"));
        }
    }

    #[test]
    fn depth_is_no_way_to_break_it() {
        let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
        let text = deep.replacen("[]", r#"[{"_placeholder":true,"num":0}]"#, 1);
        assert_eq!(written(&text, 1), format!("[{text}]"));
    }
}
