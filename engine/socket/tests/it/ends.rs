//! How connections end: told once, with the reason, and gone from everywhere.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use homeroom_socket::hub::HubLimits;
use homeroom_socket::seam::{Args, ConnId, Delivered, Full, Message, Reason, Target, Transport};
use homeroom_socket::settings::SocketSettings;

use crate::client::{Client, Got};
use crate::raw::{Raw, TEXT, frame};
use crate::stage::{Start, quick};
use tokio::net::TcpSocket;

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

/// Its queue is hardly ever empty; its answers are heard all the same.
pub(crate) async fn a_slow_reader_is_not_taken_for_silent(start: Start) {
    const MANY: usize = 150;
    let settings = SocketSettings {
        ping_interval: Duration::from_millis(200),
        ping_timeout: Duration::from_secs(1),
        write_stall: Duration::from_secs(3),
        queue_bytes_max: usize::MAX,
        ..quick()
    };
    let stage = start(settings, HubLimits::default());
    let socket = TcpSocket::new_v4().expect("there is one");
    // So that what waits for it waits at the server.
    socket.set_recv_buffer_size(16 * 1024).expect("it can be set");
    let mut slow = Raw::on(socket.connect(stage.address).await.expect("it listens")).await;
    slow.send(&frame(TEXT, b"40")).await;
    assert!(slow.text().await.starts_with("40{"));
    stage.engine.until("it is connected", |seen| seen.connected.first().copied()).await;
    let filler = "x".repeat(60_000);
    for number in 0..MANY {
        stage.hub.broadcast("/", EVERYONE, &message("n", &format!(r#"{number},"{filler}""#)), false);
    }
    for number in 0..MANY {
        let text = slow.text().await;
        assert!(text.starts_with(&format!(r#"42["n",{number},"#)), "{}", &text[..20]);
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    slow.send(&frame(TEXT, br#"421["still",1]"#)).await;
    assert_eq!(slow.text().await, "431[1]");
    assert!(stage.engine.see(|seen| seen.closed.is_empty()) && stage.hub.count("/") == 1);
}

/// What may be missed is left out, and nothing ends.
pub(crate) async fn the_volatile_is_left_out_where_there_is_no_place(start: Start) {
    let settings = SocketSettings { queue_packets_max: 8, write_stall: crate::stage::PATIENCE, ..quick() };
    let stage = start(settings, HubLimits::default());
    let (mut client, conn) = stage.enter("/").await;
    let cursor = message("cursor", &format!(r#""{}""#, "x".repeat(100_000)));
    let mut queued = 0;
    while stage.hub.emit(conn, &cursor, true).is_ok() {
        queued += 1;
    }
    assert!(queued >= 8);
    for _ in 0..queued {
        assert!(client.packet().await.starts_with(r#"2["cursor","#));
    }
    stage.hub.emit(conn, &message("next", "1"), false).expect("there is place again");
    assert_eq!(client.packet().await, r#"2["next",1]"#);
}

/// What was queued before a stop is read by whoever reads.
pub(crate) async fn a_stop_loses_nothing_that_was_queued(start: Start) {
    const MANY: usize = 100;
    let mut stage = start(SocketSettings { drain: Duration::ZERO, ..quick() }, HubLimits::default());
    let (mut client, conn) = stage.enter("/").await;
    let filler = "x".repeat(60_000);
    for number in 0..MANY {
        stage.hub.emit(conn, &message("n", &format!(r#"{number},"{filler}""#)), false).expect("there is place");
    }
    let reading = tokio::spawn(async move {
        for number in 0..MANY {
            let packet = client.packet().await;
            assert!(packet.starts_with(&format!(r#"2["n",{number},"#)), "{}", &packet[..20]);
            // It has much to say, too.
            client.send(r#"2["meanwhile"]"#).await;
        }
        client.end().await;
    });
    stage.stop().await;
    reading.await.expect("it receives everything");
    assert_eq!(stage.engine.end_of(conn).await, Reason::Shutdown);
}

/// Crowds come at once and go in every way there is, again and again; whoever stays misses nothing.
pub(crate) async fn storms_leave_nothing_behind(start: Start) {
    const CROWD: usize = 60;
    const STORMS: usize = 4;
    let stage = start(quick(), HubLimits::default());
    let (mut stays, _) = stage.enter("/room").await;
    let address = stage.address;
    for storm in 0..STORMS {
        let clients = (0..CROWD).map(|number| {
            tokio::spawn(async move {
                let mut client = Client::open(address).await;
                if number % 5 == 0 {
                    return client.drop_tcp();
                }
                client.send("0").await;
                if number % 5 == 1 {
                    return client.drop_tcp();
                }
                client.decision("/").await.expect("it is let in");
                match number % 5 {
                    2 => client.send("1").await,
                    3 => client.frame("1").await,
                    _ => client.attach(b"nobody said so").await,
                }
                if number % 5 != 2 {
                    client.end().await;
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.expect("it goes as it meant to");
        }
        stage.hub.broadcast("/room", EVERYONE, &message("storm", &storm.to_string()), false);
        assert_eq!(stays.packet().await, format!(r#"2/room,["storm",{storm}]"#));
    }
    let everyone_is_gone = |_: &crate::sink::Seen| (stage.hub.len() == 1).then_some(());
    stage.engine.until("all have gone", everyone_is_gone).await;
    stage.engine.see(|seen| {
        let closed: HashSet<ConnId> = seen.closed.iter().map(|(conn, _)| *conn).collect();
        assert_eq!(closed.len(), seen.closed.len(), "each end is told once");
        assert!(closed.len() >= STORMS * CROWD * 3 / 5);
    });
}
