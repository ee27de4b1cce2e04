//! `steps:`: named lists of steps. Each is compiled once, and looked at again for callers who hand it what a client made up.

use homeroom_definition::model::{CallStep, Procedure as Written};
use homeroom_definition::{Diagnostic, Node, Span, Table, Text, did_you_mean};
use indexmap::IndexMap;

use super::Compiler;
use super::scope::{Known, Scope, Site};
use crate::codes;
use crate::data::Data;
use crate::fit::{Fit, fit};
use crate::program::{Procedure, Slot, Verb};
use crate::shape::{Found, Shape, spoken};

/// How far each procedure has been compiled.
pub(crate) struct Procedures {
    done: Vec<Progress>,
}

enum Progress {
    Waiting,
    Begun,
    Done(Box<Finished>),
}

/// A procedure that has been compiled; without it if it is wrong, which has been told.
struct Finished {
    procedure: Option<Procedure>,
    gives: Option<Known>,
}

impl Procedures {
    pub(crate) fn new(count: usize) -> Self {
        Self { done: (0..count).map(|_| Progress::Waiting).collect() }
    }

    /// The compiled ones, in the order of their declaration.
    pub(crate) fn take(&mut self) -> Vec<Procedure> {
        let all = std::mem::take(&mut self.done).into_iter();
        all.filter_map(|progress| match progress {
            Progress::Done(finished) => finished.procedure,
            Progress::Waiting | Progress::Begun => None,
        })
        .collect()
    }
}

/// A call, compiled.
pub(crate) struct Called {
    pub(crate) verb: Verb,
    /// What it gives.
    pub(crate) known: Known,
}

impl Compiler<'_, '_> {
    /// Compiles every procedure that no call has reached.
    pub(crate) fn remaining_procedures(&mut self) {
        let names = self.names;
        for (index, declared) in names.procedures.values().enumerate() {
            self.procedure(index, declared.name.span);
        }
    }

    /// Compiles a procedure if that has not been done; what it gives.
    fn procedure(&mut self, index: usize, caller: Span) -> Option<Known> {
        let names = self.names;
        let (_, declared) = names.procedures.get_index(index)?;
        match self.procedures.done.get(index)? {
            Progress::Done(finished) => return finished.gives.clone(),
            Progress::Begun => {
                let circle = format!("`{}` calls itself, in a circle", declared.name.value);
                self.tell(
                    Diagnostic::error(codes::CALL_CIRCLE, caller, circle)
                        .related(declared.name.span, "it begins here")
                        .help("steps always end: let one of them do its part without the call"),
                );
                return None;
            }
            Progress::Waiting => self.procedures.done[index] = Progress::Begun,
        }
        let fields = self.fields(declared.item);
        let proven = fields.iter().map(|(name, known)| (name.clone(), known.clone())).collect();
        let (procedure, gives) = self.body(declared.name, declared.item, proven);
        self.procedures.done[index] = Progress::Done(Box::new(Finished { procedure, gives: gives.clone() }));
        gives
    }

    fn body(
        &mut self,
        name: &Text,
        written: &Written,
        fields: IndexMap<String, Known>,
    ) -> (Option<Procedure>, Option<Known>) {
        let mut scope = self.procedure_scope(fields);
        let handler = self.handler(&written.body, &mut scope);
        let gives = written.gives.as_ref().and_then(|node| self.data(node, &scope));
        let known = gives.as_ref().map(|(_, known)| known.clone());
        let name = name.value.as_str().into();
        let procedure = handler.map(|mut handler| {
            handler.slots = scope.slots;
            Procedure { name, handler, gives: gives.map(|(data, _)| data) }
        });
        (procedure, known)
    }

    fn procedure_scope(&self, fields: IndexMap<String, Known>) -> Scope {
        let socket = Some(self.socket());
        let mut scope = Scope { user: Some(self.user()), socket, site: Site::Procedure, ..Scope::default() };
        for (field, known) in fields {
            scope.bind(&field, known, None);
        }
        scope
    }

    /// The fields a procedure sees, as its types say, all proven.
    fn fields(&mut self, written: &Written) -> IndexMap<String, Known> {
        self.typed(&written.fields, &written.optional)
    }

    /// Fields as their types say.
    pub(super) fn typed(&mut self, fields: &Table<Node>, optional: &Table<Node>) -> IndexMap<String, Known> {
        let all = fields.iter().map(|field| (field, false)).chain(optional.iter().map(|field| (field, true)));
        all.map(|((name, node), optional)| {
            let known = Known::made(self.type_shape(node));
            (name.value.clone(), if optional { known.maybe() } else { known })
        })
        .collect()
    }

    /// A `call:`, of named steps or of a hook.
    pub(crate) fn call(&mut self, step: &CallStep, scope: &Scope) -> Option<Called> {
        let names = self.names;
        let target = &step.target;
        if let Some((index, _, declared)) = names.procedures.get_full(target.value.as_str()) {
            self.used.name("steps", declared.source, &declared.name.value);
            return self.call_steps(step, index, declared.item, scope);
        }
        if let Some((index, _, declared)) = names.webhooks.get_full(target.value.as_str()) {
            self.used.name("webhook", declared.source, &declared.name.value);
            return self.call_webhook(step, index, declared.item, scope);
        }
        if let Some(hook) = self.world.hooks.iter().find(|hook| *hook.name == *target.value) {
            let (input, output) =
                (crate::from_schema::shape_of(&hook.input), crate::from_schema::shape_of(&hook.output));
            return self.call_hook(step, &input, output, scope);
        }
        let own = names.procedures.keys().chain(names.webhooks.keys()).copied();
        let known: Vec<&str> = own.chain(self.world.hooks.iter().map(|hook| &*hook.name)).collect();
        self.tell(
            Diagnostic::error(
                codes::UNKNOWN_CALL,
                target.span,
                format!("there are no steps, no webhook and no hook named `{}`", target.value),
            )
            .help_if(did_you_mean(&target.value, known.iter().copied()))
            .help(format!(
                "declare it under `steps:` or `webhooks:`, or list a hook; there are {}",
                spoken(known.into_iter())
            )),
        );
        None
    }

    fn call_steps(&mut self, step: &CallStep, index: usize, written: &Written, scope: &Scope) -> Option<Called> {
        let gives = self.procedure(index, step.target.span);
        let wanted = self.fields(written);
        self.unknown_arguments(step, &wanted.keys().map(String::as_str).collect::<Vec<_>>());
        let (mut fields, mut handed) = (Vec::new(), IndexMap::new());
        for (slot, (name, field)) in wanted.into_iter().enumerate() {
            let argument = self.argument(step, &name, &field.shape, field.absent, scope);
            let proven = argument.as_ref().is_none_or(|(_, known)| known.proven);
            handed.insert(name, field.with_proof(proven));
            fields.extend(argument.map(|(data, _)| (slot as Slot, data)));
        }
        if scope.site.is_of_client() && self.proving.is_none() {
            self.prove_again(step.target.span, written, handed);
        }
        let known = gives.unwrap_or_else(|| Known::made(Shape::Const(serde_json::Value::Null)).maybe());
        Some(Called { verb: Verb::CallSteps { procedure: index, fields }, known })
    }

    /// Looks at a procedure again with what this caller hands it, for the sake of proofs alone.
    fn prove_again(&mut self, caller: Span, written: &Written, fields: IndexMap<String, Known>) {
        let mut scope = self.procedure_scope(fields);
        scope.site = Site::Client;
        self.proving = Some(caller);
        self.handler(&written.body, &mut scope);
        self.proving = None;
    }

    fn call_hook(&mut self, step: &CallStep, input: &Shape, output: Shape, scope: &Scope) -> Option<Called> {
        let Shape::Object(wanted) = input else { return self.call_open_hook(step, output, scope) };
        if wanted.others.is_none() {
            self.unknown_arguments(step, &wanted.properties.keys().map(String::as_str).collect::<Vec<_>>());
        }
        let (mut with, mut proven) = (Vec::new(), false);
        for (name, property) in &wanted.properties {
            let argument = self.argument(step, name, &property.shape, property.optional, scope);
            proven |= argument.as_ref().is_some_and(|(_, known)| known.proven);
            with.extend(argument.map(|(data, _)| (name.as_str().into(), data)));
        }
        let verb = Verb::CallHook { hook: step.target.value.as_str().into(), with };
        Some(Called { verb, known: hook_gives(output).with_proof(proven) })
    }

    fn call_open_hook(&mut self, step: &CallStep, output: Shape, scope: &Scope) -> Option<Called> {
        let mut with = Vec::new();
        for (name, node) in step.with.iter() {
            let (data, _) = self.data(node, scope)?;
            with.push((name.value.as_str().into(), data));
        }
        let verb = Verb::CallHook { hook: step.target.value.as_str().into(), with };
        Some(Called { verb, known: hook_gives(output) })
    }

    pub(super) fn unknown_arguments(&mut self, step: &CallStep, known: &[&str]) {
        for (name, _) in step.with.iter().filter(|(name, _)| !known.contains(&name.value.as_str())) {
            self.tell(
                Diagnostic::error(
                    codes::UNKNOWN_NAME,
                    name.span,
                    format!("`{}` has no field `{}`", step.target.value, name.value),
                )
                .help_if(did_you_mean(&name.value, known.iter().copied()))
                .help(format!("it has {}", spoken(known.iter().copied()))),
            );
        }
    }

    /// The value for one field of what is called: from `with:`, else by its name in scope.
    pub(super) fn argument(
        &mut self,
        step: &CallStep,
        name: &str,
        wanted: &Shape,
        optional: bool,
        scope: &Scope,
    ) -> Option<(Data, Known)> {
        let (data, known, span) = match step.with.get(name) {
            Some(node) => {
                let (data, known) = self.data(node, scope)?;
                (data, known, node_span(node))
            }
            None => match (scope.look_up(&[name]), scope.path(&[name])) {
                (Ok(known), Some(path)) => (Data::Expr(crate::expr::Expr::Path(path)), known, step.target.span),
                _ if optional => return None,
                _ => {
                    let needs = format!("`{}` needs `{name}`, and there is no `{name}` here", step.target.value);
                    self.tell(
                        Diagnostic::error(codes::STEP_NEEDS, step.target.span, needs)
                            .help(format!("hand it over: `with: {{ {name}: <...> }}`")),
                    );
                    return None;
                }
            },
        };
        if known.absent && !optional {
            self.must_be_there(&known, span, name);
        }
        if let Fit::No(misfit) = fit(&known.shape, wanted) {
            let path = std::iter::once(name.to_owned()).chain(misfit.path).collect::<Vec<_>>().join(".");
            let message = format!("`{}` cannot be called with this `{path}`: {}", step.target.value, misfit.reason);
            self.tell(Diagnostic::error(codes::MISFIT, span, message));
        }
        Some((data, known))
    }
}

/// A hook may give nothing where its output may be null.
fn hook_gives(output: Shape) -> Known {
    let Shape::Union(all) = &output else { return Known::made(output) };
    let null = Shape::Const(serde_json::Value::Null);
    if !all.contains(&null) {
        return Known::made(output);
    }
    let rest = all.iter().filter(|shape| **shape != null).cloned().reduce(Shape::or).unwrap_or(Shape::Any);
    Known::made(rest).maybe()
}

fn node_span(node: &Node) -> Span {
    node.span
}

/// The property of a shape, if it certainly or possibly has it.
pub(crate) fn property_of(shape: &Shape, name: &str) -> Option<(Shape, bool)> {
    match shape.property(name) {
        Found::Present(shape) => Some((shape, false)),
        Found::Optional(shape) => Some((shape, true)),
        Found::Missing(_) | Found::NotAnObject => None,
    }
}
