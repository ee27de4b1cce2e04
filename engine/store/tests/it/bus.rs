//! The bus: what every bus holds to, and what the one in memory does beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use homeroom_store::bus::{BusLimits, Frames};
use homeroom_store::{Bus, MemoryHub};

use crate::house::{House, eventually, on_every_store};

on_every_store!(
    frames_reach_whoever_listens_in_order_and_never_their_sender,
    whoever_listens_no_more_hears_no_more,
    what_is_published_once_a_subscription_was_waited_for_is_heard,
    many_channels_and_any_bytes,
    what_was_published_has_left_once_that_was_waited_for,
);

/// Publishes on a channel until it is heard there, and takes what was. What an earlier subscription has left on its way
/// does not count.
pub(crate) async fn listened(from: &Arc<dyn Bus>, channel: &str, at: &mut Frames) {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let (probe, last) = (Bytes::from(format!("probe {call}")), Bytes::from(format!("last {call}")));
    eventually("the channel is heard", async || {
        from.publish(channel, probe.clone());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        at.try_next().is_some_and(|frame| frame.bytes == probe)
    })
    .await;
    // Probes on their way come before this; it is said again where it was lost, as it may be while a channel moves.
    loop {
        from.publish(channel, last.clone());
        let heard = async { while at.next().await.expect("a frame").bytes != last {} };
        if tokio::time::timeout(std::time::Duration::from_millis(200), heard).await.is_ok() {
            return;
        }
    }
}

/// Whether it is what [`listened`] said.
fn is_ours(bytes: &Bytes) -> bool {
    bytes.starts_with(b"probe ") || bytes.starts_with(b"last ")
}

async fn take(frames: &mut Frames, count: usize) -> Vec<(String, Bytes)> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let frame = frames.next().await.expect("a frame");
        // Others may still hear what `listened` said.
        if !is_ours(&frame.bytes) {
            taken.push((frame.channel.to_string(), frame.bytes));
        }
    }
    taken
}

async fn what_was_published_has_left_once_that_was_waited_for(house: &House) {
    let [(a, _at_a), (b, mut at_b), _] = house.buses();
    b.subscribe("/x");
    listened(&a, "/x", &mut at_b).await;
    eventually("what came before has left", async || a.flushed().await).await;
    let before = a.status();
    for number in 0..1000 {
        a.publish("/x", number.to_string().into());
    }
    eventually("all has left", async || a.flushed().await).await;
    let after = a.status();
    assert_eq!((after.published - before.published, after.dropped), (1000, before.dropped));
    assert!(a.flushed().await, "and nothing more waits");
    take(&mut at_b, 1000).await;
}

async fn frames_reach_whoever_listens_in_order_and_never_their_sender(house: &House) {
    let [(a, mut at_a), (b, mut at_b), (c, mut at_c)] = house.buses();
    for bus in [&a, &b, &b] {
        bus.subscribe("/x {1}");
    }
    c.subscribe("/x {1}");
    listened(&a, "/x {1}", &mut at_b).await;
    listened(&b, "/x {1}", &mut at_c).await;
    listened(&b, "/x {1}", &mut at_a).await;
    let before = a.status();
    let expected: Vec<(String, Bytes)> =
        (0..2000).map(|number| ("/x {1}".to_owned(), Bytes::from(number.to_string()))).collect();
    for (channel, bytes) in &expected {
        a.publish(channel, bytes.clone());
    }
    assert!(take(&mut at_b, 2000).await == expected, "all, in order");
    assert!(take(&mut at_c, 2000).await == expected, "all, in order");
    let to_a: Vec<Bytes> = std::iter::from_fn(|| at_a.try_next()).map(|frame| frame.bytes).collect();
    assert!(to_a.iter().all(is_ours), "its own frames do not come back");
    eventually("all is confirmed", async || a.status().published >= before.published + 2000).await;
    assert_eq!(a.status().dropped, before.dropped);
}

async fn whoever_listens_no_more_hears_no_more(house: &House) {
    let [(a, _), (b, mut at_b), _] = house.buses();
    b.subscribe("x");
    b.subscribe("y");
    listened(&a, "x", &mut at_b).await;
    listened(&a, "y", &mut at_b).await;
    b.unsubscribe("x");
    b.unsubscribe("never listened to");
    b.subscribed().await;
    a.publish("x", "1".into());
    a.publish("y", "2".into());
    assert_eq!(take(&mut at_b, 1).await, [("y".into(), "2".into())]);
    b.subscribe("x");
    listened(&a, "x", &mut at_b).await;
}

async fn what_is_published_once_a_subscription_was_waited_for_is_heard(house: &House) {
    let [(a, _at_a), (b, mut at_b), _] = house.buses();
    eventually("both are there", async || a.status().connected && b.status().connected).await;
    for number in 0..100 {
        let channel = format!("/new {number}");
        b.subscribe(&channel);
        b.subscribed().await;
        a.publish(&channel, "first".into());
        assert_eq!(take(&mut at_b, 1).await, [(channel, Bytes::from("first"))]);
    }
}

async fn many_channels_and_any_bytes(house: &House) {
    let [(a, _), (b, mut at_b), _] = house.buses();
    let channels: Vec<String> = (0..300).map(|channel| format!("/n {channel}")).collect();
    for channel in &channels {
        b.subscribe(channel);
    }
    for channel in channels.iter().step_by(17) {
        listened(&a, channel, &mut at_b).await;
    }
    listened(&a, &channels[299], &mut at_b).await;
    while at_b.try_next().is_some() {}
    let bytes = Bytes::from((0..=255).cycle().take(100_000).collect::<Vec<u8>>());
    for channel in &channels {
        a.publish(channel, bytes.clone());
    }
    let mut taken = take(&mut at_b, 300).await;
    taken.sort();
    let mut expected: Vec<(String, Bytes)> = channels.into_iter().map(|channel| (channel, bytes.clone())).collect();
    expected.sort();
    assert!(taken == expected, "each on its channel, whole");
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
    assert_eq!(take(&mut at_b, 2).await.len(), 2);
    a.publish("x", "too long for it".into());
    assert!(at_b.try_next().is_none());
    assert_eq!((b.status().missed, b.status().received), (2, 2));
}

#[tokio::test]
async fn a_gap_is_told_and_whoever_leaves_ends_its_frames() {
    let hub = MemoryHub::new();
    let [(a, _), (b, mut at_b), (c, mut at_c)] = [(); 3].map(|()| hub.join(BusLimits::default()));
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
