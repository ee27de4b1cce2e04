//! PostgreSQL: a pool whose sessions only read, and transactions that say that they write.
//!
//! - A statement is prepared once, to learn the types of its parameters and columns, and then run with every parameter as a
//!   text that PostgreSQL itself reads as that type (`prepared.rs`, `params.rs`), and with its rows as JSON (`rows.rs`).
//! - What is asked outside of a transaction is asked again, once, if its connection turns out to be dead; what writes never is.
//! - Transactions are serializable. One that meets another is [`SqlError::Conflict`]: whoever began it may begin again.

mod kinds;
mod lease;
mod params;
mod prepared;
mod rows;
mod trouble;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};

use super::status::{Counts, count};
use super::{Column, Described, Row, Sql, SqlError, SqlLimits, SqlStatus, SqlTls, SqlValue};
use crate::breaker::Breaker;
use lease::Lease;
use prepared::Prepared;
use trouble::Trouble;

/// How many statements are known by their types; beyond that all are learnt again.
const KNOWN_MAX: usize = 4096;
/// How many statements a connection keeps prepared.
const PREPARED_MAX: usize = 512;
/// How long a transaction may do nothing before PostgreSQL ends it.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);
/// How long a connection may do nothing before it is closed.
const IDLE: Duration = Duration::from_secs(600);
/// How much later than PostgreSQL itself we give a statement up.
const GRACE: Duration = Duration::from_millis(500);

const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";

#[derive(Debug, Clone)]
pub(super) struct Postgres {
    house: Arc<House>,
}

#[derive(Debug)]
struct House {
    pool: PgPool,
    limits: Arc<SqlLimits>,
    known: RwLock<HashMap<Box<str>, Arc<Prepared>>>,
    /// Held by whoever learns, so that not all ask for the same.
    learning: tokio::sync::Mutex<()>,
    breaker: Breaker,
    doubt: Arc<Doubt>,
    counts: Counts,
}

/// Since when connections that were there are doubted: one of them was dead, or its statements are no longer what they were.
#[derive(Debug)]
struct Doubt {
    start: Instant,
    since_ms: AtomicU64,
}

/// A transaction; one that is dropped is rolled back.
#[derive(Debug)]
pub(super) struct PgTx {
    house: Arc<House>,
    lease: Option<Lease>,
    /// A statement in it has failed, so that nothing of it can be kept.
    failed: bool,
}

/// What is wanted of a statement that reads.
#[derive(Clone, Copy)]
enum Want {
    Found,
    Rows(usize),
}

impl Postgres {
    pub(super) async fn open(url: &str, limits: Arc<SqlLimits>) -> Result<Self, SqlError> {
        let options = options(url, &limits)?;
        let doubt = Arc::new(Doubt { start: Instant::now(), since_ms: AtomicU64::new(0) });
        let doubted = Arc::clone(&doubt);
        let pool = PgPoolOptions::new()
            .max_connections(limits.connections_max)
            .min_connections(1)
            .acquire_timeout(limits.acquire_timeout)
            .idle_timeout(IDLE)
            .test_before_acquire(false)
            .before_acquire(move |_, about| {
                let is_good = doubted.trusts(about.age);
                Box::pin(async move { Ok(is_good) })
            });
        let pool = pool.connect_with(options).await.map_err(|error| Trouble::objection(error).told())?;
        let breaker = Breaker::new(limits.breaker_failures, limits.breaker_wait);
        let (known, learning, counts) = (RwLock::default(), tokio::sync::Mutex::default(), Counts::default());
        Ok(Self { house: Arc::new(House { pool, limits, known, learning, breaker, doubt, counts }) })
    }

    pub(super) async fn script(&self, script: &str) -> Result<(), SqlError> {
        let mut tx = self.begin().await?;
        tx.script(script).await?;
        tx.commit().await
    }

    pub(super) async fn describe(&self, sql: &Sql) -> Result<Described, SqlError> {
        let prepared = self.house.learn(sql).await.map_err(|trouble| self.house.noted(trouble))?;
        Ok(prepared.described())
    }

    pub(super) async fn found(&self, sql: &Sql, params: &[SqlValue]) -> Result<bool, SqlError> {
        Ok(rows::is_true(&self.ask(sql, params, Want::Found).await?.1))
    }

    pub(super) async fn fetch(
        &self,
        sql: &Sql,
        params: &[SqlValue],
        columns: &[Column],
        limit: usize,
    ) -> Result<Vec<Row>, SqlError> {
        let (prepared, texts) = self.ask(sql, params, Want::Rows(limit)).await?;
        rows::rows(&prepared, &texts, columns)
    }

    /// Asks, and once more if the connection was dead.
    async fn ask(&self, sql: &Sql, params: &[SqlValue], want: Want) -> Result<(Arc<Prepared>, Vec<String>), SqlError> {
        self.house.admit()?;
        let mut came = self.house.ask(sql, params, want).await;
        if let Err(Trouble::Broken(_) | Trouble::Stale(_)) = &came {
            count(&self.house.counts.again);
            came = self.house.ask(sql, params, want).await;
        }
        self.house.note(came)
    }

    pub(super) async fn begin(&self) -> Result<PgTx, SqlError> {
        self.house.admit()?;
        let mut came = self.house.begin().await;
        if let Err(Trouble::Broken(_)) = &came {
            // It had not begun, so nothing was done.
            count(&self.house.counts.again);
            came = self.house.begin().await;
        }
        let lease = self.house.note(came)?;
        Ok(PgTx { house: Arc::clone(&self.house), lease: Some(lease), failed: false })
    }

    pub(super) fn sizes(&self) -> (u32, usize) {
        (self.house.pool.size(), self.house.pool.num_idle())
    }

    pub(super) fn status(&self, status: SqlStatus) -> SqlStatus {
        let breaker = &self.house.breaker;
        self.house.counts.told(SqlStatus { breaking: breaker.state(), broken: breaker.opened(), ..status })
    }
}

impl PgTx {
    pub(super) async fn found(&mut self, sql: &Sql, params: &[SqlValue]) -> Result<bool, SqlError> {
        Ok(rows::is_true(&self.ask(sql, params, Want::Found).await?.1))
    }

    pub(super) async fn fetch(
        &mut self,
        sql: &Sql,
        params: &[SqlValue],
        columns: &[Column],
        limit: usize,
    ) -> Result<Vec<Row>, SqlError> {
        let (prepared, texts) = self.ask(sql, params, Want::Rows(limit)).await?;
        rows::rows(&prepared, &texts, columns)
    }

    async fn ask(
        &mut self,
        sql: &Sql,
        params: &[SqlValue],
        want: Want,
    ) -> Result<(Arc<Prepared>, Vec<String>), SqlError> {
        let house = Arc::clone(&self.house);
        let came = async {
            let prepared = house.prepared_in(self.lease()?, sql).await?;
            let texts = prepared.ask(self.lease()?, params, want).await?;
            Ok((prepared, texts))
        };
        let came = came.await;
        self.note(&house, came)
    }

    pub(super) async fn execute(&mut self, sql: &Sql, params: &[SqlValue]) -> Result<u64, SqlError> {
        let house = Arc::clone(&self.house);
        let came = async {
            let prepared = house.prepared_in(self.lease()?, sql).await?;
            prepared.execute(self.lease()?, params).await
        };
        let came = came.await;
        self.note(&house, came)
    }

    pub(super) async fn script(&mut self, script: &str) -> Result<(), SqlError> {
        let house = Arc::clone(&self.house);
        let came = self.lease()?.simple(script).await;
        self.note(&house, came)
    }

    pub(super) async fn commit(mut self) -> Result<(), SqlError> {
        if self.failed {
            return Err(SqlError::Refused("a statement of the transaction has failed".into()));
        }
        let house = Arc::clone(&self.house);
        let came = self.lease()?.simple("COMMIT").await;
        let told = self.note(&house, came);
        if told.is_ok() {
            drop(self.lease.take());
        }
        told
    }

    fn lease(&mut self) -> Result<&mut Lease, Trouble> {
        self.lease.as_mut().ok_or_else(|| Trouble::Broken("the transaction is over".into()))
    }

    fn note<T>(&mut self, house: &Arc<House>, came: Result<T, Trouble>) -> Result<T, SqlError> {
        if let Err(Trouble::Stale(_)) = &came {
            house.forget();
        }
        self.failed |= came.is_err();
        house.note(came)
    }
}

impl Drop for PgTx {
    fn drop(&mut self) {
        let (Some(mut lease), Ok(runtime)) = (self.lease.take(), tokio::runtime::Handle::try_current()) else { return };
        if !lease.is_broken() {
            runtime.spawn(async move { drop(lease.simple("ROLLBACK").await) });
        }
    }
}

impl House {
    /// Whether the database is asked at all.
    fn admit(&self) -> Result<(), SqlError> {
        if self.breaker.admits() {
            return Ok(());
        }
        count(&self.counts.shed);
        Err(SqlError::Unavailable("it has not answered for a while, and is not asked until it does".into()))
    }

    async fn lease(&self) -> Result<Lease, Trouble> {
        let lease = self.pool.acquire().await?;
        Ok(Lease::new(lease, self.limits.statement_timeout + GRACE))
    }

    async fn ask(&self, sql: &Sql, params: &[SqlValue], want: Want) -> Result<(Arc<Prepared>, Vec<String>), Trouble> {
        let came = async {
            let prepared = self.prepared(sql).await?;
            let texts = prepared.ask(&mut self.lease().await?, params, want).await?;
            Ok((prepared, texts))
        };
        self.learnt(came.await)
    }

    async fn begin(&self) -> Result<Lease, Trouble> {
        let came = async {
            let mut lease = self.lease().await?;
            lease.simple(BEGIN).await?;
            Ok(lease)
        };
        self.learnt(came.await)
    }

    fn known(&self, sql: &Sql) -> Option<Arc<Prepared>> {
        self.known.read().get(sql.numbered()).cloned()
    }

    /// What a statement is to PostgreSQL: as it was learnt when it was loaded.
    async fn prepared(&self, sql: &Sql) -> Result<Arc<Prepared>, Trouble> {
        if let Some(known) = self.known(sql) {
            return Ok(known);
        }
        let _one = self.learning.lock().await;
        match self.known(sql) {
            Some(known) => Ok(known),
            None => self.learn(sql).await,
        }
    }

    /// The same for a transaction, on its own connection: it would wait for another while others wait for its own.
    async fn prepared_in(&self, lease: &mut Lease, sql: &Sql) -> Result<Arc<Prepared>, Trouble> {
        match self.known(sql) {
            Some(known) => Ok(known),
            None => Ok(self.remember(sql, Prepared::learn(lease, sql, true).await?)),
        }
    }

    async fn learn(&self, sql: &Sql) -> Result<Arc<Prepared>, Trouble> {
        let prepared = Prepared::learn(&mut self.lease().await?, sql, false).await?;
        Ok(self.remember(sql, prepared))
    }

    fn remember(&self, sql: &Sql, prepared: Prepared) -> Arc<Prepared> {
        let prepared = Arc::new(prepared);
        let mut known = self.known.write();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(sql.numbered().into(), Arc::clone(&prepared));
        prepared
    }

    /// Draws the conclusions that help whoever asks again.
    fn learnt<T>(&self, came: Result<T, Trouble>) -> Result<T, Trouble> {
        match &came {
            Err(Trouble::Broken(_)) => self.doubt.everyone(),
            Err(Trouble::Stale(_)) => self.forget(),
            _ => {}
        }
        came
    }

    /// Tables are no longer what they were when statements were prepared.
    fn forget(&self) {
        self.known.write().clear();
        self.doubt.everyone();
    }

    fn note<T>(self: &Arc<Self>, came: Result<T, Trouble>) -> Result<T, SqlError> {
        match came {
            Ok(value) => {
                count(&self.counts.answered);
                self.breaker.answered();
                Ok(value)
            }
            Err(trouble) => Err(self.noted(trouble)),
        }
    }

    /// Counts what went wrong, and opens the breaker if that is often so.
    fn noted(self: &Arc<Self>, trouble: Trouble) -> SqlError {
        if trouble.is_of_nobody() {
            count(&self.counts.unanswered);
            if self.breaker.failed() {
                tracing::error!("the database does not answer; it is not asked until it does");
                tokio::spawn(attempts(Arc::downgrade(self)));
            }
        } else {
            self.breaker.answered();
            count(match &trouble {
                Trouble::Said(SqlError::Conflict(_)) => &self.counts.conflicts,
                _ => &self.counts.refused,
            });
        }
        trouble.told()
    }
}

/// Finds out whether the database is back, until it is.
async fn attempts(house: std::sync::Weak<House>) {
    for in_vain in 0.. {
        let Some(wait) = house.upgrade().map(|house| house.breaker.wait(in_vain)) else { return };
        tokio::time::sleep(wait).await;
        let Some(house) = house.upgrade() else { return };
        house.breaker.attempt();
        house.doubt.everyone();
        let answered = async { house.lease().await?.texts("select 'here'", Vec::new()).await }.await.is_ok();
        house.breaker.attempted(answered);
        if answered {
            tracing::info!("the database answers again");
            return;
        }
    }
}

impl Doubt {
    /// Connections that are open now are not used again.
    fn everyone(&self) {
        let now_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since_ms.store(now_ms.saturating_add(1), Ordering::Release);
    }

    /// Whether a connection of that age may be used.
    fn trusts(&self, age: Duration) -> bool {
        let since = Duration::from_millis(self.since_ms.load(Ordering::Acquire));
        self.start.elapsed().saturating_sub(age) >= since
    }
}

/// What PostgreSQL has said, or nobody.
pub(crate) fn failure(error: sqlx::Error) -> SqlError {
    Trouble::from(error).told()
}

/// How sessions begin: in UTC, reading only, and bounded in time.
pub(crate) fn options(url: &str, limits: &SqlLimits) -> Result<PgConnectOptions, SqlError> {
    let mut options = PgConnectOptions::from_str(url).map_err(|error| Trouble::objection(error).told())?;
    if let Some(tls) = limits.tls {
        options = options.ssl_mode(match tls {
            SqlTls::Off => PgSslMode::Disable,
            SqlTls::Prefer => PgSslMode::Prefer,
            SqlTls::Require => PgSslMode::Require,
            SqlTls::VerifyCa => PgSslMode::VerifyCa,
            SqlTls::VerifyFull => PgSslMode::VerifyFull,
        });
    }
    if let Some(ca) = &limits.tls_ca {
        options = options.ssl_root_cert(ca);
    }
    let statement_ms = limits.statement_timeout.as_millis();
    if options.get_application_name().is_none() {
        options = options.application_name("homeroom");
    }
    Ok(options.statement_cache_capacity(PREPARED_MAX).options([
        ("default_transaction_read_only", "on".to_owned()),
        ("statement_timeout", statement_ms.to_string()),
        ("lock_timeout", statement_ms.to_string()),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION.as_millis().to_string()),
        ("timezone", "UTC".to_owned()),
        ("datestyle", "ISO,YMD".to_owned()),
        ("intervalstyle", "iso_8601".to_owned()),
        ("bytea_output", "hex".to_owned()),
    ]))
}
