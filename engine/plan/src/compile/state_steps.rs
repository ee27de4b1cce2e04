//! The verbs on state, and those that rooms share with it.

use std::time::Duration;

use homeroom_definition::model::{
    AddStep, AllStep, ClearStep, CountStep, GetStep, HasStep, IncrementStep, PushStep, PutStep, TakeStep,
};
use homeroom_definition::{Diagnostic, Node, Span, Table, Text, parse_count, parse_duration};

use super::rooms::Referred;
use super::scope::{Known, Scope};
use super::state::{has_holes, unknown_word};
use super::steps::Done;
use super::{Compiler, expressions};
use crate::codes;
use crate::data::{Data, Template};
use crate::fit::{Fit, fit};
use crate::program::{Choice, Collection, Only, RoomRef, StateKind, StateRef, Ttl, Verb};
use crate::shape::Shape;

/// A state or a room that a step reads.
enum Read {
    State(Referred<StateRef>, StateKind),
    Room(Referred<RoomRef>),
}

impl Compiler<'_, '_> {
    pub(crate) fn put(&mut self, step: &PutStep, scope: &Scope) -> Option<Done> {
        let state = self.of_kind(&step.state, &step.with, &[StateKind::Hash], "put", scope)?;
        let (field, field_known) = self.field(step.field.as_ref(), step.span, scope)?;
        let (value, known) = self.needed(step.value.as_ref(), "value", step.span, scope)?;
        self.prove_key(&state, Some((&field, &field_known)), step.state.span, scope);
        self.learn_value(state.to.state, field.clone(), known.shape);
        let only = self.only(step.only.as_ref());
        let ttl = self.ttl(step.ttl.as_ref(), scope)?;
        Some(Done::new(Verb::Put { state: state.to, field, value, only, ttl }, Known::made(Shape::Boolean)))
    }

    pub(crate) fn get(&mut self, step: &GetStep, scope: &Scope) -> Option<Done> {
        let state = self.of_kind(&step.state, &step.with, &[StateKind::Hash], "get", scope)?;
        let (field, field_known) = self.field(step.field.as_ref(), step.span, scope)?;
        let proven = self.prove_key(&state, Some((&field, &field_known)), step.state.span, scope);
        let shape = self.value_shape(state.to.state, Some(&field));
        Some(Done::new(Verb::Get { state: state.to, field }, Known::made(shape).maybe().with_proof(proven)))
    }

    pub(crate) fn add(&mut self, step: &AddStep, scope: &Scope) -> Option<Done> {
        let state = self.of_kind(&step.state, &step.with, &[StateKind::Set], "add", scope)?;
        let (value, known) = self.text_of(step.value.as_ref(), "value", step.span, scope)?;
        self.prove_key(&state, Some((&value, &known)), step.state.span, scope);
        self.learn_value(state.to.state, Template::default(), Shape::text());
        let ttl = self.ttl(step.ttl.as_ref(), scope)?;
        Some(Done::new(Verb::Add { state: state.to, value, ttl }, Known::made(Shape::Boolean)))
    }

    pub(crate) fn push(&mut self, step: &PushStep, scope: &Scope) -> Option<Done> {
        let state = self.of_kind(&step.state, &step.with, &[StateKind::List], "push", scope)?;
        let (value, known) = self.needed(step.value.as_ref(), "value", step.span, scope)?;
        self.prove_key(&state, None, step.state.span, scope);
        self.has_unique(state.to.state, &known, step.span);
        self.learn_value(state.to.state, Template::default(), known.shape);
        let ttl = self.ttl(step.ttl.as_ref(), scope)?;
        Some(Done::new(Verb::Push { state: state.to, value, ttl }, Known::made(Shape::Boolean)))
    }

    /// A list with `unique:` needs that property, as a text or number, in all that is pushed.
    fn has_unique(&mut self, state: usize, known: &Known, span: Span) {
        let names = self.names;
        let Some(unique) = names.states.get_index(state).and_then(|(_, declared)| declared.item.unique.as_ref()) else {
            return;
        };
        let found = super::procedures::property_of(&known.shape, &unique.value);
        if !matches!(found, Some((_, false))) {
            self.tell(
                Diagnostic::error(
                    codes::STEP_NEEDS,
                    span,
                    format!("what is pushed has no `{}`, or not always", unique.value),
                )
                .related(unique.span, "which is there once in this list")
                .help(format!("add `{}: <...>` to its `value:`", unique.value)),
            );
        }
    }

    pub(crate) fn increment(&mut self, step: &IncrementStep, scope: &Scope) -> Option<Done> {
        let state = self.of_kind(&step.state, &step.with, &[StateKind::Counter], "increment", scope)?;
        self.prove_key(&state, None, step.state.span, scope);
        let by = match &step.by {
            None => None,
            Some(node) => {
                let (data, known) = self.data(node, scope)?;
                self.must_be_there(&known, node.span, "by");
                if let Fit::No(misfit) = fit(&known.shape, &Shape::integer(None)) {
                    self.tell(Diagnostic::error(
                        codes::MISFIT,
                        node.span,
                        format!("`by:` needs an integer: {}", misfit.reason),
                    ));
                }
                match data {
                    Data::Const(value) => Some(crate::expr::Expr::Const(value)),
                    Data::Expr(expr) => Some(expr),
                    _ => None,
                }
            }
        };
        let ttl = self.ttl(step.ttl.as_ref(), scope)?;
        Some(Done::new(Verb::Increment { state: state.to, by, ttl }, Known::made(Shape::integer(None))))
    }

    pub(crate) fn all(&mut self, step: &AllStep, scope: &Scope) -> Option<Done> {
        let last = match &step.last {
            None => None,
            Some(node) => Some(self.diagnostics.keep(parse_count(node))?),
        };
        let (of, proven) = self.read(&step.of, &step.with, scope)?;
        let shape = match &of {
            Read::State(state, kind) => self.all_of_state(state.to.state, *kind, last),
            Read::Room(room) => self.all_of_room(room.to.room, step.of.span),
        };
        Some(Done::new(Verb::All { of: collection(of), last }, Known::made(shape).with_proof(proven)))
    }

    fn all_of_state(&self, state: usize, kind: StateKind, last: Option<usize>) -> Shape {
        let value = self.value_shape(state, None);
        let max = self.max_of(state).map(|max| last.map_or(max, |last| last.min(max)));
        match kind {
            StateKind::Hash => Shape::map_of(value, max),
            StateKind::Set => Shape::list(Shape::text(), max),
            StateKind::List => Shape::list(value, max),
            StateKind::Counter => Shape::integer(None),
        }
    }

    /// The declared bound of a state; no bound where the declaration is wrong, which is told there.
    fn max_of(&self, state: usize) -> Option<usize> {
        let (_, declared) = self.names.states.get_index(state)?;
        parse_count(declared.item.max.as_ref()?).ok()
    }

    fn all_of_room(&mut self, room: usize, span: Span) -> Shape {
        let names = self.names;
        let Some((_, declared)) = names.rooms.get_index(room) else { return Shape::Any };
        if declared.parts.iter().all(|part| part.presence.is_none()) {
            self.tell(
                Diagnostic::error(
                    codes::STEP_NEEDS,
                    span,
                    format!("nothing is remembered of who is in `{}`", declared.name.value),
                )
                .related(declared.name.span, "it has no `presence:`")
                .help("say what is remembered of each user there: `presence: { userId: <user.id> }`"),
            );
        }
        let of = self.learned.presences.get(room).cloned().flatten().unwrap_or(Shape::Opaque);
        Shape::list(of, Some(PRESENCES_MAX))
    }

    pub(crate) fn has(&mut self, step: &HasStep, scope: &Scope) -> Option<Done> {
        let (of, _) = self.read(&step.of, &step.with, scope)?;
        let what = self.choice(
            kind_of(&of),
            step.field.as_ref(),
            step.value.as_ref(),
            step.matching.as_ref(),
            false,
            step.span,
            scope,
        )?;
        Some(Done::new(Verb::Has { of: collection(of), what }, Known::made(Shape::Boolean)))
    }

    pub(crate) fn count(&mut self, step: &CountStep, scope: &Scope) -> Option<Done> {
        let (of, _) = self.read(&step.of, &step.with, scope)?;
        Some(Done::new(Verb::Count(collection(of)), Known::made(Shape::integer(Some(0)))))
    }

    pub(crate) fn clear(&mut self, step: &ClearStep, scope: &Scope) -> Option<Done> {
        let every = [StateKind::Hash, StateKind::Set, StateKind::List, StateKind::Counter];
        let state = self.of_kind(&step.state, &step.with, &every, "clear", scope)?;
        self.prove_key(&state, None, step.state.span, scope);
        Some(Done::new(Verb::Clear(state.to), Known::made(Shape::integer(Some(0)))))
    }

    pub(crate) fn take(&mut self, step: &TakeStep, scope: &Scope) -> Option<Done> {
        let kinds = [StateKind::Hash, StateKind::Set, StateKind::List];
        let state = self.of_kind(&step.state, &step.with, &kinds, "take", scope)?;
        let kind = self.state_kind(&step.state)?;
        let first = step.first.as_ref().is_some_and(|node| node.as_bool() == Some(true));
        let what = self.choice(
            Some(kind),
            step.field.as_ref(),
            step.value.as_ref(),
            step.matching.as_ref(),
            first,
            step.span,
            scope,
        )?;
        if matches!(what, Choice::Any) {
            self.tell(
                Diagnostic::error(codes::STEP_NEEDS, step.span, "`take` does not say which entry")
                    .help("give it `field:`, `value:`, `match:` or `first: true`"),
            );
            return None;
        }
        let field = match &what {
            Choice::Field(field, _) => Some(field.clone()),
            _ => None,
        };
        let made = Known::made(Shape::text());
        let proven = self.prove_key(&state, field.as_ref().map(|field| (field, &made)), step.state.span, scope);
        let shape = match kind {
            StateKind::Set => Shape::text(),
            _ => self.value_shape(state.to.state, field.as_ref()),
        };
        Some(Done::new(Verb::Take { state: state.to, what }, Known::made(shape).maybe().with_proof(proven)))
    }

    /// Which entry is meant.
    #[allow(clippy::too_many_arguments)]
    fn choice(
        &mut self,
        kind: Option<StateKind>,
        field: Option<&Text>,
        value: Option<&Node>,
        matching: Option<&Node>,
        first: bool,
        span: Span,
        scope: &Scope,
    ) -> Option<Choice> {
        let wrong = match kind {
            Some(StateKind::Hash) => value.is_some().then_some("a hash has fields: say `field:`"),
            Some(StateKind::Set) | None => (field.is_some() || matching.is_some()).then_some("say `value:`"),
            Some(StateKind::List) => {
                (field.is_some() || value.is_some()).then_some("a list has values: say `match:` or `first: true`")
            }
            Some(StateKind::Counter) => Some("a counter is a number: say `all:`"),
        };
        if let Some(help) = wrong {
            self.tell(
                Diagnostic::error(codes::WRONG_STATE_KIND, span, "that is no way to name an entry of this").help(help),
            );
            return None;
        }
        if first {
            return Some(Choice::First);
        }
        let matching = match matching {
            Some(node) => self.properties(node, scope)?,
            None => Vec::new(),
        };
        match (field, value) {
            (Some(text), _) => {
                let (field, _) = self.field(Some(text), span, scope)?;
                Some(Choice::Field(field, matching))
            }
            (None, Some(node)) => Some(Choice::Member(self.text_of(Some(node), "value", span, scope)?.0)),
            (None, None) if !matching.is_empty() => Some(Choice::Match(matching)),
            (None, None) => Some(Choice::Any),
        }
    }

    fn properties(&mut self, node: &Node, scope: &Scope) -> Option<Vec<(Box<str>, Data)>> {
        let Some(entries) = node.as_map() else {
            self.tell(Diagnostic::error(codes::STEP_NEEDS, node.span, "`match:` needs properties and their values"));
            return None;
        };
        let mut all = Vec::new();
        for (name, node) in entries {
            let (data, known) = self.data(node, scope)?;
            self.must_be_there(&known, node.span, &name.value);
            all.push((name.value.as_str().into(), data));
        }
        Some(all)
    }

    /// A state or a room, by what its text looks like: a state is a plain name.
    fn read(&mut self, text: &Text, with: &Table<Node>, scope: &Scope) -> Option<(Read, bool)> {
        let is_room = text.value.contains(':') || has_holes(text) || self.names.rooms.contains_key(text.value.as_str());
        if is_room {
            let room = self.room(text, with, scope)?;
            room.params.iter().for_each(|param| self.must_be_there(param, text.span, &text.value));
            let proven = self.prove_room(&room, text.span, scope);
            self.tracked.insert(room.to.room);
            return Some((Read::Room(room), proven));
        }
        let (state, kind) = self.state(text, with, scope)?;
        let proven = self.prove_key(&state, None, text.span, scope);
        Some((Read::State(state, kind), proven))
    }

    fn of_kind(
        &mut self,
        text: &Text,
        with: &Table<Node>,
        kinds: &[StateKind],
        verb: &str,
        scope: &Scope,
    ) -> Option<Referred<StateRef>> {
        let (state, kind) = self.state(text, with, scope)?;
        if !kinds.contains(&kind) {
            let message = format!("`{verb}` does not go with `{}`, which is a {}", text.value, noun(kind));
            self.tell(Diagnostic::error(codes::WRONG_STATE_KIND, text.span, message).help(verbs_of(kind)));
            return None;
        }
        Some(state)
    }

    fn state_kind(&self, text: &Text) -> Option<StateKind> {
        let declared = self.names.states.get(text.value.as_str())?.item;
        let kinds = [
            (declared.hash.is_some(), StateKind::Hash),
            (declared.set.is_some(), StateKind::Set),
            (declared.list.is_some(), StateKind::List),
            (declared.counter.is_some(), StateKind::Counter),
        ];
        kinds.iter().find(|(given, _)| *given).map(|(_, kind)| *kind)
    }

    fn field(&mut self, text: Option<&Text>, span: Span, scope: &Scope) -> Option<(Template, Known)> {
        let Some(text) = text else {
            self.tell(
                Diagnostic::error(codes::STEP_NEEDS, span, "this step needs a `field:`")
                    .help("such as `field: <user.id>`"),
            );
            return None;
        };
        let (template, known) = self.template(text, scope)?;
        self.must_be_there(&known, text.span, &text.value);
        Some((template, known))
    }

    fn text_of(&mut self, node: Option<&Node>, key: &str, span: Span, scope: &Scope) -> Option<(Template, Known)> {
        let text = node.and_then(Node::text);
        let Some(text) = text else {
            self.tell(Diagnostic::error(codes::STEP_NEEDS, span, format!("this step needs a `{key}:` that is a text")));
            return None;
        };
        let (template, known) = self.template(&text, scope)?;
        self.must_be_there(&known, text.span, &text.value);
        Some((template, known))
    }

    fn needed(&mut self, node: Option<&Node>, key: &str, span: Span, scope: &Scope) -> Option<(Data, Known)> {
        let Some(node) = node else {
            self.tell(Diagnostic::error(codes::STEP_NEEDS, span, format!("this step needs a `{key}:`")));
            return None;
        };
        let (data, known) = self.data(node, scope)?;
        self.must_be_there(&known, node.span, key);
        if known.shape == Shape::Binary {
            self.tell(
                Diagnostic::error(codes::MISFIT, node.span, "an attachment cannot be remembered")
                    .help("keep it elsewhere, and remember where"),
            );
        }
        Some((data, known))
    }

    fn only(&mut self, word: Option<&Text>) -> Only {
        match word.map(|word| (word, word.value.as_str())) {
            None => Only::Any,
            Some((_, "new")) => Only::New,
            Some((_, "existing")) => Only::Existing,
            Some((word, _)) => {
                self.tell(unknown_word(word, &["new", "existing"]));
                Only::Any
            }
        }
    }

    fn ttl(&mut self, text: Option<&Text>, scope: &Scope) -> Option<Option<Ttl>> {
        let Some(text) = text else { return Some(None) };
        if !has_holes(text) {
            let ttl: Option<Duration> = self.diagnostics.keep(parse_duration(text));
            return ttl.map(|ttl| Some(Ttl::Fixed(ttl)));
        }
        let (template, known) = self.template(text, scope)?;
        self.must_be_there(&known, text.span, &text.value);
        if rooms_literal_end(&template).is_none_or(|unit| !["ms", "s", "m", "h", "d"].contains(&unit)) {
            self.tell(
                Diagnostic::error(
                    homeroom_definition::codes::BAD_DURATION,
                    text.span,
                    "this length of time has no unit",
                )
                .help("write the unit behind it: `<seconds>s`"),
            );
        }
        Some(Some(Ttl::Computed(template)))
    }
}

/// How many presences a step reads at most; a room has no bound of its own.
const PRESENCES_MAX: usize = 10_000;

fn rooms_literal_end(template: &Template) -> Option<&str> {
    match template.parts.last() {
        Some(crate::data::Part::Literal(text)) => Some(text),
        _ => None,
    }
}

fn collection(of: Read) -> Collection {
    match of {
        Read::State(state, _) => Collection::State(state.to),
        Read::Room(room) => Collection::Room(room.to),
    }
}

fn kind_of(of: &Read) -> Option<StateKind> {
    match of {
        Read::State(_, kind) => Some(*kind),
        Read::Room(_) => None,
    }
}

fn noun(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Hash => "hash",
        StateKind::Set => "set",
        StateKind::List => "list",
        StateKind::Counter => "counter",
    }
}

fn verbs_of(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Hash => "a hash is written with `put`, and read with `get`, `all`, `has`, `count`, `take`, `clear`",
        StateKind::Set => "a set is written with `add`, and read with `all`, `has`, `count`, `take`, `clear`",
        StateKind::List => "a list is written with `push`, and read with `all`, `has`, `count`, `take`, `clear`",
        StateKind::Counter => "a counter is written with `increment`, and read with `all`, `clear`",
    }
}

/// A template that is the same whatever comes in.
pub(crate) fn fixed(text: &str) -> Template {
    expressions::literal(text)
}
