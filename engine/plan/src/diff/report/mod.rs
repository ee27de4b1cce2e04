//! Changes told: in words for people, as JSON for programs.

mod groups;
mod json;
mod text;

pub use json::json;
pub use text::{summary, text};
