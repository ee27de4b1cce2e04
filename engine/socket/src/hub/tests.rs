//! The hub against wires in memory, and against a model so plain that it cannot be wrong.

mod model;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::{Hub, HubLimits, TooMany};
use crate::seam::{Args, ConnId, Delivered, Full, Message, Packet, Reason, Tag, Target, Transport, Wire};

/// A wire that keeps what it is given, up to a number of packets.
#[derive(Default)]
struct Memory {
    room_for: usize,
    events: Mutex<Vec<Arc<str>>>,
    acks: Mutex<Vec<u64>>,
    left: AtomicBool,
    killed: AtomicBool,
}

impl Memory {
    fn new(room_for: usize) -> Arc<Self> {
        Arc::new(Self { room_for, ..Self::default() })
    }

    fn take(&self) -> Vec<String> {
        self.events.lock().drain(..).map(|event| event.to_string()).collect()
    }
}

impl Wire for Memory {
    fn send(&self, packet: Packet<'_>) -> Result<(), Full> {
        let mut events = self.events.lock();
        if events.len() >= self.room_for {
            return Err(Full);
        }
        match packet {
            Packet::Event { message, .. } => events.push(Arc::clone(&message.event)),
            Packet::Ack { id, .. } => self.acks.lock().push(id),
        }
        Ok(())
    }

    fn disconnect(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
    }
}

fn hub() -> Hub {
    Hub::new(HubLimits { connections_max: 16, rooms_per_connection_max: 4 })
}

fn enter(hub: &Hub, namespace: &str, room_for: usize) -> (ConnId, Arc<Memory>) {
    let wire = Memory::new(room_for);
    let conn = hub.open(&namespace.into(), Arc::clone(&wire) as _).expect("there is place");
    assert!(hub.announce(conn));
    (conn, wire)
}

fn message(event: &str) -> Message {
    Message { event: event.into(), args: none() }
}

fn none() -> Args {
    Args::new("".into(), Arc::new([]))
}

fn rooms(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn to(rooms: Option<&[Arc<str>]>) -> Target<'_> {
    Target { rooms, tags: None, except: None, except_rooms: &[] }
}

#[test]
fn several_rooms_reach_each_member_once() {
    let hub = hub();
    let (a, at_a) = enter(&hub, "/", 9);
    let (b, at_b) = enter(&hub, "/", 9);
    let (_, at_c) = enter(&hub, "/", 9);
    for (conn, room) in [(a, "x"), (a, "y"), (b, "y"), (a, "z")] {
        assert!(hub.join(conn, &room.into()));
    }
    let names = rooms(&["x", "y", "nobody", "x", "z"]);
    assert_eq!(hub.broadcast("/", to(Some(&names)), &message("hi"), false), Delivered { reached: 2, dropped: 0 });
    assert_eq!((at_a.take(), at_b.take(), at_c.take()), (vec!["hi".into()], vec!["hi".into()], vec![]));
}

/// Members are looked at some at a time; nobody is left out where one such group ends.
#[test]
fn each_of_a_crowd_is_reached_once() {
    let hub = Hub::new(HubLimits { connections_max: 200, rooms_per_connection_max: 4 });
    let mut crowd = Vec::new();
    for count in [1, 31, 32, 33, 64, 65, 130] {
        while crowd.len() < count {
            let (conn, wire) = enter(&hub, "/", 9);
            assert!(hub.join(conn, &"all".into()) && (count % 2 == 0 || hub.join(conn, &"odd".into())));
            crowd.push(wire);
        }
        let (one, several) = (rooms(&["all"]), rooms(&["odd", "all"]));
        for target in [to(Some(&one)), to(Some(&several)), to(None)] {
            let delivered = hub.broadcast("/", target, &message("hi"), false);
            assert_eq!(delivered, Delivered { reached: count, dropped: 0 });
            assert!(crowd.iter().all(|wire| wire.take() == ["hi"]), "{count}");
        }
    }
}

#[test]
fn a_target_is_narrowed_by_tags_a_connection_and_rooms() {
    let hub = hub();
    let (a, at_a) = enter(&hub, "/", 9);
    let (b, at_b) = enter(&hub, "/", 9);
    let (c, at_c) = enter(&hub, "/", 9);
    hub.tag(a, Tag(0));
    hub.tag(b, Tag(7));
    hub.join(b, &"quiet".into());
    let quiet = rooms(&["quiet"]);
    hub.broadcast("/", Target { tags: Some(&[Tag(0), Tag(7)]), ..to(None) }, &message("tags"), false);
    hub.broadcast("/", Target { except: Some(a), ..to(None) }, &message("except"), false);
    hub.broadcast("/", Target { except_rooms: &quiet, ..to(None) }, &message("rooms"), false);
    assert_eq!(at_a.take(), ["tags", "rooms"]);
    assert_eq!(at_b.take(), ["tags", "except"]);
    assert_eq!(at_c.take(), ["except", "rooms"], "a connection without a tag has none of any tags");
    assert!(hub.has_tag(b, &[Tag(7)]) && !hub.has_tag(c, &[Tag(0)]));
}

#[test]
fn namespaces_are_apart() {
    let hub = hub();
    let (a, at_a) = enter(&hub, "/a", 9);
    let (b, at_b) = enter(&hub, "/b", 9);
    assert!(hub.join(a, &"x".into()) && hub.join(b, &"x".into()));
    hub.broadcast("/a", to(Some(&rooms(&["x"]))), &message("hi"), false);
    assert_eq!((at_a.take().len(), at_b.take().len()), (1, 0));
    assert_eq!((hub.members("/b", "x"), hub.everyone("/a")), (vec![b], vec![a]));
    assert_eq!(hub.broadcast("/never", to(None), &message("hi"), false), Delivered::default());
}

#[test]
fn the_unannounced_are_nobody() {
    let hub = hub();
    let wire = Memory::new(9);
    let conn = hub.open(&"/".into(), Arc::clone(&wire) as _).expect("there is place");
    assert_eq!(hub.broadcast("/", to(None), &message("hi"), false), Delivered::default());
    assert_eq!((hub.count("/"), hub.len()), (0, 1));
    assert!(hub.announce(conn) && hub.announce(conn));
    assert_eq!((hub.count("/"), hub.broadcast("/", to(None), &message("hi"), false).reached), (1, 1));
}

#[test]
fn a_full_queue_ends_the_connection_unless_the_message_may_be_missed() {
    let hub = hub();
    let (conn, wire) = enter(&hub, "/", 1);
    assert_eq!(hub.emit(conn, &message("one"), false), Ok(()));
    assert_eq!(hub.broadcast("/", to(None), &message("cursor"), true), Delivered { reached: 0, dropped: 1 });
    assert!(!wire.killed.load(Ordering::Relaxed));
    assert_eq!(hub.broadcast("/", to(None), &message("two"), false), Delivered { reached: 0, dropped: 1 });
    assert!(wire.killed.load(Ordering::Relaxed));
    assert_eq!(hub.ending(conn), Some(Reason::Stalled));
    assert_eq!(wire.take(), ["one"]);
    assert_eq!(hub.emit(conn, &message("three"), false), Err(Full), "nothing comes after the gap");
    assert!(wire.take().is_empty());
}

#[test]
fn closing_is_done_once_and_leaves_nothing_behind() {
    let hub = hub();
    let (conn, _) = enter(&hub, "/", 9);
    hub.join(conn, &"x".into());
    assert!(hub.close(conn) && !hub.close(conn));
    assert_eq!((hub.count("/"), hub.len(), hub.members("/", "x")), (0, 0, vec![]));
    assert!(!hub.join(conn, &"x".into()) && !hub.leave(conn, "x") && !hub.announce(conn));
    assert_eq!(hub.ack(conn, 1, &none()), Err(Full));
}

#[test]
fn a_late_call_does_not_reach_a_successor() {
    let hub = hub();
    let (first, _) = enter(&hub, "/", 9);
    hub.close(first);
    let (successor, wire) = loop {
        let next = enter(&hub, "/", 9);
        if next.0.index == first.index {
            break next;
        }
        hub.close(next.0);
    };
    assert_ne!(successor, first);
    assert_eq!(hub.emit(first, &message("late"), false), Err(Full));
    hub.kill(first, Reason::Closed);
    assert!(wire.take().is_empty() && !wire.killed.load(Ordering::Relaxed));
}

#[test]
fn limits_hold() {
    let hub = hub();
    let all: Vec<_> = (0..16).map(|_| enter(&hub, "/", 9)).collect();
    assert_eq!(hub.open(&"/".into(), Memory::new(9)), Err(TooMany));
    let (conn, _) = all[0];
    let joined = (0..9).filter(|n| hub.join(conn, &format!("{n}").into())).count();
    assert_eq!(joined, 4);
    assert!(hub.leave(conn, "0") && hub.join(conn, &"again".into()) && !hub.join(conn, &"again".into()));
    hub.close(conn);
    assert!(hub.open(&"/".into(), Memory::new(9)).is_ok());
}

#[test]
fn the_first_reason_stays() {
    let hub = hub();
    let (conn, wire) = enter(&hub, "/", 9);
    hub.disconnect(conn, Reason::Closed);
    hub.kill(conn, Reason::Shutdown);
    assert_eq!(hub.ending(conn), Some(Reason::Closed));
    assert!(wire.left.load(Ordering::Relaxed) && wire.killed.load(Ordering::Relaxed));
}

#[test]
fn whoever_is_told_to_leave_is_told_once() {
    let hub = hub();
    let (conn, wire) = enter(&hub, "/", 9);
    hub.disconnect(conn, Reason::NamespaceGone);
    assert!(wire.left.swap(false, Ordering::Relaxed));
    hub.disconnect(conn, Reason::NamespaceGone);
    assert!(!wire.left.load(Ordering::Relaxed));
}

/// Rooms appear and vanish under others' feet; afterwards nobody is lost and nobody is left.
#[test]
fn rooms_survive_a_crowd() {
    let hub = Hub::new(HubLimits::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (conn, _) = enter(&hub, "/", usize::MAX);
                let names = rooms(&["x", "y"]);
                for _ in 0..2_000 {
                    assert!(hub.join(conn, &names[0]) && hub.join(conn, &names[1]));
                    assert!(hub.members("/", "x").contains(&conn));
                    let both = Target { except_rooms: &names[..1], ..to(Some(&names)) };
                    assert_eq!(hub.broadcast("/", both, &message("none"), false).dropped, 0);
                    assert!(hub.broadcast("/", to(Some(&names)), &message("hi"), false).reached > 0);
                    assert!(hub.leave(conn, "x") && hub.leave(conn, "y"));
                }
                hub.close(conn);
            });
        }
    });
    assert!(hub.members("/", "x").is_empty() && hub.members("/", "y").is_empty() && hub.is_empty());
    assert_eq!(hub.space("/").expect("it was used").rooms_len(), 0);
}
