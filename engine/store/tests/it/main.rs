//! The stores from outside.

mod cache;
mod presence;
mod sql;
mod state;
