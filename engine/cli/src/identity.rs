//! Who bears a token.

mod jwt;

pub use jwt::{Jwt, mint};
