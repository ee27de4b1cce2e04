//! What can go wrong with PostgreSQL, and what it means.

use super::super::SqlError;

/// What went wrong.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection is dead, or there is none to be had.
    Broken(String),
    /// There was no answer in time.
    Late(String),
    /// What was prepared is no longer so: a table was altered, or a pooler between has another session now.
    Stale(String),
    /// It answered, and this is what it comes to.
    Said(SqlError),
}

impl Trouble {
    /// What PostgreSQL says of a statement or an address that is the author's, in its own words.
    pub(super) fn objection(error: sqlx::Error) -> Self {
        let words = error.as_database_error().and_then(|error| {
            let error = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
            let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            Some(format!("{}{hint}", error.message()))
        });
        match (Self::from(error), words) {
            (Self::Said(SqlError::Refused(_)), Some(words)) => Self::Said(SqlError::Refused(words)),
            (trouble, _) => trouble,
        }
    }

    /// Whether nobody answered at all.
    pub(super) fn is_of_nobody(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Late(_))
    }

    pub(super) fn told(self) -> SqlError {
        match self {
            Self::Broken(why) | Self::Late(why) | Self::Stale(why) => SqlError::Unavailable(why),
            Self::Said(error) => error,
        }
    }
}

impl From<SqlError> for Trouble {
    fn from(error: SqlError) -> Self {
        Self::Said(error)
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => said(&database.code().unwrap_or_default(), database.message()),
            sqlx::Error::PoolTimedOut => Self::Late("no connection was free in time".into()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Broken(error.to_string()),
            _ => Self::Said(SqlError::Refused(error.to_string())),
        }
    }
}

impl From<Trouble> for SqlError {
    fn from(trouble: Trouble) -> Self {
        trouble.told()
    }
}

/// By <https://www.postgresql.org/docs/current/errcodes-appendix.html>. What could quote a value is told by its code alone.
fn said(code: &str, message: &str) -> Trouble {
    let (class, words) = (code.get(..2).unwrap_or_default(), format!("{message} ({code})"));
    match (code, class) {
        ("57P01" | "57P02" | "57P03" | "57P05" | "53300", _) | (_, "08") => Trouble::Broken(words),
        ("0A000", _) if message.starts_with("cached plan") => Trouble::Stale(words),
        ("26000", _) => Trouble::Stale(words),
        ("40001" | "40P01", _) => Trouble::Said(SqlError::Conflict(words)),
        // Cancelled, a lock that was not to be had, a standby that only reads, no memory, no disk.
        ("57014" | "55P03" | "25006", _) | (_, "53" | "58") => Trouble::Said(SqlError::Unavailable(words)),
        (_, "22") => Trouble::Said(SqlError::Refused(format!("a value is not as the statement needs it ({code})"))),
        ("P0001", _) => {
            Trouble::Said(SqlError::Refused(format!("a function of the database raised an exception ({code})")))
        }
        _ => Trouble::Said(SqlError::Refused(words)),
    }
}
