//! SQLite: a file, or a private database in memory.

use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, Column as _, Executor, Row as _, Sqlite as Driver, SqlitePool, Statement as _, TypeInfo, ValueRef,
};

use super::{Column, Db, Described, Row, SqlError, SqlLimits, SqlValue, Tx, convert};

type Query<'q> = sqlx::query::Query<'q, Driver, SqliteArguments>;

#[derive(Debug, Clone)]
pub(super) struct Sqlite {
    pool: SqlitePool,
}

#[derive(Debug)]
pub(super) struct SqliteTx {
    tx: sqlx::Transaction<'static, Driver>,
}

impl Db {
    /// Opens a database by its URL: `sqlite:path/to/file.db`, made if it is not there.
    ///
    /// # Errors
    /// If the URL is of another kind, or the file cannot be opened.
    pub async fn open(url: &str, limits: SqlLimits) -> Result<Self, SqlError> {
        if !url.starts_with("sqlite:") {
            let scheme = url.split(':').next().unwrap_or_default();
            return Err(SqlError::Refused(format!(
                "databases of kind `{scheme}` are not supported; use `sqlite:path/to/file.db`"
            )));
        }
        let options = SqliteConnectOptions::from_str(url).map_err(told)?;
        let options =
            options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal).busy_timeout(limits.acquire_timeout);
        let in_memory = url.contains(":memory:");
        let pool = pool(&limits, if in_memory { 1 } else { limits.connections_max }).connect_with(options);
        Ok(Self { inner: Sqlite { pool: pool.await.map_err(told)? }, limits: Arc::new(limits) })
    }

    /// A private database in memory, filled by a script. It is one connection, for which everyone waits their turn.
    ///
    /// # Errors
    /// What the database says of the script.
    pub async fn embedded(script: &str, limits: SqlLimits) -> Result<Self, SqlError> {
        let options = SqliteConnectOptions::from_str("sqlite::memory:").map_err(told)?;
        let options = options.synchronous(SqliteSynchronous::Off).journal_mode(SqliteJournalMode::Memory);
        let pool = pool(&limits, 1).connect_with(options).await.map_err(told)?;
        let db = Self { inner: Sqlite { pool }, limits: Arc::new(limits) };
        db.script(script).await?;
        Ok(db)
    }

    /// Runs the statements of a script.
    ///
    /// # Errors
    /// What the database says of them.
    pub async fn script(&self, script: &str) -> Result<(), SqlError> {
        let run = sqlx::raw_sql(AssertSqlSafe(script)).execute(&self.inner.pool);
        self.bounded(async { run.await.map(drop).map_err(told) }).await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<(), SqlError> {
        self.found("select 1", &[]).await.map(drop)
    }

    /// What the database knows of a statement without running it.
    ///
    /// # Errors
    /// What it objects to.
    pub async fn describe(&self, sql: &str) -> Result<Described, SqlError> {
        self.bounded(async {
            let statement = (&self.inner.pool).prepare(trusted(sql)).await.map_err(told)?;
            let params = statement.parameters().map_or(0, |params| params.right().unwrap_or(0));
            let columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
            Ok(Described { params, columns })
        })
        .await
    }

    /// Whether a statement finds anything.
    ///
    /// # Errors
    /// If it could not be asked.
    pub async fn found(&self, sql: &str, params: &[SqlValue]) -> Result<bool, SqlError> {
        self.bounded(found(&self.inner.pool, sql, params)).await
    }

    /// The rows a statement finds, at most `limit`.
    ///
    /// # Errors
    /// If it could not be asked, or a row is not as `columns` want it.
    pub async fn fetch(
        &self,
        sql: &str,
        params: &[SqlValue],
        columns: &[Column],
        limit: usize,
    ) -> Result<Vec<Row>, SqlError> {
        self.bounded(fetch(&self.inner.pool, sql, params, columns, limit)).await
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// If it cannot begin in time.
    pub async fn begin(&self) -> Result<Tx, SqlError> {
        let begin = async { self.inner.pool.begin_with("BEGIN IMMEDIATE").await.map_err(told) };
        Ok(Tx { inner: SqliteTx { tx: self.bounded(begin).await? }, limits: Arc::clone(&self.limits) })
    }

    async fn bounded<T>(&self, work: impl Future<Output = Result<T, SqlError>>) -> Result<T, SqlError> {
        bounded(self.limits.acquire_timeout + self.limits.statement_timeout, work).await
    }
}

impl Tx {
    /// Whether a statement finds anything.
    ///
    /// # Errors
    /// If it could not be asked.
    pub async fn found(&mut self, sql: &str, params: &[SqlValue]) -> Result<bool, SqlError> {
        bounded(self.limits.statement_timeout, found(&mut *self.inner.tx, sql, params)).await
    }

    /// The rows a statement finds, at most `limit`.
    ///
    /// # Errors
    /// If it could not be asked, or a row is not as `columns` want it.
    pub async fn fetch(
        &mut self,
        sql: &str,
        params: &[SqlValue],
        columns: &[Column],
        limit: usize,
    ) -> Result<Vec<Row>, SqlError> {
        bounded(self.limits.statement_timeout, fetch(&mut *self.inner.tx, sql, params, columns, limit)).await
    }

    /// Runs a statement; yields how many rows it changed.
    ///
    /// # Errors
    /// If it could not be run.
    pub async fn execute(&mut self, sql: &str, params: &[SqlValue]) -> Result<u64, SqlError> {
        let run = async { bound(sql, params).execute(&mut *self.inner.tx).await.map_err(told) };
        Ok(bounded(self.limits.statement_timeout, run).await?.rows_affected())
    }

    /// Makes what was written last.
    ///
    /// # Errors
    /// If it could not be; then nothing was written.
    pub async fn commit(self) -> Result<(), SqlError> {
        bounded(self.limits.statement_timeout, async { self.inner.tx.commit().await.map_err(told) }).await
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

/// The only place where a text becomes a statement. Statements are the author's, from files; nothing from a payload is
/// ever part of one: that is always a bound parameter.
fn trusted(sql: &str) -> sqlx::SqlStr {
    sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(sql))
}

fn bound<'q>(sql: &str, params: &[SqlValue]) -> Query<'q> {
    params.iter().fold(sqlx::query(trusted(sql)), |query, param| match param {
        SqlValue::Null => query.bind(None::<i64>),
        SqlValue::Bool(yes) => query.bind(*yes),
        SqlValue::Int(whole) => query.bind(*whole),
        SqlValue::Real(number) => query.bind(*number),
        SqlValue::Text(text) => query.bind(text.to_string()),
    })
}

async fn found<'c>(on: impl Executor<'c, Database = Driver>, sql: &str, params: &[SqlValue]) -> Result<bool, SqlError> {
    Ok(bound(sql, params).fetch_optional(on).await.map_err(told)?.is_some())
}

async fn fetch<'c>(
    on: impl Executor<'c, Database = Driver>,
    sql: &str,
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

async fn bounded<T>(within: Duration, work: impl Future<Output = Result<T, SqlError>>) -> Result<T, SqlError> {
    let late = |_| SqlError::Unavailable(format!("no answer within {within:?}"));
    tokio::time::timeout(within, work).await.map_err(late)?
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
