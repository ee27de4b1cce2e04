//! `query` and `execute`, and the checks of rules.

use homeroom_plan::frame::Frame;
use homeroom_plan::program::{QueryCall, Returns};
use homeroom_store::sql::{Column, Db, Sql, SqlError, SqlValue, Tx};
use serde_json::Value;

use super::{Act, Done, aside};
use crate::Refusal;

impl Act<'_> {
    /// A step's query. Where the event writes, it already runs in the event's transaction, so that what it read still
    /// holds when it writes.
    pub(super) async fn query_step(&mut self, call: &QueryCall, frame: &Frame<'_>) -> Result<Option<Value>, Refusal> {
        if self.executes {
            self.transact().await?;
        }
        self.query(call, frame).await
    }

    /// Asks the database. Inside of the event's transaction once there is one; else an answer may be a recent one.
    pub(crate) async fn query(&mut self, call: &QueryCall, frame: &Frame<'_>) -> Result<Option<Value>, Refusal> {
        let query = &self.site.bound.plan.queries[call.query];
        let asks = (&query.returns, &self.site.bound.statements[call.query], &*self.site.bound.columns[call.query]);
        let params = bound(call, frame)?;
        let timings = &self.site.bound.queries[call.query].timings;
        if let Some(tx) = &mut self.tx {
            let ask = aside(|| in_transaction(tx, asks, &params));
            return Ok(timings.time(ask).await.map(present)?);
        }
        let db = self.site.inner.db()?;
        let answer = match query.cache {
            None => timings.time(aside(|| asked(db, asks, &params))).await?,
            Some(cache) => {
                let ttl_ms = i64::try_from(cache.as_millis()).unwrap_or(i64::MAX);
                let ask = timings.time(aside(|| asked(db, asks, &params)));
                let answers = &self.site.bound.answers;
                match self.anew {
                    true => (*answers.anew(call.query, &params, ttl_ms, ask).await?).clone(),
                    false => (*answers.get(call.query, &params, ttl_ms, ask).await?).clone(),
                }
            }
        };
        Ok(present(answer))
    }

    /// The event's transaction, begun when it is first needed.
    async fn transact(&mut self) -> Result<&mut Tx, Refusal> {
        if self.tx.is_none() {
            let db = self.site.inner.db()?;
            self.tx = Some(aside(|| db.begin()).await?);
        }
        self.tx.as_mut().ok_or_else(|| Refusal::internal("no transaction"))
    }

    pub(super) async fn execute(&mut self, call: &QueryCall, frame: &Frame<'_>) -> Result<Done, Refusal> {
        let statement = &self.site.bound.statements[call.query];
        let params = bound(call, frame)?;
        let timings = &self.site.bound.queries[call.query].timings;
        let tx = self.transact().await?;
        let affected = timings.time(aside(|| tx.execute(statement, &params))).await?;
        self.wrote = true;
        Ok(Done::count(usize::try_from(affected).unwrap_or(usize::MAX)))
    }
}

fn bound(call: &QueryCall, frame: &Frame<'_>) -> Result<Vec<SqlValue>, Refusal> {
    call.params.iter().map(|data| Ok(SqlValue::from(data.eval(frame)?.as_ref()))).collect()
}

/// Yes or no as it is; a row that was not found is absent.
fn present(answer: Value) -> Option<Value> {
    Some(answer).filter(|answer| !answer.is_null())
}

/// What is asked: what it answers, the statement, and the columns that are wanted.
type Asks<'a> = (&'a Returns, &'a Sql, &'a [Column]);

async fn asked(db: &Db, (returns, sql, columns): Asks<'_>, params: &[SqlValue]) -> Result<Value, SqlError> {
    Ok(match returns {
        Returns::Found => Value::Bool(db.found(sql, params).await?),
        Returns::Row(_) => first(db.fetch(sql, params, columns, 1).await?),
        Returns::Rows(_, max) => list(db.fetch(sql, params, columns, *max).await?),
    })
}

async fn in_transaction(
    tx: &mut Tx,
    (returns, sql, columns): Asks<'_>,
    params: &[SqlValue],
) -> Result<Value, SqlError> {
    Ok(match returns {
        Returns::Found => Value::Bool(tx.found(sql, params).await?),
        Returns::Row(_) => first(tx.fetch(sql, params, columns, 1).await?),
        Returns::Rows(_, max) => list(tx.fetch(sql, params, columns, *max).await?),
    })
}

fn first(rows: Vec<homeroom_store::sql::Row>) -> Value {
    rows.into_iter().next().map_or(Value::Null, Value::Object)
}

fn list(rows: Vec<homeroom_store::sql::Row>) -> Value {
    rows.into_iter().map(Value::Object).collect()
}
