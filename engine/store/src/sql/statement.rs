//! A statement, before it is written for one database or the other.

/// A part of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// What stands between parameters.
    Text(Box<str>),
    /// A parameter, by its number from 0.
    Parameter(usize),
}

/// A statement with its parameters numbered; the same number is the same value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql {
    parts: Box<[Part]>,
    numbered: Box<str>,
}

impl Sql {
    /// Of parts. They are the author's, from files; nothing from a payload is ever part of one: that is always a parameter.
    #[must_use]
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        let parts: Box<[Part]> = parts.into_iter().collect();
        let numbered = written(&parts, |number, _| format!("?{}", number + 1));
        Self { parts, numbered: numbered.into() }
    }

    /// A statement without parameters.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self::new([Part::Text(text.into())])
    }

    /// With `?1`, `?2`: as SQLite takes it, and a name for it everywhere.
    pub(super) fn numbered(&self) -> &str {
        &self.numbered
    }

    /// With something else for each parameter, by its number and by how many parameters stand before it.
    pub(super) fn written(&self, parameter: impl FnMut(usize, usize) -> String) -> String {
        written(&self.parts, parameter)
    }

    /// The numbers of the parameters in the order in which they stand.
    pub(super) fn parameters(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().filter_map(|part| match part {
            Part::Parameter(number) => Some(*number),
            Part::Text(_) => None,
        })
    }
}

fn written(parts: &[Part], mut parameter: impl FnMut(usize, usize) -> String) -> String {
    let (mut text, mut before) = (String::new(), 0);
    for part in parts {
        match part {
            Part::Text(between) => text.push_str(between),
            Part::Parameter(number) => {
                text.push_str(&parameter(*number, before));
                before += 1;
            }
        }
    }
    text
}
