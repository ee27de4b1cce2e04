//! HTTP long-polling, and the way from it to a WebSocket.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use homeroom_socket::hub::HubLimits;
use homeroom_socket::seam::{Reason, Transport};
use homeroom_socket::settings::SocketSettings;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Client, Got, request};
use crate::http::ask;
use crate::stage::{PATIENCE, Stage, Start, quick};

/// What stands between packets in a payload.
const SEPARATOR: char = '\u{1e}';

/// A polling session.
pub(crate) struct Poller {
    address: SocketAddr,
    pub(crate) session: String,
    waiting: VecDeque<String>,
}

impl Poller {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let (status, body) = ask(address, "GET", "/socket.io/?EIO=4&transport=polling", "", "").await;
        assert_eq!(status, 200, "{body}");
        let opened: Value = serde_json::from_str(body.strip_prefix('0').expect("it opens")).expect("it is JSON");
        assert_eq!(opened["upgrades"][0], "websocket");
        let session = opened["sid"].as_str().expect("it has an id").to_owned();
        Self { address, session, waiting: VecDeque::new() }
    }

    pub(crate) fn target(&self) -> String {
        format!("/socket.io/?EIO=4&transport=polling&sid={}", self.session)
    }

    pub(crate) async fn send(&self, packet: &str) -> u16 {
        self.post(&format!("4{packet}")).await
    }

    pub(crate) async fn post(&self, body: &str) -> u16 {
        ask(self.address, "POST", &self.target(), "Content-Type: text/plain;charset=UTF-8\r\n", body).await.0
    }

    /// The next packet that is no ping, or the status that ended it.
    pub(crate) async fn packet(&mut self) -> Result<String, u16> {
        loop {
            let frame = self.frame().await?;
            match frame.strip_prefix('4') {
                Some(packet) => return Ok(packet.to_owned()),
                None if frame == "2" => assert_eq!(self.post("3").await, 200),
                None => {}
            }
        }
    }

    /// The next packet of Engine.IO, or the status that ended it.
    pub(crate) async fn frame(&mut self) -> Result<String, u16> {
        loop {
            if let Some(frame) = self.waiting.pop_front() {
                return Ok(frame);
            }
            let (status, body) = ask(self.address, "GET", &self.target(), "", "").await;
            if status != 200 {
                return Err(status);
            }
            self.waiting.extend(body.split(SEPARATOR).map(str::to_owned));
        }
    }

    pub(crate) async fn enter(stage: &Stage) -> Self {
        let mut poller = Self::open(stage.address).await;
        assert_eq!(poller.send("0").await, 200);
        assert!(poller.packet().await.expect("it is let in").starts_with(r#"0{"sid":"#));
        poller
    }

    pub(crate) async fn upgrade(&self) -> Client {
        let request = request(self.address, &format!("&sid={}", self.session), None);
        let mut client = Client::raw(request).await.expect("it opens");
        client.frame("2probe").await;
        assert_eq!(client.next_frame().await, Got::Packet("3probe".into()));
        client.frame("5").await;
        client
    }
}

pub(crate) async fn a_session_polls(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut poller = Poller::enter(&stage).await;
    assert_eq!(poller.send(r#"21["ask",{"a":1}]"#).await, 200);
    assert_eq!(poller.packet().await, Ok(r#"31[{"a":1}]"#.into()));
    let conn = stage.engine.until("it is connected", |seen| seen.connected.first().copied()).await;
    assert_eq!(poller.send("1").await, 200);
    assert_eq!(stage.engine.end_of(conn).await, Reason::ClientLeft);
}

pub(crate) async fn a_session_is_upgraded(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let poller = Poller::enter(&stage).await;
    let mut client = poller.upgrade().await;
    client.send(r#"21["ask",1]"#).await;
    assert_eq!(client.packet().await, "31[1]");
    let conn = stage.engine.until("it is connected", |seen| seen.connected.first().copied()).await;
    client.drop_tcp();
    assert_eq!(stage.engine.end_of(conn).await, Reason::TransportClosed);
}

pub(crate) async fn an_upgraded_session_can_be_killed(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let poller = Poller::enter(&stage).await;
    let mut client = poller.upgrade().await;
    client.send(r#"21["ask",1]"#).await;
    assert_eq!(client.packet().await, "31[1]");
    let conn = stage.engine.until("it is connected", |seen| seen.connected.first().copied()).await;
    stage.hub.kill(conn, Reason::Closed);
    client.end().await;
    assert_eq!(stage.engine.end_of(conn).await, Reason::Closed);
}

/// A client may point to connections that are not its session's; it is the session's that is ended.
pub(crate) async fn a_second_upgrade_is_no_shelter(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let poller = Poller::enter(&stage).await;
    let mut upgraded = poller.upgrade().await;
    let mut opened = Client::open(stage.address).await;
    opened.connect("/", "").await.expect("it is let in");
    stage.engine.until("both are connected", |seen| (seen.connected.len() == 2).then_some(())).await;
    for session in [&poller.session, &opened.session] {
        let again = request(stage.address, &format!("&sid={session}"), None);
        match Client::raw(again).await {
            Ok(mut upgraded_for_now) => upgraded_for_now.end().await,
            Err(refused) => assert!(matches!(refused, Error::Http(_)), "{refused}"),
        }
    }
    for conn in stage.engine.connected() {
        stage.hub.kill(conn, Reason::Closed);
        assert_eq!(stage.engine.end_of(conn).await, Reason::Closed);
    }
    upgraded.end().await;
    opened.end().await;
}

pub(crate) async fn a_polling_session_can_be_killed(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut poller = Poller::enter(&stage).await;
    let conn = stage.engine.until("it is connected", |seen| seen.connected.first().copied()).await;
    stage.hub.kill(conn, Reason::Closed);
    assert_eq!(stage.engine.end_of(conn).await, Reason::Closed);
    assert_eq!(poller.packet().await, Ok("1".into()), "the client is told to leave");
    assert!(stage.hub.is_empty());
}

pub(crate) async fn polling_can_be_off(start: Start) {
    let stage = start(SocketSettings { polling: false, ..quick() }, HubLimits::default());
    let (status, _) = ask(stage.address, "GET", "/socket.io/?EIO=4&transport=polling", "", "").await;
    assert_eq!(status, 400);
    stage.enter("/").await;
}

pub(crate) async fn a_body_that_does_not_come_is_not_waited_for(start: Start) {
    let settings = SocketSettings { ping_timeout: Duration::from_millis(200), ..quick() };
    let stage = start(settings, HubLimits::default());
    let poller = Poller::open(stage.address).await;
    let mut stream = TcpStream::connect(stage.address).await.expect("it listens");
    let head = format!("POST {} HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n4", poller.target());
    stream.write_all(head.as_bytes()).await.expect("it is read");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("it is closed").expect("in peace");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}
