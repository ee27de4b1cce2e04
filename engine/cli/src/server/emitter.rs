//! What other services publish, handed to the engine: each message on one server of the cluster.

use std::time::Duration;

use homeroom_runtime::{Emitters, Engine};
use homeroom_store::redis::{Channels, Published, PublishedStatus, Redis, Seat};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::settings::Emitter;

/// How long acting on what was claimed may take once the server stops.
const END_MAX: Duration = Duration::from_secs(2);

/// Hears what is published, while it is there.
pub(super) struct Listening {
    seat: Seat,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Listening {
    /// Begins to listen, and to act where it is this server's turn.
    pub(super) fn begin(redis: Redis, server: &str, settings: &Emitter, engine: Engine) -> Self {
        let emitters = settings.emitters();
        let channels = Channels { key: settings.key.clone(), namespaces: emitters.namespaces() };
        let published = Published::new(redis, server, channels);
        let seat = published.seat();
        let task = tokio::spawn(act(published, emitters, engine));
        Self { seat, task: Mutex::new(Some(task)) }
    }

    /// How it fares.
    pub(super) fn status(&self) -> PublishedStatus {
        self.seat.status()
    }

    /// Ends, and lets another server act at once.
    pub(super) async fn end(&self) {
        let task = self.task.lock().take();
        if let Some(mut task) = task {
            self.seat.stop();
            // What it has claimed, nobody else would act on.
            if tokio::time::timeout(END_MAX, &mut task).await.is_err() {
                task.abort();
            }
            self.seat.resign().await;
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
    }
}

async fn act(mut published: Published, emitters: Emitters, engine: Engine) {
    while let Some(message) = published.next().await {
        // What is unwanted was counted and told by then.
        let _ = engine.published(&emitters, &message.namespace, message.is_control, &message.bytes).await;
    }
}
