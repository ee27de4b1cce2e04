//! What other services publish, handed to the engine: each message on one server of the cluster.

use homeroom_runtime::{Emitters, Engine};
use homeroom_store::redis::{Channels, Published, PublishedStatus, Redis, Seat};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::settings::Emitter;

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
        if let Some(task) = task {
            task.abort();
            // It may be within a message; nothing is acted on after this.
            let _ = task.await;
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
    loop {
        let message = published.next().await;
        // What is unwanted was counted and told by then.
        let _ = engine.published(&emitters, &message.namespace, message.is_control, &message.bytes).await;
    }
}
