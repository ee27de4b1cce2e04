//! Asks Redis how it is.

use std::time::Duration;

use homeroom_store::StoreError;
use homeroom_store::redis::Redis;

use super::super::facts::RedisFacts;
use crate::settings::Shared;

/// How long Redis is waited for once it let us in.
const READY_WITHIN: Duration = Duration::from_secs(3);

/// What is known before anything was asked.
pub(super) fn unasked(shared: &Shared) -> RedisFacts {
    RedisFacts {
        at: shared.redis.leads().unwrap_or_default(),
        has_prefix: !shared.redis.prefix.is_empty(),
        ..RedisFacts::default()
    }
}

/// Asks everything.
pub(super) async fn ask(
    redis: &Redis,
    shared: &Shared,
    keys_max: usize,
    facts: &mut RedisFacts,
) -> Result<(), StoreError> {
    redis.reach().await?;
    if !redis.ready(READY_WITHIN).await {
        return Err(StoreError::Unavailable(format!("it lets us in, and does not answer within {READY_WITHIN:?}")));
    }
    facts.health = redis.health().await?;
    if shared.state {
        facts.everlasting = redis.everlasting(keys_max).await?;
        facts.leases = redis.leases().await?;
    }
    Ok(())
}

/// Why it could not be asked, without what everybody knows by then.
pub(super) fn cause(error: &StoreError) -> String {
    let StoreError::Unavailable(cause) = error;
    cause.strip_prefix("Redis is away: ").unwrap_or(cause).to_owned()
}
