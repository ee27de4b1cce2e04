//! A schema taken apart: everything that it asks of one value, wherever it says so.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::kinds::Kinds;

/// A schema, and the document that its `$ref`s point into.
#[derive(Clone, Copy, Debug)]
pub struct Rooted<'a> {
    /// The schema.
    pub schema: &'a Value,
    /// Where its `$defs` stand.
    pub root: &'a Value,
}

impl<'a> Rooted<'a> {
    /// A whole document.
    #[must_use]
    pub fn whole(schema: &'a Value) -> Self {
        Self { schema, root: schema }
    }

    pub(super) fn at(self, schema: &'a Value) -> Self {
        Self { schema, ..self }
    }
}

/// Keywords that say nothing about which values fit.
pub(super) const ANNOTATIONS: &[&str] = &[
    "title",
    "description",
    "examples",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "$defs",
];

/// Keywords that offer alternatives.
pub(super) const CHOICES: [&str; 2] = ["anyOf", "oneOf"];

/// All that is asked of a value: every part must hold.
#[derive(Clone, Debug)]
pub(super) struct Parts<'a> {
    /// The schemas it was made of.
    pub(super) asked: Vec<&'a Value>,
    pub(super) root: &'a Value,
    /// The keywords, from each schema, with `$ref` and `allOf` followed.
    pub(super) maps: Vec<&'a Map<String, Value>>,
    /// No value fits.
    pub(super) is_impossible: bool,
    /// Only values of these kinds are looked at.
    pub(super) only: Kinds,
    /// The choices that were made already, as indices into `maps` and [`CHOICES`].
    pub(super) chosen: Vec<(usize, usize)>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(asked: Vec<&'a Value>, root: &'a Value) -> Self {
        let (maps, chosen) = (Vec::new(), Vec::new());
        let mut parts = Self { asked: Vec::new(), root, maps, is_impossible: false, only: Kinds::ALL, chosen };
        for schema in asked {
            parts.ask(schema);
        }
        parts
    }

    /// With one more schema.
    pub(super) fn ask(&mut self, schema: &'a Value) {
        self.asked.push(schema);
        self.flatten(schema, &mut BTreeSet::new());
    }

    fn flatten(&mut self, schema: &'a Value, followed: &mut BTreeSet<&'a str>) {
        match schema {
            Value::Bool(false) => self.is_impossible = true,
            Value::Object(map) => {
                if let Some(name) = map.get("$ref").and_then(Value::as_str)
                    && followed.insert(name)
                    && let Some(target) = resolve(name, self.root)
                {
                    self.flatten(target, followed);
                }
                for part in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                    self.flatten(part, followed);
                }
                self.maps.push(map);
            }
            _ => {}
        }
    }

    /// What stands under a keyword, in each part that has it.
    pub(super) fn all<'s>(&'s self, keyword: &'s str) -> impl Iterator<Item = &'a Value> + use<'a, 's> {
        self.maps.iter().filter_map(move |map| map.get(keyword))
    }

    /// The kinds that a value may have, as far as `type`, `const` and `enum` tell.
    pub(super) fn kinds(&self) -> Kinds {
        let typed = self.all("type").map(Kinds::of_keyword).fold(self.only, Kinds::and);
        let listed = self.values().map(|values| values.iter().map(Kinds::of_value).fold(Kinds::NONE, Kinds::or));
        listed.map_or(typed, |listed| typed.and(listed))
    }

    /// The values of `const` or `enum`, before anything else is asked of them.
    pub(super) fn values(&self) -> Option<Vec<Value>> {
        let constant = self.all("const").next().map(|value| vec![value.clone()]);
        constant.or_else(|| self.all("enum").next().and_then(Value::as_array).cloned())
    }

    /// What is asked of the property `name`, as far as it is known.
    pub(super) fn property(&self, name: &str) -> Vec<&'a Value> {
        self.maps.iter().filter_map(|map| property_in(map, name)).collect()
    }

    /// What is asked of properties that no part names.
    pub(super) fn others(&self) -> Vec<&'a Value> {
        let plain = self.maps.iter().filter(|map| !map.contains_key("patternProperties"));
        plain.filter_map(|map| map.get("additionalProperties")).collect()
    }

    /// Whether the object can have no property `name`.
    pub(super) fn forbids(&self, name: &str) -> bool {
        self.property(name).contains(&&Value::Bool(false))
    }

    /// The properties that are named, in the author's order.
    pub(super) fn names(&self) -> Vec<&'a str> {
        let mut names = Vec::new();
        for name in self.all("properties").filter_map(Value::as_object).flat_map(Map::keys) {
            if !names.contains(&name.as_str()) {
                names.push(name.as_str());
            }
        }
        names
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        self.required().contains(&name)
    }

    pub(super) fn required(&self) -> Vec<&'a str> {
        self.all("required").filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect()
    }

    /// Whether properties that are not named are refused.
    pub(super) fn is_closed(&self) -> bool {
        self.others().contains(&&Value::Bool(false))
    }

    /// What is asked of the item at `index`.
    pub(super) fn item(&self, index: usize) -> Vec<&'a Value> {
        let of = |map: &&'a Map<String, Value>| first_items(map).get(index).or_else(|| map.get("items"));
        self.maps.iter().filter_map(of).collect()
    }

    /// What is asked of items beyond those that have a type of their own.
    pub(super) fn items(&self) -> Vec<&'a Value> {
        self.all("items").collect()
    }

    /// How many items have a type of their own.
    pub(super) fn first_items(&self) -> usize {
        self.maps.iter().map(|map| first_items(map).len()).max().unwrap_or(0)
    }

    /// The smallest of the numbers under a keyword such as `maxLength`.
    pub(super) fn least(&self, keyword: &str) -> Option<u64> {
        self.all(keyword).filter_map(Value::as_u64).min()
    }

    /// The greatest of the numbers under a keyword such as `minLength`.
    pub(super) fn greatest(&self, keyword: &str) -> Option<u64> {
        self.all(keyword).filter_map(Value::as_u64).max()
    }
}

fn first_items(map: &Map<String, Value>) -> &[Value] {
    map.get("prefixItems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn property_in<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let named = map.get("properties").and_then(|properties| properties.get(name));
    // Whether a pattern covers the name is left open: less is known then, never something wrong.
    named.or_else(|| map.get("additionalProperties").filter(|_| !map.contains_key("patternProperties")))
}

/// What a `$ref` points to.
pub(super) fn resolve<'a>(name: &str, root: &'a Value) -> Option<&'a Value> {
    root.pointer(name.strip_prefix('#')?)
}
