//! The Socket.IO session of one connection: the namespaces it is in, and what comes for them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::conn::{Conn, NativeWire};
use super::frame::Code;
use super::packet::{self, Heard, Kind};
use crate::guest::Guest;
use crate::house::{LetIn, Refusal};
use crate::seam::{Peer, Reason};

/// What stands for an `auth` that did not come.
const NO_AUTH: &str = "{}";

/// The namespaces of a connection. Only those that are served have an entry, so their number is bounded.
pub(super) struct Session {
    conn: Arc<Conn>,
    origin: Option<Arc<str>>,
    user_agent: Option<Arc<str>>,
    entries: Vec<Entry>,
    /// A packet that lacks attachments.
    awaiting: Option<Box<Awaiting>>,
}

struct Entry {
    namespace: Arc<str>,
    state: State,
}

enum State {
    /// The engine has not decided yet.
    Asking(Asking),
    In {
        guest: Arc<Guest>,
        wire: Arc<NativeWire>,
    },
    /// It was in, and is no longer: what the client sent before it knew is no fault.
    Left,
}

struct Asking {
    wire: Arc<NativeWire>,
    answer: BoxFuture<'static, Result<LetIn, Refusal>>,
}

struct Awaiting {
    kind: Kind,
    namespace: Box<str>,
    id: Option<u64>,
    data: Box<str>,
    missing: usize,
    attachments: Vec<Bytes>,
    bytes: usize,
}

impl Session {
    pub(super) fn new(conn: Arc<Conn>, peer: Peer) -> Self {
        let Peer { address: _, origin, user_agent } = peer;
        Self { conn, origin, user_agent, entries: Vec::new(), awaiting: None }
    }

    fn peer(&self) -> Peer {
        let address = Some(self.conn.link.address);
        Peer { address, origin: self.origin.clone(), user_agent: self.user_agent.clone() }
    }

    /// Hears a Socket.IO packet.
    pub(super) fn hear(&mut self, text: &str) -> Result<(), Code> {
        if self.awaiting.is_some() {
            return Err(Code::PROTOCOL);
        }
        self.see_leavers();
        let heard = packet::heard(text)?;
        if heard.attachments > self.conn.native.house.settings.attachments_max {
            return Err(Code::TOO_LARGE);
        }
        match heard {
            Heard { kind: Kind::Connect, namespace, data, .. } => self.enter(namespace, data),
            Heard { kind: Kind::Disconnect, namespace, .. } => self.leave(namespace),
            Heard { kind, namespace, id, data, attachments: 0 } => self.told(kind, namespace, id, data, Vec::new()),
            Heard { kind, namespace, id, data, attachments: missing } => {
                self.known(namespace)?;
                let (namespace, data) = (namespace.into(), data.into());
                let attachments = Vec::new();
                self.awaiting = Some(Box::new(Awaiting { kind, namespace, id, data, missing, attachments, bytes: 0 }));
                Ok(())
            }
        }
    }

    /// Hears an attachment of the packet before it.
    pub(super) fn attach(&mut self, bytes: &[u8]) -> Result<(), Code> {
        let Some(awaiting) = &mut self.awaiting else { return Err(Code::PROTOCOL) };
        awaiting.bytes += bytes.len();
        if awaiting.bytes > self.conn.native.house.settings.attachments_bytes_max {
            return Err(Code::TOO_LARGE);
        }
        awaiting.attachments.push(Bytes::copy_from_slice(bytes));
        awaiting.missing -= 1;
        match self.awaiting.take_if(|awaiting| awaiting.missing == 0) {
            Some(whole) => self.told(whole.kind, &whole.namespace, whole.id, &whole.data, whole.attachments),
            None => Ok(()),
        }
    }

    fn entry(&mut self, namespace: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| &*entry.namespace == namespace)
    }

    /// A client asks to enter; asked twice, the connection is closed, as by the reference server.
    fn enter(&mut self, path: &str, auth: &str) -> Result<(), Code> {
        if self.entry(path).is_some_and(|entry| !matches!(entry.state, State::Left)) {
            return Err(Code::PROTOCOL);
        }
        let auth = if auth.is_empty() { NO_AUTH } else { auth };
        let auth = RawValue::from_string(auth.to_owned()).map_err(|_| Code::PROTOCOL)?;
        let house = &self.conn.native.house;
        let namespace = match house.namespace(path) {
            Ok(namespace) => namespace,
            Err(refusal) => {
                self.refuse(path, &refusal);
                return Ok(());
            }
        };
        self.conn.asked();
        let wire = NativeWire::new(&self.conn, &namespace);
        let admitted = Arc::clone(house).admit(Arc::clone(&namespace), Arc::clone(&wire) as _, auth, self.peer());
        let state = State::Asking(Asking { wire, answer: Box::pin(admitted) });
        match self.entry(path) {
            Some(entry) => entry.state = state,
            None => {
                self.entries.reserve_exact(1);
                self.entries.push(Entry { namespace, state });
            }
        }
        Ok(())
    }

    fn refuse(&self, namespace: &str, refusal: &Refusal) {
        // Without a place for it, it is a client that does not read, which is looked after.
        let _ = self.conn.push(packet::refused(namespace, &refusal.message, refusal.code.as_deref()));
    }

    fn leave(&mut self, namespace: &str) -> Result<(), Code> {
        let entry = self.entry(namespace).ok_or(Code::PROTOCOL)?;
        if let State::In { guest, .. } = std::mem::replace(&mut entry.state, State::Left) {
            guest.leave(Reason::ClientLeft);
        }
        Ok(())
    }

    fn told(
        &mut self,
        kind: Kind,
        namespace: &str,
        id: Option<u64>,
        data: &str,
        attachments: Vec<Bytes>,
    ) -> Result<(), Code> {
        // Nobody asked for acks, and who has left says nothing.
        if let (State::In { guest, .. }, Kind::Event) = (self.known(namespace)?, kind) {
            guest.heard(data, id, attachments);
        }
        Ok(())
    }

    /// How a client stands to a namespace that it speaks in, which it must have entered.
    fn known(&self, namespace: &str) -> Result<&State, Code> {
        let entry = self.entries.iter().find(|entry| &*entry.namespace == namespace);
        entry.map(|entry| &entry.state).filter(|state| !matches!(state, State::Asking(_))).ok_or(Code::PROTOCOL)
    }

    /// Goes on with what the engine has decided, and has it told of those that this side has left.
    ///
    /// # Errors
    /// If the client is to come again.
    pub(super) fn go_on(&mut self, cx: &mut Context<'_>) -> Result<(), Code> {
        for place in (0..self.entries.len()).rev() {
            self.decided(place, cx)?;
        }
        self.see_leavers();
        Ok(())
    }

    /// Who was sent out may ask to enter again as soon as it knows.
    fn see_leavers(&mut self) {
        if self.conn.had_leavers() {
            self.entries.iter_mut().for_each(Entry::leave_if_left);
        }
    }

    fn decided(&mut self, place: usize, cx: &mut Context<'_>) -> Result<(), Code> {
        let State::Asking(asking) = &mut self.entries[place].state else { return Ok(()) };
        let Poll::Ready(answer) = Pin::new(&mut asking.answer).poll(cx) else { return Ok(()) };
        let is_alone = !self.entries.iter().any(|entry| matches!(entry.state, State::In { .. }));
        match answer {
            Ok(let_in) => self.let_in(place, let_in),
            Err(refusal) if is_alone && refusal.passes() => return Err(Code::AGAIN),
            Err(refusal) => {
                let entry = self.entries.swap_remove(place);
                self.refuse(&entry.namespace, &refusal);
            }
        }
        Ok(())
    }

    fn let_in(&mut self, place: usize, LetIn { guest, public_id }: LetIn) {
        let entry = &mut self.entries[place];
        let State::Asking(Asking { wire, .. }) = &entry.state else { return };
        let connected = packet::connected(&entry.namespace, &public_id);
        entry.state = State::In { guest: Arc::clone(&guest), wire: Arc::clone(wire) };
        self.conn.entered();
        if self.conn.push(connected).is_ok() {
            guest.connected();
        }
    }

    /// Leaves everything.
    pub(super) fn end(&mut self, reason: Reason) {
        for entry in std::mem::take(&mut self.entries) {
            if let State::In { guest, .. } = entry.state {
                guest.leave(reason);
            }
        }
        self.awaiting = None;
    }
}

impl Entry {
    fn leave_if_left(&mut self) {
        match &self.state {
            State::In { guest, wire } if wire.has_left() => guest.leave(Reason::Closed),
            _ => return,
        }
        self.state = State::Left;
    }
}
