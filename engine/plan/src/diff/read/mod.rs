//! A namespace as it is compared: its declarations, and what texts in it mean.

pub(crate) mod data;
pub(crate) mod expr;
mod house;
pub(crate) mod scope;

pub(crate) use house::{House, Noun, houses, shape};
pub(crate) use scope::{Naming, Scope};
