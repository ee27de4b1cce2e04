//! The walk of one event: bound, rate limit, validate, authorize, act, emit.

use std::sync::Arc;

use homeroom_plan::frame::{Frame, Now};
use homeroom_plan::program::{Entry, Place};

use crate::Refusal;
use crate::act::{Act, Site};
use crate::bind::{Bound, Served};
use crate::decisions::{About, Came};
use crate::engine::Inner;
use crate::explain::Subject;
use crate::gate::Inside;
use crate::input::{self, Carried, Incoming};
use crate::metrics::{Laps, Stage};
use crate::outcome::Outcome;
use crate::quota::{self, Stopped};
use crate::session::Session;
use crate::turns::Turns;

/// An event of a client, and what it meets.
pub(crate) struct Event<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) bound: &'a Bound,
    pub(crate) served: &'a Served,
    pub(crate) session: &'a Session,
    pub(crate) incoming: &'a Incoming,
    pub(crate) now: &'a Now,
    pub(crate) came: Came,
}

/// What an event of a client comes to. Nothing of it has happened yet.
pub(crate) async fn dispatch(event: &Event<'_>, laps: &mut Laps<'_>) -> Result<Outcome, Stopped> {
    // bound: how large, how deep, of which name
    let heard = input::hear(&event.incoming.text, &event.inner.settings)?;
    let entry = event.entry(&heard.name)?;
    laps.is(entry);
    laps.lap(Stage::Bound);

    // rate limit
    let taken = quota::take(event.inner, entry, event.session, event.now.ms()).await;
    taken.map_err(|stopped| stopped.at(&entry.place))?;
    laps.lap(Stage::RateLimit);

    // validate
    let carried = input::validate(&entry.input, &heard, event.incoming.attachments.len(), &event.inner.settings);
    let carried = carried.map_err(|refusal| refusal.at(&entry.place))?;
    laps.lap(Stage::Validate);

    // those who may enter rooms by it, not all at once
    let inside = event.go_in(entry).await?;
    if inside.is_some() {
        laps.lap(Stage::Wait);
    }

    // authorize, act, and emit; again from here if its transaction met another
    let mut turns = Turns::default();
    loop {
        match event.turn(entry, &carried, turns.is_first(), laps).await {
            Err(stopped) if turns.another(stopped.refusal()).await => {}
            came => return Ok(Outcome { inside, ..came? }),
        }
    }
}

/// Whether the event's rules admit its sender; no rules admit anyone.
pub(crate) async fn authorize(act: &mut Act<'_>, entry: &Entry, frame: &mut Frame<'_>) -> Result<(), Refusal> {
    if entry.rules.is_empty() {
        return Ok(());
    }
    let subject = Subject::Event(entry);
    let rule = act.admits(subject, frame).await?.map_err(|denied| denied.refusal().at(subject.place()))?;
    act.admitted_by = Some(rule);
    Ok(())
}

impl<'a> Event<'a> {
    /// The event of this name. Names that are not declared share one limit, so that they cannot be tried without end.
    fn entry(&self, name: &str) -> Result<&'a Entry, Stopped> {
        if let Some(entry) = self.served.namespace().client_events.get(name) {
            return Ok(entry);
        }
        quota::default_take(self.inner, &Arc::from(""), self.session, self.now.ms())?;
        Err(Refusal::code("UNKNOWN_EVENT").into())
    }

    /// Waits for its turn, if it may enter rooms.
    async fn go_in(&self, entry: &Entry) -> Result<Option<Inside>, Stopped> {
        if !entry.handler.joins {
            return Ok(None);
        }
        let inside = self.inner.entering.enter().await.map_err(Refusal::sent_away);
        Ok(Some(inside.map_err(|refusal| refusal.at(&entry.place))?))
    }

    async fn turn(
        &self,
        entry: &Entry,
        carried: &Carried,
        is_first: bool,
        laps: &mut Laps<'_>,
    ) -> Result<Outcome, Stopped> {
        // authorize
        let mut frame = self.frame(entry, carried);
        let mut act = Act::new(self.site(), &entry.handler);
        authorize(&mut act, entry, &mut frame).await?;
        if is_first {
            self.take_of_room(entry, &act, &frame).await.map_err(|stopped| stopped.at(&entry.place))?;
        }
        laps.lap(Stage::Authorize);

        // act, and emit: into an outcome that is delivered once all of it went well
        act.run(&entry.handler.body, &mut frame).await?;
        let rule = act.admitted_by.take();
        laps.lap(Stage::Act);
        let outcome = act.finish(entry, &frame, self.incoming.ack.is_some()).await?;
        self.remember(entry, rule);
        laps.lap(Stage::Commit);
        Ok(outcome)
    }

    fn frame<'f>(&'f self, entry: &Entry, carried: &'f Carried) -> Frame<'f> {
        let mut frame = Frame::new(&self.session.user, self.now, entry.handler.slots);
        frame.payload = carried.payload.as_ref();
        frame.args = carried.args.as_ref();
        frame.socket = Some(self.session.socket());
        frame
    }

    fn site(&self) -> Site<'a> {
        Site {
            inner: self.inner,
            bound: self.bound,
            served: self.served,
            session: Some(self.session),
            role: self.session.role(),
            attachments: &self.incoming.attachments,
            trace: self.came.trace(),
        }
    }

    fn remember(&self, entry: &Entry, rule: Option<Place>) {
        let about = About::Event(Arc::clone(&entry.name));
        self.inner.decisions.remember(self.came.decided(&self.session.who, about).by(rule));
    }

    async fn take_of_room(&self, entry: &Entry, act: &Act<'_>, frame: &Frame<'_>) -> Result<(), Stopped> {
        let Some(room) = entry.rate.as_ref().and_then(|rate| rate.room.as_ref()) else { return Ok(()) };
        let Some(room) = act.name(room, frame)? else { return Ok(()) };
        quota::per_room(self.inner, entry, &self.session.who.namespace, &room).await
    }
}
