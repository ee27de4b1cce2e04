//! A connection to one server that heals itself, and fails fast while it cannot.
//!
//! A task keeps the connection: it connects, waits longer each time that fails, and once connected asks now and then
//! whether the server still answers, at once when a call has reason to doubt it. While there is no connection, calls fail
//! without waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisError, ServerErrorKind, Value};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::endpoint::{Endpoint, backoff};

/// How often an idle connection is asked whether the other end is still there.
const PING_EVERY: Duration = Duration::from_secs(1);

/// Why a command came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no connection, or it ended; the command may have been done.
    Away(String),
    /// No answer in time; the command may have been done.
    TimedOut,
    /// The key lies elsewhere: its slot, and the server's `host:port`. The command was not done.
    Moved(u16, String),
    /// This one key lies elsewhere already, at `host:port`. The command was not done.
    Ask(String),
    /// The server does not know the script. It was not run.
    NoScript,
    /// The server refused; what it said.
    Said(String),
}

/// A server, and the task that keeps the connection to it.
pub(super) struct Node {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    endpoint: Endpoint,
    link: RwLock<Option<Link>>,
    /// Something made a call doubt the connection.
    doubt: Notify,
    is_up: watch::Sender<bool>,
    /// How many connections there were.
    links: AtomicU64,
}

#[derive(Clone)]
struct Link {
    connection: MultiplexedConnection,
    number: u64,
}

impl Node {
    /// Begins to connect.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        let shared = Arc::new(Shared {
            endpoint,
            link: RwLock::new(None),
            doubt: Notify::new(),
            is_up: watch::Sender::new(false),
            links: AtomicU64::new(0),
        });
        let task = tokio::spawn(keep(Arc::clone(&shared)));
        Self { shared, task }
    }

    /// Whether there is a connection; told again whenever that changes.
    pub(super) fn is_up(&self) -> watch::Receiver<bool> {
        self.shared.is_up.subscribe()
    }

    /// How many connections there were.
    pub(super) fn links(&self) -> u64 {
        self.shared.links.load(Ordering::Relaxed)
    }

    /// Does a command, within the time that the settings allow for a call.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Failure> {
        let within = self.shared.endpoint.config.call_timeout;
        tokio::time::timeout(within, self.send(command, false)).await.unwrap_or(Err(Failure::TimedOut))
    }

    /// Does a command; whoever calls bounds it in time. `asking` is for a key that is on its way to this server.
    pub(super) async fn send(&self, command: &Cmd, asking: bool) -> Result<Value, Failure> {
        let link = self.shared.link.read().clone();
        let Some(mut link) = link else {
            return Err(Failure::Away(format!("{} is away", self.shared.endpoint.name())));
        };
        let mut unanswered = Unanswered { shared: &self.shared, is_answered: false };
        let sent = if asking {
            let mut pipe = redis::pipe();
            pipe.cmd("ASKING").ignore().add_command(command.clone());
            let answers: Result<Vec<Value>, RedisError> = pipe.query_async(&mut link.connection).await;
            answers.map(|mut answers| answers.pop().unwrap_or(Value::Nil))
        } else {
            link.connection.send_packed_command(command).await.and_then(Value::extract_error)
        };
        unanswered.is_answered = true;
        let failure = match sent {
            Ok(value) => return Ok(value),
            Err(error) => failure(&error),
        };
        self.shared.learn(&failure, link.number);
        Err(failure)
    }
}

/// A command that was sent. Whoever stops waiting for its answer makes the connection doubted.
struct Unanswered<'a> {
    shared: &'a Shared,
    is_answered: bool,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.shared.doubt.notify_one();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Draws the conclusion from a failure on the connection of that number.
    fn learn(&self, failure: &Failure, number: u64) {
        match failure {
            Failure::Away(_) => self.give_up(number),
            // A master that was demoted: the sentinels, or the cluster, know the new one.
            Failure::Said(said) if said.starts_with("READONLY") => self.give_up(number),
            Failure::TimedOut => self.doubt.notify_one(),
            Failure::Moved(..) | Failure::Ask(_) | Failure::NoScript | Failure::Said(_) => {}
        }
    }

    fn give_up(&self, number: u64) {
        let mut link = self.link.write();
        if link.as_ref().is_some_and(|link| link.number == number) {
            *link = None;
            self.is_up.send_replace(false);
            self.doubt.notify_one();
        }
    }

    fn is_current(&self, number: u64) -> bool {
        self.link.read().as_ref().is_some_and(|link| link.number == number)
    }
}

/// Keeps the connection, until the task is ended.
async fn keep(shared: Arc<Shared>) {
    let (settings, name) = (shared.endpoint.settings(), shared.endpoint.name());
    let mut failed = 0;
    loop {
        match shared.endpoint.connect(&settings, false).await {
            Ok(connection) => {
                failed = 0;
                tracing::info!(redis = name, "Redis is here");
                let number = shared.links.fetch_add(1, Ordering::Relaxed) + 1;
                *shared.link.write() = Some(Link { connection: connection.clone(), number });
                shared.is_up.send_replace(true);
                watch_over(&shared, connection, number).await;
                shared.give_up(number);
                tracing::warn!(redis = name, "Redis is away");
            }
            Err(error) if failed == 0 => {
                tracing::warn!(redis = name, error = %brief(&error), "Redis cannot be reached");
            }
            Err(_) => {}
        }
        tokio::time::sleep(backoff(failed)).await;
        failed += 1;
    }
}

/// Returns when the connection is of no use any more.
async fn watch_over(shared: &Shared, mut connection: MultiplexedConnection, number: u64) {
    loop {
        tokio::select! {
            () = shared.doubt.notified() => {}
            () = tokio::time::sleep(PING_EVERY) => {}
        }
        if !shared.is_current(number) {
            return;
        }
        let ping = redis::cmd("PING");
        let answered = ping.query_async::<Value>(&mut connection);
        match tokio::time::timeout(shared.endpoint.config.call_timeout, answered).await {
            Ok(Ok(_)) => {}
            // It answers, if only to refuse (`LOADING`, `NOPERM`).
            Ok(Err(error)) if matches!(error.kind(), redis::ErrorKind::Server(_) | redis::ErrorKind::Extension) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

fn failure(error: &RedisError) -> Failure {
    match error.kind() {
        redis::ErrorKind::Server(kind @ (ServerErrorKind::Moved | ServerErrorKind::Ask)) => match error.redirect_node()
        {
            Some((place, slot)) if kind == ServerErrorKind::Moved => Failure::Moved(slot, place.to_owned()),
            Some((place, _)) => Failure::Ask(place.to_owned()),
            None => Failure::Said(brief(error)),
        },
        redis::ErrorKind::Server(ServerErrorKind::NoScript) => Failure::NoScript,
        redis::ErrorKind::Server(_) | redis::ErrorKind::Extension => Failure::Said(brief(error)),
        _ if error.is_timeout() => Failure::TimedOut,
        _ => Failure::Away(brief(error)),
    }
}

/// What an error says, without what it says about values: a script's error may quote them.
pub(super) fn brief(error: &RedisError) -> String {
    match error.code() {
        Some(code) => format!("{code}: {}", error.detail().and_then(|detail| detail.split(':').next()).unwrap_or("")),
        None => error.to_string(),
    }
}
