//! Rows: PostgreSQL writes them as JSON, and they are converted as those of SQLite are.

use serde_json::{Map, Value};

use super::super::{Column, Row, SqlError, convert};
use super::kinds::Kind;
use super::prepared::Prepared;

/// Whether an answer is yes; no answer is no.
pub(super) fn is_true(texts: &[String]) -> bool {
    texts.first().is_some_and(|text| text == "true")
}

/// Rows of JSON texts, as `columns` want them.
pub(super) fn rows(prepared: &Prepared, texts: &[String], columns: &[Column]) -> Result<Vec<Row>, SqlError> {
    texts.iter().map(|text| row(prepared, text, columns)).collect()
}

fn row(prepared: &Prepared, text: &str, columns: &[Column]) -> Result<Row, SqlError> {
    let mut told: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| SqlError::Refused("a row is no JSON".into()))?;
    let mut row = Row::new();
    for column in columns {
        let value = match (told.remove(&*column.name), prepared.column(&column.name)) {
            (None, _) => Value::Null,
            (Some(Value::String(text)), Some(Kind::Moment)) => moment(text).into(),
            (Some(value), _) => value,
        };
        if let Some(value) = convert::column(column, value)? {
            row.insert(column.name.to_string(), value);
        }
    }
    Ok(row)
}

/// A point in time as `:now` writes it: with milliseconds at least, in UTC. One without a zone is taken for UTC.
fn moment(text: String) -> String {
    let bare = text.strip_suffix("+00:00").unwrap_or(&text);
    let (seconds, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    match seconds.len() == "2025-01-15T09:00:00".len() && fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        true => format!("{seconds}.{fraction:0<3}Z"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_written_in_one_way() {
        for (told, written) in [
            ("2025-01-15T09:00:00+00:00", "2025-01-15T09:00:00.000Z"),
            ("2025-01-15T09:00:00.5+00:00", "2025-01-15T09:00:00.500Z"),
            ("2025-01-15T09:00:00.123456+00:00", "2025-01-15T09:00:00.123456Z"),
            ("2025-01-15T09:00:00", "2025-01-15T09:00:00.000Z"),
            ("infinity", "infinity"),
        ] {
            assert_eq!(moment(told.to_owned()), written);
        }
    }
}
