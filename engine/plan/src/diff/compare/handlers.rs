//! Steps of one handler, then and now.

use homeroom_definition::model::Step;

use super::{Both, place};
use crate::diff::change::{Aspect, Detail, Effect};
use crate::diff::read::{Naming, Scope};
use crate::diff::steps::{Handler, StepChange, acts, compare, renamed};

impl Both<'_, '_> {
    /// Adds what the steps do differently; the names known after them on both sides.
    pub(super) fn steps(
        &self,
        old: (&[Step], &Scope),
        new: (&[Step], &Scope),
        details: &mut Vec<Detail>,
    ) -> (Scope, Scope) {
        let before = Handler { house: self.old, body: old.0, scope: old.1 };
        let after = Handler { house: self.new, body: new.0, scope: new.1 };
        let names = renamed(before, after);
        let (old, scope_before) = acts(before, Naming::Names(names));
        let (new, scope_after) = acts(after, Naming::Names(std::collections::HashMap::new()));
        details.extend(compare(&old, &new).iter().map(detail));
        (scope_before, scope_after)
    }
}

fn detail(change: &StepChange<'_>) -> Detail {
    let (old, new) = change.place();
    let (aspect, effect) = audience(change).unwrap_or((Aspect::Other, Effect::Plain));
    Detail::new(aspect, effect, format!("it {}", change.words()), place(old, new))
}

/// Whom an emission reaches that it did not, and whom it no longer does.
fn audience(change: &StepChange<'_>) -> Option<(Aspect, Effect)> {
    let StepChange::Changed { new, part, from, to, .. } = change else { return None };
    let shown = |part: &Option<&crate::diff::steps::Part>| {
        part.map(|part| part.shown.split(", ").map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default()
    };
    let (from, to) = (shown(from), shown(to));
    let beyond = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|name| !other.contains(name)).cloned().collect()
    };
    let (gained, lost) = match *part {
        _ if new.verb != "emit" => return None,
        "to" => (beyond(&to, &from), beyond(&from, &to)),
        "except" => (beyond(&from, &to), beyond(&to, &from)),
        "roles" if from.is_empty() => (Vec::new(), vec!["other roles".to_owned()]),
        "roles" if to.is_empty() => (vec!["every role".to_owned()], Vec::new()),
        "roles" => (beyond(&to, &from), beyond(&from, &to)),
        _ => return None,
    };
    let effect = effect(&gained, &lost);
    Some((Aspect::Audience { gained, lost }, effect))
}

/// What it means that some are reached now, and some no longer.
pub(super) fn effect(gained: &[String], lost: &[String]) -> Effect {
    match (gained.is_empty(), lost.is_empty()) {
        (false, true) => Effect::Wider,
        (true, false) => Effect::Narrower,
        _ => Effect::Unclear,
    }
}
