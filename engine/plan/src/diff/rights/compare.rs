//! Rights compared, role by role.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::alternatives::{Grounds, Rights};

/// How the right of some roles has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightChange {
    /// The roles; all there are: everyone.
    pub roles: Vec<String>,
    /// Whether these are all the roles there are.
    pub is_everyone: bool,
    /// What has become of it.
    pub shift: Shift,
    pub(crate) before: BTreeSet<Grounds>,
    pub(crate) after: BTreeSet<Grounds>,
}

/// What has become of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// They may now, and could not before.
    Given,
    /// They could, and may no longer.
    Taken,
    /// Whoever could still may, and others too.
    Widened,
    /// Some who could may no longer, and nobody else may.
    Narrowed,
    /// It asks for something else; whether that admits more or fewer cannot be told.
    Other,
}

impl Shift {
    /// Whether somebody may who could not, or it cannot be told.
    #[must_use]
    pub fn may_admit_more(self) -> bool {
        matches!(self, Self::Given | Self::Widened | Self::Other)
    }

    /// Whether somebody may no longer, or it cannot be told.
    #[must_use]
    pub fn may_admit_fewer(self) -> bool {
        matches!(self, Self::Taken | Self::Narrowed | Self::Other)
    }
}

impl RightChange {
    /// The alternatives that admit whom none did before.
    pub(crate) fn gained(&self) -> BTreeSet<Grounds> {
        self.after.iter().filter(|one| !is_covered(one, &self.before)).cloned().collect()
    }

    /// The alternatives that admitted whom none does now.
    pub(crate) fn lost(&self) -> BTreeSet<Grounds> {
        self.before.iter().filter(|one| !is_covered(one, &self.after)).cloned().collect()
    }

    /// Whether somebody is admitted who meets only a part of what was asked.
    pub(crate) fn asks_less(&self) -> bool {
        self.gained().iter().any(|one| self.before.iter().any(|other| one.is_subset(other)))
    }

    /// Whether what they must meet is more than their role: it depends on what a check or a condition finds.
    #[must_use]
    pub fn depends(&self) -> bool {
        !self.after.is_empty() && !self.after.iter().any(BTreeSet::is_empty)
    }
}

/// How rights have changed: each group of roles with the same change once. `roles`: all there are.
pub(crate) fn compare(old: &Rights, new: &Rights, roles: &[Arc<str>]) -> Vec<RightChange> {
    let mut changes: Vec<RightChange> = Vec::new();
    for role in roles {
        let (before, after) = (old.of_role(role), new.of_role(role));
        let Some(shift) = shift(&before, &after) else { continue };
        match changes.iter_mut().find(|change| change.before == before && change.after == after) {
            Some(change) => change.roles.push(role.to_string()),
            None => {
                let roles = vec![role.to_string()];
                changes.push(RightChange { roles, is_everyone: false, shift, before, after });
            }
        }
    }
    for change in &mut changes {
        change.is_everyone = change.roles.len() == roles.len();
    }
    let anyone = BTreeSet::from([Grounds::new()]);
    if changes.len() > 1 && roles.iter().all(|role| new.of_role(role) == anyone) {
        return vec![opened(changes, anyone)];
    }
    changes
}

/// Nothing is asked of anyone any longer: one change, whatever was asked of whom.
fn opened(changes: Vec<RightChange>, after: BTreeSet<Grounds>) -> RightChange {
    let roles = changes.iter().flat_map(|change| change.roles.clone()).collect();
    let before = changes.into_iter().flat_map(|change| change.before).collect();
    RightChange { roles, is_everyone: true, shift: Shift::Widened, before, after }
}

fn shift(before: &BTreeSet<Grounds>, after: &BTreeSet<Grounds>) -> Option<Shift> {
    let gained = after.iter().any(|one| !is_covered(one, before));
    let lost = before.iter().any(|one| !is_covered(one, after));
    match (gained, lost) {
        (false, false) => None,
        _ if before.is_empty() => Some(Shift::Given),
        _ if after.is_empty() => Some(Shift::Taken),
        (true, false) => Some(Shift::Widened),
        (false, true) => Some(Shift::Narrowed),
        (true, true) => Some(Shift::Other),
    }
}

/// Whoever meets these grounds meets one of those.
pub(super) fn is_covered(grounds: &Grounds, by: &BTreeSet<Grounds>) -> bool {
    by.iter().any(|other| other.is_subset(grounds))
}
