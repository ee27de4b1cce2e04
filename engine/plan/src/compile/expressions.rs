//! Expressions and templates in the author's text: parsed, checked against the scope, compiled.

use std::ops::Range;

use homeroom_definition::{Diagnostic, Piece, Span, Text, did_you_mean, split};

use super::Compiler;
use super::scope::{Known, NoProperty, NotFound, Scope};
use crate::codes;
use crate::data::{Part, Template};
use crate::expr::{self, Ast, Expr};
use crate::shape::{Shape, spoken};

/// A compiled expression and what is known of its value.
pub(crate) struct Compiled {
    pub(crate) expr: Expr,
    pub(crate) known: Known,
    pub(crate) ast: Ast,
}

/// A text cut at its holes.
pub(crate) enum Cut {
    /// No hole at all.
    Plain,
    /// Exactly one hole and nothing else.
    Whole(Range<usize>),
    /// Text around holes.
    Mixed(Vec<Piece>),
}

impl Compiler<'_, '_> {
    /// Cuts a text at its holes; a hole that is not closed is told.
    pub(crate) fn cut(&mut self, text: &Text) -> Option<Cut> {
        match split(&text.value) {
            Ok(pieces) => Some(match pieces.as_slice() {
                [Piece::Hole(range)] => Cut::Whole(range.clone()),
                pieces if pieces.iter().all(|piece| matches!(piece, Piece::Literal(_))) => Cut::Plain,
                _ => Cut::Mixed(pieces),
            }),
            Err(error) => {
                let span = text.inner(error.range);
                self.tell(
                    Diagnostic::error(homeroom_definition::codes::BAD_TEMPLATE, span, error.message).help(error.help),
                );
                None
            }
        }
    }

    /// The expression in `range` of a text.
    pub(crate) fn expression(&mut self, text: &Text, range: Range<usize>, scope: &Scope) -> Option<Compiled> {
        let source = &text.value[range.clone()];
        let ast = match expr::parse(source) {
            Ok(ast) => ast,
            Err(error) => {
                let span = text.inner(range.start + error.range.start..range.start + error.range.end);
                let message = format!("this expression cannot be read: {}", error.message);
                let meant = error
                    .unknown
                    .and_then(|unknown| did_you_mean(&unknown.name, unknown.known.iter().map(String::as_str)));
                self.tell(Diagnostic::error(codes::BAD_EXPRESSION, span, message).help_if(meant).help_if(error.help));
                return None;
            }
        };
        let errors_before = self.diagnostics.error_count();
        let known = self.infer(&ast, &Writing { text, offset: range.start }, scope);
        if self.diagnostics.error_count() > errors_before {
            return None;
        }
        let expr = expr::lower(&ast, source, &mut |names| scope.path(names));
        Some(Compiled { expr, known, ast })
    }

    /// A bare expression, as `when:` holds it.
    pub(crate) fn condition(&mut self, text: &Text, scope: &Scope) -> Option<Compiled> {
        if let Ok(pieces) = split(&text.value)
            && let [Piece::Hole(range)] = pieces.as_slice()
        {
            let inner = text.value[range.clone()].to_owned();
            let bare = Diagnostic::error(codes::NOT_TEXT, text.span, "`when:` holds a bare expression")
                .label("without `<` and `>`")
                .fix(text.span, inner, "write");
            self.tell(bare);
            return None;
        }
        let compiled = self.expression(text, 0..text.value.len(), scope)?;
        self.must_be_there(&compiled.known, text.span, &text.value);
        Some(compiled)
    }

    /// Text with holes; what is known of it is whether it may be absent and whether one of its holes is proven.
    pub(crate) fn template(&mut self, text: &Text, scope: &Scope) -> Option<(Template, Known)> {
        let pieces = match self.cut(text)? {
            Cut::Plain => return Some((literal(&text.value), Known::made(constant(&text.value)))),
            Cut::Whole(range) => vec![Piece::Hole(range)],
            Cut::Mixed(pieces) => pieces,
        };
        self.pieces(text, &pieces, scope)
    }

    /// Pieces of a text as a template.
    pub(crate) fn pieces(&mut self, text: &Text, pieces: &[Piece], scope: &Scope) -> Option<(Template, Known)> {
        let (mut parts, mut absent, mut proven) = (Vec::new(), false, false);
        let mut only = None;
        for piece in pieces {
            match piece {
                Piece::Literal(range) => parts.push(Part::Literal(text.value[range.clone()].into())),
                Piece::Hole(range) => {
                    let compiled = self.expression(text, range.clone(), scope)?;
                    self.must_be_scalar(&compiled.known, text.inner(range.clone()));
                    absent |= compiled.known.absent;
                    proven |= compiled.known.proven;
                    only = Some((compiled.known.shape, compiled.known.path)).filter(|_| pieces.len() == 1);
                    parts.push(Part::Hole(compiled.expr));
                }
            }
        }
        let (shape, path) = only.unwrap_or_else(|| (Shape::text(), None));
        let holes = parts.iter().any(|part| matches!(part, Part::Hole(_)));
        let known = Known { shape, absent, proven: proven || !holes, parts: None, path };
        Some((Template::new(parts), known))
    }

    /// Tells that a value which may be absent stands where one is needed.
    pub(crate) fn must_be_there(&mut self, known: &Known, span: Span, source: &str) {
        if known.absent {
            let path = source.trim();
            self.tell(
                Diagnostic::error(codes::MAY_BE_ABSENT, span, format!("`{path}` may be absent here"))
                    .label("it is optional, or belongs to a step that may be skipped or may find nothing")
                    .help(format!("guard the step with `when: {path} is defined`, or write `<{path} | default(...)>`")),
            );
        }
    }

    fn must_be_scalar(&mut self, known: &Known, span: Span) {
        if matches!(known.shape, Shape::List { .. } | Shape::Object(_) | Shape::Binary) {
            let what = format!("{} cannot be written inside a text", known.shape.noun());
            self.tell(Diagnostic::error(codes::NOT_TEXT, span, what).label("a text, a number or a boolean is needed"));
        }
    }

    /// Tells why a path leads nowhere.
    pub(crate) fn tell_not_found(&mut self, path: &[&str], not_found: NotFound, span: Span) {
        let diagnostic = match not_found {
            NotFound::Name(names) => {
                let name = path.first().copied().unwrap_or_default();
                Diagnostic::error(codes::UNKNOWN_NAME, span, format!("there is no `{name}` here"))
                    .label("not in scope")
                    .help_if(did_you_mean(name, names.iter().map(String::as_str)))
                    .help(format!("these names are in scope: {}", spoken(names.iter().map(String::as_str))))
            }
            NotFound::NotHere(word) => {
                Diagnostic::error(codes::UNKNOWN_NAME, span, format!("there is no `{word}` here")).help(match word {
                    "user" => "a service's event and an entry that ran out have no user",
                    "entry" => "`entry` is there in `on_expire` and `on_leave` only",
                    "payload" => "this event has no `payload:`",
                    "args" => "this event has no `args:`",
                    _ => "there is no connection here",
                })
            }
            NotFound::Property(index, missing) => no_property(path, index, &missing, span),
        };
        self.tell(diagnostic);
    }
}

fn no_property(path: &[&str], index: usize, missing: &NoProperty, span: Span) -> Diagnostic {
    let of = path[..index].join(".");
    match &missing.known {
        Some(known) => {
            Diagnostic::error(codes::UNKNOWN_PROPERTY, span, format!("`{of}` has no property `{}`", missing.name))
                .label("no such property")
                .help_if(did_you_mean(&missing.name, known.iter().map(String::as_str)))
                .help(format!("it has {}", spoken(known.iter().map(String::as_str))))
        }
        None => Diagnostic::error(
            codes::UNKNOWN_PROPERTY,
            span,
            format!("`{of}` is not an object, so it has no `{}`", missing.name),
        )
        .label("not an object"),
    }
}

/// Where an expression stands: a text, and how far into it.
pub(crate) struct Writing<'t> {
    pub(crate) text: &'t Text,
    pub(crate) offset: usize,
}

impl Writing<'_> {
    /// The place of a range of the expression.
    pub(crate) fn span(&self, range: &Range<usize>) -> Span {
        self.text.inner(self.offset + range.start..self.offset + range.end)
    }

    /// The author's letters of a range of the expression.
    pub(crate) fn letters(&self, range: &Range<usize>) -> &str {
        self.text.value.get(self.offset + range.start..self.offset + range.end).unwrap_or(&self.text.value)
    }
}

/// A template without holes.
pub(crate) fn literal(text: &str) -> Template {
    Template::new(vec![Part::Literal(text.into())])
}

fn constant(text: &str) -> Shape {
    Shape::Const(text.into())
}
