//! The connection by which publications are heard; it heals itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redis::aio::SendError;
use redis::{PushInfo, PushKind, RedisError, RedisResult, Value};
use tokio::sync::Notify;

use super::super::config::Mode;
use super::super::endpoint::{Endpoint, backoff};
use super::super::keys;
use super::super::node::brief;
use super::{Channels, Publication, Shared};

/// How often the other end is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(1);

/// Keeps the connection, until the task is ended.
pub(super) async fn keep(endpoint: Endpoint, channels: Channels, shared: Arc<Shared>) {
    let channels = Arc::new(channels);
    let mut failed = 0_u32;
    loop {
        let at = place(&endpoint, failed);
        let outcome = session(&at, &channels, &shared).await;
        let was_up = shared.is_up.swap(false, Ordering::Relaxed);
        if was_up || failed == 0 {
            let error = outcome.err().map(|error| brief(&error)).unwrap_or_default();
            tracing::warn!(redis = at.name(), error, "what services publish is not heard");
        }
        failed = if was_up { 0 } else { failed.saturating_add(1) };
        tokio::time::sleep(backoff(failed)).await;
    }
}

/// The nodes of a cluster pass on to each other what is published, so any will do: the next, if one does not answer.
fn place(endpoint: &Endpoint, failed: u32) -> Endpoint {
    let hosts = &endpoint.address.hosts;
    match hosts.get(failed as usize % hosts.len().max(1)) {
        Some((host, port)) if endpoint.address.mode == Mode::Cluster => endpoint.at(host, *port),
        _ => endpoint.clone(),
    }
}

async fn session(endpoint: &Endpoint, channels: &Arc<Channels>, shared: &Arc<Shared>) -> RedisResult<()> {
    let ended = Arc::new(Notify::new());
    let (ends, receiver, names) = (Arc::clone(&ended), Arc::clone(shared), Arc::clone(channels));
    let settings = endpoint.settings().set_push_sender(move |push: PushInfo| -> Result<(), SendError> {
        match push.kind {
            PushKind::Disconnection => ends.notify_one(),
            PushKind::PMessage => received(&receiver, &names, push.data),
            _ => {}
        }
        Ok(())
    });
    let mut connection = endpoint.connect(&settings, true).await?;
    let mut pipe = redis::pipe();
    for namespace in &channels.namespaces {
        for channel in [channels.broadcasts(namespace), channels.requests(namespace)] {
            pipe.cmd("PSUBSCRIBE").arg(keys::pattern_of(&channel) + "*").ignore();
        }
    }
    let within = endpoint.config.call_timeout;
    let timed_out = || RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
    tokio::time::timeout(within, pipe.exec_async(&mut connection)).await.map_err(|_| timed_out())??;
    shared.is_up.store(true, Ordering::Relaxed);
    tracing::info!(redis = endpoint.name(), "what services publish is heard");
    loop {
        tokio::select! {
            () = ended.notified() => return Ok(()),
            () = tokio::time::sleep(PING_EVERY) => {}
        }
        let ping = redis::cmd("PING");
        let alive = ping.exec_async(&mut connection);
        tokio::time::timeout(within, alive).await.map_err(|_| timed_out())??;
        if endpoint.place.is_none() {
            endpoint.must_be_master(&mut connection).await?;
        }
    }
}

fn received(shared: &Shared, channels: &Channels, data: Vec<Value>) {
    if shared.is_stopping.load(Ordering::Relaxed) {
        return;
    }
    let mut data = data.into_iter().skip(1);
    let (Some(Value::BulkString(channel)), Some(Value::BulkString(bytes))) = (data.next(), data.next()) else { return };
    let Some((namespace, is_control)) = std::str::from_utf8(&channel).ok().and_then(|name| channels.of(name)) else {
        return;
    };
    shared.heard.fetch_add(1, Ordering::Relaxed);
    let weight = channel.len() + bytes.len();
    if !shared.queue.push((Publication { namespace, is_control, bytes }, Instant::now()), weight) {
        shared.lost.fetch_add(1, Ordering::Relaxed);
    }
}

impl Channels {
    fn broadcasts(&self, namespace: &str) -> String {
        format!("{}#{namespace}#", self.key)
    }

    fn requests(&self, namespace: &str) -> String {
        format!("{}-request#{namespace}#", self.key)
    }

    /// The namespace that a channel is for, and whether for servers alone.
    fn of(&self, channel: &str) -> Option<(Arc<str>, bool)> {
        let is_for = |namespace: &&Arc<str>, name: &str| channel.starts_with(name) && !namespace.is_empty();
        let to_clients = self.namespaces.iter().find(|one| is_for(one, &self.broadcasts(one)));
        let to_servers = || self.namespaces.iter().find(|one| is_for(one, &self.requests(one)));
        let found = to_clients.map(|one| (one, false)).or_else(|| Some((to_servers()?, true)))?;
        Some((Arc::clone(found.0), found.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_those_of_the_emitter() {
        let channels =
            Channels { key: "socket.io".into(), namespaces: vec!["/".into(), "/grade".into(), "/gradebook".into()] };
        let of = |name: &str| channels.of(name).map(|(namespace, is_control)| (namespace.to_string(), is_control));
        assert_eq!(of("socket.io#/gradebook#"), Some(("/gradebook".into(), false)));
        assert_eq!(of("socket.io#/gradebook#class:math-101#"), Some(("/gradebook".into(), false)));
        assert_eq!(of("socket.io#/#room#"), Some(("/".into(), false)));
        assert_eq!(of("socket.io-request#/gradebook#"), Some(("/gradebook".into(), true)));
        assert_eq!(of("socket.io#/other#"), None);
    }
}
