//! Two lists of steps compared: what was added, removed, and what is done differently.

use super::act::{Act, Part};

/// One change of a list of steps.
#[derive(Clone, Debug)]
pub(crate) enum StepChange<'s> {
    /// There is a new step.
    Added(&'s Act),
    /// A step is gone.
    Removed(&'s Act),
    /// A part of a step was given, changed or taken away.
    Changed { old: &'s Act, new: &'s Act, part: &'static str, from: Option<&'s Part>, to: Option<&'s Part> },
    /// The same steps in another order.
    Moved(&'s Act),
}

/// What has changed from `old` to `new`, in the order of the new ones.
pub(crate) fn compare<'s>(old: &'s [Act], new: &'s [Act]) -> Vec<StepChange<'s>> {
    let mut changes = Vec::new();
    lists(old, new, &mut changes);
    changes
}

fn lists<'s>(old: &'s [Act], new: &'s [Act], changes: &mut Vec<StepChange<'s>>) {
    let partners = partners(old, new);
    for (at, act) in old.iter().enumerate() {
        if !partners.contains(&Some(at)) {
            changes.push(StepChange::Removed(act));
        }
    }
    let mut furthest = 0;
    for (act, partner) in new.iter().zip(&partners) {
        let Some(at) = *partner else {
            changes.push(StepChange::Added(act));
            continue;
        };
        one(&old[at], act, changes);
        if at < furthest {
            changes.push(StepChange::Moved(act));
        }
        furthest = furthest.max(at);
    }
}

/// For each new step the old one that it was: first those that are the same, then those that do the same to the same thing,
/// then, between those, the ones with the same verb.
fn partners(old: &[Act], new: &[Act]) -> Vec<Option<usize>> {
    let mut partners: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    let ways: [fn(&Act, &Act) -> bool; 3] = [
        |one, other| one.form() == other.form(),
        |one, other| one.identity() == other.identity(),
        |one, other| {
            one.verb == other.verb
                && matches!(one.verb, "do" | "let" | "each" | "join" | "leave" | "query" | "execute")
                && (one.target == other.target || matches!(one.verb, "do" | "let"))
        },
    ];
    for same in ways {
        for (at, act) in new.iter().enumerate() {
            if partners[at].is_none()
                && let Some(found) = (0..old.len()).find(|index| !taken[*index] && same(&old[*index], act))
            {
                taken[found] = true;
                partners[at] = Some(found);
            }
        }
    }
    partners
}

fn one<'s>(old: &'s Act, new: &'s Act, changes: &mut Vec<StepChange<'s>>) {
    let told_before = changes.len();
    let mut names: Vec<&'static str> = old.parts.iter().chain(&new.parts).map(|part| part.name).collect();
    names.dedup();
    let mut seen = Vec::new();
    for name in names {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let (from, to) = (old.part(name), new.part(name));
        let forms = |act: &Act| {
            act.parts.iter().filter(|part| part.name == name).map(|part| part.form.clone()).collect::<Vec<_>>()
        };
        if forms(old) != forms(new) {
            changes.push(StepChange::Changed { old, new, part: name, from, to });
        }
    }
    lists(&old.body, &new.body, changes);
    if changes.len() == told_before && old.key != new.key {
        changes.push(StepChange::Changed { old, new, part: "", from: None, to: None });
    }
}
