//! Everything a client can be told when the answer is no: one list of codes, one text each, and nothing of the cause.

use std::sync::Arc;

use homeroom_plan::program::{Code, Namespace, Place};
use homeroom_plan::schema::Issue;
use homeroom_store::StoreError;
use homeroom_store::sql::SqlError;

use crate::gate::SentAway;

/// The engine's codes, and the texts clients get where an author did not reword them.
const TEXTS: &[(&str, &str)] = &[
    ("UNAUTHENTICATED", "A valid token is needed."),
    ("TOKEN_EXPIRED", "The token has expired."),
    ("UNAUTHORIZED", "You may not do this."),
    ("NOT_IN_ROOM", "Join first."),
    ("INVALID_PAYLOAD", "The payload is not as it should be."),
    ("UNKNOWN_EVENT", "There is no such event."),
    ("RATE_LIMITED", "Too many events. Try again later."),
    ("NOT_FOUND", "There is no such thing."),
    ("FULL", "There is no room for more."),
    ("BUSY", "Too much is waiting. Try again later."),
    ("TOO_MANY_CONNECTIONS", "You have too many connections open."),
    ("PAYLOAD_TOO_LARGE", "The payload is too large."),
    ("UNAVAILABLE", "This cannot be done right now. Try again later."),
    ("TIMEOUT", "This took too long."),
    ("INTERNAL", "Something went wrong."),
];

/// What is told to whoever sent an event that is refused. The cause goes to the log.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// After RATE_LIMITED, and BUSY where many want to enter: when to come back, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// After INVALID_PAYLOAD: what was wrong, where.
    pub issues: Vec<Issue>,
    /// The rule or step that refused, for the log only.
    pub place: Option<Place>,
    /// What is behind it, for the log only. Never has a value of a payload in it.
    pub cause: Option<Box<str>>,
    /// Whether nothing has happened yet that may not happen twice, so that all of it may be done again.
    pub(crate) again: bool,
}

impl Refusal {
    /// A refusal with a code alone.
    #[must_use]
    pub fn code(code: &str) -> Self {
        Self { code: code.into(), retry_after_ms: None, issues: Vec::new(), place: None, cause: None, again: false }
    }

    /// One whose cause is for the log.
    #[must_use]
    pub fn because(code: &str, cause: impl Into<Box<str>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::code(code) }
    }

    /// The author's mistake, or the engine's.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::because("INTERNAL", cause.to_string())
    }

    /// A payload that is wrong at one place.
    #[must_use]
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_payload(vec![Issue { path: path.into(), message: message.into() }])
    }

    /// A payload that is wrong.
    #[must_use]
    pub fn invalid_payload(issues: Vec<Issue>) -> Self {
        Self { issues, ..Self::code("INVALID_PAYLOAD") }
    }

    /// Too many of something.
    #[must_use]
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..Self::code("RATE_LIMITED") }
    }

    /// Too many want to enter.
    #[must_use]
    pub(crate) fn sent_away(away: SentAway) -> Self {
        let back_after_ms = u64::try_from(away.back_after.as_millis()).unwrap_or(u64::MAX);
        Self { retry_after_ms: Some(back_after_ms), ..Self::because("BUSY", "too many want to enter") }
    }

    /// With the place it came from, unless a narrower one is known.
    #[must_use]
    pub(crate) fn at(mut self, place: &Place) -> Self {
        self.place.get_or_insert_with(|| Arc::clone(place));
        self
    }

    /// The same, where a place is known.
    #[must_use]
    pub(crate) fn at_some(self, place: Option<&Place>) -> Self {
        match place {
            Some(place) => self.at(place),
            None => self,
        }
    }

    /// The text for people: the namespace's own, or the engine's.
    #[must_use]
    pub fn text(&self, namespace: Option<&Namespace>) -> Arc<str> {
        let own = namespace.and_then(|namespace| namespace.errors.get(&self.code)).cloned();
        own.unwrap_or_else(|| engine_text(&self.code).unwrap_or("This was refused.").into())
    }
}

/// The engine's text for one of its own codes.
#[must_use]
pub fn engine_text(code: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::because("UNAVAILABLE", error.to_string())
    }
}

impl From<SqlError> for Refusal {
    fn from(error: SqlError) -> Self {
        match &error {
            SqlError::Unavailable(_) => Self::because("UNAVAILABLE", error.to_string()),
            SqlError::Conflict(_) => Self { again: true, ..Self::because("UNAVAILABLE", error.to_string()) },
            SqlError::Unfit(_) => Self::because("INVALID_PAYLOAD", error.to_string()),
            SqlError::Refused(_) => Self::internal(error),
        }
    }
}

impl From<homeroom_plan::expr::EvalError> for Refusal {
    fn from(error: homeroom_plan::expr::EvalError) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_code_has_a_text_and_no_other() {
        let known: Vec<&str> = TEXTS.iter().map(|(code, _)| *code).collect();
        assert_eq!(known, homeroom_plan::refusals::ENGINE_CODES);
    }
}
