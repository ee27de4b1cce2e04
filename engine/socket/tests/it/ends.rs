//! How connections end: told once, with the reason, and gone from everywhere.

use std::sync::Arc;
use std::time::Duration;

use homeroom_socket::hub::HubLimits;
use homeroom_socket::seam::{Args, Delivered, Full, Message, Reason, Target, Transport};
use homeroom_socket::settings::SocketSettings;

use crate::client::Got;
use crate::stage::{Start, quick};

pub(crate) const EVERYONE: Target<'_> = Target { rooms: None, tags: None, except: None, except_rooms: &[] };

pub(crate) fn message(event: &str, args: &str) -> Message {
    Message { event: event.into(), args: Args::new(args.into(), Arc::new([])) }
}

pub(crate) async fn leaving_is_told_once(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, conn) = stage.enter("/").await;
    stage.hub.join(conn, &"x".into());
    client.send("1").await;
    assert_eq!(stage.engine.end_of(conn).await, Reason::ClientLeft);
    assert!(stage.hub.is_empty() && stage.hub.members("/", "x").is_empty());
    client.connect("/", "").await.expect("it may enter again");
    client.drop_tcp();
    stage.engine.until("both ends are told", |seen| (seen.closed.len() == 2).then_some(())).await;
    stage.engine.end_of(conn).await;
}

pub(crate) async fn a_dropped_connection_is_told_once(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (client, conn) = stage.enter("/").await;
    client.drop_tcp();
    assert_eq!(stage.engine.end_of(conn).await, Reason::TransportClosed);
    assert!(stage.hub.is_empty());
}

pub(crate) async fn silence_is_a_ping_timeout(start: Start) {
    let settings = SocketSettings {
        ping_interval: Duration::from_millis(100),
        ping_timeout: Duration::from_millis(100),
        ..quick()
    };
    let stage = start(settings, HubLimits::default());
    let (mut client, conn) = stage.enter("/").await;
    client.answers_pings = false;
    client.end().await;
    assert_eq!(stage.engine.end_of(conn).await, Reason::PingTimeout);
}

pub(crate) async fn a_killed_connection_is_gone_at_once(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, conn) = stage.enter("/").await;
    stage.hub.kill(conn, Reason::Closed);
    client.end().await;
    assert_eq!(stage.engine.end_of(conn).await, Reason::Closed);
    assert!(stage.hub.is_empty());
}

pub(crate) async fn a_stalled_reader_goes_and_the_others_receive_everything(start: Start) {
    const MANY: usize = 600;
    // The one who reads is not to be outrun.
    let settings = SocketSettings { queue_bytes_max: usize::MAX, ..quick() };
    let stage = start(settings, HubLimits::default());
    let (_stalled, conn) = stage.enter("/").await;
    let (mut reader, _) = stage.enter("/").await;
    let (idle, idle_conn) = stage.enter("/room").await;
    let reading = tokio::spawn(async move {
        for number in 0..MANY {
            let packet = reader.packet().await;
            assert!(packet.starts_with(&format!(r#"2["n",{number},"#)), "{}", &packet[..20]);
        }
        reader
    });
    let filler = "x".repeat(60_000);
    for number in 0..MANY {
        let delivered = stage.hub.broadcast("/", EVERYONE, &message("n", &format!(r#"{number},"{filler}""#)), false);
        assert_ne!(delivered.reached, 0);
    }
    assert_eq!(stage.engine.end_of(conn).await, Reason::Stalled);
    let _reader = reading.await.expect("it receives everything");
    assert_eq!((stage.hub.count("/"), stage.hub.count("/room")), (1, 1));
    assert!(stage.engine.see(|seen| seen.closed.iter().all(|(closed, _)| *closed != idle_conn)));
    drop(idle);
}

pub(crate) async fn nothing_comes_after_the_end(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, conn) = stage.enter("/room").await;
    client.connect("/", "").await.expect("it is let in");
    stage.hub.disconnect(conn, Reason::Closed);
    assert_eq!(stage.hub.emit(conn, &message("late", "1"), false), Err(Full));
    assert_eq!(stage.hub.broadcast("/room", EVERYONE, &message("late", "1"), false), Delivered::default());
    assert_eq!(client.packet().await, "1/room,");
    assert_eq!(stage.engine.end_of(conn).await, Reason::Closed);
    client.send(r#"21["still",1]"#).await;
    assert_eq!(client.packet().await, "31[1]", "the other namespace stays");
}

pub(crate) async fn a_stop_ends_everybody(start: Start) {
    let mut stage = start(quick(), HubLimits::default());
    let (mut client, conn) = stage.enter("/").await;
    let stalled = tokio::net::TcpStream::connect(stage.address).await.expect("it listens");
    stage.stop().await;
    assert_eq!(client.next().await, Got::End);
    assert_eq!(stage.engine.end_of(conn).await, Reason::Shutdown);
    assert!(tokio::net::TcpStream::connect(stage.address).await.is_err(), "nobody listens any more");
    drop(stalled);
}
