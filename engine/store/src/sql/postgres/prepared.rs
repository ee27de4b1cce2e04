//! A statement, as PostgreSQL knows it: the types it takes and yields, and how it is run.

use sqlx::postgres::PgStatement;
use sqlx::{Column as _, Either, Statement as _};

use super::super::{Described, Sql, SqlError, SqlValue, Yielded};
use super::Want;
use super::kinds::{Kind, Type, types};
use super::lease::Lease;
use super::params::text;
use super::trouble::Trouble;

#[derive(Debug)]
pub(super) struct Prepared {
    /// What is bound to `$1`, `$2`: parameters by number, and the type of each.
    arguments: Vec<(usize, Kind)>,
    /// How many parameters the author has.
    params: usize,
    /// The statement, with parameters that are texts.
    text: String,
    /// Whether it adds a row whatever is there, so that a value that fits nowhere cannot be "nothing found".
    adds: bool,
    columns: Vec<(String, Type)>,
}

impl Prepared {
    /// Asks PostgreSQL about a statement; in a transaction, which an objection must not end, if another way is tried.
    pub(super) async fn learn(lease: &mut Lease, sql: &Sql, in_transaction: bool) -> Result<Self, Trouble> {
        let count = sql.parameters().max().map_or(0, |last| last + 1);
        let places: Vec<usize> = sql.parameters().collect();
        let has_two_ways = places.len() > count;
        if has_two_ways && in_transaction {
            lease.simple("SAVEPOINT learning").await?;
        }
        let (statement, numbers) = match lease.prepare(&sql.written(|number, _| dollar(number))).await? {
            Err(error) if has_two_ways && error.as_database_error().is_some() => {
                // `:id` may stand beside columns of different types: then each place is bound by itself.
                if in_transaction {
                    lease.simple("ROLLBACK TO learning").await?;
                }
                match lease.prepare(&sql.written(|_, before| dollar(before))).await? {
                    Ok(statement) => (Ok(statement), places),
                    Err(_) => (Err(error), places),
                }
            }
            statement => (statement, (0..count).collect()),
        };
        let statement = statement.map_err(Trouble::objection)?;
        let is_each = numbers.len() > count;
        let taken = types(lease, oids(&statement)).await?;
        let yielded = statement.columns().iter().filter_map(|column| column.type_info().oid()).collect();
        let yielded = types(lease, yielded).await?;
        let names = statement.columns().iter().map(|column| column.name().to_owned());
        let text = sql.written(|number, before| {
            let at = if is_each { before } else { number };
            match taken.get(at) {
                Some(Type { name, .. }) if name != "text" => format!("cast({} as {name})", dollar(at)),
                _ => dollar(at),
            }
        });
        Ok(Self {
            params: count,
            arguments: numbers.into_iter().zip(taken).map(|(number, of)| (number, of.kind)).collect(),
            adds: adds(&text),
            text,
            columns: names.zip(yielded).collect(),
        })
    }

    pub(super) fn described(&self) -> Described {
        let columns = self.columns.iter().map(|(name, of)| Yielded {
            name: name.clone(),
            of: Some(of.name.clone()),
            fits: Some(of.kind.fits()),
        });
        Described { params: self.params, columns: columns.collect() }
    }

    /// What a column is.
    pub(super) fn column(&self, name: &str) -> Option<&Kind> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, of)| &of.kind)
    }

    /// Asks: rows as JSON, or one `true` or `false`. Where a value is none of its type, nothing is found.
    pub(super) async fn ask(&self, lease: &mut Lease, params: &[SqlValue], want: Want) -> Result<Vec<String>, Trouble> {
        let Ok(args) = self.arguments(params) else { return Ok(Vec::new()) };
        // The line breaks end a comment that the author's text may end with.
        let text = match want {
            Want::Found => format!("select exists(\n{}\n)::text", self.text),
            Want::Rows(limit) => format!("select row_to_json(q)::text from (\n{}\n) as q limit {limit}", self.text),
        };
        lease.texts(&text, args).await
    }

    /// Runs it, and yields how many rows it changed. Where a value is none of its type, nothing is changed; one that would
    /// be part of a new row is told.
    pub(super) async fn execute(&self, lease: &mut Lease, params: &[SqlValue]) -> Result<u64, Trouble> {
        match self.arguments(params) {
            Ok(args) => lease.execute(&self.text, args).await,
            Err(number) if self.adds => {
                let told = format!("parameter {} is not of the type of its column", number + 1);
                Err(Trouble::Said(SqlError::Unfit(told)))
            }
            Err(_) => Ok(0),
        }
    }

    /// What is bound; or the number of a parameter that is none of its type.
    fn arguments(&self, params: &[SqlValue]) -> Result<Vec<Option<String>>, usize> {
        let value = |number: usize| params.get(number).unwrap_or(&SqlValue::Null);
        let arguments = self.arguments.iter();
        arguments.map(|(number, kind)| text(kind, value(*number)).map_err(|_| *number)).collect()
    }
}

fn dollar(at: usize) -> String {
    format!("${}", at + 1)
}

fn oids(statement: &PgStatement) -> Vec<sqlx::postgres::types::Oid> {
    match statement.parameters() {
        Some(Either::Left(types)) => types.iter().filter_map(sqlx::postgres::PgTypeInfo::oid).collect(),
        _ => Vec::new(),
    }
}

/// `insert ... values ...`
fn adds(text: &str) -> bool {
    let lower = text.trim_start().to_ascii_lowercase();
    lower.starts_with("insert")
        && lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == "values")
}
