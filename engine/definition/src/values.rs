//! The small values that are written as text: lengths of time, rate limits, counts, envelopes.

use std::time::Duration;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::suggest::did_you_mean;
use crate::tree::{Kind, Node, Text};

/// The longest length of time that can be written: a hundred years.
pub const DURATION_DAYS_MAX: u64 = 36_500;

const MS_PER_DAY: u64 = 86_400_000;

/// The units of time, with their milliseconds.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", MS_PER_DAY)];

/// What people write for a unit, and what it is.
const LONG_UNITS: [(&str, &str); 18] = [
    ("millisecond", "ms"),
    ("milliseconds", "ms"),
    ("msec", "ms"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hour", "h"),
    ("hours", "h"),
    ("hr", "h"),
    ("hrs", "h"),
    ("day", "d"),
    ("days", "d"),
    ("M", "m"),
];

/// A length of time: `250ms`, `5s`, `2m`, `4h`, `7d`. Errors say what is wrong with it, and propose the nearest that is right.
pub fn parse_duration(text: &Text) -> Result<Duration, Diagnostic> {
    duration(&text.value).map_err(|fault| {
        let told = Diagnostic::error(codes::BAD_DURATION, text.span, fault.message).label("not a length of time");
        match fault.fix {
            Some(fix) => told.fix(text.span, fix.clone(), format!("write `{fix}`")),
            None => told.help("a length of time is a whole number with `ms`, `s`, `m`, `h` or `d`, such as `5s`"),
        }
    })
}

/// A length of time in a text that no file spells, such as one that was computed; `None` if it is none.
pub fn duration_of(text: &str) -> Option<Duration> {
    duration(text).ok()
}

/// What is wrong with a small value, and what would be right.
struct Fault {
    message: String,
    fix: Option<String>,
}

fn duration(text: &str) -> Result<Duration, Fault> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let spaced = unit.starts_with(' ');
    let unit = unit.trim();
    if number.is_empty() {
        return Err(Fault { message: format!("`{text}` does not begin with a whole number"), fix: None });
    }
    if unit.is_empty() {
        return Err(Fault { message: "a length of time needs a unit".into(), fix: Some(format!("{number}s")) });
    }
    let Some((_, ms)) = UNITS.iter().find(|(name, _)| *name == unit && !spaced) else {
        return Err(unknown_unit(number, unit));
    };
    let total = number.parse::<u64>().ok().and_then(|count| count.checked_mul(*ms));
    match total {
        Some(0) => Err(Fault { message: "a length of time must be longer than nothing".into(), fix: None }),
        Some(total) if total <= DURATION_DAYS_MAX * MS_PER_DAY => Ok(Duration::from_millis(total)),
        _ => Err(Fault { message: format!("`{text}` is longer than {DURATION_DAYS_MAX} days"), fix: None }),
    }
}

fn unknown_unit(number: &str, unit: &str) -> Fault {
    let known = UNITS.iter().map(|(name, _)| *name).find(|name| *name == unit);
    let long = LONG_UNITS.iter().find(|(long, _)| *long == unit).map(|(_, short)| *short);
    let lower = unit.to_lowercase();
    let cased = UNITS.iter().map(|(name, _)| *name).find(|name| *name == lower);
    let message = match known {
        Some(_) => "a length of time is written without a space".to_owned(),
        None => format!("`{unit}` is no unit of time"),
    };
    Fault { message, fix: known.or(long).or(cased).map(|unit| format!("{number}{unit}")) }
}

/// How often an event may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many times,
    pub count: u32,
    /// within how long,
    pub per: Duration,
    /// counted for whom,
    pub scope: LimitScope,
    /// and what becomes of what is too much.
    pub over: OverLimit,
}

/// For whom a rate limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitScope {
    /// Each connection by itself.
    Connection,
    /// All connections of a user together.
    User,
    /// All of a room together.
    Room,
}

/// What becomes of an event beyond the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverLimit {
    /// Refused with RATE_LIMITED.
    Refuse,
    /// Dropped without a word.
    Drop,
    /// Held back; the latest goes when there is room again.
    Coalesce,
}

const SCOPES: [(&str, LimitScope); 3] =
    [("connection", LimitScope::Connection), ("user", LimitScope::User), ("room", LimitScope::Room)];
const OVERS: [(&str, OverLimit); 3] =
    [("refuse", OverLimit::Refuse), ("drop", OverLimit::Drop), ("coalesce", OverLimit::Coalesce)];

/// A rate limit: `N per D [per user|room] [, drop|coalesce]`, such as `10 per 10s per user, drop`.
pub fn parse_rate_limit(text: &Text) -> Result<RateLimit, Diagnostic> {
    let (limit, over) = match text.split_once(',') {
        Some((limit, over)) => (limit, word(text, over.trim(), &OVERS, "what happens beyond the limit")?),
        None => (text.as_str(), OverLimit::Refuse),
    };
    let mut parts = limit.split(" per ").map(str::trim);
    let count = rate_count(text, parts.next().unwrap_or(""))?;
    let Some(per) = parts.next() else {
        return Err(bad_rate(text, format!("`{text}` does not say per how long")));
    };
    let per = duration(per).map_err(|fault| bad_rate(text, fault.message))?;
    let scope =
        parts.next().map_or(Ok(LimitScope::Connection), |scope| word(text, scope, &SCOPES, "whom it counts for"))?;
    match parts.next() {
        None => Ok(RateLimit { count, per, scope, over }),
        Some(more) => Err(bad_rate(text, format!("`per {more}` is one too many"))),
    }
}

fn rate_count(text: &Text, count: &str) -> Result<u32, Diagnostic> {
    match count.parse::<u32>() {
        Ok(0) => Err(bad_rate(text, "a limit of 0 would refuse everything".into())),
        Ok(count) => Ok(count),
        Err(_) => Err(bad_rate(text, format!("`{count}` is not how many"))),
    }
}

fn word<T: Copy>(text: &Text, word: &str, words: &[(&str, T)], what: &str) -> Result<T, Diagnostic> {
    let found = words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names = words.iter().map(|(name, _)| *name);
        bad_rate(text, format!("`{word}` does not say {what}")).help_if(did_you_mean(word, names))
    })
}

fn bad_rate(text: &Text, message: String) -> Diagnostic {
    Diagnostic::error(codes::BAD_RATE_LIMIT, text.span, message).label("not a rate limit").help(
        "write `N per D`, then `per user` or `per room`, then `, drop` or `, coalesce`: `10 per 10s per user, drop`",
    )
}

/// A count: a whole number, 1 or more. Errors say what else it is.
pub fn parse_count(node: &Node) -> Result<usize, Diagnostic> {
    let told = |message: String| {
        Diagnostic::error(codes::BAD_COUNT, node.span, message).label("expected a whole number, 1 or more")
    };
    match &node.kind {
        Kind::Int(count) => match usize::try_from(*count) {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(told(format!("a count cannot be {count}"))),
        },
        Kind::Str(text) => {
            let digits: String = text.chars().filter(|c| !matches!(c, '_' | ',' | ' ')).collect();
            let told = told(format!("a count is a number, and `{text}` is text"));
            let is_number = digits.parse::<u32>().is_ok_and(|number| number > 0);
            let plain = digits.trim_start_matches('0');
            Err(if is_number { told.fix(node.span, plain, format!("write `{plain}`")) } else { told })
        }
        Kind::Float(number) => Err(told(format!("a count is a whole number, not {number}"))),
        _ => Err(told(format!("a count is a whole number, and this is {}", node.kind_name()))),
    }
}

/// The form of acks.
#[derive(Clone, Debug)]
pub enum Envelope {
    /// `{success: true, data}` and `{success: false, error, code}`.
    Success,
    /// The ack's value alone.
    Bare,
    /// A pair of the author's own.
    Pair {
        /// What is answered when all went well; `<ack>` stands for the event's ack.
        success: Node,
        /// What is answered when it was refused; `<message>` and `<code>` stand for why.
        failure: Node,
    },
}

const ENVELOPES: [&str; 2] = ["success", "bare"];

/// The value of `envelope:`.
pub fn parse_envelope(node: &Node) -> Result<Envelope, Diagnostic> {
    match &node.kind {
        Kind::Str(name) if name == ENVELOPES[0] => Ok(Envelope::Success),
        Kind::Str(name) if name == ENVELOPES[1] => Ok(Envelope::Bare),
        Kind::Map(entries) => envelope_pair(node, entries),
        _ => {
            let known = node.as_str().and_then(|name| did_you_mean(name, ENVELOPES));
            Err(bad_envelope(node, "this is no envelope").help_if(known))
        }
    }
}

fn envelope_pair(node: &Node, entries: &[(Text, Node)]) -> Result<Envelope, Diagnostic> {
    if let Some((key, _)) = entries.iter().find(|(key, _)| !matches!(key.as_str(), "success" | "failure")) {
        let told = Diagnostic::error(codes::UNKNOWN_KEY, key.span, format!("an envelope has no key `{key}`"));
        return Err(told
            .help_if(did_you_mean(key, ["success", "failure"]))
            .help("its keys are `success` and `failure`"));
    }
    match (node.get("success"), node.get("failure")) {
        (Some(success), Some(failure)) => Ok(Envelope::Pair { success: success.clone(), failure: failure.clone() }),
        (None, _) => Err(bad_envelope(node, "this envelope has no `success:`")),
        (_, None) => Err(bad_envelope(node, "this envelope has no `failure:`")),
    }
}

fn bad_envelope(node: &Node, message: &str) -> Diagnostic {
    Diagnostic::error(codes::BAD_ENVELOPE, node.span, message).help(
        "write `success`, `bare`, or both forms: `{ success: <ack>, failure: { error: <message>, code: <code> } }`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn text(value: &str) -> Text {
        Text::new(value, Span::default())
    }

    /// The proposed replacement, or else the message.
    fn remedy(told: Diagnostic) -> String {
        told.fix.map_or(told.message, |fix| format!("-> {}", fix.replacement))
    }

    #[test]
    fn lengths_of_time_have_five_units() {
        let ms = |value: &str| parse_duration(&text(value)).map(|duration| duration.as_millis()).ok();
        assert_eq!(ms("250ms"), Some(250));
        assert_eq!(ms("5s"), Some(5_000));
        assert_eq!(ms("2m"), Some(120_000));
        assert_eq!(ms("4h"), Some(14_400_000));
        assert_eq!(ms("7d"), Some(604_800_000));
        assert_eq!(ms("36500d"), Some(3_153_600_000_000));
    }

    #[test]
    fn a_wrong_length_of_time_is_told_with_the_right_one() {
        let told = |value: &str| parse_duration(&text(value)).map_err(remedy).unwrap_err();
        assert_eq!(told("5"), "-> 5s");
        assert_eq!(told("5 s"), "-> 5s");
        assert_eq!(told("2 minutes"), "-> 2m");
        assert_eq!(told("3H"), "-> 3h");
        assert_eq!(told("5x"), "`x` is no unit of time");
        assert_eq!(told("soon"), "`soon` does not begin with a whole number");
        assert_eq!(told("1.5s"), "`.5s` is no unit of time");
        assert_eq!(told("0s"), "a length of time must be longer than nothing");
        assert_eq!(told("36501d"), "`36501d` is longer than 36500 days");
        assert_eq!(told("99999999999999999999d"), "`99999999999999999999d` is longer than 36500 days");
    }

    #[test]
    fn rate_limits_have_defaults() {
        let limit =
            |value: &str| parse_rate_limit(&text(value)).map(|l| (l.count, l.per.as_secs(), l.scope, l.over)).ok();
        assert_eq!(limit("10 per 10s"), Some((10, 10, LimitScope::Connection, OverLimit::Refuse)));
        assert_eq!(limit("5 per 1m per user"), Some((5, 60, LimitScope::User, OverLimit::Refuse)));
        assert_eq!(limit("120 per 1s, drop"), Some((120, 1, LimitScope::Connection, OverLimit::Drop)));
        assert_eq!(limit("1 per 1s per room , coalesce"), Some((1, 1, LimitScope::Room, OverLimit::Coalesce)));
    }

    #[test]
    fn a_wrong_rate_limit_is_told() {
        let told = |value: &str| parse_rate_limit(&text(value)).map_err(|told| told.message).unwrap_err();
        assert_eq!(told("10"), "`10` does not say per how long");
        assert_eq!(told("ten per 1s"), "`ten` is not how many");
        assert_eq!(told("0 per 1s"), "a limit of 0 would refuse everything");
        assert_eq!(told("10 per 10"), "a length of time needs a unit");
        assert_eq!(told("10 per 10s per usr"), "`usr` does not say whom it counts for");
        assert_eq!(told("10 per 10s, dorp"), "`dorp` does not say what happens beyond the limit");
        assert_eq!(told("1 per 1s per user per room"), "`per room` is one too many");
    }

    #[test]
    fn a_misspelt_word_of_a_rate_limit_is_suggested() {
        let told = parse_rate_limit(&text("10 per 10s, dorp")).unwrap_err();
        assert!(told.helps.contains(&"did you mean `drop`?".to_owned()), "{:?}", told.helps);
    }

    #[test]
    fn counts_are_whole_numbers_from_one() {
        let count = |kind: Kind| parse_count(&Node::new(kind, Span::default())).map_err(remedy);
        assert_eq!(count(Kind::Int(200)), Ok(200));
        assert_eq!(count(Kind::Int(0)), Err("a count cannot be 0".into()));
        assert_eq!(count(Kind::Int(-1)), Err("a count cannot be -1".into()));
        assert_eq!(count(Kind::Str("1_000".into())), Err("-> 1000".into()));
        assert_eq!(count(Kind::Str("many".into())), Err("a count is a number, and `many` is text".into()));
        assert_eq!(count(Kind::Float(1.5)), Err("a count is a whole number, not 1.5".into()));
    }

    #[test]
    fn envelopes_are_two_names_or_a_pair() {
        let envelope = |kind: Kind| parse_envelope(&Node::new(kind, Span::default()));
        assert!(matches!(envelope(Kind::Str("success".into())), Ok(Envelope::Success)));
        assert!(matches!(envelope(Kind::Str("bare".into())), Ok(Envelope::Bare)));
        let entry = |key: &str| (text(key), Node::new(Kind::Null, Span::default()));
        assert!(matches!(envelope(Kind::Map(vec![entry("success"), entry("failure")])), Ok(Envelope::Pair { .. })));
        let told = |kind: Kind| envelope(kind).map(|_| ()).map_err(|told| told.message).unwrap_err();
        assert_eq!(told(Kind::Map(vec![entry("success")])), "this envelope has no `failure:`");
        assert_eq!(told(Kind::Map(vec![entry("sucess")])), "an envelope has no key `sucess`");
        assert_eq!(told(Kind::Str("none".into())), "this is no envelope");
    }
}
