//! Columns as the author's types want them, whatever the database stores them as.

use serde_json::Value;

use super::{Column, ColumnKind, SqlError};

/// A column's value in its type; `None` if it is NULL and need not be there.
///
/// # Errors
/// If it is NULL and must be there, or cannot be of its type.
pub(super) fn column(column: &Column, value: Value) -> Result<Option<Value>, SqlError> {
    if value.is_null() {
        return match column.required && column.kind != ColumnKind::Any {
            true => {
                Err(SqlError::Refused(format!("column `{}` is NULL, and its type does not allow that", column.name)))
            }
            false => Ok(None),
        };
    }
    let converted = of_kind(column.kind, value);
    converted.map(Some).ok_or_else(|| SqlError::Refused(format!("column `{}` is not of its type", column.name)))
}

fn of_kind(kind: ColumnKind, value: Value) -> Option<Value> {
    match (kind, value) {
        (ColumnKind::Bool, Value::Number(number)) => match number.as_i64() {
            Some(0) => Some(false.into()),
            Some(1) => Some(true.into()),
            _ => None,
        },
        (ColumnKind::Bool, value @ Value::Bool(_)) => Some(value),
        (ColumnKind::Integer, Value::Number(number)) => whole(&number).map(Value::from),
        (ColumnKind::Number, Value::Number(number)) => Some(whole(&number).map_or(Value::Number(number), Value::from)),
        (ColumnKind::Text, value @ Value::String(_)) => Some(value),
        (ColumnKind::Text, Value::Number(number)) => Some(number.to_string().into()),
        (ColumnKind::Json, Value::String(text)) => serde_json::from_str(&text).ok(),
        (ColumnKind::Json, value @ (Value::Array(_) | Value::Object(_))) => Some(value),
        (ColumnKind::Any, value) => Some(value),
        _ => None,
    }
}

/// The whole number a number is, if it is one.
fn whole(number: &serde_json::Number) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT_MAX)?;
        Some(float as i64)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(kind: ColumnKind, value: Value) -> Option<Value> {
        column(&Column { name: "c".into(), kind, required: true }, value).ok().flatten()
    }

    #[test]
    fn columns_become_what_their_types_say() {
        assert_eq!(read(ColumnKind::Bool, json!(1)), Some(json!(true)));
        assert_eq!(read(ColumnKind::Bool, json!(2)), None);
        assert_eq!(read(ColumnKind::Integer, json!(3.0)), Some(json!(3)));
        assert_eq!(read(ColumnKind::Integer, json!(3.5)), None);
        assert_eq!(read(ColumnKind::Number, json!(3.0)), Some(json!(3)));
        assert_eq!(read(ColumnKind::Text, json!(7)), Some(json!("7")));
        assert_eq!(read(ColumnKind::Json, json!("[1]")), Some(json!([1])));
        assert_eq!(read(ColumnKind::Integer, json!("7")), None);
    }

    #[test]
    fn null_is_absent_where_it_may_be() {
        let optional = Column { name: "c".into(), kind: ColumnKind::Text, required: false };
        assert_eq!(column(&optional, Value::Null), Ok(None));
        assert_eq!(read(ColumnKind::Text, Value::Null), None);
    }
}
