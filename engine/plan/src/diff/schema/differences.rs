//! In what two schemas differ, property by property.

use serde_json::Value;

use super::includes::{all_within, apart};
use super::kinds::Kinds;
use super::parts::{CHOICES, Parts, Rooted};
use super::same::same;

/// How deep two schemas are followed; what differs below is told as a whole.
const DEPTH_MAX: usize = 12;

/// One step of the way into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A property.
    Field(String),
    /// Every item of a list.
    Items,
    /// One item of a list.
    Item(usize),
    /// Every property that has no name of its own.
    Others,
}

/// Which values are accepted now, compared with before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same ones.
    Same,
    /// All that were, and more.
    More,
    /// Only some of those that were.
    Fewer,
    /// Others, or it cannot be proved.
    Other,
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where in the value.
    pub at: Vec<Segment>,
    /// What.
    pub what: What,
    /// What it does to the values that are accepted there.
    pub relation: Relation,
}

/// What differs.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// There is a new property.
    Added {
        /// Whether it must be there.
        required: bool,
    },
    /// A property is gone.
    Dropped {
        /// Whether it had to be there.
        required: bool,
        /// Whether a value that still has it is refused.
        refused: bool,
    },
    /// A property that could be missing must be there.
    NowRequired,
    /// A property that had to be there may be missing.
    NowOptional,
    /// Another kind of value.
    Kind {
        /// What it was, in words.
        from: String,
        /// What it is.
        to: String,
        /// A value can never be both.
        apart: bool,
    },
    /// One more value is among those that are listed.
    ValueAdded(Value),
    /// A value is no longer among them.
    ValueRemoved(Value),
    /// A bound such as `maxLength`, or another rule such as `pattern`, was given, moved or lifted.
    Rule {
        /// The keyword.
        keyword: &'static str,
        /// What it was.
        from: Option<Value>,
        /// What it is.
        to: Option<Value>,
    },
    /// Properties that are not named are accepted.
    Opened,
    /// Properties that are not named are refused.
    Closed,
    /// One more alternative.
    AlternativeAdded(String),
    /// One alternative less.
    AlternativeRemoved(String),
    /// It is written differently, and what that means cannot be told in words.
    Rewritten,
}

const RULES: [&str; 18] = [
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "patternProperties",
    "dependentRequired",
    "minContains",
];

/// In what `new` differs from `old`; nothing if they are proved to accept the same.
#[must_use]
pub fn differences(old: Rooted<'_>, new: Rooted<'_>) -> Vec<Difference> {
    let mut walk = Walk { found: Vec::new(), at: Vec::new() };
    walk.compare(&Parts::of(vec![old.schema], old.root), &Parts::of(vec![new.schema], new.root));
    walk.found
}

fn relation(old: &Parts<'_>, new: &Parts<'_>) -> Relation {
    match (all_within(old, new), all_within(new, old)) {
        (true, true) => Relation::Same,
        (true, false) => Relation::More,
        (false, true) => Relation::Fewer,
        (false, false) => Relation::Other,
    }
}

struct Walk {
    found: Vec<Difference>,
    at: Vec<Segment>,
}

impl Walk {
    fn tell(&mut self, what: What, relation: Relation) {
        self.found.push(Difference { at: self.at.clone(), what, relation });
    }

    fn below(&mut self, segment: Segment, compare: impl FnOnce(&mut Self)) {
        self.at.push(segment);
        compare(self);
        self.at.pop();
    }

    fn compare(&mut self, old: &Parts<'_>, new: &Parts<'_>) {
        let told_before = self.found.len();
        let relation = relation(old, new);
        if relation == Relation::Same {
            return;
        }
        if self.at.len() < DEPTH_MAX {
            let is_told = self.listed(old, new) || self.kinds(old, new) || self.choices(old, new);
            if !is_told {
                self.inside(old, new);
            }
        }
        if self.found.len() == told_before {
            self.tell(What::Rewritten, relation);
        }
    }

    /// Lists of values on both sides; whether that is all there is to say.
    fn listed(&mut self, old: &Parts<'_>, new: &Parts<'_>) -> bool {
        let (Some(before), Some(after)) = (old.values(), new.values()) else { return false };
        for value in before.iter().filter(|value| !after.contains(value)) {
            self.tell(What::ValueRemoved(value.clone()), Relation::Fewer);
        }
        for value in after.iter().filter(|value| !before.contains(value)) {
            self.tell(What::ValueAdded(value.clone()), Relation::More);
        }
        true
    }

    /// Another kind of value, or a list of values where there was none; whether that is all there is to say.
    fn kinds(&mut self, old: &Parts<'_>, new: &Parts<'_>) -> bool {
        let (from, to) = (described(old), described(new));
        let is_other = old.kinds() != new.kinds() && !has_choice(old) && !has_choice(new);
        let is_listed = old.values().is_some() != new.values().is_some();
        if !is_other && !is_listed {
            return false;
        }
        let apart = apart(old, new);
        self.tell(What::Kind { from, to, apart }, relation(old, new));
        true
    }

    /// Alternatives: those that both have are left aside, one that changed is compared, the rest told.
    fn choices(&mut self, old: &Parts<'_>, new: &Parts<'_>) -> bool {
        if !has_choice(old) && !has_choice(new) {
            return false;
        }
        let (Some(before), Some(after)) = (alternatives(old), alternatives(new)) else { return false };
        let is_in = |one: &Rooted<'_>, all: &[Rooted<'_>]| all.iter().any(|other| same(*one, *other));
        let gone: Vec<_> = before.iter().filter(|one| !is_in(one, &after)).collect();
        let come: Vec<_> = after.iter().filter(|one| !is_in(one, &before)).collect();
        if let ([gone], [come]) = (gone.as_slice(), come.as_slice()) {
            self.compare(&Parts::of(vec![gone.schema], gone.root), &Parts::of(vec![come.schema], come.root));
            return true;
        }
        for one in gone {
            self.tell(What::AlternativeRemoved(alternative(*one)), Relation::Fewer);
        }
        for one in come {
            self.tell(What::AlternativeAdded(alternative(*one)), Relation::More);
        }
        true
    }

    fn inside(&mut self, old: &Parts<'_>, new: &Parts<'_>) {
        self.rules(old, new);
        if old.kinds().meets(Kinds::OBJECT) {
            self.properties(old, new);
            self.others(old, new);
        }
        if old.kinds().meets(Kinds::LIST) {
            self.items(old, new);
        }
    }

    fn rules(&mut self, old: &Parts<'_>, new: &Parts<'_>) {
        for keyword in RULES {
            let (from, to) = (strictest(old, keyword), strictest(new, keyword));
            if from != to {
                let relation = rule_relation(old, new, keyword);
                self.tell(What::Rule { keyword, from, to }, relation);
            }
        }
    }

    fn properties(&mut self, old: &Parts<'_>, new: &Parts<'_>) {
        let mut names = old.names();
        names.extend(new.names().into_iter().filter(|name| !old.names().contains(name)));
        let (before, after) = (old.names(), new.names());
        for name in names {
            let segment = Segment::Field(name.to_owned());
            match (before.contains(&name), after.contains(&name)) {
                (true, true) => self.below(segment, |walk| walk.property(name, old, new)),
                (true, false) => self.below(segment, |walk| {
                    let (required, refused) = (old.requires(name), new.forbids(name));
                    let relation = if refused { Relation::Fewer } else { Relation::More };
                    walk.tell(What::Dropped { required, refused }, relation);
                }),
                (false, _) => self.below(segment, |walk| {
                    let required = new.requires(name);
                    let relation = match (required, old.forbids(name)) {
                        (true, true) => Relation::Other,
                        (false, true) => Relation::More,
                        (_, false) => Relation::Fewer,
                    };
                    walk.tell(What::Added { required }, relation);
                }),
            }
        }
    }

    fn property(&mut self, name: &str, old: &Parts<'_>, new: &Parts<'_>) {
        match (old.requires(name), new.requires(name)) {
            (false, true) => self.tell(What::NowRequired, Relation::Fewer),
            (true, false) => self.tell(What::NowOptional, Relation::More),
            _ => {}
        }
        self.compare(&Parts::of(old.property(name), old.root), &Parts::of(new.property(name), new.root));
    }

    fn others(&mut self, old: &Parts<'_>, new: &Parts<'_>) {
        match (old.is_closed(), new.is_closed()) {
            (true, false) => self.tell(What::Opened, Relation::More),
            (false, true) => self.tell(What::Closed, Relation::Fewer),
            (true, true) => {}
            (false, false) => {
                let (before, after) = (Parts::of(old.others(), old.root), Parts::of(new.others(), new.root));
                self.below(Segment::Others, |walk| walk.compare(&before, &after));
            }
        }
    }

    fn items(&mut self, old: &Parts<'_>, new: &Parts<'_>) {
        for index in 0..old.first_items().max(new.first_items()) {
            let (before, after) = (Parts::of(old.item(index), old.root), Parts::of(new.item(index), new.root));
            self.below(Segment::Item(index), |walk| walk.compare(&before, &after));
        }
        let (before, after) = (Parts::of(old.items(), old.root), Parts::of(new.items(), new.root));
        self.below(Segment::Items, |walk| walk.compare(&before, &after));
    }
}

fn has_choice(parts: &Parts<'_>) -> bool {
    CHOICES.iter().any(|keyword| parts.all(keyword).next().is_some())
}

/// The alternatives, if they are all that is said; a schema without any is one alternative.
fn alternatives<'a>(parts: &Parts<'a>) -> Option<Vec<Rooted<'a>>> {
    let root = parts.root;
    if !has_choice(parts) {
        let [schema] = parts.asked.as_slice() else { return None };
        return Some(vec![Rooted { schema, root }]);
    }
    let said = |map: &&&serde_json::Map<String, Value>| {
        map.keys().any(|key| !super::parts::ANNOTATIONS.contains(&key.as_str()) && key != "$ref")
    };
    let saying: Vec<_> = parts.maps.iter().filter(said).collect();
    let [map] = saying.as_slice() else { return None };
    let branches = CHOICES.iter().find_map(|keyword| map.get(*keyword)?.as_array())?;
    Some(branches.iter().map(|schema| Rooted { schema, root }).collect())
}

fn alternative(one: Rooted<'_>) -> String {
    let name = one.schema.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
    match name {
        Some(name) => format!("`{name}`"),
        None => described(&Parts::of(vec![one.schema], one.root)),
    }
}

/// What it is, in words: its values, else its kind.
fn described(parts: &Parts<'_>) -> String {
    match parts.values() {
        Some(values) if values.len() == 1 => format!("`{}`", super::words::shown(&values[0])),
        Some(values) => format!("one of {}", super::words::listed(&values)),
        None => parts.kinds().words(),
    }
}

/// What stands under a keyword; of several the strictest where that can be told.
fn strictest(parts: &Parts<'_>, keyword: &str) -> Option<Value> {
    let all: Vec<&Value> = parts.all(keyword).filter(|value| *value != &Value::Bool(false)).collect();
    let bound = if keyword.starts_with("min") { parts.greatest(keyword) } else { parts.least(keyword) };
    match all.as_slice() {
        [] => None,
        [only] => Some((*only).clone()),
        [first, ..] => Some(bound.map_or_else(|| (*first).clone(), Value::from)),
    }
}

/// What the rule alone does, all else being as it is now.
fn rule_relation(old: &Parts<'_>, new: &Parts<'_>, keyword: &str) -> Relation {
    let alone = |parts: &Parts<'_>| {
        let mut map = serde_json::Map::new();
        map.insert("type".to_owned(), new.all("type").next().cloned().unwrap_or_else(|| kind_of(keyword).into()));
        map.extend(strictest(parts, keyword).map(|value| (keyword.to_owned(), value)));
        Value::Object(map)
    };
    let (before, after) = (alone(old), alone(new));
    let before = Parts::of(vec![&before], old.root);
    relation(&before, &Parts::of(vec![&after], new.root))
}

fn kind_of(keyword: &str) -> &'static str {
    match keyword {
        "minLength" | "maxLength" | "pattern" | "format" => "string",
        "minItems" | "maxItems" | "uniqueItems" | "minContains" => "array",
        "minProperties" | "maxProperties" | "propertyNames" | "patternProperties" | "dependentRequired" => "object",
        _ => "number",
    }
}
