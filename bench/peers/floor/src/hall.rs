//! Who is connected, who is in which room, and what is answered.

use std::collections::HashMap;
use std::io;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::client::Client;
use crate::frame;

const OPEN: &[u8] = br#"0{"sid":"floor","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

#[derive(Default)]
pub(crate) struct Hall {
    clients: Vec<Option<Client>>,
    rooms: HashMap<String, Vec<usize>>,
    /// Connections for which something waits.
    waiting: Vec<usize>,
    buffer: Vec<u8>,
}

impl Hall {
    pub(crate) fn enter(&mut self, mut stream: TcpStream, registry: &Registry) -> io::Result<()> {
        let _ = stream.set_nodelay(true);
        let token = Token(self.clients.len());
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        self.clients.push(Some(Client::new(stream)));
        Ok(())
    }

    /// Reads what a connection sent, and does it.
    pub(crate) fn turn(&mut self, who: usize, is_writable: bool) {
        let Some(client) = self.clients.get_mut(who).and_then(Option::as_mut) else { return };
        if is_writable {
            client.flush();
        }
        self.buffer.resize(64 * 1024, 0);
        let mut bytes = Vec::new();
        if !client.read(&mut self.buffer, &mut bytes) {
            return self.leave(who);
        }
        let mut taken = 0;
        if !client.is_upgraded {
            let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                client.rest = bytes;
                return;
            };
            let Some(answer) = frame::upgraded(&String::from_utf8_lossy(&bytes[..end])) else { return self.leave(who) };
            client.is_upgraded = true;
            taken = end + 4;
            self.queue(who, answer.as_bytes());
            self.send(who, &[OPEN]);
        }
        while let Some((opcode, from, to)) = frame::next(&mut bytes[taken..]) {
            match opcode {
                1 => self.hear(who, &bytes[taken + from..taken + to]),
                8 => return self.leave(who),
                _ => {}
            }
            taken += to;
        }
        if let Some(client) = self.clients[who].as_mut() {
            client.rest = bytes.split_off(taken);
        }
    }

    fn hear(&mut self, who: usize, text: &[u8]) {
        if text.starts_with(b"40/bench,") {
            return self.send(who, &[br#"40/bench,{"sid":"floor"}"#]);
        }
        let Some(event) = text.strip_prefix(b"42/bench,") else { return };
        let digits = event.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(event.len());
        let (id, body) = event.split_at(digits);
        let Some(room) = behind(body, br#""classId":""#, |byte| byte != b'"') else { return };
        let Ok(room) = std::str::from_utf8(room) else { return };
        if body.starts_with(br#"["join""#) {
            self.clients[who].as_mut().expect("who speaks is there").rooms.push(room.to_owned());
            self.rooms.entry(room.to_owned()).or_default().push(who);
            self.broadcast(room, None, &[br#"42/bench,["joined",{"classId":""#, room.as_bytes(), br#""}]"#]);
            let room = room.as_bytes();
            return self.send(who, &[b"43/bench,", id, br#"[{"success":true,"data":{"classId":""#, room, br#""}}]"#]);
        }
        self.broadcast(room, Some(who), &[b"42/bench,", body]);
        let seq = behind(body, br#""seq":"#, |byte| byte.is_ascii_digit()).unwrap_or(b"0");
        self.send(who, &[b"43/bench,", id, br#"[{"success":true,"data":{"seq":"#, seq, b"}}]"]);
    }

    fn broadcast(&mut self, room: &str, except: Option<usize>, payload: &[&[u8]]) {
        let mut text = Vec::new();
        frame::text(&mut text, payload);
        for who in self.rooms.get(room).into_iter().flatten().filter(|who| Some(**who) != except) {
            if let Some(client) = self.clients[*who].as_mut()
                && client.queue(&text)
            {
                self.waiting.push(*who);
            }
        }
    }

    fn send(&mut self, who: usize, payload: &[&[u8]]) {
        let mut text = Vec::new();
        frame::text(&mut text, payload);
        self.queue(who, &text);
    }

    fn queue(&mut self, who: usize, bytes: &[u8]) {
        if self.clients[who].as_mut().is_some_and(|client| client.queue(bytes)) {
            self.waiting.push(who);
        }
    }

    /// Writes what waits.
    pub(crate) fn flush(&mut self) {
        for who in self.waiting.drain(..) {
            if let Some(client) = self.clients[who].as_mut() {
                client.flush();
            }
        }
    }

    fn leave(&mut self, who: usize) {
        let Some(client) = self.clients[who].take() else { return };
        for room in client.rooms {
            if let Some(members) = self.rooms.get_mut(&room) {
                members.retain(|member| *member != who);
            }
        }
    }
}

/// What stands behind a text, as far as its bytes are such.
fn behind<'a>(bytes: &'a [u8], text: &[u8], are: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
    let from = bytes.windows(text.len()).position(|window| window == text)? + text.len();
    let length = bytes[from..].iter().take_while(|byte| are(**byte)).count();
    Some(&bytes[from..from + length])
}
