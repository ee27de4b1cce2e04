//! A name that is not known, beside those that are: what "did you mean" is made of.

/// A name that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What the author wrote.
    pub name: String,
    /// What there is instead.
    pub known: Vec<String>,
}
