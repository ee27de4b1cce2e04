//! What a difference of a payload breaks: for those who send it, for those who receive it.

use super::super::schema::{Difference, Relation, What};
use super::rules::{self, Rule};

/// For what is sent to the server.
pub(super) fn sent(difference: &Difference) -> Option<&'static Rule> {
    let narrows = matches!(difference.relation, Relation::Fewer | Relation::Other);
    match &difference.what {
        What::Added { required: true } | What::NowRequired => Some(&rules::FIELD_REQUIRED),
        What::Added { required: false } => narrows.then_some(&rules::PAYLOAD_NARROWED),
        What::Dropped { refused: true, .. } => Some(&rules::FIELD_REFUSED),
        What::Dropped { refused: false, .. } => Some(&rules::FIELD_GONE),
        What::ValueRemoved(_) => Some(&rules::VALUE_REMOVED),
        _ => narrows.then_some(&rules::PAYLOAD_NARROWED),
    }
}

/// For what the server sends.
pub(super) fn received(difference: &Difference) -> Option<&'static Rule> {
    let widens = matches!(difference.relation, Relation::More | Relation::Other);
    match &difference.what {
        What::Added { .. } | What::NowRequired | What::Opened | What::Closed => None,
        What::Dropped { required: true, .. } | What::NowOptional => Some(&rules::RECEIVED_FIELD_MISSING),
        What::Dropped { required: false, .. } => Some(&rules::FIELD_GONE),
        What::ValueAdded(_) => Some(&rules::RECEIVED_VALUE_ADDED),
        _ => widens.then_some(&rules::RECEIVED_WIDENED),
    }
}
