//! An engine that does what clients tell it, and remembers what it was told.

use std::collections::HashSet;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use homeroom_socket::hub::Hub;
use homeroom_socket::seam::{Args, ConnId, ConnectError, Hello, Inbox, Message, Reason, Sink, Transport};
use parking_lot::Mutex;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::watch;

use crate::stage::PATIENCE;

/// What the engine was told.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) hellos: Vec<Hello>,
    pub(crate) connected: Vec<ConnId>,
    pub(crate) events: Vec<(ConnId, String, Vec<Bytes>)>,
    pub(crate) closed: Vec<(ConnId, Reason)>,
    /// Connects that were given up before they were decided.
    pub(crate) abandoned: usize,
    /// How often it was asked whether there is room.
    pub(crate) room_asked: usize,
}

/// The engine of the cases.
pub(crate) struct Engine {
    hub: Arc<Hub>,
    seen: Mutex<Seen>,
    changed: watch::Sender<()>,
    room: watch::Sender<bool>,
    own: Weak<Self>,
}

impl Engine {
    pub(crate) fn new(hub: Arc<Hub>) -> Arc<Self> {
        let own = |own: &Weak<Self>| Self {
            hub,
            seen: Mutex::default(),
            changed: watch::Sender::new(()),
            room: watch::Sender::new(true),
            own: own.clone(),
        };
        Arc::new_cyclic(own)
    }

    pub(crate) fn see<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock())
    }

    pub(crate) fn connected(&self) -> Vec<ConnId> {
        self.see(|seen| seen.connected.clone())
    }

    /// Waits until `look` finds something.
    pub(crate) async fn until<T>(&self, what: &str, look: impl Fn(&Seen) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        let found = async {
            loop {
                if let Some(found) = self.see(&look) {
                    return found;
                }
                changes.changed().await.expect("the engine is here");
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("waited in vain until {what}"))
    }

    /// Waits for the end of a connection; it must have been told once.
    pub(crate) async fn end_of(&self, conn: ConnId) -> Reason {
        let reason =
            self.until("the end is told", |seen| seen.closed.iter().find(|(closed, _)| *closed == conn).copied());
        let (_, reason) = reason.await;
        assert_eq!(self.see(|seen| seen.closed.iter().filter(|(closed, _)| *closed == conn).count()), 1);
        reason
    }

    /// Whether it has room for more.
    pub(crate) fn has_room(&self, has: bool) {
        self.room.send_replace(has);
    }

    /// Forgets everything about those that have gone, each of which must have been told once; yields how many they were.
    pub(crate) fn forget_the_gone(&self, when: &str) -> usize {
        let seen = &mut *self.seen.lock();
        let gone: HashSet<ConnId> = seen.closed.iter().map(|(conn, _)| *conn).collect();
        assert_eq!(gone.len(), seen.closed.len(), "an end was told twice, {when}");
        let connected: HashSet<ConnId> = seen.connected.iter().copied().collect();
        assert!(connected.difference(&gone).count() == 1, "an end was not told, {when}");
        seen.connected.retain(|conn| !gone.contains(conn));
        seen.events.clear();
        seen.hellos.clear();
        seen.closed.clear();
        gone.len()
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock());
        self.changed.send_replace(());
    }
}

impl Sink for Engine {
    /// `auth` tells what to do: `{"refuse":CODE}`, `{"panic":true}`, `{"wait":true}`, `{"welcome":true}`.
    fn connect(&self, hello: Hello) -> BoxFuture<'_, Result<Arc<dyn Inbox>, ConnectError>> {
        let auth: Value = serde_json::from_str(hello.auth.get()).expect("auth is JSON");
        let conn = hello.conn;
        let waits = auth["wait"].is_boolean().then(|| Abandoned(self));
        self.note(|seen| seen.hellos.push(hello));
        async move {
            if let Some(code) = auth["refuse"].as_str() {
                return Err(ConnectError { code: code.into(), message: "Not today.".into() });
            }
            assert!(auth["panic"].is_null(), "told to panic");
            if waits.is_some() {
                std::future::pending::<()>().await;
            }
            let engine = self.own.upgrade().expect("it runs");
            Ok(Arc::new(Session { engine, conn, welcomes: !auth["welcome"].is_null() }) as Arc<dyn Inbox>)
        }
        .boxed()
    }

    fn has_room(&self) -> BoxFuture<'_, ()> {
        async move {
            self.note(|seen| seen.room_asked += 1);
            let mut room = self.room.subscribe();
            room.wait_for(|has| *has).await.expect("the engine is here");
        }
        .boxed()
    }
}

struct Abandoned<'e>(&'e Engine);

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        self.0.note(|seen| seen.abandoned += 1);
    }
}

struct Session {
    engine: Arc<Engine>,
    conn: ConnId,
    welcomes: bool,
}

/// `[name, ...]` without its name, comma-separated; what else clients send is none.
fn arguments(text: &str) -> Option<(String, String)> {
    let all: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let args: Vec<&str> = all.get(1..)?.iter().map(|arg| arg.get()).collect();
    Some((serde_json::from_str(all[0].get()).ok()?, args.join(",")))
}

impl Inbox for Session {
    fn connected(&self) {
        if self.welcomes {
            let message = Message { event: "welcome".into(), args: Args::new("1".into(), Arc::new([])) };
            self.engine.hub.emit(self.conn, &message, false).expect("there is place");
        }
        self.engine.note(|seen| seen.connected.push(self.conn));
    }

    /// Answers with the same arguments; `say` also has them said by an event, `panic` panics, `quiet` does nothing.
    fn event(&self, text: &str, ack: Option<u64>, attachments: Vec<Bytes>) {
        self.engine.note(|seen| seen.events.push((self.conn, text.to_owned(), attachments.clone())));
        let Some((name, args)) = arguments(text) else { return };
        assert_ne!(name, "panic", "told to panic");
        let args = Args::new(args.into(), attachments.into());
        if name == "say" {
            let _ = self.engine.hub.emit(self.conn, &Message { event: "said".into(), args: args.clone() }, false);
        }
        if let Some(id) = ack {
            let _ = self.engine.hub.ack(self.conn, id, &args);
        }
    }

    fn closed(&self, reason: Reason) {
        self.engine.note(|seen| seen.closed.push((self.conn, reason)));
    }
}
