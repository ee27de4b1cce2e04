//! The ring that decisions are kept in: bounded in number and bytes, oldest first out.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{About, Decision, OK, Reach, Seldom, Wanted};
use crate::session::Who;
use crate::settings::RuntimeSettings;

/// The latest decisions.
#[derive(Debug)]
pub(crate) struct Decisions {
    ring: Mutex<Ring>,
    max: usize,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Ring {
    decisions: VecDeque<Decision>,
    bytes: usize,
}

impl Decisions {
    pub(crate) fn new(settings: &RuntimeSettings) -> Self {
        Self { ring: Mutex::default(), max: settings.decisions_max, bytes_max: settings.decisions_bytes_max }
    }

    /// Remembers a decision; those that must go for it are dropped once others may go on.
    pub(crate) fn remember(&self, decision: Decision) {
        if self.max == 0 {
            return;
        }
        let bytes = decision.bytes();
        let (mut gone, mut more) = (None, Vec::new());
        let mut ring = self.ring.lock();
        // The oldest goes first, and there is place for as many as there may be and no more: a full ring then takes the newest
        // where the oldest was, which has just been looked at.
        while ring.decisions.len() >= self.max || ring.bytes + bytes > self.bytes_max {
            let Some(oldest) = ring.decisions.pop_front() else { break };
            ring.bytes -= oldest.bytes();
            more.extend(gone.replace(oldest));
        }
        ring.bytes += bytes;
        ring.grow(self.max);
        ring.decisions.push_back(decision);
        drop(ring);
    }

    /// The latest that are wanted, newest first, so many at most.
    pub(crate) fn latest(&self, wanted: &Wanted, limit: usize) -> Vec<Decision> {
        let ring = self.ring.lock();
        ring.decisions.iter().rev().filter(|decision| wanted.includes(decision)).take(limit).cloned().collect()
    }
}

impl Ring {
    /// Makes place for one more, where there is none.
    fn grow(&mut self, max: usize) {
        const STEP: usize = 1024;
        let len = self.decisions.len();
        if len == self.decisions.capacity() {
            self.decisions.reserve_exact((max - len).min(len.max(STEP)));
        }
    }
}

impl Decision {
    /// How much memory it takes, texts that are its own or may be kept by it included.
    fn bytes(&self) -> usize {
        size_of::<Self>() + size_of::<Who>() + self.who.user.len() + self.who.socket.len() + self.about.bytes()
    }
}

impl About {
    fn bytes(&self) -> usize {
        match self {
            Self::Connect => 0,
            Self::Event(text) | Self::Backend(text) | Self::Join(text) => text.len(),
            Self::Sent(sent) => {
                let name = |room: &Arc<str>| size_of::<Arc<str>>() + room.len();
                sent.rooms.iter().map(name).sum::<usize>() + sent.seldom.as_deref().map_or(0, Seldom::bytes)
            }
        }
    }
}

impl Seldom {
    fn bytes(&self) -> usize {
        let numbers = |roles: &Option<Vec<usize>>| roles.as_ref().map_or(0, |roles| roles.len() * size_of::<usize>());
        let names: usize = self.except_rooms.iter().map(|room| size_of::<Arc<str>>() + room.len()).sum();
        let views: usize = self.views.iter().map(|view| size_of::<Reach>() + numbers(&view.roles)).sum();
        size_of::<Self>() + names + numbers(&self.roles) + views
    }
}

impl Wanted {
    fn includes(&self, decision: &Decision) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|it| Some(it) == found);
        is(&self.user, Some(&decision.who.user))
            && is(&self.namespace, Some(&decision.who.namespace))
            && is(&self.event, decision.about.event())
            && is(&self.code, Some(decision.code.as_deref().unwrap_or(OK)))
    }
}
