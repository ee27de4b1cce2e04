//! Shared limits in Redis: one key for each counter, gone when it is as good as new.

use super::Redis;
use super::script::scripts;
use crate::limiter::{Decision, Quota, SharedLimits};
use crate::state::Stored;
use crate::{Answer, StoreError};

/// Beyond this, Lua's numbers are not exact; 142 years in microseconds.
const MICROSECONDS_MAX: i64 = 1 << 52;
/// How long a counter is kept where the clock is not Redis' own, which alone ends keys.
const KEEP_BY_ANOTHER_CLOCK_MS: i64 = 60_000;

scripts! {
    LIMIT = "time.lua" "limit.lua";
}

/// Limits that all servers share.
pub struct RedisLimits {
    redis: Redis,
}

impl RedisLimits {
    /// Limits behind this connection.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self { redis }
    }

    async fn decide(&self, key: &str, quota: Quota) -> Result<Decision, StoreError> {
        let key = self.redis.bare(&format!("homeroom:limit:{key}"));
        let (cost_us, burst_us) = quota.micros();
        let keep_ms = if self.redis.inner.config.now.is_some() { KEEP_BY_ANOTHER_CLOCK_MS } else { 0 };
        let args = [cost_us.min(MICROSECONDS_MAX / 4), burst_us.min(MICROSECONDS_MAX / 4), keep_ms];
        let args = args.map(|arg| arg.to_string());
        let wait_ms = self.redis.run(&LIMIT, &[&key], &args.each_ref().map(String::as_str)).await?.int()?;
        Ok(match u64::try_from(wait_ms) {
            Ok(0) | Err(_) => Decision::Allowed,
            Ok(retry_after_ms) => Decision::Limited { retry_after_ms },
        })
    }
}

impl SharedLimits for RedisLimits {
    fn take<'a>(&'a self, key: &'a str, quota: Quota) -> Stored<'a, Decision> {
        Answer::later(self.decide(key, quota))
    }
}
