//! Events that services leave in PostgreSQL, within their own transactions, to be sent once these have committed.
//!
//! A key's rows are in one of 64 slots. A server holds a slot by a lease while it sends what is due in it, in the order of
//! `seq`; then what was sent is deleted, and the slot let go. So several servers share the work, and rows of one key are
//! never in two hands. A server that dies lets go when its lease is over, and what it had not deleted is sent again: at least
//! once, and told apart by its id. Of transactions that write to one key at the same time the order is any; of those that
//! follow one another it is kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::postgres::{PgListener, PgPoolOptions, PgRow};
use sqlx::{FromRow, PgConnection, PgPool, Row};

use crate::sql::{SqlError, SqlLimits, postgres_failure, postgres_options};

/// The script that makes its tables; see [`crate::sql::Db::migrate`].
pub const SCHEMA: &str = include_str!("outbox/schema.sql");

/// The channel on which PostgreSQL tells of new rows.
const CHANNEL: &str = "homeroom_outbox";

/// How long a row waits after its first vain attempt; twice as long after each further one.
const WAIT_MIN: Duration = Duration::from_millis(500);
/// And at most.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How many characters of a reason are kept.
const REASON_MAX: usize = 1000;

/// How it works, and its bounds.
#[derive(Debug, Clone)]
pub struct OutboxSettings {
    /// How long a server holds a slot: how long after its death others go on with it.
    pub lease: Duration,
    /// How often is looked for rows that nobody told of.
    pub poll: Duration,
    /// Rows that are taken at once; so many may be sent twice after a server died.
    pub batch: u32,
    /// Slots that a server works on at once.
    pub workers: u32,
    /// Attempts after which a row is put among the dead.
    pub attempts_max: u32,
    /// How long the dead are kept.
    pub dead_kept: Duration,
    /// The property of the payload that a row's id is written to, if it is an object that has none.
    pub id_as: Option<String>,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            poll: Duration::from_secs(1),
            batch: 64,
            workers: 2,
            attempts_max: 10,
            dead_kept: Duration::from_secs(14 * 24 * 3600),
            id_as: None,
        }
    }
}

/// The outbox, as one server works on it. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    pool: PgPool,
    holder: Arc<str>,
    settings: Arc<OutboxSettings>,
}

/// A row.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its place in the order.
    pub seq: i64,
    /// What tells it apart from its duplicates.
    pub id: String,
    /// The namespace, with or without its `/`.
    pub namespace: String,
    /// The backend event.
    pub event: String,
    /// What its order is kept with.
    pub key: Option<String>,
    /// Its payload as JSON text.
    pub payload: Option<String>,
    /// How often it was tried.
    pub attempts: i32,
}

/// A slot that is held, and what is due in it.
#[derive(Debug)]
pub struct Held {
    slot: i16,
    until: Instant,
    /// What is due, in order.
    pub letters: Vec<Letter>,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was sent.
    Sent,
    /// It could not be sent now; whether that counts as an attempt, and why.
    Later(bool, String),
    /// It cannot be sent ever, and why.
    Never(String),
}

/// What settling came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Rows that were sent and are gone.
    pub sent: u64,
    /// Rows that wait for another attempt.
    pub later: u64,
    /// Rows that are among the dead now.
    pub dead: u64,
    /// Whether the slot was no longer held, so that others send its rows again.
    pub lost: bool,
}

impl FromRow<'_, PgRow> for Letter {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get("seq")?,
            id: row.try_get("id")?,
            namespace: row.try_get("namespace")?,
            event: row.try_get("event")?,
            key: row.try_get("key")?,
            payload: row.try_get("payload")?,
            attempts: row.try_get("attempts")?,
        })
    }
}

impl Held {
    /// Whether it is still held for certain, by this machine's own clock.
    #[must_use]
    pub fn is_held(&self) -> bool {
        Instant::now() < self.until
    }

    /// Does something while the slot is held: what it yields, `Some(None)` if that was not done in time, `None` if the slot
    /// was not held for certain any more when it would have begun.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> Option<Option<T>> {
        if !self.is_held() {
            return None;
        }
        Some(tokio::time::timeout_at(self.until.into(), work).await.ok())
    }
}

impl Letter {
    /// Its payload, with its id in it where the settings say so.
    #[must_use]
    pub fn body(&self, settings: &OutboxSettings) -> Option<Value> {
        let mut payload: Value = serde_json::from_str(self.payload.as_deref()?).ok()?;
        if let (Some(property), Some(object)) = (&settings.id_as, payload.as_object_mut()) {
            object.entry(property.as_str()).or_insert_with(|| self.id.as_str().into());
        }
        Some(payload)
    }
}

impl Outbox {
    /// Of a database, for the server of that name.
    ///
    /// # Errors
    /// If the database cannot be reached, or has no outbox.
    pub async fn open(url: &str, limits: &SqlLimits, settings: OutboxSettings, holder: &str) -> Result<Self, SqlError> {
        let options = postgres_options(url, limits)?.options([("default_transaction_read_only", "off")]);
        let pool = PgPoolOptions::new()
            .max_connections(settings.workers + 1)
            .acquire_timeout(limits.acquire_timeout)
            .connect_with(options)
            .await
            .map_err(postgres_failure)?;
        let outbox = Self { pool, holder: holder.into(), settings: Arc::new(settings) };
        sqlx::query("select seq from homeroom_outbox limit 0").execute(&outbox.pool).await.map_err(postgres_failure)?;
        Ok(outbox)
    }

    /// How it works.
    #[must_use]
    pub fn settings(&self) -> &OutboxSettings {
        &self.settings
    }

    /// Holds a slot in which something is due; `None` if there is none that nobody else holds.
    ///
    /// # Errors
    /// If the database could not be asked.
    pub async fn hold(&self) -> Result<Option<Held>, SqlError> {
        let until = Instant::now() + self.settings.lease * 3 / 4;
        self.in_time(async {
            let slot: Option<i16> = sqlx::query_scalar(HOLD)
                .bind(&*self.holder)
                .bind(self.settings.lease.as_secs_f64())
                .fetch_optional(&self.pool)
                .await?;
            let Some(slot) = slot else { return Ok(None) };
            let letters =
                sqlx::query_as(DUE).bind(slot).bind(i64::from(self.settings.batch)).fetch_all(&self.pool).await?;
            Ok(Some(Held { slot, until, letters }))
        })
        .await
    }

    /// Writes down what became of letters, and lets their slot go. What is not among `fates` stays as it was.
    ///
    /// # Errors
    /// If the database could not be asked; what was sent may be sent again then.
    pub async fn settle(&self, held: &Held, fates: &[(i64, Fate)]) -> Result<Settled, SqlError> {
        self.in_time(async {
            let mut tx = self.pool.begin().await?;
            let mut settled = Settled::default();
            let still: Option<i16> =
                sqlx::query_scalar(STILL).bind(held.slot).bind(&*self.holder).fetch_optional(&mut *tx).await?;
            if still.is_none() {
                settled.lost = true;
                return Ok(settled);
            }
            for (seq, fate) in fates {
                self.note(&mut tx, held, *seq, fate, &mut settled).await?;
            }
            let sent: Vec<i64> = fates.iter().filter(|(_, fate)| *fate == Fate::Sent).map(|(seq, _)| *seq).collect();
            settled.sent = sqlx::query("delete from homeroom_outbox where seq = any($1)")
                .bind(sent)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            sqlx::query(RELEASE).bind(held.slot).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(settled)
        })
        .await
    }

    async fn note(
        &self,
        tx: &mut PgConnection,
        held: &Held,
        seq: i64,
        fate: &Fate,
        settled: &mut Settled,
    ) -> Result<(), sqlx::Error> {
        let attempts = held.letters.iter().find(|letter| letter.seq == seq).map_or(0, |letter| letter.attempts);
        let cut = |reason: &str| reason.chars().take(REASON_MAX).collect::<String>();
        match fate {
            Fate::Sent => {}
            Fate::Later(counts, reason) if !counts || attempts + 1 < self.attempts_max() => {
                let attempts = attempts + i32::from(*counts);
                let wait = wait_after(attempts);
                let later = sqlx::query(LATER).bind(seq).bind(attempts).bind(wait.as_secs_f64()).bind(cut(reason));
                settled.later += later.execute(tx).await?.rows_affected();
            }
            Fate::Later(_, reason) | Fate::Never(reason) => {
                settled.dead += sqlx::query(BURY).bind(seq).bind(cut(reason)).execute(tx).await?.rows_affected();
            }
        }
        Ok(())
    }

    fn attempts_max(&self) -> i32 {
        i32::try_from(self.settings.attempts_max).unwrap_or(i32::MAX)
    }

    /// For how many seconds the oldest row has waited.
    ///
    /// # Errors
    /// If the database could not be asked.
    pub async fn oldest(&self) -> Result<f64, SqlError> {
        let ask = "select extract(epoch from clock_timestamp() - created_at)::float8 from homeroom_outbox order by seq limit 1";
        self.in_time(async { Ok(sqlx::query_scalar(ask).fetch_optional(&self.pool).await?.unwrap_or(0.0)) }).await
    }

    /// Forgets the dead that were kept for long enough. Yields how many there were.
    ///
    /// # Errors
    /// If the database could not be asked.
    pub async fn forget_dead(&self) -> Result<u64, SqlError> {
        let forget = "delete from homeroom_outbox_dead where died_at < clock_timestamp() - make_interval(secs => $1)";
        let kept = self.settings.dead_kept.as_secs_f64();
        self.in_time(async { Ok(sqlx::query(forget).bind(kept).execute(&self.pool).await?.rows_affected()) }).await
    }

    /// Calls `told` whenever PostgreSQL tells of new rows, for as long as this is polled. It connects again by itself; what
    /// was missed meanwhile is found by polling.
    pub async fn listen(&self, told: impl Fn()) {
        loop {
            let listened = async {
                let mut listener = PgListener::connect_with(&self.pool).await?;
                listener.listen(CHANNEL).await?;
                told();
                loop {
                    listener.recv().await?;
                    told();
                }
            };
            let ended: Result<(), sqlx::Error> = listened.await;
            if let Err(error) = ended {
                tracing::debug!(error = %postgres_failure(error), "the outbox is not told of new rows; it looks for them");
            }
            tokio::time::sleep(self.settings.poll).await;
        }
    }

    /// So long as a lease, nobody waits for the database.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, SqlError> {
        let late = |_| SqlError::Unavailable(format!("no answer within {:?}", self.settings.lease));
        tokio::time::timeout(self.settings.lease, work).await.map_err(late)?.map_err(postgres_failure)
    }
}

/// How long a row waits after so many attempts.
fn wait_after(attempts: i32) -> Duration {
    let doubled = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(16);
    WAIT_MIN.saturating_mul(1 << doubled).min(WAIT_MAX)
}

/// Takes the slot that has waited longest among those in which something is due.
const HOLD: &str = "update homeroom_outbox_slots set holder = $1, until = clock_timestamp() + make_interval(secs => $2)
 where slot = (
   select s.slot from homeroom_outbox_slots s
    where (s.until is null or s.until < clock_timestamp())
      and exists (select 1 from homeroom_outbox o where o.slot = s.slot and o.due_at <= clock_timestamp() and not exists (
            select 1 from homeroom_outbox e where e.key = o.key and e.seq < o.seq and e.due_at > clock_timestamp()))
    order by s.served_at limit 1 for update skip locked)
 returning slot";

/// What is due in a slot; whatever comes behind one of its key that waits, waits.
const DUE: &str = "select seq, id, namespace, event, key, payload::text as payload, attempts from homeroom_outbox o
 where o.slot = $1 and o.due_at <= clock_timestamp() and not exists (
   select 1 from homeroom_outbox e where e.key = o.key and e.seq < o.seq and e.due_at > clock_timestamp())
 order by o.seq limit $2";

const STILL: &str = "select slot from homeroom_outbox_slots
 where slot = $1 and holder = $2 and until > clock_timestamp() for update";

const RELEASE: &str = "update homeroom_outbox_slots set holder = null, until = null, served_at = clock_timestamp()
 where slot = $1";

const LATER: &str = "update homeroom_outbox set attempts = $2, due_at = clock_timestamp() + make_interval(secs => $3),
 reason = $4 where seq = $1";

const BURY: &str = "with gone as (delete from homeroom_outbox where seq = $1 returning *)
 insert into homeroom_outbox_dead (seq, id, tenant, namespace, event, key, payload, created_at, attempts, reason)
 select seq, id, tenant, namespace, event, key, payload, created_at, attempts + 1, $2 from gone";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_bounded() {
        let waits = [0, 1, 2, 3, 30].map(|attempts| wait_after(attempts).as_millis());
        assert_eq!(waits, [500, 500, 1000, 2000, 60_000]);
    }

    #[test]
    fn an_id_is_written_where_there_is_none() {
        let settings = OutboxSettings { id_as: Some("eventId".into()), ..OutboxSettings::default() };
        let letter = |payload: Option<&str>| Letter {
            seq: 1,
            id: "e-1".into(),
            namespace: "a".into(),
            event: "b".into(),
            key: None,
            payload: payload.map(str::to_owned),
            attempts: 0,
        };
        let body = |payload| letter(payload).body(&settings).map(|body| body.to_string());
        assert_eq!(body(Some(r#"{"a":1}"#)).as_deref(), Some(r#"{"a":1,"eventId":"e-1"}"#));
        assert_eq!(body(Some(r#"{"eventId":"own"}"#)).as_deref(), Some(r#"{"eventId":"own"}"#));
        assert_eq!((body(Some("[1]")).as_deref(), body(None)), (Some("[1]"), None));
    }
}
