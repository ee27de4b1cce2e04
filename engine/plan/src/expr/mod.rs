//! Expressions: Jinja's, parsed by minijinja, with the simple ones compiled to direct code.
//!
//! Paths, literals, comparisons, `in`, `and`/`or`/`not`, `is defined` and `default(...)` over them never reach a template
//! engine at run time; anything more does, on a minijinja expression that was compiled at load.

pub mod ast;
mod convert;
mod eval;
pub mod functions;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod jinja;
mod json;
mod library;
mod lower;
mod moments;
mod parse;
mod path;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use serde_json::Value;

pub use ast::Ast;
pub use eval::{EvalError, compare, member, truth};
pub use jinja::Jinja;
pub use lower::lower;
pub use parse::{ParseError, parse};
pub use path::{Path, Root};

/// A compiled expression. It is small: where many stand side by side, few lines of the processor's memory hold them.
#[derive(Debug, Clone)]
pub enum Expr {
    /// A literal.
    Const(Box<Value>),
    /// A value in scope, or inside one.
    Path(Path),
    /// `path is defined`.
    Defined(Box<Path>),
    /// `path | default(other)`.
    Default(Box<(Path, Expr)>),
    /// `not x`
    Not(Box<Expr>),
    /// `x and y`
    And(Box<[Expr; 2]>),
    /// `x or y`
    Or(Box<[Expr; 2]>),
    /// `x == y` and its kin.
    Compare(Comparison, Box<[Expr; 2]>),
    /// `x in y`
    In(Box<[Expr; 2]>),
    /// Anything more.
    Jinja(Arc<Jinja>),
}

/// `==` and its kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}
