//! From the author's steps to their one form.

use std::collections::{BTreeMap, HashMap};

use homeroom_definition::model::Step;
use homeroom_definition::{Node, Span, Table, Text, parse_duration};
use sha2::{Digest, Sha256};

use super::act::{Act, Part};
use crate::diff::read::data;
use crate::diff::read::expr;
use crate::diff::read::{House, Naming, Noun, Scope};

/// Steps where they stand: with the names they begin with.
#[derive(Clone, Copy)]
pub(crate) struct Handler<'h, 'a> {
    pub(crate) house: &'h House<'a>,
    pub(crate) scope: &'h Scope,
    pub(crate) body: &'h [Step],
}

/// The steps in one form; `naming` says how bound names are told.
pub(crate) fn acts(handler: Handler<'_, '_>, naming: Naming) -> (Vec<Act>, Scope) {
    let mut scope = handler.scope.clone().naming(naming);
    let acts = Reader { house: handler.house }.acts(handler.body, &mut scope);
    (acts, scope)
}

/// The names that only `old` binds, each with what `new` calls the same thing.
pub(crate) fn renamed(old: Handler<'_, '_>, new: Handler<'_, '_>) -> HashMap<String, String> {
    let (before, after) = (bound(old), bound(new));
    let has = |all: &[(String, String)], name: &str| all.iter().any(|(known, _)| known == name);
    let mut renamed = HashMap::new();
    for (name, contents) in before.iter().filter(|(name, _)| !has(&after, name)) {
        let same = after.iter().find(|(other, there)| there == contents && !has(&before, other));
        if let Some((other, _)) = same {
            renamed.insert(name.clone(), other.clone());
        }
    }
    renamed
}

fn bound(handler: Handler<'_, '_>) -> Vec<(String, String)> {
    fn collect(acts: &[Act], all: &mut Vec<(String, String)>) {
        for act in acts {
            all.extend(act.binds.iter().cloned());
            collect(&act.body, all);
        }
    }
    let mut all = Vec::new();
    collect(&acts(handler, Naming::Contents).0, &mut all);
    all
}

struct Reader<'h, 'a> {
    house: &'h House<'a>,
}

impl Reader<'_, '_> {
    fn acts(&self, steps: &[Step], scope: &mut Scope) -> Vec<Act> {
        steps.iter().map(|step| self.act(step, scope)).collect()
    }

    fn act(&self, step: &Step, scope: &mut Scope) -> Act {
        let mut act = Writer { scope, act: bare(step) };
        let bind = self.parts(step, &mut act);
        let mut act = act.act;
        self.body(step, &mut act, scope);
        if let Some(name) = bind {
            let contents = contents(&act.form());
            scope.bind(&name.value, &contents);
            act.binds.push((name.value.clone(), contents));
        }
        act
    }

    fn body(&self, step: &Step, act: &mut Act, scope: &mut Scope) {
        match step {
            Step::Each(each) => {
                let item = each.each.value.split_once(" in ").map_or("", |(item, _)| item.trim());
                let of = contents(&format!("each {}", act.key));
                scope.bind(item, &of);
                act.binds.push((item.to_owned(), of));
                act.body = self.acts(&each.body, scope);
                give(act, each.give.as_ref(), scope);
            }
            Step::Block(block) => act.body = self.acts(&block.body, scope),
            Step::Let(_) => act.binds.iter().for_each(|(name, contents)| scope.bind(name, contents)),
            _ => {}
        }
    }

    /// Adds what a step is made of; the name it binds.
    fn parts<'s>(&self, step: &'s Step, act: &mut Writer<'_>) -> Option<&'s Text> {
        let house = self.house;
        match step {
            Step::Join(step) => {
                act.rooms(house, "join", &step.rooms, &step.with);
                act.data("since", &step.since).otherwise(&step.otherwise, true).when(&step.when);
                step.bind.as_ref()
            }
            Step::Leave(step) => {
                act.rooms(house, "leave", &step.rooms, &step.with);
                act.room(house, "who", &step.who, &step.with).otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Emit(step) => {
                act.key(&step.event, step.event.value.clone());
                act.room_list(house, "to", audience(house, step), &step.with);
                act.room_list(house, "except", &step.except, &step.with).texts("roles", &step.roles);
                act.payload(&step.data).data("args", &step.args).flag("volatile", &step.volatile).when(&step.when);
                None
            }
            Step::Put(step) => {
                act.state(house, &step.state, &step.with).text("field", &step.field).data("value", &step.value);
                act.text("only", &step.only)
                    .duration("ttl", &step.ttl)
                    .otherwise(&step.otherwise, false)
                    .when(&step.when);
                step.bind.as_ref()
            }
            Step::Get(step) => {
                act.state(house, &step.state, &step.with).text("field", &step.field);
                act.otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Add(step) => {
                act.state(house, &step.state, &step.with).data("value", &step.value).duration("ttl", &step.ttl);
                act.otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Push(step) => {
                act.state(house, &step.state, &step.with).data("value", &step.value).duration("ttl", &step.ttl);
                act.otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Increment(step) => {
                let is_one = step.by.as_ref().is_some_and(|by| by.as_int() == Some(1));
                act.state(house, &step.state, &step.with).data("by", if is_one { &None } else { &step.by });
                act.duration("ttl", &step.ttl).when(&step.when);
                step.bind.as_ref()
            }
            Step::All(step) => {
                act.state(house, &step.of, &step.with).data("last", &step.last);
                act.otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Has(step) => {
                act.state(house, &step.of, &step.with).text("field", &step.field).data("value", &step.value);
                act.data("match", &step.matching).otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Count(step) => {
                act.state(house, &step.of, &step.with).otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Clear(step) => {
                act.state(house, &step.state, &step.with).otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Take(step) => {
                act.state(house, &step.state, &step.with).text("field", &step.field).data("value", &step.value);
                act.data("match", &step.matching).flag("first", &step.first);
                act.otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Query(step) => {
                act.key(&step.query, house.query_form(&step.query, &step.with, act.scope));
                act.otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Execute(step) => {
                act.key(&step.query, house.query_form(&step.query, &step.with, act.scope));
                act.otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Each(step) => {
                let list = step.each.value.split_once(" in ").map_or("", |(_, list)| list);
                act.act.target = list.trim().to_owned();
                act.act.key = expr::value(list, act.scope);
                act.otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Let(step) => {
                act.names(&step.names).when(&step.when);
                None
            }
            Step::Call(step) => {
                act.key(&step.target, house.name(Noun::Steps, &step.target.value).to_owned());
                act.arguments(house, &step.target, &step.with);
                act.otherwise(&step.otherwise, false).when(&step.when);
                step.bind.as_ref()
            }
            Step::Refuse(step) => {
                act.key(&step.code, step.code.value.clone()).when(&step.when);
                None
            }
            Step::Block(step) => {
                act.when(&step.when);
                None
            }
        }
    }
}

/// Where an `emit` goes: its own `to:`, else the event's.
fn audience<'s>(house: &'s House<'_>, step: &'s homeroom_definition::model::EmitStep) -> &'s [Text] {
    if step.to.is_empty() {
        return &[];
    }
    let declared = house.names.server_events.get(step.event.value.as_str());
    let default: &[Text] = declared.map_or(&[], |declared| &declared.item.to);
    let same = default.len() == step.to.len() && step.to.iter().all(|to| default.contains(to));
    let is_own_payload = step.data.is_none() && step.with.is_empty();
    if same && is_own_payload { &[] } else { &step.to }
}

fn bare(step: &Step) -> Act {
    let (target, key) = (String::new(), String::new());
    let (parts, body, binds) = (Vec::new(), Vec::new(), Vec::new());
    Act { verb: step.verb(), target, key, parts, body, span: step.span(), binds }
}

fn give(act: &mut Act, give: Option<&Node>, scope: &Scope) {
    if let Some(node) = give {
        act.parts.push(Part {
            name: "give",
            form: data::data(node, scope),
            shown: written(node),
            span: node.span,
            properties: properties(node, scope),
        });
    }
}

/// The properties of an object that is written out.
fn properties(node: &Node, scope: &Scope) -> BTreeMap<String, String> {
    let entries = node.as_map().unwrap_or_default();
    entries.iter().map(|(key, value)| (key.value.clone(), data::data(value, scope))).collect()
}

/// A short stand-in for a long form.
fn contents(form: &str) -> String {
    Sha256::digest(form.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn written(node: &Node) -> String {
    node.text().map_or_else(|| node.to_json().to_string(), |text| text.value)
}

/// A step under construction.
struct Writer<'s> {
    scope: &'s Scope,
    act: Act,
}

impl Writer<'_> {
    fn key(&mut self, target: &Text, form: String) -> &mut Self {
        self.act.target.clone_from(&target.value);
        self.act.key = form;
        self
    }

    fn part(&mut self, name: &'static str, form: String, shown: String, span: Span) -> &mut Self {
        self.act.parts.push(Part { name, form, shown, span, properties: BTreeMap::new() });
        self
    }

    fn rooms(&mut self, house: &House<'_>, _verb: &str, rooms: &[Text], with: &Table<Node>) -> &mut Self {
        let forms: Vec<String> = rooms.iter().map(|room| house.room_form(room, with, self.scope)).collect();
        self.act.target = rooms.iter().map(|room| format!("`{room}`")).collect::<Vec<_>>().join(", ");
        self.act.key = forms.join(", ");
        self
    }

    fn room(&mut self, house: &House<'_>, name: &'static str, room: &Option<Text>, with: &Table<Node>) -> &mut Self {
        self.room_list(house, name, room.as_slice(), with)
    }

    /// Rooms whose order counts for nothing.
    fn room_list(&mut self, house: &House<'_>, name: &'static str, rooms: &[Text], with: &Table<Node>) -> &mut Self {
        let Some(first) = rooms.first() else { return self };
        let mut forms: Vec<String> = rooms.iter().map(|room| house.room_form(room, with, self.scope)).collect();
        forms.sort();
        forms.dedup();
        let shown = rooms.iter().map(|room| room.value.clone()).collect::<Vec<_>>().join(", ");
        self.part(name, forms.join(", "), shown, first.span)
    }

    fn texts(&mut self, name: &'static str, texts: &[Text]) -> &mut Self {
        let Some(first) = texts.first() else { return self };
        let mut forms: Vec<String> = texts.iter().map(|one| data::text(&one.value, self.scope)).collect();
        forms.sort();
        let shown = texts.iter().map(|one| one.value.clone()).collect::<Vec<_>>().join(", ");
        self.part(name, forms.join(", "), shown, first.span)
    }

    fn state(&mut self, house: &House<'_>, state: &Text, with: &Table<Node>) -> &mut Self {
        let form = house.state_form(state, with, self.scope);
        self.key(state, form)
    }

    fn text(&mut self, name: &'static str, text: &Option<Text>) -> &mut Self {
        if let Some(text) = text {
            self.part(name, data::text(&text.value, self.scope), text.value.clone(), text.span);
        }
        self
    }

    fn duration(&mut self, name: &'static str, text: &Option<Text>) -> &mut Self {
        if let Some(text) = text {
            let known = parse_duration(text).ok().map(|duration| format!("{duration:?}"));
            let form = known.unwrap_or_else(|| data::text(&text.value, self.scope));
            self.part(name, form, text.value.clone(), text.span);
        }
        self
    }

    fn data(&mut self, name: &'static str, node: &Option<Node>) -> &mut Self {
        if let Some(node) = node {
            self.part(name, data::data(node, self.scope), written(node), node.span);
            if let Some(part) = self.act.parts.last_mut() {
                part.properties = properties(node, self.scope);
            }
        }
        self
    }

    /// `data:`; the event's own payload is what is sent where nothing is said.
    fn payload(&mut self, node: &Option<Node>) -> &mut Self {
        let is_own = node.as_ref().is_some_and(|node| data::data(node, self.scope) == "payload");
        if is_own { self } else { self.data("data", node) }
    }

    /// Yes or no; no where nothing is said.
    fn flag(&mut self, name: &'static str, node: &Option<Node>) -> &mut Self {
        let is_no = node.as_ref().is_some_and(|node| node.as_bool() == Some(false));
        if is_no { self } else { self.data(name, node) }
    }

    /// `else:`; to go on is what happens where nothing is said, but for a `join`.
    fn otherwise(&mut self, text: &Option<Text>, is_join: bool) -> &mut Self {
        let goes_on = text.as_ref().is_some_and(|text| text.value == "continue") && !is_join;
        if goes_on { self } else { self.text("else", text) }
    }

    fn when(&mut self, text: &Option<Text>) -> &mut Self {
        if let Some(text) = text {
            let form = expr::condition(&text.value, self.scope).form();
            if form != "true" {
                self.part("when", form, text.value.trim().to_owned(), text.span);
            }
        }
        self
    }

    fn names(&mut self, names: &Table<Node>) -> &mut Self {
        let mut binds = Vec::new();
        for (name, node) in names.iter() {
            let form = data::data(node, self.scope);
            let is_engine = matches!(name.value.as_str(), "socket" | "user");
            if !is_engine {
                binds.push((name.value.clone(), contents(&form)));
            }
            let key = if is_engine { name.value.clone() } else { contents(&form) };
            self.act.key.push_str(&format!("{key} "));
            self.part("let", form, format!("{name}: {}", written(node)), node.span);
        }
        self.act.target = names.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        self.act.binds = binds;
        self
    }

    /// What named steps or a hook are called with: every field, wherever it is found.
    fn arguments(&mut self, house: &House<'_>, target: &Text, with: &Table<Node>) -> &mut Self {
        let mut all: Vec<String> =
            with.iter().map(|(name, node)| format!("{name}: {}", data::data(node, self.scope))).collect();
        if let Some(declared) = house.names.procedures.get(target.value.as_str()) {
            let fields = declared.item.fields.names().chain(declared.item.optional.names());
            let unsaid = fields.filter(|name| !with.contains(&name.value));
            all.extend(unsaid.map(|name| format!("{name}: {}", self.scope.meaning(&name.value))));
        }
        if all.is_empty() {
            return self;
        }
        all.sort();
        let shown: Vec<String> = with.iter().map(|(name, node)| format!("{name}: {}", written(node))).collect();
        self.part("with", all.join(", "), shown.join(", "), target.span)
    }
}
