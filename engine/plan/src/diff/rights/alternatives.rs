//! Rules as alternatives: each a set of roles and a set of what must hold, all of it together.

use std::collections::{BTreeMap, BTreeSet};

use homeroom_definition::model::{Allow, Rule, Step};
use homeroom_definition::{Node, Span, Table, Text};

use crate::compile::names::DeclaredRoom;
use crate::diff::read::expr::{Condition, Letters, condition};
use crate::diff::read::{House, Scope};

/// How many alternatives are told apart; where there are more, `like:` is not looked into.
const ALTERNATIVES_MAX: usize = 512;

/// How far `like:` leads.
const LIKES_MAX: usize = 16;

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Atom {
    /// The connection is in a room.
    Inside(Letters),
    /// A query finds something.
    Check(Letters),
    /// A condition holds.
    When(Letters),
    /// A room's rules would admit.
    Like(Letters),
    /// The first step enters that room.
    Enters(Letters),
}

impl Atom {
    /// As it is compared, and as it is shown.
    pub(crate) fn letters(&self) -> &Letters {
        match self {
            Self::Inside(letters)
            | Self::Check(letters)
            | Self::When(letters)
            | Self::Like(letters)
            | Self::Enters(letters) => letters,
        }
    }
}

/// What must hold, all of it.
pub(crate) type Grounds = BTreeSet<Atom>;

/// Who may: the alternatives of each role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    by_role: BTreeMap<String, BTreeSet<Grounds>>,
}

#[derive(Clone, Debug)]
struct Alternative {
    /// `None`: whatever the role.
    roles: Option<BTreeSet<String>>,
    grounds: Grounds,
}

/// The keys of a rule, wherever they stand.
pub(crate) struct Keys<'k> {
    pub(crate) inside: &'k [Text],
    pub(crate) roles: &'k [Text],
    pub(crate) check: &'k [Text],
    pub(crate) when: Option<&'k Text>,
    pub(crate) like: Option<&'k Text>,
    pub(crate) with: &'k Table<Node>,
}

impl<'k> From<&'k Rule> for Keys<'k> {
    fn from(rule: &'k Rule) -> Self {
        Self {
            inside: &rule.inside,
            roles: &rule.roles,
            check: &rule.check,
            when: rule.when.as_ref(),
            like: rule.like.as_ref(),
            with: &rule.with,
        }
    }
}

impl Keys<'_> {
    fn is_empty(&self) -> bool {
        let none = self.inside.is_empty() && self.roles.is_empty() && self.check.is_empty();
        none && self.when.is_none() && self.like.is_none()
    }
}

/// Whether `like:` is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// `like:` stands for itself.
    AsWritten,
    /// `like:` stands for the rules it names.
    Through,
}

impl Rights {
    /// Who may enter a room.
    pub(crate) fn of_room(house: &House<'_>, room: &DeclaredRoom<'_>, depth: Depth) -> Self {
        let scope = Scope::with_params(room.pattern.params());
        let mut reader = Reader { house, depth, entered: 0 };
        let alternatives = reader.room(room, &scope);
        Self::collect(&alternatives, house)
    }

    /// Who may send an event, or connect: a rule in its own keys, or several, or entering a room as its first step.
    pub(crate) fn of_event(
        house: &House<'_>,
        allow: Option<&Allow>,
        own: &Keys<'_>,
        body: &[Step],
        depth: Depth,
    ) -> Self {
        let scope = Scope::default();
        let mut reader = Reader { house, depth, entered: 0 };
        let alternatives = match allow {
            Some(allow) => reader.allowed(allow, &scope),
            None if own.is_empty() => vec![reader.entering(body, &scope)],
            None => reader.rule(own, &scope),
        };
        Self::collect(&alternatives, house)
    }

    /// Every rule by itself, with `like:` looked into, and where it stands.
    pub(crate) fn of_each_rule(house: &House<'_>, allow: &Allow, scope: &Scope) -> Vec<(Span, Self)> {
        let Allow::Rules(rules) = allow else { return Vec::new() };
        let rights = rules.iter().map(|rule| {
            let mut reader = Reader { house, depth: Depth::Through, entered: 0 };
            (rule.span, Self::collect(&reader.rule(&Keys::from(rule), scope), house))
        });
        rights.collect()
    }

    fn collect(alternatives: &[Alternative], house: &House<'_>) -> Self {
        let mut by_role: BTreeMap<String, BTreeSet<Grounds>> = BTreeMap::new();
        for alternative in alternatives {
            let all = || house.roles.iter().map(ToString::to_string).collect();
            for role in alternative.roles.clone().unwrap_or_else(all) {
                by_role.entry(role).or_default().insert(alternative.grounds.clone());
            }
        }
        for grounds in by_role.values_mut() {
            let all = grounds.clone();
            // What asks for more than another alternative does admits nobody further.
            grounds.retain(|one| !all.iter().any(|other| other != one && other.is_subset(one)));
        }
        Self { by_role }
    }

    /// The alternatives of a role; none: it may not.
    pub(crate) fn of_role(&self, role: &str) -> BTreeSet<Grounds> {
        self.by_role.get(role).cloned().unwrap_or_default()
    }

    /// Whether there are no alternatives for anyone.
    pub(crate) fn is_nobody(&self) -> bool {
        self.by_role.is_empty()
    }

    /// Every `like:` that is left, and every room that is entered, as shown.
    pub(crate) fn likes(&self) -> BTreeSet<String> {
        let atoms = self.by_role.values().flatten().flatten();
        let likes = atoms.filter_map(|atom| match atom {
            Atom::Like(letters) => Some(letters.shown.clone()),
            _ => None,
        });
        likes.collect()
    }
}

struct Reader<'h, 'a> {
    house: &'h House<'a>,
    depth: Depth,
    entered: usize,
}

impl Reader<'_, '_> {
    fn room(&mut self, room: &DeclaredRoom<'_>, scope: &Scope) -> Vec<Alternative> {
        match room.parts.iter().find_map(|part| part.allow.as_ref()) {
            Some(allow) => self.allowed(allow, scope),
            None => Vec::new(),
        }
    }

    fn allowed(&mut self, allow: &Allow, scope: &Scope) -> Vec<Alternative> {
        match allow {
            Allow::Anyone => vec![anyone()],
            Allow::Rules(rules) => rules.iter().flat_map(|rule| self.rule(&Keys::from(rule), scope)).collect(),
        }
    }

    fn rule(&mut self, keys: &Keys<'_>, scope: &Scope) -> Vec<Alternative> {
        let mut all = vec![anyone()];
        if !keys.roles.is_empty() {
            all[0].roles = Some(keys.roles.iter().map(|role| role.value.clone()).collect());
        }
        if !keys.inside.is_empty() {
            let rooms = keys.inside.iter().map(|room| with(Atom::Inside(self.room_letters(room, keys, scope))));
            let rooms: Vec<_> = rooms.collect();
            all = product(&all, rooms);
        }
        let mut scope = scope.clone();
        for check in keys.check {
            let form = self.house.query_form(check, keys.with, &scope);
            all = product(&all, [with(Atom::Check(Letters { form: form.clone(), shown: check.value.clone() }))]);
            for column in self.house.columns(&check.value) {
                scope.bind(&column, &format!("{form}.{column}"));
            }
        }
        if let Some(when) = keys.when {
            all = product(&all, self.holding(&condition(&when.value, &scope)));
        }
        match keys.like {
            Some(like) => self.liking(&all, like, keys, &scope),
            None => all,
        }
    }

    fn room_letters(&self, room: &Text, keys: &Keys<'_>, scope: &Scope) -> Letters {
        Letters { form: self.house.room_form(room, keys.with, scope), shown: room.value.clone() }
    }

    fn liking(&mut self, all: &[Alternative], like: &Text, keys: &Keys<'_>, scope: &Scope) -> Vec<Alternative> {
        let letters = self.room_letters(like, keys, scope);
        let target = self.house.room(like, keys.with, scope);
        if let (Depth::Through, true, Some(at)) = (self.depth, self.entered < LIKES_MAX, target) {
            let names = at.room.pattern.params().map(str::to_owned);
            let inner = Scope::with_values(names.zip(at.params.iter().cloned()).collect());
            self.entered += 1;
            let admitted = self.room(at.room, &inner);
            self.entered -= 1;
            if all.len() * admitted.len() <= ALTERNATIVES_MAX {
                return product(all, admitted);
            }
        }
        product(all, [with(Atom::Like(letters))])
    }

    fn holding(&self, condition: &Condition) -> Vec<Alternative> {
        match condition {
            Condition::Any(parts) => parts.iter().flat_map(|part| self.holding(part)).collect(),
            Condition::All(parts) => parts.iter().fold(vec![anyone()], |all, part| {
                let further = self.holding(part);
                if all.len() * further.len() > ALTERNATIVES_MAX {
                    let letters = Letters { form: part.form(), shown: part.form() };
                    return product(&all, [with(Atom::When(letters))]);
                }
                product(&all, further)
            }),
            Condition::Roles(names) => vec![Alternative { roles: Some(names.clone()), grounds: Grounds::new() }],
            Condition::NotRoles(names) => {
                let others = self.house.roles.iter().map(ToString::to_string).filter(|role| !names.contains(role));
                vec![Alternative { roles: Some(others.collect()), grounds: Grounds::new() }]
            }
            Condition::Holds(letters) if letters.form == "true" => vec![anyone()],
            Condition::Holds(letters) if letters.form == "false" => Vec::new(),
            Condition::Holds(letters) => vec![with(Atom::When(letters.clone()))],
        }
    }

    /// An event that says nothing of who may send it begins by entering rooms, whose rules decide.
    fn entering(&self, body: &[Step], scope: &Scope) -> Alternative {
        let mut alternative = anyone();
        if let Some(Step::Join(join)) = body.first()
            && join.when.is_none()
            && join.otherwise.is_none()
        {
            for room in join.rooms.iter() {
                let form = self.house.room_form(room, &join.with, scope);
                alternative.grounds.insert(Atom::Enters(Letters { form, shown: room.value.clone() }));
            }
        }
        alternative
    }
}

fn anyone() -> Alternative {
    Alternative { roles: None, grounds: Grounds::new() }
}

fn with(atom: Atom) -> Alternative {
    Alternative { roles: None, grounds: Grounds::from([atom]) }
}

/// One of the first and one of the second, in every combination that somebody can meet.
fn product(first: &[Alternative], second: impl IntoIterator<Item = Alternative>) -> Vec<Alternative> {
    let mut all = Vec::new();
    for further in second {
        for one in first {
            let roles = match (&one.roles, &further.roles) {
                (Some(one), Some(further)) => Some(one & further),
                (one, further) => one.as_ref().or(further.as_ref()).cloned(),
            };
            if roles.as_ref().is_none_or(|roles| !roles.is_empty()) {
                all.push(Alternative { roles, grounds: &one.grounds | &further.grounds });
            }
        }
    }
    all
}
