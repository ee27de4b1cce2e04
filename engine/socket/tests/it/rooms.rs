//! Broadcasts, over the wire. The hub's own tests go into every corner; these prove that wires are joined to it rightly.

use std::sync::Arc;

use bytes::Bytes;
use homeroom_socket::hub::HubLimits;
use homeroom_socket::seam::{Args, Delivered, Message, Tag, Target, Transport};

use crate::ends::{EVERYONE, message};
use crate::polling::Poller;
use crate::stage::{Start, quick};

pub(crate) async fn broadcasts_reach_whom_they_are_meant_for(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut ada, ada_conn) = stage.enter("/room").await;
    let (mut bob, bob_conn) = stage.enter("/room").await;
    let (mut far, _) = stage.enter("/").await;
    let rooms: [Arc<str>; 2] = ["x".into(), "y".into()];
    assert!(stage.hub.join(ada_conn, &rooms[0]) && stage.hub.join(ada_conn, &rooms[1]));
    assert!(stage.hub.join(bob_conn, &rooms[1]));
    stage.hub.tag(bob_conn, Tag(3));
    let send = |target, event: &str| stage.hub.broadcast("/room", target, &message(event, ""), false);
    let reached = |reached| Delivered { reached, dropped: 0 };
    assert_eq!(send(Target { rooms: Some(&rooms), ..EVERYONE }, "both"), reached(2));
    assert_eq!(send(Target { rooms: Some(&rooms[..1]), ..EVERYONE }, "x"), reached(1));
    assert_eq!(send(Target { tags: Some(&[Tag(3)]), ..EVERYONE }, "tag"), reached(1));
    assert_eq!(send(Target { except: Some(ada_conn), ..EVERYONE }, "not ada"), reached(1));
    assert_eq!(send(Target { except_rooms: &rooms[..1], ..EVERYONE }, "not x"), reached(1));
    assert!(stage.hub.leave(bob_conn, "y"));
    assert_eq!(send(Target { rooms: Some(&rooms[1..]), ..EVERYONE }, "left"), reached(1));
    assert_eq!(send(EVERYONE, "all"), reached(2));
    for event in ["both", "x", "left", "all"] {
        assert_eq!(ada.packet().await, format!(r#"2/room,["{event}"]"#));
    }
    for event in ["both", "tag", "not ada", "not x", "all"] {
        assert_eq!(bob.packet().await, format!(r#"2/room,["{event}"]"#));
    }
    far.send(r#"21["nothing came before"]"#).await;
    assert_eq!(far.packet().await, "31[]");
}

pub(crate) async fn broadcasts_of_one_sender_keep_their_order(start: Start) {
    const MANY: usize = 500;
    let stage = start(quick(), HubLimits::default());
    let mut clients = Vec::new();
    for _ in 0..5 {
        let (client, conn) = stage.enter("/").await;
        stage.hub.join(conn, &"x".into());
        clients.push(client);
    }
    let rooms: [Arc<str>; 1] = ["x".into()];
    for number in 0..MANY {
        let target = Target { rooms: Some(&rooms), ..EVERYONE };
        assert_eq!(stage.hub.broadcast("/", target, &message("n", &number.to_string()), false).reached, 5);
    }
    for client in &mut clients {
        for number in 0..MANY {
            assert_eq!(client.packet().await, format!(r#"2["n",{number}]"#));
        }
    }
}

pub(crate) async fn attachments_reach_a_room(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut ada, _) = stage.enter("/").await;
    let (mut bob, _) = stage.enter("/").await;
    let text = r#"{"last":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}"#;
    let attachments: Arc<[Bytes]> = Arc::new([Bytes::from_static(b"zero"), Bytes::from_static(b"one")]);
    let message = Message { event: "file".into(), args: Args::new(text.into(), attachments) };
    assert_eq!(stage.hub.broadcast("/", EVERYONE, &message, false).reached, 2);
    for client in [&mut ada, &mut bob] {
        // Numbered anew in the order of their places; each place still has its own bytes.
        let renumbered = r#"52-["file",{"last":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]"#;
        assert_eq!(client.packet().await, renumbered);
        assert_eq!((&*client.attachment().await, &*client.attachment().await), (&b"one"[..], &b"zero"[..]));
    }
}

pub(crate) async fn who_polls_and_who_does_not_share_rooms(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut poller = Poller::enter(&stage).await;
    let upgrading = Poller::enter(&stage).await;
    let mut upgraded = upgrading.upgrade().await;
    let (mut direct, _) = stage.enter("/").await;
    let conns = stage.engine.until("all are in", |seen| (seen.connected.len() == 3).then(|| seen.connected.clone()));
    for conn in conns.await {
        assert!(stage.hub.join(conn, &"x".into()));
    }
    let rooms: [Arc<str>; 1] = ["x".into()];
    let target = Target { rooms: Some(&rooms), ..EVERYONE };
    assert_eq!(stage.hub.broadcast("/", target, &message("hi", "1"), false).reached, 3);
    assert_eq!(poller.packet().await, Ok(r#"2["hi",1]"#.into()));
    assert_eq!(upgraded.packet().await, r#"2["hi",1]"#);
    assert_eq!(direct.packet().await, r#"2["hi",1]"#);
}
