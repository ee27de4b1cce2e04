//! What stands before the protocol: origins, heads that do not come, too many connections.

use std::net::SocketAddr;
use std::time::Duration;

use homeroom_socket::hub::HubLimits;
use homeroom_socket::settings::SocketSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Client, request};
use crate::stage::{PATIENCE, Start, quick};

pub(crate) const OPEN: &str = "/socket.io/?EIO=4&transport=polling";

/// One request on a connection of its own; yields the status and the body.
pub(crate) async fn ask(address: SocketAddr, method: &str, target: &str, headers: &str, body: &str) -> (u16, String) {
    let answer = ask_all(address, method, target, headers, body).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("it has a head");
    (head[9..12].parse().expect("it has a status"), body.to_owned())
}

pub(crate) async fn ask_all(address: SocketAddr, method: &str, target: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    let asked = async {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}"
        );
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.expect("it is read");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        answer.to_lowercase().lines().any(|line| line == "transfer-encoding: chunked").then(|| panic!("chunked"));
        answer
    };
    timeout(PATIENCE, asked).await.expect("it answers in time")
}

pub(crate) async fn origins_are_checked(start: Start) {
    let settings = SocketSettings { origins: vec!["https://school.example".into()], ..quick() };
    let stage = start(settings, HubLimits::default());
    let refused = Client::try_open(request(stage.address, "", Some("https://evil.example"))).await.err();
    let Some(Error::Http(response)) = refused else { panic!("not refused: {refused:?}") };
    assert_eq!(response.status(), 403);
    assert_eq!(ask(stage.address, "GET", OPEN, "Origin: https://evil.example\r\n", "").await.0, 403);
    Client::try_open(request(stage.address, "", Some("https://school.example"))).await.expect("its own page may");
    Client::open(stage.address).await;
    let answer = ask_all(stage.address, "GET", OPEN, "Origin: https://school.example\r\n", "").await;
    assert!(answer.to_lowercase().contains("\r\naccess-control-allow-origin: https://school.example\r\n"), "{answer}");
    let preflight = "Origin: https://school.example\r\nAccess-Control-Request-Method: POST\r\n";
    assert_eq!(ask(stage.address, "OPTIONS", OPEN, preflight, "").await.0, 200);
}

pub(crate) async fn any_origin_may_be_allowed(start: Start) {
    let stage = start(SocketSettings { origins: vec!["*".into()], ..quick() }, HubLimits::default());
    Client::try_open(request(stage.address, "", Some("https://any.example"))).await.expect("any page may");
    let answer = ask_all(stage.address, "GET", OPEN, "Origin: https://any.example\r\n", "").await;
    assert!(answer.to_lowercase().contains("\r\naccess-control-allow-origin: *\r\n"), "{answer}");
    let stage = start(quick(), HubLimits::default());
    let answer = ask_all(stage.address, "GET", OPEN, "Origin: https://any.example\r\n", "").await;
    assert!(!answer.to_lowercase().contains("access-control-allow-origin"), "{answer}");
}

pub(crate) async fn a_head_that_does_not_come_is_not_waited_for(start: Start) {
    let stage = start(SocketSettings { head_timeout: Duration::from_millis(100), ..quick() }, HubLimits::default());
    for begun in ["", "GET /socket.io/ HTTP/1.1\r\nHost:"] {
        let mut stream = TcpStream::connect(stage.address).await.expect("it listens");
        stream.write_all(begun.as_bytes()).await.expect("it is read");
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it is closed").expect("in peace");
    }
}

pub(crate) async fn connections_are_counted(start: Start) {
    let stage = start(SocketSettings { connections_max: 2, ..quick() }, HubLimits::default());
    let (_first, conn) = stage.enter("/").await;
    let (second, _) = stage.enter("/").await;
    let mut third = TcpStream::connect(stage.address).await.expect("the system takes it");
    third.write_all(format!("GET {OPEN} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).await.expect("the system takes it");
    let mut answer = [0; 1];
    let is_shut_out = tokio::select! {
        read = third.read(&mut answer) => read.map_or(true, |bytes| bytes == 0),
        () = tokio::time::sleep(Duration::from_millis(300)) => true,
    };
    assert!(is_shut_out, "a third is served");
    drop(third);
    second.drop_tcp();
    stage.engine.until("one has gone", |seen| seen.closed.first().copied()).await;
    assert_eq!(stage.hub.everyone("/"), [conn]);
    let mut again = loop {
        if let Ok(client) = Client::try_open(request(stage.address, "", None)).await {
            break client;
        }
    };
    again.connect("/", "").await.expect("there is place again");
}
