//! Parameters as texts that PostgreSQL reads as the types it wants.
//!
//! A value that is none of its type is told before PostgreSQL sees it: "no such id" is an answer, and no error that ends a
//! transaction. What identifies (uuids, whole numbers) has one spelling, so that one thing has one room.

use serde_json::Value;
use sqlx::types::Uuid;

use super::super::SqlValue;
use super::kinds::Kind;

/// A value that is none of its type.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit;

/// A value as a text of a type; `None` is NULL.
pub(super) fn text(kind: &Kind, value: &SqlValue) -> Result<Option<String>, Unfit> {
    let text = match (kind, value) {
        (_, SqlValue::Null) => return Ok(None),
        (Kind::Json, SqlValue::Text(text)) => Value::from(&**text).to_string(),
        (Kind::Bool, value) => boolean(value).ok_or(Unfit)?.to_owned(),
        (Kind::Whole(least, most), value) => {
            whole(value).filter(|whole| (*least..=*most).contains(whole)).ok_or(Unfit)?.to_string()
        }
        (Kind::List(item), SqlValue::Json(json)) => list(item, json)?,
        (Kind::List(_), _) => return Err(Unfit),
        (_, SqlValue::Bool(yes)) => yes.to_string(),
        (_, SqlValue::Int(number)) => number.to_string(),
        (_, SqlValue::Real(number)) => number.to_string(),
        (_, SqlValue::Text(text) | SqlValue::Json(text)) => text.to_string(),
    };
    // PostgreSQL has no texts with a NUL in them.
    match is_of(kind, &text) && !text.contains('\0') {
        true => Ok(Some(text)),
        false => Err(Unfit),
    }
}

fn is_of(kind: &Kind, text: &str) -> bool {
    match kind {
        Kind::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
        Kind::Uuid => Uuid::parse_str(text).is_ok_and(|uuid| uuid.hyphenated().to_string() == text),
        Kind::Date => text.split_once(['T', ' ']).map_or(is_date(text), |_| is_moment(text)),
        Kind::Moment => is_moment(text) || is_date(text),
        Kind::Time => is_time(text),
        Kind::Word(words) => words.iter().any(|word| word == text),
        Kind::Bool | Kind::Whole(..) | Kind::Text | Kind::Json | Kind::List(_) | Kind::Other => true,
    }
}

fn boolean(value: &SqlValue) -> Option<&'static str> {
    match value {
        SqlValue::Bool(true) | SqlValue::Int(1) => Some("true"),
        SqlValue::Bool(false) | SqlValue::Int(0) => Some("false"),
        SqlValue::Text(text) => ["true", "false"].into_iter().find(|word| **word == **text),
        _ => None,
    }
}

fn whole(value: &SqlValue) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    match value {
        SqlValue::Int(whole) => Some(*whole),
        SqlValue::Bool(yes) => Some((*yes).into()),
        SqlValue::Real(number) => (number.fract() == 0.0 && number.abs() <= EXACT_MAX).then_some(*number as i64),
        SqlValue::Text(text) => text.parse().ok().filter(|whole: &i64| *whole.to_string() == **text),
        SqlValue::Json(_) | SqlValue::Null => None,
    }
}

/// PostgreSQL's text of an array: `{"a","b",NULL}`.
fn list(item: &Kind, json: &str) -> Result<String, Unfit> {
    let Ok(Value::Array(items)) = serde_json::from_str(json) else { return Err(Unfit) };
    let texts = items
        .iter()
        .map(|one| Ok(text(item, &SqlValue::from(Some(one)))?.map_or_else(|| "NULL".to_owned(), |text| quoted(&text))));
    Ok(format!("{{{}}}", texts.collect::<Result<Vec<_>, Unfit>>()?.join(",")))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `2025-01-15`, a day that there is.
fn is_date(text: &str) -> bool {
    let Some([year, month, day]) = numbers(text, '-', [4, 2, 2]) else { return false };
    let days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    year > 0 && (1..=12).contains(&month) && (1..=days).contains(&day)
}

/// `2025-01-15T09:00:00.000Z`, as RFC 3339 has it; the zone may be missing.
fn is_moment(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', ' ']) else { return false };
    let (time, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let is_zone = matches!(zone, "" | "Z")
        || numbers(&zone[1..], ':', [2, 2]).is_some_and(|[hours, minutes]| hours < 16 && minutes < 60);
    is_date(date) && is_time(time) && is_zone
}

/// `09:00:00`, with a fraction or without.
fn is_time(text: &str) -> bool {
    let (time, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_fraction = !fraction.is_empty() && fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_fraction
        && numbers(time, ':', [2, 2, 2]).is_some_and(|[hour, minute, second]| hour < 24 && minute < 60 && second < 61)
}

/// Numbers of so many digits each.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[u32; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(between);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part =
            parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(kind: &Kind, value: &Value) -> Result<Option<String>, Unfit> {
        text(kind, &SqlValue::from(Some(value)))
    }

    fn fits(kind: &Kind, value: &Value, written: &str) {
        assert_eq!(of(kind, value), Ok(Some(written.to_owned())), "{kind:?} {value}");
    }

    #[test]
    fn values_are_written_as_their_types_are_read() {
        let small = Kind::Whole(i16::MIN.into(), i16::MAX.into());
        fits(&small, &json!(7), "7");
        fits(&small, &json!(7.0), "7");
        fits(&small, &json!("-7"), "-7");
        fits(&small, &json!(true), "1");
        fits(&Kind::Bool, &json!(1), "true");
        fits(&Kind::Text, &json!(7), "7");
        fits(&Kind::Text, &json!(["a"]), r#"["a"]"#);
        fits(&Kind::Json, &json!("a"), r#""a""#);
        fits(&Kind::Json, &json!({ "a": 1 }), r#"{"a":1}"#);
        fits(&Kind::Number, &json!("1.50"), "1.50");
        fits(&Kind::Uuid, &json!("0191d2a0-0000-7000-8000-000000000001"), "0191d2a0-0000-7000-8000-000000000001");
        fits(&Kind::Date, &json!("2024-02-29"), "2024-02-29");
        fits(&Kind::Date, &json!("2025-01-15T09:00:00.000Z"), "2025-01-15T09:00:00.000Z");
        fits(&Kind::Moment, &json!("2025-01-15T09:00:00+05:30"), "2025-01-15T09:00:00+05:30");
        fits(&Kind::Word(vec!["LATE".into()]), &json!("LATE"), "LATE");
        fits(&Kind::List(Box::new(Kind::Text)), &json!(["a\"b\\", null, "NULL", ""]), r#"{"a\"b\\",NULL,"NULL",""}"#);
        fits(&Kind::List(Box::new(small)), &json!([1, "2"]), r#"{"1","2"}"#);
        assert_eq!(of(&Kind::Uuid, &Value::Null), Ok(None));
    }

    #[test]
    fn what_is_none_of_its_type_is_told() {
        let small = Kind::Whole(i16::MIN.into(), i16::MAX.into());
        for (kind, value) in [
            (&small, json!(40_000)),
            (&small, json!("07")),
            (&small, json!("+7")),
            (&small, json!(7.5)),
            (&small, json!("seven")),
            (&Kind::Bool, json!("yes")),
            (&Kind::Number, json!("NaN")),
            (&Kind::Uuid, json!("math-101")),
            // One id, one spelling.
            (&Kind::Uuid, json!("0191D2A0-0000-7000-8000-00000000000A")),
            (&Kind::Uuid, json!("0191d2a0000070008000000000000001")),
            (&Kind::Date, json!("2025-02-29")),
            (&Kind::Date, json!("2025-1-5")),
            (&Kind::Date, json!("today")),
            (&Kind::Moment, json!("now")),
            (&Kind::Moment, json!("2025-01-15T25:00:00Z")),
            (&Kind::Moment, json!("2025-01-15T09:00:00ZZ")),
            (&Kind::Time, json!("9:00")),
            (&Kind::Word(vec!["LATE".into()]), json!("late")),
            (&Kind::List(Box::new(Kind::Text)), json!("a")),
            (&Kind::List(Box::new(Kind::Uuid)), json!(["a"])),
            (&Kind::Text, json!("a\0b")),
            (&Kind::Other, json!("a\0b")),
        ] {
            assert_eq!(of(kind, &value), Err(Unfit), "{kind:?} {value}");
        }
    }
}
