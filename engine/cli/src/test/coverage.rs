//! Coverage: what the definitions say, and whether any scenario has made it happen.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use homeroom_definition::{Sources, Span};
use homeroom_plan::Plan;
use homeroom_plan::program::{Entry, Handler, Namespace, Otherwise, Room, Rule, ServerEvent, Step, Verb};
use serde_json::{Value, json};

use super::witness::{Both, Seen};

/// The groups that are counted, in the order in which they are told.
const GROUPS: [&str; 6] = ["events", "rules", "steps", "refusals", "reactions", "server events"];

/// How much of a rule or step is shown.
const SHOWN_CHARS: usize = 70;

/// Something that may happen.
struct Item {
    group: &'static str,
    /// What did not happen, if it did not.
    missing: String,
    is_covered: bool,
}

/// Everything that may happen, by place; what several namespaces share stands there once.
pub(super) struct Coverage {
    items: BTreeMap<(String, usize, String), Item>,
}

impl Coverage {
    /// What of a plan was seen.
    pub(super) fn of(plan: &Plan, sources: &Sources, seen: &Seen) -> Self {
        let mut survey = Survey { plan, sources, seen, items: BTreeMap::new() };
        plan.namespaces.values().for_each(|namespace| survey.namespace(namespace));
        Self { items: survey.items }
    }

    /// How many of how many have happened.
    pub(super) fn counts(&self) -> (usize, usize) {
        self.counted(|_| true)
    }

    fn counted(&self, counts: impl Fn(&Item) -> bool) -> (usize, usize) {
        let counted = self.items.values().filter(|item| counts(item));
        counted.fold((0, 0), |(covered, all), item| (covered + usize::from(item.is_covered), all + 1))
    }

    /// How much has happened, of a hundred.
    pub(super) fn percent(&self) -> f64 {
        let (covered, all) = self.counts();
        #[allow(clippy::cast_precision_loss, reason = "definitions have less than 2^52 rules")]
        if all == 0 { 100.0 } else { covered as f64 * 100.0 / all as f64 }
    }

    /// For people: what never happened, place by place, and how much did.
    pub(super) fn told(&self) -> String {
        let mut told = String::from("coverage\n");
        for ((path, line, _), item) in self.items.iter().filter(|(_, item)| !item.is_covered) {
            let _ = writeln!(told, "  {path}:{line}: {}", item.missing);
        }
        let groups = GROUPS.iter().map(|group| {
            let (covered, all) = self.counted(|item| item.group == *group);
            format!("{group} {covered}/{all}")
        });
        let _ = writeln!(told, "  {}", groups.collect::<Vec<_>>().join(", "));
        let (covered, all) = self.counts();
        let _ = writeln!(told, "  {covered} of {all} happened: {:.1} %", self.percent());
        told
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let (covered, all) = self.counts();
        let missing = self.items.iter().filter(|(_, item)| !item.is_covered);
        let missing: Vec<Value> = missing
            .map(|((path, line, _), item)| json!({ "path": path, "line": line, "group": item.group, "message": item.missing }))
            .collect();
        json!({ "covered": covered, "all": all, "percent": self.percent(), "missing": missing })
    }
}

struct Survey<'a> {
    plan: &'a Plan,
    sources: &'a Sources,
    seen: &'a Seen,
    items: BTreeMap<(String, usize, String), Item>,
}

impl Survey<'_> {
    fn namespace(&mut self, namespace: &Namespace) {
        let path = &*namespace.path;
        self.entry("events", path, &namespace.connect, "never let anyone in");
        for entry in sorted(&namespace.client_events) {
            self.entry("events", path, entry, "never went well");
        }
        for entry in sorted(&namespace.backend_events) {
            self.entry("events", path, entry, "was never taken from a service");
        }
        if let Some(handler) = &namespace.disconnect {
            self.reaction(handler, "`disconnect`");
        }
        namespace.rooms.iter().for_each(|room| self.room(room));
        for state in &namespace.states {
            if let Some(handler) = &state.on_expire {
                self.reaction(handler, &format!("`on_expire` of `{}`", state.name));
            }
        }
        namespace.procedures.iter().for_each(|procedure| self.steps(&procedure.handler.body));
        namespace.server_events.iter().for_each(|event| self.server_event(path, event));
    }

    fn entry(&mut self, group: &'static str, namespace: &str, entry: &Entry, never: &str) {
        let is_covered = self.seen.done.contains(&(namespace.to_owned(), entry.name.to_string()));
        let (path, line) = entry.place.rsplit_once(':').unwrap_or((&entry.place, "0"));
        let place = (path.to_owned(), line.parse().unwrap_or(0));
        self.add(place, group, format!("`{}` {never}", entry.name), is_covered);
        entry.rules.iter().for_each(|rule| self.rule(rule));
        self.steps(&entry.handler.body);
    }

    fn room(&mut self, room: &Room) {
        room.rules.iter().for_each(|rule| self.rule(rule));
        for (handler, name) in [(&room.on_join, "on_join"), (&room.on_leave, "on_leave")] {
            if let Some(handler) = handler {
                self.reaction(handler, &format!("`{name}` of `{}`", room.pattern.text));
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        if asks_nothing(rule) {
            return;
        }
        let both = self.seen.rules.get(&rule.span).copied().unwrap_or_default();
        let shown = self.shown(rule.span);
        self.at(rule.span, "rules", format!("this rule never admitted anyone: {shown}"), both.yes);
        self.at(rule.span, "rules", format!("this rule never refused anyone: {shown}"), both.no);
        for check in &rule.checks {
            let query = self.plan.queries[check.call.query].name.to_string();
            let both: Both = self.seen.checks.get(&(rule.span, query.clone())).copied().unwrap_or_default();
            self.at(rule.span, "rules", format!("`check: {query}` never found nothing: {shown}"), both.no);
        }
    }

    fn reaction(&mut self, handler: &Handler, name: &str) {
        if let Some(first) = handler.body.first() {
            let is_covered = self.seen.reached.contains(&first.span);
            self.at(first.span, "reactions", format!("{name} never ran"), is_covered);
        }
        self.steps(&handler.body);
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            let shown = self.shown(step.span);
            let has_run = self.seen.ran.contains(&step.span);
            match &step.verb {
                Verb::Refuse(code) => self.at(step.span, "refusals", format!("{code} was never refused with"), has_run),
                _ => self.at(step.span, "steps", format!("this step never ran: {shown}"), has_run),
            }
            let otherwise = match &step.otherwise {
                Otherwise::Refuse(code) => Some(format!("`else: {code}` never happened: {shown}")),
                Otherwise::Stop => Some(format!("`else: stop` never happened: {shown}")),
                Otherwise::Unstated | Otherwise::Continue => None,
            };
            if let Some(missing) = otherwise {
                self.at(step.span, "refusals", missing, self.seen.elses.contains(&step.span));
            }
            match &step.verb {
                Verb::Each { body, .. } | Verb::Block(body) => self.steps(body),
                _ => {}
            }
        }
    }

    fn server_event(&mut self, namespace: &str, event: &ServerEvent) {
        let named = (namespace.to_owned(), event.name.to_string());
        let was_sent = self.seen.sent.contains(&named);
        self.at(event.span, "server events", format!("`{}` was never sent", event.name), was_sent);
        for (number, view) in event.views.iter().enumerate() {
            let roles: Vec<&str> = view.roles.iter().map(|role| &*self.plan.roles[*role]).collect();
            let missing = format!("nobody got the view of `{}` for {}", event.name, roles.join(", "));
            let was_got = self.seen.viewed.contains(&(named.0.clone(), named.1.clone(), number));
            self.at(view.span, "server events", missing, was_got);
        }
    }

    /// The beginning of what stands at a place.
    fn shown(&self, span: Span) -> String {
        let text = self.sources.slice(span).lines().next().unwrap_or_default().trim();
        match text.char_indices().nth(SHOWN_CHARS) {
            Some((at, _)) => format!("{}...", &text[..at]),
            None => text.to_owned(),
        }
    }

    fn at(&mut self, span: Span, group: &'static str, missing: String, is_covered: bool) {
        let line = self.sources.position(span.source, span.start).line;
        self.add((self.sources.path(span.source).to_owned(), line), group, missing, is_covered);
    }

    fn add(&mut self, (path, line): (String, usize), group: &'static str, missing: String, is_covered: bool) {
        let item = self.items.entry((path, line, missing.clone())).or_insert(Item { group, missing, is_covered });
        item.is_covered |= is_covered;
    }
}

fn asks_nothing(rule: &Rule) -> bool {
    rule.inside.is_empty()
        && rule.roles.is_empty()
        && rule.checks.is_empty()
        && rule.when_before.is_none()
        && rule.when.is_none()
        && rule.like.is_none()
}

fn sorted(entries: &HashMap<Arc<str>, Entry>) -> Vec<&Entry> {
    let mut sorted: Vec<&Entry> = entries.values().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted
}
