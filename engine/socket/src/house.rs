//! What every transport serves its connections with, and how a client is let in, whatever it came by.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::HeaderMap;
use http::header::{HeaderName, ORIGIN, USER_AGENT};
use parking_lot::{Mutex, RwLock};
use serde_json::value::RawValue;

use crate::guest::Guest;
use crate::hub::Hub;
use crate::link::{Link, Links};
use crate::seam::{ConnId, ConnectError, Hello, Inbox, Peer, Reason, Sink, Transport, Wire};
use crate::settings::SocketSettings;

/// How much of a user agent is kept, in bytes.
const USER_AGENT_BYTES_MAX: usize = 256;

/// What a client is told of a namespace that is not served; the text is the protocol's.
const NOT_SERVED: &str = "Invalid namespace";

/// What every connection is served with.
pub(crate) struct House {
    pub(crate) hub: Arc<Hub>,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) links: Arc<Links>,
    pub(crate) settings: SocketSettings,
    served: RwLock<HashSet<Arc<str>>>,
    texts: Texts,
}

/// Why a client is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// A code the client can act on, if it is ours and not the protocol's.
    pub(crate) code: Option<Arc<str>>,
    /// `CODE: text`, where there is a code.
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: &str, text: &str) -> Self {
        Self { code: Some(code.into()), message: format!("{code}: {text}") }
    }

    /// Whether it passes by itself. The official client stays away once it is refused, and comes again once it is cut off;
    /// so this is told only where others, who are in another namespace, would be cut off with it.
    pub(crate) fn passes(&self) -> bool {
        self.code.as_deref().is_some_and(|code| PASSING.contains(&code))
    }
}

/// What passes by itself; a client that comes again may well be let in.
const PASSING: [&str; 3] = ["BUSY", "UNAVAILABLE", "TIMEOUT"];

/// A client that was let in, and is to be told of it.
pub(crate) struct LetIn {
    pub(crate) guest: Arc<Guest>,
    pub(crate) public_id: Arc<str>,
}

impl House {
    pub(crate) fn new(settings: SocketSettings, hub: Arc<Hub>, sink: Arc<dyn Sink>) -> Self {
        Self { hub, sink, links: Arc::default(), settings, served: RwLock::default(), texts: Texts::default() }
    }

    pub(crate) fn serves(&self, namespace: &str) -> bool {
        self.served.read().contains(namespace)
    }

    /// A namespace that is served, by its path.
    pub(crate) fn namespace(&self, path: &str) -> Result<Arc<str>, Refusal> {
        let served = self.served.read().get(path).cloned();
        served.ok_or_else(|| Refusal { code: None, message: NOT_SERVED.to_owned() })
    }

    /// Serves exactly these namespaces from now on. Clients of one that is no longer among them are told and leave it.
    pub(crate) fn serve(&self, paths: &[Arc<str>]) {
        let wanted: HashSet<Arc<str>> = paths.iter().cloned().collect();
        let before = std::mem::replace(&mut *self.served.write(), wanted.clone());
        for gone in before.difference(&wanted) {
            for conn in self.hub.everyone(gone) {
                self.hub.disconnect(conn, Reason::NamespaceGone);
            }
        }
    }

    /// What is kept of a request.
    pub(crate) fn peer(&self, headers: &HeaderMap, link: Option<&Arc<Link>>) -> Peer {
        let shared = |text| self.texts.shared(text);
        Peer {
            address: link.map(|link| link.address),
            origin: text_of(headers, ORIGIN).map(shared),
            // Text of a header is ASCII: it can be cut anywhere.
            user_agent: text_of(headers, USER_AGENT)
                .map(|agent| shared(&agent[..agent.len().min(USER_AGENT_BYTES_MAX)])),
        }
    }

    /// Asks the engine whether a client may enter a namespace, for as long as that may take.
    pub(crate) async fn admit(
        self: Arc<Self>,
        namespace: Arc<str>,
        wire: Arc<dyn Wire>,
        auth: Box<RawValue>,
        peer: Peer,
    ) -> Result<LetIn, Refusal> {
        let conn = self.hub.open(&namespace, wire).map_err(|_| Refusal::new("BUSY", "The server is full."))?;
        let mut place = Place { house: &self, conn, is_taken: false };
        let public_id: Arc<str> = uuid::Uuid::new_v4().simple().to_string().into();
        let hello = Hello { conn, namespace: Arc::clone(&namespace), public_id: Arc::clone(&public_id), auth, peer };
        let inbox = self.decide(hello).await?;
        place.is_taken = true;
        Ok(LetIn { guest: Arc::new(Guest::new(&self, conn, namespace, inbox)), public_id })
    }

    async fn decide(&self, hello: Hello) -> Result<Arc<dyn Inbox>, Refusal> {
        let asked = AssertUnwindSafe(self.sink.connect(hello)).catch_unwind();
        match tokio::time::timeout(self.settings.connect_timeout, asked).await {
            Ok(Ok(Ok(inbox))) => Ok(inbox),
            Ok(Ok(Err(ConnectError { code, message }))) => Err(Refusal::new(&code, &message)),
            Ok(Err(_panic)) => Err(Refusal::new("INTERNAL", "Something went wrong.")),
            Err(_elapsed) => Err(Refusal::new("TIMEOUT", "This took too long.")),
        }
    }
}

/// A place in the hub that is given back if its client is not let in.
struct Place<'h> {
    house: &'h House,
    conn: ConnId,
    is_taken: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_taken {
            self.house.hub.close(self.conn);
        }
    }
}

/// Texts that many connections have in common, each kept once. What no connection has any more is forgotten when there would
/// be more than ever before.
#[derive(Default)]
struct Texts {
    known: Mutex<HashSet<Arc<str>>>,
}

impl Texts {
    fn shared(&self, text: &str) -> Arc<str> {
        let mut known = self.known.lock();
        if let Some(text) = known.get(text) {
            return Arc::clone(text);
        }
        if known.len() == known.capacity() {
            known.retain(|text| Arc::strong_count(text) > 1);
        }
        let text = Arc::from(text);
        known.insert(Arc::clone(&text));
        text
    }
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_once_and_as_long_as_somebody_has_them() {
        let texts = Texts::default();
        let agent = texts.shared("agent");
        assert!(Arc::ptr_eq(&agent, &texts.shared("agent")));
        for number in 0..10_000 {
            texts.shared(&number.to_string());
        }
        assert!(Arc::ptr_eq(&agent, &texts.shared("agent")));
        assert!(texts.known.lock().len() < 16);
    }
}
