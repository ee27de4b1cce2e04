//! One step in one form.

use std::collections::BTreeMap;

use homeroom_definition::Span;

/// A step.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) verb: &'static str,
    /// What it works on, as the author wrote it.
    pub(crate) target: String,
    /// The same in one form.
    pub(crate) key: String,
    pub(crate) parts: Vec<Part>,
    /// The steps within.
    pub(crate) body: Vec<Act>,
    pub(crate) span: Span,
    /// The names it binds, each with what it is bound to.
    pub(crate) binds: Vec<(String, String)>,
}

/// A part of a step, such as its condition.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// In one form; what stands for nothing said is left out altogether.
    pub(crate) form: String,
    /// As the author wrote it.
    pub(crate) shown: String,
    pub(crate) span: Span,
    /// The properties of an object, each in one form.
    pub(crate) properties: BTreeMap<String, String>,
}

impl Act {
    /// The part of this name.
    pub(crate) fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// Everything that is compared, in letters; `binds` are not, as what they are called does not matter.
    pub(crate) fn form(&self) -> String {
        let parts: Vec<String> = self.parts.iter().map(|part| format!("{}={}", part.name, part.form)).collect();
        let body: Vec<String> = self.body.iter().map(Self::form).collect();
        format!("{} {} [{}] {{{}}}", self.verb, self.key, parts.join("; "), body.join("; "))
    }

    /// What makes two steps the same one, changed or not.
    pub(crate) fn identity(&self) -> (&'static str, &str) {
        (self.verb, &self.key)
    }
}
