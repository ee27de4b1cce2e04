//! SQL statements: their parameters, what they return, and their use in steps and checks.

use homeroom_definition::model::{ExecuteStep, Query as Written, QueryStep};
use homeroom_definition::{Diagnostic, Node, Span, Table, Text, did_you_mean, parse_count, parse_duration};

use super::Compiler;
use super::scope::{Known, Scope};
use super::steps::Done;
use crate::codes;
use crate::data::Data;
use crate::program::{Column, ColumnKind, Query, QueryCall, QueryId, Returns, Verb};
use crate::shape::{Shape, spoken};
use crate::sql::{self, Statement};

/// How many rows a query returns at most where the author does not say.
const ROWS_MAX: usize = 1000;

/// A query with its parameters, and what is known of each.
pub(crate) struct Asked {
    pub(crate) to: QueryCall,
    pub(crate) params: Vec<Known>,
}

impl AsRef<QueryCall> for Asked {
    fn as_ref(&self) -> &QueryCall {
        &self.to
    }
}

impl std::ops::Deref for Asked {
    type Target = QueryCall;
    fn deref(&self) -> &QueryCall {
        &self.to
    }
}

impl Compiler<'_, '_> {
    /// Compiles the queries of this unit that no other unit has brought along.
    pub(crate) fn all_queries(&mut self) {
        let names = self.names;
        for declared in names.queries.values() {
            let place = self.place(declared.name.span);
            if self.queries.iter().any(|query| query.place == place && *query.name == *declared.name.value) {
                continue;
            }
            let statement = self.statement(declared.item);
            let returns = self.returns(declared.item);
            let cache = declared.item.cache.as_ref().and_then(|cache| self.diagnostics.keep(parse_duration(cache)));
            self.asks_for_time(declared.item);
            self.queries.push(Query {
                name: declared.name.value.as_str().into(),
                place,
                span: declared.item.sql.span,
                sql: declared.item.sql.value.as_str().into(),
                statement: statement.unwrap_or_default(),
                returns,
                cache,
            });
        }
    }

    fn statement(&mut self, query: &Written) -> Option<Statement> {
        match sql::parse(&query.sql.value) {
            Ok(statement) => Some(statement),
            Err(error) => {
                let span = query.sql.inner(error.range);
                self.tell(Diagnostic::error(codes::QUERY_REFUSED, span, error.message));
                None
            }
        }
    }

    /// The database's own clock is not the engine's.
    fn asks_for_time(&mut self, query: &Written) {
        let lower = query.sql.value.to_ascii_lowercase();
        for word in ["current_timestamp", "current_date", "now()", "datetime('now'", "date('now'"] {
            if let Some(at) = lower.find(word) {
                let span = query.sql.inner(at..at + word.len());
                self.tell(
                    Diagnostic::warning(codes::QUERY_TIME, span, "this asks the database for the time")
                        .help("write `:now`, which is the engine's, the same on every server and in tests"),
                );
            }
        }
    }

    fn returns(&mut self, query: &Written) -> Returns {
        let Some(node) = &query.returns else { return Returns::Found };
        let columns = self.columns_of(node);
        if node.as_seq().is_none() {
            if let Some(max) = &query.max_rows {
                self.tell(
                    Diagnostic::error(codes::QUERY_USE, max.span, "`max_rows` belongs to a query that returns a list")
                        .help("write `returns: [Type]` for rows"),
                );
            }
            return Returns::Row(columns);
        }
        let max = query.max_rows.as_ref().map(parse_count);
        let max = max.map_or(Some(ROWS_MAX), |max| self.diagnostics.keep(max));
        Returns::Rows(columns, max.unwrap_or(ROWS_MAX))
    }

    /// The columns that `returns:` names, with their types.
    pub(crate) fn columns_of(&mut self, node: &Node) -> Vec<Column> {
        let row = match node.as_seq() {
            Some([row]) => row,
            Some(_) => {
                self.tell(
                    Diagnostic::error(codes::BAD_SCHEMA, node.span, "`returns:` is a type, or a list of one type")
                        .help("such as `[Mark]`, or `[{ fields: { studentId: Id } }]`"),
                );
                return Vec::new();
            }
            None => node,
        };
        let Shape::Object(object) = self.type_shape(row) else {
            self.tell(
                Diagnostic::error(codes::BAD_SCHEMA, row.span, "a query returns an object: its columns by name")
                    .help("such as `{ fields: { classId: Id } }`"),
            );
            return Vec::new();
        };
        let columns = object.properties.into_iter();
        columns
            .map(|(name, property)| Column {
                name: name.into(),
                kind: column_kind(&property.shape),
                required: !property.optional,
                shape: property.shape,
            })
            .collect()
    }

    /// What a row looks like.
    pub(crate) fn row_shape(&self, columns: &[Column]) -> Shape {
        Shape::object(columns.iter().map(|column| (column.name.to_string(), column.shape.clone(), !column.required)))
    }

    /// A query named in a step or rule, its parameters found by name.
    pub(crate) fn query_call(&mut self, text: &Text, with: &Table<Node>, scope: &Scope) -> Option<Asked> {
        let names = self.names;
        let Some(declared) = names.queries.get(text.value.as_str()) else {
            let known = || names.queries.keys().copied();
            self.tell(
                Diagnostic::error(codes::UNKNOWN_QUERY, text.span, format!("there is no query `{}`", text.value))
                    .help_if(did_you_mean(&text.value, known()))
                    .help(format!("declare it under `queries:`; there are {}", spoken(known()))),
            );
            return None;
        };
        self.used.name("query", declared.source, &declared.name.value);
        let query = self.query_id(declared.name)?;
        let wanted: Vec<String> = self.queries[query].statement.names().map(str::to_owned).collect();
        let (mut params, mut known) = (Vec::new(), Vec::new());
        for name in wanted {
            let (data, param) = self.query_param(&name, text, declared.item.sql.span, with, scope)?;
            params.push(data);
            known.push(param);
        }
        Some(Asked { to: QueryCall { query, params }, params: known })
    }

    fn query_id(&self, name: &Text) -> Option<QueryId> {
        let place = self.place(name.span);
        self.queries.iter().position(|query| query.place == place && *query.name == *name.value)
    }

    fn query_param(
        &mut self,
        name: &str,
        at: &Text,
        sql: Span,
        with: &Table<Node>,
        scope: &Scope,
    ) -> Option<(Data, Known)> {
        if let Some(node) = with.get(name) {
            return self.data(node, scope);
        }
        let path: Vec<&str> = name.split('.').collect();
        match (scope.look_up(&path), scope.path(&path)) {
            (Ok(known), Some(found)) => Some((Data::Expr(crate::expr::Expr::Path(found)), known)),
            _ => {
                let names = scope.all_names();
                self.tell(
                    Diagnostic::error(
                        codes::UNKNOWN_PARAMETER,
                        at.span,
                        format!("`{}` needs `:{name}`, and there is no `{name}` here", at.value),
                    )
                    .related(sql, "the statement")
                    .help_if(did_you_mean(name, names.iter().map(String::as_str)))
                    .help(format!("say which is meant: `with: {{ {name}: <...> }}`")),
                );
                None
            }
        }
    }

    pub(crate) fn query(&mut self, step: &QueryStep, scope: &Scope) -> Option<Done> {
        let asked = self.query_call(&step.query, &step.with, scope)?;
        let proven = self.prove_statement(&asked.params, step.query.span, scope);
        let known = match &self.queries[asked.query].returns {
            Returns::Found => Known::made(Shape::Boolean),
            Returns::Row(columns) => Known::made(self.row_shape(columns)).maybe(),
            Returns::Rows(columns, max) => Known::made(Shape::list(self.row_shape(columns), Some(*max))),
        };
        if sql::writes(&self.queries[asked.query].sql) {
            self.tell(
                Diagnostic::error(codes::QUERY_USE, step.query.span, format!("`{}` writes", step.query.value))
                    .help("use it with `execute:`, whose statements are one transaction"),
            );
        }
        Some(Done::new(Verb::Query(asked.to), known.with_proof(proven)))
    }

    pub(crate) fn execute(&mut self, step: &ExecuteStep, scope: &Scope) -> Option<Done> {
        let asked = self.query_call(&step.query, &step.with, scope)?;
        self.prove_statement(&asked.params, step.query.span, scope);
        let query = &self.queries[asked.query];
        let mistake = match &query.returns {
            _ if !sql::writes(&query.sql) && !query.sql.is_empty() => Some("it writes nothing: use it with `query:`"),
            Returns::Row(_) | Returns::Rows(..) => Some("`execute:` yields the number of rows: remove `returns:`"),
            Returns::Found => None,
        };
        if let Some(help) = mistake {
            let message = format!("`{}` cannot be executed", step.query.value);
            self.tell(Diagnostic::error(codes::QUERY_USE, step.query.span, message).help(help));
        }
        Some(Done::new(Verb::Execute(asked.to), Known::made(Shape::integer(Some(0)))))
    }

    /// Compiles something without telling anything.
    pub(crate) fn quietly<T>(&mut self, work: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let kept = std::mem::take(self.diagnostics);
        let done = work(self);
        *self.diagnostics = kept;
        done
    }
}

fn column_kind(shape: &Shape) -> ColumnKind {
    match shape {
        Shape::Boolean | Shape::Const(serde_json::Value::Bool(_)) => ColumnKind::Bool,
        Shape::Number { whole: true, .. } => ColumnKind::Integer,
        Shape::Number { .. } | Shape::Const(serde_json::Value::Number(_)) => ColumnKind::Number,
        Shape::Text(_) | Shape::Const(serde_json::Value::String(_)) => ColumnKind::Text,
        Shape::List { .. } | Shape::Object(_) => ColumnKind::Json,
        Shape::Union(all) => {
            match all.iter().map(column_kind).reduce(|a, b| if a == b { a } else { ColumnKind::Any }) {
                Some(kind) => kind,
                None => ColumnKind::Any,
            }
        }
        Shape::Any | Shape::Opaque | Shape::Binary | Shape::Const(_) => ColumnKind::Any,
    }
}
