//! WebSocket itself (RFC 6455), below the packets.

use homeroom_socket::hub::HubLimits;
use homeroom_socket::seam::{Reason, Transport};
use homeroom_socket::settings::SocketSettings;
use tokio::io::AsyncWriteExt;

use crate::raw::{BINARY, CLOSE, PING, PONG, Raw, TEXT, frame};
use crate::stage::{Start, quick};

/// A frame of a message that goes on.
const MORE: u8 = 0x01;
const CONTINUATION: u8 = 0x00;
const LAST: u8 = 0x80;

pub(crate) async fn fragments_with_pings_between_are_a_message(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Raw::open(stage.address).await;
    let pieces: [(u8, &[u8]); 7] = [
        (MORE, b""),
        (CONTINUATION, b"4"),
        (PING, b"one"),
        (CONTINUATION, b"0"),
        (PONG, b"nobody asked"),
        (PING, b""),
        (LAST, b"{}"),
    ];
    for (first, payload) in pieces {
        client.send(&frame(first, payload)).await;
    }
    assert!(client.text().await.starts_with("40{"));
    for (first, payload) in [(MORE, "421["), (CONTINUATION, r#""a","#), (LAST, "1]")] {
        client.send(&frame(first, payload.as_bytes())).await;
    }
    assert_eq!(client.text().await, "431[1]");
}

pub(crate) async fn pings_are_answered_in_kind(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Raw::open(stage.address).await;
    for payload in [&b""[..], b"one", &[0xff; 125]] {
        client.send(&frame(PING, payload)).await;
        assert_eq!(client.next().await, Some((PONG, payload.to_vec())));
    }
}

pub(crate) async fn text_may_be_cut_anywhere(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Raw::enter(&stage).await;
    client.stream.set_nodelay(true).expect("it can be set");
    let (head, text) = (r#"421["a","#, r#""é€𝄞"]"#);
    let mut frames = frame(MORE, head.as_bytes());
    for byte in text.as_bytes() {
        frames.extend(frame(CONTINUATION, &[*byte]));
    }
    frames.extend(frame(LAST, b""));
    for byte in frames {
        client.send(&[byte]).await;
    }
    assert_eq!(client.text().await, r#"431["é€𝄞"]"#);
}

pub(crate) async fn frames_of_every_length_come_whole(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Raw::enter(&stage).await;
    for length in [0, 1, 100, 107, 108, 109, 110, 125, 126, 127, 65_400, 65_535, 65_536, 200_000] {
        let text = format!(r#"421["a","{}"]"#, "x".repeat(length));
        client.send(&frame(TEXT, text.as_bytes())).await;
        assert_eq!(client.text().await, format!(r#"431["{}"]"#, "x".repeat(length)));
    }
}

pub(crate) async fn the_end_mid_frame_is_the_end(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let whole = [frame(TEXT, br#"421["a",1]"#), frame(MORE, br#"42["b","#), frame(LAST, b"1]")].concat();
    for cut in 0..whole.len() {
        let mut client = Raw::enter(&stage).await;
        client.send(&whole[..cut]).await;
    }
    stage.engine.until("all have gone", |seen| (seen.closed.len() == whole.len()).then_some(())).await;
    assert!(stage.engine.see(|seen| seen.closed.iter().all(|(_, reason)| *reason == Reason::TransportClosed)));
    assert!(stage.hub.is_empty());
}

/// Sends bytes as a client in a namespace; yields the code it is told, once its end is.
async fn told(start: Start, bytes: &[u8]) -> u16 {
    let stage = start(SocketSettings { message_bytes_max: 1000, ..quick() }, HubLimits::default());
    let mut client = Raw::enter(&stage).await;
    let conn = stage.engine.until("it is connected", |seen| seen.connected.first().copied()).await;
    client.send(bytes).await;
    let code = client.closed().await;
    assert_eq!((stage.engine.end_of(conn).await, stage.hub.count("/")), (Reason::TransportClosed, 0));
    code
}

pub(crate) async fn what_is_no_frame_is_1002(start: Start) {
    let long = [b'x'; 126];
    let no_frames: [&[u8]; 16] = [
        &[TEXT, 1, b'3'],
        &frame(TEXT | 0x40, b"3"),
        &frame(TEXT | 0x20, b"3"),
        &frame(BINARY | 0x10, b"3"),
        &frame(PING | 0x40, b""),
        &frame(0x83, b"3"),
        &frame(0x87, b""),
        &frame(0x8b, b""),
        &frame(0x8f, b""),
        &frame(PING & 0x7f, b""),
        &frame(CLOSE & 0x7f, b""),
        &frame(PING, &long),
        &frame(CLOSE, &long),
        &frame(LAST, b"3"),
        &[frame(MORE, b"4"), frame(TEXT, b"3")].concat(),
        &[frame(MORE, b"4"), frame(BINARY, b"3")].concat(),
    ];
    for bytes in no_frames {
        assert_eq!(told(start, bytes).await, 1002, "{bytes:x?}");
    }
}

pub(crate) async fn what_is_no_text_is_1007(start: Start) {
    let no_texts: [&[u8]; 8] = [
        &frame(TEXT, b"4\xff"),
        &frame(TEXT, b"4\xc0\x80"),
        &frame(TEXT, b"4\xed\xa0\x80"),
        &frame(TEXT, b"4\xf4\x90\x80\x80"),
        &frame(TEXT, b"42[\"a\",\"\xe2\x82\"]"),
        // Said before the rest has come: it never does.
        &[frame(MORE, b"4\xce\xba"), frame(CONTINUATION, b"\xf4\x90")].concat(),
        &frame(MORE, b"4\xff"),
        &[frame(MORE, b"4\xce"), frame(LAST, b"")].concat(),
    ];
    for bytes in no_texts {
        assert_eq!(told(start, bytes).await, 1007, "{bytes:x?}");
    }
}

pub(crate) async fn what_is_too_large_is_1009(start: Start) {
    let half = [b'4'; 501];
    let too_large: [&[u8]; 5] = [
        &frame(TEXT, &[b'4'; 1001]),
        // Its head says so.
        &frame(TEXT, &[b'4'; 1001])[..8],
        &[BINARY, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        &[frame(MORE, &half), frame(CONTINUATION, &half)].concat(),
        &[frame(TEXT, b"451-[\"a\"]"), frame(BINARY, &[0; 1001])].concat(),
    ];
    for bytes in too_large {
        assert_eq!(told(start, bytes).await, 1009, "{:x?}", &bytes[..8]);
    }
}

pub(crate) async fn what_is_no_packet_is_1002(start: Start) {
    let no_packets: [&[u8]; 16] = [
        b"",
        b"abc",
        b"0",
        b"2",
        b"2probe",
        b"5",
        b"4",
        b"4abc",
        b"44{}",
        b"42{}",
        b"42",
        br#"42abc["a"]"#,
        br#"42/nowhere,["a"]"#,
        b"41/nowhere",
        b"40",
        b"40[]",
    ];
    for packet in no_packets {
        assert_eq!(told(start, &frame(TEXT, packet)).await, 1002, "{}", String::from_utf8_lossy(packet));
    }
    assert_eq!(told(start, &frame(BINARY, b"nobody said so")).await, 1002);
    assert_eq!(told(start, &[frame(TEXT, br#"451-["a"]"#), frame(TEXT, br#"42["b"]"#)].concat()).await, 1002);
    assert_eq!(told(start, &frame(TEXT, br#"451-/nowhere,["a"]"#)).await, 1002);
}

pub(crate) async fn a_close_is_answered_in_kind(start: Start) {
    let closes: [(&[u8], u16); 12] = [
        (b"", 1000),
        (b"\x03\xe8", 1000),
        (b"\x03\xe9bye", 1001),
        (b"\x0b\xb8", 3000),
        (b"\x13\x87", 4999),
        (b"\x03", 1002),
        (b"\x00\x00", 1002),
        (b"\x03\xe7", 1002),
        (b"\x03\xec", 1002),
        (b"\x03\xed", 1002),
        (b"\x03\xe8\xff", 1007),
        (b"\xff\xff", 1002),
    ];
    for (payload, code) in closes {
        assert_eq!(told(start, &frame(CLOSE, payload)).await, code, "{payload:x?}");
    }
    // What comes behind it is nobody's.
    let behind = [frame(CLOSE, b"\x03\xe8"), frame(TEXT, br#"42["late"]"#), frame(0x83, b"")].concat();
    assert_eq!(told(start, &behind).await, 1000);
    // And Engine.IO's own way to say so.
    assert_eq!(told(start, &frame(TEXT, b"1")).await, 1000);
}

/// Whoever neither closes its side nor reads is not waited for.
pub(crate) async fn a_goodbye_is_not_waited_for_long(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Raw::enter(&stage).await;
    client.send(&frame(CLOSE, b"")).await;
    let (first, _) = client.next().await.expect("it is answered");
    assert_eq!((first, client.next().await), (CLOSE, None));
    let conn = stage.engine.until("it is connected", |seen| seen.connected.first().copied()).await;
    stage.engine.end_of(conn).await;
    // Written into until the other side has let go of it.
    let let_go = async { while client.stream.write_all(&frame(PING, b"still here")).await.is_ok() {} };
    tokio::time::timeout(crate::stage::PATIENCE, let_go).await.expect("it is let go of");
}
