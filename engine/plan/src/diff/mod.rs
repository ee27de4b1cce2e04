//! Two versions of the same definitions compared by what they mean: a list of [`Change`]s, as data and in words.
//!
//! * [`compare`]: rooms, events, rules, limits, state, queries and types, then and now.
//! * [`schema`]: whether one JSON Schema accepts all that another does, and in what they differ.
//! * [`change`]: what a change is.
//! * [`breaking`]: which changes break deployed clients or their code, or widen a right.
//! * [`usage`], [`live`]: what a running server is used for now, and what a change would do to those who use it.
//!
//! What stands differently but means the same, as far as that can be proved, is no change.

pub mod breaking;
pub mod change;
mod compare;
pub mod live;
mod read;
pub mod report;
mod rights;
pub mod schema;
mod steps;
pub mod usage;
mod words;

pub use change::{Act, Aspect, Change, Detail, Direction, Effect, Noun, Place, Right};
pub use compare::{Side, compare, duration as shown_duration};
pub use rights::{RightChange, Shift};
