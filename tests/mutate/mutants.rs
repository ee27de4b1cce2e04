//! What can be widened in a definition file: each key of each rule, each rule as a whole, and what decides beside the rules
//! who sees how much: conditions of steps on the user, and views.

use std::fmt;

use serde_json::{Map, Value, json};

/// What a rule may ask for.
const RULE_KEYS: &[&str] = &["in", "roles", "check", "when", "like"];

/// All roles of the demo district.
const ROLES: &[&str] = &["TEACHER", "STUDENT", "PARENT", "COUNSELOR", "ADMIN", "DISTRICT_ADMIN"];

/// One widening of one file.
#[derive(Clone)]
pub(crate) struct Mutant {
    /// The file that is widened.
    pub(crate) path: String,
    /// The file's contents after it.
    pub(crate) file: Value,
    place: String,
    change: String,
}

/// Where a rule stands: the keys and indices that lead to it.
type Place = Vec<String>;

impl Mutant {
    /// A file as it is.
    pub(crate) fn untouched(path: &str, file: &Value) -> Self {
        Self { path: path.to_owned(), file: file.clone(), place: "all".into(), change: "untouched".into() }
    }

    /// Whether it widens a rule, and not only what is shown.
    pub(crate) fn widens_rule(&self) -> bool {
        !self.change.starts_with("shown")
    }

    /// Whether it is one that drops an `in:`.
    pub(crate) fn drops_in(&self) -> bool {
        self.change == "without `in`"
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.path, self.place, self.change)
    }
}

/// All widenings of some files.
pub(crate) fn all(files: &[(String, Value)]) -> impl Iterator<Item = Mutant> {
    files.iter().flat_map(|(path, file)| of_file(path, file))
}

fn of_file(path: &str, file: &Value) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for place in rules(file) {
        let Some(rule) = at(file, &place).and_then(Value::as_object) else { continue };
        for (change, widened) in widened(rule) {
            let mut file = file.clone();
            if let Some(there) = at_mut(&mut file, &place) {
                *there = Value::Object(widened);
            }
            mutants.push(Mutant { path: path.to_owned(), file, place: place.join(" "), change });
        }
    }
    for (place, change, file) in opened(file).into_iter().chain(shown(file)) {
        mutants.push(Mutant { path: path.to_owned(), file, place: place.join(" "), change });
    }
    mutants
}

/// Every rule: those that an event or connect has in its own keys, and the items of every `allow:`.
fn rules(file: &Value) -> Vec<Place> {
    let mut owners = vec![vec!["connect".to_owned()]];
    for table in ["client_events", "rooms"] {
        let names = file.get(table).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        owners.extend(names.map(|name| vec![table.to_owned(), name.clone()]));
    }
    let mut rules = Vec::new();
    for owner in owners {
        let items = at(file, &owner).and_then(|owner| owner.get("allow")).and_then(Value::as_array).map_or(0, Vec::len);
        let item = |index: usize| [owner.as_slice(), &["allow".to_owned(), index.to_string()]].concat();
        rules.extend((0..items).map(item));
        rules.push(owner);
    }
    rules
}

/// A rule without each of its keys, and without each of several checks; for every role instead of some.
fn widened(rule: &Map<String, Value>) -> Vec<(String, Map<String, Value>)> {
    let mut widened = Vec::new();
    for key in RULE_KEYS.iter().filter(|key| rule.contains_key(**key)) {
        let mut without = rule.clone();
        without.shift_remove(*key);
        let is_last = !RULE_KEYS.iter().any(|key| without.contains_key(*key));
        // A rule of an `allow:` that asks for nothing cannot be written, so one that would asks for any role.
        if is_last && *key != "in" {
            without.insert("roles".into(), json!(ROLES));
        }
        widened.push((format!("without `{key}`"), without));
    }
    let checks = rule.get("check").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (index, check) in checks.iter().enumerate() {
        let mut without = rule.clone();
        let others: Vec<Value> =
            checks.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, check)| check.clone()).collect();
        without.insert("check".into(), Value::Array(others));
        widened.push((format!("without the check {check}"), without));
    }
    if rule.contains_key("roles") {
        let mut every = rule.clone();
        every.insert("roles".into(), json!(ROLES));
        widened.push(("for every role".to_owned(), every));
    }
    widened
}

/// A file with `allow: anyone` in place of all the rules of one owner.
fn opened(file: &Value) -> Vec<(Place, String, Value)> {
    let mut opened = Vec::new();
    for place in rules(file).into_iter().filter(|place| !place.contains(&"allow".to_owned())) {
        let mut file = file.clone();
        let Some(owner) = at_mut(&mut file, &place).and_then(Value::as_object_mut) else { continue };
        let is_ruled =
            owner.get("allow").is_some_and(Value::is_array) || RULE_KEYS.iter().any(|key| owner.contains_key(*key));
        if is_ruled {
            RULE_KEYS.iter().for_each(|key| drop(owner.shift_remove(*key)));
            owner.insert("allow".into(), json!("anyone"));
            opened.push((place, "`allow: anyone`".to_owned(), file));
        }
    }
    opened
}

/// A file without one of the conditions of steps on the user, or without one of the views that leave something out.
fn shown(file: &Value) -> Vec<(Place, String, Value)> {
    let mut places = Vec::new();
    sights(file, &mut Vec::new(), &mut places);
    let without = places.into_iter().filter_map(|(mut place, key)| {
        let mut widened = file.clone();
        at_mut(&mut widened, &place)?.as_object_mut()?.shift_remove(key)?;
        // A step is found by its verb.
        place.extend(at(file, &place)?.as_object()?.iter().next().map(|(verb, of)| format!("({verb}: {of})")));
        Some((place, format!("shown without `{key}`"), widened))
    });
    without.collect()
}

fn sights(value: &Value, place: &mut Place, found: &mut Vec<(Place, &'static str)>) {
    let is_step = place.len() > 1 && place[place.len() - 2] == "do";
    let names_user = |key: &str| value.get(key).is_some_and(|value| value.to_string().contains("user."));
    if is_step && names_user("when") {
        found.push((place.clone(), "when"));
    }
    if is_step && value.get("emit").is_some() && value.get("roles").is_some() {
        found.push((place.clone(), "roles"));
    }
    if value.get("omit").is_some() {
        found.push((place.clone(), "omit"));
    }
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        place.push(key);
        sights(child, place, found);
        place.pop();
    }
}

fn at<'v>(value: &'v Value, place: &[String]) -> Option<&'v Value> {
    place.iter().try_fold(value, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

fn at_mut<'v>(value: &'v mut Value, place: &[String]) -> Option<&'v mut Value> {
    place.iter().try_fold(value, |value, key| match value {
        Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        other => other.get_mut(key),
    })
}
