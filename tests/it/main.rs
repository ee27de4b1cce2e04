//! The product as a whole, in one binary.

mod isolation;
