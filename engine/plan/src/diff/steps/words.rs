//! Steps and their changes in words.

use homeroom_definition::Span;

use super::act::{Act, Part};
use super::compare::StepChange;
use crate::diff::words::and;

/// How many letters of what the author wrote are shown.
const LETTERS_MAX: usize = 80;

impl Act {
    /// What it does: "emits `grade.posted`".
    pub(crate) fn words(&self) -> String {
        let target = &self.target;
        match self.verb {
            "join" => format!("joins {target}"),
            "leave" if self.part("who").is_some() => format!("empties {target}"),
            "leave" => format!("leaves {target}"),
            "emit" => match self.part("to") {
                Some(to) => format!("emits `{target}` to {}", rooms(&to.shown)),
                None => format!("emits `{target}`"),
            },
            "put" => format!("puts into `{target}`"),
            "get" => format!("reads a field of `{target}`"),
            "add" => format!("adds to `{target}`"),
            "push" => format!("appends to `{target}`"),
            "increment" => format!("counts `{target}`"),
            "all" => format!("reads `{target}`"),
            "has" => format!("looks into `{target}`"),
            "count" => format!("counts `{target}`"),
            "clear" => format!("empties `{target}`"),
            "take" => format!("takes from `{target}`"),
            "query" => format!("asks `{target}`"),
            "execute" => format!("executes `{target}`"),
            "each" => format!("goes through `{target}`"),
            "let" => format!("names {target}"),
            "call" => format!("calls `{target}`"),
            "refuse" => format!("refuses with {target}"),
            _ => "does several things under one condition".to_owned(),
        }
    }

    /// The same with its condition.
    fn whole(&self) -> String {
        let inner = if self.verb == "do" {
            self.body.iter().map(Self::words).collect::<Vec<_>>().join(", ")
        } else {
            self.words()
        };
        match self.part("when") {
            Some(when) => format!("{inner}, when `{}`", cut(&when.shown)),
            None => inner,
        }
    }
}

impl StepChange<'_> {
    /// In words, as a clause whose subject is the event: "it also emits `grade.posted`".
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Added(act) => format!("also {}", act.whole()),
            Self::Removed(act) => format!("no longer {}", act.whole()),
            Self::Moved(act) => format!("{}, but in another order", act.words()),
            Self::Changed { new, part: "", .. } => format!("{}, but written differently", new.words()),
            Self::Changed { new, part: "let", .. } => format!("{}, with other values", new.words()),
            Self::Changed { old, new, part, from, to } => {
                let act = if *part == "to" { format!("emits `{}`", new.target) } else { new.words() };
                let act = if old.verb == "do" { "does several things".to_owned() } else { act };
                match properties(part, *from, *to) {
                    Some(words) => format!("{act}, {words}"),
                    None => format!("{act}, but {}", part_words(part, *from, *to)),
                }
            }
        }
    }

    /// Where: in the new file, else (`None`, and the old place) in the old one.
    pub(crate) fn place(&self) -> (Option<Span>, Option<Span>) {
        match self {
            Self::Added(act) | Self::Moved(act) => (None, Some(act.span)),
            Self::Removed(act) => (Some(act.span), None),
            Self::Changed { old, new, from, to, .. } => {
                (Some(from.map_or(old.span, |part| part.span)), Some(to.map_or(new.span, |part| part.span)))
            }
        }
    }
}

fn part_words(part: &str, from: Option<&Part>, to: Option<&Part>) -> String {
    let (from, to) = (from.map(|part| cut(&part.shown)), to.map(|part| cut(&part.shown)));
    match (part, from, to) {
        ("when", None, Some(to)) => format!("now only when `{to}`"),
        ("when", Some(from), None) => format!("now always; it was only when `{from}`"),
        ("when", Some(from), Some(to)) => format!("when `{to}` now; it was when `{from}`"),
        ("to", None, Some(to)) => format!("to {} now, instead of where the event goes by itself", rooms(&to)),
        ("to", Some(from), None) => format!("where the event goes by itself now; it was to {}", rooms(&from)),
        ("to", Some(from), Some(to)) => format!("to {} now; it was to {}", rooms(&to), rooms(&from)),
        ("except", None, Some(to)) => format!("not to {} now", rooms(&to)),
        ("except", Some(from), None) => format!("now also to {}", rooms(&from)),
        ("roles", None, Some(to)) => format!("now only to the roles {to}"),
        ("roles", Some(from), None) => format!("now to every role; it was only to {from}"),
        ("else", None, Some(to)) => format!("with `else: {to}` now"),
        ("else", Some(from), None) => format!("without `else: {from}` now"),
        ("data" | "value" | "give" | "args" | "match", _, _) => format!("with another `{part}:`"),
        (part, None, Some(to)) => format!("with `{part}: {to}` now"),
        (part, Some(from), None) => format!("without `{part}: {from}` now"),
        (part, Some(from), Some(to)) if from != to => format!("with `{part}: {to}` now; it was `{from}`"),
        (part, _, _) => format!("with `{part}:` written differently"),
    }
}

/// What differs of an object that is written out on both sides.
fn properties(part: &str, from: Option<&Part>, to: Option<&Part>) -> Option<String> {
    let (from, to) = (&from?.properties, &to?.properties);
    if from.is_empty() || to.is_empty() {
        return None;
    }
    let quoted = |names: Vec<&String>| {
        (!names.is_empty()).then(|| and(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>()))
    };
    let come = quoted(to.keys().filter(|name| !from.contains_key(*name)).collect());
    let gone = quoted(from.keys().filter(|name| !to.contains_key(*name)).collect());
    let other = quoted(
        to.iter()
            .filter(|(name, form)| from.get(*name).is_some_and(|was| was != *form))
            .map(|(name, _)| name)
            .collect(),
    );
    let said = [
        come.map(|names| format!("now with {names}")),
        gone.map(|names| format!("no longer with {names}")),
        other.map(|names| format!("with another {names}")),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let within = if part == "data" { "" } else { part };
    let said = and(&said);
    Some(if within.is_empty() { said } else { format!("{said} in its `{within}:`") })
}

/// "`a`, `b`" of "a, b".
fn rooms(shown: &str) -> String {
    shown.split(", ").map(|room| format!("`{room}`")).collect::<Vec<_>>().join(", ")
}

fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LETTERS_MAX) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
