//! From minijinja's tree to ours. What it borrows is owned, every node knows its whole range, and what expressions may
//! not do is refused.

use std::ops::Range;

use minijinja::machinery::ast::{
    BinOpKind, Call, CallArg, CallType, Compare, CompareOpKind, Expr, UnaryOp, UnaryOpKind,
};
use minijinja::machinery::{Span, Token};
use serde_json::Value;

use super::Comparison;
use super::ast::{Arguments, Ast, Node, Operator, Relation};
use super::functions::{self, Signature};
use super::json::from_jinja;
use super::moments;
use super::parse::ParseError;
use super::tokens::Placed;

/// How many levels a tree may have. A long sum counts one for each of its terms.
const DEPTH_MAX: usize = 120;

/// Converts the tree that `source` was parsed to.
pub(super) fn convert(source: &str, tokens: &[Placed<'_>], tree: &Expr<'_>) -> Result<Ast, ParseError> {
    Converter { source, tokens, depth: 0 }.convert(tree)
}

struct Converter<'s> {
    source: &'s str,
    tokens: &'s [Placed<'s>],
    depth: usize,
}

type Converted = Result<Ast, ParseError>;

impl Converter<'_> {
    fn convert(&mut self, tree: &Expr<'_>) -> Converted {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let range = place(tree.span());
            return Err(ParseError::new(range, format!("an expression is at most {DEPTH_MAX} levels deep"))
                .help("compute a part of it in a `let:` before"));
        }
        let ast = self.one(tree);
        self.depth -= 1;
        ast
    }

    fn one(&mut self, tree: &Expr<'_>) -> Converted {
        let range = place(tree.span());
        match tree {
            Expr::Var(var) => self.name(var.id, range),
            Expr::Const(literal) => match from_jinja(&literal.value) {
                Ok(Some(value)) => Ok(Ast { node: Node::Const(value), range }),
                _ => Err(ParseError::new(range, "this number is too large")),
            },
            Expr::GetAttr(attr) => {
                let on = self.boxed(&attr.expr)?;
                let range = around(&range, &[&on]);
                Ok(Ast { node: Node::Attr(on, attr.name.into()), range })
            }
            Expr::GetItem(item) => {
                let (on, index) = (self.boxed(&item.expr)?, self.boxed(&item.subscript_expr)?);
                let range = around(&range, &[&on]);
                Ok(Ast { node: Node::Item(on, index), range })
            }
            Expr::Slice(slice) => {
                let on = self.boxed(&slice.expr)?;
                let bounds = [self.optional(&slice.start)?, self.optional(&slice.stop)?, self.optional(&slice.step)?];
                let range = around(&range, &[&on]);
                Ok(Ast { node: Node::Slice { on, bounds }, range })
            }
            Expr::UnaryOp(unary) => self.unary(unary, range),
            Expr::BinOp(binary) => {
                let (left, right) = (self.boxed(&binary.left)?, self.boxed(&binary.right)?);
                let range = self.balanced(left.range.start..right.range.end);
                Ok(Ast { node: binary_node(binary.op, left, right), range })
            }
            Expr::Compare(chain) => self.chain(chain),
            Expr::IfExpr(choice) => {
                let (then, test) = (self.boxed(&choice.true_expr)?, self.boxed(&choice.test_expr)?);
                let otherwise = self.optional(&choice.false_expr)?;
                let end = otherwise.as_ref().unwrap_or(&test).range.end;
                let range = self.balanced(then.range.start..end);
                Ok(Ast { node: Node::If { test, then, otherwise }, range })
            }
            Expr::Filter(filter) => {
                let Some(on) = &filter.expr else { return Err(ParseError::new(range, "this filter has no input")) };
                let (on, args) = (self.boxed(on)?, self.arguments(&filter.args, &range)?);
                let signature = known("filter", functions::FILTERS, filter.name, self.word(&range))?;
                check_arguments("filter", signature, &args, &range)?;
                check_named_inside(filter.name, &args)?;
                let range = self.balanced(around(&range, &[&on]));
                Ok(Ast { node: Node::Filter { name: filter.name.into(), on, args }, range })
            }
            Expr::Test(test) => {
                let (on, args) = (self.boxed(&test.expr)?, self.arguments(&test.args, &range)?);
                let signature = known("test", functions::TESTS, test.name, self.word(&range))?;
                check_arguments("test", signature, &args, &range)?;
                let range = self.balanced(around(&range, &[&on]));
                Ok(Ast { node: Node::Test { name: test.name.into(), on, args, negated: false }, range })
            }
            Expr::Call(call) => self.call(call, range),
            Expr::List(list) => {
                let items = list.items.iter().map(|item| self.convert(item)).collect::<Result<_, _>>()?;
                Ok(Ast { node: Node::List(items), range })
            }
            Expr::Map(map) => self.map(&map.keys, &map.values, range),
            Expr::Tuple(_) => Err(ParseError::new(range, "there are no tuples").help("write a list: `[a, b]`")),
        }
    }

    fn boxed(&mut self, tree: &Expr<'_>) -> Result<Box<Ast>, ParseError> {
        self.convert(tree).map(Box::new)
    }

    fn optional(&mut self, tree: &Option<Expr<'_>>) -> Result<Option<Box<Ast>>, ParseError> {
        tree.as_ref().map(|tree| self.boxed(tree)).transpose()
    }

    fn name(&self, name: &str, range: Range<usize>) -> Converted {
        if is_keyword(name) {
            return Err(ParseError::new(range, format!("`{name}` stands where a value is needed")));
        }
        Ok(Ast { node: Node::Name(name.into()), range })
    }

    fn unary(&mut self, unary: &UnaryOp<'_>, range: Range<usize>) -> Converted {
        let on = self.convert(&unary.expr)?;
        let begins_with_not = self.source.get(range.clone()).is_some_and(|text| text.starts_with("not"));
        let whole = if begins_with_not { around(&range, &[&on]) } else { on.range.clone() };
        let node = match (&unary.op, on.node) {
            (UnaryOpKind::Neg, node) => {
                let on = Box::new(Ast { node, range: on.range });
                let range = around(&range, &[&on]);
                return Ok(Ast { node: Node::Neg(on), range });
            }
            (UnaryOpKind::Not, Node::In(left, right)) => Node::NotIn(left, right),
            (UnaryOpKind::Not, Node::Test { name, on, args, negated: false }) => {
                Node::Test { name, on, args, negated: true }
            }
            (UnaryOpKind::Not, node) => Node::Not(Box::new(Ast { node, range: on.range })),
        };
        Ok(Ast { node, range: whole })
    }

    fn chain(&mut self, chain: &Compare<'_>) -> Converted {
        let first = self.boxed(&chain.expr)?;
        let rest = chain
            .ops
            .iter()
            .map(|next| Ok((relation(next.op), self.convert(&next.expr)?)))
            .collect::<Result<Vec<_>, ParseError>>()?;
        let end = rest.last().map_or(first.range.end, |(_, last)| last.range.end);
        let range = self.balanced(first.range.start..end);
        Ok(Ast { node: Node::Chain(first, rest), range })
    }

    fn call(&mut self, call: &Call<'_>, range: Range<usize>) -> Converted {
        match call.identify_call() {
            CallType::Function(name) => {
                let args = self.arguments(&call.args, &range)?;
                let signature = known("function", functions::FUNCTIONS, name, self.word(&range))
                    .map_err(|error| hint_filter(error, name))?;
                check_arguments("function", signature, &args, &range)?;
                Ok(Ast { node: Node::Call { name: name.into(), args }, range })
            }
            CallType::Method(on, name) => {
                let on = self.convert(on)?;
                let range = around(&range, &[&on]);
                let on = self.source.get(on.range).unwrap_or("x");
                let error = ParseError::new(range, format!("values have no methods, so there is no `.{name}()`"));
                Err(match method_as_filter(name) {
                    Some(filter) => error.help(format!("write `{on} | {filter}`")),
                    None => error.help("filters do that work: `x | name`"),
                })
            }
            CallType::Object(_) => Err(ParseError::new(range, "only functions can be called")),
        }
    }

    fn map(&mut self, keys: &[Expr<'_>], values: &[Expr<'_>], range: Range<usize>) -> Converted {
        let mut entries = Vec::with_capacity(keys.len());
        for (key, value) in keys.iter().zip(values) {
            let key = self.convert(key)?;
            let Node::Const(Value::String(name)) = key.node else {
                let error = ParseError::new(key.range, "the keys of an object are texts");
                return Err(error.help("write the key between quotes: `{'name': value}`"));
            };
            entries.push((name.into(), self.convert(value)?));
        }
        Ok(Ast { node: Node::Map(entries), range })
    }

    fn arguments(&mut self, args: &[CallArg<'_>], range: &Range<usize>) -> Result<Arguments, ParseError> {
        let mut all = Arguments::default();
        for arg in args {
            match arg {
                CallArg::Pos(value) => all.positional.push(self.convert(value)?),
                CallArg::Kwarg(name, value) => all.named.push(((*name).into(), self.convert(value)?)),
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    return Err(ParseError::new(range.clone(), "arguments are written out one by one"));
                }
            }
        }
        Ok(all)
    }

    /// The range of the first word of `range`: the name of a filter, a test or a function.
    fn word(&self, range: &Range<usize>) -> Range<usize> {
        let token = self.tokens.iter().find(|token| token.range.start >= range.start);
        token.map_or_else(|| range.clone(), |token| token.range.clone())
    }

    /// Widens a range over the parentheses around its first and its last part.
    fn balanced(&self, range: Range<usize>) -> Range<usize> {
        let first = self.tokens.partition_point(|token| token.range.start < range.start);
        let last = self.tokens.partition_point(|token| token.range.end <= range.end);
        let (mut open, mut unopened) = (0usize, 0usize);
        for token in self.tokens.get(first..last).unwrap_or_default() {
            match token.token {
                Token::ParenOpen => open += 1,
                Token::ParenClose if open == 0 => unopened += 1,
                Token::ParenClose => open -= 1,
                _ => {}
            }
        }
        let start = first.checked_sub(unopened).and_then(|at| self.tokens.get(at)).filter(|_| unopened > 0);
        let end = self.tokens.get((last + open).saturating_sub(1)).filter(|_| open > 0);
        start.map_or(range.start, |token| token.range.start)..end.map_or(range.end, |token| token.range.end)
    }
}

fn place(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

/// The range that holds `range` and those of `parts`.
fn around(range: &Range<usize>, parts: &[&Ast]) -> Range<usize> {
    let start = parts.iter().map(|part| part.range.start).chain([range.start]).min().unwrap_or(range.start);
    let end = parts.iter().map(|part| part.range.end).chain([range.end]).max().unwrap_or(range.end);
    start..end
}

fn is_keyword(name: &str) -> bool {
    matches!(name, "and" | "or" | "not" | "in" | "is" | "if" | "else")
}

fn binary_node(op: BinOpKind, left: Box<Ast>, right: Box<Ast>) -> Node {
    let operator = match op {
        BinOpKind::Eq => return Node::Compare(Comparison::Eq, left, right),
        BinOpKind::Ne => return Node::Compare(Comparison::Ne, left, right),
        BinOpKind::Lt => return Node::Compare(Comparison::Lt, left, right),
        BinOpKind::Lte => return Node::Compare(Comparison::Le, left, right),
        BinOpKind::Gt => return Node::Compare(Comparison::Gt, left, right),
        BinOpKind::Gte => return Node::Compare(Comparison::Ge, left, right),
        BinOpKind::ScAnd => return Node::And(left, right),
        BinOpKind::ScOr => return Node::Or(left, right),
        BinOpKind::In => return Node::In(left, right),
        BinOpKind::Add => Operator::Add,
        BinOpKind::Sub => Operator::Subtract,
        BinOpKind::Mul => Operator::Multiply,
        BinOpKind::Div => Operator::Divide,
        BinOpKind::FloorDiv => Operator::FloorDivide,
        BinOpKind::Rem => Operator::Remainder,
        BinOpKind::Pow => Operator::Power,
        BinOpKind::Concat => Operator::Concat,
    };
    Node::Binary(operator, left, right)
}

fn relation(op: CompareOpKind) -> Relation {
    Relation::Compare(match op {
        CompareOpKind::Eq => Comparison::Eq,
        CompareOpKind::Ne => Comparison::Ne,
        CompareOpKind::Lt => Comparison::Lt,
        CompareOpKind::Lte => Comparison::Le,
        CompareOpKind::Gt => Comparison::Gt,
        CompareOpKind::Gte => Comparison::Ge,
        CompareOpKind::In => return Relation::In,
        CompareOpKind::NotIn => return Relation::NotIn,
    })
}

fn known(
    noun: &str,
    table: &'static [Signature],
    name: &str,
    range: Range<usize>,
) -> Result<&'static Signature, ParseError> {
    table.iter().find(|known| known.name == name).ok_or_else(|| {
        ParseError::new(range, format!("there is no {noun} `{name}`")).unknown(name, functions::names(table))
    })
}

/// `length(x)`, where a filter of that name is meant.
fn hint_filter(error: ParseError, name: &str) -> ParseError {
    match method_as_filter(name) {
        Some(filter) => error.help(format!("it is a filter: write `x | {filter}`")),
        None => error,
    }
}

fn check_arguments(
    noun: &str,
    signature: &Signature,
    args: &Arguments,
    range: &Range<usize>,
) -> Result<(), ParseError> {
    let (least, most) = signature.args;
    let name = signature.name;
    let wrong = args.named.iter().find(|(given, _)| !signature.named.contains(&&**given));
    if let Some((given, value)) = wrong {
        let known = signature.named.iter().map(|&name| name.to_owned()).collect();
        let message = format!("the {noun} `{name}` has no argument `{given}`");
        return Err(ParseError::new(value.range.clone(), message).unknown(given, known));
    }
    if (least..=most).contains(&args.positional.len()) {
        return Ok(());
    }
    let takes = match (least, most) {
        (0, 0) => "no argument".to_owned(),
        (1, 1) => "one argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    Err(ParseError::new(range.clone(), format!("the {noun} `{name}` takes {takes}")))
}

/// Names and zones that stand in literals: `map('upper')`, `selectattr('done', 'true')`, `date('Europe/Paris')`.
fn check_named_inside(filter: &str, args: &Arguments) -> Result<(), ParseError> {
    let (at, noun, table) = match filter {
        "map" => (0, "filter", functions::FILTERS),
        "select" | "reject" => (0, "test", functions::TESTS),
        "selectattr" | "rejectattr" => (1, "test", functions::TESTS),
        "date" => return check_zone(args),
        _ => return Ok(()),
    };
    let Some(arg) = args.positional.get(at) else { return Ok(()) };
    match &arg.node {
        Node::Const(Value::String(name)) => known(noun, table, name, arg.range.clone()).map(drop),
        _ => Err(ParseError::new(arg.range.clone(), format!("the name of a {noun} is written out, between quotes"))),
    }
}

fn check_zone(args: &Arguments) -> Result<(), ParseError> {
    match args.positional.first() {
        Some(Ast { node: Node::Const(Value::String(zone)), range }) if moments::zone(zone).is_none() => {
            Err(ParseError::new(range.clone(), format!("there is no time zone `{zone}`"))
                .help("time zones are named as in `America/Chicago`, or `UTC`"))
        }
        _ => Ok(()),
    }
}

/// The filter that does what a method of that name does elsewhere.
fn method_as_filter(name: &str) -> Option<&str> {
    match name {
        "size" | "len" | "length" => Some("length"),
        "toUpperCase" => Some("upper"),
        "toLowerCase" => Some("lower"),
        "strip" => Some("trim"),
        "toString" | "str" => Some("string"),
        "filter" => Some("selectattr('property')"),
        "keys" => Some("list"),
        name => functions::filter(name).map(|known| known.name),
    }
}
