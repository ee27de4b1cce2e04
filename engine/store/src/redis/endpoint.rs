//! One server to connect to: at an address, or wherever the sentinels say the master is now.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisError, RedisResult};

use super::config::{Address, Mode, RedisConfig};

/// Shorter waits than this would make a busy loop of connecting.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// How many bytes of commands leave by one write, if so many wait.
const WRITE_BYTES: usize = 64 * 1024;

/// What is connected to.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) config: RedisConfig,
    pub(super) address: Arc<Address>,
    /// The server, where it is known; else the sentinels are asked.
    pub(super) place: Option<(String, u16)>,
}

impl Endpoint {
    /// What an address means; a cluster's nodes are found by asking, so this is its first one only.
    pub(super) fn of(config: &RedisConfig, address: &Arc<Address>) -> Self {
        let place = match address.mode {
            Mode::Sentinel { .. } => None,
            Mode::Single | Mode::Cluster => address.hosts.first().cloned(),
        };
        Self { config: config.clone(), address: Arc::clone(address), place }
    }

    /// The same way of speaking, to another server.
    pub(super) fn at(&self, host: &str, port: u16) -> Self {
        Self { place: Some((host.to_owned(), port)), ..self.clone() }
    }

    /// For the log.
    pub(super) fn name(&self) -> String {
        match (&self.place, &self.address.mode) {
            (Some((host, port)), _) => format!("{host}:{port}"),
            (None, Mode::Sentinel { master }) => format!("the master {master}"),
            (None, _) => "nowhere".into(),
        }
    }

    /// A connection, within the time that the settings allow for each server asked on the way.
    pub(super) async fn connect(
        &self,
        settings: &AsyncConnectionConfig,
        resp3: bool,
    ) -> RedisResult<MultiplexedConnection> {
        let (host, port) = match &self.place {
            Some(place) => place.clone(),
            None => self.master().await?,
        };
        let client = self.config.client(&self.address, &host, port, resp3)?;
        // Setting up (TLS, AUTH, SELECT) counts as well; the library bounds only the reaching.
        let within = self.config.connect_timeout;
        let connected = tokio::time::timeout(within, client.get_multiplexed_async_connection_with_config(settings));
        let mut connection = connected.await.map_err(|_| timed_out())??;
        if self.place.is_none() {
            self.must_be_master(&mut connection).await?;
        }
        Ok(connection)
    }

    /// How a connection is set up. Whoever asks by it bounds that in time: the library's bound would be one timer more for
    /// each call.
    pub(super) fn settings(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.config.connect_timeout))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(1024)
            .set_write_backpressure_boundary(WRITE_BYTES)
    }

    /// Asks the sentinels, one after the other, where the master is.
    async fn master(&self) -> RedisResult<(String, u16)> {
        let Mode::Sentinel { master } = &self.address.mode else { return Err(no_answer()) };
        let mut failed = no_answer();
        for (host, port) in &self.address.hosts {
            let asked = tokio::time::timeout(self.config.connect_timeout, self.ask(host, *port, master));
            match asked.await.unwrap_or_else(|_| Err(timed_out())) {
                Ok(place) => return Ok(place),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn ask(&self, host: &str, port: u16, master: &str) -> RedisResult<(String, u16)> {
        let client = self.config.sentinel(&self.address, host, port)?;
        let mut sentinel = client.get_multiplexed_async_connection_with_config(&self.settings()).await?;
        let ask = redis::cmd("SENTINEL").arg("get-master-addr-by-name").arg(master).to_owned();
        let place: Option<(String, u16)> = ask.query_async(&mut sentinel).await?;
        place.ok_or_else(|| RedisError::from((redis::ErrorKind::MasterNameNotFoundBySentinel, "no such master")))
    }

    /// A sentinel may not know yet that a master has become a replica.
    pub(super) async fn must_be_master(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let ask = redis::cmd("ROLE");
        let asked = tokio::time::timeout(self.config.call_timeout, ask.query_async(connection));
        let role: Vec<redis::Value> = asked.await.map_err(|_| timed_out())??;
        let is_master = matches!(role.first(), Some(redis::Value::BulkString(role)) if role == b"master");
        if is_master { Ok(()) } else { Err(RedisError::from((redis::ErrorKind::Client, "the server is no master"))) }
    }
}

fn no_answer() -> RedisError {
    RedisError::from((redis::ErrorKind::Client, "no sentinel answered"))
}

fn timed_out() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))
}

/// How long to wait before another attempt, after so many that failed: doubling, bounded, and different for each server, so
/// that they do not all come back at once.
pub(super) fn backoff(failed: u32) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let longest = BACKOFF_MIN.saturating_mul(1 << failed.min(10)).min(BACKOFF_MAX);
    let half = longest / 2;
    let chance = u32::try_from(RandomState::new().hash_one(failed) % 1000).unwrap_or(0);
    half + half * chance / 1000
}
