//! What the engine asks, whichever database answers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::postgres::{PgTx, Postgres};
use super::sqlite::{Sqlite, SqliteTx};
use super::{Column, Described, Part, Row, Sql, SqlError, SqlLimits, SqlStatus, SqlValue};

/// Held while migrations run, so that two deployments do not run the same.
const MIGRATING: i64 = 0x686f_6d65_726f_6f6d;

const MIGRATIONS: &str =
    "create table if not exists homeroom_migrations (name text primary key, run_at text default current_timestamp)";

/// A script that is run once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration<'a> {
    /// What it is known by ever after.
    pub name: &'a str,
    /// Its statements.
    pub script: &'a str,
}

/// A database.
#[derive(Debug, Clone)]
pub struct Db {
    inner: Driver,
    limits: Arc<SqlLimits>,
}

#[derive(Debug, Clone)]
enum Driver {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// A transaction. One that is dropped without [`Tx::commit`] never happened.
#[derive(Debug)]
pub struct Tx {
    inner: DriverTx,
    limits: Arc<SqlLimits>,
}

#[derive(Debug)]
enum DriverTx {
    Sqlite(SqliteTx),
    Postgres(PgTx),
}

impl Db {
    /// Opens a database by its URL: `postgres://user:password@host/database`, or `sqlite:path/to/file.db`, made if it is not
    /// there.
    ///
    /// # Errors
    /// If the URL is of another kind, or the database cannot be reached.
    pub async fn open(url: &str, limits: SqlLimits) -> Result<Self, SqlError> {
        let limits = Arc::new(limits);
        let inner = match url.split(':').next().unwrap_or_default() {
            "sqlite" => Driver::Sqlite(Sqlite::open(url, &limits).await?),
            "postgres" | "postgresql" => Driver::Postgres(Postgres::open(url, Arc::clone(&limits)).await?),
            scheme => {
                return Err(SqlError::Refused(format!(
                    "databases of kind `{scheme}` are not supported; use `postgres://host/name` or `sqlite:path/to/file.db`"
                )));
            }
        };
        Ok(Self { inner, limits })
    }

    /// A private database in memory, filled by a script. It is one connection, for which everyone waits their turn.
    ///
    /// # Errors
    /// What the database says of the script.
    pub async fn embedded(script: &str, limits: SqlLimits) -> Result<Self, SqlError> {
        let db = Self { inner: Driver::Sqlite(Sqlite::embedded(&limits).await?), limits: Arc::new(limits) };
        db.script(script).await?;
        Ok(db)
    }

    /// Runs the statements of a script; on PostgreSQL all of them or none.
    ///
    /// # Errors
    /// What the database says of them.
    pub async fn script(&self, script: &str) -> Result<(), SqlError> {
        match &self.inner {
            Driver::Sqlite(sqlite) => self.bounded(sqlite.script(script)).await,
            Driver::Postgres(postgres) => postgres.script(script).await,
        }
    }

    /// Runs the migrations that have not been run, in order, all of them or none. Yields their names.
    ///
    /// # Errors
    /// What the database says of them.
    pub async fn migrate(&self, migrations: &[Migration<'_>]) -> Result<Vec<String>, SqlError> {
        let is_done =
            Sql::new([Part::Text("select 1 from homeroom_migrations where name = ".into()), Part::Parameter(0)]);
        let note = Sql::new([
            Part::Text("insert into homeroom_migrations (name) values (".into()),
            Part::Parameter(0),
            Part::Text(")".into()),
        ]);
        let mut tx = self.begin().await?;
        if let Driver::Postgres(_) = &self.inner {
            tx.script(&format!("select pg_advisory_xact_lock({MIGRATING})")).await?;
        }
        tx.script(MIGRATIONS).await?;
        let mut run = Vec::new();
        for migration in migrations {
            let name = [SqlValue::Text(migration.name.into())];
            if !tx.found(&is_done, &name).await? {
                tx.script(migration.script).await?;
                tx.execute(&note, &name).await?;
                run.push(migration.name.to_owned());
            }
        }
        tx.commit().await?;
        Ok(run)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<(), SqlError> {
        self.found(&Sql::plain("select 1"), &[]).await.map(drop)
    }

    /// What the database knows of a statement without running it.
    ///
    /// # Errors
    /// What it objects to.
    pub async fn describe(&self, sql: &Sql) -> Result<Described, SqlError> {
        match &self.inner {
            Driver::Sqlite(sqlite) => self.bounded(sqlite.describe(sql)).await,
            Driver::Postgres(postgres) => postgres.describe(sql).await,
        }
    }

    /// Whether a statement finds anything. A value that the column it is compared with could not hold finds nothing.
    ///
    /// # Errors
    /// If it could not be asked.
    pub async fn found(&self, sql: &Sql, params: &[SqlValue]) -> Result<bool, SqlError> {
        match &self.inner {
            Driver::Sqlite(sqlite) => self.bounded(sqlite.found(sql, params)).await,
            Driver::Postgres(postgres) => postgres.found(sql, params).await,
        }
    }

    /// The rows a statement finds, at most `limit`.
    ///
    /// # Errors
    /// If it could not be asked, or a row is not as `columns` want it.
    pub async fn fetch(
        &self,
        sql: &Sql,
        params: &[SqlValue],
        columns: &[Column],
        limit: usize,
    ) -> Result<Vec<Row>, SqlError> {
        match &self.inner {
            Driver::Sqlite(sqlite) => self.bounded(sqlite.fetch(sql, params, columns, limit)).await,
            Driver::Postgres(postgres) => postgres.fetch(sql, params, columns, limit).await,
        }
    }

    /// Begins a transaction that may write. What it has read still holds when it commits: on SQLite there is one that writes
    /// at a time, on PostgreSQL it is serializable, and may come to [`SqlError::Conflict`].
    ///
    /// # Errors
    /// If it cannot begin in time.
    pub async fn begin(&self) -> Result<Tx, SqlError> {
        let inner = match &self.inner {
            Driver::Sqlite(sqlite) => DriverTx::Sqlite(self.bounded(sqlite.begin()).await?),
            Driver::Postgres(postgres) => DriverTx::Postgres(postgres.begin().await?),
        };
        Ok(Tx { inner, limits: Arc::clone(&self.limits) })
    }

    /// How it fares.
    #[must_use]
    pub fn status(&self) -> SqlStatus {
        let of_pool =
            |(size, idle)| SqlStatus { size, idle, size_max: self.limits.connections_max, ..SqlStatus::default() };
        match &self.inner {
            Driver::Sqlite(sqlite) => of_pool(sqlite.sizes()),
            Driver::Postgres(postgres) => postgres.status(of_pool(postgres.sizes())),
        }
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
    pub async fn found(&mut self, sql: &Sql, params: &[SqlValue]) -> Result<bool, SqlError> {
        match &mut self.inner {
            DriverTx::Sqlite(tx) => bounded(self.limits.statement_timeout, tx.found(sql, params)).await,
            DriverTx::Postgres(tx) => tx.found(sql, params).await,
        }
    }

    /// The rows a statement finds, at most `limit`.
    ///
    /// # Errors
    /// If it could not be asked, or a row is not as `columns` want it.
    pub async fn fetch(
        &mut self,
        sql: &Sql,
        params: &[SqlValue],
        columns: &[Column],
        limit: usize,
    ) -> Result<Vec<Row>, SqlError> {
        match &mut self.inner {
            DriverTx::Sqlite(tx) => bounded(self.limits.statement_timeout, tx.fetch(sql, params, columns, limit)).await,
            DriverTx::Postgres(tx) => tx.fetch(sql, params, columns, limit).await,
        }
    }

    /// Runs a statement; yields how many rows it changed.
    ///
    /// # Errors
    /// If it could not be run.
    pub async fn execute(&mut self, sql: &Sql, params: &[SqlValue]) -> Result<u64, SqlError> {
        match &mut self.inner {
            DriverTx::Sqlite(tx) => bounded(self.limits.statement_timeout, tx.execute(sql, params)).await,
            DriverTx::Postgres(tx) => tx.execute(sql, params).await,
        }
    }

    /// Runs the statements of a script in it.
    ///
    /// # Errors
    /// What the database says of them.
    pub async fn script(&mut self, script: &str) -> Result<(), SqlError> {
        match &mut self.inner {
            DriverTx::Sqlite(tx) => bounded(self.limits.statement_timeout, tx.script(script)).await,
            DriverTx::Postgres(tx) => tx.script(script).await,
        }
    }

    /// Makes what was written last.
    ///
    /// # Errors
    /// If it could not be; then nothing was written. After [`SqlError::Unavailable`] it may have been: the database did not
    /// say.
    pub async fn commit(self) -> Result<(), SqlError> {
        match self.inner {
            DriverTx::Sqlite(tx) => bounded(self.limits.statement_timeout, tx.commit()).await,
            DriverTx::Postgres(tx) => tx.commit().await,
        }
    }
}

async fn bounded<T>(within: Duration, work: impl Future<Output = Result<T, SqlError>>) -> Result<T, SqlError> {
    let late = |_| SqlError::Unavailable(format!("no answer within {within:?}"));
    tokio::time::timeout(within, work).await.map_err(late)?
}
