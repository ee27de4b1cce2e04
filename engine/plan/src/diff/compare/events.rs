//! What clients and services may send, and connects, then and now.

use homeroom_definition::model::{BackendEvent, ClientEvent, Connect, EmitStep, Step};
use homeroom_definition::{LimitScope, Many, Node, OverLimit, RateLimit, Table, Text, parse_rate_limit};

use super::payloads::Carried;
use super::rights::Said;
use super::{Both, described, place};
use crate::diff::change::{Act, Aspect, Change, Detail, Direction, Effect, Noun, Place, Right};
use crate::diff::read::{House, Scope};
use crate::diff::rights::{Depth, Keys, Rights};

impl Both<'_, '_> {
    pub(super) fn connect(&self, changes: &mut Vec<Change>) {
        let (old, new) = (self.old.unit.file.connect.as_ref(), self.new.unit.file.connect.as_ref());
        let nothing = Connect {
            payload: None,
            allow: None,
            roles: Many::default(),
            check: Many::default(),
            when: None,
            like: None,
            with: Table::default(),
            body: Vec::new(),
            span: self.new.unit.path.span,
        };
        let (was, is) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
        let mut details =
            self.right(Right::Connect, "connect", &connecting(self.old, was), &connecting(self.new, is), is.span);
        if self.old.is_open() != self.new.is_open() {
            // Whether a token is asked for says it all; without one there are no roles.
            details.clear();
        }
        let carried = |connect: &'_ Connect| connect.payload.clone();
        let (before, after) = (carried(was), carried(is));
        let carried = |payload| Carried { payload, args: None, drops: true };
        self.carried(Direction::Sent, carried(before.as_ref()), carried(after.as_ref()), &mut details);
        let scope = Scope::default();
        self.steps((&was.body, &scope), (&is.body, &scope), &mut details);
        if !details.is_empty() {
            let at = place(old.map(|connect| connect.span), new.map(|connect| connect.span));
            changes.push(self.change(Noun::Connect, "", Act::Changed, at, details));
        }
        self.disconnect(changes);
    }

    fn disconnect(&self, changes: &mut Vec<Change>) {
        let (old, new) = (self.old.unit.file.disconnect.as_ref(), self.new.unit.file.disconnect.as_ref());
        let (scope, mut details) = (Scope::default(), Vec::new());
        let body = |side: Option<&homeroom_definition::model::Disconnect>| {
            side.map(|disconnect| disconnect.body.clone()).unwrap_or_default()
        };
        self.steps((&body(old), &scope), (&body(new), &scope), &mut details);
        if !details.is_empty() {
            let at = place(old.map(|side| side.span), new.map(|side| side.span));
            changes.push(self.change(Noun::Disconnect, "", Act::Changed, at, details));
        }
    }

    pub(super) fn client_events(&self, changes: &mut Vec<Change>) {
        let (old, new) = (&self.old.unit.file.client_events, &self.new.unit.file.client_events);
        for (name, _) in old.iter().filter(|(name, _)| !new.contains(&name.value)) {
            let place = Some(Place::Old(name.span));
            changes.push(self.change(Noun::ClientEvent, name, Act::Removed, place, Vec::new()));
        }
        for (name, is) in new {
            let place = Some(Place::New(name.span));
            let (act, details) = match old.get(&name.value) {
                None => {
                    let words = sending(self.new, is).written.words("send it", self.new.roles);
                    (Act::Added, vec![Detail::other(words, place)])
                }
                Some(was) => (Act::Changed, self.client_event(name, was, is)),
            };
            if !details.is_empty() {
                changes.push(self.change(Noun::ClientEvent, name, act, place, details));
            }
        }
    }

    fn client_event(&self, name: &Text, was: &ClientEvent, is: &ClientEvent) -> Vec<Detail> {
        let mut details: Vec<Detail> =
            described(was.description.as_ref(), is.description.as_ref()).into_iter().collect();
        let action = format!("send `{name}`");
        details.extend(self.right(Right::Send, &action, &sending(self.old, was), &sending(self.new, is), name.span));
        let carried = |house: &House<'_>, payload, args, own: &Option<Text>| Carried {
            payload,
            args,
            drops: drops(house, own.as_ref()),
        };
        let before = carried(self.old, was.payload.as_ref(), was.args.as_ref(), &was.unknown_fields);
        let after = carried(self.new, is.payload.as_ref(), is.args.as_ref(), &is.unknown_fields);
        self.carried(Direction::Sent, before, after, &mut details);
        details.extend(self.rate(was.rate_limit.as_ref(), is.rate_limit.as_ref(), name));
        let scope = Scope::default();
        let scopes = self.steps((&was.body, &scope), (&is.body, &scope), &mut details);
        self.answer(name, (was, &scopes.0), (is, &scopes.1), &mut details);
        details
    }

    /// How often, compared with before; what the settings say holds where nothing is stated.
    fn rate(&self, old: Option<&Text>, new: Option<&Text>, name: &Text) -> Option<Detail> {
        let read = |text: Option<&Text>| text.and_then(|text| parse_rate_limit(text).ok());
        let (was, is) = (read(old).unwrap_or(self.rates.0), read(new).unwrap_or(self.rates.1));
        // A changed default is told once, among the settings.
        if was == is || (old.is_none() && new.is_none()) {
            return None;
        }
        let often = |rate: &RateLimit| f64::from(rate.count) / rate.per.as_secs_f64().max(f64::MIN_POSITIVE);
        let comparable = was.scope == is.scope;
        let tighter = is.count < was.count || often(&is) < often(&was);
        let looser = is.count > was.count || often(&is) > often(&was);
        let effect = match (comparable, tighter, looser) {
            (true, true, false) => Effect::Narrower,
            (true, false, true) => Effect::Wider,
            (true, false, false) => Effect::Plain,
            _ => Effect::Unclear,
        };
        let words = format!("it may be sent {} now; it was {}", rate_words(&is), rate_words(&was));
        let spans = (old.map(|text| text.span), new.map(|text| text.span));
        let at = place(None, spans.1).unwrap_or(Place::New(name.span));
        Some(Detail::new(Aspect::Rate, effect, words, Some(at)))
    }

    pub(super) fn backend_events(&self, changes: &mut Vec<Change>) {
        let (old, new) = (&self.old.unit.file.backend_events, &self.new.unit.file.backend_events);
        for (name, _) in old.iter().filter(|(name, _)| !new.contains(&name.value)) {
            let place = Some(Place::Old(name.span));
            changes.push(self.change(Noun::BackendEvent, name, Act::Removed, place, Vec::new()));
        }
        for (name, is) in new {
            let place = Some(Place::New(name.span));
            let Some(was) = old.get(&name.value) else {
                changes.push(self.change(Noun::BackendEvent, name, Act::Added, place, Vec::new()));
                continue;
            };
            let mut details = Vec::new();
            let (was, is) = (Backend::of(self.old, was), Backend::of(self.new, is));
            details.extend(described(was.description, is.description));
            self.carried(Direction::Backend, was.carried, is.carried, &mut details);
            let scope = Scope::default();
            self.steps((&was.body, &scope), (&is.body, &scope), &mut details);
            if !details.is_empty() {
                changes.push(self.change(Noun::BackendEvent, name, Act::Changed, place, details));
            }
        }
    }
}

/// A backend event, relays written out.
struct Backend<'n> {
    description: Option<&'n Text>,
    carried: Carried<'n>,
    body: Vec<Step>,
}

impl<'n> Backend<'n> {
    fn of(house: &'n House<'_>, event: &'n BackendEvent) -> Self {
        match event {
            BackendEvent::Full(steps) => Self {
                description: steps.description.as_ref(),
                carried: Carried { payload: steps.payload.as_ref(), args: steps.args.as_ref(), drops: false },
                body: steps.body.clone(),
            },
            BackendEvent::Relay(name) => {
                let target = house.names.server_events.get(name.value.as_str()).map(|declared| declared.item);
                let (payload, args) =
                    target.map_or((None, None), |event| (event.payload.as_ref(), event.args.as_ref()));
                let emit = EmitStep {
                    event: name.clone(),
                    to: Many::default(),
                    except: Many::default(),
                    roles: Many::default(),
                    data: None,
                    args: args.map(|node| Node::new(homeroom_definition::Kind::Str("<args>".into()), node.span)),
                    volatile: None,
                    when: None,
                    with: Table::default(),
                    span: name.span,
                };
                let carried = Carried { payload, args, drops: false };
                Self { description: None, carried, body: vec![Step::Emit(emit)] }
            }
        }
    }
}

fn drops(house: &House<'_>, own: Option<&Text>) -> bool {
    own.or(house.unit.file.unknown_fields.as_ref()).is_some_and(|word| word.value == "drop")
}

fn connecting(house: &House<'_>, connect: &Connect) -> Said {
    let keys = Keys {
        inside: &[],
        roles: &connect.roles,
        check: &connect.check,
        when: connect.when.as_ref(),
        like: connect.like.as_ref(),
        with: &connect.with,
    };
    said(house, connect.allow.as_ref(), &keys, &[])
}

fn sending(house: &House<'_>, event: &ClientEvent) -> Said {
    let keys = Keys {
        inside: &event.inside,
        roles: &event.roles,
        check: &event.check,
        when: event.when.as_ref(),
        like: event.like.as_ref(),
        with: &event.with,
    };
    said(house, event.allow.as_ref(), &keys, &event.body)
}

fn said(house: &House<'_>, allow: Option<&homeroom_definition::model::Allow>, keys: &Keys<'_>, body: &[Step]) -> Said {
    Said {
        written: Rights::of_event(house, allow, keys, body, Depth::AsWritten),
        through: Rights::of_event(house, allow, keys, body, Depth::Through),
        rules: allow.map(|allow| Rights::of_each_rule(house, allow, &Scope::default())).unwrap_or_default(),
    }
}

fn rate_words(rate: &RateLimit) -> String {
    let scope = match rate.scope {
        LimitScope::Connection => "",
        LimitScope::User => " per user",
        LimitScope::Room => " per room",
    };
    let over = match rate.over {
        OverLimit::Refuse => "",
        OverLimit::Drop => ", and is dropped beyond that",
        OverLimit::Coalesce => ", and is held back beyond that",
    };
    format!("{} in {}{scope}{over}", times(rate.count), super::small::duration(rate.per))
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
