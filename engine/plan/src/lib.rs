//! From what the author wrote to what the engine will do: definitions in, a whole [`Plan`] or every diagnostic out. No IO.

pub mod data;
pub mod expr;
pub mod frame;
pub mod program;
pub mod schema;
pub mod sql;

pub use program::Plan;
