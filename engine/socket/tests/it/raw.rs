//! A WebSocket client that sends bytes as a case has them, whole frames or not.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::stage::{PATIENCE, Stage};

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A TCP connection that has become a WebSocket.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    pub(crate) session: String,
}

/// A client's frame: its first byte as given, the rest as it has to be.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ ..=125 => bytes.push(0x80 | length as u8),
        length @ ..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

impl Raw {
    /// One that has had its Engine.IO handshake.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::on(TcpStream::connect(address).await.expect("it listens")).await
    }

    /// One on this connection.
    pub(crate) async fn on(mut stream: TcpStream) -> Self {
        let head = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("it is read");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.expect("it answers"));
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
        let mut raw = Self { stream, session: String::new() };
        let (first, opened) = raw.next().await.expect("it opens");
        assert_eq!((first, opened[0]), (TEXT, b'0'));
        raw.session = serde_json::from_slice::<serde_json::Value>(&opened[1..]).expect("it is JSON")["sid"].to_string();
        raw
    }

    /// One that is in `/`.
    pub(crate) async fn enter(stage: &Stage) -> Self {
        let mut raw = Self::open(stage.address).await;
        raw.send(&frame(TEXT, b"40")).await;
        assert!(raw.text().await.starts_with("40{"));
        raw
    }

    /// Sends bytes; that they may find nobody there is seen by what comes back.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next frame that is no ping of Engine.IO, which is answered: its first byte and its payload; `None`: the end.
    pub(crate) async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let next = timeout(PATIENCE, self.read()).await.expect("something comes");
            if next.as_ref().is_none_or(|(_, payload)| payload != b"2") {
                return next;
            }
            self.send(&frame(TEXT, b"3")).await;
        }
    }

    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.stream.read_u8().await.ok()?;
        let length = match self.stream.read_u8().await.ok()? {
            126 => u64::from(self.stream.read_u16().await.ok()?),
            127 => self.stream.read_u64().await.ok()?,
            short => u64::from(short),
        };
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((first, payload))
    }

    /// The next text; pongs may come before it.
    pub(crate) async fn text(&mut self) -> String {
        let payload = loop {
            match self.next().await.expect("a text comes") {
                (PONG, _) => {}
                (first, payload) => {
                    assert_eq!(first, TEXT);
                    break payload;
                }
            }
        };
        String::from_utf8(payload).expect("it is text")
    }

    /// The next text without this in it.
    pub(crate) async fn text_but(&mut self, passed_over: &str) -> String {
        loop {
            let text = self.text().await;
            if !text.contains(passed_over) {
                return text;
            }
        }
    }

    /// Reads until there is nothing more.
    pub(crate) async fn rest(&mut self) {
        while self.read().await.is_some() {}
    }

    /// Reads until it is told the end, and then to the end; yields the code.
    pub(crate) async fn closed(&mut self) -> u16 {
        let told = async {
            loop {
                match self.next().await.expect("it is told the end") {
                    (CLOSE, payload) => {
                        assert_eq!(self.next().await, None, "nothing comes after the end");
                        return u16::from_be_bytes([payload[0], payload[1]]);
                    }
                    (first, _) => assert!([TEXT, BINARY, PONG].contains(&first), "{first:x}"),
                }
            }
        };
        timeout(PATIENCE, told).await.expect("it is told the end in time")
    }
}
