//! What events carry, then and now.

use homeroom_definition::Node;
use serde_json::Value;

use super::{Both, place};
use crate::diff::change::{Aspect, Detail, Direction, Effect, Place};
use crate::diff::schema::{Difference, Relation, Rooted, What, differences, opened, place as place_of};

/// What an event carries on one side.
#[derive(Clone, Copy)]
pub(super) struct Carried<'n> {
    pub(super) payload: Option<&'n Node>,
    pub(super) args: Option<&'n Node>,
    /// Whether unknown fields are dropped.
    pub(super) drops: bool,
}

impl Carried<'_> {
    fn words(self) -> &'static str {
        match (self.payload, self.args) {
            (Some(_), _) => "one argument",
            (None, Some(args)) if args.as_seq().is_some() => "several arguments",
            (None, Some(_)) => "any arguments",
            (None, None) => "nothing",
        }
    }
}

impl Both<'_, '_> {
    pub(super) fn carried(&self, direction: Direction, old: Carried<'_>, new: Carried<'_>, details: &mut Vec<Detail>) {
        match (old.payload, new.payload, old.args, new.args) {
            (Some(before), Some(after), ..) => {
                self.payload(direction, (before, old.drops), (after, new.drops), details);
            }
            (None, None, Some(before), Some(after)) => self.arguments(direction, before, after, details),
            (None, None, None, None) => {}
            _ => {
                let words = format!("it carries {} now; it was {}", new.words(), old.words());
                let span = |carried: Carried<'_>| carried.payload.or(carried.args).map(|node| node.span);
                details.push(Detail::new(
                    Aspect::Arguments(direction),
                    Effect::Unclear,
                    words,
                    place(span(old), span(new)),
                ));
            }
        }
    }

    fn payload(&self, direction: Direction, old: (&Node, bool), new: (&Node, bool), details: &mut Vec<Detail>) {
        let (before, after) = (self.old.schema(old.0), self.new.schema(new.0));
        if old.1 != new.1 && direction == Direction::Sent {
            let refused = !new.1;
            let (effect, words) = match refused {
                true => (Effect::Narrower, "fields that it does not name are refused now; they were left out"),
                false => (Effect::Wider, "fields that it does not name are left out now; they were refused"),
            };
            let place = Some(Place::New(new.0.span));
            details.push(Detail::new(Aspect::UnknownFields { refused }, effect, words, place));
        }
        let drops = old.1 && new.1;
        let (before, after) = if drops { (opened(&before), opened(&after)) } else { (before, after) };
        self.schemas(direction, (&before, old.0), (&after, new.0), details);
    }

    fn arguments(&self, direction: Direction, old: &Node, new: &Node, details: &mut Vec<Detail>) {
        let listed = |node: &Node| node.as_seq().map(<[Node]>::len);
        if listed(old) != listed(new) {
            let said = |count: Option<usize>| {
                count.map_or("any arguments".to_owned(), |count| crate::diff::words::counted(count, "argument"))
            };
            let words = format!("it carries {} now; it was {}", said(listed(new)), said(listed(old)));
            let place = Some(Place::New(new.span));
            details.push(Detail::new(Aspect::Arguments(direction), Effect::Unclear, words, place));
            return;
        }
        let pairs = old.as_seq().into_iter().flatten().zip(new.as_seq().into_iter().flatten());
        for (index, (before, after)) in pairs.enumerate() {
            let told_before = details.len();
            self.payload(direction, (before, false), (after, false), details);
            for detail in &mut details[told_before..] {
                detail.words = format!("argument {}: {}", index + 1, detail.words);
            }
        }
    }

    fn schemas(&self, direction: Direction, old: (&Value, &Node), new: (&Value, &Node), details: &mut Vec<Detail>) {
        for difference in differences(Rooted::whole(old.0), Rooted::whole(new.0)) {
            let (before, after) = (
                place_of(old.1, &difference.at, &self.old.declared),
                place_of(new.1, &difference.at, &self.new.declared),
            );
            let is_gone = matches!(difference.what, What::Dropped { .. });
            let place = if is_gone { Place::Old(before) } else { Place::New(after) };
            details.push(payload_detail(direction, difference, place));
        }
    }

    /// What of a type outside of events differs, in words alone.
    pub(super) fn type_details(&self, old: &Node, new: &Node) -> Vec<Detail> {
        let mut details = Vec::new();
        let (before, after) = (self.old.schema(old), self.new.schema(new));
        self.schemas(Direction::Backend, (&before, old), (&after, new), &mut details);
        details.iter_mut().for_each(|detail| detail.aspect = Aspect::Other);
        details
    }
}

fn payload_detail(direction: Direction, difference: Difference, place: Place) -> Detail {
    let sent = matches!(direction, Direction::Sent | Direction::Backend);
    let effect = effect_of(difference.relation);
    let words = difference.words(sent);
    Detail::new(Aspect::Payload(direction, difference), effect, words, Some(place))
}

/// What it means that other values are accepted.
pub(super) fn effect_of(relation: Relation) -> Effect {
    match relation {
        Relation::More => Effect::Wider,
        Relation::Fewer => Effect::Narrower,
        Relation::Same | Relation::Other => Effect::Unclear,
    }
}
