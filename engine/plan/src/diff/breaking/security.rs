//! What widens a right.

use super::super::change::{Act, Aspect, Change, Detail, Direction, Effect, Noun};
use super::super::rights::{RightChange, Shift};
use super::super::schema::What;
use super::rules::{self, Rule};

/// The rule that a detail meets, if somebody may do or see more, or it cannot be proved that nobody does.
pub(super) fn widened_by(change: &Change, detail: &Detail) -> Option<&'static Rule> {
    if change.act != Act::Changed || change.noun == Noun::Setting {
        return None;
    }
    match &detail.aspect {
        Aspect::Auth { opened: true } => Some(&rules::AUTH_DROPPED),
        // What follows from another room's rules is found there.
        Aspect::Right { through, change, .. } if through.is_empty() => right(change),
        Aspect::Statement { decides: true } => Some(&rules::CHECK_CHANGED),
        Aspect::View { shows, .. } if !shows.is_empty() => Some(&rules::VIEW_SHOWS_MORE),
        Aspect::Audience { gained, .. } if !gained.is_empty() => Some(&rules::AUDIENCE_WIDENED),
        Aspect::Rate if detail.effect == Effect::Wider => Some(&rules::RATE_LOOSENED),
        Aspect::Payload(Direction::Sent, difference) => match &difference.what {
            What::Rule { keyword: "maxLength" | "maxItems" | "maxProperties", to: None, .. } => {
                Some(&rules::BOUND_LIFTED)
            }
            _ => None,
        },
        _ => None,
    }
}

fn right(change: &RightChange) -> Option<&'static Rule> {
    let asks_nothing = !change.depends();
    match change.shift {
        Shift::Given | Shift::Widened if change.is_everyone && asks_nothing => Some(&rules::ANYONE_ADMITTED),
        Shift::Given => Some(&rules::ROLE_ADDED),
        Shift::Widened if change.asks_less() => Some(&rules::CONDITION_DROPPED),
        Shift::Widened => Some(&rules::RULE_ADDED),
        Shift::Other => Some(&rules::CONDITION_CHANGED),
        Shift::Taken | Shift::Narrowed => None,
    }
}
