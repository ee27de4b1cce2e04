//! Who bears a token.

mod fetch;
mod jwks;
mod jwt;
pub(crate) mod keys;

pub(crate) use fetch::causes;
pub use jwt::{Jwt, mint};
