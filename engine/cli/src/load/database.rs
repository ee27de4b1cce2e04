//! The database: opened as the settings say, and asked of every statement before anything is served.

use std::path::Path;

use homeroom_definition::{Diagnostic, SourceId, Text, did_you_mean};
use homeroom_plan::program::{Column, Query, Returns};
use homeroom_plan::{Plan, codes as plan_codes};
use homeroom_runtime::bind;
use homeroom_store::sql::{Db, Described, SqlError, SqlLimits};

use super::{Loaded, Purpose};
use crate::codes;
use crate::scenario::beside;

/// Opens the database and lets it look at every statement.
pub(super) async fn open(loaded: &mut Loaded, settings_source: Option<SourceId>, purpose: Purpose) {
    let Some(settings) = &loaded.settings else { return };
    let (url, demo, limits) = (settings.database.clone(), settings.demo.clone(), settings.sql.clone());
    let opened = match (url, demo) {
        (Some(url), _) if purpose == Purpose::Serve => {
            Db::open(&url.value, limits).await.map_err(|error| cannot_open(&url, &error))
        }
        (Some(url), demo) if purpose == Purpose::Check => match (existing(&url, limits.clone()).await, demo) {
            (Ok(db), _) => Ok(db),
            (Err(error), None) => Err(unchecked(&url, &error)),
            (Err(error), Some(demo)) => {
                loaded.note = Some(format!("statements are checked on `{demo}`, since {error}"));
                embedded(loaded, settings_source, &demo, limits).await
            }
        },
        (_, Some(demo)) => embedded(loaded, settings_source, &demo, limits).await,
        (_, None) => return,
    };
    match opened {
        Ok(db) => {
            ask(loaded, &db).await;
            loaded.db = Some(db);
        }
        Err(told) => loaded.diagnostics.push(told),
    }
}

/// Lets a database look at every statement.
pub(super) async fn ask(loaded: &mut Loaded, db: &Db) {
    if let Some(plan) = loaded.plan.clone() {
        loaded.diagnostics.extend(objections(&plan, db).await);
    }
}

/// A database that is there already; one in memory has nothing in it, and is none.
async fn existing(url: &Text, limits: SqlLimits) -> Result<Db, SqlError> {
    let path = url.value.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
    let path = path.and_then(|path| path.split('?').next());
    if path.is_some_and(|path| !Path::new(path).is_file()) {
        return Err(SqlError::Unavailable("there is no such file".into()));
    }
    Db::open(&url.value, limits).await
}

async fn embedded(
    loaded: &Loaded,
    settings: Option<SourceId>,
    demo: &Text,
    limits: SqlLimits,
) -> Result<Db, Diagnostic> {
    let path = beside(settings.map_or("", |source| loaded.sources.path(source)), &demo.value);
    let Some(script) = loaded.sources.find(&path) else {
        return Err(Diagnostic::error(codes::NO_FILE, demo.span, format!("there is no file `{path}`"))
            .help("the path is relative to the settings, and stays within the folder that is served"));
    };
    let db = Db::embedded(loaded.sources.text(script), limits).await;
    db.map_err(|error| {
        Diagnostic::error(codes::NO_DATABASE, demo.span, format!("the script `{path}` cannot be run: {error}"))
    })
}

fn cannot_open(url: &Text, error: &SqlError) -> Diagnostic {
    Diagnostic::error(codes::NO_DATABASE, url.span, format!("the database cannot be opened: {error}"))
}

fn unchecked(url: &Text, error: &SqlError) -> Diagnostic {
    Diagnostic::warning(
        codes::NO_DATABASE,
        url.span,
        format!("no statement is checked, since the database cannot be opened: {error}"),
    )
    .help("name a script that makes its tables under `database: demo:`, to check without it")
}

/// What the database says of the statements of a plan.
async fn objections(plan: &Plan, db: &Db) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    for query in &plan.queries {
        match db.describe(&bind::statement(&query.statement)).await {
            Ok(described) => told.extend(misfits(query, &described)),
            Err(SqlError::Refused(objection) | SqlError::Unfit(objection)) => {
                told.push(refused(query, format!("the database refuses this statement: {objection}")));
            }
            Err(error @ (SqlError::Unavailable(_) | SqlError::Conflict(_))) => {
                told.push(
                    Diagnostic::error(codes::NO_DATABASE, query.span, error.to_string())
                        .label("from here on nothing is checked"),
                );
                break;
            }
        }
    }
    told
}

/// Where a statement takes or yields something else than its definition says.
fn misfits(query: &Query, described: &Described) -> Vec<Diagnostic> {
    let supplied = query.statement.names().count();
    let mut told = Vec::new();
    if described.params != supplied {
        told.push(refused(
            query,
            format!("this statement takes {} parameters, and {supplied} are supplied", described.params),
        ));
    }
    let (Returns::Row(columns) | Returns::Rows(columns, _)) = &query.returns else { return told };
    let missing =
        columns.iter().filter(|column| !described.columns.iter().any(|yielded| *yielded.name == *column.name));
    told.extend(missing.map(|column| missing_column(query, column, described)));
    told.extend(columns.iter().filter_map(|column| misfit(query, column, described)));
    told
}

fn missing_column(query: &Query, column: &Column, described: &Described) -> Diagnostic {
    let message = format!("this statement yields no column `{}`", column.name);
    let told = match column.required {
        true => refused(query, message).help(format!("`returns:` needs it: select it `as \"{}\"`", column.name)),
        false => Diagnostic::warning(plan_codes::QUERY_REFUSED, query.span, message)
            .label(format!("of `{}`", query.name))
            .help(format!("`returns:` may have it: select it `as \"{}\"`, or return a type without it", column.name)),
    };
    told.help_if(did_you_mean(&column.name, described.columns.iter().map(|yielded| yielded.name.as_str())))
}

/// A column whose type in the database is none that its declared type could be made of.
fn misfit(query: &Query, column: &Column, described: &Described) -> Option<Diagnostic> {
    let yielded = described.columns.iter().find(|yielded| *yielded.name == *column.name)?;
    let (of, fits) = (yielded.of.as_ref()?, yielded.fits?);
    let is_fitting = fits.contains(&bind::column(column).kind);
    (!is_fitting).then(|| {
        refused(query, format!("column `{}` is `{of}`, which cannot be what `returns:` says", column.name))
            .help("cast it in the statement, or return another type")
    })
}

fn refused(query: &Query, message: String) -> Diagnostic {
    Diagnostic::error(plan_codes::QUERY_REFUSED, query.span, message).label(format!("of `{}`", query.name))
}
