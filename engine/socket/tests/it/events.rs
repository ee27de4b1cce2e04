//! Events and acks, in all their shapes.

use homeroom_socket::hub::HubLimits;
use homeroom_socket::seam::Transport;
use homeroom_socket::settings::SocketSettings;

use crate::client::Got;
use crate::stage::{Start, quick};

pub(crate) async fn arguments_of_any_number_arrive_and_return(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, _) = stage.enter("/").await;
    for args in ["", ",null", r#",{"a":[1,{"b":"c"}]}"#, r#",1,"two",[3],null,{"é":"\u00e9"}"#] {
        client.send(&format!(r#"2["say"{args}]"#)).await;
        assert_eq!(client.packet().await, format!(r#"2["said"{args}]"#));
    }
}

pub(crate) async fn acks_have_any_number_of_arguments(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, _) = stage.enter("/room").await;
    for (id, args) in ["", "1", "null", r#"{"ok":true},[2],"x""#].iter().enumerate() {
        let rest = if args.is_empty() { String::new() } else { format!(",{args}") };
        client.send(&format!(r#"2/room,{id}["ask"{rest}]"#)).await;
        assert_eq!(client.packet().await, format!("3/room,{id}[{args}]"));
    }
}

pub(crate) async fn many_events_come_in_order_and_are_answered(start: Start) {
    const MANY: usize = 20_000;
    let settings = SocketSettings { queue_packets_max: 2 * MANY, ..quick() };
    let stage = start(settings, HubLimits::default());
    let (mut client, _) = stage.enter("/").await;
    client.send_all((0..MANY).map(|n| format!(r#"2{n}["count",{n}]"#))).await;
    for n in 0..MANY {
        assert_eq!(client.packet().await, format!("3{n}[{n}]"));
    }
    stage.engine.see(|seen| {
        let texts = seen.events.iter().map(|(_, text, _)| text.clone());
        assert!(texts.eq((0..MANY).map(|n| format!(r#"["count",{n}]"#))));
    });
}

pub(crate) async fn attachments_arrive_and_return_in_any_place(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, _) = stage.enter("/room").await;
    let first = r#"{"_placeholder":true,"num":0}"#;
    let second = r#"{"_placeholder":true,"num":1}"#;
    let shapes = [
        (1, first.to_owned()),
        (2, format!("{first},{second}")),
        (2, format!(r#"7,{{"deep":[{{"er":{first}}},{second}],"z":1.0}}"#)),
    ];
    for (count, args) in shapes {
        client.send(&format!(r#"5{count}-/room,9["say",{args}]"#)).await;
        for number in 0..count {
            client.attach(&[number, 255]).await;
        }
        for head in [r#"["said","#, "9["] {
            let kind = if head.starts_with('9') { 6 } else { 5 };
            assert_eq!(client.packet().await, format!("{kind}{count}-/room,{head}{args}]"));
            for number in 0..count {
                assert_eq!(*client.attachment().await, [number, 255]);
            }
        }
        stage.engine.see(|seen| {
            let (_, text, attachments) = seen.events.last().expect("it came");
            assert_eq!((text, attachments.len()), (&format!(r#"["say",{args}]"#), usize::from(count)));
        });
    }
}

pub(crate) async fn an_answer_nobody_asked_for_does_nothing(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, _) = stage.enter("/").await;
    client.send("37[1]").await;
    client.send("37[1]").await;
    client.send(r#"21["still",1]"#).await;
    assert_eq!(client.packet().await, "31[1]");
}

pub(crate) async fn a_panic_ends_nothing(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, conn) = stage.enter("/").await;
    client.send(r#"2["panic"]"#).await;
    client.send(r#"21["still",1]"#).await;
    assert_eq!(client.packet().await, "31[1]");
    client.drop_tcp();
    stage.engine.end_of(conn).await;
    assert_eq!(stage.hub.count("/"), 0);
}

pub(crate) async fn numbers_stay_as_they_were_written(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, _) = stage.enter("/").await;
    let odd = r#"12345678901234567890123,1.10,1e3,-0.0,{"a":1,"a":2}"#;
    client.send(&format!(r#"21["ask",{odd}]"#)).await;
    assert_eq!(client.packet().await, format!("31[{odd}]"));
    let args = format!(r#"{{"_placeholder":true,"num":0}},{odd}"#);
    client.send(&format!(r#"51-2["ask",{args}]"#)).await;
    client.attach(b"x").await;
    assert_eq!(client.packet().await, format!("61-2[{args}]"));
    assert_eq!(client.attachment().await, "x");
}

pub(crate) async fn what_is_too_large_ends_the_connection(start: Start) {
    let settings =
        SocketSettings { message_bytes_max: 10_000, attachments_max: 2, attachments_bytes_max: 10_000, ..quick() };
    let stage = start(settings, HubLimits::default());
    let (mut other, _) = stage.enter("/").await;

    let (mut client, conn) = stage.enter("/").await;
    client.send(&format!(r#"2["long","{}"]"#, "x".repeat(20_000))).await;
    client.end().await;
    stage.engine.end_of(conn).await;

    let (mut client, conn) = stage.enter("/").await;
    client.send(r#"53-["many",1]"#).await;
    for _ in 0..3 {
        client.attach(b"x").await;
    }
    client.end().await;
    stage.engine.end_of(conn).await;

    let (mut client, conn) = stage.enter("/").await;
    client.send(r#"52-["heavy",1]"#).await;
    client.attach(&[0; 6_000]).await;
    client.attach(&[0; 6_000]).await;
    client.end().await;
    stage.engine.end_of(conn).await;

    other.send(r#"21["still",1]"#).await;
    assert_eq!(other.next().await, Got::Packet("31[1]".into()));
    assert!(stage.engine.see(|seen| seen.events.len() == 1) && stage.hub.count("/") == 1);
}

pub(crate) async fn a_flood_of_attachments_comes_in_order(start: Start) {
    const EVENTS: usize = 100;
    const EACH: usize = 16;
    let stage = start(quick(), HubLimits::default());
    let (mut client, _) = stage.enter("/").await;
    let places: Vec<String> = (0..EACH).map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#)).collect();
    let places = places.join(",");
    for event in 0..EVENTS {
        client.send(&format!(r#"5{EACH}-{event}["file",{places}]"#)).await;
        // A heartbeat may come anywhere.
        client.frame("3").await;
        for number in 0..EACH {
            client.attach(&[event as u8, number as u8].repeat(500)).await;
        }
        assert_eq!(client.packet().await, format!("6{EACH}-{event}[{places}]"));
        for number in 0..EACH {
            assert_eq!(*client.attachment().await, [event as u8, number as u8].repeat(500));
        }
    }
}

pub(crate) async fn attachments_nobody_announced_end_the_connection(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let (mut client, conn) = stage.enter("/").await;
    client.attach(b"nobody said so").await;
    client.end().await;
    stage.engine.end_of(conn).await;
    let (mut client, conn) = stage.enter("/").await;
    client.send(r#"51-["half"]"#).await;
    client.send(r#"2["another"]"#).await;
    client.end().await;
    stage.engine.end_of(conn).await;
    assert!(stage.engine.see(|seen| seen.events.is_empty()) && stage.hub.is_empty());
}
