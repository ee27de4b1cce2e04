//! `emit:` and the server events it sends: what is sent, whether it fits, and to whom.

use homeroom_definition::model::{EmitStep, ServerEvent as Written};
use homeroom_definition::{Diagnostic, Node, Piece, Span, Text, did_you_mean, split};

use super::rooms::{Referred, unify};
use super::scope::{Known, Scope};
use super::steps::Done;
use super::{Compiler, procedures};
use crate::codes;
use crate::data::{Data, Part, Template};
use crate::expr::{Expr, Path};
use crate::fit::{Fit, Misfit, doubts, fit};
use crate::program::{Args, Audience, Body, Doubt, Emit, Fits, RoomRef, ServerEvent, Verb, View};
use crate::shape::{Found, Shape, spoken};
use crate::{refusals, schema};

/// What an event carries, compiled, with what is known of its one argument.
struct Sent {
    body: Body,
    /// For one argument: the value and what is known of it.
    one: Option<(Data, Known)>,
    fits: Fits,
}

impl Compiler<'_, '_> {
    /// All server events.
    pub(crate) fn server_events(&mut self) -> Vec<ServerEvent> {
        let names = self.names;
        let mut events = Vec::new();
        for declared in names.server_events.values() {
            let event = declared.item;
            self.payload_or_args(event.payload.as_ref(), event.args.as_ref());
            self.usable_event_name(declared.name);
            let schema = event.payload.as_ref().and_then(|node| self.validator(node));
            let views = self.views(declared.name, event);
            let (name, span) = (declared.name.value.as_str().into(), declared.name.span);
            events.push(ServerEvent { name, span, schema, views });
        }
        events
    }

    /// `payload:` and `args:` together are told.
    pub(crate) fn payload_or_args(&mut self, payload: Option<&Node>, args: Option<&Node>) {
        if let (Some(_), Some(args)) = (payload, args) {
            self.tell(
                Diagnostic::error(
                    codes::PAYLOAD_AND_ARGS,
                    args.span,
                    "`payload:` is one argument, `args:` are several",
                )
                .help("keep one of them"),
            );
        }
    }

    fn views(&mut self, name: &Text, event: &Written) -> Vec<View> {
        let shape = event.payload.as_ref().map(|node| self.type_shape(node));
        let mut views = Vec::new();
        for view in &event.views {
            let omit = view.omit.iter();
            for property in omit.clone() {
                let missing = shape.as_ref().map(|shape| shape.property(&property.value));
                if let Some(Found::Missing(known)) = missing {
                    self.tell(
                        Diagnostic::error(
                            codes::UNKNOWN_PROPERTY,
                            property.span,
                            format!("the payload has no property `{}`", property.value),
                        )
                        .help_if(did_you_mean(&property.value, known.iter().map(String::as_str))),
                    );
                }
            }
            views.push(View {
                span: view.span,
                roles: self.roles(&view.roles),
                omit: omit.map(|text| text.value.as_str().into()).collect(),
            });
        }
        self.every_role_sees(name, &views);
        views
    }

    fn every_role_sees(&mut self, name: &Text, views: &[View]) {
        let roles = &self.world.identity.roles;
        let missing =
            || roles.iter().enumerate().filter(|(role, _)| !views.iter().any(|view| view.roles.contains(role)));
        if !views.is_empty() && missing().next().is_some() {
            let missing = spoken(missing().map(|(_, role)| &**role));
            self.tell(
                Diagnostic::error(
                    codes::VIEW_MISSING,
                    name.span,
                    format!("no view of `{}` is for {missing}", name.value),
                )
                .help("name every role in one of the views, also those that see everything: `{ roles: [...] }`"),
            );
        }
    }

    pub(crate) fn emit(&mut self, step: &EmitStep, scope: &Scope) -> Option<Done> {
        let names = self.names;
        let Some((event, _, declared)) = names.server_events.get_full(step.event.value.as_str()) else {
            self.tell(unknown_event(&step.event, names.server_events.keys().copied()));
            return None;
        };
        self.used.name("server event", declared.source, &declared.name.value);
        let sent = self.sent(step, declared.item, scope)?;
        let to = match step.to.is_empty() {
            false => self.audiences(&step.to, step, scope),
            true => self.own_audiences(declared.item, &step.event, sent.one.as_ref(), scope),
        }?;
        let except = self.audiences(&step.except, step, scope)?;
        let roles = self.role_texts(&step.roles, scope)?;
        self.by_role |= !roles.is_empty() || !declared.item.views.is_empty();
        let volatile = step.volatile.as_ref().is_some_and(|node| node.as_bool() == Some(true));
        let emit =
            Emit { event, to: to.into(), except: except.into(), roles, body: sent.body, volatile, fits: sent.fits };
        Some(Done::new(Verb::Emit(emit), Known::made(Shape::Boolean)))
    }

    fn sent(&mut self, step: &EmitStep, event: &Written, scope: &Scope) -> Option<Sent> {
        match (&event.payload, &event.args) {
            (Some(payload), _) => self.sent_payload(step, payload, scope),
            (None, Some(args)) => self.sent_args(step, args, scope),
            (None, None) => {
                if let Some(node) = step.data.as_ref().or(step.args.as_ref()) {
                    self.tell(
                        Diagnostic::error(codes::MISFIT, node.span, format!("`{}` carries nothing", step.event.value))
                            .help("give the server event a `payload:`, or send it without data"),
                    );
                }
                Some(Sent { body: Body::Nothing, one: None, fits: Fits::Proven })
            }
        }
    }

    fn sent_payload(&mut self, step: &EmitStep, payload: &Node, scope: &Scope) -> Option<Sent> {
        if let Some(args) = &step.args {
            self.tell(Diagnostic::error(
                codes::MISFIT,
                args.span,
                format!("`{}` carries one argument: say `data:`", step.event.value),
            ));
        }
        let (data, known, span) = match (&step.data, &scope.payload) {
            (Some(node), _) => {
                let (data, known) = self.data(node, scope)?;
                (data, known, node.span)
            }
            (None, Some(known)) => {
                let path = Path::new(crate::expr::Root::Payload, []);
                (Data::Expr(Expr::Path(path)), known.clone(), step.event.span)
            }
            (None, None) => {
                self.tell(
                    Diagnostic::error(
                        codes::STEP_NEEDS,
                        step.event.span,
                        format!("nothing says what is sent with `{}`", step.event.value),
                    )
                    .help("there is no payload here that could be passed on: say `data:`"),
                );
                return None;
            }
        };
        self.must_be_there(&known, span, "data");
        let wanted = self.type_shape(payload);
        let fits = match fit(&known.shape, &wanted) {
            Fit::No(misfit) => {
                self.tell(misfits(&step.event, step.data.as_ref(), &misfit, span, payload.span));
                Fits::Unknown
            }
            Fit::Maybe => self.doubts(&data, &known.shape, payload, &wanted).map_or(Fits::Unknown, Fits::But),
            Fit::Proven => Fits::Proven,
        };
        Some(Sent { body: Body::One(data.clone()), one: Some((data, known)), fits })
    }

    /// What of an object's properties is left to check. `None` if it must be checked whole.
    fn doubts(&mut self, data: &Data, shape: &Shape, payload: &Node, wanted: &Shape) -> Option<Vec<Doubt>> {
        let Data::Object(object) = data else { return None };
        let doubts = doubts(shape, wanted)?.into_iter().map(|name| {
            let (data, schema) = (object.get(&name)?.clone(), self.property_validator(payload, &name)?);
            Some(Doubt { pointer: format!("/{}", schema::escaped(&name)).into(), data, schema })
        });
        doubts.collect()
    }

    fn sent_args(&mut self, step: &EmitStep, wanted: &Node, scope: &Scope) -> Option<Sent> {
        let Some(node) = &step.args else {
            self.tell(
                Diagnostic::error(
                    codes::STEP_NEEDS,
                    step.event.span,
                    format!("`{}` carries several arguments", step.event.value),
                )
                .help("say `args:`, a list of values or one expression that is a list, such as `args: <args>`"),
            );
            return None;
        };
        let (args, known) = self.args(node, scope)?;
        self.args_fit(&args, &known, wanted, node.span);
        let fits = if wanted.as_str() == Some("any") { Fits::Proven } else { Fits::Unknown };
        Some(Sent { body: Body::Args(args), one: None, fits })
    }

    /// Several arguments: a list of values, or one expression that is a list.
    pub(crate) fn args(&mut self, node: &Node, scope: &Scope) -> Option<(Args, Vec<Known>)> {
        if let Some(items) = node.as_seq() {
            let all: Vec<_> = items.iter().map(|item| self.data(item, scope)).collect();
            let (data, known): (Vec<_>, Vec<_>) = all.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
            return Some((Args::Each(data), known));
        }
        let (data, known) = self.data(node, scope)?;
        match data {
            Data::Expr(expr) if known.shape.items().is_some() => Some((Args::List(expr), vec![known])),
            _ => {
                self.tell(
                    Diagnostic::error(
                        codes::STEP_NEEDS,
                        node.span,
                        "arguments are a list of values, or one expression that is a list",
                    )
                    .help("such as `[<a>, <b>]`, or `<args>`"),
                );
                None
            }
        }
    }

    fn args_fit(&mut self, args: &Args, known: &[Known], wanted: &Node, span: Span) {
        let (Args::Each(given), Some(types)) = (args, wanted.as_seq()) else { return };
        if given.len() != types.len() {
            let counts = format!("{} arguments are sent, and the event has {}", given.len(), types.len());
            self.tell(Diagnostic::error(codes::MISFIT, span, counts).related(wanted.span, "declared here"));
            return;
        }
        for (known, node) in known.iter().zip(types) {
            let wanted = self.type_shape(node);
            if let Fit::No(misfit) = fit(&known.shape, &wanted) {
                self.tell(Diagnostic::error(codes::MISFIT, span, misfit.reason).related(node.span, "declared here"));
            }
        }
    }

    /// Who gets it, as the step says.
    fn audiences(&mut self, to: &[Text], step: &EmitStep, scope: &Scope) -> Option<Vec<Audience>> {
        let mut all = Vec::new();
        for text in to {
            let audience = match text.value.as_str() {
                "sender" | "others" if !scope.site.has_sender() => {
                    self.tell(
                        Diagnostic::error(codes::NOT_HERE, text.span, format!("there is no `{}` here", text.value))
                            .label("nobody sent this")
                            .help("name rooms"),
                    );
                    return None;
                }
                "sender" => Audience::Sender,
                "others" => self.everyone(Audience::Others, text, scope),
                "everyone" => self.everyone(Audience::Everyone, text, scope),
                _ => {
                    let room = self.room(text, &step.with, scope)?;
                    Audience::Room(self.reached(room, text.span, text, scope))
                }
            };
            all.push(audience);
        }
        Some(all)
    }

    fn everyone(&mut self, audience: Audience, text: &Text, scope: &Scope) -> Audience {
        if scope.site.is_of_client() && !self.is_open() {
            self.tell(
                Diagnostic::warning(
                    codes::REACHES_EVERYONE,
                    text.span,
                    "a client's event reaches everyone who is connected",
                )
                .label("across all tenants")
                .help("name a room instead"),
            );
        }
        audience
    }

    fn reached(&mut self, room: Referred<RoomRef>, span: Span, text: &Text, scope: &Scope) -> RoomRef {
        room.params.iter().for_each(|param| self.must_be_there(param, span, &text.value));
        self.prove_room(&room, span, scope);
        room.to
    }

    /// Who gets it, as the server event itself says: its rooms are filled from what is sent.
    fn own_audiences(
        &mut self,
        event: &Written,
        name: &Text,
        sent: Option<&(Data, Known)>,
        scope: &Scope,
    ) -> Option<Vec<Audience>> {
        if event.to.is_empty() {
            self.tell(
                Diagnostic::error(
                    codes::NO_DESTINATION,
                    name.span,
                    format!("nothing says where `{}` goes", name.value),
                )
                .help("say `to:` here, or in the server event"),
            );
            return None;
        }
        let mut all = Vec::new();
        for text in event.to.iter() {
            let audience = match text.value.as_str() {
                "sender" if scope.site.has_sender() => Audience::Sender,
                "others" if scope.site.has_sender() => self.everyone(Audience::Others, name, scope),
                "everyone" => self.everyone(Audience::Everyone, name, scope),
                _ => Audience::Room(self.filled_room(text, name, sent, scope)?),
            };
            all.push(audience);
        }
        Some(all)
    }

    /// A room of a server event's `to:`, its parameters taken from what is sent.
    fn filled_room(
        &mut self,
        text: &Text,
        name: &Text,
        sent: Option<&(Data, Known)>,
        scope: &Scope,
    ) -> Option<RoomRef> {
        self.cut(text)?;
        let pieces = split(&text.value).ok()?;
        let names = self.names;
        let found = names
            .rooms
            .values()
            .enumerate()
            .find_map(|(index, room)| Some((index, room, unify(&text.value, &pieces, &room.pattern)?)));
        let Some((index, room, holes)) = found else {
            return self.room(text, &homeroom_definition::Table::default(), scope).map(|room| room.to);
        };
        self.used.room(room.source, room.name);
        let (mut params, mut known) = (Vec::new(), Vec::new());
        for hole in holes {
            let (template, param) = self.filled(text, &hole, name, sent, scope)?;
            params.push(template);
            known.push(param);
        }
        let room = Referred { to: RoomRef { room: index, params: params.into() }, params: known };
        Some(self.reached(room, name.span, text, scope))
    }

    fn filled(
        &mut self,
        text: &Text,
        pieces: &[Piece],
        name: &Text,
        sent: Option<&(Data, Known)>,
        scope: &Scope,
    ) -> Option<(Template, Known)> {
        let (mut parts, mut all) = (Vec::new(), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Literal(range) => parts.push(Part::Literal(text.value[range.clone()].into())),
                Piece::Hole(range) => {
                    let source = text.value[range.clone()].trim();
                    let path: Vec<&str> = source.split('.').collect();
                    let filled = sent.and_then(|(data, known)| project(data, known, &path));
                    let Some((data, known)) = filled else {
                        return self.filled_from_scope(text, pieces, source, name, scope);
                    };
                    parts.extend(as_parts(data)?);
                    all.push(known);
                }
            }
        }
        let known = all.into_iter().reduce(|one, other| Known { proven: one.proven || other.proven, ..one.or(other) });
        Some((Template::new(parts), known?))
    }

    /// A name that what is sent does not have: `user` is allowed, anything else is told.
    fn filled_from_scope(
        &mut self,
        text: &Text,
        pieces: &[Piece],
        source: &str,
        name: &Text,
        scope: &Scope,
    ) -> Option<(Template, Known)> {
        if source.starts_with("user.") {
            return self.pieces(text, pieces, scope);
        }
        self.tell(
            Diagnostic::error(codes::UNKNOWN_NAME, text.span, format!("what is sent with `{}` has no `{source}`", name.value))
                .related(name.span, "sent here")
                .help("a server event's `to:` is filled from its payload: add it to the payload, or say `to:` where it is sent"),
        );
        None
    }

    fn role_texts(&mut self, roles: &[Text], scope: &Scope) -> Option<Vec<Template>> {
        let mut all = Vec::new();
        for text in roles {
            if super::state::has_holes(text) {
                let (template, known) = self.template(text, scope)?;
                self.must_be_there(&known, text.span, &text.value);
                all.push(template);
            } else {
                self.roles(std::slice::from_ref(text));
                all.push(super::state_steps::fixed(&text.value));
            }
        }
        Some(all)
    }

    /// A name that Socket.IO or the engine keeps for itself is told.
    pub(crate) fn usable_event_name(&mut self, name: &Text) {
        const KEPT: &[&str] =
            &["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "error"];
        if KEPT.contains(&name.value.as_str()) || name.value.starts_with(refusals::OWN_EVENTS) {
            self.tell(
                Diagnostic::error(
                    codes::RESERVED_EVENT,
                    name.span,
                    format!("`{}` cannot be the name of an event", name.value),
                )
                .label("Socket.IO and the engine keep it for themselves"),
            );
        }
    }
}

/// A part of what is sent, by the properties that lead to it.
fn project(data: &Data, known: &Known, path: &[&str]) -> Option<(Data, Known)> {
    let Some((first, rest)) = path.split_first() else { return Some((data.clone(), known.clone())) };
    let part = match known.parts.as_ref().and_then(|parts| parts.get(*first)) {
        Some(part) => part.clone(),
        None => {
            let (shape, optional) = procedures::property_of(&known.shape, first)?;
            let path = known.path.as_ref().map(|path| format!("{path}.{first}"));
            Known { shape, absent: known.absent || optional, proven: known.proven, parts: None, path }
        }
    };
    let inner = match data {
        Data::Object(object) => object.get(first)?.clone(),
        Data::Const(value) => Data::Const(Box::new(value.get(*first)?.clone())),
        Data::Expr(Expr::Path(path)) => Data::Expr(Expr::Path(path.below(first))),
        Data::Expr(_) | Data::Text(_) | Data::List(_) => return None,
    };
    project(&inner, &part, rest)
}

fn as_parts(data: Data) -> Option<Vec<Part>> {
    match data {
        Data::Expr(expr) => Some(vec![Part::Hole(expr)]),
        Data::Const(value) => Some(vec![Part::Hole(Expr::Const(value))]),
        Data::Text(template) => Some(template.parts.into()),
        Data::List(_) | Data::Object(_) => None,
    }
}

fn misfits(event: &Text, data: Option<&Node>, misfit: &Misfit, span: Span, declared: Span) -> Diagnostic {
    let at = data.map_or(span, |node| place_of(node, &misfit.path));
    let path = misfit.path.join(".");
    let of = if path.is_empty() { String::new() } else { format!(" (`{path}`)") };
    Diagnostic::error(codes::MISFIT, at, format!("`{}` cannot accept this{of}: {}", event.value, misfit.reason))
        .label("does not fit its payload")
        .related(declared, "which is declared here")
}

/// The innermost value on a path that the author wrote out.
fn place_of(node: &Node, path: &[String]) -> Span {
    match path.split_first().and_then(|(first, rest)| Some((node.get(first)?, rest))) {
        Some((inner, rest)) => place_of(inner, rest),
        None => node.span,
    }
}

pub(crate) fn unknown_event<'a>(text: &Text, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    Diagnostic::error(codes::UNKNOWN_EVENT, text.span, format!("there is no server event `{}`", text.value))
        .help_if(did_you_mean(&text.value, known.clone()))
        .help(format!("declare it under `server_events:`; there are {}", spoken(known)))
}
