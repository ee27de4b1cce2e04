//! Steps, as they are compared: each a verb, what it works on, and the parts it is made of.

mod act;
mod compare;
mod read;
mod words;

pub(crate) use act::Part;
pub(crate) use compare::{StepChange, compare};
pub(crate) use read::{Handler, acts, renamed};
