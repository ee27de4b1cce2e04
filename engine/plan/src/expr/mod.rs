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

use crate::program::Slot;

/// A compiled expression.
#[derive(Debug, Clone)]
pub enum Expr {
    /// A literal.
    Const(Value),
    /// A value in scope, or inside one.
    Path(Path),
    /// `path is defined`.
    Defined(Path),
    /// `path | default(other)`.
    Default(Path, Box<Expr>),
    /// `not x`
    Not(Box<Expr>),
    /// `x and y`
    And(Box<Expr>, Box<Expr>),
    /// `x or y`
    Or(Box<Expr>, Box<Expr>),
    /// `x == y` and its kin.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `x in y`
    In(Box<Expr>, Box<Expr>),
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

/// Where a value is found: a root, then properties and list indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// Properties (or indices written as numbers) from there.
    pub rest: Vec<Box<str>>,
}

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Root {
    /// `user`
    User,
    /// `payload`, or a property of it by its bare name.
    Payload,
    /// `args`
    Args,
    /// `socket`
    Socket,
    /// `now`
    Now,
    /// `entry`
    Entry,
    /// A room or key parameter, or a bound name.
    Slot(Slot),
}
