//! Whether every value that one schema accepts is accepted by another, as far as it can be proved.
//!
//! What is asked by the second is taken keyword by keyword, and each must follow from what the first asks. A yes is a proof;
//! a no may only mean that none was found.

use serde_json::{Map, Value, json};

use super::kinds::Kinds;
use super::numbers;
use super::parts::{ANNOTATIONS, CHOICES, Parts, Rooted, resolve};
use super::same::same_keyword;
use crate::schema::Validator;

/// How many questions are asked before it is left unproven.
const STEPS_MAX: usize = 20_000;

/// How many questions may lead from one to the next before it is left unproven: types that hold themselves in more than one way
/// would lead on for ever, and the stack is no longer than it is.
const DEPTH_MAX: usize = 100;

/// How many values are tried one by one.
const VALUES_MAX: usize = 256;

/// Whether every value that fits `a` fits `b`: proved, or not.
#[must_use]
pub fn fits_within(a: Rooted<'_>, b: Rooted<'_>) -> bool {
    let is_same = a.schema == b.schema && a.root == b.root;
    is_same || Prover::default().within(&Parts::of(vec![a.schema], a.root), b)
}

/// The same for several schemas that a value must fit.
pub(super) fn all_within(a: &Parts<'_>, b: &Parts<'_>) -> bool {
    let mut prover = Prover::default();
    b.asked.iter().all(|schema| prover.within(a, Rooted { schema, root: b.root }))
}

/// Whether no value can fit both.
pub(super) fn apart(a: &Parts<'_>, b: &Parts<'_>) -> bool {
    Prover::default().disjoint(a, b)
}

#[derive(Default)]
struct Prover {
    steps: usize,
    depth: usize,
    /// Pairs of named types that are being compared further out.
    assumed: Vec<(*const Value, *const Value)>,
}

impl Prover {
    /// Asks one question more, unless there were too many.
    fn step(&mut self, ask: impl FnOnce(&mut Self) -> bool) -> bool {
        self.steps += 1;
        if self.steps > STEPS_MAX || self.depth >= DEPTH_MAX {
            return false;
        }
        self.depth += 1;
        let answer = ask(self);
        self.depth -= 1;
        answer
    }

    fn within(&mut self, a: &Parts<'_>, b: Rooted<'_>) -> bool {
        self.step(|prover| prover.is_within(a, b))
    }

    fn is_within(&mut self, a: &Parts<'_>, b: Rooted<'_>) -> bool {
        if a.is_impossible || a.kinds().is_empty() || b.schema == &Value::Bool(true) {
            return true;
        }
        if let Some(all) = listed(a) {
            return all.iter().all(|value| accepts(&[b.schema], b.root, value));
        }
        match self.assume(a, b) {
            Some(true) => return true,
            Some(false) => {
                let within = self.directly(a, b) || self.by_cases(a, b);
                self.assumed.pop();
                return within;
            }
            None => {}
        }
        self.directly(a, b) || self.by_cases(a, b)
    }

    /// For two named types: whether they are being compared already; if not, that they are from now on.
    fn assume(&mut self, a: &Parts<'_>, b: Rooted<'_>) -> Option<bool> {
        if a.only != Kinds::ALL || !a.chosen.is_empty() {
            return None;
        }
        // Asked for twice, a type asks no more than once.
        let mut asked = a.asked.iter().map(|schema| target(schema, a.root));
        let one = asked.next()??;
        if !asked.all(|other| other == Some(one)) {
            return None;
        }
        let pair = (one, target(b.schema, b.root)?);
        if self.assumed.contains(&pair) {
            return Some(true);
        }
        self.assumed.push(pair);
        Some(false)
    }

    /// Every keyword of `b` follows from `a` as it stands.
    fn directly(&mut self, a: &Parts<'_>, b: Rooted<'_>) -> bool {
        let wanted = Parts::of(vec![b.schema], b.root);
        !wanted.is_impossible && wanted.maps.iter().all(|map| self.follows(a, map, b.root))
    }

    /// Taking what `a` may be one by one: its alternatives, else the kinds of its values.
    fn by_cases(&mut self, a: &Parts<'_>, b: Rooted<'_>) -> bool {
        if let Some((part, choice, branches)) = open_choice(a) {
            return branches.iter().all(|branch| {
                let mut chosen = a.clone();
                chosen.chosen.push((part, choice));
                chosen.ask(branch);
                self.within(&chosen, b)
            });
        }
        let kinds = a.kinds().each();
        kinds.len() > 1 && kinds.into_iter().all(|kind| self.within(&Parts { only: kind, ..a.clone() }, b))
    }

    fn follows(&mut self, a: &Parts<'_>, map: &Map<String, Value>, root: &Value) -> bool {
        map.iter().all(|(keyword, value)| self.keyword(a, keyword, Rooted { schema: value, root }, map))
    }

    fn keyword(&mut self, a: &Parts<'_>, keyword: &str, b: Rooted<'_>, map: &Map<String, Value>) -> bool {
        let kinds = a.kinds();
        let about = |kind: Kinds| kinds.meets(kind);
        match keyword {
            // Followed where the parts were taken apart.
            "$ref" | "allOf" => true,
            _ if ANNOTATIONS.contains(&keyword) => true,
            "type" => kinds.is_within(Kinds::of_keyword(b.schema)),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
                !about(Kinds::NUMBER) || numbers::follows(a, keyword, b.schema)
            }
            "minLength" | "maxLength" | "pattern" | "format" => !about(Kinds::TEXT) || text_follows(a, keyword, b),
            "minItems" | "maxItems" | "uniqueItems" => !about(Kinds::LIST) || size_follows(a, keyword, b.schema),
            "items" | "prefixItems" => !about(Kinds::LIST) || self.items_follow(a, keyword, b, map),
            "required" => !about(Kinds::OBJECT) || texts(b.schema).all(|name| a.requires(name)),
            "minProperties" | "maxProperties" => !about(Kinds::OBJECT) || size_follows(a, keyword, b.schema),
            "properties" => !about(Kinds::OBJECT) || self.properties_follow(a, b),
            "additionalProperties" => !about(Kinds::OBJECT) || self.others_follow(a, b, map),
            "patternProperties" => !about(Kinds::OBJECT) || same_neighbours(a, map, b.root, &["patternProperties"]),
            "propertyNames" | "dependentRequired" | "dependentSchemas" => {
                !about(Kinds::OBJECT) || same_neighbours(a, map, b.root, &[keyword])
            }
            "unevaluatedProperties" => !about(Kinds::OBJECT) || same_whole(a, map, b.root),
            "contains" | "minContains" | "maxContains" => {
                !about(Kinds::LIST) || same_neighbours(a, map, b.root, &["contains", "minContains", "maxContains"])
            }
            "unevaluatedItems" => !about(Kinds::LIST) || same_whole(a, map, b.root),
            "anyOf" => same_neighbours(a, map, b.root, &[keyword]) || self.any_follows(a, b),
            "oneOf" => same_neighbours(a, map, b.root, &[keyword]) || self.one_follows(a, b),
            "not" => same_neighbours(a, map, b.root, &[keyword]) || self.outside(a, b),
            "if" | "then" | "else" => {
                !map.contains_key("if") || same_neighbours(a, map, b.root, &["if", "then", "else"])
            }
            // `const` and `enum`: what is not a list of values is not within one.
            _ => false,
        }
    }

    fn items_follow(&mut self, a: &Parts<'_>, keyword: &str, b: Rooted<'_>, map: &Map<String, Value>) -> bool {
        let most = a.least("maxItems").and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        if keyword == "prefixItems" {
            let wanted = b.schema.as_array().map(Vec::as_slice).unwrap_or_default();
            return wanted
                .iter()
                .enumerate()
                .take_while(|(index, _)| *index < most)
                .all(|(index, wanted)| self.within(&Parts::of(a.item(index), a.root), b.at(wanted)));
        }
        let first = map.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
        let own = (first..a.first_items().min(most)).all(|index| self.within(&Parts::of(a.item(index), a.root), b));
        own && (most <= first.max(a.first_items()) || self.within(&Parts::of(a.items(), a.root), b))
    }

    fn properties_follow(&mut self, a: &Parts<'_>, b: Rooted<'_>) -> bool {
        b.schema
            .as_object()
            .into_iter()
            .flatten()
            .all(|(name, wanted)| a.forbids(name) || self.within(&Parts::of(a.property(name), a.root), b.at(wanted)))
    }

    fn others_follow(&mut self, a: &Parts<'_>, b: Rooted<'_>, map: &Map<String, Value>) -> bool {
        if map.contains_key("patternProperties") {
            let neighbours = ["properties", "patternProperties", "additionalProperties"];
            return same_neighbours(a, map, b.root, &neighbours);
        }
        let named = |name: &str| map.get("properties").is_some_and(|properties| properties.get(name).is_some());
        let known = a.names().into_iter().filter(|name| !named(name) && !a.forbids(name)).collect::<Vec<_>>();
        known.into_iter().all(|name| self.within(&Parts::of(a.property(name), a.root), b))
            && (a.is_closed() || self.within(&Parts::of(a.others(), a.root), b))
    }

    fn any_follows(&mut self, a: &Parts<'_>, b: Rooted<'_>) -> bool {
        b.schema.as_array().into_iter().flatten().any(|branch| self.within(a, b.at(branch)))
    }

    /// Within one of the branches, and outside of all others.
    fn one_follows(&mut self, a: &Parts<'_>, b: Rooted<'_>) -> bool {
        let branches = b.schema.as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(home) = branches.iter().position(|branch| self.within(a, b.at(branch))) else { return false };
        branches.iter().enumerate().all(|(index, branch)| index == home || self.outside(a, b.at(branch)))
    }

    fn outside(&mut self, a: &Parts<'_>, b: Rooted<'_>) -> bool {
        self.disjoint(a, &Parts::of(vec![b.schema], b.root))
    }

    /// No value fits both.
    fn disjoint(&mut self, a: &Parts<'_>, b: &Parts<'_>) -> bool {
        self.step(|prover| prover.is_disjoint(a, b))
    }

    fn is_disjoint(&mut self, a: &Parts<'_>, b: &Parts<'_>) -> bool {
        if a.is_impossible || b.is_impossible || !a.kinds().meets(b.kinds()) {
            return true;
        }
        if let Some(values) = listed(a) {
            return values.iter().all(|value| !accepts(&b.asked, b.root, value));
        }
        if let Some(values) = listed(b) {
            return values.iter().all(|value| !accepts(&a.asked, a.root, value));
        }
        a.kinds().and(b.kinds()) == Kinds::OBJECT
            && a.required().into_iter().filter(|name| b.requires(name)).any(|name| {
                let (one, other) = (Parts::of(a.property(name), a.root), Parts::of(b.property(name), b.root));
                self.disjoint(&one, &other)
            })
    }
}

fn target(schema: &Value, root: &Value) -> Option<*const Value> {
    let name = schema.as_object()?.get("$ref")?.as_str()?;
    resolve(name, root).map(std::ptr::from_ref)
}

/// Every value there is, if they are few.
fn listed(a: &Parts<'_>) -> Option<Vec<Value>> {
    let kinds = a.kinds();
    let candidates = match a.values() {
        Some(values) => values,
        None if kinds.is_within(Kinds::NULL.or(Kinds::BOOLEAN)) => {
            vec![Value::Null, Value::Bool(false), Value::Bool(true)]
        }
        None => return None,
    };
    if candidates.len() > VALUES_MAX {
        return None;
    }
    let is_one = |value: &Value| Kinds::of_value(value).meets(a.only) && accepts(&a.asked, a.root, value);
    Some(candidates.into_iter().filter(is_one).collect())
}

/// Whether a value fits all of these schemas. One that cannot be compiled accepts nothing.
fn accepts(schemas: &[&Value], root: &Value, value: &Value) -> bool {
    let mut whole = json!({ "allOf": schemas });
    if let Some(definitions) = root.get("$defs") {
        whole["$defs"] = definitions.clone();
    }
    Validator::new(whole).is_ok_and(|validator| validator.check(value).is_ok())
}

/// A list of alternatives of `a` that was not taken yet.
fn open_choice<'a>(a: &Parts<'a>) -> Option<(usize, usize, &'a [Value])> {
    a.maps.iter().enumerate().find_map(|(part, map)| {
        CHOICES.iter().enumerate().find_map(|(choice, keyword)| {
            let branches = map.get(*keyword)?.as_array()?;
            (!a.chosen.contains(&(part, choice))).then_some((part, choice, branches.as_slice()))
        })
    })
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn text_follows(a: &Parts<'_>, keyword: &str, b: Rooted<'_>) -> bool {
    match keyword {
        "minLength" => b.schema.as_u64().is_some_and(|least| a.greatest(keyword).unwrap_or(0) >= least),
        "maxLength" => b.schema.as_u64().is_some_and(|most| a.least(keyword).is_some_and(|known| known <= most)),
        _ => a.all(keyword).any(|known| known == b.schema),
    }
}

fn size_follows(a: &Parts<'_>, keyword: &str, b: &Value) -> bool {
    let least = |keyword: &str| a.least(keyword);
    match (keyword, b.as_u64()) {
        ("uniqueItems", _) => {
            b == &Value::Bool(false)
                || a.all(keyword).any(|known| known == b)
                || least("maxItems") <= Some(1) && least("maxItems").is_some()
        }
        ("minItems", Some(bound)) => a.greatest(keyword).unwrap_or(0) >= bound,
        ("minProperties", Some(bound)) => {
            let mut required = a.required();
            required.sort_unstable();
            required.dedup();
            a.greatest(keyword).unwrap_or(0).max(required.len() as u64) >= bound
        }
        ("maxItems", Some(bound)) => least(keyword).is_some_and(|known| known <= bound),
        ("maxProperties", Some(bound)) => {
            let named = a.is_closed().then(|| a.names().iter().filter(|name| !a.forbids(name)).count() as u64);
            [least(keyword), named].into_iter().flatten().any(|known| known <= bound)
        }
        _ => false,
    }
}

/// One part of `a` has the same under all of these keywords, or lacks them as `map` does.
fn same_neighbours(a: &Parts<'_>, map: &Map<String, Value>, root: &Value, keywords: &[&str]) -> bool {
    a.maps.iter().any(|part| {
        keywords.iter().all(|keyword| match (part.get(*keyword), map.get(*keyword)) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                same_keyword(keyword, Rooted { schema: one, root: a.root }, Rooted { schema: other, root })
            }
            _ => false,
        })
    })
}

/// One part of `a` is the same as `map` to the last keyword.
fn same_whole(a: &Parts<'_>, map: &Map<String, Value>, root: &Value) -> bool {
    let asserted = |map: &Map<String, Value>| {
        map.keys().filter(|keyword| !ANNOTATIONS.contains(&keyword.as_str())).cloned().collect::<Vec<_>>()
    };
    let keywords = asserted(map);
    a.maps.iter().any(|part| {
        let both: Vec<String> = keywords.iter().cloned().chain(asserted(part)).collect();
        let both: Vec<&str> = both.iter().map(String::as_str).collect();
        same_neighbours(&Parts { maps: vec![part], ..a.clone() }, map, root, &both)
    })
}
