//! A server's entry among those of its cluster: renewed while it runs, taken out when it leaves.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use homeroom_runtime::{ClusterKey, Engine, Roll};
use homeroom_store::redis::Redis;
use homeroom_store::{Clock, SystemClock};

use super::card::{Card, files_max, host};
use super::emitter::Listening;

/// How often it is renewed, and for how long it holds.
const RENEW_EVERY: Duration = Duration::from_secs(3);
const HOLDS: Duration = Duration::from_millis(super::HOLDS_MS as u64);

/// Knows the servers by what they say of themselves in Redis.
pub(super) struct Enrolled(pub(super) Redis);

impl Roll for Enrolled {
    fn servers(&self) -> BoxFuture<'_, Option<Vec<u64>>> {
        Box::pin(async {
            let announced = self.0.announced().await.ok()?;
            Some(announced.iter().filter_map(|one| u64::from_str_radix(&one.server, 16).ok()).collect())
        })
    }
}

/// What is needed to be found among the servers.
pub(super) struct Register {
    redis: Redis,
    key: ClusterKey,
    server: String,
    since_ms: i64,
    connections_max: usize,
}

impl Register {
    /// Of the server of that number.
    pub(super) fn new(redis: Redis, key: ClusterKey, server: u64, connections_max: usize) -> Self {
        Self { redis, key, server: format!("{server:016x}"), since_ms: SystemClock.now_ms(), connections_max }
    }

    /// Another way to the same Redis, and the name of this server in it.
    pub(super) fn redis(&self) -> (Redis, &str) {
        (self.redis.clone(), &self.server)
    }

    /// Renews the entry, for as long as this is polled.
    pub(super) async fn keep(&self, engine: &Engine, listens: Option<SocketAddr>, listening: Option<&Listening>) {
        let host = host();
        let place = listens.map_or_else(|| host.clone(), |at| format!("{host} {at}"));
        loop {
            let written = self.card(engine, &place).written(&self.key);
            match self.redis.announce(&self.server, &written, HOLDS).await {
                Ok(servers) => engine.metrics().servers(servers),
                Err(error) => tracing::debug!(%error, "this server could not tell that it is here"),
            }
            if let Some(listening) = listening {
                engine.metrics().listening(&listening.status());
            }
            tokio::time::sleep(RENEW_EVERY).await;
        }
    }

    /// Takes the entry out.
    pub(super) async fn leave(&self) {
        if let Err(error) = self.redis.unannounce(&self.server).await {
            tracing::debug!(%error, "this server could not tell that it leaves");
        }
    }

    fn card(&self, engine: &Engine, place: &str) -> Card {
        let bus = engine.bus().unwrap_or_default();
        Card {
            place: place.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digest: engine.current().plan.digest.clone(),
            since_ms: self.since_ms,
            now_ms: SystemClock.now_ms(),
            connections: engine.connections(),
            connections_max: self.connections_max,
            files_max: files_max().unwrap_or(0),
            lost: bus.dropped + bus.missed,
            refused: bus.refused,
        }
    }
}
