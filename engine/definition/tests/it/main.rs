//! The crate from outside: files in, diagnostics out.

mod accepted;
mod cases;
