//! A connection while it is used. One that is left in the middle of something is closed, not given to the next.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgConnection, PgRow, PgStatement};
use sqlx::{AssertSqlSafe, Connection, Executor, FromRow, Postgres, Row};
use tokio::time::error::Elapsed;

use super::super::trusted;
use super::trouble::Trouble;

#[derive(Debug)]
pub(super) struct Lease {
    connection: PoolConnection<Postgres>,
    within: Duration,
    /// Something was begun that has not ended, or that has ended the connection.
    is_broken: bool,
}

impl Lease {
    pub(super) fn new(connection: PoolConnection<Postgres>, within: Duration) -> Self {
        Self { connection, within, is_broken: false }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// What PostgreSQL makes of a statement now, whatever was prepared before.
    pub(super) async fn prepare(&mut self, text: &str) -> Result<Result<PgStatement, sqlx::Error>, Trouble> {
        self.is_broken = true;
        let connection: &mut PgConnection = &mut self.connection;
        let prepare = async {
            connection.clear_cached_statements().await?;
            connection.prepare(trusted(text)).await
        };
        let came = tokio::time::timeout(self.within, prepare).await;
        self.settled(came)
    }

    /// What the catalogue says of types.
    pub(super) async fn about<T>(&mut self, text: &str, types: Vec<Oid>) -> Result<Vec<T>, Trouble>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.is_broken = true;
        let connection: &mut PgConnection = &mut self.connection;
        let query = sqlx::query_as(trusted(text)).bind(types);
        let came = tokio::time::timeout(self.within, query.fetch_all(connection)).await;
        Ok(self.settled(came)??)
    }

    /// Runs a statement, and yields the first column of its rows, which is a text that is there.
    pub(super) async fn texts(&mut self, text: &str, args: Vec<Option<String>>) -> Result<Vec<String>, Trouble> {
        self.is_broken = true;
        let connection: &mut PgConnection = &mut self.connection;
        let query = args.into_iter().fold(sqlx::query(trusted(text)), sqlx::query::Query::bind);
        let came = tokio::time::timeout(self.within, query.fetch_all(connection)).await;
        let rows = self.settled(came)??;
        Ok(rows.iter().map(|row| row.try_get_unchecked(0)).collect::<Result<_, _>>()?)
    }

    /// Runs a statement, and yields how many rows it changed.
    pub(super) async fn execute(&mut self, text: &str, args: Vec<Option<String>>) -> Result<u64, Trouble> {
        self.is_broken = true;
        let connection: &mut PgConnection = &mut self.connection;
        let query = args.into_iter().fold(sqlx::query(trusted(text)), sqlx::query::Query::bind);
        let came = tokio::time::timeout(self.within, query.execute(connection)).await;
        Ok(self.settled(came)??.rows_affected())
    }

    /// Runs statements without parameters.
    pub(super) async fn simple(&mut self, text: &str) -> Result<(), Trouble> {
        self.is_broken = true;
        let connection: &mut PgConnection = &mut self.connection;
        let came = tokio::time::timeout(self.within, sqlx::raw_sql(AssertSqlSafe(text)).execute(connection)).await;
        self.settled(came)??;
        Ok(())
    }

    /// Only after an answer is a connection as it was.
    fn settled<T>(&mut self, came: Result<Result<T, sqlx::Error>, Elapsed>) -> Result<Result<T, sqlx::Error>, Trouble> {
        let came = came.map_err(|_| Trouble::Late(format!("no answer within {:?}", self.within)))?;
        self.is_broken = matches!(
            came,
            Err(sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed)
        );
        Ok(came)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_broken {
            self.connection.close_on_drop();
        }
    }
}
