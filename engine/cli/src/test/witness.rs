//! What scenarios make the engine do, written down as it does it.

use std::collections::{HashMap, HashSet};

use homeroom_definition::Span;
use homeroom_runtime::explain::{Note, Part, Recorder};
use parking_lot::Mutex;

use crate::scenario::Audience;

/// What was seen in some scenarios.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Rules and steps that were reached, whether or not they held.
    pub(super) reached: HashSet<Span>,
    /// Rules that were asked: whether they have held, and whether they have not.
    pub(super) rules: HashMap<Span, Both>,
    /// The checks of rules, by rule and query.
    pub(super) checks: HashMap<(Span, String), Both>,
    /// Steps that ran.
    pub(super) ran: HashSet<Span>,
    /// Steps whose `else:` happened.
    pub(super) elses: HashSet<Span>,
    /// Events of clients and services that went well, by namespace.
    pub(super) done: HashSet<(String, String)>,
    /// Server events that were sent, by namespace.
    pub(super) sent: HashSet<(String, String)>,
    /// Views of server events that somebody got, by namespace, event and number.
    pub(super) viewed: HashSet<(String, String, usize)>,
}

/// Whether something has held, and whether it has not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Both {
    pub(super) yes: bool,
    pub(super) no: bool,
}

impl Both {
    fn add(&mut self, holds: bool) {
        self.yes |= holds;
        self.no |= !holds;
    }

    fn add_all(&mut self, other: Self) {
        self.yes |= other.yes;
        self.no |= other.no;
    }
}

impl Seen {
    /// Adds what was seen elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        self.reached.extend(&other.reached);
        self.ran.extend(&other.ran);
        self.elses.extend(&other.elses);
        self.done.extend(other.done.iter().cloned());
        self.sent.extend(other.sent.iter().cloned());
        self.viewed.extend(other.viewed.iter().cloned());
        for (rule, both) in &other.rules {
            self.rules.entry(*rule).or_default().add_all(*both);
        }
        for (check, both) in &other.checks {
            self.checks.entry(check.clone()).or_default().add_all(*both);
        }
    }
}

/// Watches the scenarios of one namespace.
pub(super) struct Witness {
    namespace: String,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    seen: Seen,
    /// The rules that are being asked, the innermost last.
    open: Vec<Span>,
}

impl Witness {
    pub(super) fn of(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), notes: Mutex::default() }
    }

    /// What was seen so far.
    pub(super) fn seen(&self) -> Seen {
        self.notes.lock().seen.clone()
    }
}

impl Recorder for Witness {
    fn note(&self, note: &Note<'_>) {
        let mut notes = self.notes.lock();
        let Notes { seen, open } = &mut *notes;
        match note {
            Note::Rule(rule) => {
                open.push(rule.span);
                seen.reached.insert(rule.span);
            }
            Note::Part(Part::Check(_, query, _), found) => {
                if let Some(rule) = open.last() {
                    seen.checks.entry((*rule, query.name.to_string())).or_default().add(*found);
                }
            }
            Note::Ruled(rule, held) => {
                // A rule that could not be asked was opened and never closed.
                if let Some(at) = open.iter().rposition(|span| *span == rule.span) {
                    open.truncate(at);
                }
                seen.rules.entry(rule.span).or_default().add(*held);
            }
            Note::Step(step, is_due) => {
                seen.reached.insert(step.span);
                if *is_due {
                    seen.ran.insert(step.span);
                }
            }
            Note::Else(step) => drop(seen.elses.insert(step.span)),
            Note::Sent(emission, first, others) => {
                let event = (self.namespace.clone(), emission.event.to_string());
                let reached = std::iter::once(first).chain(others.iter()).enumerate();
                for (form, _) in reached.filter(|(_, sockets)| **sockets > 0) {
                    seen.viewed.insert((event.0.clone(), event.1.clone(), form));
                }
                seen.sent.insert(event);
            }
            Note::Asks(_) | Note::Part(..) | Note::Answered(..) | Note::Outcome(_) | Note::Refused(_) => {}
        }
    }
}

impl Audience for Witness {
    fn done(&self, namespace: &str, event: &str) {
        self.notes.lock().seen.done.insert((namespace.to_owned(), event.to_owned()));
    }
}
