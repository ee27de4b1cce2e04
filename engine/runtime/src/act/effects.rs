//! Who is in a room as a step sees it: those who are there, and what its own event has changed.

use homeroom_plan::frame::Frame;
use homeroom_plan::program::RoomRef;
use homeroom_store::presence::Present;
use serde_json::Value;

use super::{Act, parsed, presence_room};
use crate::Refusal;
use crate::outcome::Effect;
use crate::presence;
use crate::session::id_text;

impl Act<'_> {
    /// The users in a room, in order of arrival.
    pub(super) async fn present(&self, reference: &RoomRef, frame: &Frame<'_>) -> Result<Vec<Present>, Refusal> {
        let Some(name) = self.name(reference, frame)? else { return Ok(Vec::new()) };
        let room = presence_room(&self.site.served.plan.path, &name);
        let mut all = self.site.inner.stores.presence.all(&room).await?;
        all.iter_mut().for_each(|present| present.value = presence::entry(&present.value));
        let me = id_text(frame.user().property("id"));
        for effect in &self.effects {
            match effect {
                Effect::Join(joined) if joined.name == name => {
                    let value = joined.presence.clone().unwrap_or_else(|| "null".into());
                    match all.iter_mut().find(|present| present.user == me) {
                        Some(present) => present.value = value,
                        None => all.push(Present { user: me.clone(), value }),
                    }
                }
                Effect::Leave(left) if left.name == name && !self.has_other_connection(&name) => {
                    all.retain(|present| present.user != me);
                }
                Effect::Evict { who, rooms } if *who == name && rooms.iter().any(|room| room.name == name) => {
                    all.clear();
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// Whether another connection of the same user, of this server, is in the room.
    fn has_other_connection(&self, room: &str) -> bool {
        let Some(me) = self.site.session else { return false };
        let inner = self.site.inner;
        let others = inner.outlet.members(&me.who.namespace, room).into_iter().filter(|conn| *conn != me.conn);
        others.filter_map(|conn| inner.sessions.get(conn)).any(|other| other.who.user == me.who.user)
    }

    /// What is remembered of each of them.
    pub(super) async fn presences(&self, reference: &RoomRef, frame: &Frame<'_>) -> Result<Vec<Value>, Refusal> {
        self.present(reference, frame).await?.iter().map(|present| parsed(&present.value)).collect()
    }
}
