//! Findings as sentences, and the author's lines that decided.

use homeroom_definition::{Sources, Span};
use homeroom_plan::expr;
use serde_json::Value;

use super::trail::{Asked, AskedPart, AskedRule, Whose};
use super::who::Person;
use super::written::{Written, WrittenRule, all_of};

/// How many characters of a value are shown.
const VALUE_CHARS_MAX: usize = 60;

/// How many of a value that is sent.
const SENT_CHARS_MAX: usize = 400;

/// What findings are told with.
pub(super) struct Words<'a> {
    pub(super) sources: &'a Sources,
    pub(super) written: &'a Written,
    pub(super) person: &'a Person,
    /// What the event carries.
    pub(super) payload: Option<&'a Value>,
}

/// A place of the author's, and what to say of it.
pub(super) type Mark = (Span, String);

impl Words<'_> {
    /// What a part of a rule asked, and what was found.
    pub(super) fn part(&self, part: &AskedPart, rule: &AskedRule, asked: &Asked) -> String {
        match part {
            AskedPart::Roles { holds: true, .. } => format!("roles: the user is {}", self.role()),
            AskedPart::Roles { wanted, .. } => {
                format!("roles: it takes {}, and the user is {}", any_of(wanted), self.role())
            }
            AskedPart::Inside { rooms, holds } => format!("in: {}", inside(rooms, *holds)),
            AskedPart::When { holds } => {
                let condition = self.written.rule(rule.span).and_then(|rule| rule.when.as_ref());
                let text = condition.map_or("its condition", |text| text.value.as_str());
                let given = condition.map(|text| self.used(&text.value, asked)).unwrap_or_default();
                let holds = if *holds { "holds" } else { "does not hold" };
                format!("when: `{text}` {holds}{given}")
            }
            AskedPart::Check { query, given, holds, .. } => format!("check: `{query}` {}", found(given, *holds)),
            AskedPart::Like(inner) => {
                let admits = if inner.admitted { "is admitted there" } else { "is not admitted there" };
                format!("like: {}, and {} {admits}", inner.subject.name(), self.person.short())
            }
            AskedPart::LikeNothing => "like: a room whose name needs something that is not there".to_owned(),
        }
    }

    /// The user's role, with its article.
    pub(super) fn role(&self) -> String {
        self.person.role().map_or_else(|| "without a role".to_owned(), a)
    }

    /// The values that a condition looks at, as far as they are known.
    fn used(&self, condition: &str, asked: &Asked) -> String {
        let Ok(ast) = expr::parse(condition) else { return String::new() };
        let mut shown: Vec<String> = Vec::new();
        for reference in ast.names() {
            let told = match self.value(&reference.path, asked) {
                Looked::At(value) => format!("{} = {}", reference.path.join("."), short(&value)),
                Looked::Absent => format!("{} is not there", reference.path.join(".")),
                Looked::Unknown => continue,
            };
            if !shown.contains(&told) {
                shown.push(told);
            }
        }
        if shown.is_empty() { String::new() } else { format!(": {}", shown.join(", ")) }
    }

    fn value(&self, path: &[&str], asked: &Asked) -> Looked {
        let Some((first, rest)) = path.split_first() else { return Looked::Unknown };
        let param = asked.subject.param(first).map(Value::from);
        let root = match *first {
            "user" => Some(self.person.user.clone()),
            "payload" => self.payload.cloned(),
            _ if param.is_some() => param,
            name if matches!(asked.subject, Whose::Event { .. }) => {
                self.payload.and_then(|payload| payload.get(name)).cloned()
            }
            _ => None,
        };
        let Some(root) = root else { return Looked::Unknown };
        match rest.iter().try_fold(&root, |value, name| value.get(*name)) {
            Some(value) => Looked::At(value.clone()),
            None => Looked::Absent,
        }
    }

    /// The line that decided: the rule that admits, or the part that stands in the way of whom came closest.
    pub(super) fn marks(&self, asked: &Asked) -> Vec<Mark> {
        let mark = if asked.admitted { self.admitting(asked) } else { self.blamed(asked).map(|blamed| blamed.mark) };
        mark.into_iter().collect()
    }

    /// Whether each of these rules is for users of other roles.
    pub(super) fn is_for_others(asked: &Asked) -> bool {
        asked.rules.iter().all(|rule| match rule.parts.last() {
            Some(AskedPart::Roles { holds, .. }) => !holds,
            Some(AskedPart::Like(inner)) => Self::is_for_others(inner),
            _ => false,
        })
    }

    fn admitting(&self, asked: &Asked) -> Option<Mark> {
        let rule = asked.rules.iter().find(|rule| rule.holds)?;
        let inner = rule.parts.iter().find_map(|part| match part {
            AskedPart::Like(inner) if inner.admitted => self.admitting(inner),
            _ => None,
        });
        inner.or_else(|| Some((rule.span, "this rule admits".to_owned())))
    }

    fn blamed(&self, asked: &Asked) -> Option<Blamed> {
        let rules = asked.rules.iter().filter(|rule| !rule.holds);
        let mut blamed: Vec<Blamed> = rules.filter_map(|rule| self.blamed_in(rule, asked)).collect();
        if blamed.iter().all(|blamed| blamed.closeness == 0) && blamed.len() > 1 {
            // Every rule is for others: there is no line to point at.
            return None;
        }
        // Of those that are as close, the first.
        blamed.reverse();
        blamed.into_iter().max_by_key(|blamed| blamed.closeness)
    }

    fn blamed_in(&self, rule: &AskedRule, asked: &Asked) -> Option<Blamed> {
        let failed = rule.parts.last()?;
        let held = rule.parts.len() - 1;
        if let AskedPart::Like(inner) = failed {
            let blamed = self.blamed(inner)?;
            return Some(Blamed { closeness: blamed.closeness + held, ..blamed });
        }
        let closeness = if matches!(failed, AskedPart::Roles { .. }) { 0 } else { held + 1 };
        let span = self.written.rule(rule.span).and_then(|written| place_of(failed, written)).unwrap_or(rule.span);
        let words = self.part(failed, rule, asked);
        let words = words.split_once(": ").map_or(words.clone(), |(_, after)| after.to_owned());
        Some(Blamed { closeness, mark: (span, words) })
    }

    /// The line at `file:line`, without what it is indented by.
    pub(super) fn line(&self, place: &str) -> Option<Span> {
        let (path, line) = place.rsplit_once(':')?;
        let source = self.sources.find(path)?;
        let text = self.sources.text(source);
        let line: usize = line.parse().ok()?;
        let start = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum::<usize>();
        let content = text.get(start..)?.lines().next()?;
        let indent = content.len() - content.trim_start().len();
        Some(Span::new(source, start + indent, start + content.trim_end().len()))
    }
}

/// The part of a rule that stands in somebody's way.
struct Blamed {
    /// How close they came: nobody is far whose role is right.
    closeness: usize,
    mark: Mark,
}

enum Looked {
    At(Value),
    Absent,
    Unknown,
}

impl Whose {
    /// `class:math-101`, or the event's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Event { name } | Self::Room { name, .. } => name,
        }
    }

    fn param(&self, wanted: &str) -> Option<&str> {
        match self {
            Self::Event { .. } => None,
            Self::Room { params, .. } => {
                params.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
            }
        }
    }
}

fn place_of(part: &AskedPart, written: &WrittenRule) -> Option<Span> {
    match part {
        AskedPart::Roles { .. } => all_of(&written.roles),
        AskedPart::Inside { .. } => all_of(&written.inside),
        AskedPart::When { .. } => written.when.as_ref().map(|text| text.span),
        AskedPart::Check { query, .. } => written.check.iter().find(|text| text.value == *query).map(|text| text.span),
        AskedPart::Like(_) | AskedPart::LikeNothing => written.like.as_ref().map(|text| text.span),
    }
}

fn inside(rooms: &[String], holds: bool) -> String {
    match (rooms, holds) {
        ([], _) => "the room's name needs something that is not there".to_owned(),
        ([one], true) => format!("the connection is in {one}"),
        ([one], false) => format!("the connection is not in {one}"),
        (many, true) => format!("the connection is in one of {}", many.join(", ")),
        (many, false) => format!("the connection is in none of {}", many.join(", ")),
    }
}

fn found(given: &[(String, Option<Value>)], holds: bool) -> String {
    let something = if holds { "found something" } else { "found nothing" };
    let told = |(name, value): &(String, Option<Value>)| match value {
        Some(value) => format!("{name} = {}", short(value)),
        None => format!("{name} absent"),
    };
    let told: Vec<String> = given.iter().map(told).collect();
    if told.is_empty() { something.to_owned() } else { format!("{something} for {}", told.join(", ")) }
}

/// A value on one line, cut where it is long.
pub(super) fn short(value: &Value) -> String {
    cut(value, VALUE_CHARS_MAX)
}

/// Several values that are sent, on one line, each cut where it is very long.
pub(super) fn sent(values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().map(|value| cut(value, SENT_CHARS_MAX)).collect();
    if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
}

fn cut(value: &Value, chars_max: usize) -> String {
    let text = value.to_string();
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

/// `a TEACHER`, `an ADMIN`.
pub(super) fn a(noun: &str) -> String {
    let vowel = noun.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// `a TEACHER, an ADMIN or a PARENT`.
pub(super) fn any_of(nouns: &[String]) -> String {
    let nouns: Vec<String> = nouns.iter().map(|noun| a(noun)).collect();
    listed(&nouns, "or")
}

/// `x, y and z`.
pub(super) fn listed(items: &[String], last: &str) -> String {
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
