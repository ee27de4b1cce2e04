//! From what the author wrote to what the engine will do: definitions in, a whole [`Plan`] or every diagnostic out. No IO.
//!
//! * [`compile`]: the compiler; every mistake of every file at once.
//! * [`program`]: the plan, as the runtime reads it.
//! * [`expr`], [`data`], [`frame`]: expressions and values with holes, and what they see while an event runs.
//! * [`user`], [`payload`], [`socket`]: who an event is from, what it carries, and the connection it came by.
//! * [`schema`]: types as JSON Schema, and what checks payloads.
//! * [`shape`], [`fit`], [`from_schema`]: what is known of values before anything runs.
//! * [`sql`]: named parameters of statements.

pub mod admission;
pub mod codes;
pub mod compile;
pub mod contract;
pub mod data;
pub mod diff;
pub mod expr;
pub mod fit;
pub mod frame;
pub mod from_schema;
mod json;
pub mod payload;
pub mod program;
pub mod refusals;
pub mod schema;
pub mod shape;
pub mod socket;
pub mod sql;
pub mod unknown;
pub mod user;

pub use compile::{HookSignature, Identity, Input, Parsed, compile};
pub use program::Plan;
