//! More clients than can be let in at once.

use std::time::Duration;

use homeroom_socket::hub::HubLimits;
use homeroom_socket::settings::SocketSettings;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Client, Got, request};
use crate::http::{OPEN, ask_all};
use crate::stage::{PATIENCE, Start, quick};

/// The status and the wait in seconds of a WebSocket that was not begun.
async fn sent_away(address: std::net::SocketAddr) -> (u16, u64) {
    match Client::try_open(request(address, "", None)).await.err() {
        Some(Error::Http(response)) => {
            let wait = response.headers()["retry-after"].to_str().expect("it is text").parse().expect("it is a number");
            (response.status().as_u16(), wait)
        }
        other => panic!("not sent away: {other:?}"),
    }
}

pub(crate) async fn handshakes_stand_in_line_and_the_rest_are_to_come_again(start: Start) {
    let settings = SocketSettings { handshakes_waiting_max: 1, handshake_wait: PATIENCE, ..quick() };
    let stage = start(settings, HubLimits::default());
    stage.engine.has_room(false);
    let address = stage.address;
    let waiting = tokio::spawn(async move { Client::try_open(request(address, "", None)).await });
    stage.engine.until("it is asked whether there is room", |seen| (seen.room_asked > 0).then_some(())).await;
    let (status, wait) = sent_away(address).await;
    assert!(status == 503 && (1..=4).contains(&wait), "{status}, {wait} s");
    let answer = ask_all(address, "GET", OPEN, "", "").await.to_lowercase();
    assert!(answer.starts_with("http/1.1 503 ") && answer.contains("\r\nretry-after: "), "{answer}");
    stage.engine.has_room(true);
    let mut first = waiting.await.expect("no panic").expect("its turn has come");
    first.connect("/", "").await.expect("it is let in");
    Client::open(address).await.connect("/", "").await.expect("so is the next");
}

pub(crate) async fn nobody_stands_in_line_longer_than_may_be(start: Start) {
    let settings = SocketSettings { handshake_wait: Duration::from_millis(100), ..quick() };
    let stage = start(settings, HubLimits::default());
    let (mut inside, _) = stage.enter("/").await;
    stage.engine.has_room(false);
    assert_eq!(sent_away(stage.address).await.0, 503);
    inside.send(r#"20["a"]"#).await;
    assert_eq!(inside.packet().await, "30[]", "whoever is in is heard");
}

pub(crate) async fn whoever_leaves_the_line_holds_nobody_up(start: Start) {
    let settings = SocketSettings { handshakes_waiting_max: 1, handshake_wait: PATIENCE, ..quick() };
    let stage = start(settings, HubLimits::default());
    stage.engine.has_room(false);
    let address = stage.address;
    let gone = tokio::spawn(async move { Client::try_open(request(address, "", None)).await });
    stage.engine.until("it is asked whether there is room", |seen| (seen.room_asked == 1).then_some(())).await;
    gone.abort();
    let next = loop {
        let next = tokio::spawn(async move { Client::try_open(request(address, "", None)).await });
        tokio::select! {
            () = stage.engine.until("it is asked again", |seen| (seen.room_asked > 1).then_some(())) => break next,
            () = async { while !next.is_finished() { tokio::time::sleep(Duration::from_millis(5)).await; } } => {}
        }
    };
    stage.engine.has_room(true);
    next.await.expect("no panic").expect("it is its turn");
}

pub(crate) async fn whoever_comes_late_has_all_its_time(start: Start) {
    let connect_timeout = Duration::from_secs(1);
    let stage = start(SocketSettings { connect_timeout, ..quick() }, HubLimits::default());
    tokio::time::sleep(2 * connect_timeout).await;
    let mut first = Client::open(stage.address).await;
    tokio::time::sleep(connect_timeout / 4).await;
    first.connect("/", "").await.expect("it is let in");
}

pub(crate) async fn what_passes_cuts_off_whoever_is_in_no_namespace(start: Start) {
    let stage = start(quick(), HubLimits::default());
    for code in ["BUSY", "UNAVAILABLE", "TIMEOUT"] {
        let refuse = format!(r#"{{"refuse":"{code}"}}"#);
        let mut alone = Client::open(stage.address).await;
        alone.send(&format!("0{refuse}")).await;
        assert_eq!(alone.next().await, Got::End, "{code}: it comes again by itself");
        let (mut inside, _) = stage.enter("/").await;
        assert_eq!(inside.connect("/room", &refuse).await, Err(format!("{code}: Not today.")), "it is told");
    }
}
