//! The connection of a bus: connecting, and what is done while it lasts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::aio::{MultiplexedConnection, SendError};
use redis::{PushInfo, PushKind, RedisError, RedisResult, Value};

use tokio::sync::Notify;

use super::super::endpoint::backoff;
use super::super::node::brief;
use super::PING_EVERY;
use super::shard::{Leaving, Shared};

/// How many frames, and how many bytes of them, leave together.
const BATCH_FRAMES: usize = 512;
const BATCH_BYTES: usize = 1024 * 1024;
/// How many channels are asked for at once.
const CHANNELS_AT_ONCE: usize = 512;
/// How often frames that waited for too long are dropped.
const SWEEP_EVERY: Duration = Duration::from_millis(250);

/// The commands of pub/sub, sharded or not.
#[derive(Clone, Copy)]
struct Words {
    publish: &'static str,
    subscribe: &'static str,
    unsubscribe: &'static str,
}

const PLAIN: Words = Words { publish: "PUBLISH", subscribe: "SUBSCRIBE", unsubscribe: "UNSUBSCRIBE" };
const SHARDED: Words = Words { publish: "SPUBLISH", subscribe: "SSUBSCRIBE", unsubscribe: "SUNSUBSCRIBE" };

/// Keeps the connection, until the task is ended.
pub(super) async fn keep(shared: Arc<Shared>) {
    let mut failed = 0;
    let name = shared.endpoint.name();
    loop {
        let outcome = tokio::select! {
            outcome = session(&shared, &mut failed) => outcome,
            () = sweep(&shared) => continue,
        };
        shared.set_up(false);
        if failed == 0 {
            let error = outcome.err().map(|error| brief(&error)).unwrap_or_default();
            tracing::warn!(redis = name, error, "the bus is away");
        }
        tokio::select! {
            () = tokio::time::sleep(backoff(failed)) => {}
            () = sweep(&shared) => {}
        }
        failed += 1;
    }
}

/// Drops frames that have waited for too long; does not end by itself.
async fn sweep(shared: &Shared) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let stale = shared.leaving.drop_while(Leaving::is_stale);
        shared.wire.counts.dropped.fetch_add(stale, Ordering::Relaxed);
        shared.settle(stale);
    }
}

/// One connection, from its beginning to its end.
async fn session(shared: &Arc<Shared>, failed: &mut u32) -> RedisResult<()> {
    let (receiver, ended) = (Arc::clone(shared), Arc::new(Notify::new()));
    let ends = Arc::clone(&ended);
    let settings = shared.endpoint.settings().set_push_sender(move |push: PushInfo| -> Result<(), SendError> {
        received(&receiver, &ends, push);
        Ok(())
    });
    let mut connection = shared.endpoint.connect(&settings, true).await?;
    let words = if shared.is_node && bounded(shared, is_sharded(&mut connection)).await? { SHARDED } else { PLAIN };
    let (changes, all) = {
        let mut channels = shared.channels.lock();
        channels.changed.clear();
        (channels.changes, channels.wanted.iter().map(|name| (words.subscribe, Arc::clone(name))).collect())
    };
    listen(shared, &mut connection, all).await?;
    shared.confirmed.send_replace(changes);
    *failed = 0;
    shared.epoch.fetch_add(1, Ordering::Relaxed);
    shared.set_up(true);
    tracing::info!(redis = shared.endpoint.name(), "the bus is here");
    tokio::select! {
        outcome = publishing(shared, connection.clone(), words) => outcome,
        outcome = listening(shared, connection.clone(), words) => outcome,
        outcome = pinging(shared, connection.clone()) => outcome,
        () = ended.notified() => Ok(()),
    }
}

fn received(shared: &Shared, ended: &Notify, push: PushInfo) {
    let mut data = push.data.into_iter();
    match (push.kind, data.next(), data.next()) {
        (PushKind::Message | PushKind::SMessage, Some(Value::BulkString(channel)), Some(Value::BulkString(frame))) => {
            shared.wire.receive(&channel, frame);
        }
        (PushKind::Disconnection, ..) => ended.notify_one(),
        // A slot went to another node. What is still wanted must be asked for there, and the library took this for an
        // answer to something else: nothing on this connection can be trusted any more.
        (PushKind::SUnsubscribe, Some(Value::BulkString(channel)), _) => {
            let name = std::str::from_utf8(&channel).unwrap_or("");
            if shared.channels.lock().wanted.contains(name) {
                shared.doubt.store(true, Ordering::Relaxed);
                ended.notify_one();
            }
        }
        _ => {}
    }
}

/// Redis 7 brought sharded pub/sub.
async fn is_sharded(connection: &mut MultiplexedConnection) -> RedisResult<bool> {
    let info: String = redis::cmd("INFO").arg("server").query_async(connection).await?;
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("");
    Ok(version.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 7))
}

/// Sends what is to leave, in order.
async fn publishing(shared: &Shared, mut connection: MultiplexedConnection, words: Words) -> RedisResult<()> {
    while let Some(first) = shared.leaving.pop().await {
        let batch = batch(shared, first);
        if batch.is_empty() {
            continue;
        }
        let mut unconfirmed = Unconfirmed { shared, frames: batch.len() as u64 };
        let mut pipe = redis::Pipeline::with_capacity(batch.len());
        for leaving in &batch {
            let command = shared.wire.publishing(words.publish, &leaving.channel, &leaving.frame);
            pipe.add_command(command).ignore();
        }
        let sent = bounded(shared, pipe.exec_async(&mut connection)).await;
        match sent {
            Ok(()) => unconfirmed.confirm(),
            Err(error) => {
                drop(unconfirmed);
                survive(shared, error)?;
            }
        }
    }
    Ok(())
}

/// What waits, as much as may leave together, without what has waited for too long.
fn batch(shared: &Shared, first: Leaving) -> Vec<Leaving> {
    let (mut batch, mut bytes, mut next) = (Vec::new(), 0, Some(first));
    while let Some(leaving) = next {
        if leaving.is_stale() {
            shared.wire.counts.dropped.fetch_add(1, Ordering::Relaxed);
            shared.settle(1);
        } else {
            bytes += leaving.frame.len();
            batch.push(leaving);
        }
        next = if batch.len() < BATCH_FRAMES && bytes < BATCH_BYTES { shared.leaving.try_pop() } else { None };
    }
    batch
}

/// Frames that were sent; lost, unless they are confirmed, whatever ends the sending.
struct Unconfirmed<'a> {
    shared: &'a Shared,
    frames: u64,
}

impl Unconfirmed<'_> {
    fn confirm(&mut self) {
        let frames = std::mem::take(&mut self.frames);
        self.shared.wire.counts.published.fetch_add(frames, Ordering::Relaxed);
        self.shared.settle(frames);
    }
}

impl Drop for Unconfirmed<'_> {
    fn drop(&mut self) {
        self.shared.wire.counts.dropped.fetch_add(self.frames, Ordering::Relaxed);
        self.shared.settle(self.frames);
    }
}

/// Asks for channels, and for no more of them, as they change.
async fn listening(shared: &Shared, mut connection: MultiplexedConnection, words: Words) -> RedisResult<()> {
    loop {
        shared.changed.notified().await;
        let (changes, changed) = {
            let mut channels = shared.channels.lock();
            let changed = std::mem::take(&mut channels.changed);
            let word =
                |name: &Arc<str>| if channels.wanted.contains(name) { words.subscribe } else { words.unsubscribe };
            (channels.changes, changed.into_iter().map(|name| (word(&name), name)).collect())
        };
        listen(shared, &mut connection, changed).await?;
        shared.confirmed.send_replace(changes);
    }
}

async fn listen(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
    changes: Vec<(&'static str, Arc<str>)>,
) -> RedisResult<()> {
    for some in changes.chunks(CHANNELS_AT_ONCE) {
        let mut pipe = redis::pipe();
        for (word, name) in some {
            pipe.cmd(word).arg(&**name).ignore();
        }
        if let Err(error) = bounded(shared, pipe.exec_async(connection)).await {
            // Refused: the slots are elsewhere. Whoever keeps the bus in step moves the channels.
            survive(shared, error)?;
        }
    }
    Ok(())
}

/// Returns when the other end is silent, or has become a replica.
async fn pinging(shared: &Shared, mut connection: MultiplexedConnection) -> RedisResult<()> {
    loop {
        tokio::time::sleep(PING_EVERY).await;
        let alive = async {
            match shared.endpoint.place {
                Some(_) => redis::cmd("PING").exec_async(&mut connection).await,
                None => shared.endpoint.must_be_master(&mut connection).await,
            }
        };
        bounded(shared, alive).await?;
    }
}

async fn bounded<T>(shared: &Shared, call: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    let within = shared.endpoint.config.call_timeout;
    let timed_out = || RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
    tokio::time::timeout(within, call).await.unwrap_or_else(|_| Err(timed_out()))
}

/// A slot that is elsewhere by now is no reason to end the connection.
fn survive(shared: &Shared, error: RedisError) -> RedisResult<()> {
    let is_elsewhere = matches!(error.code(), Some("MOVED" | "ASK" | "CLUSTERDOWN"));
    if shared.is_node && is_elsewhere {
        shared.doubt.store(true, Ordering::Relaxed);
        return Ok(());
    }
    Err(error)
}
