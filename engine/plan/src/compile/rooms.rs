//! Rooms: declarations with their rules and presence, and references such as `class:<child.classId>:staff`.

use std::time::Duration;

use homeroom_definition::model::Allow;
use homeroom_definition::{
    Diagnostic, Node, Pattern, Piece, Table, Text, did_you_mean, parse_count, parse_duration, split,
};

use super::scope::{Known, Scope, Site};
use super::{Compiler, rules};
use crate::codes;
use crate::data::Template;
use crate::program::{History, Room, RoomRef};
use crate::shape::{Shape, spoken};

/// How many events a room keeps at most: so many that they find place in the queue of the connection they are sent to.
const HISTORY_SIZE_MAX: usize = 500;
/// How long it keeps them at most.
const HISTORY_TTL_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How soon members of a room may be asked anew.
const RECHECK_MIN: Duration = Duration::from_secs(1);

/// A reference, and what is known of the texts for its parameters.
pub(crate) struct Referred<T> {
    pub(crate) to: T,
    pub(crate) params: Vec<Known>,
}

impl Compiler<'_, '_> {
    /// All rooms, rules and presence first, since steps read them.
    pub(crate) fn rooms(&mut self) -> Vec<Room> {
        let names = self.names;
        self.like_circles();
        let mut rooms = Vec::new();
        for room in names.rooms.values() {
            let mut scope = self.room_scope(&room.pattern);
            let rules = self.room_rules(room, &mut scope);
            let presence = room.parts.iter().find_map(|part| part.presence.as_ref());
            let presence = presence.and_then(|node| self.data(node, &scope));
            let learnt = presence.as_ref().map(|(_, known)| known.shape.clone());
            self.learned_now.presences.push(learnt);
            let recheck = room.parts.iter().find_map(|part| part.recheck.as_ref());
            let recheck = recheck.and_then(|every| self.recheck(every));
            rooms.push(Room {
                place: self.place(room.name.span),
                pattern: room.pattern.clone(),
                rules,
                slots: scope.slots,
                presence: presence.map(|(data, _)| data),
                recheck,
                tracked: false,
                on_join: None,
                on_leave: None,
                history: self.room_history(room),
            });
        }
        rooms
    }

    /// How much of what is sent there is kept; that without bounds is told.
    fn room_history(&mut self, room: &super::names::DeclaredRoom<'_>) -> Option<History> {
        let history = room.parts.iter().find_map(|part| part.history.as_ref())?;
        let (Some(size), Some(ttl)) = (&history.size, &history.ttl) else {
            let missing = if history.size.is_none() { "size" } else { "ttl" };
            self.tell(
                Diagnostic::error(codes::HISTORY_BOUNDS, history.span, format!("this history has no `{missing}:`"))
                    .help("say how many events are kept and for how long: `history: { size: 100, ttl: 10m }`"),
            );
            return None;
        };
        let (size_span, ttl_span) = (size.span, ttl.span);
        let size = self.diagnostics.keep(parse_count(size))?;
        let ttl = self.diagnostics.keep(parse_duration(ttl))?;
        if !(1..=HISTORY_SIZE_MAX).contains(&size) {
            let wrong = format!("a history keeps 1 to {HISTORY_SIZE_MAX} events");
            self.tell(
                Diagnostic::error(codes::HISTORY_BOUNDS, size_span, wrong)
                    .help("a client that missed more is told so, and loads what it shows anew"),
            );
        }
        if ttl.is_zero() || ttl > HISTORY_TTL_MAX {
            self.tell(
                Diagnostic::error(codes::HISTORY_BOUNDS, ttl_span, "a history lasts from a moment to 7 days")
                    .help("keep what must last for longer in the database"),
            );
        }
        Some(History { size, ttl })
    }

    /// How often members are asked anew: no more often than a database would bear.
    fn recheck(&mut self, written: &Text) -> Option<Duration> {
        let every = self.diagnostics.keep(parse_duration(written))?;
        if every < RECHECK_MIN {
            let told = Diagnostic::error(homeroom_definition::codes::BAD_DURATION, written.span, "this is too often");
            self.tell(told.help("each member is asked, so write `1s` or more"));
            return None;
        }
        Some(every)
    }

    /// `on_join` and `on_leave`, once everything they may name is known.
    pub(crate) fn room_steps(&mut self, rooms: &mut [Room]) {
        let names = self.names;
        for (index, (declared, room)) in names.rooms.values().zip(rooms.iter_mut()).enumerate() {
            let presence = self.learned.presences.get(index).cloned().flatten();
            let on_join = declared.parts.iter().find(|part| !part.on_join.is_empty()).map(|part| &part.on_join);
            let on_leave = declared.parts.iter().find(|part| !part.on_leave.is_empty()).map(|part| &part.on_leave);
            room.on_join = on_join.and_then(|steps| self.presence_handler(&declared.pattern, presence.clone(), steps));
            room.on_leave =
                on_leave.and_then(|steps| self.presence_handler(&declared.pattern, presence.clone(), steps));
            let watched = room.presence.is_some() || room.on_join.is_some() || room.on_leave.is_some();
            room.tracked = watched || self.tracked.contains(&index);
        }
    }

    fn presence_handler(
        &mut self,
        pattern: &Pattern,
        presence: Option<Shape>,
        steps: &[homeroom_definition::model::Step],
    ) -> Option<crate::program::Handler> {
        let mut scope = self.room_scope(pattern);
        scope.site = Site::Presence;
        scope.entry = Some(Known::made(presence.unwrap_or(Shape::Any)));
        self.handler(steps, &mut scope)
    }

    /// The names in a room's rules: its parameters and the user.
    pub(crate) fn room_scope(&self, pattern: &Pattern) -> Scope {
        let mut scope = Scope { user: Some(self.user()), site: Site::Rule, ..Scope::default() };
        for param in pattern.params() {
            scope.bind(param, Known::made(Shape::text()), None);
        }
        scope
    }

    /// What `user` is here.
    pub(crate) fn user(&self) -> Known {
        match self.is_open() {
            false => Known::made(self.world.user.clone()),
            true => Known::made(self.learned.user.clone().unwrap_or_else(connection_user)),
        }
    }

    /// Whether the namespace asks for no token.
    pub(crate) fn is_open(&self) -> bool {
        self.unit.file.auth.as_ref().is_some_and(|auth| auth.value == "none")
    }

    /// A room named in a step or rule.
    pub(crate) fn room(&mut self, text: &Text, with: &Table<Node>, scope: &Scope) -> Option<Referred<RoomRef>> {
        let pieces = self.room_pieces(text)?;
        let names = self.names;
        let matched = names
            .rooms
            .values()
            .enumerate()
            .find_map(|(index, room)| Some((index, room, unify(&text.value, &pieces, &room.pattern)?)));
        let Some((index, room, holes)) = matched else {
            self.tell(unknown_room(text, names.rooms.keys().copied()));
            return None;
        };
        self.used.room(room.source, room.name);
        let (mut params, mut known) = (Vec::new(), Vec::new());
        for (name, hole) in room.pattern.params().zip(holes) {
            let (template, param) = self.parameter(text, name, &hole, with, scope)?;
            params.push(template);
            known.push(param);
        }
        Some(Referred { to: RoomRef { room: index, params: params.into() }, params: known })
    }

    fn room_pieces(&mut self, text: &Text) -> Option<Vec<Piece>> {
        self.cut(text)?;
        split(&text.value).ok()
    }

    /// The text for one parameter: what stands in the reference, or `with:` where it names the same thing.
    pub(crate) fn parameter(
        &mut self,
        text: &Text,
        _name: &str,
        pieces: &[Piece],
        with: &Table<Node>,
        scope: &Scope,
    ) -> Option<(Template, Known)> {
        if let [Piece::Hole(range)] = pieces
            && let Some(node) = with.get(text.value[range.clone()].trim())
        {
            return self.template(&node.text()?, scope);
        }
        self.pieces(text, pieces, scope)
    }

    fn room_rules(&mut self, room: &super::names::DeclaredRoom<'_>, scope: &mut Scope) -> Vec<crate::program::Rule> {
        let allow: Vec<_> = room.parts.iter().filter_map(|part| part.allow.as_ref()).collect();
        match allow.as_slice() {
            [] => {
                self.tell(
                    Diagnostic::error(
                        codes::ROOM_CLOSED,
                        room.name.span,
                        format!("nobody can ever enter `{}`", room.name.value),
                    )
                    .label("it has no `allow:`")
                    .help("say who may enter, such as `allow: [{ roles: [TEACHER], check: teaches_class }]`"),
                );
                Vec::new()
            }
            // A room without rules admits nobody, so "anyone" is a rule: one that asks for nothing.
            [Allow::Anyone, ..] => vec![rules::asks_nothing(self.place(room.name.span), room.name.span)],
            [allow, ..] => rules::allowed(self, allow, scope),
        }
    }

    /// Rooms whose `like:` leads back to themselves admit nobody, and would never end.
    fn like_circles(&mut self) {
        let names = self.names;
        for (index, room) in names.rooms.values().enumerate() {
            let mut seen = Vec::new();
            if self.leads_to(index, index, &mut seen) {
                let circle = format!("`{}` admits whoever it admits itself, in a circle", room.name.value);
                self.tell(
                    Diagnostic::error(codes::LIKE_CIRCLE, room.name.span, circle)
                        .help("let one of the rooms in the circle say by itself who may enter"),
                );
            }
        }
    }

    fn leads_to(&self, from: usize, target: usize, seen: &mut Vec<usize>) -> bool {
        let Some((_, room)) = self.names.rooms.get_index(from) else { return false };
        let likes = room.parts.iter().filter_map(|part| part.allow.as_ref()).flat_map(rules::likes);
        let next: Vec<usize> = likes.filter_map(|like| self.room_index(like)).collect();
        next.into_iter().any(|next| {
            next == target
                || (!seen.contains(&next) && {
                    seen.push(next);
                    self.leads_to(next, target, seen)
                })
        })
    }

    fn room_index(&self, text: &Text) -> Option<usize> {
        let pieces = split(&text.value).ok()?;
        self.names.rooms.values().position(|room| unify(&text.value, &pieces, &room.pattern).is_some())
    }
}

/// `user` in a namespace without tokens: the connection.
pub(crate) fn connection_user() -> Shape {
    Shape::object([("id".to_owned(), Shape::text(), false)])
}

/// For each parameter of `pattern`, the pieces of `text` that stand in its place; `None` if it is another pattern.
pub(crate) fn unify(text: &str, pieces: &[Piece], pattern: &Pattern) -> Option<Vec<Vec<Piece>>> {
    let given = segments(text, pieces);
    let wanted = pattern.segments();
    if given.len() != wanted.len() {
        return None;
    }
    let mut holes = Vec::new();
    for (mut given, wanted) in given.into_iter().zip(wanted) {
        match wanted.param() {
            None => (spelling(text, &given)? == wanted.prefix()).then_some(())?,
            Some(_) => {
                strip(text, &mut given, wanted.prefix(), wanted.suffix())?;
                holes.push(given);
            }
        }
    }
    Some(holes)
}

/// The pieces between the `:` of the literals.
fn segments(text: &str, pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut all = vec![Vec::new()];
    for piece in pieces {
        match piece {
            Piece::Hole(_) => push(&mut all, piece.clone()),
            Piece::Literal(range) => {
                let mut start = range.start;
                for (at, _) in text[range.clone()].match_indices(':') {
                    push(&mut all, Piece::Literal(start..range.start + at));
                    all.push(Vec::new());
                    start = range.start + at + 1;
                }
                push(&mut all, Piece::Literal(start..range.end));
            }
        }
    }
    all
}

fn push(all: &mut [Vec<Piece>], piece: Piece) {
    let empty = matches!(&piece, Piece::Literal(range) if range.is_empty());
    if let (Some(last), false) = (all.last_mut(), empty) {
        last.push(piece);
    }
}

/// The letters of pieces that are all literal.
fn spelling<'t>(text: &'t str, pieces: &[Piece]) -> Option<&'t str> {
    match pieces {
        [] => Some(""),
        [Piece::Literal(range)] => Some(&text[range.clone()]),
        _ => None,
    }
}

/// Takes the literal letters around a parameter off; `None` if they are others.
fn strip(text: &str, pieces: &mut Vec<Piece>, prefix: &str, suffix: &str) -> Option<()> {
    if !prefix.is_empty() {
        let Some(Piece::Literal(range)) = pieces.first_mut() else { return None };
        text[range.clone()].starts_with(prefix).then_some(())?;
        range.start += prefix.len();
    }
    if !suffix.is_empty() {
        let Some(Piece::Literal(range)) = pieces.last_mut() else { return None };
        text[range.clone()].ends_with(suffix).then_some(())?;
        range.end -= suffix.len();
    }
    pieces.retain(|piece| !matches!(piece, Piece::Literal(range) if range.is_empty()));
    (!pieces.is_empty()).then_some(())
}

fn unknown_room<'a>(text: &Text, rooms: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let known = rooms.clone();
    Diagnostic::error(codes::UNKNOWN_ROOM, text.span, format!("no room is declared that `{}` could be", text.value))
        .label("not declared under `rooms:`")
        .help_if(did_you_mean(&text.value, rooms))
        .help(format!("rooms that are declared: {}", spoken(known)))
}
