//! Every bound of the edge, by name.

use std::time::Duration;

/// What carries the packets of clients that come by WebSocket. Those that begin by polling are carried by socketioxide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carrier {
    /// This crate's own transport, which takes a fraction of the memory.
    #[default]
    Own,
    /// socketioxide.
    Socketioxide,
}

/// How the edge speaks, and what one peer may take. The defaults suit a school district.
#[derive(Debug, Clone)]
pub struct SocketSettings {
    /// What carries WebSockets.
    pub transport: Carrier,
    /// Whether clients may use WebSocket. They may also if they may use nothing else.
    pub websocket: bool,
    /// Whether clients may use HTTP long-polling, with which the official client begins. It needs every request of a
    /// session to reach the same server.
    pub polling: bool,
    /// Where Socket.IO is served.
    pub path: String,
    /// How often a client is pinged.
    pub ping_interval: Duration,
    /// How long its answer may take.
    pub ping_timeout: Duration,
    /// How long a client may take to ask to enter a namespace, and then the engine to decide.
    pub connect_timeout: Duration,
    /// How many clients may begin a session in a second; the rest stand in line.
    pub handshakes_per_second: u32,
    /// How many may stand in that line; others are told by HTTP 503 to come again, which the official client does by itself.
    pub handshakes_waiting_max: usize,
    /// How long one may stand there; then it is told the same.
    pub handshake_wait: Duration,
    /// How many bytes a message may have, in either transport.
    pub message_bytes_max: usize,
    /// How many attachments an event may have.
    pub attachments_max: usize,
    /// How many bytes its attachments may have together.
    pub attachments_bytes_max: usize,
    /// How many packets may wait for a client; one for whom there are more is ended.
    pub queue_packets_max: usize,
    /// How many bytes may wait for a client; one for whom there are more is ended. A packet alone may be larger.
    pub queue_bytes_max: usize,
    /// How long a client may read nothing while something is to be written to it.
    pub write_stall: Duration,
    /// Over how long WebSockets are ended when the server stops.
    pub drain: Duration,
    /// How many TCP connections, and how many namespace connections, at once.
    pub connections_max: usize,
    /// How long the head of an HTTP request may take to arrive, and then its body, unless that is Socket.IO's.
    pub head_timeout: Duration,
    /// Web pages from these origins may connect; `*`: from any. Empty: browsers' default, the server's own.
    pub origins: Vec<String>,
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self {
            transport: Carrier::default(),
            websocket: true,
            polling: true,
            path: "/socket.io".into(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            handshakes_per_second: 2000,
            handshakes_waiting_max: 2048,
            handshake_wait: Duration::from_secs(5),
            message_bytes_max: 1024 * 1024,
            attachments_max: 16,
            attachments_bytes_max: 1024 * 1024,
            queue_packets_max: 1024,
            queue_bytes_max: 16 * 1024 * 1024,
            write_stall: Duration::from_secs(5),
            drain: Duration::from_secs(5),
            connections_max: 100_000,
            head_timeout: Duration::from_secs(10),
            origins: Vec::new(),
        }
    }
}

impl SocketSettings {
    /// Whether clients may use WebSocket.
    #[must_use]
    pub fn takes_websockets(&self) -> bool {
        self.websocket || !self.polling
    }
}
