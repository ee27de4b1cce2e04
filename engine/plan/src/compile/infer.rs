//! What is known of an expression's value, and what is wrong with the expression, before anything runs.

use homeroom_definition::{Diagnostic, did_you_mean};
use serde_json::Value;

use super::Compiler;
use super::expressions::Writing;
use super::proof;
use super::scope::{Known, Scope};
use crate::codes;
use crate::expr::Ast;
use crate::expr::ast::{Arguments, Node, Operator, Relation};
use crate::expr::functions::{self, Kind, Signature};
use crate::shape::{Shape, spoken};

/// The forms of an expression that say something about names.
pub(crate) enum Form<'a> {
    /// `a.b.c`
    Path(Vec<&'a str>),
    /// `x and y`
    And(&'a Ast, &'a Ast),
    /// `x or y`
    Or(&'a Ast, &'a Ast),
    /// `not x`
    Not(&'a Ast),
    /// `x is defined`, or `x is not defined`
    Defined(Vec<&'a str>, bool),
    /// `x | default(y)`
    Default(Vec<&'a str>, &'a Ast),
    /// `x == y`
    Equal(&'a Ast, &'a Ast),
    /// `x in y`
    In(&'a Ast, &'a Ast),
    /// Anything else.
    Other,
}

/// What form an expression has.
pub(crate) fn form(ast: &Ast) -> Form<'_> {
    if let Some(path) = ast.as_path() {
        return Form::Path(path);
    }
    match &ast.node {
        Node::And(left, right) => Form::And(left, right),
        Node::Or(left, right) => Form::Or(left, right),
        Node::Not(inner) => Form::Not(inner),
        Node::Compare(op, left, right) if *op == crate::expr::Comparison::Eq => Form::Equal(left, right),
        Node::In(one, list) => Form::In(one, list),
        Node::Test { name, on, negated, .. } if matches!(&**name, "defined" | "undefined") => match on.as_path() {
            Some(path) => Form::Defined(path, (&**name == "defined") != *negated),
            None => Form::Other,
        },
        Node::Filter { name, on, args } if is_default(name) => match (on.as_path(), args.positional.as_slice()) {
            (Some(path), [other, ..]) => Form::Default(path, other),
            _ => Form::Other,
        },
        _ => Form::Other,
    }
}

fn is_default(name: &str) -> bool {
    name == "default" || name == "d"
}

/// The first segments of all names in an expression.
pub(crate) fn first_names(ast: &Ast) -> Vec<&str> {
    ast.names().into_iter().filter_map(|name| name.path.first().copied()).collect()
}

impl Compiler<'_, '_> {
    /// What is known of the value of `ast`; mistakes are told.
    pub(crate) fn infer(&mut self, ast: &Ast, at: &Writing<'_>, scope: &Scope) -> Known {
        if let Some(path) = ast.as_path() {
            return self.infer_path(&path, ast, at, scope);
        }
        match &ast.node {
            Node::Const(value) => Known::made(Shape::Const(value.clone())),
            Node::Not(inner) => {
                let known = self.there(inner, at, scope);
                Known::made(Shape::Boolean).with_proof(known.proven)
            }
            Node::And(left, right) => self.infer_both(left, right, proof::defined_if_true(left, scope), at, scope),
            Node::Or(left, right) => self.infer_both(left, right, proof::defined_if_false(left, scope), at, scope),
            Node::Compare(op, left, right) => {
                let (one, other) = (self.there(left, at, scope), self.there(right, at, scope));
                self.compared(*op, &one, &other, ast, at);
                Known::made(Shape::Boolean).with_proof(one.proven && other.proven)
            }
            Node::In(one, list) | Node::NotIn(one, list) => self.infer_in(one, list, at, scope),
            Node::Test { name, on, args, .. } => self.infer_test(name, on, args, at, scope),
            Node::Filter { name, on, args } => self.infer_filter(name, on, args, ast, at, scope),
            Node::Call { name, args } => {
                args.all().for_each(|arg| drop(self.there(arg, at, scope)));
                Known::made(
                    functions::function(name).map_or(Shape::Opaque, |function| shape_of(function.result, None, &[])),
                )
            }
            Node::Chain(first, rest) => self.infer_chain(first, rest, ast, at, scope),
            Node::If { test, then, otherwise } => self.infer_if(test, then, otherwise.as_deref(), at, scope),
            Node::List(items) => {
                let all: Vec<Known> = items.iter().map(|item| self.there(item, at, scope)).collect();
                let proven = all.iter().all(|known| known.proven);
                let shape = all.iter().map(|known| known.shape.clone()).reduce(Shape::or).unwrap_or(Shape::Any);
                Known::made(constant(ast).unwrap_or(Shape::list(shape, Some(items.len())))).with_proof(proven)
            }
            Node::Map(entries) => {
                let parts = entries.iter().map(|(name, value)| (name.to_string(), self.there(value, at, scope)));
                super::data::object_known(parts.collect())
            }
            Node::Neg(inner) => self.infer_number(&[inner], "-", at, scope),
            Node::Binary(op, left, right) => self.infer_binary(*op, left, right, at, scope),
            Node::Item(of, index) => {
                let known = self.there(of, at, scope);
                self.there(index, at, scope);
                let shape = known.shape.items().map_or(Shape::Opaque, |(item, _)| item);
                Known::made(shape).maybe().with_proof(known.proven)
            }
            Node::Slice { on, bounds } => {
                bounds.iter().flatten().for_each(|bound| drop(self.there(bound, at, scope)));
                Known { path: None, parts: None, ..self.there(on, at, scope) }
            }
            Node::Name(_) | Node::Attr(..) => {
                let of = ast.children().into_iter().map(|child| self.there(child, at, scope)).next();
                self.infer_attribute(ast, of, at)
            }
        }
    }

    /// The same, where the value must be there.
    fn there(&mut self, ast: &Ast, at: &Writing<'_>, scope: &Scope) -> Known {
        let known = self.infer(ast, at, scope);
        self.must_be_there(&known, at.span(&ast.range), at.letters(&ast.range));
        known
    }

    fn infer_path(&mut self, path: &[&str], ast: &Ast, at: &Writing<'_>, scope: &Scope) -> Known {
        match scope.look_up(path) {
            Ok(known) => known,
            Err(not_found) => {
                self.tell_not_found(path, not_found, at.span(&ast.range));
                Known::made(Shape::Opaque)
            }
        }
    }

    /// An attribute of something that is no path, such as `(x | first).name`.
    fn infer_attribute(&mut self, ast: &Ast, of: Option<Known>, at: &Writing<'_>) -> Known {
        let (Some(of), Node::Attr(_, name)) = (of, &ast.node) else { return Known::made(Shape::Opaque) };
        match super::procedures::property_of(&of.shape, name.as_ref()) {
            Some((shape, optional)) => Known { absent: optional, ..Known::made(shape).with_proof(of.proven) },
            None => {
                let message = format!("this has no property `{name}`");
                self.tell(
                    Diagnostic::error(codes::UNKNOWN_PROPERTY, at.span(&ast.range), message).label(of.shape.noun()),
                );
                Known::made(Shape::Opaque)
            }
        }
    }

    fn infer_both(&mut self, left: &Ast, right: &Ast, defined: Vec<String>, at: &Writing<'_>, scope: &Scope) -> Known {
        let one = self.there(left, at, scope);
        let mut inner = scope.clone();
        inner.defined.extend(defined);
        let other = self.there(right, at, &inner);
        Known { path: None, parts: None, ..one.or(other) }
    }

    fn infer_if(&mut self, test: &Ast, then: &Ast, otherwise: Option<&Ast>, at: &Writing<'_>, scope: &Scope) -> Known {
        self.there(test, at, scope);
        let (mut yes, mut no) = (scope.clone(), scope.clone());
        yes.defined.extend(proof::defined_if_true(test, scope));
        no.defined.extend(proof::defined_if_false(test, scope));
        let known = self.infer(then, at, &yes);
        match otherwise {
            Some(otherwise) => known.or(self.infer(otherwise, at, &no)),
            None => Known { path: None, ..known.maybe() },
        }
    }

    fn infer_in(&mut self, one: &Ast, list: &Ast, at: &Writing<'_>, scope: &Scope) -> Known {
        let (item, of) = (self.there(one, at, scope), self.there(list, at, scope));
        if let (Some(possible), Node::List(items)) = (item.shape.texts(), &list.node) {
            for item in items {
                let Node::Const(Value::String(text)) = &item.node else { continue };
                if !possible.contains(&text.as_str()) {
                    self.tell(never(text, &possible, at, item));
                }
            }
        }
        Known::made(Shape::Boolean).with_proof(item.proven && of.proven)
    }

    fn compared(&mut self, op: crate::expr::Comparison, one: &Known, other: &Known, ast: &Ast, at: &Writing<'_>) {
        use crate::expr::Comparison::{Eq, Ne};
        if !one.shape.comparable(&other.shape) {
            let both = format!("{} and {}", one.shape.noun(), other.shape.noun());
            let message = match op {
                Eq => format!("this never holds: {both} are never equal"),
                Ne => format!("this always holds: {both} are never equal"),
                _ => format!("{both} cannot be compared"),
            };
            self.tell(Diagnostic::error(codes::NEVER_EQUAL, at.span(&ast.range), message));
            return;
        }
        if !matches!(op, Eq | Ne) {
            return;
        }
        for (value, constant) in [(one, other), (other, one)] {
            let (Some(possible), Shape::Const(Value::String(text))) = (value.shape.texts(), &constant.shape) else {
                continue;
            };
            if !matches!(value.shape, Shape::Const(_)) && !possible.contains(&text.as_str()) {
                self.tell(never(text, &possible, at, ast));
            }
        }
    }

    /// `x < y <= z`
    fn infer_chain(
        &mut self,
        first: &Ast,
        rest: &[(Relation, Ast)],
        ast: &Ast,
        at: &Writing<'_>,
        scope: &Scope,
    ) -> Known {
        let mut before = self.there(first, at, scope);
        let mut proven = before.proven;
        for (relation, next) in rest {
            let known = self.there(next, at, scope);
            proven &= known.proven;
            if let Relation::Compare(op) = relation {
                self.compared(*op, &before, &known, ast, at);
            }
            before = known;
        }
        Known::made(Shape::Boolean).with_proof(proven)
    }

    fn infer_test(&mut self, name: &str, on: &Ast, args: &Arguments, at: &Writing<'_>, scope: &Scope) -> Known {
        let known = match name {
            "defined" | "undefined" => self.infer(on, at, scope),
            _ => self.there(on, at, scope),
        };
        args.all().for_each(|arg| drop(self.there(arg, at, scope)));
        Known::made(Shape::Boolean).with_proof(known.proven)
    }

    fn infer_filter(
        &mut self,
        name: &str,
        on: &Ast,
        args: &Arguments,
        ast: &Ast,
        at: &Writing<'_>,
        scope: &Scope,
    ) -> Known {
        if is_default(name) {
            let known = self.infer(on, at, scope);
            let other =
                args.positional.first().map_or(Known::made(Shape::text()), |other| self.there(other, at, scope));
            return match known.absent {
                true => Known { absent: false, path: None, ..known }.or(other),
                false => known,
            };
        }
        let known = self.there(on, at, scope);
        let args: Vec<Known> = args.all().map(|arg| self.there(arg, at, scope)).collect();
        self.fits_filter(name, &known, ast, at);
        let proven = known.proven && args.iter().all(|arg| arg.proven);
        let Some(Signature { result, may_be_absent, .. }) = functions::filter(name) else {
            return Known::made(Shape::Opaque);
        };
        let shape = shape_of(*result, Some(&known.shape), &args);
        Known { absent: *may_be_absent, ..Known::made(shape).with_proof(proven) }
    }

    fn fits_filter(&mut self, name: &str, known: &Known, ast: &Ast, at: &Writing<'_>) {
        let wrong = match name {
            "length" | "count" => matches!(known.shape, Shape::Boolean | Shape::Number { .. }),
            "first" | "last" | "join" | "sum" | "count_by" => known.shape.items().is_none(),
            "upper" | "lower" | "trim" | "date" | "plus" | "seconds_since" => !known.shape.comparable(&Shape::text()),
            _ => false,
        };
        if wrong {
            let message = format!("`{name}` cannot be used on {}", known.shape.noun());
            self.tell(Diagnostic::error(codes::BAD_ARGUMENT, at.span(&ast.range), message));
        }
    }

    fn infer_number(&mut self, all: &[&Ast], op: &str, at: &Writing<'_>, scope: &Scope) -> Known {
        let known: Vec<Known> = all.iter().map(|one| self.there(one, at, scope)).collect();
        let number = Shape::Number { whole: false, limits: Default::default() };
        for (one, ast) in known.iter().zip(all) {
            if !one.shape.comparable(&number) {
                let message = format!("`{op}` needs numbers, and this is {}", one.shape.noun());
                self.tell(Diagnostic::error(codes::BAD_ARGUMENT, at.span(&ast.range), message));
            }
        }
        let whole = op != "/" && op != "**" && known.iter().all(|one| is_whole(&one.shape));
        let proven = known.iter().all(|one| one.proven);
        Known::made(Shape::Number { whole, limits: Default::default() }).with_proof(proven)
    }

    fn infer_binary(&mut self, op: Operator, left: &Ast, right: &Ast, at: &Writing<'_>, scope: &Scope) -> Known {
        if op == Operator::Concat {
            let (one, other) = (self.there(left, at, scope), self.there(right, at, scope));
            return Known::made(Shape::text()).with_proof(one.proven && other.proven);
        }
        let known = self.quietly(|compiler| Some(compiler.infer(left, at, scope)));
        let is_list = known.is_some_and(|known| matches!(known.shape, Shape::List { .. } | Shape::Text(_)));
        if op == Operator::Add && is_list {
            let (one, other) = (self.there(left, at, scope), self.there(right, at, scope));
            return Known { path: None, parts: None, ..one.or(other) };
        }
        self.infer_number(&[left, right], sign(op), at, scope)
    }
}

fn sign(op: Operator) -> &'static str {
    match op {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::FloorDivide => "//",
        Operator::Remainder => "%",
        Operator::Power => "**",
        Operator::Concat => "~",
    }
}

fn is_whole(shape: &Shape) -> bool {
    match shape {
        Shape::Number { whole, .. } => *whole,
        Shape::Const(Value::Number(number)) => number.is_i64() || number.is_u64(),
        Shape::Union(all) => all.iter().all(is_whole),
        _ => false,
    }
}

fn never(text: &str, possible: &[&str], at: &Writing<'_>, ast: &Ast) -> Diagnostic {
    Diagnostic::error(codes::NEVER_EQUAL, at.span(&ast.range), format!("this can never be `{text}`"))
        .help_if(did_you_mean(text, possible.iter().copied()))
        .help(format!("it is one of {}", spoken(possible.iter().copied())))
}

/// A list of literals, as the constant it is.
fn constant(ast: &Ast) -> Option<Shape> {
    let Node::List(items) = &ast.node else { return None };
    let values: Option<Vec<Value>> = items
        .iter()
        .map(|item| match &item.node {
            Node::Const(value) => Some(value.clone()),
            _ => None,
        })
        .collect();
    values.map(|values| Shape::Const(Value::Array(values)))
}

/// `count_by(property, keys)`: an object with every key.
fn counts(args: &[Known]) -> Shape {
    let number = || Shape::integer(Some(0));
    match args.get(1).map(|keys| &keys.shape) {
        Some(Shape::Const(Value::Array(keys))) => {
            Shape::object(keys.iter().filter_map(Value::as_str).map(|key| (key.to_owned(), number(), false)))
        }
        _ => Shape::map(number()),
    }
}

fn values(shape: &Shape) -> Shape {
    let Shape::Object(object) = shape else { return Shape::list(Shape::Any, None) };
    let all =
        object.properties.values().map(|property| property.shape.clone()).chain(object.others.as_deref().cloned());
    Shape::list(all.reduce(Shape::or).unwrap_or(Shape::Any), object.max())
}

fn shape_of(kind: Kind, input: Option<&Shape>, args: &[Known]) -> Shape {
    match kind {
        Kind::Boolean => Shape::Boolean,
        Kind::Integer => Shape::integer(None),
        Kind::Number => Shape::Number { whole: false, limits: Default::default() },
        Kind::Text => Shape::text(),
        Kind::Uuid => Shape::formatted("uuid"),
        Kind::Date => Shape::formatted("date"),
        Kind::DateTime => Shape::formatted("date-time"),
        Kind::List => Shape::list(Shape::Any, None),
        Kind::Texts => Shape::list(Shape::text(), None),
        Kind::Object => Shape::map(Shape::Any),
        Kind::Counts => counts(args),
        Kind::ValuesOfInput => input.map_or(Shape::Opaque, values),
        Kind::SameAsInput => input.cloned().unwrap_or(Shape::Any),
        Kind::ItemOfInput => input.and_then(Shape::items).map_or(Shape::Opaque, |(item, _)| item),
        Kind::InputOrArgument | Kind::Any => Shape::Opaque,
    }
}
