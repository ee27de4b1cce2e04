//! What services were answered, for a while: so that one that sends again, since it does not know whether it was heard,
//! gets the answer of the first time and nothing is done twice.
//!
//! Kept for each sender apart, in the store that servers share. A claim is made before anything is done; while it is not
//! settled, others with the same key are told to wait. A server that dies in between leaves a claim that ends by itself.

use std::time::Duration;

use homeroom_store::state::{At, Only, Rules, Which, Written};

use crate::Refusal;
use crate::engine::Engine;

/// How long what was begun is waited for.
pub const BEGUN_FOR: Duration = Duration::from_secs(60);

/// How many bytes an answer may have.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

const BEGUN: &str = "begun";
const DONE: &str = "done";

/// How long answers are kept, and how many of each sender; of more the oldest go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// How long.
    pub lasts: Duration,
    /// How many.
    pub max: usize,
}

impl Default for Keeping {
    fn default() -> Self {
        Self { lasts: Duration::from_secs(24 * 3600), max: 10_000 }
    }
}

/// What a service calls something that it sends, so that it is done once.
#[derive(Debug, Clone, Copy)]
pub struct Receipt<'a> {
    /// The service.
    pub sender: &'a str,
    /// What it calls it.
    pub key: &'a str,
    /// Tells what it sends from anything else.
    pub fingerprint: &'a str,
}

/// What is known of something that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing: it is to be done, and settled.
    New,
    /// It was done, and answered so.
    Done(String),
    /// It is being done.
    Begun,
    /// Something else was sent under this name.
    Another,
}

impl Engine {
    /// Claims something that is to be done once.
    ///
    /// # Errors
    /// UNAVAILABLE if it cannot be known whether it was done.
    pub async fn claim(&self, receipt: Receipt<'_>, keeping: Keeping) -> Result<Claimed, Refusal> {
        let (key, rules) = (key_of(receipt.sender), rules(keeping));
        let begun = written(BEGUN, receipt.fingerprint, "");
        let lasts_ms = Some(ms(BEGUN_FOR));
        let ledger = &self.inner.stores.ledger;
        match ledger.put(At { key: &key, rules: &rules }, receipt.key, &begun, Only::New, lasts_ms).await? {
            Written::Done => return Ok(Claimed::New),
            Written::Not => {}
            Written::Full | Written::TooLarge => return Err(Refusal::internal("a claim could not be kept")),
        }
        // One that ended in between counts as begun: it is asked for again.
        let Some(known) = ledger.get(&key, receipt.key).await? else { return Ok(Claimed::Begun) };
        let mut parts = known.splitn(3, '\n');
        let (word, fingerprint, answer) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        Ok(match word {
            _ if fingerprint != Some(receipt.fingerprint) => Claimed::Another,
            Some(DONE) => Claimed::Done(answer.to_owned()),
            _ => Claimed::Begun,
        })
    }

    /// Keeps the answer to what was claimed; `None`: nothing was done, and it may be claimed again.
    ///
    /// # Errors
    /// UNAVAILABLE if the store is away; then it can be claimed again once [`BEGUN_FOR`] is over.
    pub async fn settle(&self, receipt: Receipt<'_>, keeping: Keeping, answer: Option<&str>) -> Result<(), Refusal> {
        let (key, rules) = (key_of(receipt.sender), rules(keeping));
        let ledger = &self.inner.stores.ledger;
        match answer {
            None => drop(ledger.take(&key, Which::Named(receipt.key)).await?),
            Some(answer) => {
                let done = written(DONE, receipt.fingerprint, answer);
                ledger.put(At { key: &key, rules: &rules }, receipt.key, &done, Only::Any, None).await?;
            }
        }
        Ok(())
    }
}

fn key_of(sender: &str) -> String {
    format!("homeroom:answered:{sender}")
}

fn written(word: &str, fingerprint: &str, answer: &str) -> String {
    format!("{word}\n{fingerprint}\n{answer}")
}

fn rules(keeping: Keeping) -> Rules {
    let Keeping { lasts, max } = keeping;
    Rules { ttl_ms: ms(lasts), max, max_bytes: ANSWER_BYTES_MAX, drop_oldest: true, watch: None }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
