//! What comes in: clients' events, services' events, connects; and the form of their acks.

use std::collections::HashMap;
use std::sync::Arc;

use homeroom_definition::model::{BackendEvent, ClientEvent, Connect, Step as Written};
use homeroom_definition::{Diagnostic, Few, LimitScope, Node, Table, Text, parse_rate_limit};

use super::contract::AckShape;
use super::rules::{Keys, Who, who};
use super::scope::{Known, Scope, Site};
use super::state::unknown_word;
use super::{Compiler, rooms};
use crate::codes;
use crate::contract::Contract;
use crate::data::Data;
use crate::expr::{Expr, Path, Root};
use crate::program::{
    Ack, Args, Emit, Entry, Envelope, Fits, Handler, Input, Namespace, Rate, Rule, Step, Verb, envelope_slot,
};
use crate::shape::Shape;

impl Compiler<'_, '_> {
    /// Compiles the whole namespace. `None` only if something is so wrong that nothing can stand for it.
    pub(crate) fn run(&mut self) -> Option<Namespace> {
        let unit = self.unit;
        let file = unit.file;
        self.auth();
        self.check_types();
        self.all_queries();
        let mut rooms = self.rooms();
        let mut states = self.states();
        let server_events = self.server_events();
        let envelope = Arc::new(self.envelope(file.envelope.as_ref())?);
        let connect = self.connect(file.connect.as_ref(), &envelope);
        let client_events = numbered(self.client_events(&envelope));
        let backend_events = numbered(self.backend_events(&envelope));
        let disconnect = file.disconnect.as_ref().and_then(|disconnect| {
            let mut scope = self.connected_scope(Site::Disconnect);
            self.handler(&disconnect.body, &mut scope)
        });
        self.state_steps(&mut states);
        self.remaining_procedures();
        self.room_steps(&mut rooms);
        let webhooks = self.webhooks();
        let mut namespace = Namespace {
            path: unit.path.value.as_str().into(),
            open: self.is_open(),
            by_role: self.by_role,
            connect: connect?,
            disconnect,
            rooms,
            states,
            procedures: self.procedures.take(),
            webhooks,
            client_events,
            backend_events,
            server_events,
            errors: self
                .names
                .errors
                .iter()
                .map(|(code, text)| ((*code).into(), text.item.value.as_str().into()))
                .collect(),
            contract: Contract::default(),
        };
        namespace.contract = self.contract(&namespace);
        Some(namespace)
    }

    fn auth(&mut self) {
        if let Some(word) = &self.unit.file.auth
            && !matches!(word.value.as_str(), "jwt" | "none")
        {
            self.tell(unknown_word(word, &["jwt", "none"]));
        }
    }

    /// The names where there is a connection.
    fn connected_scope(&self, site: Site) -> Scope {
        Scope { user: Some(self.user()), socket: Some(self.socket()), site, ..Scope::default() }
    }

    /// What `socket` is: its public id, and the values that `let: {socket: ...}` names.
    pub(crate) fn socket(&self) -> Known {
        let mut vars: indexmap::IndexMap<String, Shape> = indexmap::IndexMap::new();
        for (name, shape) in &self.learned.vars {
            let before = vars.shift_remove(name);
            vars.insert(name.clone(), before.map_or(shape.clone(), |before| before.or(shape.clone())));
        }
        let vars = Shape::object(vars.into_iter().map(|(name, shape)| (name, shape, true)));
        Known::made(Shape::object([("id".into(), Shape::text(), false), ("vars".into(), vars, false)]))
    }

    fn connect(&mut self, connect: Option<&Connect>, envelope: &Arc<Envelope>) -> Option<Entry> {
        let mut scope = self.connected_scope(Site::Connect);
        if self.is_open() {
            scope.user = Some(Known::made(rooms::connection_user()));
        }
        let mut entry = Entry {
            name: "connect".into(),
            number: 0,
            place: self.place(self.unit.path.span),
            input: Input::AnyArgs,
            rate: None,
            rules: Few::default(),
            handler: Handler { slots: 0, body: Vec::new(), executes: false, joins: false },
            ack: Ack::Empty,
            envelope: Arc::clone(envelope),
            answer: None,
        };
        let Some(connect) = connect else { return Some(entry) };
        entry.place = self.place(connect.span);
        if let Some(payload) = &connect.payload {
            scope.payload = Some(Known::sent(self.type_shape(payload)));
            entry.input = Input::Payload { schema: self.validator(payload)?, prune: true, closed: None };
        }
        let keys = Keys {
            span: connect.span,
            inside: &[],
            roles: &connect.roles,
            check: &connect.check,
            when: connect.when.as_ref(),
            like: connect.like.as_ref(),
            with: &connect.with,
        };
        entry.rules = match who(self, connect.allow.as_ref(), keys) {
            Who::Rules(rules) => self.rules(&rules, &mut scope).into(),
            Who::Anyone | Who::Unsaid => Few::default(),
        };
        entry.handler = self.handler(&connect.body, &mut scope)?;
        Some(entry)
    }

    fn client_events(&mut self, envelope: &Arc<Envelope>) -> HashMap<Arc<str>, Entry> {
        let file = self.unit.file;
        let mut entries = HashMap::new();
        for (name, event) in file.client_events.iter() {
            self.usable_event_name(name);
            if let Some(entry) = self.client_event(name, event, envelope) {
                entries.insert(Arc::clone(&entry.name), entry);
            }
        }
        entries
    }

    fn client_event(&mut self, name: &Text, event: &ClientEvent, envelope: &Arc<Envelope>) -> Option<Entry> {
        let mut scope = self.connected_scope(Site::Client);
        self.payload_or_args(event.payload.as_ref(), event.args.as_ref());
        let prune = self.prunes(event.unknown_fields.as_ref());
        let input = self.input(event.payload.as_ref(), event.args.as_ref(), prune, &mut scope, false);
        let keys = Keys {
            span: name.span,
            inside: &event.inside,
            roles: &event.roles,
            check: &event.check,
            when: event.when.as_ref(),
            like: event.like.as_ref(),
            with: &event.with,
        };
        let rules = match who(self, event.allow.as_ref(), keys) {
            Who::Rules(rules) => self.rules(&rules, &mut scope),
            Who::Anyone => Vec::new(),
            Who::Unsaid => {
                self.somebody_may(name, &event.body);
                Vec::new()
            }
        };
        let rate = self.rate(event, &rules);
        let mut handler = self.handler(&event.body, &mut scope)?;
        let (ack, ack_shape) = self.ack(event.ack.as_ref(), event.ack_args.as_ref(), &scope);
        self.acks.insert(name.value.clone(), ack_shape);
        handler.slots = scope.slots;
        let place = self.place(name.span);
        let entry = Entry {
            name: name.value.as_str().into(),
            number: 0,
            place,
            input: input?,
            rate,
            rules: rules.into(),
            handler,
            answer: envelope.around(&ack),
            ack,
            envelope: Arc::clone(envelope),
        };
        Some(entry)
    }

    /// An event that says nothing of who may send it must at least begin by entering a room.
    fn somebody_may(&mut self, name: &Text, body: &[Written]) {
        let joins_first =
            matches!(body.first(), Some(Written::Join(join)) if join.when.is_none() && join.otherwise.is_none());
        if !joins_first {
            self.tell(
                Diagnostic::error(codes::NO_RULE, name.span, format!("nothing says who may send `{}`", name.value))
                    .label("denied by default")
                    .help("say `in:` a room, `roles:`, `check:`, `when:` or `like:`; begin with an unconditional `join`; or say `allow: anyone`"),
            );
        }
    }

    fn prunes(&mut self, own: Option<&Text>) -> bool {
        let word = own.or(self.unit.file.unknown_fields.as_ref());
        if let Some(word) = word
            && !matches!(word.value.as_str(), "refuse" | "drop")
        {
            self.tell(unknown_word(word, &["refuse", "drop"]));
        }
        word.is_some_and(|word| word.value == "drop")
    }

    fn input(
        &mut self,
        payload: Option<&Node>,
        args: Option<&Node>,
        prune: bool,
        scope: &mut Scope,
        trusted: bool,
    ) -> Option<Input> {
        if let Some(node) = payload {
            scope.payload = Some(Known::made(self.type_shape(node)).with_proof(trusted));
            scope.closed = self.closed(node);
            let closed = scope.closed.clone();
            return Some(Input::Payload { schema: self.validator(node)?, prune, closed });
        }
        let Some(node) = args else { return Some(Input::Nothing) };
        if let Some(types) = node.as_seq() {
            let shapes: Vec<Shape> = types.iter().map(|node| self.type_shape(node)).collect();
            let shape = shapes.into_iter().reduce(Shape::or).unwrap_or(Shape::Any);
            scope.args = Some(Known::made(Shape::list(shape, Some(types.len()))).with_proof(trusted));
            let schemas: Vec<_> = types.iter().map(|node| self.validator(node)).collect();
            return schemas.into_iter().collect::<Option<Vec<_>>>().map(Input::Args);
        }
        if node.as_str() != Some("any") {
            self.tell(
                Diagnostic::error(codes::BAD_SCHEMA, node.span, "`args:` is a list of types, or `any`")
                    .help("for one argument say `payload:`"),
            );
        }
        scope.args = Some(Known::made(Shape::list(Shape::Any, Some(ARGS_MAX))).with_proof(trusted));
        Some(Input::AnyArgs)
    }

    fn rate(&mut self, event: &ClientEvent, rules: &[Rule]) -> Option<Rate> {
        let text = event.rate_limit.as_ref()?;
        let limit = self.diagnostics.keep(parse_rate_limit(text))?;
        let room = match limit.scope {
            LimitScope::Room => {
                let room = rules.first().and_then(|rule| rule.inside.first()).cloned();
                if room.is_none() || rules.len() > 1 {
                    self.tell(
                        Diagnostic::error(
                            codes::NOT_HERE,
                            text.span,
                            "`per room` counts in the room of the event's `in:`, and there is none",
                        )
                        .help("say `in: <room>`, or count `per user`"),
                    );
                }
                room
            }
            LimitScope::Connection | LimitScope::User => None,
        };
        Some(Rate { limit, room })
    }

    fn ack(&mut self, ack: Option<&Node>, args: Option<&Node>, scope: &Scope) -> (Ack, AckShape) {
        match (ack, args) {
            (None, None) => (Ack::Empty, AckShape::Empty),
            (Some(_), Some(args)) => {
                self.tell(
                    Diagnostic::error(
                        codes::PAYLOAD_AND_ARGS,
                        args.span,
                        "`ack:` is one value, `ack_args:` are several",
                    )
                    .help("keep one of them"),
                );
                (Ack::Empty, AckShape::Empty)
            }
            (Some(node), None) => self
                .data(node, scope)
                .map_or((Ack::Empty, AckShape::Empty), |(data, known)| (Ack::Value(data), AckShape::Value(known))),
            (None, Some(node)) => match self.args(node, scope) {
                None => (Ack::Empty, AckShape::Empty),
                Some((args @ Args::List(_), _)) => (Ack::Args(args), AckShape::List),
                Some((args, known)) => {
                    let shapes = known.into_iter().map(|known| known.shape).collect();
                    (Ack::Args(args), AckShape::Each(shapes))
                }
            },
        }
    }

    fn backend_events(&mut self, envelope: &Arc<Envelope>) -> HashMap<Arc<str>, Entry> {
        let file = self.unit.file;
        let mut entries = HashMap::new();
        for (name, event) in file.backend_events.iter() {
            if let Some(entry) = self.backend_event(name, event, envelope) {
                entries.insert(Arc::clone(&entry.name), entry);
            }
        }
        entries
    }

    fn backend_event(&mut self, name: &Text, event: &BackendEvent, envelope: &Arc<Envelope>) -> Option<Entry> {
        let mut scope = Scope { site: Site::Backend, ..Scope::default() };
        let (input, handler) = match event {
            BackendEvent::Relay(target) => self.relay(target, &mut scope)?,
            BackendEvent::Full(steps) => {
                self.payload_or_args(steps.payload.as_ref(), steps.args.as_ref());
                let input = self.input(steps.payload.as_ref(), steps.args.as_ref(), false, &mut scope, true);
                (input?, self.handler(&steps.body, &mut scope)?)
            }
        };
        let place = self.place(name.span);
        let name = name.value.as_str().into();
        Some(Entry {
            name,
            number: 0,
            place,
            input,
            rate: None,
            rules: Few::default(),
            handler,
            ack: Ack::Empty,
            envelope: Arc::clone(envelope),
            answer: None,
        })
    }

    /// `lineitem.created: lineitem.created`: the body is that event's payload, and goes where it goes.
    fn relay(&mut self, target: &Text, scope: &mut Scope) -> Option<(Input, Handler)> {
        let names = self.names;
        let Some(declared) = names.server_events.get(target.value.as_str()) else {
            self.tell(super::emit::unknown_event(target, names.server_events.keys().copied()));
            return None;
        };
        let event = declared.item;
        let input = self.input(event.payload.as_ref(), event.args.as_ref(), false, scope, true)?;
        let args =
            event.args.as_ref().map(|node| Node::new(homeroom_definition::Kind::Str("<args>".into()), node.span));
        let step = homeroom_definition::model::EmitStep {
            event: target.clone(),
            to: Default::default(),
            except: Default::default(),
            roles: Default::default(),
            data: None,
            args,
            volatile: None,
            when: None,
            with: Table::default(),
            span: target.span,
        };
        let mut done = self.emit(&step, scope)?;
        if let Verb::Emit(Emit { fits, .. }) = &mut done.verb {
            *fits = Fits::Proven;
        }
        let step = Step {
            place: self.place(target.span),
            span: target.span,
            when: None,
            verb: done.verb,
            bind: None,
            otherwise: crate::program::Otherwise::Unstated,
        };
        Some((input, Handler { slots: 0, body: vec![step], executes: false, joins: false }))
    }

    fn envelope(&mut self, node: Option<&Node>) -> Option<Envelope> {
        match node.map(|node| (node, node.as_str())) {
            None | Some((_, Some("success"))) => Some(Envelope { success: Some(success()), failure: failure(true) }),
            Some((_, Some("bare"))) => Some(Envelope { success: None, failure: failure(false) }),
            Some((node, None)) if node.as_map().is_some() => self.own_envelope(node),
            Some((node, _)) => {
                self.tell(
                    Diagnostic::error(
                        homeroom_definition::codes::BAD_ENVELOPE,
                        node.span,
                        "an envelope is `success`, `bare`, or a pair of your own",
                    )
                    .help("such as `{ success: <ack>, failure: { error: <message>, code: <code> } }`"),
                );
                None
            }
        }
    }

    fn own_envelope(&mut self, node: &Node) -> Option<Envelope> {
        for (key, _) in node.as_map().into_iter().flatten() {
            if !matches!(key.value.as_str(), "success" | "failure") {
                self.tell(unknown_word(key, &["success", "failure"]));
            }
        }
        let mut scope = Scope::default();
        let optional = |shape| Known::made(shape).maybe();
        scope.bind("ack", optional(Shape::Any), None);
        scope.bind("message", Known::made(Shape::text()), None);
        scope.bind("code", Known::made(Shape::text()), None);
        scope.bind("retryAfterMs", optional(Shape::integer(Some(1))), None);
        scope.bind("errors", optional(Shape::list(Shape::Any, None)), None);
        let success = match node.get("success") {
            Some(node) => Some(self.data(node, &scope)?.0),
            None => Some(success()),
        };
        let failure = match node.get("failure") {
            Some(node) => self.data(node, &scope)?.0,
            None => failure(true),
        };
        Some(Envelope { success, failure })
    }
}

/// How many arguments `args: any` takes.
const ARGS_MAX: usize = 64;

/// With a number for each.
fn numbered(mut entries: HashMap<Arc<str>, Entry>) -> HashMap<Arc<str>, Entry> {
    for (number, entry) in entries.values_mut().enumerate() {
        entry.number = number;
    }
    entries
}

/// `{success: true, data: <ack>}`
fn success() -> Data {
    object([("success", Data::Const(Box::new(true.into()))), ("data", slot(envelope_slot::ACK))])
}

/// `{success: false, error: <message>, code: <code>, ...}`, or the same without `success`.
fn failure(with_success: bool) -> Data {
    let said = with_success.then_some(("success", Data::Const(Box::new(false.into()))));
    let rest = [
        ("error", slot(envelope_slot::MESSAGE)),
        ("code", slot(envelope_slot::CODE)),
        ("retryAfterMs", slot(envelope_slot::RETRY_AFTER_MS)),
        ("errors", slot(envelope_slot::ERRORS)),
    ];
    object(said.into_iter().chain(rest))
}

fn object<'a>(properties: impl IntoIterator<Item = (&'a str, Data)>) -> Data {
    Data::Object(properties.into_iter().map(|(name, data)| (name.into(), data)).collect())
}

fn slot(slot: usize) -> Data {
    Data::Expr(Expr::Path(Path::new(Root::slot(slot), [])))
}
