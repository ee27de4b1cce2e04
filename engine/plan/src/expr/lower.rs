//! From an [`Ast`] to an [`Expr`]: direct code for what is simple, minijinja for the rest.

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::ast::{Arguments, Node, Relation};
use super::{Ast, Comparison, Expr, Jinja, Path, Root};

/// Compiles an expression. `resolve` says where the value is found that a name and the properties behind it lead to.
///
/// A name that `resolve` does not know is absent when the expression runs; the compiler has refused it before.
pub fn lower(ast: &Ast, source: &str, resolve: &mut dyn FnMut(&[&str]) -> Option<Path>) -> Expr {
    Lowering { source, resolve }.lower(ast)
}

struct Lowering<'s, 'r> {
    source: &'s str,
    resolve: &'r mut dyn FnMut(&[&str]) -> Option<Path>,
}

impl Lowering<'_, '_> {
    fn lower(&mut self, ast: &Ast) -> Expr {
        if let Some(value) = constant(ast) {
            return Expr::Const(Box::new(value));
        }
        if let Some(path) = ast.as_path() {
            return Expr::Path(self.path(&path));
        }
        match &ast.node {
            Node::Not(on) => self.not(on),
            Node::And(left, right) => Expr::And(self.both(left, right)),
            Node::Or(left, right) => Expr::Or(self.both(left, right)),
            Node::Compare(comparison, left, right) => self.compare(*comparison, left, right),
            Node::In(left, right) => Expr::In(self.both(left, right)),
            Node::NotIn(left, right) => negated(Expr::In(self.both(left, right))),
            Node::Chain(first, rest) => self.chain(first, rest).unwrap_or_else(|| self.jinja(ast)),
            Node::Test { name, on, args: _, negated } => {
                self.defined(name, on, *negated).unwrap_or_else(|| self.jinja(ast))
            }
            Node::Filter { name, on, args } => self.default(name, on, args).unwrap_or_else(|| self.jinja(ast)),
            _ => self.jinja(ast),
        }
    }

    fn both(&mut self, left: &Ast, right: &Ast) -> Box<[Expr; 2]> {
        Box::new([self.lower(left), self.lower(right)])
    }

    fn jinja(&mut self, ast: &Ast) -> Expr {
        let source = self.source;
        Expr::Jinja(Arc::new(Jinja::new(ast, source, &mut |path| self.path(path))))
    }

    fn path(&mut self, path: &[&str]) -> Path {
        (self.resolve)(path).unwrap_or_else(nowhere)
    }

    fn not(&mut self, on: &Ast) -> Expr {
        negated(self.lower(on))
    }

    fn compare(&mut self, comparison: Comparison, left: &Ast, right: &Ast) -> Expr {
        Expr::Compare(comparison, self.both(left, right))
    }

    /// `a < b < c` as `a < b and b < c`, if reading the middle twice costs nothing.
    fn chain(&mut self, first: &Ast, rest: &[(Relation, Ast)]) -> Option<Expr> {
        let cheap = |ast: &Ast| ast.as_path().is_some() || constant(ast).is_some();
        if !rest.iter().all(|(_, operand)| cheap(operand)) {
            return None;
        }
        let mut left = first;
        let mut all: Option<Expr> = None;
        for (relation, right) in rest {
            let one = match relation {
                Relation::Compare(comparison) => self.compare(*comparison, left, right),
                Relation::In => Expr::In(self.both(left, right)),
                Relation::NotIn => negated(Expr::In(self.both(left, right))),
            };
            all = Some(match all {
                Some(before) => Expr::And(Box::new([before, one])),
                None => one,
            });
            left = right;
        }
        all
    }

    fn defined(&mut self, test: &str, on: &Ast, is_not: bool) -> Option<Expr> {
        let asks_presence = match test {
            "defined" => !is_not,
            "undefined" => is_not,
            _ => return None,
        };
        let defined = Expr::Defined(Box::new(self.path(&on.as_path()?)));
        Some(if asks_presence { defined } else { negated(defined) })
    }

    fn default(&mut self, filter: &str, on: &Ast, args: &Arguments) -> Option<Expr> {
        if !matches!(filter, "default" | "d") || args.positional.len() > 1 {
            return None;
        }
        let path = self.path(&on.as_path()?);
        let other = args.positional.first().map_or_else(|| Expr::Const(Box::new("".into())), |other| self.lower(other));
        Some(Expr::Default(Box::new((path, other))))
    }
}

fn negated(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

/// A path to no value at all.
fn nowhere() -> Path {
    Path::new(Root::slot(usize::MAX), [])
}

/// The value of an expression that is known to the letter: literals, and lists and objects of them.
fn constant(ast: &Ast) -> Option<Value> {
    match &ast.node {
        Node::Const(value) => Some(value.clone()),
        Node::Neg(on) => match constant(on)? {
            Value::Number(number) => negative(&number).map(Value::Number),
            _ => None,
        },
        Node::List(items) => items.iter().map(constant).collect::<Option<Vec<_>>>().map(Value::Array),
        Node::Map(entries) => entries
            .iter()
            .map(|(name, value)| Some((name.to_string(), constant(value)?)))
            .collect::<Option<Map<_, _>>>()
            .map(Value::Object),
        _ => None,
    }
}

fn negative(number: &Number) -> Option<Number> {
    match number.as_i128() {
        Some(whole) => Number::from_i128(-whole),
        None => Number::from_f64(-number.as_f64()?),
    }
}
