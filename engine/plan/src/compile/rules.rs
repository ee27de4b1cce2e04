//! Rules: `in`, `roles`, `check`, `when`, `like`, and what each of them proves.

use homeroom_definition::model::{Allow, Rule as Written};
use homeroom_definition::{Diagnostic, Few, Node, Span, Table, Text, did_you_mean};

use super::Compiler;
use super::scope::{Known, PathKey, Scope};
use crate::codes;
use crate::program::{Check, Place, Returns, Rule};
use crate::shape::{Shape, spoken};

/// The keys of a rule, wherever they stand.
pub(crate) struct Keys<'a> {
    pub(crate) span: Span,
    pub(crate) inside: &'a [Text],
    pub(crate) roles: &'a [Text],
    pub(crate) check: &'a [Text],
    pub(crate) when: Option<&'a Text>,
    pub(crate) like: Option<&'a Text>,
    pub(crate) with: &'a Table<Node>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(rule: &'a Written) -> Self {
        Self {
            span: rule.span,
            inside: &rule.inside,
            roles: &rule.roles,
            check: &rule.check,
            when: rule.when.as_ref(),
            like: rule.like.as_ref(),
            with: &rule.with,
        }
    }

    /// Whether nothing is asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.inside.is_empty()
            && self.roles.is_empty()
            && self.check.is_empty()
            && self.when.is_none()
            && self.like.is_none()
    }
}

/// The `like:` references of an `allow:`.
pub(crate) fn likes(allow: &Allow) -> impl Iterator<Item = &Text> {
    let rules: &[Written] = match allow {
        Allow::Anyone => &[],
        Allow::Rules(rules) => rules,
    };
    rules.iter().filter_map(|rule| rule.like.as_ref())
}

/// A rule that holds for everyone.
pub(crate) fn asks_nothing(place: Place, span: Span) -> Rule {
    let (roles, checks) = (Vec::new(), Vec::new());
    Rule { place, span, inside: Few::default(), roles, when_before: None, checks, when: None, like: None }
}

/// The rules of an `allow:`; what all of them prove is proven in `scope` from here on.
pub(crate) fn allowed(compiler: &mut Compiler<'_, '_>, allow: &Allow, scope: &mut Scope) -> Vec<Rule> {
    let Allow::Rules(written) = allow else { return Vec::new() };
    let keys: Vec<Keys<'_>> = written.iter().map(Keys::of).collect();
    compiler.rules(&keys, scope)
}

impl Compiler<'_, '_> {
    /// Several rules, of which one must hold: what every one of them proves is proven.
    pub(crate) fn rules(&mut self, all: &[Keys<'_>], scope: &mut Scope) -> Vec<Rule> {
        let (mut rules, mut proofs) = (Vec::new(), None::<Vec<PathKey>>);
        for keys in all {
            let mut inner = scope.clone();
            inner.slots = scope.slots;
            let rule = self.rule(keys, &mut inner);
            scope.slots = inner.slots;
            rules.extend(rule);
            proofs = Some(match proofs {
                None => inner.proofs.into_iter().collect(),
                Some(both) => both.into_iter().filter(|path| inner.proofs.contains(path)).collect(),
            });
        }
        scope.proofs.extend(proofs.unwrap_or_default());
        rules
    }

    fn rule(&mut self, keys: &Keys<'_>, scope: &mut Scope) -> Option<Rule> {
        if keys.is_empty() {
            self.tell(
                Diagnostic::error(codes::EMPTY_RULE, keys.span, "this rule asks for nothing")
                    .help("name roles, a check, a condition or a room; or write `allow: anyone` if everyone is meant"),
            );
        }
        let roles = self.roles(keys.roles);
        let inside = self.inside(keys, scope);
        let before = keys.when.filter(|text| !self.needs_checks(text, keys.check));
        let when_before = before.and_then(|text| self.rule_condition(text, scope));
        let checks = self.checks(keys, scope);
        let after = keys.when.filter(|_| before.is_none());
        let when = after.and_then(|text| self.rule_condition(text, scope));
        let like = keys.like.and_then(|text| self.like(text, keys.with, scope));
        self.checks_proved_late(keys, scope);
        let place = self.place(keys.span);
        Some(Rule { place, span: keys.span, inside: inside.into(), roles, when_before, checks, when, like })
    }

    /// Numbers of roles; a role that does not exist is told.
    pub(crate) fn roles(&mut self, roles: &[Text]) -> Vec<usize> {
        let known = &self.world.identity.roles;
        let mut numbers = Vec::new();
        for role in roles {
            match known.iter().position(|one| **one == *role.value) {
                Some(number) => numbers.push(number),
                None => {
                    let names = || known.iter().map(AsRef::as_ref);
                    let diagnostic =
                        Diagnostic::error(codes::UNKNOWN_ROLE, role.span, format!("there is no role `{}`", role.value))
                            .label("not a role of the identity in the settings")
                            .help_if(did_you_mean(&role.value, names()))
                            .help(format!("roles: {}", spoken(names())));
                    self.tell(diagnostic);
                }
            }
        }
        numbers
    }

    fn inside(&mut self, keys: &Keys<'_>, scope: &mut Scope) -> Vec<crate::program::RoomRef> {
        let mut rooms = Vec::new();
        let mut proofs = None::<Vec<PathKey>>;
        for text in keys.inside {
            let Some(room) = self.room(text, keys.with, scope) else { continue };
            let paths: Vec<PathKey> = room.params.iter().filter_map(|param| param.path.clone()).collect();
            room.params.iter().for_each(|param| self.must_be_there(param, text.span, &text.value));
            proofs = Some(match proofs {
                None => paths,
                Some(both) => both.into_iter().filter(|path| paths.contains(path)).collect(),
            });
            rooms.push(room.to);
        }
        scope.proofs.extend(proofs.unwrap_or_default());
        rooms
    }

    fn like(&mut self, text: &Text, with: &Table<Node>, scope: &mut Scope) -> Option<crate::program::RoomRef> {
        let room = self.room(text, with, scope)?;
        room.params.iter().for_each(|param| self.must_be_there(param, text.span, &text.value));
        scope.proofs.extend(room.params.iter().filter_map(|param| param.path.clone()));
        Some(room.to)
    }

    fn rule_condition(&mut self, text: &Text, scope: &mut Scope) -> Option<crate::expr::Expr> {
        let compiled = self.condition(text, scope)?;
        let proven = super::proof::compared_with_user(&compiled.ast, scope);
        scope.proofs.extend(proven);
        Some(compiled.expr)
    }

    /// Whether a condition uses a column that one of the checks lends.
    fn needs_checks(&mut self, when: &Text, checks: &[Text]) -> bool {
        let Ok(ast) = crate::expr::parse(&when.value) else { return false };
        let used = super::infer::first_names(&ast);
        let names = self.names;
        let queries = checks.iter().filter_map(|check| names.queries.get(check.value.as_str()));
        let returned: Vec<&Node> = queries.filter_map(|query| query.item.returns.as_ref()).collect();
        returned.into_iter().any(|row| self.columns_of(row).iter().any(|column| used.contains(&&*column.name)))
    }

    fn checks(&mut self, keys: &Keys<'_>, scope: &mut Scope) -> Vec<Check> {
        let mut checks = Vec::new();
        for text in keys.check {
            let Some(call) = self.query_call(text, keys.with, scope) else { continue };
            let proven = call.params.iter().any(|param| param.proven) || call.params.is_empty();
            if proven {
                scope.proofs.extend(call.params.iter().filter_map(|param| param.path.clone()));
            }
            let lends = self.lend(text.span, call.to.query, proven, scope);
            checks.push(Check { call: call.to, lends });
        }
        checks
    }

    /// Binds the columns of a check's row to their names.
    fn lend(&mut self, span: Span, query: usize, proven: bool, scope: &mut Scope) -> Vec<(Box<str>, usize)> {
        let Some(query) = self.queries.get(query) else { return Vec::new() };
        let columns = match &query.returns {
            Returns::Row(columns) => columns.clone(),
            Returns::Found => return Vec::new(),
            Returns::Rows(..) => {
                let name = query.name.clone();
                self.tell(
                    Diagnostic::error(
                        codes::QUERY_USE,
                        span,
                        format!("`{name}` returns rows, and a check asks for one or none"),
                    )
                    .help("let the query return one type, or nothing at all"),
                );
                return Vec::new();
            }
        };
        let shape = self.row_shape(&columns);
        columns
            .iter()
            .map(|column| {
                let (shape, absent) = match shape.property(&column.name) {
                    crate::shape::Found::Present(shape) => (shape, false),
                    crate::shape::Found::Optional(shape) => (shape, true),
                    _ => (Shape::Any, false),
                };
                let known = Known { absent, ..Known::made(shape).with_proof(proven) };
                (column.name.clone(), scope.bind_fresh(&column.name, known, span))
            })
            .collect()
    }

    /// A check that lent a column which was proven later has asked about the right thing: so are its own parameters.
    fn checks_proved_late(&mut self, keys: &Keys<'_>, scope: &mut Scope) {
        for text in keys.check {
            let Some(query) = self.names.queries.get(text.value.as_str()) else { continue };
            let Some(returns) = &query.item.returns else { continue };
            let lent = self.columns_of(returns);
            let late = lent.iter().any(|column| scope.look_up(&[&column.name]).is_ok_and(|known| known.proven));
            if late && let Some(call) = self.quietly(|compiler| compiler.query_call(text, keys.with, scope)) {
                scope.proofs.extend(call.params.iter().filter_map(|param| param.path.clone()));
            }
        }
    }
}

/// The rule that an event or `connect` has in its own keys, or under `allow:`.
pub(crate) enum Who<'a> {
    /// `allow: anyone`
    Anyone,
    /// One rule, or several.
    Rules(Vec<Keys<'a>>),
    /// Nothing is said.
    Unsaid,
}

/// What an event says about who may send it; `allow:` beside keys of a rule is told.
pub(crate) fn who<'a>(compiler: &mut Compiler<'_, '_>, allow: Option<&'a Allow>, own: Keys<'a>) -> Who<'a> {
    match allow {
        None if own.is_empty() => Who::Unsaid,
        None => Who::Rules(vec![own]),
        Some(_) if !own.is_empty() => {
            compiler.tell(
                Diagnostic::error(codes::NOT_HERE, own.span, "`allow:` stands beside keys of a rule")
                    .help("move `in`, `roles`, `check`, `when` and `like` into the rules under `allow:`"),
            );
            Who::Anyone
        }
        Some(Allow::Anyone) => Who::Anyone,
        Some(Allow::Rules(rules)) => Who::Rules(rules.iter().map(Keys::of).collect()),
    }
}
