//! What the YAML library could not read, told as an author needs it.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceId, Span};

/// The diagnostic for `error`, which the library met in `text`.
pub(super) fn explain(error: &serde_saphyr::Error, text: &str, id: SourceId) -> Diagnostic {
    let offset = error
        .location()
        .map_or(0, |location| location.span().offset() as usize);
    let at = text
        .char_indices()
        .nth(offset)
        .map_or(text.len(), |(at, _)| at);
    Diagnostic::error(
        codes::SYNTAX,
        Span::new(id, at, (at + 1).min(text.len())),
        error.to_string(),
    )
}
