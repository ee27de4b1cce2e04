//! Asks servers what they serve: those that Redis knows of, and those whose URLs were given.

use std::error::Error;
use std::time::Duration;

use homeroom_runtime::ClusterKey;
use homeroom_store::StoreError;
use homeroom_store::redis::Redis;
use serde_json::Value;

use super::super::facts::{AskedFacts, CardFacts};
use super::masked;
use crate::server::HOLDS_MS;
use crate::server::card::Card;

/// How long a server may take to answer.
const WITHIN: Duration = Duration::from_secs(5);
/// How many bytes it may answer with.
const BYTES_MAX: usize = 1024 * 1024;

/// What servers say of themselves in Redis.
pub(super) async fn cards(redis: &Redis, key: &ClusterKey) -> Result<Vec<CardFacts>, StoreError> {
    let mut cards: Vec<CardFacts> = Vec::new();
    for announced in redis.announced().await? {
        let (card, is_ours) = Card::read(&announced.text, key).unwrap_or_default();
        // When it was written, by the clock of Redis.
        let written_ms = announced.until_ms - HOLDS_MS;
        let clock_ahead_ms = if is_ours { card.now_ms - written_ms } else { 0 };
        cards.push(CardFacts { clock_ahead_ms, runs_ms: card.now_ms - card.since_ms, is_ours, card });
    }
    cards.sort_by(|a, b| a.card.place.cmp(&b.card.place));
    Ok(cards)
}

/// What servers answer at `/healthz`.
pub(super) async fn asked(urls: &[String]) -> Vec<AskedFacts> {
    let mut asked = Vec::new();
    for url in urls {
        asked.push(AskedFacts { url: masked(url), digest: digest(url).await });
    }
    asked
}

async fn digest(url: &str) -> Result<String, String> {
    let client = reqwest::Client::builder().timeout(WITHIN).build().map_err(|error| error.to_string())?;
    // An error that has the URL would show what stands in it.
    let told = |error: reqwest::Error| causes(&error.without_url());
    let mut answer = client.get(format!("{}/healthz", url.trim_end_matches('/'))).send().await.map_err(told)?;
    if !answer.status().is_success() {
        return Err(format!("it answers {}", answer.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        body.extend_from_slice(&chunk);
        if body.len() > BYTES_MAX {
            return Err(format!("it answers with more than {BYTES_MAX} bytes"));
        }
    }
    let body: Option<Value> = serde_json::from_slice(&body).ok();
    let digest = body.as_ref().and_then(|body| body.get("digest")?.as_str());
    digest.map(str::to_owned).ok_or_else(|| "it answers as no server of homeroom does".into())
}

/// The innermost cause of an error: what stands between is about the library.
fn causes(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}
