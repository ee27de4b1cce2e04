//! State: declarations, references to them, and what is known of the values they hold.

use std::collections::HashMap;
use std::time::Duration;

use homeroom_definition::model::State as Written;
use homeroom_definition::{
    Diagnostic, Diagnostics, Node, Pattern, Table, Text, did_you_mean, parse_count, parse_duration, split,
};

use super::rooms::Referred;
use super::scope::{Known, Scope, Site};
use super::{Compiler, Input};
use crate::codes;
use crate::data::{Part, Template};
use crate::program::{State, StateKind, StateRef};
use crate::shape::{Shape, spoken};

/// Bytes an entry may have where the author does not say.
const ENTRY_BYTES_MAX: usize = 65_536;

/// What a first pass learns for the second.
#[derive(Default, Clone, Debug)]
pub(crate) struct Learned {
    /// By state: what is written there.
    pub(crate) values: HashMap<usize, Vec<WrittenValue>>,
    /// By room: what is remembered of a user.
    pub(crate) presences: Vec<Option<Shape>>,
    /// `let: {socket: ...}`, by name.
    pub(crate) vars: Vec<(String, Shape)>,
    /// `let: {user: ...}` of an open namespace.
    pub(crate) user: Option<Shape>,
}

/// A value that some step writes.
#[derive(Clone, Debug)]
pub(crate) struct WrittenValue {
    /// How the field is spelt; empty for sets and lists.
    pub(crate) field: Template,
    pub(crate) shape: Shape,
}

/// The kind of a state and the text of its key; `Err` if it has none or two.
fn kind_of(state: &Written) -> Result<(StateKind, &Text), Vec<&'static str>> {
    let all = [
        ("hash", StateKind::Hash, &state.hash),
        ("set", StateKind::Set, &state.set),
        ("list", StateKind::List, &state.list),
        ("counter", StateKind::Counter, &state.counter),
    ];
    let given: Vec<_> = all.iter().filter_map(|(word, kind, key)| Some((*word, *kind, key.as_ref()?))).collect();
    match given.as_slice() {
        [(_, kind, key)] => Ok((*kind, key)),
        given => Err(given.iter().map(|(word, ..)| *word).collect()),
    }
}

/// Keys of any two states that could spell the same text are told.
pub(crate) fn keys_overlap(input: &Input<'_>, diagnostics: &mut Diagnostics) {
    let mut keys: Vec<(&Text, Pattern)> = Vec::new();
    for parsed in input.files {
        for (_, state) in parsed.file.state.iter() {
            let Ok((_, key)) = kind_of(state) else { continue };
            let Ok(pattern) = Pattern::parse(key) else { continue };
            for (other, earlier) in &keys {
                if let Some(example) = pattern.overlaps(earlier) {
                    let both = format!("`{}` and `{}` could both be the key `{example}`", other.value, key.value);
                    diagnostics.push(
                        Diagnostic::error(codes::KEYS_OVERLAP, key.span, both)
                            .label(format!("`{example}` is spelt by this key"))
                            .related(other.span, "and by this one")
                            .help("begin one of them with another word"),
                    );
                }
            }
            keys.push((key, pattern));
        }
    }
}

impl Compiler<'_, '_> {
    /// All states, without what happens when an entry runs out.
    pub(crate) fn states(&mut self) -> Vec<State> {
        let names = self.names;
        let states: Vec<_> =
            names.states.values().map(|declared| self.state_of(declared.name, declared.item)).collect();
        states.into_iter().flatten().collect()
    }

    fn state_of(&mut self, name: &Text, state: &Written) -> Option<State> {
        let (kind, key) = match kind_of(state) {
            Ok(found) => found,
            Err(given) => {
                let diagnostic = match given.as_slice() {
                    [] => Diagnostic::error(
                        codes::STATE_KIND,
                        name.span,
                        format!("the state `{}` has no kind", name.value),
                    )
                    .help("give it `hash:`, `set:`, `list:` or `counter:` with a key"),
                    given => {
                        let both = spoken(given.iter().copied());
                        Diagnostic::error(
                            codes::STATE_KIND,
                            name.span,
                            format!("the state `{}` is several kinds at once: {both}", name.value),
                        )
                        .help("keep one of them")
                    }
                };
                self.tell(diagnostic);
                return None;
            }
        };
        let key = self.diagnostics.keep(Pattern::parse(key));
        let ttl = self.state_ttl(name, state);
        let max = self.state_max(name, state, kind);
        let max_bytes = state.max_bytes.as_ref().map(parse_count);
        let max_bytes = max_bytes.map_or(Some(ENTRY_BYTES_MAX), |count| self.diagnostics.keep(count));
        Some(State {
            name: name.value.as_str().into(),
            place: self.place(name.span),
            kind,
            key: key?,
            ttl: ttl?,
            max: max?,
            max_bytes: max_bytes?,
            drop_oldest: self.when_full(state),
            unique: self.unique(state, kind),
            on_expire: None,
        })
    }

    fn state_ttl(&mut self, name: &Text, state: &Written) -> Option<Duration> {
        match &state.ttl {
            Some(ttl) => self.diagnostics.keep(parse_duration(ttl)),
            None => {
                self.unbounded(name, "ttl", "say how long an entry lives, such as `ttl: 5s`");
                None
            }
        }
    }

    fn state_max(&mut self, name: &Text, state: &Written, kind: StateKind) -> Option<usize> {
        match &state.max {
            Some(max) => self.diagnostics.keep(parse_count(max)),
            None if kind == StateKind::Counter => Some(1),
            None => {
                self.unbounded(name, "max", "say how many entries there may be, such as `max: 200`");
                None
            }
        }
    }

    fn unbounded(&mut self, name: &Text, key: &str, help: &str) {
        let message = format!("the state `{}` has no `{key}`", name.value);
        self.tell(
            Diagnostic::error(codes::STATE_UNBOUNDED, name.span, message)
                .label("everything remembered has a bound")
                .help(help),
        );
    }

    fn when_full(&mut self, state: &Written) -> bool {
        let Some(word) = &state.when_full else { return false };
        if !matches!(word.value.as_str(), "refuse" | "drop_oldest") {
            self.tell(unknown_word(word, &["refuse", "drop_oldest"]));
        }
        word.value == "drop_oldest"
    }

    fn unique(&mut self, state: &Written, kind: StateKind) -> Option<Box<str>> {
        let unique = state.unique.as_ref()?;
        if kind != StateKind::List {
            self.tell(
                Diagnostic::error(codes::WRONG_STATE_KIND, unique.span, "`unique:` belongs to a list")
                    .help("a hash has each field once, a set each text once"),
            );
        }
        Some(unique.value.as_str().into())
    }

    /// What happens when entries run out, once everything it may name is known.
    pub(crate) fn state_steps(&mut self, states: &mut [State]) {
        let names = self.names;
        for declared in names.states.values() {
            let Some(index) = states.iter().position(|state| *state.name == *declared.name.value) else { continue };
            if declared.item.on_expire.is_empty() {
                continue;
            }
            let mut scope = Scope { site: Site::Expire, ..Scope::default() };
            for param in states[index].key.params() {
                scope.bind(param, Known::made(Shape::text()), None);
            }
            scope.entry = Some(Known::made(self.entry_shape(index, states[index].kind)));
            states[index].on_expire = self.handler(&declared.item.on_expire, &mut scope);
        }
    }

    fn entry_shape(&self, state: usize, kind: StateKind) -> Shape {
        let value = self.value_shape(state, None);
        let field = (kind == StateKind::Hash).then(|| ("field".to_owned(), Shape::text(), false));
        Shape::object(field.into_iter().chain([("value".to_owned(), value, false)]))
    }

    /// What the values of a state look like: all that steps write there, or those under one field.
    pub(crate) fn value_shape(&self, state: usize, field: Option<&Template>) -> Shape {
        let Some(written) = self.learned.values.get(&state) else { return Shape::Opaque };
        let fitting = written.iter().filter(|value| field.is_none_or(|field| may_be_same(field, &value.field)));
        fitting.map(|value| value.shape.clone()).reduce(Shape::or).unwrap_or(Shape::Opaque)
    }

    /// Remembers what a step writes.
    pub(crate) fn learn_value(&mut self, state: usize, field: Template, shape: Shape) {
        self.learned_now.values.entry(state).or_default().push(WrittenValue { field, shape });
    }

    /// A state named in a step.
    pub(crate) fn state(
        &mut self,
        text: &Text,
        with: &Table<Node>,
        scope: &Scope,
    ) -> Option<(Referred<StateRef>, StateKind)> {
        let names = self.names;
        let Some((index, _, declared)) = names.states.get_full(text.value.as_str()) else {
            let known = || names.states.keys().copied();
            self.tell(
                Diagnostic::error(codes::UNKNOWN_STATE, text.span, format!("there is no state `{}`", text.value))
                    .help_if(did_you_mean(&text.value, known()))
                    .help(format!("states: {}", spoken(known()))),
            );
            return None;
        };
        self.used.name("state", declared.source, &declared.name.value);
        let (kind, key) = kind_of(declared.item).ok()?;
        let pattern = Pattern::parse(key).ok()?;
        let (mut params, mut known) = (Vec::new(), Vec::new());
        for param in pattern.params() {
            let (template, found) = self.named_parameter(param, text, with, scope)?;
            params.push(template);
            known.push(found);
        }
        Some((Referred { to: StateRef { state: index, params: params.into() }, params: known }, kind))
    }

    /// A parameter found by its name: in `with:`, else in scope.
    fn named_parameter(
        &mut self,
        name: &str,
        at: &Text,
        with: &Table<Node>,
        scope: &Scope,
    ) -> Option<(Template, Known)> {
        if let Some(node) = with.get(name) {
            let text = node.text()?;
            let (template, known) = self.template(&text, scope)?;
            self.must_be_there(&known, text.span, &text.value);
            return Some((template, known));
        }
        let Ok(known) = scope.look_up(&[name]) else {
            let message = format!("the key of `{}` needs `{name}`, and there is no `{name}` here", at.value);
            let names = scope.all_names();
            self.tell(
                Diagnostic::error(codes::UNKNOWN_NAME, at.span, message)
                    .label(format!("`<{name}>` is part of its key"))
                    .help_if(did_you_mean(name, names.iter().map(String::as_str)))
                    .help(format!("say which is meant: `with: {{ {name}: <...> }}`")),
            );
            return None;
        };
        self.must_be_there(&known, at.span, name);
        let path = scope.path(&[name])?;
        Some((Template::new(vec![Part::Hole(crate::expr::Expr::Path(path))]), known))
    }
}

/// Whether two fields could be the same text.
fn may_be_same(one: &Template, other: &Template) -> bool {
    let (left, right) = (ends(one), ends(other));
    match (&left, &right) {
        ((left, _, true), (right, _, true)) => left == right,
        ((text, _, true), (prefix, suffix, false)) | ((prefix, suffix, false), (text, _, true)) => {
            text.starts_with(prefix) && text.ends_with(suffix)
        }
        ((left, ..), (right, ..)) => left.starts_with(right) || right.starts_with(left),
    }
}

/// The literal beginning and end, and whether there is no hole at all.
fn ends(template: &Template) -> (&str, &str, bool) {
    let first = match template.parts.first() {
        Some(Part::Literal(text)) => &**text,
        _ => "",
    };
    let last = match template.parts.last() {
        Some(Part::Literal(text)) => &**text,
        _ => "",
    };
    let plain = template.parts.iter().all(|part| matches!(part, Part::Literal(_)));
    (first, last, plain)
}

/// One of a few words was needed.
pub(crate) fn unknown_word(word: &Text, known: &[&str]) -> Diagnostic {
    let message = format!("`{}` is not one of {}", word.value, spoken(known.iter().copied()));
    Diagnostic::error(homeroom_definition::codes::UNKNOWN_WORD, word.span, message)
        .help_if(did_you_mean(&word.value, known.iter().copied()))
}

/// Whether a text has holes, as far as it can be cut.
pub(crate) fn has_holes(text: &Text) -> bool {
    split(&text.value)
        .is_ok_and(|pieces| pieces.iter().any(|piece| matches!(piece, homeroom_definition::Piece::Hole(_))))
}
