//! Definitions that change while they are served: read whole, checked whole, swapped whole, or not at all.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use homeroom_definition::{Diagnostic, Severity, Sources};
use homeroom_http::ApiKeys;
use homeroom_http::definitions::{Definitions, Report, Told, Verdict};
use homeroom_plan::frame::Now;
use homeroom_runtime::Hooks;
use homeroom_store::sql::Db;
use homeroom_store::{Clock, SystemClock};
use parking_lot::RwLock;

use crate::load::{Files, Loaded, load_again};
use crate::server::Server;
use crate::settings::{Environment, Reload, Settings};
use crate::watch::Watch;

/// How many mistakes one attempt logs; all of them are in its report.
const LOGGED_MAX: usize = 20;

/// How many mistakes a report has.
const TOLD_MAX: usize = 200;

/// Where definitions come from.
pub(crate) struct Origin {
    /// The folder; without one they are those in the binary, and never change.
    pub(crate) folder: Option<PathBuf>,
    /// Settings from this file.
    pub(crate) config: Option<PathBuf>,
    /// What is in the binary.
    pub(crate) embedded: &'static [(&'static str, &'static str)],
    /// The environment that lies over the settings.
    pub(crate) environment: Environment,
    /// The hooks.
    pub(crate) hooks: Hooks,
}

impl Origin {
    /// Reads the files.
    pub(crate) fn files(&self) -> Result<Files, String> {
        crate::files_of(self.embedded, self.folder.as_ref(), self.config.as_ref())
    }
}

/// Serves what is in the folder, again and again.
pub(crate) struct Reloader {
    origin: Origin,
    server: Arc<Server>,
    keys: Arc<ApiKeys>,
    db: Option<Db>,
    /// What cannot change while it is served, as it was at the start.
    settled: Settled,
    /// One at a time.
    turn: tokio::sync::Mutex<()>,
    last: RwLock<Arc<Report>>,
    /// What is served, file by file.
    sources: RwLock<Arc<Vec<(String, String)>>>,
}

/// Settings that take a new start.
struct Settled {
    identity: String,
    others: Vec<(&'static str, String)>,
}

impl Settled {
    fn of(settings: &Settings) -> Self {
        let shown = |part: &dyn std::fmt::Debug| format!("{part:?}");
        let others = vec![
            ("listen", shown(&settings.listen)),
            ("auth", format!("{:?} {:?}", settings.auth, settings.auth.secrets().collect::<Vec<_>>())),
            ("socket", shown(&settings.socket)),
            ("limits", shown(&settings.limits)),
            ("state", shown(&settings.state)),
            ("database", format!("{:?} {:?}", settings.database.as_ref().map(|url| &url.value), settings.sql)),
            ("outbox", format!("{:?} {:?}", settings.outbox, settings.services.outbox)),
            (
                "webhooks",
                settings
                    .webhooks
                    .as_ref()
                    .map(|webhooks| format!("{webhooks:?} {} {}", webhooks.url, webhooks.secret))
                    .unwrap_or_default(),
            ),
            ("api", format!("{:?} {:?}", settings.keeping, settings.revoked_for)),
            ("reload", shown(&settings.reload)),
            ("redis", shown(&settings.redis)),
        ];
        Self { identity: settings.identity.schema.to_string(), others }
    }

    /// The sections that differ, `identity` apart.
    fn differing(&self, now: &Self) -> Vec<&'static str> {
        let pairs = self.others.iter().zip(&now.others);
        pairs.filter(|(a, b)| a.1 != b.1).map(|(a, _)| a.0).collect()
    }
}

impl Reloader {
    /// For a server that serves what was `loaded`.
    pub(crate) fn new(
        origin: Origin,
        server: Arc<Server>,
        keys: Arc<ApiKeys>,
        settings: &Settings,
        db: Option<Db>,
        told: (&[Diagnostic], &Sources),
    ) -> Self {
        let digest = server.engine.current().plan.digest.clone();
        let report = Report {
            verdict: Verdict::Served,
            digest,
            at: now(),
            diagnostics: told.0.iter().map(|item| as_told(item, told.1)).collect(),
            ..Report::default()
        };
        let settled = Settled::of(settings);
        let last = RwLock::new(Arc::new(report));
        let sources = RwLock::new(files_of(told.1));
        Self { origin, server, keys, db, settled, turn: tokio::sync::Mutex::default(), last, sources }
    }

    /// Serves every change that is watched, and what is there at each SIGHUP, for as long as this is polled.
    pub(crate) async fn run(self: Arc<Self>, settings: Reload, watch: Option<Watch>) {
        let mut watch = watch.filter(|_| settings.watch);
        let mut hangups = hangups();
        loop {
            tokio::select! {
                () = changed(&mut watch, &settings) => {}
                () = hung_up(&mut hangups) => tracing::info!("SIGHUP: definitions are read again"),
            }
            self.reload().await;
        }
    }

    async fn attempt(&self) -> Arc<Report> {
        let _turn = self.turn.lock().await;
        let began = Instant::now();
        let mut report = match self.origin.files() {
            Ok(files) => self.serve(&files).await,
            Err(error) => self.refused(vec![unread(error)]),
        };
        report.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        report.at = now();
        log(&report);
        self.server.engine.metrics().reloaded(report.verdict.name(), began.elapsed().as_secs_f64());
        let report = Arc::new(report);
        *self.last.write() = Arc::clone(&report);
        report
    }

    async fn serve(&self, files: &Files) -> Report {
        let (config, environment) = (self.origin.config.as_deref(), &self.origin.environment);
        let loaded = load_again(files, config, environment, &self.origin.hooks, self.db.as_ref()).await;
        let mut told: Vec<Told> =
            loaded.diagnostics.sorted().iter().map(|item| as_told(item, &loaded.sources)).take(TOLD_MAX).collect();
        let is_bad = loaded.diagnostics.has_errors();
        let sources = files_of(&loaded.sources);
        let Loaded { settings: Some(settings), plan: Some(plan), .. } = loaded else { return self.refused(told) };
        let now = Settled::of(&settings);
        if now.identity != self.settled.identity {
            told.push(needs_start("identity", Severity::Error));
            return self.refused(told);
        }
        if is_bad {
            return self.refused(told);
        }
        told.extend(self.settled.differing(&now).into_iter().map(|section| needs_start(section, Severity::Warning)));
        // Where nothing is set the development key stays.
        if !settings.services.keys.is_empty() || !settings.auth.is_development {
            self.keys.replace(settings.services.keys.clone());
        }
        let digest = plan.digest.clone();
        if digest == self.server.engine.current().plan.digest {
            return Report { verdict: Verdict::Unchanged, digest, diagnostics: told, ..Report::default() };
        }
        let reviewed = self.server.swap(plan).await;
        *self.sources.write() = sources;
        Report {
            verdict: Verdict::Served,
            digest,
            diagnostics: told,
            rooms_left: reviewed.left,
            disconnected: reviewed.disconnected,
            ..Report::default()
        }
    }

    fn refused(&self, diagnostics: Vec<Told>) -> Report {
        let digest = self.server.engine.current().plan.digest.clone();
        Report { verdict: Verdict::Refused, digest, diagnostics, ..Report::default() }
    }
}

impl Definitions for Reloader {
    fn reload(&self) -> Pin<Box<dyn Future<Output = Arc<Report>> + Send + '_>> {
        Box::pin(self.attempt())
    }

    fn last(&self) -> Option<Arc<Report>> {
        Some(Arc::clone(&self.last.read()))
    }

    fn sources(&self) -> Arc<Vec<(String, String)>> {
        Arc::clone(&self.sources.read())
    }
}

async fn changed(watch: &mut Option<Watch>, settings: &Reload) {
    match watch {
        Some(watch) => watch.changed(settings.debounce, settings.poll).await,
        None => std::future::pending().await,
    }
}

#[cfg(unix)]
fn hangups() -> Option<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok()
}

#[cfg(unix)]
async fn hung_up(hangups: &mut Option<tokio::signal::unix::Signal>) {
    let told = match hangups {
        Some(hangups) => hangups.recv().await,
        None => None,
    };
    if told.is_none() {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
fn hangups() -> Option<()> {
    None
}

#[cfg(not(unix))]
async fn hung_up(_: &mut Option<()>) {
    std::future::pending().await
}

fn now() -> String {
    Now::at(SystemClock.now_ms()).value().as_str().unwrap_or_default().to_owned()
}

fn as_told(item: &Diagnostic, sources: &Sources) -> Told {
    let at = sources.position(item.span.source, item.span.start);
    let severity = if item.is_error() { "error" } else { "warning" };
    Told {
        code: item.code.to_owned(),
        severity: severity.to_owned(),
        message: item.message.clone(),
        place: format!("{}:{}:{}", sources.path(item.span.source), at.line, at.column),
        help: item.helps.clone(),
    }
}

/// Path and text of each file; what came from the environment is none.
fn files_of(sources: &Sources) -> Arc<Vec<(String, String)>> {
    let is_file = |path: &str| [".yaml", ".yml", ".sql"].iter().any(|ending| path.ends_with(ending));
    let files = sources.ids().filter(|id| is_file(sources.path(*id)));
    Arc::new(files.map(|id| (sources.path(id).to_owned(), sources.text(id).to_owned())).collect())
}

fn unread(error: String) -> Told {
    Told { code: String::new(), severity: "error".into(), message: error, place: String::new(), help: Vec::new() }
}

fn needs_start(section: &str, severity: Severity) -> Told {
    let (severity, message) = match severity {
        Severity::Error => ("error", format!("`{section}:` has changed, which connected users cannot follow")),
        Severity::Warning => ("warning", format!("`{section}:` has changed, which takes effect at the next start")),
    };
    let help = vec!["restart the server to serve it".to_owned()];
    Told { code: String::new(), severity: severity.into(), message, place: "settings".into(), help }
}

fn log(report: &Report) {
    let took = Duration::from_millis(report.took_ms);
    let digest = &report.digest[..report.digest.len().min(12)];
    match report.verdict {
        Verdict::Served => {
            let (left, disconnected) = (report.rooms_left, report.disconnected);
            tracing::info!(digest, ?took, left, disconnected, "new definitions are served");
        }
        Verdict::Unchanged => tracing::debug!(digest, ?took, "definitions are unchanged"),
        Verdict::Refused => {
            tracing::error!(digest, ?took, "definitions have mistakes; what was served before still is");
        }
    }
    for told in report.diagnostics.iter().take(LOGGED_MAX) {
        let (code, place, message, help) = (&told.code, &told.place, &told.message, told.help.join("; "));
        match told.severity.as_str() {
            "error" => tracing::error!(code, place, help, "{message}"),
            _ => tracing::warn!(code, place, help, "{message}"),
        }
    }
}
