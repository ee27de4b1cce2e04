//! Who may do something: rules as alternatives, compared role by role.

mod alternatives;
mod compare;
mod words;

pub(crate) use alternatives::Rights;
pub(crate) use alternatives::{Depth, Keys};
pub(crate) use compare::compare;
pub use compare::{RightChange, Shift};
