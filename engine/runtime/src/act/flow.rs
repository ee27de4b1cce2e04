//! `each`, `let`, `call`.

use std::borrow::Cow;

use homeroom_plan::data::Data;
use homeroom_plan::expr::Expr;
use homeroom_plan::frame::Frame;
use homeroom_plan::program::{ProcedureId, Slot, Step, Verb};
use homeroom_plan::user::User;
use serde_json::{Map, Value};

use super::{Act, Done, Flow};
use crate::{HookError, Refusal};

/// The slots that steps bind, blocks and loops inside them included.
fn slots_bound_in(steps: &[Step]) -> Vec<Slot> {
    let of_verb = |verb: &Verb| match verb {
        Verb::Let(names) => names.iter().map(|(slot, _)| *slot).collect(),
        Verb::Block(steps) => slots_bound_in(steps),
        Verb::Each { item, body, .. } => slots_bound_in(body).into_iter().chain([*item]).collect(),
        _ => Vec::new(),
    };
    steps.iter().flat_map(|step| of_verb(&step.verb).into_iter().chain(step.bind)).collect()
}

/// What is handed to what is called; what is absent is left out.
pub(super) fn handed(with: &[(Box<str>, Data)], frame: &Frame<'_>) -> Result<Value, Refusal> {
    let mut input = Map::new();
    for (property, data) in with {
        if let Some(value) = data.eval(frame)? {
            input.insert(property.to_string(), value);
        }
    }
    Ok(Value::Object(input))
}

impl Act<'_> {
    /// Repeats steps for the items of a list. `None` if they stopped the event.
    pub(super) async fn each(
        &mut self,
        list: &Expr,
        item: Slot,
        body: &[Step],
        give: Option<&Data>,
        max: usize,
        frame: &mut Frame<'_>,
    ) -> Result<Option<Done>, Refusal> {
        let items = match list.eval(frame)?.map(Cow::into_owned) {
            Some(Value::Array(items)) => items,
            None => Vec::new(),
            Some(_) => return Err(Refusal::internal("`each:` was given no list")),
        };
        if items.len() > max {
            return Err(Refusal::internal("a list is longer than was proved"));
        }
        let (turns, mut given) = (items.len(), Vec::new());
        let before: Vec<_> = slots_bound_in(body).into_iter().map(|slot| (slot, frame.slots[slot].clone())).collect();
        for value in items {
            // What one turn has named, the next does not see.
            before.iter().for_each(|(slot, value)| frame.set(*slot, value.clone()));
            frame.set(item, Some(value));
            if self.run_inside(body, frame).await? == Flow::Stop {
                return Ok(None);
            }
            if let Some(give) = give {
                given.extend(give.eval(frame)?);
            }
        }
        let value = if give.is_some() { Value::Array(given) } else { turns.into() };
        Ok(Some(Done { value: Some(value), found: turns > 0 }))
    }

    /// Runs named steps in a frame of their own. `None` if they stopped the event.
    pub(super) async fn call_steps(
        &mut self,
        procedure: ProcedureId,
        fields: &[(Slot, Data)],
        frame: &Frame<'_>,
    ) -> Result<Option<Done>, Refusal> {
        let procedure = &self.served().plan.procedures[procedure];
        let mut inner = Frame::new(frame.user(), frame.now, procedure.handler.slots);
        inner.socket.clone_from(&frame.socket);
        for (slot, data) in fields {
            let value = data.eval(frame)?;
            inner.set(*slot, value);
        }
        if self.run_inside(&procedure.handler.body, &mut inner).await? == Flow::Stop {
            return Ok(None);
        }
        Ok(Some(match &procedure.gives {
            Some(data) => Done::maybe(data.eval(&inner)?),
            None => Done { value: None, found: true },
        }))
    }

    pub(super) async fn call_hook(
        &mut self,
        name: &str,
        with: &[(Box<str>, Data)],
        frame: &Frame<'_>,
    ) -> Result<Done, Refusal> {
        let hook = self.site.bound.hooks.get(name).ok_or_else(|| Refusal::internal("the hook is not there"))?;
        let input = handed(with, frame)?;
        let called = tokio::time::timeout(self.site.inner.settings.hook_timeout, hook.call(input));
        match called.await {
            Ok(Ok(value)) => Ok(Done::maybe(value)),
            Ok(Err(HookError::Refuse(code))) => Err(Refusal::code(&code)),
            Ok(Err(HookError::Failed(cause))) => Err(Refusal::internal(format!("hook `{name}`: {cause}"))),
            Err(_) => Err(Refusal::because("TIMEOUT", format!("hook `{name}`"))),
        }
    }

    /// Names values of the connection, for the steps that follow and, once the event is done, for later events.
    pub(super) fn name_socket_values(
        &mut self,
        values: &[(Box<str>, Data)],
        frame: &mut Frame<'_>,
    ) -> Result<Done, Refusal> {
        let socket = frame.socket.clone().unwrap_or_default();
        let mut vars = socket.vars();
        for (name, data) in values {
            match data.eval(frame)? {
                Some(value) => vars.insert(name.to_string(), value),
                None => vars.remove(&**name),
            };
        }
        let vars = Value::Object(vars);
        if vars.to_string().len() > self.site.inner.settings.socket_vars_bytes_max {
            return Err(Refusal::because("PAYLOAD_TOO_LARGE", "`socket.vars` would be too large"));
        }
        frame.socket = Some(socket.naming(vars.clone()));
        self.vars = Some(vars);
        Ok(Done::flag(true))
    }

    /// Says who the user is, for the steps that follow and for the connection.
    pub(super) fn name_user(&mut self, data: &Data, frame: &mut Frame<'_>) -> Result<Done, Refusal> {
        let user = User::from(data.eval(frame)?.unwrap_or(Value::Null));
        frame.name_user(user.clone());
        self.user = Some(user);
        Ok(Done::flag(true))
    }
}
