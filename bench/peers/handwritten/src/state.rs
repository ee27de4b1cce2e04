//! Who types: fields of a hash, each of which ends after five seconds in memory; in Redis the hash does, as is usual.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use redis::aio::ConnectionManager;

const TTL: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) enum State {
    Memory(Arc<DashMap<String, HashMap<String, Entry>>>),
    Redis(ConnectionManager),
}

pub(crate) struct Entry {
    _value: String,
    ends: Instant,
}

impl State {
    pub(crate) fn in_memory() -> Self {
        let hashes: Arc<DashMap<String, HashMap<String, Entry>>> = Arc::default();
        let swept = Arc::clone(&hashes);
        tokio::spawn(async move {
            let mut every = tokio::time::interval(Duration::from_secs(1));
            loop {
                every.tick().await;
                let now = Instant::now();
                swept.retain(|_, hash| {
                    hash.retain(|_, entry| entry.ends > now);
                    !hash.is_empty()
                });
            }
        });
        Self::Memory(hashes)
    }

    pub(crate) async fn in_redis(url: &str) -> Self {
        let client = redis::Client::open(url).expect("a URL of Redis");
        Self::Redis(ConnectionManager::new(client).await.expect("Redis"))
    }

    pub(crate) async fn put(&self, key: String, field: &str, value: String) -> Result<(), &'static str> {
        match self {
            Self::Memory(hashes) => {
                let entry = Entry { _value: value, ends: Instant::now() + TTL };
                hashes.entry(key).or_default().insert(field.to_owned(), entry);
                Ok(())
            }
            Self::Redis(connection) => {
                let mut pipe = redis::pipe();
                pipe.atomic().hset(&key, field, value).ignore().expire(&key, 5).ignore();
                let done: redis::RedisResult<()> = pipe.query_async(&mut connection.clone()).await;
                done.map_err(|_| "UNAVAILABLE")
            }
        }
    }
}
