//! How diagnostics look: [`text`] for people, [`json`] for programs, [`sarif`] for code hosts.

mod json;
mod sarif;
mod text;

pub use json::json;
pub use sarif::sarif;
pub use text::{Look, pointed, summary, text};

use crate::source::{Position, Sources, Span};

/// A span as people and programs name it.
struct Region<'s> {
    path: &'s str,
    start: Position,
    end: Position,
    span: Span,
}

/// The place of `span`, cut to its file.
fn region(sources: &Sources, span: Span) -> Region<'_> {
    let span = sources.clamp(span);
    Region {
        path: sources.path(span.source),
        start: sources.position(span.source, span.start),
        end: sources.position(span.source, span.end),
        span,
    }
}
