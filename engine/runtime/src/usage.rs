//! What this server is used for now: counts, and names that stand in definitions; no user, no payload.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::Engine;

/// The name of users without a role.
const NO_ROLE: &str = "";

/// How a namespace is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceUsage {
    /// Connected sockets, by the role of their user; without one, by the empty text.
    pub sockets: BTreeMap<Arc<str>, usize>,
    /// Sockets in rooms, by how the room's name is spelt and then by role.
    pub rooms: BTreeMap<String, BTreeMap<Arc<str>, usize>>,
    /// Sockets that have sent an event since they connected, by event.
    pub events: BTreeMap<Arc<str>, usize>,
}

impl Engine {
    /// How each namespace that is served is used by those who are connected to this server.
    #[must_use]
    pub fn usage(&self) -> BTreeMap<Arc<str>, NamespaceUsage> {
        let bound = self.current();
        let mut usage: BTreeMap<Arc<str>, NamespaceUsage> =
            bound.paths().into_iter().map(|path| (path, NamespaceUsage::default())).collect();
        for session in self.inner.sessions.all() {
            let Some(served) = bound.namespace(&session.who.namespace) else { continue };
            let Some(used) = usage.get_mut(&session.who.namespace) else { continue };
            let role =
                session.role().and_then(|role| bound.plan.roles.get(role).cloned()).unwrap_or_else(|| NO_ROLE.into());
            *used.sockets.entry(Arc::clone(&role)).or_default() += 1;
            for name in session.rooms() {
                let Some((room, _)) = served.room_named(&name) else { continue };
                let pattern = served.namespace().rooms[room].pattern.text.clone();
                *used.rooms.entry(pattern).or_default().entry(Arc::clone(&role)).or_default() += 1;
            }
            for event in session.sent() {
                *used.events.entry(event).or_default() += 1;
            }
        }
        usage
    }
}
