//! One client: from its first request to the last room it is to enter, and then what a scene has it say.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use super::frame;
use super::packet::Packet;

/// How many connections one address of this machine makes: a small part of its ephemeral ports, so that a free one is found
/// at once.
const PORTS: usize = 4000;

/// Whom a client is, and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) server: SocketAddr,
    pub(crate) namespace: Arc<str>,
    pub(crate) token: String,
    /// The numbers of the classes whose rooms it enters, one after the other.
    pub(crate) classes: Range<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Upgrading,
    Opening,
    Connecting,
    Joining { next: u32 },
    Joined,
    Gone,
}

/// What became of a client by what it heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Joined,
    /// Something for the scene.
    Heard,
    Nothing,
}

pub(crate) struct Client {
    pub(crate) person: Person,
    pub(super) stream: TcpStream,
    phase: Phase,
    /// What was read and is not yet a whole frame.
    pub(super) rest: Vec<u8>,
    out: Vec<u8>,
}

impl Client {
    /// Begins to connect. The number chooses the address it comes from, so that tens of thousands find a port.
    pub(super) fn new(number: usize, person: Person) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        // Ends by a reset, which leaves no port waiting: the next peer's clients need them.
        socket.set_linger(Some(Duration::ZERO))?;
        let last = u8::try_from(2 + number / PORTS).map_err(io::Error::other)?;
        socket.bind(&SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, last), 0)).into())?;
        match socket.connect(&person.server.into()) {
            Err(error) if error.raw_os_error() != Some(IN_PROGRESS) => return Err(error),
            _ => {}
        }
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
             Origin: http://{}\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n",
            person.server, person.server
        );
        let stream = TcpStream::from_std(socket.into());
        Ok(Self { person, stream, phase: Phase::Upgrading, rest: Vec::new(), out: request.into_bytes() })
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }

    /// Sends an event with an id for its ack, and what `write` writes: the JSON of the event's list.
    pub(crate) fn emit(&mut self, id: u64, write: impl FnOnce(&mut Vec<u8>)) {
        self.queue(id, write);
        self.flush();
    }

    /// As [`Self::emit`], to be sent with what follows.
    pub(crate) fn queue(&mut self, id: u64, write: impl FnOnce(&mut Vec<u8>)) {
        let namespace = Arc::clone(&self.person.namespace);
        frame::text(&mut self.out, |out| {
            let _ = write!(out, "42{namespace},{id}");
            write(out);
        });
    }

    /// Writes what the system takes.
    pub(crate) fn flush(&mut self) {
        let mut written = 0;
        while written < self.out.len() && self.phase != Phase::Gone {
            match self.stream.write(&self.out[written..]) {
                Ok(taken) => written += taken,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                Err(_) => self.phase = Phase::Gone,
            }
        }
        self.out.drain(..written);
    }

    /// Reads into the buffer, behind what was left from before; yields how much there is, and whether there may be more.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> (usize, bool) {
        let kept = self.rest.len();
        buffer[..kept].copy_from_slice(&self.rest);
        self.rest.clear();
        loop {
            match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => self.phase = Phase::Gone,
                Ok(read) => return (kept + read, kept + read == buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.phase = Phase::Gone,
            }
            return (kept, false);
        }
    }

    /// Where the first frame begins, if the answer to the upgrade is whole.
    pub(super) fn upgraded(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.phase != Phase::Upgrading {
            return Some(0);
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        self.phase = if bytes.starts_with(b"HTTP/1.1 101") { Phase::Opening } else { Phase::Gone };
        Some(end + 4)
    }

    pub(super) fn close(&mut self) {
        self.phase = Phase::Gone;
    }

    /// Does what its way in asks for next.
    pub(super) fn step(&mut self, packet: &Packet<'_>) -> Result<Step, String> {
        match (packet, self.phase) {
            (Packet::Ping, _) => {
                frame::text(&mut self.out, |out| out.push(b'3'));
                self.flush();
            }
            (Packet::Open, Phase::Opening) => {
                self.phase = Phase::Connecting;
                let Person { namespace, token, .. } = self.person.clone();
                frame::text(&mut self.out, |out| {
                    let _ = write!(out, r#"40{namespace},{{"token":"{token}"}}"#);
                });
                self.flush();
            }
            (Packet::Connected, Phase::Connecting) => return Ok(self.join(self.person.classes.start)),
            (Packet::Ack { body, .. }, Phase::Joining { next }) => {
                if !Packet::is_success(body) {
                    return Err(format!("a join was refused: {}", String::from_utf8_lossy(body)));
                }
                return Ok(self.join(next));
            }
            (Packet::Refused(why), _) => return Err(format!("not let in: {}", String::from_utf8_lossy(why))),
            (Packet::Ended, _) => self.phase = Phase::Gone,
            (Packet::Event(_) | Packet::Ack { .. }, Phase::Joined) => return Ok(Step::Heard),
            _ => {}
        }
        Ok(Step::Nothing)
    }

    /// Sends the join again whose answer is awaited; yields whether one is.
    pub(super) fn ask_again(&mut self) -> bool {
        let Phase::Joining { next } = self.phase else { return false };
        self.join(next - 1);
        true
    }

    fn join(&mut self, class: u32) -> Step {
        if class == self.person.classes.end {
            self.phase = Phase::Joined;
            return Step::Joined;
        }
        self.phase = Phase::Joining { next: class + 1 };
        self.emit(u64::from(class), |out| {
            let _ = write!(out, r#"["join",{{"classId":"class-{class}"}}]"#);
        });
        Step::Nothing
    }
}

/// `EINPROGRESS` on Linux.
const IN_PROGRESS: i32 = 115;
