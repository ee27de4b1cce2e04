//! Databases to run the cases on: SQLite in memory, and a PostgreSQL of our own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use homeroom_store::sql::{Db, Part, Sql, SqlLimits};
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tempfile::TempDir;

use crate::servers::free_port;

/// How long a server may take to answer after its start.
const START_WITHIN: Duration = Duration::from_secs(60);

/// A PostgreSQL process with a cluster of its own.
pub(crate) struct PostgresServer {
    /// A shell that ends the server when its input ends, which it does with this process, however that ends.
    watchdog: Child,
    pid: String,
    pub(crate) port: u16,
    folder: Option<TempDir>,
}

impl PostgresServer {
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::start_in(folder, free_port(), arguments).await
    }

    /// Starts one with TLS, on a cluster in which `arrange` has put a key and a certificate.
    pub(crate) async fn start_with(arrange: impl FnOnce(&std::path::Path)) -> Self {
        let server = Self::start(&[]).await;
        arrange(server.folder());
        let (mut server, port) = (server, free_port());
        let folder = server.folder.take().expect("a folder");
        drop(server);
        let key = folder.path().join("server.key");
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a key");
        Self::start_in(folder, port, &["-c", "ssl=on"]).await
    }

    async fn start_in(folder: TempDir, port: u16, arguments: &[&str]) -> Self {
        let since = Instant::now();
        let mut server = Self::spawn(&folder, port, arguments);
        while PgConnection::connect(&server.url()).await.is_err() {
            assert!(since.elapsed() < START_WITHIN, "PostgreSQL does not answer: apt-get install postgresql");
            if server.is_over() {
                // Where it was before, a connection of somebody else may have taken the port for a moment.
                server = Self::spawn(&folder, port, arguments);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.folder = Some(folder);
        server
    }

    fn spawn(folder: &TempDir, port: u16, arguments: &[&str]) -> Self {
        let mut watchdog = Command::new("sh")
            .args(["-c", r#""$0" "$@" >/dev/null 2>&1 & echo $!; cat >/dev/null; kill -QUIT $!; wait"#])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/postgres"))
            .arg(folder.path())
            .arg(port.to_string())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut pid = String::new();
        let stdout = watchdog.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut pid).expect("a process id");
        Self { watchdog, pid: pid.trim().into(), port, folder: None }
    }

    /// Whether it has ended by itself.
    fn is_over(&self) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        state.rsplit_once(')').is_none_or(|(_, state)| state.trim_start().starts_with('Z'))
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://homeroom@127.0.0.1:{}/postgres", self.port)
    }

    /// The folder of its cluster.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.as_ref().expect("a folder").path()
    }

    /// A schema that no other case has.
    pub(crate) async fn own_url(&self) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let schema = format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.url()).await.expect("a connection");
        let create = sqlx::AssertSqlSafe(format!("create schema {schema}"));
        sqlx::raw_sql(create).execute(&mut connection).await.expect("a schema");
        format!("{}?options[search_path]={schema}", self.url())
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid]).stderr(Stdio::null()).status();
        assert!(sent.expect("kill").success(), "signal {signal}");
    }

    /// Ends it at once, with its sessions: those learn of its end by themselves, but could first finish what they are asked.
    fn kill(&self) {
        let sessions = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid)).unwrap_or_default();
        self.signal("-KILL");
        // Some may have ended meanwhile.
        let _ = Command::new("kill").arg("-KILL").args(sessions.split_whitespace()).stderr(Stdio::null()).status();
    }

    /// Ends it at once, and starts it again on what it had written.
    pub(crate) async fn killed_and_back(mut self, meanwhile: impl AsyncFnOnce()) -> Self {
        self.kill();
        let (folder, port) = (self.folder.take().expect("a folder"), self.port);
        drop(self);
        meanwhile().await;
        Self::start_in(folder, port, &[]).await
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

static SERVER: OnceLock<PostgresServer> = OnceLock::new();
static STARTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The server that cases share.
pub(crate) async fn server() -> &'static PostgresServer {
    let _one = STARTING.lock().await;
    if SERVER.get().is_none() {
        let _ = SERVER.set(PostgresServer::start(&[]).await);
    }
    SERVER.get().expect("a server")
}

/// SQLite, in memory.
pub(crate) async fn sqlite(script: &str, limits: SqlLimits) -> Db {
    Db::embedded(script, limits).await.expect("a database")
}

/// PostgreSQL, in a schema of its own.
pub(crate) async fn postgres(script: &str, limits: SqlLimits) -> Db {
    let db = Db::open(&server().await.own_url().await, limits).await.expect("a database");
    db.script(script).await.expect("a script");
    db
}

/// A statement with `$1`, `$2` for parameters.
pub(crate) fn sql(text: &str) -> Sql {
    let mut parts = text.split('$');
    let first = parts.next().map(|text| Part::Text(text.into()));
    let rest = parts.flat_map(|part| {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let number: usize = part[..end].parse().expect("a number");
        [Part::Parameter(number - 1), Part::Text(part[end..].into())]
    });
    Sql::new(first.into_iter().chain(rest))
}

/// Runs each case on each kind of database.
macro_rules! on_every_database {
    ($($case:ident),* $(,)?) => {
        on_every_database!(@ sqlite: $($case),*);
        on_every_database!(@ postgres: $($case),*);
    };
    (@ $kind:ident: $($case:ident),*) => {
        mod $kind {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let db = crate::databases::$kind(super::SCRIPT, super::limits()).await;
                    super::$case(&db).await;
                }
            )*
        }
    };
}
pub(crate) use on_every_database;
