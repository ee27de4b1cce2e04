//! The names of everything the engine itself can tell a client, and be told by one.

/// The engine's own refusal codes. An author may use them in `else:` and `refuse:`, and reword them under `errors:`.
pub const ENGINE_CODES: &[&str] = &[
    "UNAUTHENTICATED",
    "TOKEN_EXPIRED",
    "UNAUTHORIZED",
    "NOT_IN_ROOM",
    "INVALID_PAYLOAD",
    "UNKNOWN_EVENT",
    "RATE_LIMITED",
    "NOT_FOUND",
    "FULL",
    "BUSY",
    "TOO_MANY_CONNECTIONS",
    "PAYLOAD_TOO_LARGE",
    "UNAVAILABLE",
    "TIMEOUT",
    "INTERNAL",
];

/// How the names of events begin that are the engine's own, in every namespace.
pub const OWN_EVENTS: &str = "homeroom:";

/// The event by which a client hands in a fresh token on a live connection.
pub const TOKEN_EVENT: &str = "homeroom:token";
