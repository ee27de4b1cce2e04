//! The product, as its tests see it from outside.

pub mod bundled;
#[path = "../../namespaces/hooks.rs"]
mod hooks;
