//! What the official protocol suites of Engine.IO and Socket.IO check, each behaviour by a case of our own.

use std::time::{Duration, Instant};

use homeroom_socket::hub::HubLimits;
use homeroom_socket::settings::SocketSettings;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Client, Got, request};
use crate::http::ask;
use crate::polling::Poller;
use crate::stage::{Start, quick};

/// Beats that a case can wait for.
fn beating() -> SocketSettings {
    SocketSettings {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        message_bytes_max: 1_000_000,
        ..quick()
    }
}

fn is_handshake(opened: &str, upgrades: &[&str]) {
    let opened: Value = serde_json::from_str(opened.strip_prefix('0').expect("it opens")).expect("it is JSON");
    let keys: Vec<&str> = opened.as_object().expect("it is an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]);
    assert!(opened["sid"].is_string() && opened["upgrades"] == serde_json::json!(upgrades));
    assert_eq!([&opened["pingInterval"], &opened["pingTimeout"], &opened["maxPayload"]], [300, 200, 1_000_000]);
}

pub(crate) async fn a_handshake_says_what_holds(start: Start) {
    let stage = start(beating(), HubLimits::default());
    let (status, body) = ask(stage.address, "GET", "/socket.io/?EIO=4&transport=polling", "", "").await;
    assert_eq!(status, 200);
    is_handshake(&body, &["websocket"]);
    let mut client = Client::raw(request(stage.address, "", None)).await.expect("it opens");
    let Got::Packet(opened) = client.next_frame().await else { panic!("it does not open") };
    is_handshake(&opened, &[]);
}

pub(crate) async fn a_handshake_that_is_none_is_refused(start: Start) {
    let stage = start(beating(), HubLimits::default());
    for query in ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc", ""] {
        assert_eq!(ask(stage.address, "GET", &format!("/socket.io/?{query}"), "", "").await.0, 400, "{query}");
    }
    for method in ["POST", "PUT"] {
        assert_eq!(ask(stage.address, method, "/socket.io/?EIO=4&transport=polling", "", "").await.0, 400);
    }
    for query in ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"] {
        let mut asked = request(stage.address, "", None);
        *asked.uri_mut() = format!("ws://{}/socket.io/?{query}", stage.address).parse().expect("it is a URL");
        let refused = Client::raw(asked).await.err();
        assert!(matches!(refused, Some(Error::Http(_))), "{query}: {refused:?}");
    }
}

pub(crate) async fn pings_come_as_announced(start: Start) {
    let stage = start(beating(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    for _ in 0..3 {
        client.ping().await;
        client.frame("3").await;
    }
    let mut poller = Poller::open(stage.address).await;
    for _ in 0..3 {
        assert_eq!(poller.frame().await, Ok("2".into()));
        assert_eq!(poller.post("3").await, 200);
    }
}

pub(crate) async fn the_silent_are_gone_in_time(start: Start) {
    let stage = start(beating(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    client.answers_pings = false;
    client.end().await;
    let poller = Poller::open(stage.address).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(ask(stage.address, "GET", &poller.target(), "", "").await.0, 400);
}

pub(crate) async fn a_session_is_closed_by_a_packet(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    client.frame("1").await;
    client.end().await;
    let (mut client, conn) = stage.enter("/").await;
    client.frame("1").await;
    client.end().await;
    stage.engine.end_of(conn).await;
}

pub(crate) async fn an_upgraded_session_takes_no_other_requests(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let poller = Poller::enter(&stage).await;
    let mut client = poller.upgrade().await;
    client.send(r#"21["moved",1]"#).await;
    assert_eq!(client.packet().await, "31[1]");
    assert_eq!(ask(stage.address, "GET", &poller.target(), "", "").await.0, 400);
    match Client::raw(request(stage.address, &format!("&sid={}", poller.session), None)).await {
        Ok(mut upgraded_for_now) => upgraded_for_now.end().await,
        Err(refused) => assert!(matches!(refused, Error::Http(_)), "{refused}"),
    }
    client.send(r#"22["still",2]"#).await;
    assert_eq!(client.packet().await, "32[2]");
}

pub(crate) async fn whoever_enters_nothing_is_not_kept(start: Start) {
    let settings = SocketSettings { connect_timeout: Duration::from_millis(200), ..quick() };
    let stage = start(settings, HubLimits::default());
    Client::open(stage.address).await.end().await;
}

/// A client may ask at the last moment, and the engine then has its own time to decide.
pub(crate) async fn the_time_to_ask_is_not_the_time_to_decide(start: Start) {
    let settings = SocketSettings { connect_timeout: Duration::from_secs(1), ..quick() };
    let stage = start(settings.clone(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let asked = Instant::now();
    client.send(r#"0{"wait":true}"#).await;
    client.end().await;
    assert!(asked.elapsed() >= settings.connect_timeout, "after {:?}", asked.elapsed());
    assert_eq!(stage.engine.see(|seen| seen.abandoned), 1);
}

pub(crate) async fn a_connect_is_answered_with_an_id_alone(start: Start) {
    let stage = start(quick(), HubLimits::default());
    for (packet, prefix) in [("0", "0"), (r#"0{"token":"123"}"#, "0"), ("0/room,", "0/room,"), ("0/room", "0/room,")] {
        let mut client = Client::open(stage.address).await;
        client.send(packet).await;
        let answer = client.packet().await;
        let told: Value = serde_json::from_str(answer.strip_prefix(prefix).expect("it is let in")).expect("it is JSON");
        assert!(told.as_object().is_some_and(|told| told.len() == 1) && told["sid"].is_string());
    }
    let auths =
        stage.engine.see(|seen| seen.hellos.iter().map(|hello| hello.auth.get().to_owned()).collect::<Vec<_>>());
    assert_eq!(auths, ["{}", r#"{"token":"123"}"#, "{}", "{}"]);
    let mut client = Client::open(stage.address).await;
    client.send("0/random").await;
    assert_eq!(client.packet().await, r#"4/random,{"message":"Invalid namespace"}"#);
}

pub(crate) async fn what_is_no_packet_ends_the_connection(start: Start) {
    let stage = start(quick(), HubLimits::default());
    for frame in ["abc", "4abc", "42{}", r#"42abc["message",1]"#] {
        let (mut client, conn) = stage.enter("/").await;
        client.frame(frame).await;
        client.end().await;
        stage.engine.end_of(conn).await;
    }
    let mut client = Client::open(stage.address).await;
    client.frame("4abc").await;
    client.end().await;
}

pub(crate) async fn a_namespace_is_left_and_the_others_are_not(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, conn) = stage.enter("/").await;
    for _ in 0..3 {
        client.connect("/room", "").await.expect("it is let in");
        client.send("1/room").await;
        client.send(r#"21["still",1]"#).await;
        assert_eq!(client.packet().await, "31[1]");
        // It may enter again once the server has heard.
        stage.engine.until("it has left", |seen| (seen.closed.len() + 1 == seen.hellos.len()).then_some(())).await;
    }
    client.send("1").await;
    stage.engine.end_of(conn).await;
    client.connect("/room", "").await.expect("the connection stays");
}
