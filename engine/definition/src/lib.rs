//! What the author wrote: from the text of a definition file to typed records, every value with its place, and every
//! mistake told. No IO: contents are handed in.
//!
//! * [`source`]: files, byte spans, lines and columns.
//! * [`yaml`], [`tree`]: the file as a tree; what YAML silently does otherwise than meant is told here.
//! * [`read`], [`record!`]: from the tree to records; one declaration gives reader, JSON Schema and reference.
//! * [`model`]: the language itself, as records.
//! * [`names`], [`pattern`], [`values`]: the small languages within texts: `<...>`, `class:<classId>`, `10 per 10s`.
//! * [`diagnostic`], [`mod@codes`], [`render`], [`mod@suggest`]: what is told, and how it looks.
//! * [`mod@format`]: one style for files.
//! * [`schema`], [`reference`]: what follows from the records for editors and readers.

mod choices;
pub mod codes;
pub mod diagnostic;
mod few;
pub mod format;
pub mod model;
pub mod names;
pub mod pattern;
pub mod read;
pub mod records;
pub mod reference;
pub mod render;
pub mod schema;
pub mod source;
mod steps;
pub mod suggest;
pub mod tree;
pub mod values;
pub mod yaml;

#[doc(hidden)]
pub use schemars;

pub use diagnostic::{Diagnostic, Diagnostics, Fix, Severity};
pub use few::Few;
pub use names::{Piece, SplitError, split};
pub use pattern::{Pattern, is_param_value};
pub use read::{FromNode, Many, Reader, Table, Text};
pub use source::{Position, SourceId, Sources, Span, Spanned};
pub use suggest::{did_you_mean, suggest};
pub use tree::{Kind, Node, Style};
pub use values::{
    Envelope, LimitScope, OverLimit, RateLimit, parse_count, parse_duration, parse_envelope, parse_rate_limit,
};

/// Reads a definition file that was handed in as `id`.
///
/// Everything that can be read is, also when there are errors in `diags`; `None` only if the file is not YAML or not a map.
pub fn parse(sources: &Sources, id: SourceId, diags: &mut Diagnostics) -> Option<model::File> {
    parse_as(sources, id, diags)
}

/// Reads a file of another kind, such as settings or tests, by the same rules.
pub fn parse_as<T: FromNode>(sources: &Sources, id: SourceId, diags: &mut Diagnostics) -> Option<T> {
    let node = yaml::read(sources, id, diags)?;
    if node.is_null() {
        diags.push(Diagnostic::warning(codes::BLANK, node.span, "the file is empty"));
        return T::empty(node.span);
    }
    T::from_node(&node, &mut Reader::new(diags))
}
