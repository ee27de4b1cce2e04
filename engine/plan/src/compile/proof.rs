//! Proven names: what makes sure that a client may reach the place it names, and what is told where nothing does.

use homeroom_definition::{Diagnostic, Span};

use super::Compiler;
use super::rooms::Referred;
use super::scope::{Known, PathKey, Scope};
use crate::codes;
use crate::data::{Part, Template};
use crate::expr::Ast;
use crate::program::{RoomRef, StateRef};

use super::infer::{Form, form};

impl Compiler<'_, '_> {
    /// Tells when a client's event reaches a room none of whose parameters is proven. Whether one is.
    pub(crate) fn prove_room(&mut self, room: &Referred<RoomRef>, span: Span, scope: &Scope) -> bool {
        let proven = room.params.is_empty() || room.params.iter().any(|param| param.proven);
        self.unproven("room", proven, span, scope);
        proven
    }

    /// The same for the key of a state, and the field in it.
    pub(crate) fn prove_key(
        &mut self,
        state: &Referred<StateRef>,
        field: Option<(&Template, &Known)>,
        span: Span,
        scope: &Scope,
    ) -> bool {
        let field_proven =
            field.map(|(field, known)| known.proven || field.parts.iter().all(|part| matches!(part, Part::Literal(_))));
        let any = state.params.iter().any(|param| param.proven);
        let proven = any || field_proven.unwrap_or(state.params.is_empty());
        self.unproven("key", proven, span, scope);
        any || (state.params.is_empty() && field_proven.unwrap_or(true))
    }

    /// The same for the parameters of a statement.
    pub(crate) fn prove_statement(&mut self, params: &[Known], span: Span, scope: &Scope) -> bool {
        let proven = params.is_empty() || params.iter().any(|param| param.proven);
        self.unproven("statement", proven, span, scope);
        proven
    }

    fn unproven(&mut self, noun: &str, proven: bool, span: Span, scope: &Scope) {
        if proven || self.is_open() || !scope.site.is_of_client() {
            return;
        }
        self.tell(
            Diagnostic::warning(
                codes::UNPROVEN,
                span,
                format!("a client's event reaches this {noun}, and nothing proves that it may"),
            )
            .label("every parameter of it is whatever the client sends")
            .help("ask for it in the event's `in:`, `check:` or `like:`, join it before, or compare it with `user`"),
        );
    }
}

/// Paths that are certainly there if the expression holds.
pub(crate) fn defined_if_true(ast: &Ast, scope: &Scope) -> Vec<PathKey> {
    let mut found = Vec::new();
    defined(ast, true, scope, &mut found);
    found
}

/// Paths that are certainly there if the expression does not hold.
pub(crate) fn defined_if_false(ast: &Ast, scope: &Scope) -> Vec<PathKey> {
    let mut found = Vec::new();
    defined(ast, false, scope, &mut found);
    found
}

fn defined(ast: &Ast, truth: bool, scope: &Scope, found: &mut Vec<PathKey>) {
    match form(ast) {
        Form::And(left, right) if truth => [left, right].into_iter().for_each(|one| defined(one, truth, scope, found)),
        Form::Or(left, right) if !truth => [left, right].into_iter().for_each(|one| defined(one, truth, scope, found)),
        Form::Not(inner) => defined(inner, !truth, scope, found),
        Form::Defined(path, positive) if positive == truth => found.extend(key(&path, scope)),
        _ => {}
    }
}

/// Paths that the expression says are equal to something of the user's.
pub(crate) fn compared_with_user(ast: &Ast, scope: &Scope) -> Vec<PathKey> {
    match form(ast) {
        Form::And(left, right) => [compared_with_user(left, scope), compared_with_user(right, scope)].concat(),
        Form::Equal(left, right) => {
            let sides = [(left, right), (right, left)];
            let with_user = sides.into_iter().filter(|(_, other)| is_users(other));
            with_user.filter_map(|(one, _)| key(&subject(one)?, scope)).collect()
        }
        Form::In(one, list) if is_users(list) => subject(one).and_then(|path| key(&path, scope)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Paths of rooms that a `join` named here has entered, where the expression says that it did.
pub(crate) fn granted(ast: &Ast, scope: &Scope) -> Vec<PathKey> {
    match form(ast) {
        Form::And(left, right) => [granted(left, scope), granted(right, scope)].concat(),
        Form::Path(path) => match path.as_slice() {
            [name] => scope.name(name).map(|bound| bound.grants.clone()).unwrap_or_default(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn is_users(ast: &Ast) -> bool {
    matches!(form(ast), Form::Path(path) if path.first().is_some_and(|first| *first == "user"))
}

/// The path that is compared: `x`, or `x | default(user.id)`.
fn subject(ast: &Ast) -> Option<Vec<&str>> {
    match form(ast) {
        Form::Path(path) => Some(path),
        Form::Default(path, other) if is_users(other) => Some(path),
        _ => None,
    }
}

fn key(path: &[&str], scope: &Scope) -> Option<PathKey> {
    scope.look_up(path).ok()?.path
}
