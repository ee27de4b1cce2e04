//! `webhooks:`: questions to a service, and news for it.

use std::time::Duration;

use homeroom_definition::model::{CallStep, Webhook as Written};
use homeroom_definition::{Diagnostic, Node, Text, parse_count, parse_duration};

use super::Compiler;
use super::procedures::Called;
use super::scope::{Known, Scope};
use crate::codes;
use crate::program::{Otherwise, Verb, Webhook, WebhookId};
use crate::shape::Shape;

/// How long an answer may take where the author does not say.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long it may take at all.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);
/// How often it may be tried.
const ATTEMPTS_MAX: usize = 5;
/// How many characters a path may have.
const PATH_MAX: usize = 256;

impl Compiler<'_, '_> {
    /// Compiles the webhooks of the unit, in the order of their declaration.
    pub(crate) fn webhooks(&mut self) -> Vec<Webhook> {
        let names = self.names;
        names.webhooks.values().map(|declared| self.webhook(declared.name, declared.item)).collect()
    }

    fn webhook(&mut self, name: &Text, written: &Written) -> Webhook {
        let tells = written.tell.as_ref().and_then(Node::as_bool).unwrap_or(false);
        if let (true, Some(returns)) = (tells, &written.returns) {
            self.webhook_use(returns, "what is only told answers nothing", "remove `returns:`, or `tell:`");
        }
        let timeout = written.timeout.as_ref().and_then(|text| self.diagnostics.keep(parse_duration(text)));
        let timeout = timeout.unwrap_or(TIMEOUT);
        if let Some(text) = written.timeout.as_ref().filter(|_| timeout > TIMEOUT_MAX) {
            let told = Diagnostic::error(codes::WEBHOOK, text.span, "nobody waits for an answer for so long");
            self.tell(told.help(format!("write {TIMEOUT_MAX:?} at most")));
        }
        let attempts = written.attempts.as_ref().and_then(|node| self.diagnostics.keep(parse_count(node))).unwrap_or(1);
        if let Some(node) = written.attempts.as_ref().filter(|_| attempts > ATTEMPTS_MAX) {
            self.webhook_use(node, "this is more often than anybody waits for", "write 5 at most");
        }
        let path = written.path.as_ref().unwrap_or(name);
        if !is_path(&path.value) {
            let told = Diagnostic::error(codes::WEBHOOK, path.span, "this is no path below the URL of the settings");
            self.tell(told.help("write letters, digits, `-`, `_`, `.` and `/`, such as `rooms/may-enter`"));
        }
        let on_failure = self.otherwise(written.on_failure.as_ref());
        Webhook {
            name: name.value.as_str().into(),
            path: path.value.trim_matches('/').into(),
            answer: written.returns.as_ref().and_then(|node| self.validator(node)),
            tells,
            timeout,
            attempts: u32::try_from(attempts).unwrap_or(1),
            on_failure,
        }
    }

    fn webhook_use(&mut self, node: &Node, message: &str, help: &str) {
        self.tell(Diagnostic::error(codes::WEBHOOK, node.span, message).help(help));
    }

    /// A `call:` of a webhook. What it answers is no more proven than what it is asked with.
    pub(crate) fn call_webhook(
        &mut self,
        step: &CallStep,
        webhook: WebhookId,
        written: &Written,
        scope: &Scope,
    ) -> Option<Called> {
        let wanted = self.typed(&written.fields, &written.optional);
        self.unknown_arguments(step, &wanted.keys().map(String::as_str).collect::<Vec<_>>());
        let (mut with, mut proven) = (Vec::new(), false);
        for (name, field) in wanted {
            let argument = self.argument(step, &name, &field.shape, field.absent, scope);
            proven |= argument.as_ref().is_some_and(|(_, known)| known.proven);
            with.extend(argument.map(|(data, _)| (name.as_str().into(), data)));
        }
        let shape = match &written.returns {
            Some(returns) => self.type_shape(returns),
            None => Shape::Const(serde_json::Value::Null),
        };
        // It may answer nothing, with 204.
        let known = Known::made(shape).maybe().with_proof(proven);
        Some(Called { verb: Verb::CallWebhook { webhook, with }, known })
    }
}

/// Nothing in it leads out of what it is below, or is read as something else than a path.
fn is_path(path: &str) -> bool {
    let parts = || path.trim_matches('/').split('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    path.len() <= PATH_MAX && parts().all(|part| !matches!(part, "" | "." | "..") && part.chars().all(is_plain))
}

impl Webhook {
    /// What a failure is refused with; `None` if it does not refuse.
    #[must_use]
    pub fn refuses_with(&self) -> Option<&str> {
        match &self.on_failure {
            Otherwise::Unstated => Some("UNAVAILABLE"),
            Otherwise::Refuse(code) => Some(code),
            Otherwise::Continue | Otherwise::Stop => None,
        }
    }
}
