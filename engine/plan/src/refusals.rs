//! The names of everything the engine itself can tell a client.

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
