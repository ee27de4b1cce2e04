//! The crate from outside: files in, diagnostics out.

mod accepted;
mod bombs;
mod cases;
mod corpus;
mod properties;
mod reading;
mod records;
mod rendering;
