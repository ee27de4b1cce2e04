//! Changes that break: named rules in three groups, and what each finds.
//!
//! WIRE: a client that is deployed would break. TYPES: its code would no longer compile with the exported types. SECURITY: a
//! right was widened, or it cannot be proved that it was not. A change is found once, by the gravest rule that it meets, but
//! security is looked at beside the rest.

mod judge;
mod payloads;
mod rules;
mod security;

use std::sync::Arc;

pub use judge::findings;
pub use rules::{ALL, Group, Rule};

use super::change::Place;

/// One thing that breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule it was found by.
    pub rule: &'static Rule,
    /// The namespace; empty for settings.
    pub namespace: Arc<str>,
    /// What it is about: "client event `gradebook:typing`".
    pub subject: String,
    /// The name of that, as it is written to ignore the finding.
    pub name: String,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// What to write under the underlined text.
    pub label: String,
    /// Where.
    pub place: Option<Place>,
}
