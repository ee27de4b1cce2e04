//! Who is measured, and how each is started.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::process::{SERVER_CORE, Server, on_core};

/// For tokens; only ever used on this machine.
pub(crate) const SECRET: &str = "a secret for measurements, long enough for HS256";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Peer {
    /// Homeroom on its own transport.
    Homeroom,
    /// Homeroom on socketioxide.
    HomeroomSocketioxide,
    /// Socket.IO for Node, on ws.
    NodeWs,
    /// Socket.IO for Node, on uWebSockets.js.
    NodeUws,
    /// Written by hand on socketioxide, one worker of the multi-thread runtime.
    Handwritten,
    /// The same on the current-thread runtime.
    HandwrittenCurrentThread,
    /// Frames alone, nothing checked.
    Floor,
}

impl Peer {
    pub(crate) const ALL: [Self; 7] = [
        Self::Homeroom,
        Self::HomeroomSocketioxide,
        Self::NodeWs,
        Self::NodeUws,
        Self::Handwritten,
        Self::HandwrittenCurrentThread,
        Self::Floor,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Homeroom => "Homeroom, own transport",
            Self::HomeroomSocketioxide => "Homeroom on socketioxide",
            Self::NodeWs => "Node, socket.io on ws",
            Self::NodeUws => "Node, socket.io on uWebSockets.js",
            Self::Handwritten => "hand-written socketioxide, 1 worker",
            Self::HandwrittenCurrentThread => "hand-written socketioxide, current-thread",
            Self::Floor => "raw epoll, no checks (floor)",
        }
    }

    pub(crate) fn is_homeroom(self) -> bool {
        matches!(self, Self::Homeroom | Self::HomeroomSocketioxide)
    }

    /// Whether it keeps state, and so can keep it in Redis.
    pub(crate) fn keeps_state(self) -> bool {
        self != Self::Floor
    }
}

/// Where everything is.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// This folder.
    pub(crate) bench: PathBuf,
    pub(crate) homeroom: PathBuf,
}

impl Places {
    /// What is made while measuring.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.bench.join("target/scratch")
    }

    fn built(&self, name: &str) -> PathBuf {
        self.bench.join("target/release").join(name)
    }

    /// Starts a peer on a free port, on the core of the servers.
    pub(crate) fn start(&self, peer: Peer, redis: Option<&Server>) -> Result<Server, String> {
        self.start_with(peer, redis, &self.bench.join("namespaces"))
    }

    /// The same; Homeroom with other definitions.
    pub(crate) fn start_with(&self, peer: Peer, redis: Option<&Server>, definitions: &Path) -> Result<Server, String> {
        let program = match peer {
            Peer::Homeroom | Peer::HomeroomSocketioxide => self.homeroom.clone(),
            Peer::NodeWs | Peer::NodeUws => PathBuf::from("node"),
            Peer::Handwritten | Peer::HandwrittenCurrentThread => self.built("handwritten"),
            Peer::Floor => self.built("floor"),
        };
        let mut command = on_core(SERVER_CORE, &program.to_string_lossy());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("PORT", "0").env("JWT_SECRET", SECRET).env("NODE_ENV", "production");
        if let Some(redis) = redis {
            command.env("REDIS_URL", format!("redis://{}", redis.address));
        }
        match peer {
            Peer::Homeroom | Peer::HomeroomSocketioxide => {
                command.arg("serve").arg("--namespaces").arg(definitions);
                command.env("HOMEROOM_LOG", "warn").env("HOMEROOM_RELOAD_WATCH", "off");
                command.env("HOMEROOM_SOCKET_TRANSPORTS", "websocket,polling");
                // The others let everyone in at once, too.
                command.env("HOMEROOM_SOCKET_HANDSHAKES_PER_SECOND", "100000");
                let transport = if peer == Peer::Homeroom { "own" } else { "socketioxide" };
                command.env("HOMEROOM_SOCKET_TRANSPORT", transport);
            }
            Peer::NodeWs | Peer::NodeUws => {
                command.arg(self.bench.join("peers/node/server.mjs"));
                command.env("ENGINE", if peer == Peer::NodeWs { "ws" } else { "uws" });
            }
            Peer::HandwrittenCurrentThread => {
                command.env("WORKERS", "current-thread");
            }
            Peer::Handwritten | Peer::Floor => {}
        }
        std::fs::create_dir_all(self.scratch()).map_err(|error| error.to_string())?;
        Server::start(command, &self.scratch().join(format!("{peer:?}.log")))
    }

    /// Starts a Redis that keeps nothing on disk, on the core of what offers load.
    pub(crate) fn start_redis(&self) -> Result<Server, String> {
        crate::redis::start(&self.scratch())
    }
}
