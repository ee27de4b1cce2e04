//! The contract of a namespace, written down once everything in it is known.

use std::collections::BTreeSet;
use std::sync::Arc;

use homeroom_definition::model::{Allow, BackendEvent, ClientEvent, Rule as Written, ServerEvent};
use homeroom_definition::{Many, Node, Text};
use serde_json::{Value, json};

use super::Compiler;
use super::scope::{Known, Scope};
use crate::contract::{BackendTerms, Carries, ClientTerms, Contract, RoomTerms, ServerTerms, ViewTerms, schema_of};
use crate::program::{Audience, Code, Entry, EventId, Input, Namespace, Otherwise, Procedure, Step, Verb};
use crate::refusals::TOKEN_EVENT;
use crate::shape::Shape;

/// What handing in a token can be refused with.
const TOKEN_CODES: &[&str] = &[
    "UNAUTHENTICATED",
    "TOKEN_EXPIRED",
    "UNAUTHORIZED",
    "INVALID_PAYLOAD",
    "RATE_LIMITED",
    "BUSY",
    "PAYLOAD_TOO_LARGE",
    "UNAVAILABLE",
    "TIMEOUT",
    "INTERNAL",
];

/// What it is for.
const TOKEN_IS_FOR: &str =
    "Hands in a fresh token of the same user on this connection, which then lasts as long as that one.";

/// What an ack is given.
pub(crate) enum AckShape {
    /// Nothing of its own.
    Empty,
    /// One value.
    Value(Known),
    /// Several.
    Each(Vec<Shape>),
    /// Whatever a list has.
    List,
}

impl Compiler<'_, '_> {
    /// The contract of the namespace that was just compiled.
    pub(crate) fn contract(&mut self, of: &Namespace) -> Contract {
        let unit = self.unit;
        let file = unit.file;
        let mut contract = Contract {
            description: text(file.description.as_ref()),
            auth: match &of.connect.input {
                Input::Payload { schema, .. } => Some(Arc::new(schema.schema().clone())),
                Input::Nothing | Input::Args(_) | Input::AnyArgs => None,
            },
            open: of.open,
            rooms: self.room_terms(of),
            ..Contract::default()
        };
        for (name, event) in file.client_events.iter() {
            if let Some(entry) = of.client_events.get(name.value.as_str()) {
                contract.client_events.push(self.client_terms(event, entry, of));
            }
        }
        if !of.open && !of.client_events.is_empty() {
            let terms = self.token_terms(&of.connect);
            contract.client_events.push(terms);
        }
        for (name, event) in file.backend_events.iter() {
            if let Some(entry) = of.backend_events.get(name.value.as_str()) {
                let description = match event {
                    BackendEvent::Full(steps) => text(steps.description.as_ref()),
                    BackendEvent::Relay(target) => self.described(&target.value),
                };
                let carries = carries(&entry.input);
                contract.backend_events.push(BackendTerms { name: Arc::clone(&entry.name), description, carries });
            }
        }
        let names = self.names;
        let kept = kept_events(of);
        for (id, (declared, event)) in names.server_events.values().zip(&of.server_events).enumerate() {
            let views = event.views.iter().map(|view| {
                let roles = view.roles.iter().filter_map(|role| self.world.identity.roles.get(*role).cloned());
                ViewTerms { roles: roles.collect(), omit: view.omit.clone() }
            });
            let views = views.collect();
            let carries = self.carried(declared.item);
            contract.server_events.push(ServerTerms {
                name: Arc::clone(&event.name),
                export: export_name(declared.item, &event.name),
                description: text(declared.item.description.as_ref()),
                carries,
                to: declared.item.to.iter().map(|room| room.value.clone()).collect(),
                views,
                tells_positions: kept.contains(&id),
            });
        }
        contract
    }

    fn described(&self, event: &str) -> Option<String> {
        self.names.server_events.get(event).and_then(|declared| text(declared.item.description.as_ref()))
    }

    fn room_terms(&self, of: &Namespace) -> Vec<RoomTerms> {
        let terms = self.names.rooms.values().map(|room| RoomTerms {
            pattern: room.name.value.clone(),
            description: room.parts.iter().find_map(|part| text(part.description.as_ref())),
            who: room.parts.iter().find_map(|part| part.allow.as_ref()).map(allowed).unwrap_or_default(),
            history: None,
        });
        let kept = of.rooms.iter().map(|room| room.history);
        terms.zip(kept).map(|(terms, history)| RoomTerms { history, ..terms }).collect()
    }

    fn client_terms(&mut self, event: &ClientEvent, entry: &Entry, of: &Namespace) -> ClientTerms {
        let codes = codes(entry, of);
        let (success, failure) = self.ack_schemas(&entry.name, &codes);
        let own = words(&event.inside, &event.roles, &event.check, event.when.as_ref(), event.like.as_ref());
        let who = match &event.allow {
            Some(allow) => allowed(allow),
            None => own.into_iter().collect(),
        };
        ClientTerms {
            name: Arc::clone(&entry.name),
            description: text(event.description.as_ref()),
            place: Arc::clone(&entry.place),
            carries: carries(&entry.input),
            who,
            limit: text(event.rate_limit.as_ref()),
            success,
            failure,
            codes,
        }
    }

    /// The engine's own event by which a client hands in a fresh token.
    fn token_terms(&mut self, connect: &Entry) -> ClientTerms {
        let codes: Vec<Code> = TOKEN_CODES.iter().map(|code| Arc::from(*code)).collect();
        let answer = Shape::object([("expiresAt".to_owned(), Shape::text(), false)]);
        self.acks.insert(TOKEN_EVENT.into(), AckShape::Value(Known::made(answer)));
        let (success, failure) = self.ack_schemas(TOKEN_EVENT, &codes);
        ClientTerms {
            name: TOKEN_EVENT.into(),
            description: Some(TOKEN_IS_FOR.into()),
            place: Arc::clone(&connect.place),
            carries: Carries::One(Arc::new(json!({ "type": "string" }))),
            who: vec!["anyone who is connected".into()],
            limit: Some("10 per 60s".into()),
            success,
            failure,
            codes,
        }
    }

    fn ack_schemas(&mut self, name: &str, codes: &[Code]) -> (Option<Vec<Value>>, Value) {
        let code = json!({ "enum": codes.iter().map(|code| &**code).collect::<Vec<_>>() });
        let ack = self.acks.remove(name).unwrap_or(AckShape::Empty);
        let node = self.unit.file.envelope.as_ref();
        let is_bare = node.and_then(Node::as_str) == Some("bare");
        let failure = match node.and_then(|node| node.get("failure")) {
            Some(form) => self.enveloped(form, None, Some(&code)),
            None => failure(&code, !is_bare),
        };
        let success = match (ack, node.and_then(|node| node.get("success"))) {
            (AckShape::Each(all), _) => Some(all.iter().map(schema_of).collect()),
            (AckShape::List, _) => None,
            (AckShape::Empty, _) if is_bare => Some(Vec::new()),
            (AckShape::Value(known), _) if is_bare => Some(vec![schema_of(&known.shape)]),
            (AckShape::Empty, Some(form)) => Some(vec![self.enveloped(form, None, None)]),
            (AckShape::Value(known), Some(form)) => Some(vec![self.enveloped(form, Some(known), None)]),
            (AckShape::Empty, None) => Some(vec![success(None)]),
            (AckShape::Value(known), None) => Some(vec![success(Some(&known))]),
        };
        (success, failure)
    }

    /// An author's own form of acks.
    fn enveloped(&mut self, form: &Node, ack: Option<Known>, code: Option<&Value>) -> Value {
        let mut scope = Scope::default();
        scope.bind("ack", ack.unwrap_or_else(|| Known::made(Shape::Any).maybe()), None);
        scope.bind("message", Known::made(Shape::text()), None);
        let codes = code.and_then(|code| code["enum"].as_array()).into_iter().flatten();
        let codes = codes.cloned().map(Shape::Const).reduce(Shape::or).unwrap_or_else(Shape::text);
        scope.bind("code", Known::made(codes), None);
        scope.bind("retryAfterMs", Known::made(Shape::integer(Some(1))).maybe(), None);
        scope.bind("errors", Known::made(Shape::list(Shape::Any, None)).maybe(), None);
        self.data(form, &scope).map_or_else(|| json!({}), |(_, known)| schema_of(&known.shape))
    }

    /// What a server event carries.
    fn carried(&mut self, event: &ServerEvent) -> Carries {
        if let Some(node) = &event.payload {
            return self.schema(node).map_or(Carries::Any, Carries::One);
        }
        match event.args.as_ref().map(|args| args.as_seq()) {
            None => Carries::Nothing,
            Some(None) => Carries::Any,
            Some(Some(types)) => {
                let all: Option<Vec<Arc<Value>>> = types.iter().map(|node| self.schema(node)).collect();
                all.map_or(Carries::Any, Carries::Each)
            }
        }
    }
}

/// The server events that some step sends to a room which keeps what is sent.
fn kept_events(of: &Namespace) -> BTreeSet<EventId> {
    let entries = of.client_events.values().chain(of.backend_events.values()).chain([&of.connect]);
    let rooms = of.rooms.iter().flat_map(|room| room.on_join.iter().chain(&room.on_leave));
    let states = of.states.iter().filter_map(|state| state.on_expire.as_ref());
    let procedures = of.procedures.iter().map(|procedure| &procedure.handler);
    let handlers = entries.map(|entry| &entry.handler).chain(rooms).chain(states).chain(procedures);
    let mut kept = BTreeSet::new();
    for handler in handlers.chain(&of.disconnect) {
        kept_in(&handler.body, of, &mut kept);
    }
    kept
}

fn kept_in(steps: &[Step], of: &Namespace, kept: &mut BTreeSet<EventId>) {
    for step in steps {
        match &step.verb {
            Verb::Emit(emit) if !emit.volatile => {
                let keeps = |to: &Audience| matches!(to, Audience::Room(room) if of.rooms[room.room].history.is_some());
                if emit.to.iter().any(keeps) {
                    kept.insert(emit.event);
                }
            }
            Verb::Each { body, .. } | Verb::Block(body) => kept_in(body, of, kept),
            _ => {}
        }
    }
}

fn carries(input: &Input) -> Carries {
    match input {
        Input::Nothing => Carries::Nothing,
        Input::Payload { schema, .. } => Carries::One(Arc::new(schema.schema().clone())),
        Input::Args(all) => Carries::Each(all.iter().map(|one| Arc::new(one.schema().clone())).collect()),
        Input::AnyArgs => Carries::Any,
    }
}

fn text(text: Option<&Text>) -> Option<String> {
    text.map(|text| text.value.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The stem that the author gave, else the payload's type, else the event's own name in one word.
fn export_name(event: &ServerEvent, name: &str) -> String {
    let named = event.export.as_ref().map(|stem| stem.value.clone());
    let typed = || event.payload.as_ref().and_then(Node::as_str).filter(|kind| starts_large(kind)).map(str::to_owned);
    named.or_else(typed).unwrap_or_else(|| crate::contract::in_one_word(name))
}

fn starts_large(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
}

fn allowed(allow: &Allow) -> Vec<String> {
    match allow {
        Allow::Anyone => vec!["anyone who is connected".into()],
        Allow::Rules(rules) => rules.iter().filter_map(rule).collect(),
    }
}

fn rule(rule: &Written) -> Option<String> {
    words(&rule.inside, &rule.roles, &rule.check, rule.when.as_ref(), rule.like.as_ref())
}

/// A rule in words; `None` if it asks for nothing.
fn words(
    inside: &Many<Text>,
    roles: &Many<Text>,
    check: &Many<Text>,
    when: Option<&Text>,
    like: Option<&Text>,
) -> Option<String> {
    let list = |all: &Many<Text>| all.iter().map(|one| format!("`{}`", one.value)).collect::<Vec<_>>();
    let mut said = Vec::new();
    let (inside, roles, check) = (list(inside), list(roles), list(check));
    if !inside.is_empty() {
        said.push(format!("is in {}", inside.join(" or ")));
    }
    if !roles.is_empty() {
        said.push(format!("has the role {}", roles.join(" or ")));
    }
    if !check.is_empty() {
        said.push(format!("{} finds something", check.join(" and ")));
    }
    said.extend(when.map(|when| format!("`{}` holds", when.value.trim())));
    said.extend(like.map(|like| format!("may enter `{}`", like.value)));
    (!said.is_empty()).then(|| said.join(", and "))
}

fn success(ack: Option<&Known>) -> Value {
    let mut schema = json!({
        "type": "object", "properties": { "success": { "const": true } }, "required": ["success"],
        "additionalProperties": false
    });
    if let Some(known) = ack {
        schema["properties"]["data"] = schema_of(&known.shape);
        if !known.absent {
            schema["required"] = json!(["success", "data"]);
        }
    }
    schema
}

fn failure(code: &Value, with_success: bool) -> Value {
    let issue = json!({
        "type": "object", "properties": { "path": { "type": "string" }, "message": { "type": "string" } },
        "required": ["path", "message"], "additionalProperties": false
    });
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    if with_success {
        properties.insert("success".into(), json!({ "const": false }));
        required.push("success");
    }
    required.extend(["error", "code"]);
    properties.insert("error".into(), json!({ "type": "string" }));
    properties.insert("code".into(), code.clone());
    properties.insert("retryAfterMs".into(), json!({ "type": "integer", "minimum": 1 }));
    properties.insert("errors".into(), json!({ "type": "array", "items": issue }));
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// What any event may be refused with.
const ALWAYS: &[&str] =
    &["RATE_LIMITED", "PAYLOAD_TOO_LARGE", "INVALID_PAYLOAD", "BUSY", "UNAVAILABLE", "TIMEOUT", "INTERNAL"];

/// The codes that an event may be refused with, in a steady order.
fn codes(entry: &Entry, of: &Namespace) -> Vec<Code> {
    let mut codes: BTreeSet<Code> = ALWAYS.iter().map(|code| (*code).into()).collect();
    if !entry.rules.is_empty() {
        codes.insert("UNAUTHORIZED".into());
    }
    if entry.rules.iter().any(|rule| !rule.inside.is_empty()) {
        codes.insert("NOT_IN_ROOM".into());
    }
    of_steps(&entry.handler.body, of, &mut Vec::new(), &mut codes);
    codes.into_iter().collect()
}

fn of_steps<'n>(steps: &'n [Step], of: &'n Namespace, seen: &mut Vec<&'n str>, codes: &mut BTreeSet<Code>) {
    for step in steps {
        match (&step.otherwise, &step.verb) {
            (Otherwise::Refuse(code), _) => drop(codes.insert(Arc::clone(code))),
            (Otherwise::Unstated, Verb::Join { .. }) => drop(codes.insert("UNAUTHORIZED".into())),
            _ => {}
        }
        match &step.verb {
            Verb::Refuse(code) => drop(codes.insert(Arc::clone(code))),
            Verb::Join { .. } => drop(codes.insert("FULL".into())),
            Verb::Block(body) | Verb::Each { body, .. } => of_steps(body, of, seen, codes),
            Verb::Put { .. } | Verb::Add { .. } | Verb::Push { .. } => drop(codes.insert("FULL".into())),
            Verb::CallSteps { procedure, .. } => {
                let procedure: &Procedure = &of.procedures[*procedure];
                if !seen.contains(&&*procedure.name) {
                    seen.push(&procedure.name);
                    of_steps(&procedure.handler.body, of, seen, codes);
                }
            }
            // A hook may refuse with whatever is declared.
            Verb::CallHook { .. } => codes.extend(of.errors.keys().cloned()),
            Verb::CallWebhook { webhook, .. } if !of.webhooks[*webhook].tells => {
                codes.extend(of.errors.keys().cloned());
                match &of.webhooks[*webhook].on_failure {
                    Otherwise::Refuse(code) => drop(codes.insert(Arc::clone(code))),
                    Otherwise::Unstated => drop(codes.insert("UNAVAILABLE".into())),
                    Otherwise::Continue | Otherwise::Stop => {}
                }
            }
            _ => {}
        }
    }
}
