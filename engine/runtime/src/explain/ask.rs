//! Questions that change nothing, or only what the one who asks has made for it.

use homeroom_plan::frame::{Frame, Now};
use homeroom_plan::socket::Socket;
use homeroom_plan::user::User;
use serde_json::Value;

use crate::act::{Act, Site};
use crate::delivery::Scene;
use crate::outcome::{Effect, Outcome, Place};
use crate::{Engine, Refusal, Session};

impl Engine {
    /// Whether the rules of a room, by its name, admit a user; `session` is the user's connection, if there is one. `None`:
    /// there is no such room. Nothing is joined.
    ///
    /// # Errors
    /// If the rules could not be asked.
    pub async fn admits(
        &self,
        namespace: &str,
        room: &str,
        user: &User,
        session: Option<&Session>,
    ) -> Result<Option<bool>, Refusal> {
        let bound = self.current();
        let Some(served) = bound.namespace(namespace) else { return Ok(None) };
        let Some((room, params)) = served.room_named(room) else { return Ok(None) };
        let now = Now::at(self.inner.clock.now_ms());
        let socket = match session {
            Some(session) => session.socket(),
            None => Socket::default(),
        };
        let mut frame = Frame::new(user, &now, 0);
        frame.socket = Some(socket);
        let role = user.property("role").and_then(Value::as_str).and_then(|role| bound.role(role));
        let site = Site { session, role, ..self.inner.site(&bound, served, self.inner.traces.next()) };
        Act::asking(site).admits_to(room, &params, &frame).await.map(Some)
    }

    /// Puts a connection into a room, whatever the room's rules say; what follows from it, follows. Yields whether there is
    /// such a room.
    pub async fn put_into(&self, session: &Session, room: &str) -> bool {
        let bound = self.current();
        let Some(served) = bound.namespace(&session.who.namespace) else { return false };
        let Some((id, params)) = served.room_named(room) else { return false };
        let place = Place { room: id, name: room.into(), params, presence: None, rule: None, recall: None };
        let outcome = Outcome { effects: vec![Effect::Join(place)], ..Outcome::default() };
        let trace = self.inner.traces.next();
        Scene { inner: &self.inner, bound: &bound, served, trace }.deliver(outcome, Some(session), None).await;
        true
    }
}
