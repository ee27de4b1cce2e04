//! The product as a whole, in one binary.

mod cases;
mod floors;
mod isolation;
mod licences;
