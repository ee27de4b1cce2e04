//! Expressions in one form: what means the same is, as far as that can be proved, written the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scope::Scope;
use crate::expr::ast::{Arguments, Ast, Node, Relation};
use crate::expr::{Comparison, parse};

/// A condition: what must hold, by its parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Condition {
    /// All of these.
    All(BTreeSet<Condition>),
    /// One of these.
    Any(BTreeSet<Condition>),
    /// The user has one of these roles.
    Roles(BTreeSet<String>),
    /// The user has none of these roles.
    NotRoles(BTreeSet<String>),
    /// Anything else: in one form, and as the author wrote it.
    Holds(Letters),
}

/// An expression in one form, and in the author's letters, which count for nothing when two are compared.
#[derive(Clone, Debug)]
pub(crate) struct Letters {
    pub(crate) form: String,
    pub(crate) shown: String,
}

impl PartialEq for Letters {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

impl Eq for Letters {}

impl PartialOrd for Letters {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Letters {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.form.cmp(&other.form)
    }
}

/// An expression, as a value.
pub(crate) fn value(source: &str, scope: &Scope) -> String {
    parse(source).map_or_else(|_| source.trim().to_owned(), |ast| form(&ast, scope))
}

/// An expression, as something that holds or does not.
pub(crate) fn condition(source: &str, scope: &Scope) -> Condition {
    match parse(source) {
        Ok(ast) => Reader { source, scope }.condition(&ast, false),
        Err(_) => Condition::Holds(Letters { form: source.trim().to_owned(), shown: source.trim().to_owned() }),
    }
}

impl Condition {
    /// One form for what means the same.
    pub(crate) fn form(&self) -> String {
        let all = |parts: &BTreeSet<Self>, word: &str| {
            format!("({})", parts.iter().map(Self::form).collect::<Vec<_>>().join(word))
        };
        let roles = |roles: &BTreeSet<String>| roles.iter().cloned().collect::<Vec<_>>().join(",");
        match self {
            Self::All(parts) => all(parts, " and "),
            Self::Any(parts) => all(parts, " or "),
            Self::Roles(names) => format!("user.role in [{}]", roles(names)),
            Self::NotRoles(names) => format!("user.role not in [{}]", roles(names)),
            Self::Holds(letters) => letters.form.clone(),
        }
    }

    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::All(inner) => inner,
            other => BTreeSet::from([other]),
        });
        single(flat.collect()).unwrap_or_else(Self::All)
    }

    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Any(inner) => inner,
            other => BTreeSet::from([other]),
        });
        single(flat.collect()).unwrap_or_else(Self::Any)
    }
}

/// The only one of them, or all again.
fn single(mut parts: BTreeSet<Condition>) -> Result<Condition, BTreeSet<Condition>> {
    match (parts.len(), parts.pop_first()) {
        (1, Some(only)) => Ok(only),
        (_, Some(first)) => {
            parts.insert(first);
            Err(parts)
        }
        (_, None) => Err(parts),
    }
}

struct Reader<'s> {
    source: &'s str,
    scope: &'s Scope,
}

impl Reader<'_> {
    fn condition(&self, ast: &Ast, negated: bool) -> Condition {
        if let Some(roles) = self.roles(ast, negated) {
            return roles;
        }
        match &ast.node {
            Node::Not(on) => self.condition(on, !negated),
            Node::And(left, right) if negated => {
                Condition::any([self.condition(left, true), self.condition(right, true)])
            }
            Node::And(left, right) => Condition::all([self.condition(left, false), self.condition(right, false)]),
            Node::Or(left, right) if negated => {
                Condition::all([self.condition(left, true), self.condition(right, true)])
            }
            Node::Or(left, right) => Condition::any([self.condition(left, false), self.condition(right, false)]),
            _ => {
                let shown = self.source.get(ast.range.clone()).unwrap_or(self.source).trim();
                let form = if negated { negation(ast, self.scope) } else { form(ast, self.scope) };
                let shown = if negated { format!("not ({shown})") } else { shown.to_owned() };
                Condition::Holds(Letters { form, shown })
            }
        }
    }

    /// `user.role == 'TEACHER'` and its kin.
    fn roles(&self, ast: &Ast, negated: bool) -> Option<Condition> {
        let (on, names, is_not) = match &ast.node {
            Node::Compare(comparison @ (Comparison::Eq | Comparison::Ne), left, right) => {
                let (on, name) = match (text(left), text(right)) {
                    (None, Some(name)) => (left, name),
                    (Some(name), None) => (right, name),
                    _ => return None,
                };
                (on, BTreeSet::from([name]), *comparison == Comparison::Ne)
            }
            Node::In(on, list) => (on, texts(list)?, false),
            Node::NotIn(on, list) => (on, texts(list)?, true),
            _ => return None,
        };
        (on.as_path()? == ["user", "role"]).then_some(())?;
        Some(if is_not == negated { Condition::Roles(names) } else { Condition::NotRoles(names) })
    }
}

fn text(ast: &Ast) -> Option<String> {
    match &ast.node {
        Node::Const(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

fn texts(ast: &Ast) -> Option<BTreeSet<String>> {
    match &ast.node {
        Node::List(items) => items.iter().map(text).collect(),
        Node::Const(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

fn negation(ast: &Ast, scope: &Scope) -> String {
    let of = |ast: &Ast| form(ast, scope);
    match &ast.node {
        Node::Compare(Comparison::Eq, left, right) => symmetric("!=", of(left), of(right)),
        Node::Compare(Comparison::Ne, left, right) => symmetric("==", of(left), of(right)),
        Node::In(left, right) => format!("({} not in {})", of(left), of(right)),
        Node::NotIn(left, right) => format!("({} in {})", of(left), of(right)),
        Node::Test { name, on, args, negated } => test(name, on, args, !negated, scope),
        _ => format!("not {}", of(ast)),
    }
}

fn symmetric(sign: &str, left: String, right: String) -> String {
    let (left, right) = if left <= right { (left, right) } else { (right, left) };
    format!("({left} {sign} {right})")
}

fn test(name: &str, on: &Ast, args: &Arguments, negated: bool, scope: &Scope) -> String {
    let is = if negated { "is not" } else { "is" };
    format!("({} {is} {name}{})", form(on, scope), arguments(args, scope))
}

fn arguments(args: &Arguments, scope: &Scope) -> String {
    let mut named: Vec<String> =
        args.named.iter().map(|(name, value)| format!("{name}={}", form(value, scope))).collect();
    named.sort();
    let all: Vec<String> = args.positional.iter().map(|value| form(value, scope)).chain(named).collect();
    if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
}

/// An expression in one form.
fn form(ast: &Ast, scope: &Scope) -> String {
    if let Some(path) = ast.as_path() {
        return scope.path(&path);
    }
    let of = |ast: &Ast| form(ast, scope);
    match &ast.node {
        Node::Name(name) => scope.meaning(name),
        Node::Const(value) => value.to_string(),
        Node::Attr(on, name) => format!("{}.{name}", of(on)),
        Node::Item(on, index) => format!("{}[{}]", of(on), of(index)),
        Node::Slice { on, bounds } => {
            let bounds = bounds.iter().map(|bound| bound.as_deref().map(of).unwrap_or_default());
            format!("{}[{}]", of(on), bounds.collect::<Vec<_>>().join(":"))
        }
        Node::Not(on) => format!("not {}", of(on)),
        Node::Neg(on) => format!("-{}", of(on)),
        Node::Binary(operator, left, right) => format!("({} {operator:?} {})", of(left), of(right)),
        Node::Compare(comparison, left, right) => compared(*comparison, of(left), of(right)),
        Node::Chain(first, rest) => {
            let rest = rest.iter().map(|(relation, next)| format!(" {} {}", related(*relation), of(next)));
            format!("({}{})", of(first), rest.collect::<String>())
        }
        Node::And(left, right) => format!("({} and {})", of(left), of(right)),
        Node::Or(left, right) => format!("({} or {})", of(left), of(right)),
        Node::In(left, right) => format!("({} in {})", of(left), of(right)),
        Node::NotIn(left, right) => format!("({} not in {})", of(left), of(right)),
        Node::If { test, then, otherwise } => {
            let otherwise = otherwise.as_deref().map(of).unwrap_or_default();
            format!("({} if {} else {otherwise})", of(then), of(test))
        }
        Node::Filter { name, on, args } => format!("{} | {name}{}", of(on), arguments(args, scope)),
        Node::Test { name, on, args, negated } => test(name, on, args, *negated, scope),
        Node::Call { name, args } => format!("{name}({})", arguments(args, scope)),
        Node::List(items) => format!("[{}]", items.iter().map(of).collect::<Vec<_>>().join(",")),
        Node::Map(entries) => {
            let mut all: Vec<String> = entries.iter().map(|(key, value)| format!("{key:?}:{}", of(value))).collect();
            all.sort();
            format!("{{{}}}", all.join(","))
        }
    }
}

fn compared(comparison: Comparison, left: String, right: String) -> String {
    match comparison {
        Comparison::Eq => symmetric("==", left, right),
        Comparison::Ne => symmetric("!=", left, right),
        Comparison::Lt => format!("({left} < {right})"),
        Comparison::Le => format!("({left} <= {right})"),
        Comparison::Gt => format!("({right} < {left})"),
        Comparison::Ge => format!("({right} <= {left})"),
    }
}

fn related(relation: Relation) -> &'static str {
    match relation {
        Relation::Compare(Comparison::Eq) => "==",
        Relation::Compare(Comparison::Ne) => "!=",
        Relation::Compare(Comparison::Lt) => "<",
        Relation::Compare(Comparison::Le) => "<=",
        Relation::Compare(Comparison::Gt) => ">",
        Relation::Compare(Comparison::Ge) => ">=",
        Relation::In => "in",
        Relation::NotIn => "not in",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let scope = Scope::with_params(["classId"]);
        condition(a, &scope) == condition(b, &scope)
    }

    #[test]
    fn what_means_the_same_has_one_form() {
        assert!(same("a == b", "b == a"));
        assert!(same("a and b", "b and a"));
        assert!(same("a < b", "b > a"));
        assert!(same("not (a == b)", "a != b"));
        assert!(same("not (a and b)", "not b or not a"));
        assert!(same("isTyping", "payload.isTyping"));
        assert!(same("user.role == 'A' ", "user.role in ['A']"));
        assert!(same("user.role not in ['A', 'B']", "not (user.role in ['B', 'A'])"));
        assert!(same("a['b']", "a.b"));
        assert!(same("x is not defined", "not (x is defined)"));
    }

    #[test]
    fn what_may_not_mean_the_same_has_two() {
        assert!(!same("a == b", "a != b"));
        assert!(!same("a and b", "a or b"));
        assert!(!same("classId == a", "payload.classId == a"));
        assert!(!same("a < b", "a <= b"));
    }
}
