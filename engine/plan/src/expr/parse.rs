//! From the author's text to an [`Ast`], or why not.
//!
//! minijinja's parser takes a character that it cannot read, right after a text literal, for the end of the expression:
//! `role == 'T' && false` would mean `role == 'T'`. So every token is read here first, and the expression must also
//! be readable between parentheses.

use std::ops::Range;

use minijinja::machinery;

use super::ast::Ast;
use super::convert::convert;
use super::tokens;
use crate::unknown::Unknown;

/// How long an expression may be, in bytes.
const SOURCE_BYTES_MAX: usize = 4096;

/// An expression that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Where, in bytes of the expression's source.
    pub range: Range<usize>,
    /// What is wrong, as a clause.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The filter, test or function that there is none of, if that is what is wrong.
    pub unknown: Option<Unknown>,
}

impl ParseError {
    pub(super) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), help: None, unknown: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn unknown(mut self, name: &str, known: Vec<String>) -> Self {
        self.unknown = Some(Unknown { name: name.to_owned(), known });
        self
    }

    /// Keeps the range inside of the source and on whole characters.
    fn within(mut self, source: &str) -> Self {
        let floor = |at: usize| source.floor_char_boundary(at.min(source.len()));
        let ceiling = |at: usize| source.ceil_char_boundary(at.min(source.len()));
        let start = floor(self.range.start);
        self.range = start..ceiling(self.range.end).max(start);
        self
    }
}

/// Reads an expression.
///
/// # Errors
/// If it is no expression, if it is too long or too deep, or if it uses a filter, a test or a function that there is
/// none of, or with arguments that it does not take.
pub fn parse(source: &str) -> Result<Ast, ParseError> {
    read(source).map_err(|error| error.within(source))
}

fn read(source: &str) -> Result<Ast, ParseError> {
    if source.len() > SOURCE_BYTES_MAX {
        let message = format!("an expression has at most {SOURCE_BYTES_MAX} bytes");
        return Err(ParseError::new(0..source.len(), message).help("compute a part of it in a `let:` before"));
    }
    if source.trim().is_empty() {
        return Err(ParseError::new(0..source.len(), "there is no expression"));
    }
    let tokens = tokens::read(source)?;
    let tree = machinery::parse_expr(source).map_err(|error| refusal(source, &error, 0))?;
    machinery::parse_expr(&format!("({source})")).map_err(|error| refusal(source, &error, 1))?;
    convert(source, &tokens, &tree)
}

/// What minijinja says, at its place in `source`; it read `shift` bytes more in front.
fn refusal(source: &str, error: &minijinja::Error, shift: usize) -> ParseError {
    let range = error.range().unwrap_or(0..source.len() + shift);
    let range = range.start.saturating_sub(shift)..range.end.saturating_sub(shift);
    let message = match error.detail() {
        Some("unexpected end of input, expected expression") | None => "it ends too early".to_owned(),
        Some(detail) => detail.to_owned(),
    };
    ParseError::new(range, message)
}
