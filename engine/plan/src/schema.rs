//! Types: the author's notation expanded to JSON Schema 2020-12, and what checks payloads against it.
//!
//! A type is the name of one (`Grade`, `string`), a list of one type (`[Mark]`), a closed object (`fields:`, `optional:`),
//! or JSON Schema, in which all of these may stand wherever a schema may.

mod at;
mod circles;
mod closed;
mod consistent;
mod expand;
mod fields;
mod issues;
mod keywords;
mod names;
mod property;
mod prune;
mod simple;
mod validator;

use std::collections::BTreeMap;

use serde_json::Value;

pub use closed::Closed;
pub use expand::{BUILT_IN, expand};
pub use issues::Issue;
pub use names::Names;
pub use validator::Validator;

pub(crate) use at::escaped;
pub(crate) use property::property;

/// The author's types by name, as written.
pub type Types = BTreeMap<String, Value>;

/// Something in a type that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    /// JSON pointer to it, in the type as written.
    pub pointer: String,
    /// It is the key itself that is wrong, not what stands under it.
    pub on_key: bool,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

fn spoken(names: &[&str]) -> String {
    crate::shape::spoken(names.iter().copied())
}
