//! What a change would do to those who are connected now.

use homeroom_definition::{Pattern, Span, Text};

use super::change::{Act, Aspect, Change, Detail, Direction, Effect, Noun, Right};
use super::read::shape;
use super::rights::{RightChange, Shift};
use super::usage::{Usage, UsedNamespace};
use super::words::{and, counted};

/// What becomes of a socket in a room that the new rules would not admit it to; the setting `reload: on_denied`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// It stays.
    Keep,
    /// It leaves the room.
    Leave,
    /// It is disconnected.
    Disconnect,
}

/// What a change would do to some sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveEffect {
    /// The namespace.
    pub namespace: String,
    /// How many sockets it is about.
    pub sockets: usize,
    /// Whether it is certain; else it depends on what a check or a condition finds.
    pub certain: bool,
    /// In words, without a full stop.
    pub words: String,
}

/// What `changes` would do to those whom `usage` counts; what would touch nobody is left out.
#[must_use]
pub fn effects(changes: &[Change], usage: &Usage, denied: Denied) -> Vec<LiveEffect> {
    let mut effects = Vec::new();
    for used in &usage.namespaces {
        let own: Vec<&Change> = changes.iter().filter(|change| *change.namespace == *used.namespace).collect();
        let mut teller = Teller { used, denied, effects: &mut effects };
        teller.removed_events(&own);
        own.iter().for_each(|change| teller.change(change));
    }
    effects.retain(|effect| effect.sockets > 0);
    effects
}

struct Teller<'t> {
    used: &'t UsedNamespace,
    denied: Denied,
    effects: &'t mut Vec<LiveEffect>,
}

impl Teller<'_> {
    fn tell(&mut self, sockets: usize, certain: bool, words: String) {
        self.effects.push(LiveEffect { namespace: self.used.namespace.clone(), sockets, certain, words });
    }

    fn removed_events(&mut self, changes: &[&Change]) {
        let removed = changes.iter().filter(|change| change.noun == Noun::ClientEvent && change.act == Act::Removed);
        let used: Vec<(&str, usize)> = removed
            .map(|change| (change.name.as_str(), self.used.senders(&change.name)))
            .filter(|(_, senders)| *senders > 0)
            .collect();
        let sockets = used.iter().map(|(_, senders)| senders).sum();
        let said: Vec<String> =
            used.iter().map(|(name, senders)| format!("`{name}` by {}", counted(*senders, "socket"))).collect();
        let is = if used.len() == 1 { "is" } else { "are" };
        self.tell(sockets, true, format!("{} {is} still sent: {}", counted(used.len(), "removed event"), and(&said)));
    }

    fn change(&mut self, change: &Change) {
        match (change.noun, change.act) {
            (Noun::Namespace, Act::Removed) => {
                let sockets = self.used.connected();
                self.tell(
                    sockets,
                    true,
                    format!("{} would be disconnected: the namespace is gone", counted(sockets, "socket")),
                );
            }
            (Noun::Room, Act::Removed) => {
                let sockets = self.in_room(&change.name, None);
                self.tell(
                    sockets,
                    true,
                    format!("{} would leave `{}`, which is gone", counted(sockets, "socket"), stars(&change.name)),
                );
            }
            (_, Act::Changed) => change.details.iter().for_each(|detail| self.detail(change, detail)),
            _ => {}
        }
        let narrowed = change.details.iter().filter(|detail| is_narrowed(detail)).count();
        if change.noun == Noun::ClientEvent && narrowed > 0 {
            let sockets = self.used.senders(&change.name);
            let words = format!("`{}` accepts less, and {} sent it", change.name, have(sockets));
            self.tell(sockets, false, words);
        }
    }

    fn detail(&mut self, change: &Change, detail: &Detail) {
        match &detail.aspect {
            Aspect::Right { right: Right::Join, change: right, .. } => self.joined(&change.name, right),
            Aspect::Right { right: Right::Connect, change: right, .. } if right.shift.may_admit_fewer() => {
                let sockets = right.roles.iter().filter_map(|role| self.used.sockets.get(role)).sum();
                let certain = right.shift == Shift::Taken;
                let could = if certain { "could not connect again" } else { "might not connect again" };
                self.tell(sockets, certain, format!("{} of {} {could}", counted(sockets, "socket"), right.who()));
            }
            Aspect::Right { right: Right::Send, change: right, .. } if right.shift.may_admit_fewer() => {
                let sockets = self.used.senders(&change.name);
                let some = if right.is_everyone { "some of them" } else { "those" };
                let who = if right.is_everyone { String::new() } else { format!(" of {}", right.who()) };
                let words = format!("{} sent `{}`, and {some}{who} may be refused now", have(sockets), change.name);
                self.tell(sockets, false, words);
            }
            Aspect::Auth { opened: false } => {
                let sockets = self.used.connected();
                self.tell(
                    sockets,
                    true,
                    format!("{} came without a token, and could not connect again", counted(sockets, "socket")),
                );
            }
            _ => {}
        }
    }

    fn joined(&mut self, room: &str, right: &RightChange) {
        if !right.shift.may_admit_fewer() {
            return;
        }
        let (sockets, certain) =
            (self.in_room(room, (!right.is_everyone).then_some(&right.roles)), right.shift == Shift::Taken);
        let would = match (self.denied, certain) {
            (Denied::Keep, true) => "would stay, though they could not join it again",
            (Denied::Keep, false) => "would stay, though some might not join it again",
            (Denied::Leave, true) => "would leave",
            (Denied::Leave, false) => "may have to leave",
            (Denied::Disconnect, true) => "would be disconnected",
            (Denied::Disconnect, false) => "may be disconnected",
        };
        let depends = if certain { String::new() } else { format!(", depending on {}", right.deciding()) };
        let words = match self.denied {
            Denied::Leave => format!("{} {would} `{}`{depends}", counted(sockets, "socket"), stars(room)),
            _ => format!("{} in `{}` {would}{depends}", counted(sockets, "socket"), stars(room)),
        };
        self.tell(sockets, certain, words);
    }

    /// Sockets in rooms of a pattern, whatever its parameters are called; of these roles, or of all.
    fn in_room(&self, pattern: &str, roles: Option<&Vec<String>>) -> usize {
        let wanted = form(pattern);
        let rooms = self.used.rooms.iter().filter(|room| form(&room.pattern) == wanted);
        let sockets = rooms.flat_map(|room| &room.sockets);
        sockets.filter(|(role, _)| roles.is_none_or(|roles| roles.contains(role))).map(|(_, count)| count).sum()
    }
}

/// "1 socket has", "3 sockets have".
fn have(sockets: usize) -> String {
    format!("{} {}", counted(sockets, "socket"), if sockets == 1 { "has" } else { "have" })
}

fn is_narrowed(detail: &Detail) -> bool {
    let narrower = matches!(detail.effect, Effect::Narrower | Effect::Unclear);
    let is_payload = matches!(
        detail.aspect,
        Aspect::Payload(Direction::Sent, _)
            | Aspect::Arguments(Direction::Sent)
            | Aspect::UnknownFields { refused: true }
    );
    narrower && is_payload
}

fn parsed(pattern: &str) -> Option<Pattern> {
    Pattern::parse(&Text::new(pattern, Span::default())).ok()
}

fn form(pattern: &str) -> String {
    parsed(pattern).map_or_else(|| pattern.to_owned(), |pattern| shape(&pattern))
}

/// `class:*` of `class:<classId>`.
fn stars(pattern: &str) -> String {
    let filled = parsed(pattern).map(|pattern| shape(&pattern).replace("<>", "*"));
    filled.unwrap_or_else(|| pattern.to_owned())
}
