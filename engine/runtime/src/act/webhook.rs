//! `call` of a webhook.

use homeroom_plan::data::Data;
use homeroom_plan::frame::Frame;
use homeroom_plan::program::{Otherwise, Webhook, WebhookId};
use homeroom_plan::refusals::ENGINE_CODES;

use super::flow::handed;
use super::{Act, Done};
use crate::Refusal;
use crate::outcome::Effect;
use crate::webhooks::{Answer, Call};

impl Act<'_> {
    /// Asks a service, or leaves it news that are told once the event has come about. `None` if that ends the event.
    pub(super) async fn call_webhook(
        &mut self,
        id: WebhookId,
        with: &[(Box<str>, Data)],
        frame: &Frame<'_>,
    ) -> Result<Option<Done>, Refusal> {
        let namespace = &self.served().plan;
        let webhook = &namespace.webhooks[id];
        let data = handed(with, frame)?;
        // The id that follows the event through all logs, and which of its calls this is.
        self.calls += 1;
        let call_id = format!("{}-{}", self.site.trace, self.calls);
        if webhook.tells {
            self.effect(Effect::Tell { webhook: id, id: call_id.into(), data })?;
            return Ok(Some(Done::flag(true)));
        }
        self.touched = true;
        let came = match self.site.bound.hooks.webhooks() {
            Some(webhooks) => {
                webhooks.ask(Call { webhook, namespace: &namespace.path, id: &call_id, data: &data }).await
            }
            None => Err("the settings have no `webhooks: url:`".to_owned()),
        };
        match came.and_then(|answer| self.usable(webhook, answer)) {
            Ok(Answer::Refuse(code)) => Err(Refusal::because(&code, format!("webhook `{}`", webhook.name))),
            Ok(Answer::Data(value)) => Ok(Some(Done { value: Some(value), found: true })),
            Ok(Answer::Nothing) => Ok(Some(Done { value: None, found: webhook.answer.is_none() })),
            Err(cause) => self.unanswered(webhook, &cause),
        }
    }

    /// An answer that is as it was declared.
    fn usable(&self, webhook: &Webhook, answer: Answer) -> Result<Answer, String> {
        match (answer, &webhook.answer) {
            (Answer::Refuse(code), _) => {
                let errors = &self.served().plan.errors;
                match ENGINE_CODES.contains(&code.as_str()) || errors.contains_key(code.as_str()) {
                    true => Ok(Answer::Refuse(code)),
                    false => Err("it refuses with a code that is not declared under `errors:`".to_owned()),
                }
            }
            (Answer::Data(value), Some(answer)) => match answer.check(&value) {
                Ok(()) => Ok(Answer::Data(value)),
                Err(issues) => {
                    let paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
                    Err(format!("its answer is not as `returns:` says, at {paths:?}"))
                }
            },
            (Answer::Data(_) | Answer::Nothing, _) => Ok(Answer::Nothing),
        }
    }

    /// What the author wants where there is no answer.
    fn unanswered(&self, webhook: &Webhook, cause: &str) -> Result<Option<Done>, Refusal> {
        let cause = format!("webhook `{}`: {cause}", webhook.name);
        match &webhook.on_failure {
            Otherwise::Unstated => Err(Refusal::because("UNAVAILABLE", cause)),
            Otherwise::Refuse(code) => Err(Refusal::because(code, cause)),
            ending @ (Otherwise::Continue | Otherwise::Stop) => {
                tracing::warn!(namespace = %self.served().plan.path, cause, "a webhook gave no answer");
                Ok((*ending == Otherwise::Continue).then(|| Done::maybe(None)))
            }
        }
    }
}
