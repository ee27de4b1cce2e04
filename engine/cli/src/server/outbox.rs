//! Sends what services have left in the outbox: through the same door as what they send over HTTP.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use homeroom_http::Sends;
use homeroom_plan::refusals::ENGINE_CODES;
use homeroom_runtime::{Command, Engine, Refusal};
use homeroom_store::outbox::{Fate, Held, Letter, Outbox, Settled};
use homeroom_store::sql::SqlError;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long what is being sent may take once the server stops.
const END_MAX: Duration = Duration::from_secs(5);
/// How long writing down waits before another attempt.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// How often the dead are looked through.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// The outbox while it is worked on.
pub(super) struct Sending {
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// One server's part of the work.
#[derive(Clone)]
struct Clerk {
    outbox: Outbox,
    /// What may be sent.
    sends: Arc<Sends>,
    engine: Engine,
    /// Rung when there is something new.
    bell: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
}

impl Sending {
    /// Begins to work.
    pub(super) fn begin(outbox: &Outbox, sends: &Sends, engine: &Engine) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (ring, bell) = watch::channel(0);
        let sends = Arc::new(sends.clone());
        let clerk = Clerk { outbox: outbox.clone(), sends, engine: engine.clone(), bell, stop: stopping };
        let workers = outbox.settings().workers;
        let mut tasks: Vec<_> = (0..workers).map(|_| tokio::spawn(clerk.clone().work())).collect();
        let listener = outbox.clone();
        tasks.push(tokio::spawn(async move { listener.listen(|| ring.send_modify(|rung| *rung += 1)).await }));
        tasks.push(tokio::spawn(clerk.look_after()));
        Self { stop, tasks: Mutex::new(tasks) }
    }

    /// Ends: what is being sent is settled first.
    pub(super) async fn end(&self) {
        self.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let service = tasks.split_off(tasks.len().saturating_sub(2));
        service.iter().for_each(JoinHandle::abort);
        let ends = Instant::now() + END_MAX;
        for mut task in tasks {
            if tokio::time::timeout_at(ends.into(), &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.tasks.lock().iter().for_each(JoinHandle::abort);
    }
}

impl Clerk {
    async fn work(mut self) {
        let fails = AtomicU64::new(0);
        while !*self.stop.borrow() {
            self.bell.mark_unchanged();
            match self.turn().await {
                Ok(true) => {
                    fails.store(0, Ordering::Relaxed);
                    continue;
                }
                Ok(false) => fails.store(0, Ordering::Relaxed),
                // Told once, and not each time that it is still so.
                Err(error) if fails.fetch_add(1, Ordering::Relaxed) == 0 => {
                    tracing::error!(%error, "the outbox cannot be worked on");
                }
                Err(_) => {}
            }
            tokio::select! {
                _ = self.bell.changed() => {}
                () = tokio::time::sleep(self.outbox.settings().poll) => {}
                _ = self.stop.changed() => {}
            }
        }
    }

    /// Sends what is due in one slot. Yields whether there was any.
    async fn turn(&self) -> Result<bool, SqlError> {
        if self.engine.bus().is_some_and(|bus| !bus.connected) {
            // It would reach the clients of this server alone.
            return Ok(false);
        }
        let Some(held) = self.outbox.hold().await? else { return Ok(false) };
        let fates = self.send(&held).await;
        self.engine.metrics().outbox(&self.settle(&held, &fates).await?);
        Ok(true)
    }

    /// Sends letters in order, for as long as they are this server's to send; what comes behind one of its key that has to
    /// wait, waits as well.
    async fn send(&self, held: &Held) -> Vec<(i64, Fate)> {
        let mut waiting: HashSet<&str> = HashSet::new();
        let mut fates = Vec::with_capacity(held.letters.len());
        for letter in &held.letters {
            if letter.key.as_deref().is_some_and(|key| waiting.contains(key)) {
                continue;
            }
            let Some(fate) = held.within(self.letter(letter)).await else { break };
            let fate =
                fate.unwrap_or_else(|| Fate::Later(true, "TIMEOUT: it took longer than its slot was held".into()));
            if let (Fate::Later(..), Some(key)) = (&fate, letter.key.as_deref()) {
                waiting.insert(key);
            }
            fates.push((letter.seq, fate));
        }
        fates
    }

    async fn letter(&self, letter: &Letter) -> Fate {
        let namespace = format!("/{}", letter.namespace.trim_start_matches('/'));
        let event = &*letter.event;
        let Some(tenancy) = self.sends.may_send(&namespace, event) else {
            tracing::warn!(namespace, event, id = letter.id, "an event of the outbox may not be sent");
            return Fate::Never("UNAUTHORIZED: it is none of the events that `outbox.send` names".into());
        };
        let body = letter.body(self.outbox.settings());
        let command = Command { namespace: &namespace, event, body, tenancy: Some(&tenancy), ..Command::default() };
        match self.engine.send(command).await {
            Ok(reached) if reached.told_others => Fate::Sent,
            Ok(_) => Fate::Later(false, "UNAVAILABLE: it did not leave for the other servers".into()),
            Err(refusal) => self.fate(&namespace, letter, &refusal),
        }
    }

    fn fate(&self, namespace: &str, letter: &Letter, refusal: &Refusal) -> Fate {
        let code = &*refusal.code;
        let issues = refusal.issues.iter().map(|issue| format!("; {}: {}", issue.path, issue.message));
        let reason = format!("{code}: {}{}", self.engine.text(namespace, refusal), issues.collect::<String>());
        tracing::warn!(namespace, event = letter.event, id = letter.id, code, "an event of the outbox was refused");
        match code {
            // Not the letter's fault, however often it is tried.
            "UNAVAILABLE" | "BUSY" => Fate::Later(false, reason),
            "INVALID_PAYLOAD" | "PAYLOAD_TOO_LARGE" | "UNAUTHORIZED" => Fate::Never(reason),
            code if ENGINE_CODES.contains(&code) => Fate::Later(true, reason),
            _ => Fate::Never(reason),
        }
    }

    /// Writes down what became of letters, for as long as that makes sense.
    async fn settle(&self, held: &Held, fates: &[(i64, Fate)]) -> Result<Settled, SqlError> {
        loop {
            match self.outbox.settle(held, fates).await {
                Err(SqlError::Unavailable(_)) if held.is_held() => tokio::time::sleep(AGAIN_AFTER).await,
                came => return came,
            }
        }
    }

    /// Tells for how long the oldest letter has waited, and forgets the dead in time.
    async fn look_after(self) {
        let mut forgets_at = Instant::now();
        loop {
            if let Ok(seconds) = self.outbox.oldest().await {
                self.engine.metrics().outbox_oldest(seconds);
            }
            if Instant::now() >= forgets_at {
                forgets_at += FORGET_EVERY;
                if let Err(error) = self.outbox.forget_dead().await {
                    tracing::warn!(%error, "the dead of the outbox could not be looked through");
                }
            }
            tokio::time::sleep(self.outbox.settings().poll.max(Duration::from_secs(1)) * 5).await;
        }
    }
}
