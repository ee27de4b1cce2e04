//! Where what is served comes from, and what became of the last change.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;

/// Reads definitions anew and serves them.
pub trait Definitions: Send + Sync {
    /// Reads what is there now and, if it is whole, serves it; otherwise nothing changes.
    fn reload(&self) -> Pin<Box<dyn Future<Output = Arc<Report>> + Send + '_>>;
    /// What became of the last attempt; at first, of the start.
    fn last(&self) -> Option<Arc<Report>>;
    /// What is served, file by file: path and text, secrets struck out.
    fn sources(&self) -> Arc<Vec<(String, String)>>;
}

/// Definitions that never change: those of tests and of programs that bring their own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fixed;

impl Definitions for Fixed {
    fn reload(&self) -> Pin<Box<dyn Future<Output = Arc<Report>> + Send + '_>> {
        Box::pin(async { Arc::new(Report::default()) })
    }

    fn last(&self) -> Option<Arc<Report>> {
        None
    }

    fn sources(&self) -> Arc<Vec<(String, String)>> {
        Arc::default()
    }
}

/// What became of definitions that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They are served.
    Served,
    /// They are what is served already.
    #[default]
    Unchanged,
    /// They have mistakes; what was served before still is.
    Refused,
}

impl Verdict {
    /// Its name, as it is told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// An attempt to serve what is there.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// What became of it.
    pub verdict: Verdict,
    /// What is served since, or still.
    pub digest: String,
    /// When, in RFC 3339.
    pub at: String,
    /// How long it took from the first file that was read until everything was served, in milliseconds.
    pub took_ms: u64,
    /// What is wrong, or doubtful.
    pub diagnostics: Vec<Told>,
    /// Rooms that connections have left, since the rules are others now.
    pub rooms_left: usize,
    /// Connections that were ended for that reason.
    pub disconnected: usize,
}

/// A mistake, or a doubt.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// Its code.
    pub code: String,
    /// `error` or `warning`.
    pub severity: String,
    /// What is wrong.
    pub message: String,
    /// Where: `path:line:column`.
    pub place: String,
    /// What would help.
    pub help: Vec<String>,
}
