//! Scripts: each operation is one, and so atomic.

use std::sync::LazyLock;

use redis::Value;

use crate::StoreError;

/// A Lua script. Its first argument is always the time, empty for that of Redis.
pub(super) struct Script {
    pub(super) source: &'static str,
    pub(super) sha: LazyLock<String, Box<dyn FnOnce() -> String + Send>>,
}

impl Script {
    pub(super) fn new(source: &'static str) -> Self {
        let sha = move || redis::Script::new(source).get_hash().to_owned();
        Self { source, sha: LazyLock::new(Box::new(sha)) }
    }
}

/// Declares scripts by the names of their files; what they share comes first in each.
macro_rules! scripts {
    ($($name:ident = $($file:literal)+;)+) => {
        $(
            static $name: std::sync::LazyLock<crate::redis::script::Script> = std::sync::LazyLock::new(|| {
                crate::redis::script::Script::new(concat!($(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/redis/lua/", $file)), "\n"),+))
            });
        )+
    };
}
pub(super) use scripts;

/// What a script answered, read from the front.
#[derive(Debug)]
pub(super) struct Reply(std::vec::IntoIter<Value>);

impl Reply {
    pub(super) fn of(value: Value) -> Self {
        match value {
            Value::Array(values) => Self(values.into_iter()),
            Value::Nil => Self(Vec::new().into_iter()),
            other => Self(vec![other].into_iter()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// The next value, a number.
    pub(super) fn int(&mut self) -> Result<i64, StoreError> {
        match self.0.next() {
            Some(Value::Int(number)) => Ok(number),
            Some(Value::BulkString(text)) => {
                std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).ok_or_else(unexpected)
            }
            _ => Err(unexpected()),
        }
    }

    /// The next value, a text.
    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        self.maybe_text()?.ok_or_else(unexpected)
    }

    /// The next value, a text or nothing.
    pub(super) fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            // Others may write there what is no text of ours.
            Some(Value::BulkString(text)) => Ok(Some(
                String::from_utf8(text).unwrap_or_else(|text| String::from_utf8_lossy(text.as_bytes()).into_owned()),
            )),
            Some(Value::SimpleString(text)) => Ok(Some(text)),
            Some(Value::Int(number)) => Ok(Some(number.to_string())),
            Some(Value::Nil) | None => Ok(None),
            Some(_) => Err(unexpected()),
        }
    }

    /// The next value, as it is.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.0.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            _ => Err(unexpected()),
        }
    }

    /// The next value, a list.
    pub(super) fn list(&mut self) -> Result<Reply, StoreError> {
        self.0.next().map(Reply::of).ok_or_else(unexpected)
    }
}

pub(super) fn unexpected() -> StoreError {
    StoreError::Unavailable("Redis answered what is no answer".into())
}
