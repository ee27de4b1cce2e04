//! What names mean, in letters that do not depend on what the author called them.

use std::collections::HashMap;

/// Names that always mean the same.
const RESERVED: [&str; 6] = ["user", "payload", "args", "socket", "now", "entry"];

/// What names mean at one point of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Names that steps have bound, later ones first asked.
    bound: Vec<(String, String)>,
    /// Room and key parameters, or fields of named steps, and what they stand for.
    params: Vec<(String, String)>,
    naming: Naming,
}

/// How a bound name is told.
#[derive(Clone, Debug, Default)]
pub(crate) enum Naming {
    /// By what it was bound to: two names for the same thing are the same.
    #[default]
    Contents,
    /// By its name, or the name that the other side has for it.
    Names(HashMap<String, String>),
}

impl Scope {
    /// Where these parameters are known by their order.
    pub(crate) fn with_params<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let params = names.into_iter().enumerate().map(|(index, name)| (name.to_owned(), format!("${index}")));
        Self { params: params.collect(), ..Self::default() }
    }

    /// Where these parameters stand for these values.
    pub(crate) fn with_values(params: Vec<(String, String)>) -> Self {
        Self { params, ..Self::default() }
    }

    pub(crate) fn naming(mut self, naming: Naming) -> Self {
        self.naming = naming;
        self
    }

    /// Names what was bound; a name that was bound before may be either.
    pub(crate) fn bind(&mut self, name: &str, contents: &str) {
        let meaning = match &self.naming {
            Naming::Names(renamed) => format!("as {}", renamed.get(name).map_or(name, String::as_str)),
            Naming::Contents => match self.bound.iter().rev().find(|(known, _)| known == name) {
                Some((_, before)) if before != contents => format!("{before} or {contents}"),
                _ => contents.to_owned(),
            },
        };
        self.bound.push((name.to_owned(), meaning));
    }

    /// What a bare name means.
    pub(crate) fn meaning(&self, name: &str) -> String {
        if RESERVED.contains(&name) {
            return name.to_owned();
        }
        let known = self.bound.iter().rev().chain(&self.params).find(|(known, _)| known == name);
        known.map_or_else(|| format!("payload.{name}"), |(_, meaning)| meaning.clone())
    }

    /// What a path such as `user.id` means.
    pub(crate) fn path(&self, path: &[&str]) -> String {
        let Some((first, rest)) = path.split_first() else { return String::new() };
        rest.iter().fold(self.meaning(first), |meaning, step| format!("{meaning}.{step}"))
    }
}
