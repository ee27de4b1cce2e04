//! From changes to findings.

use super::super::change::{Act, Aspect, Change, Detail, Direction, Effect, Noun, Place, Right};
use super::super::rights::Shift;
use super::rules::{self, Rule};
use super::{Finding, payloads, security};

/// What of these changes breaks, in their order.
#[must_use]
pub fn findings(changes: &[Change]) -> Vec<Finding> {
    let mut found = Vec::new();
    for change in changes {
        whole(change, &mut found);
        for detail in &change.details {
            let rules = broken_by(change, detail).into_iter().chain(security::widened_by(change, detail));
            found.extend(rules.map(|rule| finding(rule, change, detail)));
        }
    }
    found
}

/// A thing that is gone.
fn whole(change: &Change, found: &mut Vec<Finding>) {
    let (rule, message) = match (change.noun, change.act) {
        (Noun::Namespace, Act::Removed) => (&rules::NAMESPACE_REMOVED, "is gone"),
        (Noun::ClientEvent, Act::Removed) => (&rules::EVENT_REMOVED, "is gone, and clients may still send it"),
        (Noun::BackendEvent, Act::Removed) => {
            (&rules::BACKEND_EVENT_REMOVED, "is gone, and services may still send it")
        }
        (Noun::ServerEvent, Act::Removed) => {
            (&rules::SERVER_EVENT_REMOVED, "is gone, and clients may still wait for it")
        }
        (Noun::Room, Act::Removed) => (&rules::ROOM_REMOVED, "is gone, and whoever is in it leaves"),
        (Noun::Type, Act::Removed) => (&rules::TYPE_REMOVED, "is gone from what is exported"),
        (Noun::Code, Act::Removed) => (&rules::CODE_REMOVED, "is gone from what is exported"),
        _ => return,
    };
    found.push(Finding {
        rule,
        namespace: change.namespace.clone(),
        subject: change.subject(),
        name: change.name.clone(),
        message: format!("{} {message}", change.subject()),
        label: "it was declared here".to_owned(),
        place: change.place,
    });
}

fn broken_by(change: &Change, detail: &Detail) -> Option<&'static Rule> {
    if change.act != Act::Changed {
        return None;
    }
    match &detail.aspect {
        Aspect::Auth { opened: false } => Some(&rules::TOKEN_NEEDED),
        Aspect::Envelope => Some(&rules::ENVELOPE_CHANGED),
        Aspect::UnknownFields { refused: true } => Some(&rules::UNKNOWN_FIELDS_REFUSED),
        Aspect::Arguments(_) => Some(&rules::ARGUMENTS_CHANGED),
        Aspect::Payload(Direction::Received | Direction::Answer, difference) => payloads::received(difference),
        Aspect::Payload(_, difference) => payloads::sent(difference),
        // One that cannot be told is found once, as a matter of security.
        Aspect::Right { right, change, .. } if matches!(change.shift, Shift::Taken | Shift::Narrowed) => {
            Some(match right {
                Right::Join => &rules::ROOM_CLOSED,
                Right::Send => &rules::EVENT_CLOSED,
                Right::Connect => &rules::CONNECT_CLOSED,
            })
        }
        Aspect::Audience { lost, .. } if !lost.is_empty() => Some(&rules::AUDIENCE_LOST),
        Aspect::View { hides, .. } if !hides.is_empty() => Some(&rules::RECEIVED_FIELD_MISSING),
        Aspect::Rate if matches!(detail.effect, Effect::Narrower | Effect::Unclear) => Some(&rules::RATE_TIGHTENED),
        Aspect::Export => Some(&rules::NAME_CHANGED),
        _ => None,
    }
}

fn finding(rule: &'static Rule, change: &Change, detail: &Detail) -> Finding {
    let label = match detail.place.or(change.place) {
        Some(Place::Old(_)) => "as it was",
        _ => "",
    };
    Finding {
        rule,
        namespace: change.namespace.clone(),
        subject: change.subject(),
        name: change.name.clone(),
        message: sentence(change, detail),
        label: label.to_owned(),
        place: detail.place.or(change.place),
    }
}

/// What a detail says, with what it is about, unless it names that itself.
fn sentence(change: &Change, detail: &Detail) -> String {
    let names_it = !change.name.is_empty() && detail.words.contains(&format!("`{}`", change.name));
    let is_right = matches!(detail.aspect, Aspect::Right { .. });
    if is_right && (names_it || change.noun == Noun::Connect) {
        return detail.words.clone();
    }
    format!("{}: {}", change.subject(), detail.words)
}
