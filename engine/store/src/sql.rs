//! The database: statements with bound parameters, rows as JSON, one transaction an event.
//!
//! SQLite stands behind it today. Nothing here says so outside of `sqlite.rs`, so that PostgreSQL can stand beside it.

mod convert;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// NULL
    Null,
    /// A boolean; 0 or 1 in a database without them.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(Box<str>),
}

impl From<Option<&Value>> for SqlValue {
    /// A JSON value as a parameter: absent and null are NULL, lists and objects their JSON text.
    fn from(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Null,
            Some(Value::Bool(yes)) => Self::Bool(*yes),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => number.as_f64().map_or(Self::Null, Self::Real),
            },
            Some(Value::String(text)) => Self::Text(text.as_str().into()),
            Some(other) => Self::Text(other.to_string().into()),
        }
    }
}

/// A column that is wanted, and what it is converted to.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub kind: ColumnKind,
    /// Whether every row must have it; a row without it is a mistake of the statement. Else NULL is left out of the row.
    pub required: bool,
}

/// What a column is converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text.
    Text,
    /// JSON kept as text in the database.
    Json,
    /// As the database has it.
    Any,
}

/// A row: its columns by name.
pub type Row = Map<String, Value>;

/// What went wrong. The texts are for the log and for authors, never for clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The database could not be asked, or did not answer in time.
    #[error("the database could not be asked: {0}")]
    Unavailable(String),
    /// The database refused the statement, or a row was not as `returns:` says.
    #[error("{0}")]
    Refused(String),
}

/// What the database knows of a statement before it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// How many parameters it takes.
    pub params: usize,
    /// The columns it yields.
    pub columns: Vec<String>,
}

/// Bounds of the database.
#[derive(Debug, Clone)]
pub struct SqlLimits {
    /// How many connections at most.
    pub connections_max: u32,
    /// How long to wait for one.
    pub acquire_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
}

impl Default for SqlLimits {
    fn default() -> Self {
        Self { connections_max: 8, acquire_timeout: Duration::from_secs(2), statement_timeout: Duration::from_secs(5) }
    }
}

/// A database.
#[derive(Debug, Clone)]
pub struct Db {
    inner: sqlite::Sqlite,
    limits: Arc<SqlLimits>,
}

/// A transaction. One that is dropped without [`Tx::commit`] never happened.
#[derive(Debug)]
pub struct Tx {
    inner: sqlite::SqliteTx,
    limits: Arc<SqlLimits>,
}
