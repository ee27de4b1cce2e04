//! Rights of rooms, events and connects, then and now.

use homeroom_definition::Span;

use super::Both;
use crate::diff::change::{Aspect, Detail, Effect, Place, Right};
use crate::diff::rights::{RightChange, Rights, Shift, compare};
use crate::diff::words::or;

/// Rights on one side: as written, and with every `like:` looked into.
pub(super) struct Said {
    pub(super) written: Rights,
    pub(super) through: Rights,
    /// The rules under `allow:`, each by itself, and where it stands.
    pub(super) rules: Vec<(Span, Rights)>,
}

impl Said {
    /// The rule that admits whom a change admits.
    fn rule(&self, change: &RightChange) -> Option<Span> {
        let role = change.roles.first()?;
        let gained = change.gained();
        let admits = |rights: &Rights| rights.of_role(role).iter().any(|grounds| gained.contains(grounds));
        self.rules.iter().find(|(_, rights)| admits(rights)).map(|(span, _)| *span)
    }
}

impl Both<'_, '_> {
    /// How a right has changed; `action` is what it is for, in words, and `name` where the thing is declared.
    pub(super) fn right(&self, right: Right, action: &str, old: &Said, new: &Said, name: Span) -> Vec<Detail> {
        let roles = self.roles();
        let is_own = !compare(&old.written, &new.written, &roles).is_empty();
        let through: Vec<String> = if is_own { Vec::new() } else { new.written.likes().into_iter().collect() };
        let changes = compare(&old.through, &new.through, &roles);
        let details = changes.into_iter().map(|change| {
            let effect = match change.shift {
                Shift::Given | Shift::Widened => Effect::Wider,
                Shift::Taken | Shift::Narrowed => Effect::Narrower,
                Shift::Other => Effect::Unclear,
            };
            let mut words = change.words(action);
            let place = Some(Place::New(new.rule(&change).unwrap_or(name)));
            if !through.is_empty() {
                let rooms: Vec<String> = through.iter().map(|room| format!("`{room}`")).collect();
                words.push_str(&format!(", as {} admits them", or(&rooms)));
            }
            Detail::new(Aspect::Right { right, change, through: through.clone() }, effect, words, place)
        });
        details.collect()
    }
}
