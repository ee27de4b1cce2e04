//! Keywords that are right each by itself and wrong together: nothing fits them, or one of them says nothing.

use homeroom_definition::did_you_mean;
use serde_json::{Map, Value};

use super::at::At;
use super::expand::Expander;
use super::keywords::{About, KEYWORDS, known};
use super::spoken;

/// The least and the most of something. The flag says whether the two may be equal.
const RANGES: &[(&str, &str, bool)] = &[
    ("minLength", "maxLength", true),
    ("minItems", "maxItems", true),
    ("minProperties", "maxProperties", true),
    ("minContains", "maxContains", true),
    ("minimum", "maximum", true),
    ("minimum", "exclusiveMaximum", false),
    ("exclusiveMinimum", "maximum", false),
    ("exclusiveMinimum", "exclusiveMaximum", false),
];

impl Expander<'_> {
    pub(super) fn consistent(&mut self, map: &Map<String, Value>, at: &At) {
        self.ranges(map, at);
        self.required(map, at);
        self.kinds(map, at);
    }

    fn ranges(&mut self, map: &Map<String, Value>, at: &At) {
        let number = |key: &str| map.get(key).and_then(Value::as_f64);
        for (least, most, may_be_equal) in RANGES {
            let (Some(low), Some(high)) = (number(least), number(most)) else { continue };
            if low > high || (low == high && !may_be_equal) {
                self.tell(&at.key(least), format!("`{least}` is above `{most}`: nothing fits"), None);
            }
        }
    }

    /// A branch may name properties of what it stands beside; anything else names its own.
    fn required(&mut self, map: &Map<String, Value>, at: &At) {
        let Some(properties) = map.get("properties").and_then(Value::as_object).filter(|_| !at.is_branch) else {
            return;
        };
        let required = map.get("required").and_then(Value::as_array);
        let at = at.key("required");
        for (index, name) in required.into_iter().flatten().enumerate() {
            let Some(name) = name.as_str().filter(|name| !properties.contains_key(*name)) else { continue };
            let help = did_you_mean(name, properties.keys().map(String::as_str));
            let message = format!("`{name}` is required and not among `properties:`");
            self.tell(&at.index(index), message, help.as_deref());
        }
    }

    /// A keyword about texts says nothing where only numbers are let in.
    fn kinds(&mut self, map: &Map<String, Value>, at: &At) {
        let kinds: Vec<&str> = match map.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return,
        };
        for keyword in map.keys().filter_map(|key| known(key)) {
            if keyword.about != About::All && !kinds.iter().any(|kind| keyword.about.covers(kind)) {
                let message = format!("`{}` says nothing about values of type {}", keyword.name, spoken(&kinds));
                self.tell_key(&at.key(keyword.name), message, keywords_about(&kinds));
            }
        }
    }
}

fn keywords_about(kinds: &[&str]) -> String {
    let is_meant = |about: About| about != About::All && kinds.iter().any(|kind| about.covers(kind));
    let names: Vec<&str> = KEYWORDS.iter().filter(|word| is_meant(word.about)).map(|word| word.name).collect();
    match names.as_slice() {
        [] => "leave it out".to_owned(),
        names => format!("there are {}", spoken(names)),
    }
}
