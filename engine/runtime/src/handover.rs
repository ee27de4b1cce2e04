//! `homeroom:token`: a client hands in a fresh token on a live connection, which then lasts as long as that one.
//!
//! It must be the same user, every property that definitions see included: what rooms and limits were granted by must still
//! be so. Whoever has become somebody else connects again.

use std::sync::Arc;

use homeroom_plan::frame::Now;
use homeroom_plan::refusals::TOKEN_EVENT;
use homeroom_store::{Decision, Quota};
use serde_json::{Value, json};

use crate::decisions::{About, Came};
use crate::delivery::Scene;
use crate::engine::Inner;
use crate::input::{self, Incoming};
use crate::session::{Session, Token};
use crate::{Refusal, reply};

/// How often a connection may hand in a token.
const HANDED_MAX: u32 = 10;
const HANDED_PER_MS: u64 = 60_000;

/// Whether this is such an event.
pub(crate) fn is_handover(incoming: &Incoming) -> bool {
    let after_bracket = incoming.text.strip_prefix("[\"");
    after_bracket.and_then(|text| text.strip_prefix(TOKEN_EVENT)).is_some_and(|text| text.starts_with('"'))
}

impl Inner {
    pub(crate) async fn hand_over(&self, scene: Scene<'_>, session: &Session, incoming: &Incoming) {
        let now = Now::at(self.clock.now_ms());
        let came_in = Came::now(now.ms(), scene.trace);
        let handing = tokio::time::timeout(self.settings.event_timeout, self.handed(scene, session, incoming, &now));
        let came = handing.await.unwrap_or_else(|_| Err(Refusal::code("TIMEOUT")));
        let decided = came_in.decided(&session.who, About::Event(TOKEN_EVENT.into()));
        match came {
            Ok(token) => {
                self.decisions.remember(decided);
                if let Some(id) = incoming.ack {
                    let ends = token.ends_ms().map_or(Value::Null, |ends_ms| Now::at(ends_ms).value().clone());
                    let envelope = &scene.served.namespace().connect.envelope;
                    self.outlet.ack(session.conn, id, &reply::granted(envelope, json!({ "expiresAt": ends }), &now));
                }
            }
            Err(refusal) => {
                self.decisions.remember(decided.refused(&refusal));
                self.refuse(scene, session, incoming, &refusal, &now);
            }
        }
    }

    async fn handed(
        &self,
        scene: Scene<'_>,
        session: &Session,
        incoming: &Incoming,
        now: &Now,
    ) -> Result<Token, Refusal> {
        let name: Arc<str> = TOKEN_EVENT.into();
        let quota = Quota::new(HANDED_MAX, HANDED_PER_MS);
        if let Decision::Limited { retry_after_ms } = session.take(&name, quota, now.ms()) {
            return Err(Refusal::rate_limited(retry_after_ms));
        }
        if scene.served.namespace().open {
            return Err(Refusal::code("UNKNOWN_EVENT"));
        }
        let heard = input::hear(&incoming.text, &self.settings)?;
        let token = match heard.args(&self.settings)?[..] {
            [token] => serde_json::from_str::<String>(token.get()).ok(),
            _ => None,
        };
        let token = token.ok_or_else(|| Refusal::invalid("", "one argument is needed: a token"))?;
        let verified = self.authenticator.verify(Some(&token), now.ms()).await?;
        self.unless_revoked(&verified).await?;
        if session.user != verified.user {
            return Err(Refusal::because(
                "UNAUTHORIZED",
                "the token is another user's, or tells otherwise of this one",
            ));
        }
        let token = Token::of(&verified);
        *session.token.lock() = token.clone();
        if let Some(ends_ms) = token.ends_ms() {
            self.timers.token_ends(ends_ms, session.conn);
        }
        // It may have been revoked while it was handed over.
        self.unless_revoked(&verified).await?;
        Ok(token)
    }
}
