//! The database: statements with bound parameters, rows as JSON, one transaction an event.
//!
//! SQLite and PostgreSQL stand behind it. What is asked and what is answered are the same on both; nothing tells them apart
//! outside of `sqlite.rs` and `postgres.rs`.

mod convert;
mod db;
mod postgres;
mod sqlite;
mod statement;
mod status;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

pub(crate) use postgres::{failure as postgres_failure, options as postgres_options};

pub use db::{Db, Migration, Tx};
pub use statement::{Part, Sql};
pub use status::SqlStatus;

pub use crate::breaker::Breaking;

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
    /// A list or an object, as its JSON text.
    Json(Box<str>),
}

impl From<Option<&Value>> for SqlValue {
    /// A JSON value as a parameter: absent and null are NULL.
    fn from(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Null,
            Some(Value::Bool(yes)) => Self::Bool(*yes),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => number.as_f64().map_or(Self::Null, Self::Real),
            },
            Some(Value::String(text)) => Self::Text(text.as_str().into()),
            Some(other @ (Value::Array(_) | Value::Object(_))) => Self::Json(other.to_string().into()),
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
    /// The transaction met another one, and nothing of it was written: what it belongs to may be done again from its start.
    #[error("the transaction met another: {0}")]
    Conflict(String),
    /// A value cannot be kept where the statement would keep it.
    #[error("{0}")]
    Unfit(String),
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
    pub columns: Vec<Yielded>,
}

/// A column that a statement yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yielded {
    /// Its name.
    pub name: String,
    /// What the database calls its type, where that is known before there are rows.
    pub of: Option<String>,
    /// What it can be converted to, where that is known.
    pub fits: Option<&'static [ColumnKind]>,
}

/// Bounds of the database, and how it is spoken to. Those of the pool and of statements hold for PostgreSQL and SQLite.
#[derive(Debug, Clone)]
pub struct SqlLimits {
    /// How many connections at most.
    pub connections_max: u32,
    /// How long to wait for one.
    pub acquire_timeout: Duration,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// After how many calls in a row that nobody answered the database counts as away. PostgreSQL only.
    pub breaker_failures: u32,
    /// How long it then is not asked at first; twice as long after each vain attempt, up to 30 times.
    pub breaker_wait: Duration,
    /// Whether and how connections are encrypted, if the URL does not say.
    pub tls: Option<SqlTls>,
    /// Authorities that the database's certificate may be signed by, as PEM; otherwise those of the web.
    pub tls_ca: Option<PathBuf>,
}

/// How connections to the database are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlTls {
    /// Not.
    Off,
    /// Where the database offers it; whoever stands between can take the offer away.
    Prefer,
    /// Always, whoever the other end is.
    Require,
    /// Always, and the certificate is signed by an authority.
    VerifyCa,
    /// Always, and the certificate is signed for the host of the URL.
    VerifyFull,
}

impl Default for SqlLimits {
    fn default() -> Self {
        Self {
            connections_max: 8,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            breaker_failures: 3,
            breaker_wait: Duration::from_secs(1),
            tls: None,
            tls_ca: None,
        }
    }
}

/// The only place where a text becomes a statement. Statements are the author's, from files, and the engine's own; nothing
/// from a payload is ever part of one: that is always a bound parameter.
fn trusted(sql: &str) -> sqlx::SqlStr {
    sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(sql))
}
