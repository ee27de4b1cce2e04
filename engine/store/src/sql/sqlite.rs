//! SQLite: a file, or a private database in memory.

use std::str::FromStr;

use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, Column as _, Executor, Row as _, Sqlite as Driver, SqlitePool, Statement as _, TypeInfo, ValueRef,
};

use super::{Column, Described, Row, Sql, SqlError, SqlLimits, SqlValue, Yielded, convert, trusted};

type Query<'q> = sqlx::query::Query<'q, Driver, SqliteArguments>;

#[derive(Debug, Clone)]
pub(super) struct Sqlite {
    pool: SqlitePool,
}

#[derive(Debug)]
pub(super) struct SqliteTx {
    tx: sqlx::Transaction<'static, Driver>,
}

impl Sqlite {
    pub(super) async fn open(url: &str, limits: &SqlLimits) -> Result<Self, SqlError> {
        let options = SqliteConnectOptions::from_str(url).map_err(told)?;
        let options =
            options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal).busy_timeout(limits.acquire_timeout);
        let in_memory = url.contains(":memory:");
        let pool = pool(limits, if in_memory { 1 } else { limits.connections_max }).connect_with(options);
        Ok(Self { pool: pool.await.map_err(told)? })
    }

    pub(super) async fn embedded(limits: &SqlLimits) -> Result<Self, SqlError> {
        let options = SqliteConnectOptions::from_str("sqlite::memory:").map_err(told)?;
        let options = options.synchronous(SqliteSynchronous::Off).journal_mode(SqliteJournalMode::Memory);
        Ok(Self { pool: pool(limits, 1).connect_with(options).await.map_err(told)? })
    }

    pub(super) async fn script(&self, script: &str) -> Result<(), SqlError> {
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&self.pool).await.map(drop).map_err(told)
    }

    pub(super) async fn describe(&self, sql: &Sql) -> Result<Described, SqlError> {
        let statement = (&self.pool).prepare(trusted(sql.numbered())).await.map_err(told)?;
        let params = statement.parameters().map_or(0, |params| params.right().unwrap_or(0));
        let columns = statement.columns().iter();
        let columns = columns.map(|column| Yielded { name: column.name().to_owned(), of: None, fits: None }).collect();
        Ok(Described { params, columns })
    }

    pub(super) async fn found(&self, sql: &Sql, params: &[SqlValue]) -> Result<bool, SqlError> {
        found(&self.pool, sql, params).await
    }

    pub(super) async fn fetch(
        &self,
        sql: &Sql,
        params: &[SqlValue],
        columns: &[Column],
        limit: usize,
    ) -> Result<Vec<Row>, SqlError> {
        fetch(&self.pool, sql, params, columns, limit).await
    }

    pub(super) async fn begin(&self) -> Result<SqliteTx, SqlError> {
        Ok(SqliteTx { tx: self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(told)? })
    }

    pub(super) fn sizes(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }
}

impl SqliteTx {
    pub(super) async fn found(&mut self, sql: &Sql, params: &[SqlValue]) -> Result<bool, SqlError> {
        found(&mut *self.tx, sql, params).await
    }

    pub(super) async fn fetch(
        &mut self,
        sql: &Sql,
        params: &[SqlValue],
        columns: &[Column],
        limit: usize,
    ) -> Result<Vec<Row>, SqlError> {
        fetch(&mut *self.tx, sql, params, columns, limit).await
    }

    pub(super) async fn execute(&mut self, sql: &Sql, params: &[SqlValue]) -> Result<u64, SqlError> {
        let done = bound(sql, params).execute(&mut *self.tx).await.map_err(told)?;
        Ok(done.rows_affected())
    }

    pub(super) async fn script(&mut self, script: &str) -> Result<(), SqlError> {
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut *self.tx).await.map(drop).map_err(told)
    }

    pub(super) async fn commit(self) -> Result<(), SqlError> {
        self.tx.commit().await.map_err(told)
    }
}

fn pool(limits: &SqlLimits, connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(limits.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

fn bound<'q>(sql: &Sql, params: &[SqlValue]) -> Query<'q> {
    params.iter().fold(sqlx::query(trusted(sql.numbered())), |query, param| match param {
        SqlValue::Null => query.bind(None::<i64>),
        SqlValue::Bool(yes) => query.bind(*yes),
        SqlValue::Int(whole) => query.bind(*whole),
        SqlValue::Real(number) => query.bind(*number),
        SqlValue::Text(text) | SqlValue::Json(text) => query.bind(text.to_string()),
    })
}

async fn found<'c>(on: impl Executor<'c, Database = Driver>, sql: &Sql, params: &[SqlValue]) -> Result<bool, SqlError> {
    Ok(bound(sql, params).fetch_optional(on).await.map_err(told)?.is_some())
}

async fn fetch<'c>(
    on: impl Executor<'c, Database = Driver>,
    sql: &Sql,
    params: &[SqlValue],
    columns: &[Column],
    limit: usize,
) -> Result<Vec<Row>, SqlError> {
    let mut rows = Vec::new();
    let mut found = bound(sql, params).fetch(on);
    while rows.len() < limit
        && let Some(row) = found.try_next().await.map_err(told)?
    {
        rows.push(converted(&row, columns)?);
    }
    Ok(rows)
}

fn converted(row: &SqliteRow, columns: &[Column]) -> Result<Row, SqlError> {
    let mut converted = Row::new();
    for column in columns {
        let value = raw(row, &column.name).map_err(told)?;
        if let Some(value) = convert::column(column, value)? {
            converted.insert(column.name.to_string(), value);
        }
    }
    Ok(converted)
}

/// A column as the database has it.
fn raw(row: &SqliteRow, name: &str) -> Result<Value, sqlx::Error> {
    let value = row.try_get_raw(name)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    let kind = value.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INTEGER" | "BOOLEAN" | "INT4" | "INT8" => row.try_get_unchecked::<i64, _>(name)?.into(),
        "REAL" => row.try_get_unchecked::<f64, _>(name)?.into(),
        _ => row.try_get_unchecked::<String, _>(name)?.into(),
    })
}

/// The database's own words are for the log; they may name columns and never hold a parameter.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn told(error: sqlx::Error) -> SqlError {
    /// SQLITE_BUSY and SQLITE_LOCKED, of <https://www.sqlite.org/rescode.html>.
    const WAITED_IN_VAIN: [&str; 2] = ["5", "6"];
    match &error {
        sqlx::Error::Database(database) => {
            let waited = database.code().is_some_and(|code| WAITED_IN_VAIN.contains(&&*code));
            if waited {
                SqlError::Unavailable(database.message().to_owned())
            } else {
                SqlError::Refused(database.message().to_owned())
            }
        }
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => {
            SqlError::Unavailable(error.to_string())
        }
        _ => SqlError::Refused(error.to_string()),
    }
}
