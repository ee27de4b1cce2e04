//! Redis servers of our own: started on free ports, without persistence, ended with whoever started them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to answer after its start, or a cluster to agree.
const START_WITHIN: Duration = Duration::from_secs(20);

/// What is started: another version of Redis, or Valkey, if `REDIS_SERVER` names it.
fn program() -> String {
    std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".into())
}

/// A redis-server process.
pub(crate) struct RedisServer {
    /// A shell that ends the server when its input ends, which it does with this process, however that ends.
    watchdog: Child,
    pid: String,
    pub(crate) port: u16,
    arguments: Vec<String>,
    _folder: TempDir,
}

impl RedisServer {
    /// Starts one, with these arguments beside the usual.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_on(free_port(), arguments)
    }

    /// Starts one on a port.
    pub(crate) fn start_on(port: u16, arguments: &[&str]) -> Self {
        let is_tls = arguments.contains(&"--tls-port");
        let port_text = port.to_string();
        let usual = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", &port_text];
        Self::spawn(port, &usual[..if is_tls { 6 } else { 8 }], arguments)
    }

    fn spawn(port: u16, usual: &[&str], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut watchdog = Command::new("sh")
            .args(["-c", r#""$0" "$@" >/dev/null 2>&1 & echo $!; cat >/dev/null; kill -9 $!; wait"#])
            .arg(program())
            .args(usual)
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut pid = String::new();
        let stdout = watchdog.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut pid).expect("a process id");
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let server = Self { watchdog, pid: pid.trim().into(), port, arguments, _folder: folder };
        server.wait();
        server
    }

    /// Starts a sentinel with a configuration file, which it changes.
    pub(crate) fn start_sentinel(port: u16, file: &std::path::Path) -> Self {
        Self::spawn(port, &[&file.to_string_lossy(), "--sentinel"], &[])
    }

    fn wait(&self) {
        let since = Instant::now();
        let is_tls = self.arguments.iter().any(|argument| argument == "--tls-port");
        while !answers(self.port, is_tls) {
            let found = Command::new(program()).arg("--version").output().is_ok();
            assert!(found, "`{}` is needed: apt-get install redis-server", program());
            assert!(since.elapsed() < START_WITHIN, "redis-server does not answer on port {}", self.port);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid]).stderr(Stdio::null()).status();
        assert!(sent.expect("kill").success(), "signal {signal}");
    }

    /// Ends it, as a power cut would.
    pub(crate) fn kill(self) -> Ghost {
        self.signal("-KILL");
        let ghost = Ghost { port: self.port, arguments: self.arguments.clone() };
        drop(self);
        while TcpStream::connect(("127.0.0.1", ghost.port)).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
        ghost
    }

    pub(crate) fn connection(&self) -> redis::Connection {
        redis::Client::open(self.url()).and_then(|client| client.get_connection()).expect("a connection")
    }
}

/// A server that was killed, and may be started again; it remembers nothing.
pub(crate) struct Ghost {
    port: u16,
    arguments: Vec<String>,
}

impl Ghost {
    pub(crate) fn start_again(self) -> RedisServer {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        RedisServer::start_on(self.port, &arguments)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// Three masters that share all slots.
pub(crate) struct RedisCluster {
    pub(crate) nodes: Vec<RedisServer>,
}

impl RedisCluster {
    pub(crate) fn start() -> Self {
        let arguments = ["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"];
        let nodes: Vec<RedisServer> = (0..3).map(|_| RedisServer::start(&arguments)).collect();
        let mut connections: Vec<redis::Connection> = nodes.iter().map(RedisServer::connection).collect();
        for (at, connection) in connections.iter_mut().enumerate() {
            let mut add = redis::cmd("CLUSTER");
            add.arg("ADDSLOTS").arg((0..16384).filter(|slot| slot * 3 / 16384 == at).collect::<Vec<usize>>());
            add.exec(connection).expect("slots");
            redis::cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(at + 1).exec(connection).expect("an epoch");
            if at > 0 {
                redis::cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(nodes[0].port).exec(connection).expect("met");
            }
        }
        let since = Instant::now();
        let agrees = |connection: &mut redis::Connection| {
            let info: String = redis::cmd("CLUSTER").arg("INFO").query(connection).expect("info");
            info.contains("cluster_state:ok")
                && info.contains("cluster_slots_ok:16384")
                && info.contains("cluster_known_nodes:3")
        };
        while !connections.iter_mut().all(agrees) {
            assert!(since.elapsed() < START_WITHIN, "the cluster does not agree");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { nodes }
    }

    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }
}

/// A port that nobody listens on, and neither on the one that a cluster's node would take beside it.
pub(crate) fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        if port < 55_535 && TcpListener::bind(("127.0.0.1", port + 10_000)).is_ok() {
            return port;
        }
    }
}

/// Whether something answers there as Redis does, if only with a refusal; over TLS, whether somebody listens.
fn answers(port: u16, is_tls: bool) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
    if is_tls {
        return true;
    }
    let mut first = [0];
    stream.write_all(b"PING\r\n").is_ok() && (stream.read_exact(&mut first).is_ok())
}

/// Keys under a prefix that have no expiry.
pub(crate) fn everlasting(connection: &mut redis::Connection, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for pattern in [format!("{prefix}*"), format!("{{{prefix}*")] {
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(1000);
            let (next, keys): (u64, Vec<String>) = scan.query(connection).expect("keys");
            for key in keys {
                let life: i64 = redis::cmd("PTTL").arg(&key).query(connection).expect("a life");
                if life == -1 {
                    found.push(key);
                }
            }
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
    }
    found
}
