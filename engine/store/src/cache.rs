//! Answers of the database that may be used again for a while. Whoever asks what is being asked already waits for that
//! answer; errors are not kept.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::future::Cache;
use serde_json::Value;

use crate::Clock;
use crate::sql::{SqlError, SqlValue};

/// Recent answers, so many at most.
pub struct Answers {
    clock: Arc<dyn Clock>,
    /// Counts how often everything was forgotten; an answer belongs to the time in which it was asked for.
    era: AtomicU64,
    kept: Cache<Question, Kept>,
}

/// A query with its parameters, in one era.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Question {
    era: u64,
    query: usize,
    params: Box<str>,
}

#[derive(Clone)]
struct Kept {
    answer: Arc<Value>,
    until_ms: i64,
}

impl Answers {
    /// No answers yet; so many are kept at most.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entries_max: u64) -> Self {
        Self { clock, era: AtomicU64::new(0), kept: Cache::new(entries_max) }
    }

    /// The answer to a query: a recent one, or what `ask` yields.
    ///
    /// # Errors
    /// What `ask` says, to everyone who waits for it.
    pub async fn get<F>(&self, query: usize, params: &[SqlValue], ttl_ms: i64, ask: F) -> Result<Arc<Value>, SqlError>
    where
        F: Future<Output = Result<Value, SqlError>> + Send,
    {
        let era = self.era.load(Ordering::Acquire);
        let question = Question { era, query, params: format!("{params:?}").into() };
        let now_ms = self.clock.now_ms();
        if let Some(kept) = self.kept.get(&question).await {
            if now_ms < kept.until_ms {
                return Ok(kept.answer);
            }
            self.kept.invalidate(&question).await;
        }
        let fresh = async { Ok(Kept { answer: Arc::new(ask.await?), until_ms: now_ms.saturating_add(ttl_ms) }) };
        let kept = self.kept.try_get_with(question, fresh).await;
        kept.map(|kept| kept.answer).map_err(|error: Arc<SqlError>| (*error).clone())
    }

    /// The answer as it is now, whatever is kept; others may use it from then on.
    ///
    /// # Errors
    /// What `ask` says.
    pub async fn anew<F>(&self, query: usize, params: &[SqlValue], ttl_ms: i64, ask: F) -> Result<Arc<Value>, SqlError>
    where
        F: Future<Output = Result<Value, SqlError>> + Send,
    {
        let era = self.era.load(Ordering::Acquire);
        let question = Question { era, query, params: format!("{params:?}").into() };
        let now_ms = self.clock.now_ms();
        let answer = Arc::new(ask.await?);
        let kept = Kept { answer: Arc::clone(&answer), until_ms: now_ms.saturating_add(ttl_ms) };
        self.kept.insert(question, kept).await;
        Ok(answer)
    }

    /// Forgets everything, also what is being asked right now: something was written.
    pub fn forget_all(&self) {
        self.era.fetch_add(1, Ordering::AcqRel);
        self.kept.invalidate_all();
    }
}
