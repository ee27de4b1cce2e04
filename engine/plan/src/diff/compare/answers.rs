//! What senders are answered, then and now.

use homeroom_definition::model::ClientEvent;
use homeroom_definition::{Node, Text};
use serde_json::Value;

use super::Both;
use super::namespaces::envelope;
use super::payloads::effect_of;
use crate::diff::change::{Aspect, Detail, Direction, Effect, Place};
use crate::diff::read::{Scope, data};
use crate::diff::schema::{Rooted, differences};
use crate::program::Plan;

impl Both<'_, '_> {
    /// How an event's answer has changed, beside the form that all answers have.
    pub(super) fn answer(
        &self,
        name: &Text,
        old: (&ClientEvent, &Scope),
        new: (&ClientEvent, &Scope),
        details: &mut Vec<Detail>,
    ) {
        let node = |event: &ClientEvent| event.ack.clone().or_else(|| event.ack_args.clone());
        let at = Some(Place::New(node(new.0).map_or(name.span, |node| node.span)));
        let told_before = details.len();
        if envelope(self.old.unit.file.envelope.as_ref()) == envelope(self.new.unit.file.envelope.as_ref()) {
            match (self.answered(self.plans.0, name), self.answered(self.plans.1, name)) {
                (Some(before), Some(after)) if before.len() == after.len() => {
                    for (before, after) in before.iter().zip(after) {
                        schemas(before, after, at, details);
                    }
                }
                (None, None) => {}
                _ => {
                    let words = "it is answered with another number of values";
                    details.push(Detail::new(Aspect::Arguments(Direction::Answer), Effect::Unclear, words, at));
                }
            }
        }
        let form = |node: Option<Node>, scope: &Scope| node.map(|node| data::data(&node, scope));
        let is_other = form(node(old.0), old.1) != form(node(new.0), new.1);
        if is_other && details.len() == told_before {
            details.push(Detail::other("its answer is made differently", at));
        }
    }

    /// JSON Schema of what an event is answered with; `None`: whatever it is.
    fn answered<'p>(&self, plan: &'p Plan, name: &Text) -> Option<&'p Vec<Value>> {
        let namespace = plan.namespaces.get(self.new.path())?;
        let terms = namespace.contract.client_events.iter().find(|terms| *terms.name == *name.value)?;
        terms.success.as_ref()
    }
}

fn schemas(old: &Value, new: &Value, at: Option<Place>, details: &mut Vec<Detail>) {
    for difference in differences(Rooted::whole(old), Rooted::whole(new)) {
        let words = format!("in its answer, {}", difference.words(false));
        let effect = effect_of(difference.relation);
        details.push(Detail::new(Aspect::Payload(Direction::Answer, difference), effect, words, at));
    }
}
