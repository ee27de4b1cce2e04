//! The tree of an expression: what the compiler looks at to know what an expression reads and what it yields.

use std::ops::Range;

use serde_json::Value;

use super::Comparison;

/// An expression, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ast {
    /// What it is.
    pub node: Node,
    /// Where it stands in the expression's source, in bytes.
    pub range: Range<usize>,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A bare name: `user`.
    Name(Box<str>),
    /// A literal.
    Const(Value),
    /// A property: `user.role`.
    Attr(Box<Ast>, Box<str>),
    /// An item: `votes[0]`, `counts[status]`.
    Item(Box<Ast>, Box<Ast>),
    /// A part of a list or a text: `votes[1:3]`.
    Slice {
        /// What is cut.
        on: Box<Ast>,
        /// From where, to where (exclusive), and in what steps.
        bounds: [Option<Box<Ast>>; 3],
    },
    /// `not x`
    Not(Box<Ast>),
    /// `-x`
    Neg(Box<Ast>),
    /// Arithmetic, or `~`.
    Binary(Operator, Box<Ast>, Box<Ast>),
    /// `x == y` and its kin.
    Compare(Comparison, Box<Ast>, Box<Ast>),
    /// `x < y <= z`: every neighbouring pair must hold.
    Chain(Box<Ast>, Vec<(Relation, Ast)>),
    /// `x and y`; yields one of the two.
    And(Box<Ast>, Box<Ast>),
    /// `x or y`; yields one of the two.
    Or(Box<Ast>, Box<Ast>),
    /// `x in y`
    In(Box<Ast>, Box<Ast>),
    /// `x not in y`
    NotIn(Box<Ast>, Box<Ast>),
    /// `x if test else y`; without `else` it is absent when the test fails.
    If {
        /// What is asked.
        test: Box<Ast>,
        /// The value if it holds.
        then: Box<Ast>,
        /// The value if it does not.
        otherwise: Option<Box<Ast>>,
    },
    /// `on | name(args)`; the name is one of [`super::functions::filter`].
    Filter {
        /// Its name.
        name: Box<str>,
        /// What it works on.
        on: Box<Ast>,
        /// Its further arguments.
        args: Arguments,
    },
    /// `on is name(args)`; the name is one of [`super::functions::test`].
    Test {
        /// Its name.
        name: Box<str>,
        /// What is tested.
        on: Box<Ast>,
        /// Its further arguments.
        args: Arguments,
        /// `is not`
        negated: bool,
    },
    /// `name(args)`; the name is one of [`super::functions::function`].
    Call {
        /// Its name.
        name: Box<str>,
        /// Its arguments.
        args: Arguments,
    },
    /// `[a, b]`
    List(Vec<Ast>),
    /// `{'a': b}`
    Map(Vec<(Box<str>, Ast)>),
}

/// The arguments of a filter, a test or a function.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments {
    /// Those without a name, in order.
    pub positional: Vec<Ast>,
    /// Those with a name: `attribute='score'`.
    pub named: Vec<(Box<str>, Ast)>,
}

/// An arithmetic operator, or `~`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`; always with a fraction.
    Divide,
    /// `//`; rounded down.
    FloorDivide,
    /// `%`
    Remainder,
    /// `**`
    Power,
    /// `~`: both as text, joined.
    Concat,
}

/// What stands between two neighbours of a [`Node::Chain`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `==` and its kin.
    Compare(Comparison),
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// A name that an expression reads, with the properties and constant indices that follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The name, then the properties: `user`, `role`.
    pub path: Vec<&'a str>,
    /// Where it stands in the expression's source, in bytes.
    pub range: Range<usize>,
}

impl Ast {
    /// Every name that is read, each with the longest path that follows it, in the order they stand there. One that
    /// stands twice is told twice.
    #[must_use]
    pub fn names(&self) -> Vec<Reference<'_>> {
        let mut found = Vec::new();
        self.collect_names(&mut found);
        found
    }

    fn collect_names<'a>(&'a self, found: &mut Vec<Reference<'a>>) {
        match self.as_path() {
            Some(path) => found.push(Reference { path, range: self.range.clone() }),
            None => self.children().into_iter().for_each(|child| child.collect_names(found)),
        }
    }

    /// The name and the properties, if this is nothing else: a name, then `.x`, `['x']` or `[0]`.
    #[must_use]
    pub fn as_path(&self) -> Option<Vec<&str>> {
        let (on, step) = match &self.node {
            Node::Name(name) => return Some(vec![name]),
            Node::Attr(on, name) => (on, &**name),
            Node::Item(on, index) => (on, index.as_step()?),
            _ => return None,
        };
        let mut path = on.as_path()?;
        path.push(step);
        Some(path)
    }

    /// A constant index as a step of a path. A number's letters are taken from [`SMALL_INDICES`], the rest are left to
    /// run.
    fn as_step(&self) -> Option<&str> {
        match &self.node {
            Node::Const(Value::String(text)) => Some(text),
            Node::Const(Value::Number(number)) => SMALL_INDICES.get(usize::try_from(number.as_u64()?).ok()?).copied(),
            _ => None,
        }
    }

    /// The parts of this, in the order they stand there.
    #[must_use]
    pub fn children(&self) -> Vec<&Ast> {
        match &self.node {
            Node::Name(_) | Node::Const(_) => Vec::new(),
            Node::Attr(on, _) | Node::Not(on) | Node::Neg(on) => vec![on],
            Node::Item(left, right)
            | Node::Binary(_, left, right)
            | Node::Compare(_, left, right)
            | Node::And(left, right)
            | Node::Or(left, right)
            | Node::In(left, right)
            | Node::NotIn(left, right) => vec![left, right],
            Node::Slice { on, bounds } => std::iter::once(&**on).chain(bounds.iter().flatten().map(|b| &**b)).collect(),
            Node::Chain(first, rest) => std::iter::once(&**first).chain(rest.iter().map(|(_, next)| next)).collect(),
            Node::If { test, then, otherwise } => {
                [Some(then), Some(test), otherwise.as_ref()].into_iter().flatten().map(|part| &**part).collect()
            }
            Node::Filter { on, args, .. } | Node::Test { on, args, .. } => {
                std::iter::once(&**on).chain(args.all()).collect()
            }
            Node::Call { args, .. } => args.all().collect(),
            Node::List(items) => items.iter().collect(),
            Node::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
        }
    }
}

impl Arguments {
    /// All of them, named ones last.
    pub fn all(&self) -> impl Iterator<Item = &Ast> {
        self.positional.iter().chain(self.named.iter().map(|(_, value)| value))
    }
}

const SMALL_INDICES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
