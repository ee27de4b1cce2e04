//! Webhooks, then and now: what they are asked, what may come of it, and what happens without an answer.

use homeroom_definition::model::Webhook;
use homeroom_definition::{Node, Table, Text};

use super::Both;
use super::place;
use crate::diff::change::{Act, Aspect, Change, Detail, Effect, Noun, Place};
use crate::diff::read::House;

impl Both<'_, '_> {
    pub(super) fn webhooks(&self, changes: &mut Vec<Change>) {
        for (name, was) in &self.old.names.webhooks {
            match self.new.names.webhooks.get(name) {
                None => {
                    changes.push(self.change(
                        Noun::Webhook,
                        name,
                        Act::Removed,
                        Some(Place::Old(was.name.span)),
                        Vec::new(),
                    ));
                }
                Some(is) => {
                    let details = self.webhook(was.item, is.item);
                    if !details.is_empty() {
                        let here = Some(Place::New(is.name.span));
                        changes.push(self.change(Noun::Webhook, name, Act::Changed, here, details));
                    }
                }
            }
        }
        for (name, is) in
            self.new.names.webhooks.iter().filter(|(name, _)| !self.old.names.webhooks.contains_key(*name))
        {
            changes.push(self.change(Noun::Webhook, name, Act::Added, Some(Place::New(is.name.span)), Vec::new()));
        }
    }

    fn webhook(&self, was: &Webhook, is: &Webhook) -> Vec<Detail> {
        let said = |text: &Option<Text>| text.as_ref().map(|text| text.value.clone());
        let json = |node: &Option<Node>| node.as_ref().map(Node::to_json);
        let (old, new) = (self.old, self.new);
        let mut details = Vec::new();
        let mut tell = |differs: bool, effect: Effect, words: String, spans| {
            if differs {
                details.push(Detail::new(Aspect::Other, effect, words, spans));
            }
        };
        let at = |was: &Option<Text>, is: &Option<Text>| {
            place(was.as_ref().map(|it| it.span), is.as_ref().map(|it| it.span))
        };
        let at_node = |was: &Option<Node>, is: &Option<Node>| {
            place(was.as_ref().map(|it| it.span), is.as_ref().map(|it| it.span))
        };
        let failure = |it: &Option<Text>| said(it).unwrap_or_else(|| "UNAVAILABLE".to_owned());
        let (before, after) = (failure(&was.on_failure), failure(&is.on_failure));
        let words = format!("without an answer it comes to `{after}`; it came to `{before}`");
        tell(before != after, Effect::Unclear, words, at(&was.on_failure, &is.on_failure));
        let words = "its service is asked at another path".to_owned();
        tell(said(&was.path) != said(&is.path), Effect::Plain, words, at(&was.path, &is.path));
        let words = "an answer may take another time".to_owned();
        tell(said(&was.timeout) != said(&is.timeout), Effect::Plain, words, at(&was.timeout, &is.timeout));
        let words = "it is tried another number of times".to_owned();
        tell(json(&was.attempts) != json(&is.attempts), Effect::Plain, words, at_node(&was.attempts, &is.attempts));
        let words = "it is told instead of asked, or asked instead of told".to_owned();
        tell(json(&was.tell) != json(&is.tell), Effect::Unclear, words, at_node(&was.tell, &is.tell));
        let returns = |house: &House<'_>, node: &Option<Node>| node.as_ref().map(|node| house.schema(node));
        let differs = returns(old, &was.returns) != returns(new, &is.returns);
        tell(differs, Effect::Unclear, "its answer is of another type".to_owned(), at_node(&was.returns, &is.returns));
        let fields = |house: &House<'_>, table: &Table<Node>| {
            let mut all: Vec<_> =
                table.iter().map(|(name, node)| (name.value.clone(), house.schema(node).to_string())).collect();
            all.sort();
            all
        };
        let asked = |house: &House<'_>, item: &Webhook| (fields(house, &item.fields), fields(house, &item.optional));
        let differs = asked(old, was) != asked(new, is);
        tell(differs, Effect::Plain, "its service is asked with other fields".to_owned(), Some(Place::New(is.span)));
        details
    }
}
