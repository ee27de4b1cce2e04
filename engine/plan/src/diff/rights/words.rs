//! Rights in words.

use std::collections::BTreeSet;

use super::alternatives::{Atom, Grounds, Rights};
use super::compare::{RightChange, Shift};
use crate::diff::words::{and, or};

/// What must hold, as it follows "if"; empty: nothing.
pub(crate) fn grounds(grounds: &Grounds) -> String {
    and(&grounds.iter().map(atom).collect::<Vec<_>>())
}

fn atom(atom: &Atom) -> String {
    let shown = &atom.letters().shown;
    match atom {
        Atom::Inside(_) => format!("they are in `{shown}`"),
        Atom::Check(_) => format!("`{shown}` finds something"),
        Atom::When(_) => format!("`{shown}`"),
        Atom::Like(_) => format!("they are admitted to `{shown}`"),
        Atom::Enters(_) => format!("they may join `{shown}`"),
    }
}

/// " if ..."; empty where nothing is asked.
fn conditions(all: &BTreeSet<Grounds>) -> String {
    if all.iter().any(BTreeSet::is_empty) {
        return String::new();
    }
    let said: Vec<String> = all.iter().map(grounds).collect();
    format!(" if {}", or(&said))
}

impl RightChange {
    /// "role PARENT", "roles PARENT and STUDENT", "everyone".
    #[must_use]
    pub fn who(&self) -> String {
        match self.roles.as_slice() {
            _ if self.is_everyone => "everyone".to_owned(),
            [one] => format!("role {one}"),
            many => format!("roles {}", and(many)),
        }
    }

    /// In words; `right` is what they may do: "join `class:<classId>`".
    #[must_use]
    pub fn words(&self, right: &str) -> String {
        let who = self.who();
        match self.shift {
            Shift::Given => format!("{who} may now {right}{}", conditions(&self.after)),
            Shift::Taken if self.is_everyone => format!("nobody may {right} any longer"),
            Shift::Taken => format!("{who} may no longer {right}"),
            Shift::Widened => self.widened(&who, right),
            Shift::Narrowed => self.narrowed(&who, right),
            Shift::Other => self.other(&who, right),
        }
    }

    fn widened(&self, who: &str, right: &str) -> String {
        let gained = self.gained();
        if self.is_everyone && gained.iter().any(BTreeSet::is_empty) {
            return format!("anyone may now {right}");
        }
        if let Some(dropped) = only_difference(&gained, &self.before) {
            return format!("{who} may now {right} without {}", lacking(&dropped));
        }
        if gained.iter().any(BTreeSet::is_empty) {
            return format!("{who} may now {right}, whatever else holds");
        }
        format!("{who} may now {right} also{}", conditions(&gained))
    }

    fn narrowed(&self, who: &str, right: &str) -> String {
        let lost = self.lost();
        if let Some(asked) = only_difference(&lost, &self.after) {
            return format!("{who} may now {right} only if {}", grounds(&asked));
        }
        if lost.len() == 1 && lost.iter().all(BTreeSet::is_empty) {
            return format!("{who} may now {right} only{}", conditions(&self.after));
        }
        format!("{who} may no longer {right} just because {}", or(&lost.iter().map(grounds).collect::<Vec<_>>()))
    }

    fn other(&self, who: &str, right: &str) -> String {
        let gone: BTreeSet<_> = self.before.difference(&self.after).cloned().collect();
        let come: BTreeSet<_> = self.after.difference(&self.before).cloned().collect();
        let (gone, come) = without_shared(gone, come);
        let told = |all: &BTreeSet<Grounds>| match all.iter().any(BTreeSet::is_empty) {
            true => "for nothing further".to_owned(),
            false => format!("that {}", or(&all.iter().map(grounds).collect::<Vec<_>>())),
        };
        format!(
            "{who} may {right} on other grounds, and whether that admits more or fewer cannot be told: it asked {}, and asks {} now",
            told(&gone),
            told(&come)
        )
    }
}

/// What one alternative asks beyond the only other one that it was made of.
fn only_difference(looser: &BTreeSet<Grounds>, stricter: &BTreeSet<Grounds>) -> Option<Grounds> {
    let (one, many) = (looser.iter().next()?, stricter);
    if looser.len() != 1 {
        return None;
    }
    let mut beyond = many.iter().filter(|other| one.is_subset(other)).map(|other| other - one);
    let first = beyond.next().filter(|first| !first.is_empty())?;
    beyond.next().is_none().then_some(first)
}

fn lacking(grounds: &Grounds) -> String {
    let said: Vec<String> = grounds
        .iter()
        .map(|one| match one {
            Atom::Inside(letters) => format!("being in `{}`", letters.shown),
            Atom::Check(letters) => format!("the check `{}`", letters.shown),
            Atom::When(letters) => format!("the condition `{}`", letters.shown),
            Atom::Like(letters) => format!("being admitted to `{}`", letters.shown),
            Atom::Enters(letters) => format!("entering `{}` first", letters.shown),
        })
        .collect();
    and(&said)
}

/// What all of both ask is left aside.
fn without_shared(gone: BTreeSet<Grounds>, come: BTreeSet<Grounds>) -> (BTreeSet<Grounds>, BTreeSet<Grounds>) {
    let shared = gone.iter().chain(&come).cloned().reduce(|one, other| &one & &other).unwrap_or_default();
    let rest = |all: BTreeSet<Grounds>| all.iter().map(|one| one - &shared).collect();
    (rest(gone), rest(come))
}

impl Rights {
    /// Who may, for something that is new: "roles TEACHER and ADMIN may join it if ...".
    pub(crate) fn words(&self, right: &str, roles: &[std::sync::Arc<str>]) -> String {
        if self.is_nobody() {
            return format!("nobody may {right}");
        }
        let nobody = Self::default();
        let changes = super::compare::compare(&nobody, self, roles);
        let said = changes.iter().map(|change| format!("{} may {right}{}", change.who(), conditions(&change.after)));
        said.collect::<Vec<_>>().join("; ")
    }
}

impl RightChange {
    /// What decides now who may: "`teaches_class`", "`a == b` or `teaches_class`".
    pub(crate) fn deciding(&self) -> String {
        let atoms: BTreeSet<&Atom> = self.after.iter().flatten().collect();
        let said: BTreeSet<String> = atoms.into_iter().map(|atom| format!("`{}`", atom.letters().shown)).collect();
        or(&said.into_iter().collect::<Vec<_>>())
    }
}
