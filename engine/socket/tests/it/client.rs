//! A client of Engine.IO 4 and Socket.IO 5 that shows every packet.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::Request;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::stage::PATIENCE;

/// What a client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Got {
    /// A Socket.IO packet.
    Packet(String),
    /// An attachment.
    Attachment(Bytes),
    /// The end.
    End,
}

/// A WebSocket client.
pub(crate) struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) answers_pings: bool,
    /// The id of its Engine.IO session.
    pub(crate) session: String,
}

/// A request for a WebSocket, with a query after `transport=websocket` and perhaps an origin.
pub(crate) fn request(address: SocketAddr, query: &str, origin: Option<&str>) -> Request<()> {
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket{query}");
    let mut request = url.into_client_request().expect("it is a URL");
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().expect("it is a header"));
    }
    request
}

impl Client {
    /// A client that has had its Engine.IO handshake.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::try_open(request(address, "", None)).await.expect("it opens")
    }

    pub(crate) async fn try_open(request: Request<()>) -> Result<Self, Error> {
        let mut client = Self::raw(request).await?;
        let opened = client.stream.next().await.ok_or(Error::ConnectionClosed)??;
        let opened = opened.to_text().expect("it is text").strip_prefix('0').expect("the first packet opens");
        let opened: Value = serde_json::from_str(opened).expect("it is JSON");
        client.session = opened["sid"].as_str().expect("it has an id").to_owned();
        Ok(client)
    }

    /// One that has not even that.
    pub(crate) async fn raw(request: Request<()>) -> Result<Self, Error> {
        let (stream, _) = connect_async(request).await?;
        Ok(Self { stream, answers_pings: true, session: String::new() })
    }

    /// Sends a frame; that it may find nobody there is seen by what comes back.
    pub(crate) async fn frame(&mut self, text: impl Into<String>) {
        let _ = self.stream.send(Message::Text(text.into().into())).await;
    }

    /// Sends a Socket.IO packet.
    pub(crate) async fn send(&mut self, packet: &str) {
        self.frame(format!("4{packet}")).await;
    }

    /// Sends many in one go.
    pub(crate) async fn send_all(&mut self, packets: impl Iterator<Item = String>) {
        for packet in packets {
            let _ = self.stream.feed(Message::Text(format!("4{packet}").into())).await;
        }
        let _ = self.stream.flush().await;
    }

    pub(crate) async fn attach(&mut self, bytes: &[u8]) {
        let _ = self.stream.send(Message::Binary(Bytes::copy_from_slice(bytes))).await;
    }

    /// The next text frame or attachment, pings answered.
    pub(crate) async fn next_frame(&mut self) -> Got {
        timeout(PATIENCE, self.any_frame()).await.expect("something comes")
    }

    async fn any_frame(&mut self) -> Got {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) if text == "2" => {
                    if self.answers_pings {
                        self.frame("3").await;
                    }
                }
                Some(Ok(Message::Text(text))) => return Got::Packet(text.to_string()),
                Some(Ok(Message::Binary(bytes))) => return Got::Attachment(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Got::End,
            }
        }
    }

    /// The next ping, which must come before anything else.
    pub(crate) async fn ping(&mut self) {
        let pinged = timeout(PATIENCE, self.stream.next()).await.expect("something comes");
        assert!(matches!(&pinged, Some(Ok(Message::Text(text))) if text.as_str() == "2"), "no ping but {pinged:?}");
    }

    /// The next Socket.IO packet, attachment or end.
    pub(crate) async fn next(&mut self) -> Got {
        match self.next_frame().await {
            Got::Packet(text) if text == "1" || text == "6" => Box::pin(self.next()).await,
            Got::Packet(text) => Got::Packet(text.strip_prefix('4').expect("it is a message").to_owned()),
            other => other,
        }
    }

    /// The next packet, which must be one.
    pub(crate) async fn packet(&mut self) -> String {
        match self.next().await {
            Got::Packet(text) => text,
            other => panic!("no packet but {other:?}"),
        }
    }

    pub(crate) async fn attachment(&mut self) -> Bytes {
        match self.next().await {
            Got::Attachment(bytes) => bytes,
            other => panic!("no attachment but {other:?}"),
        }
    }

    /// Reads until the end.
    pub(crate) async fn end(&mut self) {
        while self.next().await != Got::End {}
    }

    /// Enters a namespace, with `auth` as JSON or nothing; yields the session id or the message of the refusal.
    pub(crate) async fn connect(&mut self, namespace: &str, auth: &str) -> Result<String, String> {
        self.send(&format!("0{}{auth}", prefix(namespace))).await;
        self.decision(namespace).await
    }

    /// Enters a namespace that has just refused it. A CONNECT that follows a refusal within microseconds may be taken for a
    /// duplicate of the refused one and not be answered; a client of today would only wait.
    pub(crate) async fn connect_again(&mut self, namespace: &str) {
        let again = Duration::from_secs(1);
        loop {
            self.send(&format!("0{}", prefix(namespace))).await;
            if let Ok(decision) = timeout(again, self.decision(namespace)).await {
                decision.expect("it is let in");
                return;
            }
        }
    }

    /// What comes of a CONNECT that was sent.
    pub(crate) async fn decision(&mut self, namespace: &str) -> Result<String, String> {
        let packet = self.packet().await;
        let field = |text: &str, name: &str| {
            let value: Value = serde_json::from_str(text).expect("it is JSON");
            value[name].as_str().expect("it is text").to_owned()
        };
        match packet.strip_prefix(&format!("0{}", prefix(namespace))) {
            Some(connected) => Ok(field(connected, "sid")),
            None => {
                let refused = packet.strip_prefix(&format!("4{}", prefix(namespace)));
                Err(field(refused.unwrap_or_else(|| panic!("no decision but {packet}")), "message"))
            }
        }
    }

    /// Ends the TCP connection without a word.
    pub(crate) fn drop_tcp(self) {
        drop(self);
    }
}

fn prefix(namespace: &str) -> String {
    if namespace == "/" { String::new() } else { format!("{namespace},") }
}
