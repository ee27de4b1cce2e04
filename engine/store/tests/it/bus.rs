//! The bus: what every bus holds to, and what the one in memory does beside it.

use bytes::Bytes;
use homeroom_store::bus::{BusLimits, Frames};
use homeroom_store::{Bus, MemoryBus, MemoryHub};

fn three() -> [(MemoryBus, Frames); 3] {
    let hub = MemoryHub::new();
    [(); 3].map(|()| hub.join(BusLimits::default()))
}

fn taken(frames: &mut Frames) -> Vec<(String, Bytes)> {
    std::iter::from_fn(|| frames.try_next()).map(|frame| (frame.channel.to_string(), frame.bytes)).collect()
}

#[tokio::test]
async fn frames_reach_whoever_listens_in_order_and_never_their_sender() {
    let [(a, mut at_a), (b, mut at_b), (c, mut at_c)] = three();
    for bus in [&a, &b, &b] {
        bus.subscribe("x");
    }
    c.subscribe("y");
    for (channel, text) in [("x", "1"), ("y", "2"), ("x", "3")] {
        a.publish(channel, text.into());
    }
    assert_eq!(taken(&mut at_a), []);
    assert_eq!(taken(&mut at_b), [("x".into(), "1".into()), ("x".into(), "3".into())]);
    assert_eq!(taken(&mut at_c), [("y".into(), "2".into())]);
    b.unsubscribe("x");
    a.publish("x", "4".into());
    assert_eq!(taken(&mut at_b), []);
    assert_eq!((a.status().published, b.status().received), (4, 2));
}

#[tokio::test]
async fn what_is_not_taken_is_bounded_and_counted() {
    let hub = MemoryHub::new();
    let (a, _) = hub.join(BusLimits::default());
    let (b, mut at_b) = hub.join(BusLimits { frames_max: 2, bytes_max: 10 });
    b.subscribe("x");
    for text in ["1", "2", "3"] {
        a.publish("x", text.into());
    }
    assert_eq!(taken(&mut at_b).len(), 2);
    a.publish("x", "too long for it".into());
    assert_eq!((taken(&mut at_b).len(), b.status().missed, b.status().received), (0, 2, 2));
}

#[tokio::test]
async fn a_gap_is_told_and_whoever_leaves_ends_its_frames() {
    let [(a, _), (b, mut at_b), (c, mut at_c)] = three();
    b.subscribe("x");
    let before = b.status().epoch;
    b.set_connected(false);
    a.publish("x", "1".into());
    b.publish("x", "2".into());
    assert!(!b.status().connected);
    b.set_connected(true);
    assert_eq!((b.status().epoch, b.status().dropped), (before + 1, 1));
    a.publish("x", "3".into());
    assert_eq!(at_b.next().await.map(|frame| frame.bytes), Some("3".into()));
    drop(c);
    assert_eq!(at_c.next().await, None);
}
