//! A plan, bound to what it runs on: hooks found, the life of states and the columns of queries as the stores want them.

use std::sync::Arc;

use homeroom_plan::Plan;
use homeroom_plan::program::{self, EventId, Namespace, Returns, RoomId, State, StateId};
use homeroom_plan::sql::Piece;
use homeroom_store::cache::Answers;
use homeroom_store::sql::{Column, ColumnKind, Part, Sql};
use homeroom_store::state::Rules;
use homeroom_store::{Clock, Keyed};

use crate::explain::Recorder;
use crate::hooks::Hooks;
use crate::metrics::{Meters, QueryMeter};
use crate::settings::RuntimeSettings;

/// What is served at one moment.
pub struct Bound {
    /// The plan.
    pub plan: Arc<Plan>,
    namespaces: Keyed<Arc<str>, Served>,
    /// The statement of each query.
    pub(crate) statements: Vec<Sql>,
    pub(crate) columns: Vec<Vec<Column>>,
    pub(crate) answers: Answers,
    pub(crate) hooks: Hooks,
    pub(crate) recorder: Option<Arc<dyn Recorder>>,
    /// What is counted of each query.
    pub(crate) queries: Vec<Arc<QueryMeter>>,
}

/// A namespace of the plan that is served.
pub struct Served {
    /// As compiled.
    pub(crate) plan: Arc<Namespace>,
    /// The life of each state.
    pub(crate) rules: Vec<Rules>,
    /// What is counted of its events.
    pub(crate) meters: Box<Meters>,
}

impl Bound {
    /// Binds a plan whose hooks are all among `hooks`, as the compiler has made sure.
    #[must_use]
    pub fn new(plan: Arc<Plan>, hooks: Hooks, settings: &RuntimeSettings, clock: Arc<dyn Clock>) -> Self {
        let served = |namespace: &Arc<Namespace>| Served {
            rules: namespace.states.iter().map(|state| rules(namespace, state)).collect(),
            meters: Box::new(Meters::new(namespace)),
            plan: Arc::clone(namespace),
        };
        let namespaces = plan.namespaces.iter().map(|(path, namespace)| (Arc::clone(path), served(namespace)));
        Self {
            namespaces: namespaces.collect(),
            statements: plan.queries.iter().map(|query| statement(&query.statement)).collect(),
            columns: plan.queries.iter().map(|query| columns(&query.returns)).collect(),
            answers: Answers::new(clock, settings.answers_max),
            hooks,
            recorder: None,
            queries: plan.queries.iter().map(QueryMeter::new).collect(),
            plan,
        }
    }

    /// Goes on counting where `old` has come to.
    pub(crate) fn counts_on_from(&mut self, old: &Self) {
        for (path, served) in &mut self.namespaces {
            if let Some(old) = old.namespaces.get(path) {
                served.meters.go_on(&old.meters);
            }
        }
        for query in &mut self.queries {
            if let Some(old) = old.queries.iter().find(|old| old.is_of(query)) {
                *query = Arc::clone(old);
            }
        }
    }

    /// A namespace, by its path.
    #[must_use]
    pub fn namespace(&self, path: &str) -> Option<&Served> {
        self.namespaces.get(path)
    }

    /// The paths of all namespaces.
    #[must_use]
    pub fn paths(&self) -> Vec<Arc<str>> {
        let mut paths: Vec<Arc<str>> = self.namespaces.keys().cloned().collect();
        paths.sort();
        paths
    }

    /// The number of a role.
    pub(crate) fn role(&self, name: &str) -> Option<usize> {
        self.plan.roles.iter().position(|role| &**role == name)
    }
}

impl Served {
    /// The compiled namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.plan
    }

    /// The room that a name belongs to, with its parameters. Patterns do not overlap, so there is one at most.
    pub(crate) fn room_named(&self, name: &str) -> Option<(RoomId, Vec<String>)> {
        let rooms = self.plan.rooms.iter().enumerate();
        rooms.filter_map(|(id, room)| Some((id, owned(room.pattern.read(name)?)))).next()
    }

    /// The number of a server event.
    pub(crate) fn server_event(&self, name: &str) -> Option<EventId> {
        self.plan.server_events.iter().position(|event| *event.name == *name)
    }

    /// The state of a name, with the parameters that its key spells.
    pub(crate) fn state_keyed(&self, name: &str, key: &str) -> Option<(StateId, Vec<String>)> {
        let id = self.plan.states.iter().position(|state| &*state.name == name)?;
        Some((id, owned(self.plan.states[id].key.read(key)?)))
    }
}

fn owned(values: Vec<&str>) -> Vec<String> {
    values.into_iter().map(str::to_owned).collect()
}

/// Parts the namespace and the state's name in [`Rules::watch`]; neither can have it.
pub(crate) const WATCH_SEPARATOR: char = '\n';

fn rules(namespace: &Namespace, state: &State) -> Rules {
    let watch = || format!("{}{WATCH_SEPARATOR}{}", namespace.path, state.name).into();
    Rules {
        ttl_ms: i64::try_from(state.ttl.as_millis()).unwrap_or(i64::MAX),
        max: state.max,
        max_bytes: state.max_bytes,
        drop_oldest: state.drop_oldest,
        watch: state.on_expire.as_ref().map(|_| watch()),
    }
}

/// A statement as the database is handed it.
#[must_use]
pub fn statement(statement: &homeroom_plan::sql::Statement) -> Sql {
    Sql::new(statement.pieces().iter().map(|piece| match piece {
        Piece::Text(text) => Part::Text(text.clone()),
        Piece::Parameter(number) => Part::Parameter(*number),
    }))
}

fn columns(returns: &Returns) -> Vec<Column> {
    let (Returns::Row(columns) | Returns::Rows(columns, _)) = returns else { return Vec::new() };
    columns.iter().map(column).collect()
}

/// A column as the database is asked for it.
#[must_use]
pub fn column(column: &program::Column) -> Column {
    let kind = match column.kind {
        program::ColumnKind::Bool => ColumnKind::Bool,
        program::ColumnKind::Integer => ColumnKind::Integer,
        program::ColumnKind::Number => ColumnKind::Number,
        program::ColumnKind::Text => ColumnKind::Text,
        program::ColumnKind::Json => ColumnKind::Json,
        program::ColumnKind::Any => ColumnKind::Any,
    };
    Column { name: (*column.name).into(), kind, required: column.required }
}
