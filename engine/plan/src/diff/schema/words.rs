//! Differences of schemas in words.

use serde_json::Value;

use super::differences::{Difference, Relation, Segment, What};

/// How many letters of a value are shown.
const LETTERS_MAX: usize = 60;

/// A value as it is shown: a text without quotes, anything else as JSON; long ones are cut.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(LETTERS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// `a`, `b` and `c`.
pub(crate) fn listed(values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().map(|value| format!("`{}`", shown(value))).collect();
    crate::diff::words::and(&shown)
}

impl Difference {
    /// Where it is: `items[].classId`; empty for the value itself.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for segment in &self.at {
            match segment {
                Segment::Field(name) if path.is_empty() => path.push_str(name),
                Segment::Field(name) => path.push_str(&format!(".{name}")),
                Segment::Items => path.push_str("[]"),
                Segment::Item(index) => path.push_str(&format!("[{index}]")),
                Segment::Others => path.push_str(if path.is_empty() { "*" } else { ".*" }),
            }
        }
        path
    }

    /// In words, as a clause; `sent`: of what clients send, else of what they receive.
    #[must_use]
    pub fn words(&self, sent: bool) -> String {
        let path = self.path();
        let it = if path.is_empty() { "the value".to_owned() } else { format!("`{path}`") };
        match &self.what {
            What::Added { required: true } if sent => format!("{it} is new, and must be sent"),
            What::Added { required: false } if sent => format!("{it} is new, and may be sent"),
            What::Added { required: true } => format!("{it} is new, and always there"),
            What::Added { required: false } => format!("{it} is new, and may be there"),
            What::Dropped { refused: true, .. } if sent => format!("{it} is gone, and refused if it is still sent"),
            What::Dropped { .. } if sent => format!("{it} is gone, and no longer looked at if it is still sent"),
            What::Dropped { .. } => format!("{it} is gone"),
            What::NowRequired if sent => format!("{it} was optional, and must be sent now"),
            What::NowRequired => format!("{it} was optional, and is always there now"),
            What::NowOptional if sent => format!("{it} may be left out now"),
            What::NowOptional => format!("{it} may be missing now"),
            What::Kind { from, to, .. } => format!("{it} was {from}, and is {to} now"),
            What::ValueAdded(value) => format!("{it} may be `{}` now", shown(value)),
            What::ValueRemoved(value) => format!("{it} may no longer be `{}`", shown(value)),
            What::Rule { keyword, from, to } => rule(&it, keyword, from.as_ref(), to.as_ref()),
            What::Opened if sent => format!("{it} may have fields beside those that are named"),
            What::Opened => format!("{it} may have more fields than those that are named"),
            What::Closed => format!("{it} may no longer have fields beside those that are named"),
            What::AlternativeAdded(one) => format!("{it} may also be {one} now"),
            What::AlternativeRemoved(one) => format!("{it} may no longer be {one}"),
            What::Rewritten => rewritten(&it, self.relation),
        }
    }
}

fn rewritten(it: &str, relation: Relation) -> String {
    match relation {
        Relation::More => format!("the type of {it} accepts more than before"),
        Relation::Fewer => format!("the type of {it} accepts less than before"),
        Relation::Same | Relation::Other => format!("the type of {it} is written differently"),
    }
}

fn rule(it: &str, keyword: &str, from: Option<&Value>, to: Option<&Value>) -> String {
    let (from, to) = (from.map(shown), to.map(shown));
    let moved = |bound: &str, what: &str| match (&from, &to) {
        (Some(from), Some(to)) => format!("{it} may have {bound} {to} {what} now; it was {from}"),
        (None, Some(to)) => format!("{it} may have {bound} {to} {what} now; there was no limit"),
        (Some(from), None) => format!("{it} may have any number of {what} now; it was {bound} {from}"),
        (None, None) => format!("the {what} of {it} are counted differently"),
    };
    let some = |count: &String, what: &str| match count.as_str() {
        "1" => format!("1 {}", what.trim_end_matches('s')),
        many => format!("{many} {what}"),
    };
    let least = |what: &str| match (&from, &to) {
        (Some(from), Some(to)) => format!("{it} must have at least {} now; it was {from}", some(to, what)),
        (None, Some(to)) => format!("{it} must have at least {} now", some(to, what)),
        (Some(from), None) => format!("{it} need no longer have at least {}", some(from, what)),
        (None, None) => format!("the {what} of {it} are counted differently"),
    };
    match keyword {
        "maxLength" => moved("at most", "letters"),
        "minLength" => least("letters"),
        "maxItems" => moved("at most", "items"),
        "minItems" => least("items"),
        "maxProperties" => moved("at most", "fields"),
        "minProperties" => least("fields"),
        "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum" => bound(it, keyword, from, to),
        _ => match (from, to) {
            (None, Some(to)) => format!("{it} must now satisfy `{keyword}: {to}`"),
            (Some(from), None) => format!("{it} need no longer satisfy `{keyword}: {from}`"),
            (Some(from), Some(to)) => format!("`{keyword}` of {it} was `{from}`, and is `{to}` now"),
            (None, None) => format!("`{keyword}` of {it} is written differently"),
        },
    }
}

fn bound(it: &str, keyword: &str, from: Option<String>, to: Option<String>) -> String {
    let word = match keyword {
        "minimum" => "at least",
        "exclusiveMinimum" => "more than",
        "maximum" => "at most",
        _ => "less than",
    };
    match (from, to) {
        (Some(from), Some(to)) => format!("{it} is {word} {to} now; it was {word} {from}"),
        (None, Some(to)) => format!("{it} is {word} {to} now; there was no limit"),
        (Some(from), None) => format!("{it} need no longer be {word} {from}"),
        (None, None) => format!("the bounds of {it} are written differently"),
    }
}
