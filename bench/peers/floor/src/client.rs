//! A connection.

use std::io::{ErrorKind, Read, Write};

use mio::net::TcpStream;

pub(crate) struct Client {
    stream: TcpStream,
    pub(crate) rest: Vec<u8>,
    out: Vec<u8>,
    pub(crate) is_upgraded: bool,
    pub(crate) rooms: Vec<String>,
}

impl Client {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, rest: Vec::new(), out: Vec::new(), is_upgraded: false, rooms: Vec::new() }
    }

    /// Reads what there is behind what was left; yields whether the other side is still there.
    pub(crate) fn read(&mut self, buffer: &mut [u8], into: &mut Vec<u8>) -> bool {
        into.append(&mut self.rest);
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(read) => into.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    /// Queues bytes; yields whether they are the first that wait.
    pub(crate) fn queue(&mut self, bytes: &[u8]) -> bool {
        self.out.extend_from_slice(bytes);
        self.out.len() == bytes.len()
    }

    /// Writes what the system takes.
    pub(crate) fn flush(&mut self) {
        let mut written = 0;
        while written < self.out.len() {
            match self.stream.write(&self.out[written..]) {
                Ok(taken) => written += taken,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        if written == self.out.len() {
            self.out = Vec::new();
        } else {
            self.out.drain(..written);
        }
    }
}
