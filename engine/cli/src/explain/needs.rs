//! Who may: what a rule asks for, in words, without asking anybody.

use homeroom_plan::Plan;
use homeroom_plan::program::{Namespace, RoomRef, Rule};

use super::words::{any_of, listed};
use super::written::Written;

/// How many ways to be admitted are told.
const WAYS_MAX: usize = 8;

/// One way to be admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remedy {
    /// Who is, such as "a TEACHER for whom `teaches_class` finds something".
    pub(super) who: String,
    /// The rule that admits them.
    pub(super) place: String,
}

/// What rules are told with.
pub(super) struct Needs<'a> {
    pub(super) plan: &'a Plan,
    pub(super) namespace: &'a Namespace,
    pub(super) written: &'a Written,
}

impl Needs<'_> {
    /// Who is admitted by one of these rules; first what is for users of this role.
    pub(super) fn of(&self, rules: &[Rule], role: Option<&str>) -> Vec<Remedy> {
        let mut found = Vec::new();
        for rule in rules {
            self.rule(rule, &mut found);
        }
        let role = role.and_then(|role| self.plan.roles.iter().position(|known| &**known == role));
        found.sort_by_key(|(roles, _)| !roles.is_empty() && !role.is_some_and(|role| roles.contains(&role)));
        let mut remedies: Vec<Remedy> = Vec::new();
        for (_, remedy) in found {
            if !remedies.contains(&remedy) {
                remedies.push(remedy);
            }
        }
        remedies.truncate(WAYS_MAX);
        remedies
    }

    fn rule(&self, rule: &Rule, found: &mut Vec<(Vec<usize>, Remedy)>) {
        let asks_more = !rule.roles.is_empty()
            || !rule.inside.is_empty()
            || !rule.checks.is_empty()
            || rule.when.is_some()
            || rule.when_before.is_some();
        if let (Some(like), false) = (&rule.like, asks_more) {
            // Whoever that room admits: its own rules say who that is.
            for rule in &self.namespace.rooms[like.room].rules {
                self.rule(rule, found);
            }
            return;
        }
        let remedy = Remedy { who: self.words(rule), place: rule.place.to_string() };
        found.push((rule.roles.clone(), remedy));
    }

    fn words(&self, rule: &Rule) -> String {
        let roles: Vec<String> =
            rule.roles.iter().filter_map(|role| self.plan.roles.get(*role)).map(ToString::to_string).collect();
        let who = if roles.is_empty() { "anyone".to_owned() } else { any_of(&roles) };
        let mut asks = Vec::new();
        if !rule.inside.is_empty() {
            asks.push(format!("who is in {}", listed(&self.rooms(&rule.inside), "or")));
        }
        for check in &rule.checks {
            asks.push(format!("for whom `{}` finds something", self.plan.queries[check.call.query].name));
        }
        if rule.when.is_some() || rule.when_before.is_some() {
            let text = self.written.rule(rule.span).and_then(|written| written.when.as_ref());
            asks.push(text.map_or("if its condition holds".to_owned(), |text| format!("if `{}`", text.value)));
        }
        if let Some(like) = &rule.like {
            asks.push(format!("whom {} admits", self.namespace.rooms[like.room].pattern.text));
        }
        if asks.is_empty() { who } else { format!("{who} {}", listed(&asks, "and")) }
    }

    fn rooms(&self, rooms: &[RoomRef]) -> Vec<String> {
        rooms.iter().map(|room| self.namespace.rooms[room.room].pattern.text.clone()).collect()
    }
}
