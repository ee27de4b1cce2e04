//! The compiler from outside: files in, a plan or diagnostics out.

mod compiler;
mod harness;
mod proofs;
mod schemas;
mod types;
