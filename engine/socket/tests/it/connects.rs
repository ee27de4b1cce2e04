//! Entering a namespace.

use std::collections::HashSet;
use std::time::Duration;

use homeroom_socket::hub::HubLimits;
use homeroom_socket::seam::{Reason, Transport};
use homeroom_socket::settings::SocketSettings;

use crate::client::{Client, request};
use crate::stage::{Start, quick};

pub(crate) async fn a_client_enters_and_is_known(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client =
        Client::try_open(request(stage.address, "", Some("https://school.example"))).await.expect("it opens");
    client.connect("/room", r#"{"token":"t","n":1.50}"#).await.expect("it is let in");
    let conn = stage.engine.until("it is connected", |seen| seen.connected.first().copied()).await;
    stage.engine.see(|seen| {
        let hello = &seen.hellos[0];
        assert_eq!((hello.conn, &*hello.namespace, hello.auth.get()), (conn, "/room", r#"{"token":"t","n":1.50}"#));
        assert_eq!(hello.peer.origin.as_deref(), Some("https://school.example"));
        assert!(hello.peer.address.is_some_and(|address| address.ip().is_loopback()));
        assert!(hello.public_id.len() >= 20 && *hello.public_id != *client.session);
        assert!(hello.public_id.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char)));
    });
    assert_eq!((stage.hub.count("/room"), stage.hub.count("/")), (1, 0));
    let mut without_auth = Client::open(stage.address).await;
    without_auth.connect("/", "").await.expect("it is let in");
    stage.engine.see(|seen| assert_eq!(seen.hellos[1].auth.get(), "{}"));
}

pub(crate) async fn a_refusal_says_why(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    assert_eq!(client.connect("/", r#"{"refuse":"TOKEN_EXPIRED"}"#).await, Err("TOKEN_EXPIRED: Not today.".into()));
    assert!(stage.hub.is_empty() && stage.engine.connected().is_empty());
    client.connect_again("/").await;
}

pub(crate) async fn a_panic_while_connecting_is_a_refusal(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    let refusal = client.connect("/", r#"{"panic":true}"#).await.expect_err("it is refused");
    assert!(refusal.starts_with("INTERNAL: "), "{refusal}");
    assert!(stage.hub.is_empty());
}

pub(crate) async fn whoever_is_decided_on_for_too_long_is_to_come_again(start: Start) {
    let settings = SocketSettings { connect_timeout: Duration::from_millis(200), ..quick() };
    let stage = start(settings, HubLimits::default());
    let mut client = Client::open(stage.address).await;
    client.send(r#"0{"wait":true}"#).await;
    client.end().await;
    assert_eq!((stage.hub.len(), stage.engine.see(|seen| seen.abandoned)), (0, 1));
    let (mut inside, _) = stage.enter("/").await;
    let refusal = inside.connect("/room", r#"{"wait":true}"#).await.expect_err("it is refused");
    assert!(refusal.starts_with("TIMEOUT: "), "{refusal}");
}

pub(crate) async fn a_full_hub_refuses(start: Start) {
    let stage = start(quick(), HubLimits { connections_max: 1, ..HubLimits::default() });
    let (mut first, conn) = stage.enter("/").await;
    let refusal = first.connect("/room", "").await.expect_err("it is refused");
    assert!(refusal.starts_with("BUSY: "), "{refusal}");
    first.send("1").await;
    stage.engine.end_of(conn).await;
    first.connect_again("/room").await;
}

pub(crate) async fn what_connected_sends_comes_after_the_connect_packet(start: Start) {
    let stage = start(quick(), HubLimits::default());
    for _ in 0..50 {
        let mut client = Client::open(stage.address).await;
        client.connect("/", r#"{"welcome":true}"#).await.expect("it is let in");
        assert_eq!(client.packet().await, r#"2["welcome",1]"#);
    }
}

pub(crate) async fn every_first_event_of_a_crowd_arrives(start: Start) {
    const CROWD: usize = 1_000;
    let stage = start(quick(), HubLimits::default());
    let address = stage.address;
    let clients: Vec<_> = (0..CROWD)
        .map(|number| {
            tokio::spawn(async move {
                let mut client = Client::open(address).await;
                client.connect("/", "").await.expect("it is let in");
                client.send(&format!(r#"21["hello",{number}]"#)).await;
                assert_eq!(client.packet().await, format!("31[{number}]"));
            })
        })
        .collect();
    for client in clients {
        client.await.expect("its event is answered");
    }
    let texts: HashSet<String> = stage.engine.see(|seen| seen.events.iter().map(|(_, text, _)| text.clone()).collect());
    assert_eq!(texts.len(), CROWD);
    stage.engine.until("all have gone", |seen| (seen.closed.len() == CROWD).then_some(())).await;
    assert!(stage.hub.is_empty());
}

pub(crate) async fn a_client_that_goes_while_it_is_decided_on_leaves_nothing(start: Start) {
    let settings = SocketSettings { connect_timeout: Duration::from_secs(600), ..quick() };
    let stage = start(settings, HubLimits::default());
    let mut client = Client::open(stage.address).await;
    client.send(r#"0{"wait":true}"#).await;
    stage.engine.until("it is asked", |seen| seen.hellos.first().map(|_| ())).await;
    client.drop_tcp();
    stage.engine.until("it is given up", |seen| (seen.abandoned == 1).then_some(())).await;
    assert!(stage.engine.see(|seen| seen.closed.is_empty()));
}

pub(crate) async fn one_connection_enters_several_namespaces(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    client.connect("/", "").await.expect("it is let in");
    client.connect("/room", "").await.expect("it is let in");
    client.send(r#"2/room,1["in",1]"#).await;
    assert_eq!(client.packet().await, "3/room,1[1]");
    client.send(r#"21["in",2]"#).await;
    assert_eq!(client.packet().await, "31[2]");
    client.send("1/room,").await;
    let (conn, reason) = stage.engine.until("one is left", |seen| seen.closed.first().copied()).await;
    assert_eq!((reason, stage.hub.count("/"), stage.hub.count("/room")), (Reason::ClientLeft, 1, 0));
    stage
        .engine
        .see(|seen| assert_eq!(&*seen.hellos.iter().find(|hello| hello.conn == conn).unwrap().namespace, "/room"));
    client.send(r#"22["in",3]"#).await;
    assert_eq!(client.packet().await, "32[3]");
}

pub(crate) async fn one_connection_enters_very_many_namespaces(start: Start) {
    const MANY: usize = 100;
    let stage = start(quick(), HubLimits::default());
    let names: Vec<String> = (0..MANY).map(|number| format!("/n{number}")).collect();
    stage.serve(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut client = Client::open(stage.address).await;
    for name in &names {
        client.connect(name, "").await.expect("it is let in");
    }
    for (number, name) in names.iter().enumerate() {
        client.send(&format!(r#"2{name},{number}["in",{number}]"#)).await;
        assert_eq!(client.packet().await, format!("3{name},{number}[{number}]"));
    }
    for name in names.iter().step_by(2) {
        client.send(&format!("1{name},")).await;
    }
    stage.engine.until("half are left", |seen| (seen.closed.len() == MANY / 2).then_some(())).await;
    client.drop_tcp();
    stage.engine.until("all are left", |seen| (seen.closed.len() == MANY).then_some(())).await;
    assert!(stage.hub.is_empty());
    let left = |reason| stage.engine.see(|seen| seen.closed.iter().filter(|(_, other)| *other == reason).count());
    assert_eq!((left(Reason::ClientLeft), left(Reason::TransportClosed)), (MANY / 2, MANY / 2));
}

/// Only a transport of our own can say it otherwise than in a sentence.
pub(crate) async fn a_refusal_has_its_code_in_data(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    client.send(r#"0/room,{"refuse":"TOKEN_EXPIRED"}"#).await;
    let refusal = r#"4/room,{"message":"TOKEN_EXPIRED: Not today.","data":{"code":"TOKEN_EXPIRED"}}"#;
    assert_eq!(client.packet().await, refusal);
}

/// Time does not begin before there is somebody.
pub(crate) async fn the_first_client_has_its_time_too(start: Start) {
    let settings = SocketSettings { connect_timeout: Duration::from_millis(300), ..quick() };
    let stage = start(settings, HubLimits::default());
    tokio::time::sleep(Duration::from_millis(600)).await;
    let mut client = Client::open(stage.address).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.connect("/", "").await.expect("it is let in");
}
