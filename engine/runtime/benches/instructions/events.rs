//! The events whose cost is held, each sent many times by one of two who sit in a room.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use homeroom_runtime::Session;
use homeroom_runtime::input::Incoming;

use crate::house::House;

/// How often each is sent while it is counted, and before.
pub(crate) const TIMES: u64 = 2000;
const WARM_UP: u64 = 200;

/// Among how many other declared events the last one stands.
const OTHERS: usize = 300;

/// An event, and what comes of it each time.
struct Case {
    packet: &'static str,
    asks: bool,
    sent: usize,
}

const fn case(packet: &'static str, sent: usize) -> Case {
    Case { packet, asks: true, sent }
}

const TYPING: &str =
    r#"["typing",{"classId":"class-7","studentId":"s-456","assignmentId":"a-1001","isTyping":true,"seq":1024}]"#;
const ANNOUNCE: &str = r#"["announce",{"classId":"class-7","seq":1024,"text":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}]"#;
const OUTSIDE: &str = r#"["announce",{"classId":"class-8","seq":1024,"text":"x"}]"#;
const INVALID: &str = r#"["announce",{"classId":"class-7","seq":"many","text":"x"}]"#;
const VOTE: &str = r#"["vote",{"classId":"class-7","option":3}]"#;
const JOIN: &str = r#"["join",{"classId":"class-7"}]"#;

/// What is counted, in this order; the last one in a house where much more is declared.
pub(crate) const NAMES: [&str; 8] = [
    "typing: state, broadcast, ack",
    "typing: the same, nobody asks for an ack",
    "announce: 300 bytes, broadcast, ack",
    "announce: outside of the room",
    "announce: not what its schema says",
    "vote: two states, a condition, ack",
    "join: a room that one is in",
    "typing: among 300 other events",
];

const CASES: [Case; 8] = [
    case(TYPING, 1),
    Case { packet: TYPING, asks: false, sent: 1 },
    case(ANNOUNCE, 1),
    case(OUTSIDE, 0),
    case(INVALID, 0),
    case(VOTE, 1),
    case(JOIN, 2),
    case(TYPING, 1),
];

/// Sends them all; valgrind looks at [`counted`] alone.
pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let yaml = include_str!("namespace.yaml");
        let (house, large) = (House::of(yaml), House::of(&among_others(yaml)));
        for (number, case) in CASES.iter().enumerate() {
            let house = if number + 1 == CASES.len() { &large } else { &house };
            let conn = 10 * number as u64;
            let (sender, other) = (house.enter(conn).await, house.enter(conn + 1).await);
            for session in [&sender, &other] {
                receive(house, session, JOIN, None);
                session.settled().await;
            }
            send(house, &sender, case, WARM_UP);
            sender.settled().await;
            let before = seen(house);
            counted(house, &sender, case);
            sender.settled().await;
            let (sent, answered) = seen(house);
            let asked = if case.asks { TIMES as usize } else { 0 };
            assert_eq!(sent - before.0, case.sent * TIMES as usize, "{}: what was sent", NAMES[number]);
            assert_eq!(answered - before.1, asked, "{}: what was answered", NAMES[number]);
            for session in [sender, other] {
                house.engine.closed(&session);
                session.settled().await;
            }
        }
    });
}

/// What is counted: found by its name.
#[inline(never)]
fn counted(house: &House, session: &Arc<Session>, case: &Case) {
    send(house, session, case, TIMES);
}

fn send(house: &House, session: &Arc<Session>, case: &Case, times: u64) {
    for id in 0..times {
        receive(house, session, case.packet, case.asks.then_some(id));
    }
}

fn receive(house: &House, session: &Arc<Session>, packet: &str, ack: Option<u64>) {
    house.engine.receive(session, Incoming { text: packet.into(), ack, attachments: Vec::new() });
}

fn seen(house: &House) -> (usize, usize) {
    (house.edge.sent.load(Ordering::Relaxed), house.edge.answered.load(Ordering::Relaxed))
}

/// The definition with many more events like `announce`.
fn among_others(yaml: &str) -> String {
    let (head, rest) = yaml.split_once("  announce:\n    in:").expect("there is such an event");
    let (event, tail) = rest.split_once("  vote:\n    in:").expect("there is such an event");
    let mut events = String::new();
    for number in 0..OTHERS {
        let _ = write!(events, "  announce-{number}:\n    in:{event}");
    }
    format!("{head}{events}  announce:\n    in:{event}  vote:\n    in:{tail}")
}
