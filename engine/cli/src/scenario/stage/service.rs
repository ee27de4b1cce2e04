//! The service that webhooks of a scenario go to: it answers as the scenario says, and writes down what it was told.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use homeroom_definition::{Node, Table};
use homeroom_runtime::webhooks::{Answer, Call, Webhooks};
use parking_lot::Mutex;
use serde_json::Value;

/// A service that is not there.
#[derive(Default)]
pub struct Service {
    answers: BTreeMap<String, Result<Answer, String>>,
    heard: Mutex<Vec<(String, Value)>>,
}

impl Service {
    /// One that answers like this: `{ answer: ... }`, `{ refuse: CODE }`, or `fails`.
    pub(in crate::scenario) fn of(answers: &Table<Node>) -> Self {
        let answer = |node: &Node| match (node.get("answer"), node.get("refuse").and_then(Node::as_str)) {
            (Some(answer), _) => Ok(Answer::Data(answer.to_json())),
            (None, Some(code)) => Ok(Answer::Refuse(code.to_owned())),
            (None, None) if node.as_str() == Some("fails") => Err("the scenario says that it fails".to_owned()),
            (None, None) => Ok(Answer::Nothing),
        };
        let answers = answers.iter().map(|(name, node)| (name.value.clone(), answer(node))).collect();
        Self { answers, heard: Mutex::default() }
    }

    /// Uses up the first call of a webhook that has come; what it was called with.
    pub(in crate::scenario) fn heard(&self, webhook: &str) -> Option<Value> {
        let mut heard = self.heard.lock();
        let at = heard.iter().position(|(name, _)| name == webhook)?;
        Some(heard.remove(at).1)
    }
}

impl Webhooks for Service {
    fn ask<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Answer, String>> {
        self.tell(call);
        let none = || Err(format!("the scenario does not say what `{}` answers", call.webhook.name));
        let answer = self.answers.get(&*call.webhook.name).cloned().unwrap_or_else(none);
        Box::pin(std::future::ready(answer))
    }

    fn tell(&self, call: Call<'_>) {
        self.heard.lock().push((call.webhook.name.to_string(), call.data.clone()));
    }
}
