//! Servers: started on one core, waited for, asked what they cost, and ended by their id.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(15);

/// A process that listens.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// The core of the servers; what offers load has the other.
pub(crate) const SERVER_CORE: &str = "0";
pub(crate) const LOAD_CORE: &str = "1";

/// A command that runs on one core.
pub(crate) fn on_core(core: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core, program]);
    command
}

/// The program that a command starts on its core, without the folder it lies in: reports are read elsewhere, too.
fn named(command: &Command) -> String {
    let program = command.get_args().nth(2).unwrap_or(command.get_program());
    Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned()
}

/// The first thing that a program has to complain of.
fn complaint(log: &Path) -> String {
    let log = fs::read_to_string(log).unwrap_or_default();
    log.lines().find(|line| !line.is_empty()).unwrap_or("it did not say why").to_owned()
}

impl Server {
    /// Starts a program that says `listening on http://ADDRESS`; what it has to complain of goes to `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self, String> {
        let stderr = fs::File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .map_err(|error| format!("{}: {error}", named(&command)))?;
        let stdout = child.stdout.take().expect("it is piped");
        match listening(stdout) {
            Some(address) => Ok(Self { child, address }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("{} did not start: {}", named(&command), complaint(log)))
            }
        }
    }

    /// Starts a program that says nothing, and is to listen there.
    pub(crate) fn start_at(mut command: Command, address: SocketAddr, log: &Path) -> Result<Self, String> {
        let output = fs::File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("{}: {error}", named(&command)))?;
        Ok(Self { child, address })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How long its threads have run.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_of(self.pid())
    }

    /// What it holds of memory, in bytes.
    pub(crate) fn memory(&self) -> f64 {
        memory_of(self.pid())
    }
}

/// Reads until the address is told, and on, so that nobody waits for a full pipe.
fn listening(stdout: ChildStdout) -> Option<SocketAddr> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("listening on http://") {
                let _ = tell.send(address.trim().parse());
            }
        }
    });
    told.recv_timeout(START).ok()?.ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.pid().to_string()).status();
        let until = Instant::now() + STOP;
        while Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long a process' threads have run: to the nanosecond, as the scheduler accounts it.
pub(crate) fn cpu_of(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of = |task: fs::DirEntry| -> Option<u64> {
        fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    Duration::from_nanos(tasks.filter_map(of).sum())
}

/// What a process holds of memory, in bytes.
pub(crate) fn memory_of(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0.0);
    kib * 1024.0
}
