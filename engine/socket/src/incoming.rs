//! From the wire to the engine.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use homeroom_runtime::engine::{Admitted, Knock};
use homeroom_runtime::input::Incoming;
use homeroom_runtime::{Engine, Session};
use parking_lot::Mutex;
use serde_json::Value;

use crate::seam::{ConnectError, Hello, Inbox, Reason, Sink};

/// The engine, as the wire tells it things.
pub struct EngineSink {
    engine: Engine,
}

impl EngineSink {
    /// A sink into `engine`.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl Sink for EngineSink {
    fn connect(&self, hello: Hello) -> BoxFuture<'_, Result<Arc<dyn Inbox>, ConnectError>> {
        let knock = Knock {
            conn: hello.conn.to_u64(),
            public_id: hello.public_id,
            namespace: hello.namespace,
            // Anything but an object has no token and no payload in it.
            auth: serde_json::from_str(hello.auth.get()).unwrap_or(Value::Null),
        };
        Box::pin(async move {
            match self.engine.connect(knock).await {
                Ok(admitted) => Ok(Arc::new(Connection::new(self.engine.clone(), admitted)) as Arc<dyn Inbox>),
                Err(rejected) => Err(ConnectError { code: rejected.code, message: rejected.message }),
            }
        })
    }

    fn has_room(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.engine.has_room())
    }
}

/// One admitted connection.
struct Connection {
    engine: Engine,
    session: Arc<Session>,
    /// Until the client knows.
    admitted: Mutex<Option<Box<Admitted>>>,
}

impl Connection {
    fn new(engine: Engine, admitted: Admitted) -> Self {
        Self { engine, session: Arc::clone(&admitted.session), admitted: Mutex::new(Some(Box::new(admitted))) }
    }
}

impl Inbox for Connection {
    fn connected(&self) {
        let admitted = self.admitted.lock().take();
        if let Some(admitted) = admitted {
            self.engine.connected(*admitted);
        }
    }

    fn event(&self, text: &str, ack: Option<u64>, attachments: Vec<Bytes>) {
        self.engine.receive(&self.session, Incoming { text: text.into(), ack, attachments });
    }

    fn closed(&self, _: Reason) {
        self.engine.closed(&self.session);
    }
}

/// The wire may lose a connection before it can tell of it; being told twice does no harm.
impl Drop for Connection {
    fn drop(&mut self) {
        self.engine.closed(&self.session);
    }
}
