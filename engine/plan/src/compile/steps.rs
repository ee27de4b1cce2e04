//! Steps: each with its `when:`, `as:` and `else:`, and the verbs of control; the other verbs have files of their own.

use std::sync::Arc;

use homeroom_definition::model::{self, BlockStep, EachStep, LetStep, RefuseStep, Step as Written};
use homeroom_definition::{Diagnostic, Span, Text, did_you_mean};
use serde_json::Map;

use super::names::DeclaredRoom;
use super::scope::{Known, PathKey, RESERVED, Scope, Site};
use super::{Compiler, effects, proof};
use crate::codes;
use crate::contract::{POSITION_CHARS_MAX, POSITIONS_MAX};
use crate::expr::Expr;
use crate::program::{Handler, Otherwise, Step, Verb};
use crate::refusals::ENGINE_CODES;
use crate::shape::{Shape, spoken};

/// What a verb was compiled to.
pub(crate) struct Done {
    pub(crate) verb: Verb,
    /// What `as:` is given.
    pub(crate) known: Known,
    /// What a success proves.
    pub(crate) proves: Vec<PathKey>,
}

impl Done {
    pub(crate) fn new(verb: Verb, known: Known) -> Self {
        Self { verb, known, proves: Vec::new() }
    }
}

/// The keys that steps share.
struct Common<'a> {
    span: Span,
    when: Option<&'a Text>,
    bind: Option<&'a Text>,
    otherwise: Option<&'a Text>,
}

impl Compiler<'_, '_> {
    /// Steps with the frame they run in.
    pub(crate) fn handler(&mut self, steps: &[Written], scope: &mut Scope) -> Option<Handler> {
        if self.proving.is_none() {
            self.refusals_after_writes(steps);
        }
        let body = self.steps(steps, scope);
        let find = |name: &str| self.names.procedures.get(name).map(|declared| declared.item);
        let (executes, joins) = (effects::executes(steps, &find), effects::joins(steps, &find));
        Some(Handler { slots: scope.slots, body, executes, joins })
    }

    /// Steps, in order; what they bind stays bound.
    pub(crate) fn steps(&mut self, steps: &[Written], scope: &mut Scope) -> Vec<Step> {
        steps.iter().filter_map(|step| self.step(step, scope)).collect()
    }

    fn step(&mut self, written: &Written, scope: &mut Scope) -> Option<Step> {
        let common = common(written);
        let before = (scope.conditions.clone(), scope.defined.clone(), scope.proofs.clone());
        let when = match common.when {
            Some(text) => Some(self.enter_condition(text, scope)?),
            None => None,
        };
        let otherwise = self.otherwise(common.otherwise);
        let done = self.verb(written, common.otherwise.is_some(), scope);
        let step = done.map(|done| {
            let certain = matches!(otherwise, Otherwise::Refuse(_) | Otherwise::Stop);
            let known = Known { absent: done.known.absent && !certain, ..done.known };
            let proves = done.proves;
            let bind = common.bind.and_then(|name| self.bind(name, known, &proves, scope));
            (scope.conditions, scope.defined) = (before.0, before.1);
            scope.proofs = before.2;
            if common.when.is_none() && otherwise != Otherwise::Continue {
                scope.proofs.extend(proves);
            }
            Step { place: self.place(common.span), span: common.span, when, verb: done.verb, bind, otherwise }
        });
        if step.is_none() {
            self.bind_unknown(common.bind, scope);
        }
        step
    }

    /// Compiles a condition, and takes what it says of names into the scope.
    fn enter_condition(&mut self, text: &Text, scope: &mut Scope) -> Option<Expr> {
        let compiled = self.condition(text, scope)?;
        scope.defined.extend(proof::defined_if_true(&compiled.ast, scope));
        scope.proofs.extend(proof::compared_with_user(&compiled.ast, scope));
        scope.proofs.extend(proof::granted(&compiled.ast, scope));
        scope.conditions.push(text.value.trim().to_owned());
        Some(compiled.expr)
    }

    /// Binds what a step yields to its name.
    fn bind(&mut self, name: &Text, known: Known, proves: &[PathKey], scope: &mut Scope) -> Option<usize> {
        self.usable_name(name)?;
        let slot = scope.bind(&name.value, known, Some(name.span));
        if let Some(bound) = scope.names.iter_mut().rev().find(|bound| bound.slot == slot) {
            bound.grants = proves.to_vec();
        }
        Some(slot)
    }

    /// After a mistake in a step: its name is there, so that what follows is not told too.
    fn bind_unknown(&mut self, name: Option<&Text>, scope: &mut Scope) {
        if let Some(name) = name {
            scope.bind(&name.value, Known::made(Shape::Opaque), Some(name.span));
        }
    }

    fn usable_name(&mut self, name: &Text) -> Option<()> {
        if RESERVED.contains(&name.value.as_str()) {
            self.tell(
                Diagnostic::error(
                    codes::RESERVED_NAME,
                    name.span,
                    format!("`{}` is the engine's own name", name.value),
                )
                .help(format!("choose another than {}", spoken(RESERVED.iter().copied()))),
            );
            return None;
        }
        let plain = name.value.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !name.value.starts_with(|c: char| c.is_numeric());
        if !plain {
            self.tell(
                Diagnostic::error(codes::RESERVED_NAME, name.span, format!("`{}` cannot be a name", name.value))
                    .help("a name has letters, digits and `_`, and begins with none of the digits"),
            );
        }
        plain.then_some(())
    }

    pub(super) fn otherwise(&mut self, text: Option<&Text>) -> Otherwise {
        match text {
            None => Otherwise::Unstated,
            Some(text) if text.value == "continue" => Otherwise::Continue,
            Some(text) if text.value == "stop" => Otherwise::Stop,
            Some(text) => {
                self.code(text, &["continue", "stop"]);
                Otherwise::Refuse(text.value.as_str().into())
            }
        }
    }

    /// A refusal code; one that is not declared is told.
    fn code(&mut self, text: &Text, words: &[&'static str]) {
        let names = self.names;
        if let Some(declared) = names.errors.get(text.value.as_str()) {
            self.used.name("code", declared.source, &declared.name.value);
            return;
        }
        if ENGINE_CODES.contains(&text.value.as_str()) {
            return;
        }
        let known: Vec<&str> =
            names.errors.keys().copied().chain(ENGINE_CODES.iter().copied()).chain(words.iter().copied()).collect();
        self.tell(
            Diagnostic::error(codes::UNKNOWN_CODE, text.span, format!("there is no code `{}`", text.value))
                .help_if(did_you_mean(&text.value, known.iter().copied()))
                .help(format!("declare it with its text: `errors: {{ {}: ... }}`", text.value)),
        );
    }

    fn verb(&mut self, written: &Written, else_stated: bool, scope: &mut Scope) -> Option<Done> {
        match written {
            Written::Join(step) => self.join(step, else_stated, scope),
            Written::Leave(step) => self.leave(step, scope),
            Written::Emit(step) => self.emit(step, scope),
            Written::Put(step) => self.put(step, scope),
            Written::Get(step) => self.get(step, scope),
            Written::Add(step) => self.add(step, scope),
            Written::Push(step) => self.push(step, scope),
            Written::Increment(step) => self.increment(step, scope),
            Written::All(step) => self.all(step, scope),
            Written::Has(step) => self.has(step, scope),
            Written::Count(step) => self.count(step, scope),
            Written::Clear(step) => self.clear(step, scope),
            Written::Take(step) => self.take(step, scope),
            Written::Query(step) => self.query(step, scope),
            Written::Execute(step) => self.execute(step, scope),
            Written::Each(step) => self.each(step, scope),
            Written::Let(step) => self.name_values(step, scope),
            Written::Call(step) => {
                self.may_call(step, scope);
                self.call(step, scope).map(|called| Done::new(called.verb, called.known))
            }
            Written::Refuse(step) => self.refuse(step),
            Written::Block(step) => self.block(step, scope),
        }
    }

    fn join(&mut self, step: &model::JoinStep, else_stated: bool, scope: &Scope) -> Option<Done> {
        if !scope.site.can_join() {
            self.tell(
                Diagnostic::error(codes::NOT_HERE, step.span, "nothing can be joined here")
                    .help("`join` belongs to clients' events and to `connect`, where there is a connection"),
            );
        }
        let (mut rooms, mut proves) = (Vec::new(), Vec::new());
        for text in step.rooms.iter() {
            let room = self.room(text, &step.with, scope)?;
            if !else_stated {
                room.params.iter().for_each(|param| self.must_be_there(param, text.span, &text.value));
            }
            proves.extend(room.params.iter().filter_map(|param| param.path.clone()));
            rooms.push(room.to);
        }
        let since = match &step.since {
            None => None,
            Some(node) => {
                self.some_room_keeps(node.span, &rooms);
                Some(self.data(node, scope)?.0)
            }
        };
        let known = Known::made(if since.is_some() { recovery() } else { Shape::Boolean });
        Some(Done { verb: Verb::Join { rooms, since }, known, proves })
    }

    fn some_room_keeps(&mut self, span: Span, rooms: &[crate::program::RoomRef]) {
        let names = self.names;
        let declared = |room: &crate::program::RoomRef| names.rooms.get_index(room.room).map(|(_, room)| room);
        let keeps = |room: &DeclaredRoom<'_>| room.parts.iter().any(|part| part.history.is_some());
        if !rooms.iter().filter_map(declared).any(keeps) {
            let first = rooms.first().and_then(declared).map_or("", |room| room.name.value.as_str());
            self.tell(
                Diagnostic::error(codes::NO_HISTORY, span, "none of these rooms keeps what was missed")
                    .help(format!("give the room a history: `{first}: {{ history: {{ size: 100, ttl: 10m }} }}`")),
            );
        }
    }

    fn leave(&mut self, step: &model::LeaveStep, scope: &Scope) -> Option<Done> {
        let mut rooms = Vec::new();
        for text in step.rooms.iter() {
            let room = self.room(text, &step.with, scope)?;
            room.params.iter().for_each(|param| self.must_be_there(param, text.span, &text.value));
            rooms.push(room.to);
        }
        let who = match &step.who {
            None => None,
            Some(text) => Some(self.room(text, &step.with, scope)?.to),
        };
        if who.is_some() && scope.site.is_of_client() {
            self.tell(
                Diagnostic::error(codes::NOT_HERE, step.span, "a client's event cannot make others leave")
                    .help("`leave` with `who:` belongs to services' events and to `on_expire`"),
            );
        }
        if who.is_none() && !scope.site.can_join() {
            self.tell(
                Diagnostic::error(codes::NOT_HERE, step.span, "there is no connection here that could leave")
                    .help("say whose: `who: <room>`"),
            );
        }
        Some(Done::new(Verb::Leave { rooms, who }, Known::made(Shape::Boolean)))
    }

    fn each(&mut self, step: &EachStep, scope: &mut Scope) -> Option<Done> {
        let Some((item, at)) = item_and_list(&step.each.value) else {
            self.tell(
                Diagnostic::error(codes::STEP_NEEDS, step.each.span, "`each:` is written `item in list`")
                    .help("such as `each: child in children`"),
            );
            return None;
        };
        let list = self.expression(&step.each, at..step.each.value.len(), scope)?;
        self.must_be_there(&list.known, step.each.span, &step.each.value[at..]);
        let Some((shape, max)) = list.known.shape.items() else {
            let what = format!("`{}` is {}", step.each.value[at..].trim(), list.known.shape.noun());
            self.tell(Diagnostic::error(codes::BAD_ARGUMENT, step.each.span, what).label("`each:` needs a list"));
            return None;
        };
        let max = self.bounded(&step.each, max, &list.known.shape);
        let (outer, conditions) = (scope.names.len(), scope.conditions.clone());
        let item_text = Text::new(item, step.each.span);
        self.usable_name(&item_text)?;
        let known = Known::made(shape).with_proof(list.known.proven);
        let slot = scope.bind_fresh(item, known, step.each.span);
        scope.conditions.push(format!("each {}", step.each.value));
        let body = self.steps(&step.body, scope);
        let give = step.give.as_ref().and_then(|node| self.data(node, scope));
        scope.names.truncate(outer);
        scope.conditions = conditions;
        let (give, known) = match give {
            Some((data, known)) => {
                (Some(data), Known::made(Shape::list(known.shape, Some(max))).with_proof(known.proven))
            }
            None => (None, Known::made(Shape::integer(Some(0)))),
        };
        Some(Done::new(Verb::Each { list: list.expr, item: slot, body, give, max }, known))
    }

    fn bounded(&mut self, text: &Text, max: Option<usize>, shape: &Shape) -> usize {
        let unknown = matches!(shape, Shape::Opaque) && self.learning;
        if max.is_none() && !unknown {
            self.tell(
                Diagnostic::error(codes::NO_BOUND, text.span, "nothing says how long this list can be")
                    .help("give its type `maxItems`, its query `max_rows`, or its state `max`"),
            );
        }
        max.unwrap_or(0)
    }

    fn name_values(&mut self, step: &LetStep, scope: &mut Scope) -> Option<Done> {
        let mut names = Vec::new();
        for (name, node) in step.names.iter() {
            match name.value.as_str() {
                "socket" => return self.name_socket_values(step, node, scope),
                "user" if scope.site == Site::Connect && self.is_open() => {
                    let (data, known) = self.data(node, scope)?;
                    self.learned_now.user = Some(known.shape.clone());
                    scope.user = Some(Known::made(known.shape));
                    return Some(Done::new(Verb::LetUser(data), Known::made(Shape::Boolean)));
                }
                _ => {}
            }
            self.usable_name(name)?;
            let (data, known) = self.data(node, scope)?;
            names.push((scope.bind(&name.value, known, Some(name.span)), data));
        }
        Some(Done::new(Verb::Let(names), Known::made(Shape::Boolean)))
    }

    fn name_socket_values(&mut self, step: &LetStep, node: &homeroom_definition::Node, scope: &Scope) -> Option<Done> {
        if step.names.iter().count() > 1 {
            self.tell(
                Diagnostic::error(
                    codes::NOT_HERE,
                    step.span,
                    "`let: {socket: ...}` names values of the connection only",
                )
                .help("write the other names in a `let:` of their own"),
            );
        }
        if scope.socket.is_none() {
            self.tell(Diagnostic::error(codes::NOT_HERE, step.span, "there is no connection here"));
        }
        let Some(entries) = node.as_map() else {
            self.tell(Diagnostic::error(codes::STEP_NEEDS, node.span, "`socket:` needs names and values"));
            return None;
        };
        let mut values = Vec::new();
        for (name, node) in entries {
            let (data, known) = self.data(node, scope)?;
            self.learned_now.vars.push((name.value.clone(), known.shape));
            values.push((name.value.as_str().into(), data));
        }
        Some(Done::new(Verb::LetSocket(values), Known::made(Shape::Boolean)))
    }

    fn refuse(&mut self, step: &RefuseStep) -> Option<Done> {
        self.code(&step.code, &[]);
        Some(Done::new(Verb::Refuse(step.code.value.as_str().into()), Known::made(Shape::Boolean)))
    }

    fn block(&mut self, step: &BlockStep, scope: &mut Scope) -> Option<Done> {
        let body = self.steps(&step.body, scope);
        Some(Done::new(Verb::Block(body), Known::made(Shape::Boolean)))
    }

    /// A procedure that joins can be called only where there is a connection.
    fn may_call(&mut self, step: &model::CallStep, scope: &Scope) {
        let names = self.names;
        let Some(declared) = names.procedures.get(step.target.value.as_str()) else { return };
        let find = |name: &str| names.procedures.get(name).map(|declared| declared.item);
        if !scope.site.can_join() && effects::joins(&declared.item.body, &find) {
            self.tell(
                Diagnostic::error(
                    codes::NOT_HERE,
                    step.target.span,
                    format!("`{}` joins rooms, and nothing can be joined here", step.target.value),
                )
                .help("`join` belongs to clients' events and to `connect`, where there is a connection"),
            );
        }
    }

    fn refusals_after_writes(&mut self, steps: &[Written]) {
        let names = self.names;
        let find = |name: &str| names.procedures.get(name).map(|declared| declared.item);
        for late in effects::refusals_after_writes(steps, &find) {
            self.tell(
                Diagnostic::warning(
                    codes::REFUSAL_AFTER_WRITE,
                    late.refusal,
                    "this may refuse the event after something was remembered",
                )
                .label("what was written before stays")
                .related(late.write, "written here")
                .help("ask first and write last, or say `else: stop`"),
            );
        }
    }
}

/// What a `join` with `since:` comes to.
fn recovery() -> Shape {
    let position = Shape::Text(Arc::new(Map::from_iter([("maxLength".to_owned(), POSITION_CHARS_MAX.into())])));
    let at = Shape::map_of(position, Some(POSITIONS_MAX));
    Shape::object([("recovered".to_owned(), Shape::Boolean, false), ("at".to_owned(), at, false)])
}

/// `child in children`: the name, and where the list begins.
fn item_and_list(text: &str) -> Option<(&str, usize)> {
    let at = text.find(" in ")?;
    let item = text[..at].trim();
    (!item.is_empty()).then_some((item, at + " in ".len()))
}

macro_rules! common {
    ($step:expr, when) => {
        Common { span: $step.span, when: $step.when.as_ref(), bind: None, otherwise: None }
    };
    ($step:expr, bind) => {
        Common { span: $step.span, when: $step.when.as_ref(), bind: $step.bind.as_ref(), otherwise: None }
    };
    ($step:expr, otherwise) => {
        Common {
            span: $step.span,
            when: $step.when.as_ref(),
            bind: $step.bind.as_ref(),
            otherwise: $step.otherwise.as_ref(),
        }
    };
}

fn common(step: &Written) -> Common<'_> {
    match step {
        Written::Join(step) => common!(step, otherwise),
        Written::Leave(step) => common!(step, otherwise),
        Written::Emit(step) => common!(step, when),
        Written::Put(step) => common!(step, otherwise),
        Written::Get(step) => common!(step, otherwise),
        Written::Add(step) => common!(step, otherwise),
        Written::Push(step) => common!(step, otherwise),
        Written::Increment(step) => common!(step, bind),
        Written::All(step) => common!(step, otherwise),
        Written::Has(step) => common!(step, otherwise),
        Written::Count(step) => common!(step, otherwise),
        Written::Clear(step) => common!(step, otherwise),
        Written::Take(step) => common!(step, otherwise),
        Written::Query(step) => common!(step, otherwise),
        Written::Execute(step) => common!(step, otherwise),
        Written::Each(step) => common!(step, otherwise),
        Written::Let(step) => common!(step, when),
        Written::Call(step) => common!(step, otherwise),
        Written::Refuse(step) => common!(step, when),
        Written::Block(step) => common!(step, when),
    }
}
